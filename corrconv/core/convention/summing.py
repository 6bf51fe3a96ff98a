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
    """From weight to weight: how far the next row and the next column lie, and the rows in the order of the given."""

    down: int
    right: int
    rows: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Summing:
    """One product after another, from the laid kernel's first cell.

    dtype: of the weights and of the sums. fused: a product is not rounded before it is added. divided_first: the
    weights are divided by the number of the scale before; divided_exactly: by a division, not by its reciprocal;
    divided_last: whole sums are multiplied by the reciprocal. by_rows: each row is summed by itself, from the first
    row of the kernel as it was given. half_first: the half that makes truncation round is added before all products.
    steps: pixels count so many steps each, and sums are rounded to whole steps, half up.
    """

    dtype: str = "float64"
    fused: bool = False
    divided_first: bool = False
    divided_exactly: bool = False
    by_rows: bool = False
    half_first: bool = False
    divided_last: bool = False
    steps: int = 1

    def divided(self, weights: NDArray[np.float64], divisor: float | None) -> NDArray[Any]:
        """The weights in the type of the sums, divided where they are divided first."""
        number = np.dtype(self.dtype).type
        if not self.divided_first or divisor is None:
            return weights.astype(number)
        if self.divided_exactly:
            quotients: NDArray[Any] = weights.astype(number) / number(divisor)
            return quotients
        # The tools add the weights one by one too; such a sum may differ in its last bit.
        total = sum(weights.ravel().tolist())
        return (weights * (1.0 / (total if np.isclose(total, divisor) else divisor))).astype(number)

    def rescaled(self, sums: NDArray[np.float64], divisor: float, bias: float) -> NDArray[np.float64]:
        """Whole sums multiplied by the divisor's reciprocal in the type, the half for rounding added there."""
        number = np.dtype(self.dtype).type
        halved = sums.astype(number) * number(1.0 / divisor) + number(bias) + number(0.5)
        values: NDArray[np.float64] = halved.astype(np.float64) - 0.5
        return values

    def is_exact(self, weights: NDArray[Any], peak: float) -> bool:
        """Whether no sum of pixels up to a peak is rounded at all, so that the order decides nothing."""
        parts = weights.astype(np.float64) * SMALL_PARTS
        largest = (np.abs(parts).sum() * peak + SMALL_PARTS) * self.steps
        return bool((parts == np.rint(parts)).all() and largest < 1.0 / np.finfo(self.dtype).epsneg)

    def on_edge(self, values: NDArray[np.float64], weights: NDArray[Any], peak: float) -> NDArray[np.bool_]:
        """Which values lie so near to a whole number of half steps that their rounding depends on the order."""
        largest = float(np.abs(weights).sum()) * peak + 1.0
        reach = largest * ((weights.size + 3) * float(np.finfo(self.dtype).eps) + DOUBLE_REACH)
        halves = values * (2 * self.steps)
        near: NDArray[np.bool_] = np.abs(halves - np.rint(halves)) <= 2 * self.steps * reach
        return near

    def sums(
        self, pixels: NDArray[Any], weights: NDArray[Any], places: tuple[NDArray[np.intp], ...], walk: Walk, bias: float
    ) -> NDArray[np.float64]:
        """The sums at places of the padded pixels: their first row, first column, and what else is indexed."""
        number = np.dtype(self.dtype).type
        total = np.full(places[0].shape, (0.5 if self.half_first else 0.0) + bias * self.steps, number)
        for row in walk.rows if self.by_rows else range(weights.shape[0]):
            part = np.zeros_like(total) if self.by_rows else total
            for column, weight in enumerate(weights[row]):
                read = pixels[(places[0] + row * walk.down, places[1] + column * walk.right, *places[2:])]
                part = self._added(part, weight, read)
            total = total + part if self.by_rows else part
        return (total.astype(np.float64) - (0.5 if self.half_first else 0.0)) / self.steps

    def _added(self, total: NDArray[Any], weight: Any, pixels: NDArray[Any]) -> NDArray[Any]:
        if self.fused:
            return (total.astype(np.float64) + np.float64(weight) * pixels).astype(self.dtype)
        added: NDArray[Any] = total + weight * (pixels * np.float64(self.steps)).astype(self.dtype)
        return added

    def in_steps(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values rounded to whole steps, where a pixel counts several."""
        if self.steps == 1:
            return values
        whole: NDArray[np.float64] = np.floor(values * self.steps + 0.5) / self.steps
        return whole
