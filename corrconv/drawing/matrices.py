"""Matrices as text, in columns."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from corrconv.drawing.pictures import NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel


LINE_WIDTH = 78


def weight_texts(kernel: Kernel) -> tuple[str, list[list[str]]]:
    """The weights as short texts, and the common factor to be written before them (empty, or ` x 1/9`)."""
    form = kernel.integer_form
    if form is not None and np.abs(form[0]).max() < 10_000:
        cells, divisor = form
        return ("" if divisor == 1 else f", times 1/{divisor}"), [[str(cell) for cell in row] for row in cells.tolist()]
    # The same decimals everywhere, so that columns line up: four figures of the largest weight.
    peak = float(np.abs(kernel.weights).max())
    decimals = max(0, 3 - floor(log10(peak)))
    if not decimals <= 9 or peak >= 1e9:
        return "", [[f"{weight:.3e}" for weight in row] for row in kernel.weights.tolist()]
    return "", [[f"{weight:.{decimals}f}" for weight in row] for row in kernel.weights.tolist()]


def matrix_text(kernel: Kernel) -> Text:
    """The weights in columns, blue below 0 and red above, the anchor in brackets; the middle of large ones."""
    _, texts = weight_texts(kernel)
    rows, columns = kernel.shape
    width = max(len(text) for row in texts for text in row)
    row_range = _around(kernel.anchor[0], rows, 15)
    column_range = _around(kernel.anchor[1], columns, (LINE_WIDTH - 8) // (width + 2))
    peak = float(np.abs(kernel.weights).max())
    matrix = Text()
    if row_range.start > 0:
        matrix.append("  ...\n")
    for row in row_range:
        matrix.append("  ... " if column_range.start > 0 else "  ")
        for column in column_range:
            at_anchor = (row, column) == kernel.anchor
            text = f"{texts[row][column]:>{width}}"
            matrix.append("[" if at_anchor else " ")
            matrix.append(text, style=_style(kernel.weights[row, column], peak))
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
