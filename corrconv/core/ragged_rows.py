"""Rows that differ in length: what is said of them, wherever they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

REMEDY = "every row needs the same number"


def row_words(cells: int, above: int) -> str:
    """What is wrong with a row of so many cells below rows of another length."""
    return f"{cells} cell{'s' * (cells != 1)} where the rows above have {above}; {REMEDY}"


def ragged_words(values: Sequence[Any]) -> str:
    """The first row of nested lists that is not as long as the rows above it, and how long it is; empty for none."""
    found = _ragged_row(values)
    return "" if found is None else f"row {found[0]} has {row_words(*found[1:])}"


def _ragged_row(values: Sequence[Any]) -> tuple[int, int, int] | None:
    """The row's number, its cells, and those of the rows above; a number in place of a row is one cell."""
    lengths = [_cells(row) for row in values]
    for number, length in enumerate(lengths, start=1):
        if length != lengths[0]:
            return number, length, lengths[0]
    nested = (_ragged_row(row) for row in values if isinstance(row, (list, tuple)))
    return next((found for found in nested if found is not None), None)


def _cells(row: Any) -> int:
    return len(row) if isinstance(row, (list, tuple)) or getattr(row, "ndim", 0) > 0 else 1
