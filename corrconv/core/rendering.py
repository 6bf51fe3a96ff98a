"""From pictures to filtered pictures: sums, the bias, the display rule, pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf, isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from corrconv.core.decision import Decision, decide
from corrconv.core.engines.planner import Plan
from corrconv.core.engines.signature import Numbers
from corrconv.core.engines.tiles import Tile
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import (
    UNSCALED,
    PixelScale,
    finite_range,
    pixel_scale,
    quantize,
    round_quotients,
    scaled_pixels,
    settled_range,
    unit_factor,
)
from corrconv.core.progress import Progress, ignore_progress
from corrconv.core.terms import Alpha, Display, Engine, Operation
from corrconv.core.transparency import AlphaFiltering, all_colours, prepare_alpha_filtering
from corrconv.errors import CorrconvError

# Provides an array of a shape and type, to be filled.
Allocate: TypeAlias = "Callable[[tuple[int, int, int], np.dtype[Any]], NDArray[Any]]"

# The rules that look at all values before they display one.
BY_RANGE = frozenset({Display.RESCALE, Display.SIGNED})


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
    """Finished pixels (rows, columns, channels), and what is to be said about them.

    low, high: the range of the finite filtered colours with the bias, before the display rule. clipped:
    how many pixels had a value that the pixel type cannot hold. rounded: how many whole values a float type
    could not hold to the last digit. scale: the display rule as it was applied. plan: how they were computed.
    """

    pixels: NDArray[Any]
    low: float
    high: float
    clipped: int
    rounded: int
    scale: PixelScale
    plan: Plan


def render(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    rendering: Rendering,
    *,
    dtype: DTypeLike | None = None,
    has_alpha: bool = False,
    allocate: Allocate = np.empty,
    progress: Progress = ignore_progress,
) -> Rendered:
    """Filter a picture (H, W, C) and turn the result into pixels of dtype (default: the picture's own).

    Works tile by tile; results that are displayed by their own range are computed twice rather
    than kept. allocate provides the array (rows, columns, channels) of the pixels, such as a memory map, before
    the first tile is computed. progress is called for each tile, and may raise to stop the work.
    Raises CorrconvError where alpha weighting has no meaning for the kernel.
    """
    target = np.dtype(image.dtype if dtype is None else dtype)
    alpha = rendering.alpha if has_alpha else Alpha.STRAIGHT
    real_dtype = _real_dtype(image.dtype, target, rendering)
    filtering = prepare_alpha_filtering(image, kernel, operation, options, alpha, real_dtype)
    output = allocate(filtering.output_shape, target)
    by_range = rendering.display in BY_RANGE
    check = _counting(progress, filtering, 1 + by_range)
    ends = _ends(filtering, rendering, image, check) if by_range else (0.0, 0.0)
    return _filled(filtering, rendering, ends, image.dtype, output, check)


def decide_rendering(
    shape: tuple[int, ...],
    source: np.dtype[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    rendering: Rendering,
    target: np.dtype[Any],
    *,
    peak: Callable[[], int],
) -> Decision:
    """What `render` decides about pictures (H, W, C) of this shape and type without transparency; peak as `decide`."""
    real_dtype = _real_dtype(source, target, rendering)
    return decide(shape, source, kernel, operation, options, real_dtype=real_dtype, peak=peak)


def part_ranges(
    decision: Decision, outputs: Tile, pixels: NDArray[Any], rendering: Rendering
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ranges of the finite values of a block of outputs, and of the pixels that `Decision.reads` names for it."""
    ranges: list[tuple[float, float]] = []
    filtering = AlphaFiltering(decision.part(outputs, pixels))
    filtering.colours.run(lambda _, sums: ranges.append(finite_range(_values(filtering, sums, rendering.bias)[0])))
    seen = finite_range(pixels) if pixels.size else (inf, -inf)
    return _united(ranges), seen


def ends_of_parts(
    decision: Decision, ranges: Sequence[tuple[tuple[float, float], tuple[float, float]]], rendering: Rendering
) -> tuple[float, float]:
    """The range by which all is displayed, from `part_ranges` of all blocks."""
    low, high = _united([seen for _, seen in ranges])
    noise = _rounding_noise(decision, max(abs(low), abs(high)) if low <= high else inf)
    return settled_range(_united([values for values, _ in ranges]), rendering.display, noise)


def render_part(
    decision: Decision,
    outputs: Tile,
    pixels: NDArray[Any],
    rendering: Rendering,
    target: np.dtype[Any],
    ends: tuple[float, float] = (0.0, 0.0),
) -> Rendered:
    """A block of what `render` gives, from the pixels that `Decision.reads` names; ends as of `ends_of_parts`."""
    filtering = AlphaFiltering(decision.part(outputs, pixels))
    output = np.empty(filtering.output_shape, target)
    return _filled(filtering, rendering, ends, decision.dtype, output, lambda: None)


def _real_dtype(source: np.dtype[Any], target: np.dtype[Any], rendering: Rendering) -> np.dtype[Any] | None:
    # 8-bit pixels are so coarse that float32 sums round to the same ones, nearly always; unless they are stretched.
    coarse = source.itemsize == 1 == target.itemsize and rendering.display not in BY_RANGE
    return np.dtype(np.float32) if coarse else None


def _united(ranges: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _counting(progress: Progress, filtering: AlphaFiltering, passes: int) -> Callable[[], None]:
    """What is to be called once for each tile, by any thread, so that progress hears of them all."""
    tiles = passes * filtering.colours.tiles + (filtering.alpha.tiles if filtering.alpha is not None else 0)
    numbers = count(1)
    return lambda: progress(next(numbers), tiles)


def _values(filtering: AlphaFiltering, sums: Numbers, bias: float) -> tuple[Numbers, Numbers | None]:
    """The finished colours, bias included, and alpha where the sums hold it."""
    colours, alpha = filtering.finish(sums)
    # In float64, so that the sum is rounded once, on its way to the pixel type.
    return (np.add(colours, bias, dtype=np.float64) if bias else colours), alpha


def _ends(
    filtering: AlphaFiltering, rendering: Rendering, image: NDArray[Any], check: Callable[[], None]
) -> tuple[float, float]:
    """The range of all values, for the rules that display by it."""
    ranges: list[tuple[float, float]] = []

    def note(_tile: Tile, sums: Numbers) -> None:
        check()
        ranges.append(finite_range(_values(filtering, sums, rendering.bias)[0]))

    filtering.colours.run(note, filtering.prepare)
    noise = 0.0
    if not filtering.colours.arithmetic.exact:
        noise = _rounding_noise(filtering.colours.decision, max(map(abs, finite_range(image))))
    return settled_range(_united(ranges), rendering.display, noise)


def _rounding_noise(decision: Decision, peak: float) -> float:
    """How much two values of pixels up to a peak can differ that are equal but for rounding."""
    if decision.arithmetic.exact:
        return 0.0
    arithmetic = replace(decision.arithmetic, peak=max(peak, abs(decision.layout.fill)))
    if not isfinite(arithmetic.peak):
        return 0.0
    rows, columns = decision.layout.rows, decision.layout.columns
    area = (rows.outputs + 2 * rows.extent) * (columns.outputs + 2 * columns.extent)
    by_transform = arithmetic.transform_bound(area) if decision.plan.engine is Engine.FFT else 0.0
    return max(arithmetic.rounding_bound(decision.layout.kernel.weights.size), by_transform)


def _filled(
    filtering: AlphaFiltering,
    rendering: Rendering,
    ends: tuple[float, float],
    source: np.dtype[Any],
    output: NDArray[Any],
    check: Callable[[], None],
) -> Rendered:
    """The displayed, rounded pixels, in the output."""
    target = output.dtype
    ranges: list[tuple[float, float]] = []
    lost: list[tuple[int, int]] = []
    unit = unit_factor(source, target)
    scale = pixel_scale(rendering.display, *ends, target, unit)
    colours_filtering = filtering.colours
    divisor = _whole_divisor(filtering, rendering.bias, target) if scale == UNSCALED else 1
    if divisor > 1:
        colours_filtering = replace(colours_filtering, divides=False)

    def fill_alpha(tile: Tile, alpha: Numbers) -> None:
        check()
        quantize(alpha * unit, target, out=output[*tile, -1:])

    def fill(tile: Tile, sums: Numbers) -> None:
        check()
        colours, alpha = _values(filtering, sums, rendering.bias)
        extremes = colours.min(), colours.max()
        if divisor > 1:
            extremes = extremes[0] / divisor, extremes[1] / divisor
            round_quotients(colours, divisor)
        ranges.append(finite_range(colours, extremes))
        pixels = output[*tile, : colours.shape[2]]
        _, clipped = scaled_pixels(colours, scale, target, out=pixels, extremes=extremes)
        if alpha is not None:
            fill_alpha(tile, alpha)
        lost.append((clipped, _rounded(colours, pixels) if rendering.display is Display.CLIP else 0))

    colours_filtering.run(fill, filtering.prepare)
    if filtering.alpha is not None:
        filtering.alpha.run(fill_alpha)
    return Rendered(
        output,
        low=min(low for low, _ in ranges),
        high=max(high for _, high in ranges),
        clipped=sum(clipped for clipped, _ in lost),
        rounded=sum(rounded for _, rounded in lost),
        scale=scale,
        plan=filtering.colours.plan,
    )


def _whole_divisor(filtering: AlphaFiltering, bias: float, target: np.dtype[Any]) -> int:
    """What whole sums can be divided by in their own type on the way to pixels: 1 where that would not do."""
    arithmetic, precision = filtering.colours.arithmetic, np.dtype(filtering.colours.plan.precision)
    whole = precision.kind == "i" and target.kind in "iu" and not bias and filtering.finish is all_colours
    fits = whole and arithmetic.largest + arithmetic.divisor <= np.iinfo(precision).max
    return arithmetic.divisor if fits else 1


def _rounded(values: Numbers, pixels: NDArray[Any]) -> int:
    """How many whole values beyond 2^53 a float type could not hold."""
    if values.dtype.kind != "i" or pixels.dtype.kind != "f":
        return 0
    with np.errstate(invalid="ignore"):  # 2^63 itself
        return int(np.count_nonzero(pixels.astype(values.dtype) != values))
