"""The same filter in another library: what must be passed there to get what was got here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.filtering import apply_convention, border_strips, check_shape, padded_window
from corrconv.core.convention.model import REPLACED, BorderRule, Convention, Numbers, Orientation, Scale, ZeroSum
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.function import LibraryFunction, Settings, Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Port:
    """How a function is made to give what `source` gives with a kernel.

    passed: the kernel for the function. settings: what it is told of the source's border, anchor and size;
    destination: what it computes with them. padding: (before, after) pixels for the rows and for the columns, made up
    by the source's border rules before the call; crop: where the wanted results begin in the function's output; both
    None where it can be called on the image as it is. factor, offset: result = the function's · factor + offset.
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

    @property
    def flipped(self) -> bool:
        """Whether the kernel must be turned or mirrored."""
        return self.source.orientation is not self.destination.orientation

    @property
    def direct(self) -> bool:
        """Whether one call on the image as it is will do."""
        return self.padding is None and (self.factor, self.offset) == (1, 0) and not self.restores_border

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
    orientation = function.configured(given).orientation
    passed = Kernel(orientation.inverse.of_weights(source.orientation.of_weights(kernel.weights)), name=kernel.name)
    chosen = {**_settings(function, _wanted(kernel, source, orientation, passed.shape)), **given}
    if not _agree(kernel, source, passed, function.configured(chosen)):
        chosen = {**_settings(function, Wanted(shape=passed.shape)), **given}
    destination = function.configured(chosen)
    check_shape(passed, destination)
    destination = destination.for_shape(passed.shape)
    factor, offset = _line(kernel, passed, source, destination)
    if destination.scale is Scale.RAW and destination.gain == 1 and factor != 1:
        passed, factor = passed.scaled(factor), 1.0
    agree = _agree(kernel, source, passed, destination)
    padding, crop = (None, None) if agree else _padding(kernel, passed, source, destination)
    return Port(
        kernel=kernel,
        passed=passed,
        source=source,
        function=function,
        settings=chosen,
        destination=destination,
        padding=padding,
        crop=crop,
        factor=factor,
        offset=offset,
    )


def _wanted(kernel: Kernel, source: Convention, orientation: Orientation, shape: tuple[int, int]) -> Wanted:
    """Where the source lays this kernel, in the words of a function that lays it by the orientation."""
    cell = None
    if source.output_size is OutputSize.SAME:
        row, column = (-start for start in source.start(kernel.shape))
        cell = orientation.inverse.of_cell((row, column), source.orientation.of_shape(kernel.shape))
    return Wanted(shape=shape, borders=source.borders, cell=cell, output_size=source.output_size)


def _settings(function: LibraryFunction, wanted: Wanted) -> Settings:
    return function.place(wanted) if function.place else {}


def _agree(kernel: Kernel, source: Convention, passed: Kernel, destination: Convention) -> bool:
    """Whether both read the same pixels, made up in the same way outside."""
    destination = destination.for_shape(passed.shape)
    return (
        source.output_size is destination.output_size
        and source.start(kernel.shape) == destination.start(passed.shape)
        and (source.output_size is OutputSize.VALID or source.borders == destination.borders)
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
    after = [max(0, begins[axis] + output[axis] + sides[axis] - 1) for axis in (0, 1)]
    crop = tuple(begins[axis] + before[axis] - starts[axis] for axis in (0, 1))
    if min(crop) < 0:
        raise CorrconvError(f"{destination.name} cannot do this, because its anchor lies outside the kernel")
    return ((before[0], after[0]), (before[1], after[1])), (crop[0], crop[1])


def run_port(image: NDArray[Any], ported: Port) -> NDArray[np.float64]:
    """What following the port gives, with the function played by its convention: for checking it.

    image (H, W), real.
    """
    exact = replace(ported.destination, numbers=Numbers())
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
    return _restored(result, image, ported)


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
