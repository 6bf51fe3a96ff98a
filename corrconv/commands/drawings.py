"""Saving the pictures that commands draw of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.parameters import inputs_of_command
from corrconv.errors import FileError
from corrconv.files.images import Picture, write_image
from corrconv.files.outputs import refuse_overwrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image


def save_drawing(target: str, drawing: Image.Image, *, force: bool) -> Iterator[str]:
    """Write a drawing beside what goes to standard output; yields what is to be said."""
    if target == "-":
        raise FileError("standard output holds the answer itself; name a file for the picture, such as -o answer.png")
    refuse_overwrite(target, inputs_of_command(), force=force)
    yield from write_image(target, Picture(np.asarray(drawing.convert("RGB"))))
    rows, columns = drawing.height, drawing.width
    yield f"{target}: {columns}x{rows} pixels"
