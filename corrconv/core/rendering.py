"""From sums to pixels: alpha, bias, and how signed real values are displayed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial, reduce
from math import inf, isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.filtering import prepare_filtering
from corrconv.core.kernel import ROUNDING, Kernel
from corrconv.core.terms import Alpha, Display, Operation
from corrconv.errors import CorrconvError, KernelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

    from corrconv.core.engines.planner import Plan
    from corrconv.core.engines.signature import Numbers
    from corrconv.core.engines.tiles import Tile
    from corrconv.core.filtering import Consumer
    from corrconv.core.options import Options


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """How filtered values become pixels: the bias is added first, then the display rule applies.

    Raises CorrconvError for a bias that is not finite.
    """

    bias: float = 0.0
    display: Display = Display.CLIP
    alpha: Alpha = Alpha.KEEP

    def __post_init__(self) -> None:
        if not isfinite(self.bias):
            raise CorrconvError(f"bias {self.bias} would leave no pixel; it needs a finite number")


@dataclass(frozen=True)
class Rendered:
    """Finished pixels (rows, columns, channels), and what is to be told about them.

    low, high: the range of the finite filtered colours with the bias, before the display rule. clipped:
    how many pixels had a value that the pixel type cannot hold. plan: how they were computed.
    """

    pixels: NDArray[Any]
    low: float
    high: float
    clipped: int
    plan: Plan


@dataclass(frozen=True)
class PixelScale:
    """The straight line from values to pixels: pixel = (|value| or value) * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0
    absolute: bool = False

    def __call__(self, values: Numbers) -> Numbers:
        """The values on the scale of the pixels, not yet rounded."""
        scaled = np.abs(values) if self.absolute else values
        with np.errstate(invalid="ignore"):  # inf times 0
            if self.factor != 1.0:
                # In float64: many values lie halfway between two pixels, and must not be pushed off.
                scaled = scaled * np.float64(self.factor)
            return scaled + self.offset if self.offset else scaled


def finite_range(values: Numbers) -> tuple[float, float]:
    """The smallest and the largest finite value; inf and -inf where there is none."""
    low, high = float(values.min()), float(values.max())
    if isfinite(low) and isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (inf, -inf)


def pixel_limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The smallest and the largest pixel: of the integer type, or 0 and 1 for floats and truth values."""
    if dtype.kind in "bf":
        return 0.0, 1.0
    limits = np.iinfo(dtype)
    brightest = float(limits.max)
    # 2^63 - 1 is not a float64: the one below it is.
    return float(limits.min), brightest if int(brightest) == limits.max else float(np.nextafter(brightest, 0))


def unit_factor(source: np.dtype[Any], target: np.dtype[Any]) -> float:
    """What one gray level of the source is worth in the target: 1/257 from 16 to 8 bits.

    Truth values become black and white. Signed and float values have no natural full range, so they
    are taken as they are.
    """
    if source.kind in "bu" and target.kind == "u":
        return pixel_limits(target)[1] / pixel_limits(source)[1]
    return 1.0


def pixel_scale(display: Display, low: float, high: float, dtype: np.dtype[Any], unit: float = 1.0) -> PixelScale:
    """The line that a display rule draws through values from low to high.

    `clip` and `absolute` keep the values, in units of the target type. `rescale` takes low to the
    smallest pixel and high to the largest; `signed` takes 0 to mid-gray and the largest absolute
    value to the end of the range.
    """
    darkest, brightest = pixel_limits(dtype)
    match display:
        case Display.CLIP:
            return PixelScale(unit)
        case Display.ABSOLUTE:
            return PixelScale(unit, absolute=True)
        case Display.RESCALE:
            factor = (brightest - darkest) / (high - low) if high > low else 0.0
            return PixelScale(factor, darkest - low * factor if factor else darkest)
        case Display.SIGNED:
            # Integer ranges have no middle: 128 of 0..255 leaves 127 steps on either side.
            reach = (brightest - darkest) / 2 if dtype.kind == "f" else (brightest - darkest - 1) / 2
            peak = max(abs(low), abs(high))
            return PixelScale(reach / peak if peak else 0.0, brightest - reach)


def quantize(values: Numbers, dtype: np.dtype[Any]) -> tuple[Numbers, int]:
    """Round to the pixel type, half to even, saturating; and count the pixels that saturated.

    values (rows, columns, channels). nan becomes 0 and counts. Float types take the values as they are.
    """
    if dtype.kind == "f":
        return values.astype(dtype, copy=False), 0
    darkest, brightest = pixel_limits(dtype)
    rounded = np.rint(_wide_enough(values, dtype))
    low, high = rounded.min(), rounded.max()
    if darkest <= low and high <= brightest:
        return rounded.astype(dtype), 0
    outside = rounded < darkest
    outside |= rounded > brightest
    if np.isnan(low):
        outside |= np.isnan(rounded)
        np.nan_to_num(rounded, copy=False, nan=0.0)
    # Plane by plane: reducing along the few channels of each pixel would take longer than all the rest.
    saturated = reduce(np.logical_or, (outside[:, :, channel] for channel in range(outside.shape[2])))
    return np.clip(rounded, darkest, brightest, out=rounded).astype(dtype), int(np.count_nonzero(saturated))


def store(made: NDArray[Any], source: np.dtype[Any], target: np.dtype[Any]) -> tuple[NDArray[Any], int]:
    """What a library made of pixels of type source, as pixels of type target; and how many of them saturated.

    made (rows, columns, channels).
    """
    if made.dtype == target:
        return made, 0
    return quantize(made.astype(np.float64) * unit_factor(source, target), target)


def _wide_enough(values: Numbers, dtype: np.dtype[Any]) -> Numbers:
    # 2^31 - 1 is not a float32: compared or scaled to it there, values would round up and wrap round.
    return values.astype(np.float64, copy=False) if dtype.kind in "iu" and dtype.itemsize > 2 else values


def render(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    rendering: Rendering,
    *,
    dtype: DTypeLike | None = None,
    has_alpha: bool = False,
    check: Callable[[], None] = lambda: None,
) -> Rendered:
    """Filter a picture (H, W, C) and turn the result into pixels of dtype (default: the picture's own).

    Works tile by tile; results that are displayed by their own range are computed twice rather
    than kept. check is called for each tile, and may raise to stop the work. Raises CorrconvError where
    alpha weighting has no meaning for the kernel.
    """
    target = np.dtype(image.dtype if dtype is None else dtype)
    pipeline = _Pipeline(image, kernel, operation, options, rendering, target, has_alpha=has_alpha, check=check)
    low, high = pipeline.value_range()
    return pipeline.pixels(low, high)


class _Pipeline:
    """One picture on its way through the door, tile by tile."""

    def __init__(
        self,
        image: NDArray[Any],
        kernel: Kernel,
        operation: Operation,
        options: Options,
        rendering: Rendering,
        target: np.dtype[Any],
        *,
        has_alpha: bool,
        check: Callable[[], None],
    ) -> None:
        self.check = check
        self.rendering = rendering
        self.target = target
        self.image = image
        self.kept_alpha = has_alpha and rendering.alpha is Alpha.KEEP
        self.weighted = has_alpha and rendering.alpha is Alpha.WEIGHTED
        self.kernel_sum = kernel.sum
        if self.weighted and kernel.sum <= ROUNDING * kernel.absolute_sum:
            raise KernelError(
                f"--alpha weighted needs a kernel with a positive sum, and {kernel.name} sums to {kernel.sum:g};"
                " use --alpha keep"
            )
        self.opaque = brightest_alpha(image.dtype) if self.weighted else 0.0
        # 8-bit pixels are so coarse that float32 sums round to the same ones, nearly always.
        real_dtype = np.dtype(np.float32) if image.dtype.itemsize == 1 == target.itemsize else None
        prepare = partial(prepare_filtering, operation=operation, options=options, real_dtype=real_dtype)
        if self.weighted:
            filtering = prepare(image, kernel)
            if filtering.arithmetic.dtype.kind == "i":
                filtering = prepare(image.astype(np.float64), kernel)
            # Colours that were multiplied by their opacity are no whole numbers any more.
            self.filtering = replace(filtering, arithmetic=replace(filtering.arithmetic, exact=False))
        elif self.kept_alpha:
            self.filtering = prepare(image[:, :, :-1], kernel)
            # The alpha of an output pixel is that of the pixel under the anchor, whatever the output grid.
            unit = np.zeros(kernel.shape)
            anchored = options.anchored(kernel)
            unit[anchored.anchor] = 1
            self.alpha_filtering = prepare(image[:, :, -1:], Kernel(unit, anchored.anchor))
        else:
            self.filtering = prepare(image, kernel)
        self._lock = Lock()

    def run(self, consume: Consumer) -> None:
        """Hand every tile of finished values, bias included, to consume."""

        def finish(tile: Tile, values: Numbers) -> None:
            self.check()
            if self.weighted:
                values = self._unweighted(values)
            if self.rendering.bias:
                values = values + self.rendering.bias
                if self.weighted:
                    values[:, :, -1] -= self.rendering.bias
            consume(tile, values)

        self.filtering.run(finish, self._premultiply if self.weighted else None)

    def _premultiply(self, padded: Numbers) -> None:
        padded[:, :, :-1] *= padded[:, :, -1:] / padded.dtype.type(self.opaque)

    def _unweighted(self, values: Numbers) -> Numbers:
        """Colours divided by the opacity that they were weighted with; alpha as a weighted mean."""
        finished = values.astype(np.float64)
        opacity = finished[:, :, -1:] / self.kernel_sum
        visible = opacity > ROUNDING * self.opaque
        share = np.where(visible, opacity / self.opaque, 1.0)
        finished[:, :, :-1] = np.where(visible, finished[:, :, :-1] / share, 0.0)
        finished[:, :, -1:] = opacity
        return finished

    def colours(self, values: Numbers) -> Numbers:
        """The channels that are displayed: all but a weighted alpha."""
        return values[:, :, :-1] if self.weighted else values

    def value_range(self) -> tuple[float, float]:
        """The smallest and the largest finished colour value, or nan twice where the display needs neither."""
        if self.rendering.display not in {Display.RESCALE, Display.SIGNED}:
            return float("nan"), float("nan")
        ranges: list[tuple[float, float]] = []

        def note(_tile: Tile, values: Numbers) -> None:
            ends = finite_range(self.colours(values))
            with self._lock:
                ranges.append(ends)

        self.run(note)
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    def pixels(self, low: float, high: float) -> Rendered:
        """The displayed, rounded pixels."""
        rows, columns, channels = self.filtering.output_shape
        output = np.empty((rows, columns, channels + self.kept_alpha), self.target)
        unit = unit_factor(self.image.dtype, self.target)
        scale = pixel_scale(self.rendering.display, low, high, self.target, unit)
        ranges: list[tuple[float, float, int]] = []

        def store(tile: Tile, values: Numbers) -> None:
            colours = self.colours(values)
            ends = finite_range(colours)
            pixels, clipped = quantize(scale(_wide_enough(colours, self.target)), self.target)
            output[*tile, : pixels.shape[2]] = pixels
            if self.weighted:
                output[*tile, -1:] = quantize(values[:, :, -1:] * unit, self.target)[0]
            with self._lock:
                ranges.append((*ends, clipped))

        self.run(store)
        if self.kept_alpha:

            def store_alpha(tile: Tile, values: Numbers) -> None:
                output[*tile, -1:] = quantize(values * unit, self.target)[0]

            self.alpha_filtering.run(store_alpha)
        return Rendered(
            output,
            low=min(entry[0] for entry in ranges),
            high=max(entry[1] for entry in ranges),
            clipped=sum(entry[2] for entry in ranges),
            plan=self.filtering.plan,
        )


def brightest_alpha(dtype: np.dtype[Any]) -> float:
    """The alpha of an opaque pixel of this type."""
    if dtype.kind not in "iuf":
        raise CorrconvError(f"pixels of type {dtype} have no transparency")
    return pixel_limits(dtype)[1]
