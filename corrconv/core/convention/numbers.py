"""What becomes of the sums of whole-number images: their type, their rounding, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.summing import Summing


class Rounding(StrEnum):
    """How real numbers become whole ones."""

    NONE = "none"
    HALF_EVEN = "half-even"
    HALF_UP = "half-up"
    HALF_AWAY = "half-away"
    TRUNCATE = "truncate"
    FLOOR = "floor"

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values, rounded."""
        match self:
            case Rounding.NONE:
                return values
            case Rounding.HALF_EVEN:
                return np.rint(values)
            case Rounding.HALF_UP:
                return np.floor(values + 0.5)
            case Rounding.HALF_AWAY:
                return np.copysign(np.floor(np.abs(values) + 0.5), values)
            case Rounding.TRUNCATE:
                return np.trunc(values)
            case Rounding.FLOOR:
                return np.floor(values)


class Overflow(StrEnum):
    """What becomes of numbers that the output type cannot hold."""

    NONE = "none"
    SATURATE = "saturate"
    WRAP = "wrap"


@dataclass(frozen=True)
class NumberRule:
    """The output of whole-number images: its type and how sums are made to fit it.

    dtype: a numpy name, or "image" for the input's own. Real numbers may be rounded or kept within
    the input's limits too. Real images always give real numbers. summing: how the sums are formed, where that
    decides how they are rounded.
    """

    dtype: str = "float64"
    rounding: Rounding = Rounding.NONE
    overflow: Overflow = Overflow.NONE
    summing: Summing | None = None

    def output_dtype(self, image_dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The output type for images of this type."""
        return image_dtype if self.dtype == "image" else np.dtype(self.dtype)

    def fit(self, values: NDArray[np.float64], image_dtype: np.dtype[Any]) -> NDArray[Any]:
        """Exact sums as the target would return them."""
        dtype = self.output_dtype(image_dtype)
        rounded = self.rounding.of(values)
        if self.overflow is Overflow.NONE:
            return rounded.astype(dtype)
        lowest, highest, count = _limits(dtype if dtype.kind in "iu" else image_dtype)
        if self.overflow is Overflow.WRAP:
            with np.errstate(invalid="ignore"):  # nan, and 2^64 after rounding, are no whole numbers of the type
                wrapped = np.mod(rounded - lowest, count) + lowest
                # What fits stays as it is: 64 bits are more than a float64 can hold.
                fitting = np.where((rounded >= lowest) & (rounded < lowest + (count - 1)), rounded, wrapped)
                return fitting.astype(dtype)
        return np.clip(rounded, lowest, highest).astype(dtype)


@cache
def _limits(dtype: np.dtype[Any]) -> tuple[float, float, float]:
    """The lowest and the highest float64 of a type of whole numbers, and how many numbers it has."""
    limits = np.iinfo(dtype)
    highest = float(limits.max)
    if int(highest) > limits.max:
        highest = float(np.nextafter(highest, 0))  # 2^63 - 1 is not a float64: the one below it is
    return float(limits.min), highest, 2.0**limits.bits


REAL_NUMBERS = NumberRule()
SATURATED = NumberRule("image", Rounding.HALF_EVEN, Overflow.SATURATE)
SATURATED_HALF_UP = NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE)
CAST = NumberRule("image", Rounding.TRUNCATE, Overflow.WRAP)


class Doubt(StrEnum):
    """The kernels with which a library may give other results than its convention says."""

    ROUNDED_SUMS = "rounded sums"
    EQUAL_ROWS = "equal rows"
    NEGATIVE_WEIGHTS = "negative weights"

    def about(self, weights: NDArray[np.float64], dtype: np.dtype[Any], summing: Summing | None) -> bool:
        """Whether these weights are doubtful for whole-number images of a type, summed like this."""
        match self:
            case Doubt.ROUNDED_SUMS:
                return summing is not None and not summing.is_exact(weights, float(np.iinfo(dtype).max))
            case Doubt.EQUAL_ROWS:
                return weights.shape[1] > 1 and bool((weights == weights[0]).all())
            case Doubt.NEGATIVE_WEIGHTS:
                return dtype.kind == "u" and dtype.itemsize > 1 and bool((weights <= -1).any())
