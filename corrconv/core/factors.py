"""Kernels as sums of products column times row."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from corrconv.core.engines.signature import Numbers


@dataclass(frozen=True)
class Term:
    """One product: the kernel column[i] * row[j]."""

    column: Numbers
    row: Numbers


def factorize(weights: Numbers, most: int | None = None) -> tuple[Term, ...] | None:
    """Products column times row that add up to the weights (rows, columns), or None for more than most.

    Whole numbers give whole terms, so that sums with them stay exact: one where the rank is 1, else
    one for each row or column. Others give the fewest, found by elimination with complete pivoting,
    right to a few roundings of the largest weight. most: by default the smaller side, which always does.
    """
    limit = min(weights.shape) if most is None else most
    if limit < 1:
        return None
    if (weights == np.rint(weights)).all():
        terms = _whole_terms(weights)
        return terms if len(terms) <= limit else None
    residual = weights.astype(np.float64)
    negligible = max(weights.shape) * float(np.finfo(weights.dtype).eps) * float(np.abs(residual).max())
    found: list[Term] = []
    while True:
        row, column = np.unravel_index(np.argmax(np.abs(residual)), residual.shape)
        pivot = residual[row, column]
        if abs(pivot) <= negligible:
            return tuple(found)
        if len(found) >= limit:
            return None
        pivot_column, pivot_row = residual[:, column].copy(), residual[row] / pivot
        residual -= np.outer(pivot_column, pivot_row)
        found.append(Term(pivot_column.astype(weights.dtype), pivot_row.astype(weights.dtype)))


def _whole_terms(weights: Numbers) -> tuple[Term, ...]:
    """Products of whole numbers that add up to these."""
    if not weights.any():
        return (Term(np.zeros_like(weights[:, 0]), np.zeros_like(weights[0])),)
    place = np.unravel_index(np.argmax(np.abs(weights)), weights.shape)
    row = weights[place[0]] / gcd(*(int(weight) for weight in weights[place[0]]))
    column = np.rint(weights[:, place[1]] / row[place[1]])
    if np.array_equal(np.outer(column, row), weights):
        return (Term(column.astype(weights.dtype), row.astype(weights.dtype)),)
    rows, columns = (np.eye(side, dtype=weights.dtype) for side in weights.shape)
    if len(rows) <= len(columns):
        return tuple(Term(unit, weights[index]) for index, unit in enumerate(rows))
    return tuple(Term(weights[:, index], unit) for index, unit in enumerate(columns))
