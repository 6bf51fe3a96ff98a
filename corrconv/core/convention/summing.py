"""The order and the precision in which a library adds products, where a rounding afterwards shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Weights that are whole numbers of parts so small are added without any rounding.
SMALL_PARTS = 1024

# Relative to the largest possible sum: what another order or engine may change in float64.
DOUBLE_REACH = 1e-12


@dataclass(frozen=True)
class Walk:
    """From weight to weight: how far the next row and the next column lie.

    cells: for each weight of the kernel as it was given, its place among those of the laid one, counted row by row.
    """

    down: int
    right: int
    cells: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Summing:
    """One product after another, from the laid kernel's first cell, row by row.

    dtype: of the weights and of the sums. fused: a product is not rounded before it is added. divided_first: the
    weights are divided by the number of the scale before; divided_exactly: by a division, not by its reciprocal;
    divided_last: whole sums are multiplied by the reciprocal. as_given: from the first cell of the kernel as it was
    given. by_rows: each row is summed by itself. half_first: the half that makes truncation round is added before all
    products. steps: pixels count so many steps each, and sums are rounded to whole steps, half up. unit: pixels are
    divided by it, and the sums multiplied by it after their division. stored: the type that the sums are put into
    before they are rounded, where it is another. decimals: so many are left of the number of the scale.
    """

    dtype: str = "float64"
    fused: bool = False
    divided_first: bool = False
    divided_exactly: bool = False
    divided_last: bool = False
    as_given: bool = False
    by_rows: bool = False
    half_first: bool = False
    steps: int = 1
    unit: int = 1
    stored: str = ""
    decimals: int | None = None

    def divided(self, weights: NDArray[np.float64], divisor: float | None) -> NDArray[Any]:
        """The weights in the type of the sums, divided where they are divided first."""
        number = np.dtype(self.dtype).type
        if not self.divided_first or divisor is None:
            return weights.astype(number)
        # The tools add the weights one by one too; such a sum may differ in its last bit.
        total = float(np.cumsum(weights)[-1])
        divisor = total if np.isclose(total, divisor) else divisor
        quotients = weights.astype(number) / number(divisor) if self.divided_exactly else weights * (1.0 / divisor)
        return quotients.astype(number)

    def cut(self, divisor: float, weights: NDArray[Any]) -> float:
        """The number of the scale as it is used: of weights in the type, rounded to its decimals."""
        if self.decimals is None:
            return divisor
        total, number = np.cumsum(weights)[-1], np.dtype(self.dtype).type
        parts = number(10.0**self.decimals)
        whole = np.floor(float((total if np.isclose(total, divisor) else number(divisor)) * parts) + 0.5)
        return float(number(whole) / parts)

    def rescaled(self, sums: NDArray[np.float64], divisor: float, bias: float) -> NDArray[np.float64]:
        """Whole sums multiplied by the divisor's reciprocal in the type, the half for rounding added there."""
        number = np.dtype(self.dtype).type
        halved = sums.astype(number) * number(1.0 / divisor) + number(bias) + number(0.5)
        values: NDArray[np.float64] = halved.astype(np.float64) - 0.5
        return values

    def is_exact(self, weights: NDArray[Any], peak: float) -> bool:
        """Whether no sum of pixels up to a peak is rounded at all, so that the order decides nothing."""
        if self.unit != 1:
            return False
        parts = weights.astype(np.float64) * SMALL_PARTS
        largest = (np.abs(parts).sum() * peak + SMALL_PARTS) * self.steps
        return bool((parts == np.rint(parts)).all() and largest < 1.0 / np.finfo(self.dtype).epsneg)

    def on_edge(self, values: NDArray[np.float64], weights: NDArray[Any], peak: float) -> NDArray[np.bool_]:
        """Which values lie so near to a whole number of half steps that their rounding depends on the order."""
        largest = float(np.abs(weights).sum()) * peak + 1.0
        rounding = max(float(np.finfo(dtype).eps) for dtype in (self.dtype, self.stored or self.dtype))
        reach = largest * ((weights.size + 3) * rounding + DOUBLE_REACH)
        halves = values * (2 * self.steps)
        near: NDArray[np.bool_] = np.abs(halves - np.rint(halves)) <= 2 * self.steps * reach
        return near

    def sums(
        self,
        pixels: NDArray[Any],
        weights: NDArray[Any],
        places: tuple[NDArray[np.intp], ...],
        walk: Walk,
        *,
        bias: float = 0.0,
        after: float = 1.0,
    ) -> NDArray[np.float64]:
        """The results at places of the padded pixels: their first row, first column, and what else is indexed.

        after: the factor of the sums that is left for the end.
        """
        number = np.dtype(self.dtype).type
        total = np.full(places[0].shape, (0.5 if self.half_first else 0.0) + bias * self.steps, number)
        cells = walk.cells if self.as_given else np.arange(weights.size).reshape(weights.shape)
        for group in cells if self.by_rows else [cells.ravel()]:
            part = np.zeros_like(total) if self.by_rows else total
            for row, column in zip(*np.unravel_index(group, weights.shape), strict=True):
                read = pixels[(places[0] + row * walk.down, places[1] + column * walk.right, *places[2:])]
                part = self._added(part, weights[row, column], read)
            total = total + part if self.by_rows else part
        if self.unit != 1:
            total = total / number(1 / after) * number(self.unit) + number(0.5)
            values: NDArray[np.float64] = total.astype(np.float64) - 0.5
            return values
        return (total.astype(np.float64) - (0.5 if self.half_first else 0.0)) / self.steps * after

    def _added(self, total: NDArray[Any], weight: Any, pixels: NDArray[Any]) -> NDArray[Any]:
        if self.fused:
            return (total.astype(np.float64) + np.float64(weight) * pixels).astype(self.dtype)
        added: NDArray[Any] = total + weight * (pixels * np.float64(self.steps) / self.unit).astype(self.dtype)
        return added

    def kept(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values in the type that they are put into, or rounded to whole steps, where a pixel counts several."""
        if self.stored:
            values = values.astype(self.stored).astype(np.float64)
        if self.steps == 1:
            return values
        whole: NDArray[np.float64] = np.floor(values * self.steps + 0.5) / self.steps
        return whole
