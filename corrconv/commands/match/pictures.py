"""What `match` does with pictures before and after: both alike, the scores as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.parameters import inputs_of_command
from corrconv.core.arrays import size_words
from corrconv.core.pixels import to_pixels
from corrconv.core.terms import Display
from corrconv.drawing.pictures import diverging, shown
from corrconv.drawing.terminal import Beside, Shot, part_around
from corrconv.errors import FileError
from corrconv.files.images import Picture, format_of, storable_dtype, to_gray, write_image
from corrconv.files.outputs import refuse_overwrite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corrconv.commands.match.study import Match, Scores


def alike(image: Picture, template: Picture, *, gray: bool) -> tuple[Picture, Picture]:
    """Both pictures gray if asked for, or if only one of them is; a note then says so."""
    if image.colour_channels == template.colour_channels and not gray:
        return image, template
    note = "made gray" if gray else "made gray, as the other picture is"
    pair = tuple(
        picture if picture.colour_channels == 1 else replace(to_gray(picture), notes=(*picture.notes, note))
        for picture in (image, template)
    )
    return pair[0], pair[1]


def is_whole(image: Picture, template: Picture) -> bool:
    """Whether there is nothing to slide: both are as large, or the second of two signals is the longer one."""
    (rows, columns), (height, width) = image.pixels.shape[:2], template.pixels.shape[:2]
    return (rows, columns) == (height, width) or (rows == height == 1 and width > columns)


def match_shots(image: Picture, scores: Scores, best: Match, template_shape: tuple[int, int]) -> Beside:
    """The picture around the best window, and the scores around that window's."""
    height, width = template_shape
    middle = best.row + height // 2, best.column + width // 2
    drawn = np.asarray(shown(image.colours).convert("RGB"))
    around = part_around((drawn.shape[0], drawn.shape[1]), middle)
    scored = part_around((scores.shape[0], scores.shape[1]), (best.row, best.column))
    colours = np.asarray(diverging(scores))
    shots = (
        Shot("the best window", drawn[around], image.colours[around][:, :, 0]),
        Shot("scores", colours[scored], scores[scored]),
    )
    title = f"{image.name}: row {best.row}, column {best.column} scores best"
    return Beside(title, shots, (best.row - scored[0].start, best.column - scored[1].start))


def write_scores(target: str, scores: Scores, *, raw: bool, force: bool) -> Iterator[str]:
    """Write the score map; yields what is to be said.

    Exact where the format holds floats; otherwise -1 is black, 0 mid-gray and 1 white, and raw sums
    fill the range from the smallest to the largest.
    """
    if target == "-":
        raise FileError("standard output holds the matches; name a file for the scores, such as --map scores.npy")
    refuse_overwrite(target, inputs_of_command(), force=force)
    planes = scores[:, :, np.newaxis]
    dtype = storable_dtype(format_of(target), planes.dtype)
    shown = ""
    if dtype.kind != "f":
        display = Display.RESCALE if raw else Display.SIGNED
        low, high = (float(scores.min()), float(scores.max())) if raw else (-1.0, 1.0)
        planes, _ = to_pixels(planes, planes.dtype, dtype, display, (low, high))
        shown = f"; black is {low:g}, white is {high:g}"
    yield from write_image(target, Picture(planes[:, :, 0]))
    yield f"{target}: scores of {size_words(scores.shape)}{shown}"
