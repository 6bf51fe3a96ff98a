"""The matrix of a layer as text, for scripts and as a picture: its blocks marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Group
from rich.text import Text

from corrconv.commands.layer.view import shape_text, title_of
from corrconv.drawing.numbers import share, short_number
from corrconv.drawing.pictures import FRAME, INK, NEGATIVE, POSITIVE, Figure, below, colour_bar, diverging, panel

if TYPE_CHECKING:
    from corrconv.commands.layer.matrix import LayerMatrix

LINE_WIDTH = 78
MOST_LINES = 40
LONGEST = 900  # pixels of the picture's longer side


def matrix_view(matrix: LayerMatrix, name: str) -> Group:
    """The matrix in columns where there is room, its blocks apart; always what it is."""
    return Group(
        Text(f"the matrix of {name}: {title_of(matrix.layer)}", "bold"),
        Text(_size_words(matrix)),
        Text(),
        *([drawn, Text()] if (drawn := _text(matrix)) is not None else ()),
        *(Text(line) for line in _fact_lines(matrix)),
    )


def matrix_document(matrix: LayerMatrix) -> dict[str, Any]:
    """The matrix for scripts: its entries other than 0 as [row, column, value]."""
    places = np.argwhere(matrix.values)
    entries = [[*place, matrix.values[tuple(place)].item()] for place in places.tolist()]
    return {
        "shape": list(matrix.values.shape),
        "block": list(matrix.block),
        "toeplitz": matrix.toeplitz,
        "transposes": matrix.transposes,
        "entries": entries,
    }


def matrix_picture(matrix: LayerMatrix, name: str) -> Image.Image:
    """The matrix in colours, with lines between the blocks."""
    rows, columns = matrix.values.shape
    cell = max(1, min(24, LONGEST // max(rows, columns)))
    peak = float(np.abs(matrix.values).max()) or 1.0
    picture = diverging(matrix.values.astype(np.float64), peak).resize(
        (columns * cell, rows * cell), Image.Resampling.NEAREST
    )
    draw = ImageDraw.Draw(picture)
    if cell >= 6:
        for x in range(0, columns * cell, cell):
            draw.line((x, 0, x, rows * cell), fill=FRAME)
        for y in range(0, rows * cell, cell):
            draw.line((0, y, columns * cell, y), fill=FRAME)
    if cell >= 2:
        for x in range(0, columns * cell + 1, matrix.block[1] * cell):
            draw.line((min(x, columns * cell - 1), 0, min(x, columns * cell - 1), rows * cell), fill=INK)
        for y in range(0, rows * cell + 1, matrix.block[0] * cell):
            draw.line((0, min(y, rows * cell - 1), columns * cell, min(y, rows * cell - 1)), fill=INK)
    drawn = below(picture, colour_bar(peak, max(200, min(picture.width, 400))))
    tile = Figure(drawn, "columns: input pixels, row by row; rows: outputs, row by row", "lines between rows of pixels")
    return panel(f"The matrix of {name}\n{title_of(matrix.layer)}", [tile], footer="\n".join(_fact_lines(matrix)))


def _size_words(matrix: LayerMatrix) -> str:
    rows, columns = matrix.values.shape
    shape = matrix.layer.shape
    return (
        f"{rows} rows, the outputs ({shape_text(shape.output)}), times {columns} columns, the pixels"
        f" ({shape_text(shape.input)})"
    )


def _fact_lines(matrix: LayerMatrix) -> list[str]:
    zeros = float((matrix.values == 0).mean())
    lines = [f"{share(zeros)} of it is 0; the rest are the kernel's weights, over and over."]
    if matrix.toeplitz:
        step = matrix.layer.options.stride[1]
        along = "diagonal" if step == 1 else f"diagonal that moves {step} columns a row"
        if matrix.layer.options.transposed:
            along = "diagonal" if step == 1 else f"diagonal that moves {step} rows a column"
        lines.append("Each block (one row of pixels to one row of outputs) is a Toeplitz matrix:")
        lines.append(f"the same numbers along every {along}.")
    if matrix.layer.weights is None:
        lines.append("Only a shape was given, so the weights are numbered 1, 2, 3 ... in the kernel's order.")
    if matrix.layer.bias is not None:
        lines.append("The bias is added to what the matrix gives; it is no part of it.")
    if matrix.transposes:
        other = "layer that it transposes" if matrix.layer.options.transposed else "transposed layer"
        lines.append(f"Its transpose is the matrix of the {other} (checked). That is not its inverse.")
    return lines


def _text(matrix: LayerMatrix) -> Text | None:
    texts = [["." if value == 0 else short_number(value) for value in row] for row in matrix.values.tolist()]
    width = max(len(text) for row in texts for text in row)
    outputs, pixels = matrix.block
    separators = matrix.values.shape[1] // pixels - 1
    if matrix.values.shape[1] * (width + 1) + 2 * separators > LINE_WIDTH or len(texts) > MOST_LINES:
        return None
    drawn = Text()
    for row, cells in enumerate(texts):
        if row and row % outputs == 0:
            line = "+".join("-" * (pixels * (width + 1) + 1) for _ in range(separators + 1))
            drawn.append(f"{line}\n", "dim")
        for column, cell in enumerate(cells):
            if column and column % pixels == 0:
                drawn.append(" |", "dim")
            value = matrix.values[row, column]
            red, green, blue = POSITIVE if value > 0 else NEGATIVE
            drawn.append(f" {cell:>{width}}", "dim" if value == 0 else f"rgb({red},{green},{blue})")
        drawn.append("\n")
    drawn.right_crop(1)
    return drawn
