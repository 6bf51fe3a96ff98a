"""The experiments of `probe`: each asks the target one question and reads the answer off its results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.probe.subject import (
    IMPULSE_AT,
    PICTURE_SHAPE,
    NotLinear,
    Refused,
    Subject,
    Unexplained,
    corner_kernel,
    listed,
    whole_kernel,
)
from corrconv.core.convention.filtering import exact_values, interior, raw_sums
from corrconv.core.convention.fitting import (
    Line,
    choose_borders,
    fit_line,
    fit_numbers,
    fit_sides,
    misfits,
    plain_fraction,
    shared_rules,
    side_strips,
)
from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor
from corrconv.core.convention.model import MOVES, BorderRule, Convention, Numbers, Orientation, Scale, Side, ZeroSum
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.libraries.target import Shape, Target


@dataclass(frozen=True)
class Placement:
    """How kernels of one shape are laid over the image: every orientation that fits, and the borders' rules."""

    shape: Shape
    orientations: tuple[Orientation, ...]
    convention: Convention
    sides: dict[str, tuple[Side, ...] | None]


def offer_shapes(subject: Subject) -> tuple[tuple[Shape, str], ...]:
    """Offer kernels of every shape: the ones that give a picture are noted, the others given with the messages.

    Raises Refused where no kernel gives a picture.
    """
    refused = []
    image = subject.picture(PICTURE_SHAPE, 10)
    for shape in subject.target.kernel_shapes:
        try:
            subject.call(image, corner_kernel(shape))
            subject.accepted.append(shape)
        except Refused as refusal:
            refused.append((shape, str(refusal)))
    taken = listed(subject.accepted) or "none"
    subject.log(
        "Which kernels does it take?", f"{taken}; not {listed([shape for shape, _ in refused])}" if refused else taken
    )
    if not subject.accepted:
        raise Refused(refused[0][1])
    return tuple(refused)


def _middle(values: NDArray[Any]) -> NDArray[np.float64]:
    """The results far from every border, for any output size. Raises Unexplained where there are none."""
    middle = values[6:-6, 6:-6]
    if middle.size == 0:
        rows, columns = values.shape
        raise Unexplained(f"the results are only {rows}x{columns} for larger pictures")
    return middle.astype(np.float64)


def _level(subject: Subject, kernel: NDArray[np.float64]) -> tuple[float, float]:
    """What a black picture gives (the bias), and what one gray level adds to it, far from the borders."""
    black = _middle(subject.black(kernel))
    if np.ptp(black) > subject.tolerance:
        raise NotLinear(f"a black picture does not give one level but {black.min():g} to {black.max():g}")
    gray = _middle(subject.call(np.ones(PICTURE_SHAPE, subject.dtype), kernel))
    return float(np.median(black)), float(np.median(gray)) - float(np.median(black))


def _headroom(subject: Subject, bias: float, response: float) -> float:
    """The largest gray level whose results stay below the upper limit."""
    room = min(subject.white, subject.limits[1] - bias - 1) if subject.dtype.kind != "f" else subject.white
    return max(1.0, min(subject.white, 0.9 * room / max(response, 1e-9))) if room > 0 else 1.0


def check_linearity(subject: Subject, shape: Shape) -> None:
    """Sums of pictures must give sums of results, and moved pictures moved results; twice the same, the same."""
    kernel = corner_kernel(shape)
    bias, response = _level(subject, kernel)
    peak = max(2.0, _headroom(subject, bias, abs(response)))
    tolerance = 3 * subject.tolerance
    first, second = (subject.picture(PICTURE_SHAPE, peak // 2) for _ in range(2))
    one, two, both = (subject.call(image, kernel).astype(np.float64) for image in (first, second, first + second))
    again = subject.call(first, kernel).astype(np.float64)
    if one.shape != again.shape or not np.array_equal(one, again):
        raise NotLinear("the same picture and kernel gave different results")
    black = subject.black(kernel)
    deviation = np.abs(both - one - two + black).max()
    subject.log("Is the result of a sum the sum of the results?", f"off by at most {deviation:.3g}")
    if deviation > tolerance:
        raise NotLinear(f"the result of a sum of pictures is not the sum of the results: off by {deviation:.3g}")
    _check_shifts(subject, kernel, peak, tolerance)
    if subject.dtype.kind == "f":
        signed = subject.call(-first, kernel).astype(np.float64)
        if np.abs(signed + one - 2 * black).max() > tolerance:
            raise NotLinear("a negated picture does not give the negated result")


def _check_shifts(subject: Subject, kernel: NDArray[np.float64], peak: float, tolerance: float) -> None:
    """The same patch at several places must give the same result there."""
    patch = subject.picture((3, 3), peak)
    results = []
    for top, left in ((9, 8), (12, 20), (14, 12)):
        image = np.zeros(PICTURE_SHAPE, subject.dtype)
        image[top : top + 3, left : left + 3] = patch
        result = subject.call(image, kernel).astype(np.float64)
        results.append(np.roll(result, (-top, -left), (0, 1))[np.ix_(range(-4, 7), range(-4, 7))])
    deviation = max(np.abs(other - results[0]).max() for other in results[1:])
    subject.log("Does a moved picture give the moved result?", f"off by at most {deviation:.3g}")
    if deviation > tolerance:
        raise NotLinear(f"the same patch gives other results elsewhere, off by {deviation:.3g}: depends on position")


def place(subject: Subject, shape: Shape) -> Placement:
    """One white pixel gives the kernel's orientation and anchor; a random picture gives the border rules."""
    kernel = Kernel(corner_kernel(shape))
    bias, response = _level(subject, kernel.weights)
    brightest = abs(response) * kernel.weights.max() / kernel.sum
    height = np.floor(_headroom(subject, bias, brightest))
    image = np.zeros(PICTURE_SHAPE, subject.dtype)
    image[IMPULSE_AT] = height
    impulse_response = subject.call(image, kernel.weights) - subject.black(kernel.weights)
    conventions, orientations = _fit_impulse(subject, impulse_response, kernel, shape, height)
    convention = conventions[0]
    picture = subject.picture(PICTURE_SHAPE, _headroom(subject, bias, abs(response)))
    result = subject.call(picture, kernel.weights)
    inside = interior(picture.shape, convention, shape)
    line = fit_line(raw_sums(picture, kernel, convention)[inside], result[inside])
    if line is None or line.deviation > 1.5 * subject.tolerance:
        raise Unexplained(f"the impulse response of a {listed([shape])} kernel does not predict a random picture")
    local = replace(convention, gain=line.gain, bias=line.bias)
    found = fit_sides(picture, kernel, result, local, misfits(1.5 * subject.tolerance))
    sides = _with_black_outside(found, subject.black(kernel.weights), bias, local, shape)
    seen = ", ".join(f"{name} {' or '.join(map(str, rules))}" for name, rules in sides.items() if rules)
    subject.log(f"What lies outside the picture ({listed([shape])})?", seen or "no window reaches outside")
    return Placement(shape, orientations, convention, sides)


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


def _fit_impulse(
    subject: Subject, response: NDArray[np.float64], kernel: Kernel, shape: Shape, height: float
) -> tuple[list[Convention], tuple[Orientation, ...]]:
    """All orientations whose kernel, anywhere, is the response to one white pixel.

    The response is the half-turn of what correlation lays over the image. Where it begins tells which
    cell lies over the output pixel.
    """
    seen = np.argwhere(np.abs(response) > max(subject.tolerance, 1e-3 * np.abs(response).max()))
    if len(seen) == 0:
        raise Unexplained(f"one white pixel gives nothing ({listed([shape])} kernel)")
    first, last = seen.min(axis=0), seen.max(axis=0)
    box = response[first[0] : last[0] + 1, first[1] : last[1] + 1]
    found: list[Convention] = []
    for orientation in MOVES:
        laid = orientation.of_weights(kernel.weights)
        expected = laid[::-1, ::-1] * (box.sum() / kernel.sum)
        if expected.shape == box.shape and np.abs(expected - box).max() <= subject.tolerance * (
            1 if subject.dtype.kind != "f" else max(1.0, height / 255)
        ):
            start = tuple(IMPULSE_AT[axis] - laid.shape[axis] + 1 - int(first[axis]) for axis in (0, 1))
            found.append(_located(orientation, (start[0], start[1]), kernel.shape, response.shape))
    if not found:
        raise Unexplained(
            f"the response to one white pixel is none of the eight turns and mirrors of the {listed([shape])} kernel"
        )
    subject.log(
        f"What does one white pixel become ({listed([shape])})?",
        f"the kernel {' or '.join(it.orientation for it in found)} (laid as a correlation),"
        f" output {found[0].output_size}"
        + (f", cell {found[0].anchor_cell(shape)}" if found[0].output_size is OutputSize.SAME else ""),
    )
    return found, tuple(convention.orientation for convention in found)


def _located(orientation: Orientation, start: Shape, shape: Shape, output_shape: tuple[int, ...]) -> Convention:
    """The convention of one kernel shape whose outputs begin at this place and have this many rows and columns."""
    laid_anchor = (-start[0], -start[1])
    row, column = orientation.inverse.of_cell(laid_anchor, orientation.of_shape(shape))
    cell = AnchorRule(AxisAnchor(AnchorBase.FIRST, row), AxisAnchor(AnchorBase.FIRST, column))
    for output_size in OutputSize:
        candidate = Convention(orientation=orientation, odd_anchor=cell, even_anchor=cell, output_size=output_size)
        if candidate.output_shape(PICTURE_SHAPE, shape) == tuple(output_shape) and candidate.start(shape) == start:
            return candidate
    raise Unexplained(
        f"a {PICTURE_SHAPE[0]}x{PICTURE_SHAPE[1]} picture and a {listed([shape])} kernel give"
        f" {output_shape[0]}x{output_shape[1]} results from place {start[0]},{start[1]} on:"
        " neither same nor full nor valid"
    )


def grouped(placements: list[Placement]) -> tuple[Convention, ...]:
    """One convention for all kernel shapes where they behave alike, else one for each group that does."""
    groups: list[list[Placement]] = []
    for placement in placements:
        for group in groups:
            if _merged([*group, placement]) is not None:
                group.append(placement)
                break
        else:
            groups.append([placement])
    conventions = []
    for group in groups:
        convention = _merged(group)
        if convention is None:
            raise Unexplained(f"kernels of {listed([group[0].shape])} follow no anchor rule")
        shapes = tuple(placement.shape for placement in group)
        conventions.append(convention if len(groups) == 1 else replace(convention, kernel_shapes=shapes))
    return tuple(conventions)


def _merged(group: list[Placement]) -> Convention | None:
    first = group[0].convention
    orientations = [
        orientation for orientation in group[0].orientations if all(orientation in it.orientations for it in group)
    ]
    if not orientations or any(it.convention.output_size is not first.output_size for it in group):
        return None
    sides = {name: shared_rules([it.sides[name] for it in group]) for name in group[0].sides}
    try:
        borders = choose_borders(sides)
    except CorrconvError:
        return None
    merged = replace(first, orientation=orientations[0], borders=borders)
    if first.output_size is not OutputSize.SAME:
        return replace(merged, odd_anchor=AnchorRule(), even_anchor=AnchorRule())
    odd, even = _anchor_rule(group, parity=1), _anchor_rule(group, parity=0)
    if odd is None or even is None:
        return None
    merged = replace(merged, odd_anchor=odd, even_anchor=even)
    alike_everywhere = all(merged.anchor_cell(it.shape) == it.convention.anchor_cell(it.shape) for it in group)
    return merged if alike_everywhere else None


def _anchor_rule(group: list[Placement], parity: int) -> AnchorRule | None:
    """The rule for sides of this parity, or None; an axis that had none of them follows the other one."""
    rules: list[AxisAnchor] = []
    for axis in (0, 1):
        cells = {
            it.shape[axis]: it.convention.anchor_cell(it.shape)[axis] for it in group if it.shape[axis] % 2 == parity
        }
        rule = _axis_anchor(cells) if cells else None
        if cells and rule is None:
            return None
        rules += [rule] if rule is not None else []
    return AnchorRule(rules[0], rules[-1]) if rules else AnchorRule()


def _axis_anchor(cells: dict[int, int]) -> AxisAnchor | None:
    """The rule that gives these cells for these lengths, the plainest first; None where none does."""
    shifts = {base: {cell - AxisAnchor(base).cell(side) for side, cell in cells.items()} for base in AnchorBase}
    for base, found in shifts.items():
        if found == {0}:
            return AxisAnchor(base)
    for base, found in shifts.items():
        if len(found) == 1:
            return AxisAnchor(base, found.pop())
    return None


def with_scale(subject: Subject, convention: Convention) -> Convention:
    """Kernels whose sum is positive, mixed, negative and zero show what the sums are divided by.

    The factor between sums and results is read from a random picture for each kernel; a rule of
    `Scale` must explain all of them with one gain.
    """
    shape = _first_shape(subject, convention)
    kernels = {
        name: Kernel(whole_kernel(shape, subject.random, *sums, separable=subject.target.separable))
        for name, sums in {"positive": (16, 0), "mixed": (16, 8), "negative": (8, 16)}.items()
    }
    bias, response = _level(subject, kernels["positive"].weights)
    peak = _headroom(subject, bias, abs(response))
    fitted = {name: _scale_line(subject, kernel, convention, peak) for name, kernel in kernels.items()}
    lines = {name: (kernels[name], line) for name, line in fitted.items() if line is not None}
    if "positive" not in lines:
        raise Unexplained("no picture shows what the sums are divided by")
    for scale in Scale:
        gains = [line.gain * scale.divisor(kernel) for kernel, line in lines.values()]
        tolerance = 1e-4 if subject.dtype.kind == "f" else 0.03
        if max(abs(gain / gains[0] - 1) for gain in gains) <= tolerance:
            break
    else:
        factors = ", ".join(f"{name} {line.gain:.4g}" for name, (_, line) in lines.items())
        raise Unexplained(f"the scale follows no known rule: factors for kernel sums that are {factors}")
    reach = 1e-9 if subject.dtype.kind == "f" else 5e-3
    scaled = replace(convention, scale=scale, gain=plain_fraction(gains[0], reach), bias=plain_fraction(bias, reach))
    scaled = replace(scaled, zero_sum=_zero_sum(subject, scaled, shape))
    seen = "; ".join(f"{name} sum: times {line.gain:.4g}" for name, (_, line) in lines.items())
    subject.log("What are the sums divided by?", f"{seen}; bias {scaled.bias:g}: {scale}")
    return scaled


def _first_shape(subject: Subject, convention: Convention) -> Shape:
    return next(shape for shape in subject.accepted if convention.accepts(shape))


def _scale_line(subject: Subject, kernel: Kernel, convention: Convention, peak: float) -> Line | None:
    picture = subject.picture((40, 50), peak)
    try:
        result = subject.call(picture, kernel.weights).astype(np.float64)
    except Refused:
        return None
    inside = interior(picture.shape, convention, kernel.shape)
    line = fit_line(raw_sums(picture, kernel, convention)[inside], result[inside], subject.limits)
    return line if line is not None and line.deviation <= 2 * subject.tolerance and line.pixels >= 8 else None


def _zero_sum(subject: Subject, convention: Convention, shape: Shape) -> ZeroSum:
    """What a kernel with the sum 0 gives: its raw sums, nothing, or an error."""
    kernel = Kernel(whole_kernel(shape, subject.random, 8, 8, separable=subject.target.separable))
    if convention.scale.divisor(kernel) != 0:
        return ZeroSum.RAW
    picture = subject.picture((40, 50), subject.white if subject.dtype.kind == "f" else subject.white / 16)
    try:
        result = _middle(subject.call(picture, kernel.weights))
    except Refused:
        return ZeroSum.REFUSED
    if np.abs(result - convention.bias).max() <= subject.tolerance:
        return ZeroSum.ZERO
    expected = np.clip(_middle(exact_values(picture, kernel, convention)), *subject.limits)
    if np.abs(expected - result).max() > 1.5 * subject.tolerance:
        raise Unexplained("a kernel with the sum 0 gives neither its raw sums nor nothing")
    return ZeroSum.RAW


def with_numbers(subject: Subject, convention: Convention) -> Convention:
    """Quarter steps show the rounding, sums beyond the type's limits the overflow, of whole-number pictures."""
    shape = _first_shape(subject, convention)
    numbers = convention.numbers
    for dtype in whole_types(subject.target):
        kernels = [
            quarters(
                subject, convention, whole_kernel(shape, subject.random, *sums, separable=subject.target.separable)
            )
            for sums in ((4, 0), (16, 12))
        ]
        limits = np.iinfo(dtype)
        pictures = [subject.random.integers(0, limits.max + 1, PICTURE_SHAPE).astype(dtype) for _ in kernels]
        results = [subject.call(picture, kernel) for picture, kernel in zip(pictures, kernels, strict=True)]
        inside = interior(PICTURE_SHAPE, convention, shape)
        exact = [
            exact_values(picture, Kernel(kernel), convention)[inside]
            for picture, kernel in zip(pictures, kernels, strict=True)
        ]
        numbers = _fit_output(subject, exact, [result[inside] for result in results], dtype)
    return replace(convention, numbers=numbers)


def whole_types(target: Target) -> list[np.dtype[Any]]:
    """The whole-number image types that the target is fed."""
    return [np.dtype(name) for name in target.image_dtypes if np.dtype(name).kind in "iu"]


def quarters(subject: Subject, convention: Convention, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The kernel in quarters, where the target takes fractions and does not divide by the sum anyway."""
    return kernel if subject.target.whole_kernels or convention.scale is not Scale.RAW else kernel / 4


def _fit_output(
    subject: Subject, exact: list[NDArray[np.float64]], results: list[NDArray[Any]], dtype: np.dtype[Any]
) -> Numbers:
    output = results[0].dtype
    fitting = fit_numbers(exact, results, dtype)
    if not fitting and output.kind == "f":
        # Real results may deviate for another reason, which the proof will show.
        return Numbers(output.name)
    if not fitting:
        within = fit_numbers(exact[:1], results[:1], dtype)
        known = f"rounding is {within[0].rounding}, but overflow follows" if within else "rounding follows"
        raise Unexplained(f"{dtype} pictures become {output}; {known} no known rule")
    numbers = fitting[0]
    subject.log(
        f"What do {dtype} pictures become?", f"{output}, rounding {numbers.rounding}, overflow {numbers.overflow}"
    )
    return numbers
