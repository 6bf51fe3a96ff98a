"""Both operations on one image: do they coincide, why, and if not, by how much do they differ?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from math import inf, log10, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.compare.results import Results
from corrconv.core.arithmetic import check_real
from corrconv.core.arrays import as_array
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import finite_range
from corrconv.core.shown import NOTEBOOK, Shown
from corrconv.core.terms import Boundary, OutputSize, Symmetry
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def compare(
    image: ArrayLike,
    *kernels: Kernel | ArrayLike,
    options: Options | None = None,
    consume: Callable[[KernelComparison, Results], None] | None = None,
) -> Comparison:
    """Filter an image with each kernel both ways, and compare.

    Computed in float64, whole numbers exactly. Only the measures are kept, so that memory holds neither the
    results of many kernels nor, of a large image, those of one.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array_like
        Real numbers.
    *kernels : Kernel or (rows, columns) array_like
        The kernels, each compared for itself.
    options : Options, optional
        Boundary, output size and whatever else is shared by both operations.
    consume : callable, optional
        Called with each KernelComparison as soon as it is known, and with the Results behind it, whose
        `correlation`, `convolution` and `difference` (H', W', C) are computed when they are asked for.

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
    >>> def show(entry, results):
    ...     print(results.correlation[0, :, 0], results.convolution[0, :, 0])
    >>> _ = compare([[1, 2, 4]], [[0, 0, 1]], consume=show)
    [2. 4. 2.] [2. 1. 2.]
    """
    chosen = options or Options()
    pixels = as_array(image, "image")
    planes = pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels
    entries = []
    for kernel in kernels:
        anchored = chosen.anchored(kernel if isinstance(kernel, Kernel) else Kernel(kernel))
        results = _results(planes, anchored, chosen)
        entries.append(_measured(planes, anchored, chosen, results))
        if consume is not None:
            consume(entries[-1], results)
        del results  # before the next ones, whatever they hold by now
    return Comparison(chosen, tuple(entries), pixels)


def _results(planes: NDArray[Any], kernel: Kernel, options: Options) -> Results:
    check_real(planes)
    if planes.ndim != 3:
        raise CorrconvError(f"the image has shape {planes.shape}; it needs 2 dimensions, or 3 with channels last")
    return Results(planes, kernel, options)


def _measured(pixels: NDArray[Any], kernel: Kernel, options: Options, results: Results) -> KernelComparison:
    own_range = low, high = _pixel_range(pixels)
    if options.boundary is Boundary.CONSTANT and options.output_size is not OutputSize.VALID:
        low, high = min(low, options.fill), max(high, options.fill)
    psnr_peak = own_range[1] - own_range[0]
    tolerance = replace(results.arithmetic, peak=max(abs(low), abs(high))).rounding_bound(kernel.weights.size)
    gap = results.gap(tolerance)
    symmetry = kernel.symmetry(options.output_size)
    coincidence = _coincidence(symmetry, gap.largest <= tolerance)
    odd_l1 = kernel.odd_part(options.output_size).absolute_sum
    return KernelComparison(
        kernel=kernel,
        symmetry=symmetry,
        coincidence=coincidence,
        reason=_reason(coincidence, kernel, options.output_size),
        tolerance=tolerance,
        max_abs_difference=gap.largest,
        mean_abs_difference=gap.mean,
        rmse=gap.rmse,
        psnr_db=_psnr(psnr_peak, gap.rmse),
        psnr_peak=psnr_peak,
        differing_share=gap.differing_share,
        odd_l1=odd_l1,
        bound=odd_l1 * (high - low),
    )


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


def _pixel_range(pixels: NDArray[Any]) -> tuple[float, float]:
    low, high = finite_range(pixels)
    return (low, high) if low <= high else (0.0, 0.0)


def _psnr(peak: float, rmse: float) -> float:
    """Decibels of the peak above the error; nan where the pixels have no range to measure against."""
    if rmse == 0:
        return inf
    return 20 * (log10(peak) - log10(rmse)) if peak else nan
