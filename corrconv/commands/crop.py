"""A part of a picture in place of the whole: the option --crop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from corrconv.commands.parameters import RectangleType
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.files.images import Picture

crop_option = click.option("--crop", type=RectangleType(), help="Take this part of the picture, counted from 0.")


def cropped(picture: Picture, part: tuple[slice, slice]) -> Picture:
    """A part of a picture. Raises CorrconvError if the picture does not hold the whole of it."""
    rows, columns = picture.pixels.shape[:2]
    inside = part[0].stop <= rows and part[1].stop <= columns
    if not inside or part[0].start == part[0].stop or part[1].start == part[1].stop:
        raise CorrconvError(
            f"--crop takes {part[0].stop - part[0].start} rows from {part[0].start} and"
            f" {part[1].stop - part[1].start} columns from {part[1].start}, which is no part of {picture.name}"
            f" with its {rows} rows and {columns} columns"
        )
    return replace(picture, pixels=picture.pixels[part], name=f"part of {picture.name}")
