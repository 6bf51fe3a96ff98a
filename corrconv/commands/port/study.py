"""The same filter in another library: what must be passed there to get what was got here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.port.settings import told
from corrconv.core.convention.filtering import apply_convention, border_strips, check_shape, padded_window
from corrconv.core.convention.model import REPLACED, BorderRule, Convention, Overflow, Scale, ZeroSum
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Port:
    """How `target` is made to give what `source` gives with a kernel.

    passed: the kernel for the target, which was told of the source's border and anchor as far as it can be.
    padding: (before, after) pixels for the rows and for the columns, made up by the source's border rules
    before the call; crop: where the wanted results begin in the
    target's output, and how many rows and columns the kernel takes from the padded image; both None
    where the target can be called on the image as it is. factor, offset: result = target's · factor + offset.
    """

    kernel: Kernel
    passed: Kernel
    source: Convention
    target: Convention
    padding: tuple[tuple[int, int], tuple[int, int]] | None
    crop: tuple[int, int] | None
    factor: float
    offset: float

    @property
    def flipped(self) -> bool:
        """Whether the kernel must be turned or mirrored."""
        return self.source.orientation is not self.target.orientation

    @property
    def direct(self) -> bool:
        """Whether one call on the image as it is will do."""
        return self.padding is None and (self.factor, self.offset) == (1, 0) and not self.restores_border

    @property
    def restores_border(self) -> bool:
        """Whether results along the border have to be put back afterwards, as the source leaves them unfiltered."""
        kept = self.padding is None and (self.factor, self.offset) == (1, 0)
        return not kept and any(side.rule in REPLACED for side in self.source.borders.sides.values())


def port(kernel: Kernel, source: Convention, target: Convention) -> Port:
    """What makes the target compute, on real images, what the source computes with this kernel.

    Raises CorrconvError, with the reason, where the target cannot.
    """
    check_shape(kernel, source)
    target = told(kernel, source, target)
    laid = source.orientation.of_weights(kernel.weights)
    passed = Kernel(target.orientation.inverse.of_weights(laid), name=kernel.name)
    check_shape(passed, target)
    factor, offset = _line(kernel, passed, source, target)
    if target.scale is Scale.RAW and target.gain == 1 and factor != 1:
        passed, factor = passed.scaled(factor), 1.0
    plain = replace(target, borders=source.borders) if source.output_size is OutputSize.VALID else target
    agrees = (
        source.output_size is target.output_size
        and source.start(kernel.shape) == target.start(passed.shape)
        and (source.borders == plain.borders)
    )
    padding, crop = (None, None) if agrees else _padding(kernel, passed, source, target)
    return Port(
        kernel=kernel,
        passed=passed,
        source=source,
        target=target,
        padding=padding,
        crop=crop,
        factor=factor,
        offset=offset,
    )


def _line(kernel: Kernel, passed: Kernel, source: Convention, target: Convention) -> tuple[float, float]:
    """What the target's results are multiplied by, and what is then added."""
    divisors = []
    for convention, weights in ((source, kernel), (target, passed)):
        divisor = convention.scale.divisor(weights)
        if divisor == 0 and convention.zero_sum is not ZeroSum.RAW:
            raise CorrconvError(
                f"{convention.name} cannot do this, because it divides by the kernel's sum and {kernel.name} sums to 0"
            )
        divisors.append(divisor or 1.0)
    factor = source.gain / divisors[0] * divisors[1] / target.gain
    return factor, source.bias - target.bias * factor


def _padding(
    kernel: Kernel, passed: Kernel, source: Convention, target: Convention
) -> tuple[tuple[tuple[int, int], tuple[int, int]], tuple[int, int]]:
    """Make up by hand every pixel that the source reads; the target's own border results are then cut away.

    Places may begin inside the image (nothing is made up there); the crop skips them.
    """
    sides = source.orientation.of_shape(kernel.shape)
    begins, starts = source.start(kernel.shape), target.start(passed.shape)
    output = source.output_shape((0, 0), kernel.shape)
    before = [max(0, -place) for place in begins]
    after = [max(0, begins[axis] + output[axis] + sides[axis] - 1) for axis in (0, 1)]
    crop = tuple(begins[axis] + before[axis] - starts[axis] for axis in (0, 1))
    if min(crop) < 0:
        raise CorrconvError(f"{target.name} cannot do this, because its anchor lies outside the kernel")
    return ((before[0], after[0]), (before[1], after[1])), (crop[0], crop[1])


def run_port(image: NDArray[Any], ported: Port) -> NDArray[np.float64]:
    """What following the port gives, with the target played by its convention: for checking it.

    image (H, W), real.
    """
    exact = replace(ported.target, numbers=replace(ported.target.numbers, overflow=Overflow.NONE))
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
