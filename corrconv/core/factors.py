"""Kernels as sums of products column times row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

import numpy as np

from corrconv.core.engines.signature import Numbers
from corrconv.core.kernel import Cell


@dataclass(frozen=True)
class Term:
    """One product: the kernel column[i] * row[j]."""

    column: Numbers
    row: Numbers


@dataclass(frozen=True)
class Factors:
    """The terms, and what is to be added at one cell: a picture less its blur is a product but for the centre."""

    terms: tuple[Term, ...]
    lone_cell: Cell | None = None
    lone_weight: float = 0.0


def factorize(weights: Numbers, most: int | None = None) -> Factors | None:
    """Products column times row that add up to the weights (rows, columns), or None for more than most.

    Whole numbers give whole terms, so that sums with them stay exact: one where the rank is 1, else
    one for each row or column. Others give the fewest, found by elimination with complete pivoting,
    right to a few roundings of the largest weight. One term and one more cell are looked for where that keeps sums
    exact: in integers, whose sums may overflow on the way, and for weights that are no whole numbers.
    most: by default the smaller side, which always does.
    """
    limit = min(weights.shape) if most is None else most
    if limit < 1:
        return None
    whole = bool((weights == np.rint(weights)).all())
    lone_cells = () if whole and weights.dtype.kind == "f" else _likely_lone_cells(weights)
    for lone_cell in (None, *lone_cells):
        found = _one_term(weights, lone_cell, whole=whole)
        if found is not None:
            return found
    terms = list(_unit_terms(weights) if whole else _eliminated(weights, limit))
    return Factors(tuple(terms)) if len(terms) <= limit else None


def _negligible(weights: Numbers) -> float:
    return float(max(weights.shape) * np.finfo(weights.dtype).eps * np.abs(weights).max())


def _likely_lone_cells(weights: Numbers) -> list[Cell]:
    """The largest cell and the centre, where there are other rows and columns to compare them with."""
    rows, columns = weights.shape
    if min(rows, columns) < 3:
        return []
    row, column = divmod(int(np.argmax(np.abs(weights))), columns)
    return list(dict.fromkeys([(row, column), (rows // 2, columns // 2)]))


def _one_term(weights: Numbers, lone_cell: Cell | None, *, whole: bool) -> Factors | None:
    """The one product that the weights are, but for a cell; None where they are not."""
    exact = weights.astype(np.float64)
    compared = np.abs(exact)
    if lone_cell is not None:
        compared[lone_cell[0]] = compared[:, lone_cell[1]] = 0
    place = np.unravel_index(np.argmax(compared), compared.shape)
    if compared[place] == 0:
        zeros = Term(np.zeros_like(weights[:, 0]), np.zeros_like(weights[0]))
        return None if weights.any() else Factors((zeros,))
    unit = gcd(*(int(weight) for weight in exact[place[0]])) if whole else exact[place]
    row = exact[place[0]] / unit
    column = exact[:, place[1]] / row[place[1]]
    if whole:
        column = np.rint(column)
    rest = exact - np.outer(column, row)
    lone_weight = 0.0
    if lone_cell is not None:
        lone_weight, rest[lone_cell] = float(rest[lone_cell]), 0
    if np.abs(rest).max() > (0 if whole else _negligible(weights)):
        return None
    term = Term(column.astype(weights.dtype), row.astype(weights.dtype))
    return Factors((term,), lone_cell, lone_weight)


def _eliminated(weights: Numbers, limit: int) -> Iterator[Term]:
    """The fewest products that add up to weights that are no whole numbers; one beyond the limit tells that it is."""
    residual, negligible = weights.astype(np.float64), _negligible(weights)
    for _ in range(limit + 1):
        row, column = np.unravel_index(np.argmax(np.abs(residual)), residual.shape)
        pivot = residual[row, column]
        if abs(pivot) <= negligible:
            return
        pivot_column, pivot_row = residual[:, column].copy(), residual[row] / pivot
        residual -= np.outer(pivot_column, pivot_row)
        yield Term(pivot_column.astype(weights.dtype), pivot_row.astype(weights.dtype))


def _unit_terms(weights: Numbers) -> Iterator[Term]:
    """Products of whole numbers that add up to these: one for each row or column, of which there are fewer."""
    rows, columns = (np.eye(side, dtype=weights.dtype) for side in weights.shape)
    if len(rows) <= len(columns):
        return (Term(unit, weights[index]) for index, unit in enumerate(rows))
    return (Term(weights[:, index], unit) for index, unit in enumerate(columns))
