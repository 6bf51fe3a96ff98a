"""Numbers as coloured cells that can be read: kernels, and the pixels below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from corrconv.core.kernel import Cell, Kernel
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    FRAME,
    INK,
    LARGEST_SIDE,
    PAPER,
    SMALLEST_SIDE,
    Colour,
    diverging,
    font,
    ink_on,
)

TEXT_SIZES = (16, 13, 11)
WRITING_CELL = 44  # pixels: enough to write a number in
SMALLEST_LINED_CELL = 8  # pixels: lines around smaller ones would leave little of them


def cell_picture(
    colours: NDArray[np.uint8],
    texts: Sequence[Sequence[str]],
    frames: Mapping[Cell, Colour],
    *,
    spread: tuple[int, int] = (1, 1),
    longest: int = SMALLEST_SIDE,
) -> Image.Image:
    """Cells (rows, columns, 3) with their texts, where these can be read, and coloured frames around some.

    spread: cells stand so many places apart, as those of a dilated kernel do. longest: the picture's longer
    side in pixels, more where that makes room for the texts.
    """
    rows, columns = colours.shape[:2]
    height, width = ((side - 1) * apart + 1 for side, apart in zip((rows, columns), spread, strict=True))
    side, size = _sizes(texts, max(height, width), longest)
    places = np.full((height, width, 3), PAPER, dtype=np.uint8)
    places[:: spread[0], :: spread[1]] = colours
    picture = Image.fromarray(places).resize((width * side, height * side), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    for row, column in np.ndindex(rows, columns) if side >= SMALLEST_LINED_CELL else frames:
        top, left = row * spread[0] * side, column * spread[1] * side
        box = (left, top, left + side - 1, top + side - 1)
        if side >= SMALLEST_LINED_CELL:
            draw.rectangle(box, outline=FRAME)
        if (row, column) in frames:
            _draw_frame(draw, box, frames[row, column])
        if size:
            centre, ink = (left + side / 2, top + side / 2), ink_on(_colour(colours[row, column]))
            draw.text(centre, texts[row][column], fill=ink, font=font(size), anchor="mm")
    return picture


def heat_map(
    kernel: Kernel, *, spread: tuple[int, int] = (1, 1), longest: int = SMALLEST_SIDE, framed: bool = True
) -> Image.Image:
    """A kernel as coloured cells with their weights; the anchor is framed, where it lies over the output pixel."""
    texts = [[short_number(weight) for weight in row] for row in kernel.weights.tolist()]
    colours = np.asarray(diverging(kernel.weights))
    frames = {kernel.anchor: INK} if framed else {}
    return cell_picture(colours, texts, frames, spread=spread, longest=longest)


def number_grid(values: NDArray[Any], *, blank: bool = False, framed_cell: Cell | None = None) -> Image.Image:
    """A table of numbers (rows, columns) as on paper, or of empty cells to write in; one cell can be framed."""
    texts = [["" if blank else short_number(float(value)) for value in row] for row in values.tolist()]
    paper = np.full((*values.shape, 3), PAPER, dtype=np.uint8)
    frames = {} if framed_cell is None else {framed_cell: INK}
    return cell_picture(paper, texts, frames, longest=WRITING_CELL * max(values.shape))


def _sizes(texts: Sequence[Sequence[str]], cells: int, longest: int) -> tuple[int, int]:
    """The side of a cell and the size of its text, 0 where no size of either makes it readable."""
    for room in (longest, LARGEST_SIDE):
        side = room // cells
        for size in TEXT_SIZES:
            if side >= size + 4 and max(font(size).getlength(text) for row in texts for text in row) <= side - 8:
                return side, size
    return max(1, longest // cells), 0


def _draw_frame(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], colour: Colour) -> None:
    """A frame with a white line inside, so that it is seen on a dark cell too."""
    width = max(1, min(3, (box[2] - box[0] + 1) // 6))
    if width > 1:
        draw.rectangle(box, outline=PAPER, width=width + 1)
    draw.rectangle(box, outline=colour, width=width)


def _colour(cell: NDArray[Any]) -> Colour:
    red, green, blue = cell.tolist()
    return red, green, blue
