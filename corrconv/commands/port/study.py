"""The same filter in another library: what must be passed there to get what was got here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from corrconv.core.convention.filtering import (
    apply_convention,
    border_strips,
    check_shape,
    padded_window,
    spread_pixels,
)
from corrconv.core.convention.geometry import NO_PADS, SameRule
from corrconv.core.convention.model import REPLACED, BorderRule, Convention, Scale, ZeroSum
from corrconv.core.convention.numbers import NumberRule, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.function import LibraryFunction, PythonFunction, Settings, Wanted
from corrconv.libraries.own_kernel import REAL, GaussianRule, factor_between, in_one_shape, weights_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.port.sources import PortSource
    from corrconv.core.kernel import Cell


class Halved(NamedTuple):
    """Zeros that are shared between opposite sides, as many as a stride needs: by rows and by columns."""

    rule: SameRule
    reach: Cell
    step: Cell

    def pads(self, shape: Cell) -> list[tuple[int, int]]:
        """How many lie before and after a picture of this shape."""
        found = []
        for side, reach, step in zip(shape, self.reach, self.step, strict=True):
            before = self.rule.pixels_before(reach, step, side)
            pixels = reach - 1 if step == 1 else max(0, (side - 1) // step * step + reach - side)
            found.append((before, pixels - before))
        return found


@dataclass(frozen=True, kw_only=True)
class Port:
    """How a function is made to give what `source` gives with a kernel.

    passed: the kernel for the function. settings: what it is told of the source's border, anchor and size;
    destination: what it computes with them. padding: (before, after) pixels for the rows and for the columns, made up
    by the source's border rules before the call; crop: where the wanted results begin in the function's output; both
    None where it can be called on the image as it is. factor, offset: result = the function's · factor + offset.
    spread, stride: what is done by hand before and after; kernel and source are those without it, dilated cells filled
    with zeros. unlike: the largest difference between a weight that is wanted and one that the function makes by
    itself, relative to the largest. halved: the pads that are made first, where they depend on the picture's size; the
    source is then the one without them. exact: the type of the images whose results are rounded and made to fit as the
    source does, or "" for real ones.
    """

    kernel: Kernel
    passed: Kernel
    source: Convention
    function: LibraryFunction
    settings: Settings
    destination: Convention
    padding: tuple[tuple[int, int], tuple[int, int]] | None
    crop: tuple[int, int] | None
    factor: float
    offset: float
    stride: Cell = (1, 1)
    spread: Cell = (1, 1)
    unlike: float = 0.0
    halved: Halved | None = None
    exact: str = ""

    @property
    def flipped(self) -> bool:
        """Whether the kernel must be turned or mirrored."""
        return self.source.orientation is not self.destination.orientation

    @property
    def direct(self) -> bool:
        """Whether one call on the image as it is will do."""
        by_hand = (self.stride, self.spread) != ((1, 1), (1, 1)) or self.padding is not None or self.restores_border
        return not by_hand and self.halved is None and (self.factor, self.offset) == (1, 0)

    @property
    def exact_rounding(self) -> Rounding:
        """How exact results are rounded; whole sums to the nearest, as a factor may have left noise beside them."""
        numbers, kernel = self.source.numbers_of(np.dtype(self.exact or REAL)), self.kernel
        raw = self.source.scale is Scale.RAW and (self.source.gain, self.source.bias) == (1, 0)
        whole = raw and kernel.integer_form is not None and kernel.integer_form[1] == 1
        return Rounding.HALF_EVEN if whole and numbers.rounding is not Rounding.NONE else numbers.rounding

    @property
    def restores_border(self) -> bool:
        """Whether results along the border have to be put back afterwards, as the source leaves them unfiltered."""
        kept = self.padding is None and (self.factor, self.offset) == (1, 0)
        return not kept and any(side.rule in REPLACED for side in self.source.borders.sides.values())


def port(kernel: Kernel, source: Convention, function: LibraryFunction, settings: Settings | None = None) -> Port:
    """What makes a function compute, on real images, what the source computes with this kernel.

    settings: those that it is to have in any case. Raises CorrconvError, with the reason, where it cannot.
    """
    check_shape(kernel, source)
    source = source.for_shape(kernel.shape)
    given = settings or {}
    chosen = _completed(given, function.placed(_wanted(kernel, source, function.configured(given))))
    if _agree(kernel, source, function.configured(chosen)):
        return _ported(kernel, source, function, chosen)
    if source.output_size is OutputSize.SAME and source.same_rule is not SameRule.ANCHOR and source.stride != (1, 1):
        padded = replace(source, output_size=OutputSize.VALID, same_rule=SameRule.ANCHOR)
        halved = Halved(source.same_rule, source.extent(kernel.shape), source.stride)
        return replace(port(kernel, padded, function, settings), halved=halved)
    dense_kernel, dense = _dense(kernel, source)
    chosen = _completed(given, function.placed(_wanted(dense_kernel, dense, function.configured(given))))
    if not _agree(dense_kernel, dense, function.configured(chosen)):
        shape = function.configured(given).orientation.of_shape(dense_kernel.shape)
        chosen = _completed(given, function.placed(Wanted(shape=shape)))
    spaced = function.configured(chosen)
    if (spaced.stride, spaced.dilation, spaced.spread, spaced.pads) != ((1, 1), (1, 1), (1, 1), NO_PADS):
        raise CorrconvError(f"{function.name} gives another size with the settings given; leave them out")
    ported = _ported(dense_kernel, dense, function, chosen)
    return replace(ported, stride=source.stride, spread=source.spread)


def exactly(found: PortSource, ported: Port, dtype: str) -> Port:
    """The port that also rounds and makes fit as the source does with images of a type.

    Raises CorrconvError for a type that the source does not take, and where the function rounds by itself otherwise.
    """
    image, source = np.dtype(dtype), found.function
    if not _takes_real(source) and dtype not in _dtypes(source):
        raise CorrconvError(f"{source.name} takes images of {', '.join(_dtypes(source))}, and not of {dtype}")
    own, wanted = ported.destination.numbers_of(image), ported.source.numbers_of(image)
    if not _takes_real(ported.function) and replace(own, summing=None) != replace(wanted, summing=None):
        raise CorrconvError(
            f"{ported.function.name} takes whole numbers only and rounds in another way than {source.name};"
            " port to a function that takes real ones, such as scipy.ndimage.correlate"
        )
    peak = float(np.iinfo(image).max) if source.own and source.own.shares else 1.0
    return replace(ported, exact=dtype, factor=ported.factor / peak, offset=ported.offset / peak)


def _dtypes(function: LibraryFunction) -> tuple[str, ...]:
    return function.runner.image_dtypes if isinstance(function.runner, PythonFunction) else ()


def _takes_real(function: LibraryFunction) -> bool:
    return not _dtypes(function) or any(np.dtype(dtype).kind == "f" for dtype in _dtypes(function))


def _ported(kernel: Kernel, source: Convention, function: LibraryFunction, settings: Settings) -> Port:
    """The port with these settings, with padding by hand where they do not suffice."""
    destination = function.configured(settings)
    passed, unlike = _passed(kernel, source, destination), 0.0
    if function.own is not None:
        kernel, passed, own_factor = _own_kernel(kernel, source, function, settings)
        unlike = weights_between(passed.scaled(own_factor), _passed(kernel, source, destination))
    check_shape(passed, destination)
    destination = destination.for_shape(passed.shape)
    factor, offset = _line(kernel, passed, source, destination)
    if function.own is not None:
        factor = _plain(factor * own_factor)
    elif destination.scale is Scale.RAW and destination.gain == 1 and factor != 1:
        passed, factor = passed.scaled(factor), 1.0
    agree = _agree(kernel, source, destination)
    padding, crop = (None, None) if agree else _padding(kernel, passed, source, destination)
    return Port(
        kernel=kernel,
        passed=passed,
        source=source,
        function=function,
        settings=settings,
        destination=destination,
        padding=padding,
        crop=crop,
        factor=factor,
        offset=offset,
        unlike=unlike,
    )


def _own_kernel(
    kernel: Kernel, source: Convention, function: LibraryFunction, settings: Settings
) -> tuple[Kernel, Kernel, float]:
    """The wanted kernel and that which the function makes by itself, in one shape, and the factor between them."""
    rule = function.own
    if rule is None or any(side % 2 == 0 for side in kernel.shape):
        raise CorrconvError(f"{function.name} makes kernels with odd sides, and {kernel.name} is of another shape")
    wanted = _passed(kernel, source, function.configured(settings))
    own = rule.kernel(settings)
    # A Gaussian may be met by one that is only close to it; then both still sum to one.
    factor = wanted.sum / own.sum if isinstance(rule, GaussianRule) else factor_between(own, wanted)
    if factor is None:
        raise CorrconvError(f"{function.name} makes no kernel like {kernel.name}, even times a factor")
    kernel, own = in_one_shape(kernel, own)
    return kernel, own, factor


def _plain(factor: float) -> float:
    """A factor without the last bits that dividing weights leaves: 4 and 1/4, not 3.9999999999999996."""
    for divisor in (1, 3, 12, 16):
        whole = round(factor * divisor)
        if whole and abs(factor * divisor - whole) <= 1e-9 * abs(whole):
            return whole / divisor
    return factor


def _passed(kernel: Kernel, source: Convention, destination: Convention) -> Kernel:
    laid = source.orientation.of_weights(kernel.weights)
    return Kernel(destination.orientation.inverse.of_weights(laid), name=kernel.name)


def _dense(kernel: Kernel, source: Convention) -> tuple[Kernel, Convention]:
    """The kernel with its cells dilated by zeros, and the source without strides, dilation and spread pixels."""
    rows, columns = ((side - 1) * step + 1 for side, step in zip(kernel.shape, source.dilation, strict=True))
    weights = np.zeros((rows, columns))
    weights[:: source.dilation[0], :: source.dilation[1]] = kernel.weights
    dense = replace(
        source, stride=(1, 1), dilation=(1, 1), spread=(1, 1), same_rule=SameRule.ANCHOR, odd_sides=False, square=False
    )
    if source.output_size is OutputSize.SAME:
        row, column = source.start(kernel.shape)
        cell = -row - source.pads.top, -column - source.pads.left
        dense = dense.anchored(cell, source.orientation.of_shape((rows, columns)))
    return Kernel(weights, name=kernel.name), replace(dense, kernel_shapes=None)


def _wanted(kernel: Kernel, source: Convention, destination: Convention) -> Wanted:
    """Where the source lays this kernel, in the words of a function that lays it by its own orientation."""
    inverse = destination.orientation.inverse
    laid_shape = source.orientation.of_shape(kernel.shape)
    cell = None
    if source.output_size is OutputSize.SAME and source.same_rule is SameRule.ANCHOR:
        cell = inverse.of_cell(source.laid_anchor(kernel.shape), laid_shape)
    elif source.output_size is OutputSize.SAME and source.stride == (1, 1) == source.dilation:
        row, column = (-start for start in source.start(kernel.shape))
        cell = inverse.of_cell((row, column), laid_shape)
    return Wanted(
        shape=inverse.of_shape(laid_shape),
        borders=source.borders,
        cell=cell,
        output_size=source.output_size,
        same_rule=source.same_rule,
        pads=source.pads,
        stride=source.stride,
        dilation=source.dilation,
        spread=source.spread,
    )


def _completed(given: Settings, placed: Settings) -> Settings:
    """Those given, and of the others those that they leave open."""
    return {**given, **{name: value for name, value in placed.items() if name not in given}}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How far the results of a snippet were from those of the source itself, on pictures of rows x columns.

    largest: difference; peak: the largest value; differing: the share of the results that differ at all.
    """

    rows: int
    columns: int
    dtype: str
    largest: float
    peak: float
    differing: float


@dataclass(frozen=True)
class NotRun:
    """Why a snippet and its source were not compared."""

    reason: str


# Where a kernel begins may depend on the picture's size; these are even, odd, and multiples of small strides.
SIZES = ((40, 41), (41, 43), (42, 45), (43, 48))


def _agree(kernel: Kernel, source: Convention, destination: Convention) -> bool:
    """Whether both read the same pixels, made up in the same way outside."""
    passed = _passed(kernel, source, destination)
    destination = destination.for_shape(passed.shape)
    inside = source.output_size is OutputSize.VALID and source.pads == NO_PADS
    return (
        (source.stride, source.dilation, source.spread)
        == (destination.stride, destination.dilation, destination.spread)
        and source.output_size is destination.output_size
        and (inside or source.borders == destination.borders)
        and all(
            source.start(kernel.shape, size) == destination.start(passed.shape, size)
            and source.output_shape(size, kernel.shape) == destination.output_shape(size, passed.shape)
            and border_strips(size, source, kernel.shape) == border_strips(size, destination, passed.shape)
            for size in SIZES
        )
    )


def _line(kernel: Kernel, passed: Kernel, source: Convention, destination: Convention) -> tuple[float, float]:
    """What the function's results are multiplied by, and what is then added."""
    divisors = []
    for convention, weights in ((source, kernel), (destination, passed)):
        divisor = convention.scale.divisor(weights)
        if divisor == 0 and convention.zero_sum is not ZeroSum.RAW:
            raise CorrconvError(
                f"{convention.name} cannot do this, because it divides by the kernel's sum and {kernel.name} sums to 0"
            )
        divisors.append(divisor or 1.0)
    factor = source.gain / divisors[0] * divisors[1] / destination.gain
    return factor, source.bias - destination.bias * factor


def _padding(
    kernel: Kernel, passed: Kernel, source: Convention, destination: Convention
) -> tuple[tuple[tuple[int, int], tuple[int, int]], tuple[int, int]]:
    """Make up by hand every pixel that the source reads; the function's own border results are then cut away.

    Places may begin inside the image (nothing is made up there); the crop skips them.
    """
    sides = source.orientation.of_shape(kernel.shape)
    begins, starts = source.start(kernel.shape), destination.start(passed.shape)
    output = source.output_shape((0, 0), kernel.shape)
    before = [max(0, -place) for place in begins]
    # Of an even frame one more line may be cut away behind.
    wider = [max(0, 1 - 2 * starts[axis] - sides[axis]) if destination.even_frame else 0 for axis in (0, 1)]
    after = [max(0, begins[axis] + output[axis] + sides[axis] - 1) + wider[axis] for axis in (0, 1)]
    crop = tuple(begins[axis] + before[axis] - starts[axis] for axis in (0, 1))
    if min(crop) < 0:
        raise CorrconvError(f"{destination.name} cannot do this, because its anchor lies outside the kernel")
    return ((before[0], after[0]), (before[1], after[1])), (crop[0], crop[1])


def run_port(image: NDArray[Any], ported: Port) -> NDArray[np.float64]:
    """What following the port gives, with the function played by its convention: for checking it.

    image (H, W), real.
    """
    exact = replace(ported.destination, numbers=NumberRule())
    if ported.halved is not None:
        image = np.pad(image, ported.halved.pads((image.shape[0], image.shape[1])))
    image = spread_pixels(image, ported.spread)
    pixels = image.astype(np.float64)
    if ported.padding is None or ported.crop is None:
        result = apply_convention(pixels, ported.passed, exact)
    else:
        (top, bottom), (left, right) = ported.padding
        shape = (image.shape[0] + top + bottom, image.shape[1] + left + right)
        padded = padded_window(pixels, (-top, -left), shape, ported.source.borders)
        rows, columns = ported.source.output_shape((image.shape[0], image.shape[1]), ported.kernel.shape)
        row, column = ported.crop
        result = apply_convention(padded, ported.passed, exact)[row : row + rows, column : column + columns]
    result = result * ported.factor + ported.offset
    return _restored(result, image, ported)[:: ported.stride[0], :: ported.stride[1]]


def _restored(result: NDArray[np.float64], image: NDArray[Any], ported: Port) -> NDArray[np.float64]:
    if not ported.restores_border:
        return result
    restored = result.copy()
    for name, strip in border_strips(image.shape, ported.source, ported.kernel.shape).items():
        side = ported.source.borders.sides[name]
        if side.rule is BorderRule.UNFILTERED:
            restored[strip] = image[strip]
        elif side.rule is BorderRule.BLANK:
            restored[strip] = side.fill
    return restored
