"""Writing an animation, with a bar on a terminal: shared by `animate` and `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.animate.view import count_frames, film
from corrconv.drawing.console import progress
from corrconv.drawing.films import encode
from corrconv.files.outputs import open_output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from corrconv.commands.animate.study import Animation
    from corrconv.drawing.films import Frame


def write_film(
    target: str | Path,
    animation: Animation,
    name: str,
    *,
    format_name: str = "GIF",
    speed: float = 1.0,
    loops: int = 3,
    quiet: bool = False,
) -> tuple[Sequence[Frame], int]:
    """Draw and write the film of a picture of this name; returns its frames and its bytes."""
    with progress(quiet=quiet) as bar:
        drawn = film(animation, name, speed=speed)
        frames = list(bar.track(drawn, total=count_frames(animation), description="drawing"))
    data = encode(frames, format_name, loops)
    with open_output(target) as file:
        file.write(data)
    return frames, len(data)
