"""What becomes of transparency: each way of `Alpha` as a filtering of the colours, and of alpha for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.decision import Filtering, Preparation, prepare_filtering
from corrconv.core.engines.signature import Numbers
from corrconv.core.kernel import ROUNDING, Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import pixel_limits
from corrconv.core.terms import Alpha, Operation, Precision
from corrconv.errors import CorrconvError, KernelError


def all_colours(sums: Numbers) -> tuple[Numbers, None]:
    """The sums as they are."""
    return sums, None


@dataclass(frozen=True)
class AlphaFiltering:
    """How the channels of a picture are filtered.

    colours: the filtering whose sums, after prepare has changed each tile of pixels, `finish` takes apart: into
    colours, and an alpha channel where the sums hold one. alpha: a filtering that gives the alpha channel, if any.
    """

    colours: Filtering
    prepare: Preparation | None = None
    finish: Callable[[Numbers], tuple[Numbers, Numbers | None]] = all_colours
    alpha: Filtering | None = None

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the finished picture."""
        rows, columns, channels = self.colours.output_shape
        return rows, columns, channels + (self.alpha is not None)


def prepare_alpha_filtering(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    alpha: Alpha,
    real_dtype: np.dtype[Any] | None,
) -> AlphaFiltering:
    """Decide how a picture (H, W, C), whose last channel is transparency, is filtered.

    real_dtype: as `prepare_filtering` has it. Raises KernelError where alpha weighting has no meaning for the kernel.
    """
    match alpha:
        case Alpha.STRAIGHT:
            return AlphaFiltering(prepare_filtering(image, kernel, operation, options, real_dtype=real_dtype))
        case Alpha.KEEP:
            # The alpha of an output pixel is that of the pixel under the anchor, whatever the output grid.
            unit = np.zeros(kernel.shape)
            anchor = options.anchored(kernel).anchor
            unit[anchor] = 1
            return AlphaFiltering(
                prepare_filtering(image[:, :, :-1], kernel, operation, options, real_dtype=real_dtype),
                alpha=prepare_filtering(image[:, :, -1:], Kernel(unit, anchor), operation, options),
            )
        case Alpha.WEIGHTED:
            return _weighted(image, kernel, operation, options, real_dtype)


def _weighted(
    image: NDArray[Any], kernel: Kernel, operation: Operation, options: Options, real_dtype: np.dtype[Any] | None
) -> AlphaFiltering:
    if kernel.sum <= ROUNDING * kernel.absolute_sum:
        raise KernelError(
            f"alpha 'weighted' needs a kernel with a positive sum, and {kernel.name} sums to {kernel.sum:g};"
            " use alpha 'keep'"
        )
    opaque, kernel_sum = brightest_alpha(image.dtype), kernel.sum
    # Colours that were multiplied by their opacity are no whole numbers any more.
    if real_dtype is not None and options.precision is Precision.AUTO:
        options = replace(options, precision=Precision(real_dtype.name))
    filtering = prepare_filtering(image, kernel, operation, options, real_dtype=real_dtype)
    if image.dtype.kind in "iu" and (real_dtype is None or filtering.arithmetic.dtype.kind == "i"):
        filtering = prepare_filtering(image.astype(np.float64), kernel, operation, options)
    inexact = replace(filtering.decision, arithmetic=replace(filtering.arithmetic, exact=False))
    filtering = replace(filtering, decision=inexact)

    def premultiply(padded: Numbers) -> None:
        padded[:, :, :-1] *= padded[:, :, -1:] / padded.dtype.type(opaque)

    def divide(sums: Numbers) -> tuple[Numbers, Numbers]:
        """Colours divided by the opacity that they were weighted with; alpha as a weighted mean."""
        values = sums.astype(np.float64)
        opacity = values[:, :, -1:] / kernel_sum
        visible = opacity > ROUNDING * opaque
        share = np.where(visible, opacity / opaque, 1.0)
        return np.where(visible, values[:, :, :-1] / share, 0.0), opacity

    return AlphaFiltering(filtering, premultiply, divide)


def brightest_alpha(dtype: np.dtype[Any]) -> float:
    """The alpha of an opaque pixel of this type."""
    if dtype.kind not in "iuf":
        raise CorrconvError(f"pixels of type {dtype} have no transparency")
    return pixel_limits(dtype)[1]
