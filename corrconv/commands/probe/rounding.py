"""What whole-number pictures become: rounding and overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.probe.examination import PICTURE_SHAPE, Examination, Unexplained
from corrconv.commands.probe.kernels import whole_kernel
from corrconv.core.convention.filtering import exact_values, interior
from corrconv.core.convention.fitting import fit_numbers
from corrconv.core.convention.model import Convention, Scale
from corrconv.core.convention.numbers import NumberRule
from corrconv.core.kernel import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.libraries.target import Shape, Target


def measure_numbers(examination: Examination, convention: Convention, shape: Shape) -> dict[str, NumberRule]:
    """Quarter steps show the rounding, sums beyond the type's limits the overflow, of each whole-number type."""
    return {dtype.name: _of_type(examination, convention, shape, dtype) for dtype in whole_types(examination.target)}


def _of_type(examination: Examination, convention: Convention, shape: Shape, dtype: np.dtype[Any]) -> NumberRule:
    random, separable = examination.random, examination.target.separable
    kernels = [
        quarters(examination, convention, whole_kernel(shape, random, *sums, separable=separable))
        for sums in ((4, 0), (16, 12))
    ]
    limits = np.iinfo(dtype)
    pictures = [random.integers(0, limits.max + 1, PICTURE_SHAPE).astype(dtype) for _ in kernels]
    results = [examination.call(picture, kernel) for picture, kernel in zip(pictures, kernels, strict=True)]
    inside = interior(PICTURE_SHAPE, convention, shape)
    exact = [
        exact_values(picture, Kernel(kernel), convention)[inside]
        for picture, kernel in zip(pictures, kernels, strict=True)
    ]
    return _fit_output(examination, exact, [result[inside] for result in results], dtype)


def whole_types(target: Target) -> list[np.dtype[Any]]:
    """The whole-number image types that the target is fed."""
    return [np.dtype(name) for name in target.image_dtypes if np.dtype(name).kind in "iu"]


def quarters(examination: Examination, convention: Convention, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The kernel in quarters, where the target takes fractions and does not divide by the sum anyway."""
    return kernel if examination.target.whole_kernels or convention.scale is not Scale.RAW else kernel / 4


def _fit_output(
    examination: Examination, exact: list[NDArray[np.float64]], results: list[NDArray[Any]], dtype: np.dtype[Any]
) -> NumberRule:
    output = results[0].dtype
    fitting = fit_numbers(exact, results, dtype)
    if not fitting and output.kind == "f":
        # Real results may deviate for another reason, which the proof will show.
        return NumberRule(output.name)
    if not fitting:
        within = fit_numbers(exact[:1], results[:1], dtype)
        raise Unexplained(f"{dtype} pictures become {output}; {_what_fails(within, exact[1], results[1], dtype)}")
    numbers = fitting[0]
    examination.log(
        f"What do {dtype} pictures become?", f"{output}, rounding {numbers.rounding}, overflow {numbers.overflow}"
    )
    return numbers


def _what_fails(
    within: tuple[NumberRule, ...], exact: NDArray[np.float64], result: NDArray[Any], dtype: np.dtype[Any]
) -> str:
    """What follows no known rule: the rounding, what does not fit, or only some sums by one unit."""
    if not within:
        return "rounding follows no known rule"
    off = np.abs(within[0].fit(exact, dtype).astype(np.float64) - result)
    if off.max() > 1:
        return f"rounding is {within[0].rounding}, but overflow follows no known rule"
    return f"rounding is {within[0].rounding}, but {(off > 0).sum():,} of {off.size:,} larger sums are one unit off"
