"""Both operations on one image: do they coincide, why, and if not, by how much do they differ?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from math import inf, isfinite, log10, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.arrays import as_array
from corrconv.core.decision import prepare_filtering
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import finite_range
from corrconv.core.shown import NOTEBOOK, Shown
from corrconv.core.terms import Boundary, Operation, OutputSize, Precision, Symmetry

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Coincidence(StrEnum):
    """Whether correlation and convolution give the same image."""

    EVERY_IMAGE = "for every image"
    THIS_IMAGE = "on this image only"
    BUT_FOR_SIGN = "equal but for sign"
    NO = "no"

    @property
    def equal(self) -> bool:
        """Whether the two results are the same here."""
        return self in {Coincidence.EVERY_IMAGE, Coincidence.THIS_IMAGE}


@dataclass(frozen=True, eq=False)
class Results:
    """What both operations made of one image with one kernel (H', W', C): unrounded float64."""

    correlation: NDArray[np.float64]
    convolution: NDArray[np.float64]

    @property
    def difference(self) -> NDArray[np.float64]:
        """Correlation minus convolution; 0 where both are nan or the same infinity."""
        return _subtract(self.correlation, self.convolution)


@dataclass(frozen=True)
class KernelComparison:
    """Correlation and convolution of one image with one kernel, and how they differ.

    tolerance: differences up to this are rounding. odd_l1: Σ|odd part|, and bound = odd_l1 · (max -
    min of the pixels), which no difference can exceed unless pixels are infinite. psnr_db: against
    psnr_peak, the range of the pixels, whatever type holds them; inf where there is no difference.
    """

    kernel: Kernel
    symmetry: Symmetry
    coincidence: Coincidence
    reason: str
    tolerance: float
    max_abs_difference: float
    mean_abs_difference: float
    rmse: float
    psnr_db: float
    psnr_peak: float
    differing_share: float
    odd_l1: float
    bound: float


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """One image under several kernels.

    image: (H, W) or (H, W, C), where it is kept to be drawn.
    """

    options: Options
    kernels: tuple[KernelComparison, ...]
    image: NDArray[Any] | None = None

    @property
    def all_coincide(self) -> bool:
        """Whether the two operations gave the same image for every kernel."""
        return all(entry.coincidence.equal for entry in self.kernels)

    def page(self) -> Any:
        """The page of the image under these kernels, to step over in a notebook. Raises CorrconvError."""
        return import_module(NOTEBOOK).EmbeddedPage(self)


def compare(image: ArrayLike, *kernels: Kernel | ArrayLike, options: Options | None = None) -> Comparison:
    """Filter an image with each kernel both ways, and compare.

    Computed in float64, whole numbers exactly.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array_like
        Real numbers.
    *kernels : Kernel or (rows, columns) array_like
        The kernels, each compared for itself.
    options : Options, optional
        Boundary, output size and whatever else is shared by both operations.

    Returns
    -------
    Comparison
        A KernelComparison for each kernel: whether the results coincide, why, and by how much they differ.

    Raises
    ------
    CorrconvError
        For input that cannot be filtered.

    Examples
    --------
    >>> from corrconv import compare
    >>> comparison = compare([[1, 2, 4], [8, 16, 32]], [[1, 2, 1]], [[1, 0, -1]], [[0, 0, 1]])
    >>> [str(entry.coincidence) for entry in comparison.kernels]
    ['for every image', 'equal but for sign', 'no']
    >>> comparison.kernels[2].max_abs_difference
    24.0
    """
    chosen = options or Options()
    pixels = as_array(image, "image")
    as_kernels = (kernel if isinstance(kernel, Kernel) else Kernel(kernel) for kernel in kernels)
    return Comparison(chosen, tuple(compare_kernel(pixels, kernel, chosen)[0] for kernel in as_kernels), pixels)


def compare_kernel(image: NDArray[Any], kernel: Kernel, options: Options) -> tuple[KernelComparison, Results]:
    """Filter an image (H, W) or (H, W, C) with one kernel both ways, and compare.

    The results come beside the measures, since those of many kernels on a large picture would not
    fit into memory together.
    """
    pixels = image[:, :, np.newaxis] if image.ndim == 2 else image
    # float64 even for float32 pictures: the verdict is about the operations, not about rounding.
    precise = replace(options, precision=Precision.FLOAT64)
    anchored = options.anchored(kernel)
    results = Results(
        *(
            filter_array(pixels, anchored, operation, precise, channel_axis=-1, dtype=np.float64)
            for operation in Operation
        )
    )
    difference = np.abs(results.difference)
    filled = options.boundary is Boundary.CONSTANT and options.output_size is not OutputSize.VALID
    low, high = _pixel_range(pixels, options.fill if filled else None)
    own_low, own_high = _pixel_range(pixels, None)
    psnr_peak = own_high - own_low
    tolerance = _rounding_tolerance(pixels, anchored, precise, peak=max(abs(low), abs(high)))
    symmetry = anchored.symmetry(options.output_size)
    coincidence = _coincidence(symmetry, _largest(difference) <= tolerance)
    rmse = _root_mean_square(difference)
    odd_l1 = anchored.odd_part(options.output_size).absolute_sum
    measures = KernelComparison(
        kernel=anchored,
        symmetry=symmetry,
        coincidence=coincidence,
        reason=_reason(coincidence, anchored, options.output_size),
        tolerance=tolerance,
        max_abs_difference=_largest(difference),
        mean_abs_difference=float(difference.mean()),
        rmse=rmse,
        psnr_db=_psnr(psnr_peak, rmse),
        psnr_peak=psnr_peak,
        differing_share=float(np.mean((~(difference <= tolerance)).any(axis=2))),
        odd_l1=odd_l1,
        bound=odd_l1 * (high - low),
    )
    return measures, results


def _coincidence(symmetry: Symmetry, equal_here: bool) -> Coincidence:
    if symmetry is Symmetry.POINT_SYMMETRIC:
        return Coincidence.EVERY_IMAGE
    if equal_here:
        return Coincidence.THIS_IMAGE
    return Coincidence.BUT_FOR_SIGN if symmetry is Symmetry.ANTISYMMETRIC else Coincidence.NO


def _reason(coincidence: Coincidence, kernel: Kernel, output_size: OutputSize) -> str:
    match coincidence:
        case Coincidence.EVERY_IMAGE:
            why = "the kernel equals its half-turn"
        case Coincidence.THIS_IMAGE:
            why = "it hides that the kernel is not its half-turn"
        case Coincidence.BUT_FOR_SIGN:
            why = "the half-turn negates the kernel"
        case Coincidence.NO:
            off_middle = output_size is OutputSize.SAME and kernel.symmetry(OutputSize.FULL) is Symmetry.POINT_SYMMETRIC
            why = "symmetric, but the anchor is not its middle" if off_middle else "the kernel is not its half-turn"
    return f"{coincidence}: {why}"


def _subtract(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        difference = first - second
    if np.isnan(difference.max()):
        difference[(first == second) | (np.isnan(first) & np.isnan(second))] = 0.0
    return difference


def _root_mean_square(values: NDArray[np.float64]) -> float:
    # Squares of more than 1e154 would overflow, so the largest is taken out of the sum.
    largest = _largest(values)
    if largest == 0 or not isfinite(largest):
        return largest
    return largest * sqrt(float(np.mean((values / largest) ** 2)))


def _largest(difference: NDArray[np.float64]) -> float:
    return float(difference.max())


def _pixel_range(pixels: NDArray[Any], fill: float | None) -> tuple[float, float]:
    low, high = finite_range(pixels)
    if low > high:
        low = high = 0.0
    return (low, high) if fill is None else (min(low, fill), max(high, fill))


def _rounding_tolerance(pixels: NDArray[Any], kernel: Kernel, options: Options, peak: float) -> float:
    arithmetic = prepare_filtering(pixels, kernel, Operation.CORRELATION, options).arithmetic
    return replace(arithmetic, peak=peak).rounding_bound(kernel.weights.size)


def _psnr(peak: float, rmse: float) -> float:
    """Decibels of the peak above the error; nan where the pixels have no range to measure against."""
    if rmse == 0:
        return inf
    return 20 * (log10(peak) - log10(rmse)) if peak else nan
