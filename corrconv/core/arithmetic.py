"""Which numbers the sums are computed in, so that whole numbers stay exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.engines.signature import Numbers
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Precision
from corrconv.errors import CorrconvError, InputTypeError

FLOAT64: np.dtype[Any] = np.dtype(np.float64)

# Whole numbers up to these are held exactly.
EXACT_UP_TO = {"float32": 2**24, "float64": 2**53, "int64": 2**63 - 1}


@dataclass(frozen=True)
class Arithmetic:
    """The type and the weights of the sums, and what divides each sum afterwards.

    exact: the sums are of whole numbers that the type holds without rounding.
    peak: no pixel (nor the fill) is larger than this in absolute value; inf where that is unknown.
    largest: nor is any part of an exact sum larger than this. quotients: the type of sums that are divided.
    """

    dtype: np.dtype[Any]
    weights: Numbers
    divisor: int
    exact: bool
    peak: float
    largest: float = math.inf
    quotients: np.dtype[Any] = FLOAT64

    def rounding_bound(self, terms: int) -> float:
        """The most that two sums of this many products, added in different orders, can differ by rounding.

        Exact sums differ by nothing; others by twice the classical bound n·u/(1 - n·u) · Σ|weight|·peak.
        Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms" (2002), section 3.1.
        """
        if self.exact:
            return 0.0
        roundings = terms * float(np.finfo(self.dtype).eps) / 2
        return 2 * roundings / (1 - roundings) * float(np.abs(self.weights).sum()) * self.peak

    def transform_bound(self, area: int) -> float:
        """The most that sums by cyclic float64 transforms of this many pixels can be wrong.

        ‖pixels‖₂ · ‖weights‖₂ · ((1 + u)^3n · (1 + u√5)^(3n+1) · (1 + b)^3n - 1) for 2^n pixels and
        roots of unity right to b; doubled here for the radices 3 and 5, with b = 2u.
        Source: C. Percival, "Rapid multiplication modulo the sum and difference of highly composite
        numbers", Mathematics of Computation 72 (2003), theorem 5.1.
        """
        unit = float(np.finfo(np.float64).eps) / 2
        steps = 3 * math.ceil(math.log2(area))
        growth = math.expm1(
            steps * math.log1p(unit) + (steps + 1) * math.log1p(unit * math.sqrt(5)) + steps * math.log1p(2 * unit)
        )
        norm = float(np.linalg.norm(self.weights.astype(np.float64)))
        return 2 * growth * self.peak * math.sqrt(area) * norm


def choose_arithmetic(
    image_dtype: np.dtype[Any],
    kernel: Kernel,
    *,
    peak: Callable[[], int],
    fill: float = 0.0,
    precision: Precision = Precision.AUTO,
    real_dtype: np.dtype[Any] | None = None,
) -> Arithmetic:
    """The narrowest arithmetic that keeps whole numbers exact; for others the image's own precision.

    peak: gives the largest absolute pixel, asked of integers of more than 16 bits alone. real_dtype: what to
    compute in where image or weights are not whole numbers (default: the precision of
    the results, `real_result_dtype`). Raises CorrconvError for whole numbers too large for any exact type, and
    InputTypeError for pixels that are not real numbers.
    """
    check_real_dtype(image_dtype)
    largest_pixel = math.inf
    if image_dtype.kind in "biu":
        if math.isfinite(fill):
            largest_pixel = max(_integer_peak(image_dtype, peak), abs(fill))
        form = kernel.integer_form if float(fill).is_integer() else None
        if form is not None:
            cells, divisor = form
            bound = int(largest_pixel) * int(np.abs(cells).sum())
            dtype = _narrowest_exact_dtype(bound) if precision is Precision.AUTO else np.dtype(precision.value)
            if bound <= EXACT_UP_TO[dtype.name]:
                weights, quotients = cells.astype(dtype), _quotient_dtype(bound, real_dtype)
                return Arithmetic(
                    dtype, weights, divisor, exact=True, peak=largest_pixel, largest=bound, quotients=quotients
                )
    automatic = real_result_dtype(image_dtype) if real_dtype is None else real_dtype
    dtype = automatic if precision is Precision.AUTO else np.dtype(precision.value)
    _check_range(float(np.abs(kernel.weights).max()), f"{kernel.name} has weights up to", dtype)
    if 1 < abs(fill) < math.inf:  # a tiny one becomes 0 and does no harm
        _check_range(abs(fill), "the fill value is", dtype)
    return Arithmetic(dtype, kernel.weights.astype(dtype), 1, exact=False, peak=largest_pixel)


def real_result_dtype(image_dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type of real results: float32 for float32 images, of either byte order, and float64 for all others."""
    return np.dtype(np.float32 if image_dtype.type is np.float32 else np.float64)


def check_real(image: NDArray[Any]) -> None:
    """Raise InputTypeError where the pixels are not real numbers, and CorrconvError for any beyond float64."""
    check_real_dtype(image.dtype)
    check_values(image, FLOAT64)


def check_real_dtype(image_dtype: np.dtype[Any]) -> None:
    """Raise InputTypeError for pixels of a type that is no real number."""
    if image_dtype.kind == "c":
        raise InputTypeError("the image is complex; corrconv filters real numbers, so pass its .real or abs()")
    if image_dtype.kind not in "biuf":
        raise InputTypeError(f"the image holds {image_dtype}, not numbers; pass integers or floats")


def check_values(image: NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Raise CorrconvError where the image holds finite numbers beyond float64, or beyond the type of its sums."""
    if image.dtype.kind != "f" or image.dtype.itemsize <= min(dtype.itemsize, 8):
        return
    largest = float(np.abs(image[np.isfinite(image)]).max(initial=0))
    if math.isinf(largest):
        raise CorrconvError("the image holds numbers beyond float64 (the largest is 1.8e308); scale it down")
    if largest > 1:  # a tiny one becomes 0 and does no harm
        _check_range(largest, "the image holds numbers up to", dtype)


def _check_range(largest: float, what: str, dtype: np.dtype[Any]) -> None:
    """Raise CorrconvError where the largest of some numbers lies outside what a type holds with all its digits."""
    limits = np.finfo(dtype)
    if dtype == np.float64 or largest == 0 or float(limits.tiny) <= largest <= float(limits.max):
        return
    relation = "more" if largest > 1 else "less"
    raise CorrconvError(
        f"{what} {largest:g}, {relation} than {dtype} holds; convert the image to float64, or use precision 'float64'"
    )


def integer_peak(image: NDArray[Any]) -> int:
    """The largest absolute pixel of whole numbers."""
    return max(-int(image.min()), int(image.max()))


def type_peak(dtype: np.dtype[Any]) -> int:
    """The largest absolute value of a type of whole numbers."""
    if dtype.kind == "b":
        return 1
    limits = np.iinfo(dtype)
    return max(-int(limits.min), int(limits.max))


def _integer_peak(image_dtype: np.dtype[Any], peak: Callable[[], int]) -> int:
    # 8 and 16 bits leave so much room below 2^53 that looking at the pixels gains nothing.
    return type_peak(image_dtype) if image_dtype.itemsize <= 2 else peak()


def _narrowest_exact_dtype(bound: int) -> np.dtype[Any]:
    for name, limit in EXACT_UP_TO.items():
        if bound <= limit:
            return np.dtype(name)
    raise CorrconvError(
        f"whole-number sums up to {Decimal(bound):.3g} are too large to be exact (limit 9.2e18);"
        " convert the image to float64 to accept rounding"
    )


def _quotient_dtype(bound: int, real_dtype: np.dtype[Any] | None) -> np.dtype[Any]:
    """The type that keeps quotients of sums up to bound on their side of every half, or holds them best."""
    # A quotient of whole numbers below 2^23 lies so far from a half that float32 does not round across it.
    return real_dtype if real_dtype is not None and bound < 2**23 else FLOAT64
