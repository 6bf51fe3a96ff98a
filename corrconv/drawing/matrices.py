"""Matrices as text, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.columns import Columns
from rich.console import RenderableType
from rich.text import Text

from corrconv.core.kernel import Kernel
from corrconv.drawing.pictures import NEGATIVE, POSITIVE

NumberMatrix = NDArray[np.number[Any]]


LINE_WIDTH = 78
MOST_ROWS = 16


WHOLE = (slice(None), slice(None))


def factor_text(kernel: Kernel) -> str:
    """The common factor to be written before the weights as whole numbers: empty, or `, times 1/9`."""
    cells = _short_cells(kernel)
    return "" if cells is None or cells[1] == 1 else f", times 1/{cells[1]}"


def weight_texts(kernel: Kernel, part: tuple[slice, slice] = WHOLE) -> list[list[str]]:
    """The weights of some rows and columns as short texts, to be multiplied by `factor_text`."""
    cells = _short_cells(kernel)
    if cells is not None:
        return [[str(cell) for cell in row] for row in cells[0][part].tolist()]
    # The same decimals everywhere, so that columns line up: four figures of the largest weight.
    peak = float(np.abs(kernel.weights).max())
    decimals = max(0, 3 - floor(log10(peak)))
    style = ".3e" if decimals > 9 or peak >= 1e9 else f"z.{decimals}f"
    return [[format(weight, style) for weight in row] for row in kernel.weights[part].tolist()]


def _short_cells(kernel: Kernel) -> tuple[NDArray[np.int64], int] | None:
    form = kernel.integer_form
    return form if form is not None and np.abs(form[0]).max() < 10_000 else None


def matrix_text(kernel: Kernel, *, framed: bool = True) -> Text:
    """The weights in columns, blue below 0 and red above, the anchor in brackets; the middle of large ones.

    framed: not so where no cell lies over the output pixel.
    """
    rows, columns = kernel.shape
    row_range = _around(kernel.anchor[0], rows, 15)
    shown = slice(row_range.start, row_range.stop)
    # No more columns than these find room, whatever their widths.
    candidates = _around(kernel.anchor[1], columns, (LINE_WIDTH - 8) // 3)
    wide = weight_texts(kernel, (shown, slice(candidates.start, candidates.stop)))
    width = max(len(text) for row in wide for text in row)
    column_range = _around(kernel.anchor[1], columns, (LINE_WIDTH - 8) // (width + 2))
    texts = weight_texts(kernel, (shown, slice(column_range.start, column_range.stop)))
    peak = float(np.abs(kernel.weights).max())
    matrix = Text()
    if row_range.start > 0:
        matrix.append("  ...\n")
    for row, texts_of_row in zip(row_range, texts, strict=True):
        matrix.append("  ... " if column_range.start > 0 else "  ")
        for column, text in zip(column_range, texts_of_row, strict=True):
            at_anchor = framed and (row, column) == kernel.anchor
            matrix.append("[" if at_anchor else " ")
            matrix.append(f"{text:>{width}}", style=_style(kernel.weights[row, column], peak))
            matrix.append("]" if at_anchor else " ")
        matrix.append(" ...\n" if column_range.stop < columns else "\n")
    if row_range.stop < rows:
        matrix.append("  ...\n")
    return matrix


def _around(middle: int, count: int, most: int) -> range:
    start = min(max(0, middle - most // 2), max(0, count - most))
    return range(start, min(count, start + most))


def _style(weight: float, peak: float) -> str:
    if weight == 0 or peak == 0:
        return "dim"
    red, green, blue = POSITIVE if weight > 0 else NEGATIVE
    return f"{'bold ' if abs(weight) > peak / 2 else ''}rgb({red},{green},{blue})"


def number_texts(values: NumberMatrix) -> list[list[str]]:
    """NumberMatrix (H, W) as short texts with the same decimals everywhere, so that columns line up."""
    finite = np.abs(values[np.isfinite(values)].astype(np.float64))
    decimals = _decimals(finite)
    if finite.max(initial=0) >= 1e9 or decimals > 6:
        return [[f"{value:.3g}" for value in row] for row in values.tolist()]
    return [[f"{value + 0.0:.{decimals}f}" for value in row] for row in values.tolist()]


def _decimals(magnitudes: NumberMatrix) -> int:
    """None for whole numbers, as many as tell short fractions exactly, else four figures of the largest."""
    for decimals in range(4):
        if np.allclose(magnitudes, np.round(magnitudes, decimals), rtol=1e-12, atol=1e-12):
            return decimals
    return max(0, 3 - floor(log10(float(magnitudes.max()))))


def numbers_text(values: NumberMatrix) -> Text:
    """NumberMatrix (H, W) in columns, those below 0 in blue."""
    texts = number_texts(values)
    width = max(len(text) for row in texts for text in row)
    matrix = Text()
    for texts_of_row, row in zip(texts, values.tolist(), strict=True):
        for text, value in zip(texts_of_row, row, strict=True):
            matrix.append(f" {text:>{width}}", style=_style(value, 1) if value < 0 else "")
        matrix.append("\n")
    return matrix


def fits(values: NumberMatrix) -> bool:
    """Whether numbers (H, W) can be shown in full: few rows, and no wider than a line."""
    rows, columns = values.shape
    if rows > MOST_ROWS or columns > LINE_WIDTH // 2:
        return False
    widest = max(len(text) for row in number_texts(values) for text in row)
    return bool(columns * (1 + widest) <= LINE_WIDTH)


def matrices_view(*captioned: tuple[str, Text]) -> Columns:
    """Matrices beside each other, each under its caption; those that find no room stand below."""
    blocks: Sequence[RenderableType] = [Text(f"{caption}\n") + matrix for caption, matrix in captioned]
    return Columns(blocks, padding=(0, 3))
