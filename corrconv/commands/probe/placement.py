"""Where kernels of one shape are laid: one white pixel shows how, and a random picture what lies outside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.probe.examination import PICTURE_SHAPE, Examination, Unexplained, deviation
from corrconv.commands.probe.kernels import corner_kernel, listed
from corrconv.commands.probe.linearity import black_level, headroom
from corrconv.core.convention.filtering import interior, raw_sums
from corrconv.core.convention.fitting import Line, fit_line, fit_sides, misfits, side_strips
from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor, Pads, SameRule
from corrconv.core.convention.model import MOVES, BorderRule, Convention, Side
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corrconv.commands.probe.linearity import Growth
    from corrconv.core.kernel import Cell
    from corrconv.libraries.target import Shape

# How far from the white pixel a kernel may reach, and where it stands.
REACH = 40
WHITE_AT = (PICTURE_SHAPE[0] // 2, PICTURE_SHAPE[1] // 2)


@dataclass(frozen=True)
class Placement:
    """How kernels of one shape are laid over the image, and the borders' rules.

    conventions: every way to say it, the plainest first; one shape alone often cannot tell which of them is meant.
    """

    shape: Shape
    conventions: tuple[Convention, ...]
    sides: dict[str, tuple[Side, ...] | None]


def place(examination: Examination, shape: Shape, growth: Growth) -> Placement:
    """Find where kernels of a shape are laid. Raises Unexplained where no convention gives what is seen."""
    kernel = Kernel(corner_kernel(shape))
    # All of these kernels sum to the same, so that one gray level adds the same.
    bias, response = black_level(examination, kernel.weights), examination.response
    brightest = response * kernel.weights.max() / kernel.sum
    height = np.floor(headroom(examination, bias, brightest))
    conventions = _fit_impulse(examination, kernel, height, growth)
    peak = headroom(examination, bias, response)
    picture = examination.picture(PICTURE_SHAPE, peak)
    result = examination.call(picture, kernel.weights)
    line = _line_inside(picture, kernel, result, conventions[0])
    if line is None or line.deviation > 1.5 * examination.tolerance:
        raise Unexplained(f"the impulse response of a {listed([shape])} kernel does not predict a random picture")
    conventions = _for_other_sizes(examination, conventions, kernel, line, peak)
    local = replace(conventions[0], gain=line.gain, bias=line.bias)
    found = fit_sides(picture, kernel, result, local, misfits(1.5 * examination.tolerance))
    sides = _with_black_outside(found, examination.black(kernel.weights), bias, local, shape)
    seen = ", ".join(f"{name} {' or '.join(map(str, rules))}" for name, rules in sides.items() if rules)
    examination.log(f"What lies outside the picture ({listed([shape])})?", seen or "no window reaches outside")
    return Placement(shape, conventions, sides)


def _line_inside(image: NDArray[Any], kernel: Kernel, result: NDArray[Any], convention: Convention) -> Line | None:
    inside = interior(image.shape, convention, kernel.shape)
    return fit_line(raw_sums(image, kernel, convention)[inside], result[inside])


def _for_other_sizes(
    examination: Examination, conventions: tuple[Convention, ...], kernel: Kernel, line: Line, peak: float
) -> tuple[Convention, ...]:
    """The conventions that hold for the next sizes too, where a stride makes the first place depend on the size."""
    largest = max(conventions[0].stride)
    for more in range(1, largest):
        image = examination.picture((PICTURE_SHAPE[0] + more, PICTURE_SHAPE[1] + more), peak)
        result = examination.call(image, kernel.weights).astype(np.float64)
        conventions = tuple(
            it for it in conventions if _holds(it, image, kernel, result, line, 1.5 * examination.tolerance)
        )
        if not conventions:
            raise Unexplained(f"where a {listed([kernel.shape])} kernel begins depends on the size of the picture")
    return conventions


def _holds(
    convention: Convention, image: NDArray[Any], kernel: Kernel, result: NDArray[np.float64], line: Line, reach: float
) -> bool:
    sums = raw_sums(image, kernel, convention)
    if sums.shape != result.shape:
        return False
    inside = interior(image.shape, convention, kernel.shape)
    return deviation(sums[inside] * line.gain + line.bias, result[inside]) <= reach


def _with_black_outside(
    sides: dict[str, tuple[Side, ...] | None],
    black: NDArray[np.float64],
    bias: float,
    convention: Convention,
    shape: Shape,
) -> dict[str, tuple[Side, ...] | None]:
    """The rules, their constants set to 0 along the sides where a black picture shows no trace of another one.

    Rounded results leave a constant uncertain by one; that nothing was added to black is certain.
    """
    strips = side_strips(PICTURE_SHAPE, convention, shape)
    return {
        name: tuple(
            Side(BorderRule.CONSTANT)
            if rule.rule is BorderRule.CONSTANT and (black[strips[name]] == bias).all()
            else rule
            for rule in rules
        )
        if rules
        else rules
        for name, rules in sides.items()
    }


def _impulse_response(
    examination: Examination, kernel: NDArray[np.float64], height: float, growth: Growth
) -> tuple[NDArray[np.float64], Cell]:
    """What the first output would read, by offsets of -REACH to REACH from the first pixel; and the outputs' shape.

    A stride passes pixels over: one white pixel in each of its phases shows all of the kernel.
    """
    laid = np.zeros((2 * REACH + 1, 2 * REACH + 1))
    black = examination.black(kernel)
    for phase in product(range(growth.stride[0]), range(growth.stride[1])):
        image = np.zeros(PICTURE_SHAPE, examination.dtype)
        white = (WHITE_AT[0] + phase[0], WHITE_AT[1] + phase[1])
        image[white] = height
        response = np.nan_to_num(examination.call(image, kernel) - black)
        offsets = [
            white[axis] * growth.spread[axis] - growth.stride[axis] * np.arange(response.shape[axis]) for axis in (0, 1)
        ]
        near = [np.abs(places) <= REACH for places in offsets]
        rows, columns = (offsets[axis][near[axis]] + REACH for axis in (0, 1))
        laid[np.ix_(rows, columns)] = response[np.ix_(*near)]
    return laid, (black.shape[0], black.shape[1])


def _fit_impulse(examination: Examination, kernel: Kernel, height: float, growth: Growth) -> tuple[Convention, ...]:
    """All conventions under which the kernel, at any dilation, is what one white pixel showed."""
    shape = kernel.shape
    laid, outputs = _impulse_response(examination, kernel.weights, height, growth)
    seen = np.argwhere(np.abs(laid) > max(examination.tolerance, 1e-3 * np.abs(laid).max()))
    if len(seen) == 0:
        raise Unexplained(f"one white pixel gives nothing ({listed([shape])} kernel)")
    first, last = seen.min(axis=0), seen.max(axis=0)
    box = laid[first[0] : last[0] + 1, first[1] : last[1] + 1]
    start = (int(first[0]) - REACH, int(first[1]) - REACH)
    reach = examination.tolerance * (1 if examination.dtype.kind != "f" else max(1.0, height / 255))
    found: list[Convention] = []
    orientations = []
    for orientation in MOVES:
        weights = orientation.of_weights(kernel.weights)
        dilation = _dilation(box.shape, weights.shape, examination.dilation)
        if dilation is None:
            continue
        expected = np.zeros(box.shape)
        expected[:: dilation[0], :: dilation[1]] = weights * (box.sum() / kernel.sum)
        if np.abs(expected - box).max() <= reach:
            orientations.append(orientation)
            plain = Convention(orientation=orientation, dilation=dilation, stride=growth.stride, spread=growth.spread)
            found += _ways(plain, start, outputs, shape)
    if not orientations:
        raise Unexplained(
            f"the response to one white pixel is none of the eight turns and mirrors of the {listed([shape])} kernel"
        )
    examination.log(
        f"What does one white pixel become ({listed([shape])})?",
        f"the kernel {' or '.join(orientations)} (laid as a correlation), output {found[0].output_size}"
        + (f", cell {found[0].anchor_cell(shape)}" if found[0].output_size is OutputSize.SAME else ""),
    )
    # The same preference as _ways has, before the one among orientations.
    return tuple(sorted(found, key=_plainness))


def _dilation(box: tuple[int, ...], sides: tuple[int, ...], known: Cell | None) -> Cell | None:
    """How far apart the cells lie that fill the box, or None; a single cell says nothing, so what is known holds."""
    steps: list[int] = []
    for axis in (0, 1):
        extent, cells = box[axis] - 1, sides[axis] - 1
        if cells == 0:
            if extent:
                return None
            steps.append(known[axis] if known else 1)
        elif extent % cells or not extent:
            return None
        else:
            steps.append(extent // cells)
    return steps[0], steps[1]


def _plainness(convention: Convention) -> tuple[bool, bool, int]:
    """What sorts conventions, the plainest first."""
    return (
        convention.pads != Pads(),
        convention.same_rule is not SameRule.ANCHOR,
        list(OutputSize).index(convention.output_size),
    )


def _ways(plain: Convention, start: Cell, outputs: Cell, shape: Shape) -> Iterator[Convention]:
    """The output sizes, with pads where needed, whose outputs begin at this place and are so many."""
    anchored = _anchored(plain, start, shape)
    if anchored is not None:
        yield from _that_fit([anchored, *_padded(anchored, start, outputs, shape)], start, outputs, shape)
    if (plain.stride, plain.dilation) != ((1, 1), (1, 1)):
        halved = [replace(plain, same_rule=rule) for rule in (SameRule.AFTER, SameRule.BEFORE)]
        yield from _that_fit(halved, start, outputs, shape)
    for output_size in (OutputSize.FULL, OutputSize.VALID):
        sized = replace(plain, output_size=output_size)
        yield from _that_fit([sized, *_padded(sized, start, outputs, shape)], start, outputs, shape)


def _that_fit(conventions: list[Convention], start: Cell, outputs: Cell, shape: Shape) -> Iterator[Convention]:
    for convention in dict.fromkeys(conventions):
        if convention.output_shape(PICTURE_SHAPE, shape) == outputs and convention.start(shape, PICTURE_SHAPE) == start:
            yield convention


def _anchored(plain: Convention, start: Cell, shape: Shape) -> Convention | None:
    """Output size `same` with the anchor that begins at this place; None where it would lie between cells."""
    if any(start[axis] % plain.dilation[axis] for axis in (0, 1)):
        return None
    cell = (-start[0] // plain.dilation[0], -start[1] // plain.dilation[1])
    row, column = plain.orientation.inverse.of_cell(cell, plain.orientation.of_shape(shape))
    rule = AnchorRule(AxisAnchor(AnchorBase.FIRST, row), AxisAnchor(AnchorBase.FIRST, column))
    return replace(plain, odd_anchor=rule, even_anchor=rule)


def _padded(sized: Convention, start: Cell, outputs: Cell, shape: Shape) -> Iterator[Convention]:
    """The pads that begin there and give so many outputs: under a stride several do, the even ones first."""
    own, read, extent = sized.start(shape), sized.read_shape(PICTURE_SHAPE), sized.extent(shape)
    grown = {OutputSize.SAME: 0, OutputSize.FULL: 1, OutputSize.VALID: -1}[sized.output_size]
    before = (own[0] - start[0], own[1] - start[1])
    choices = []
    for axis in (0, 1):
        most = outputs[axis] * sized.stride[axis] - read[axis] - grown * (extent[axis] - 1) - before[axis]
        after = range(most, most - sized.stride[axis], -1)
        choices.append(sorted(after, key=lambda pad, even=before[axis]: pad != even))  # type: ignore[misc]
    for bottom, right in product(*choices):
        yield replace(sized, pads=Pads(before[0], bottom, before[1], right))
