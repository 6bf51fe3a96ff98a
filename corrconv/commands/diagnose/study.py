"""Which operation, anchor, border, scale and rounding turned an image and a kernel into a given result?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.filtering import exact_values, interior, padded_window, raw_sums
from corrconv.core.convention.fitting import choose_borders, fit_line, fit_sides, plain_fraction
from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor
from corrconv.core.convention.model import (
    BorderRule,
    Borders,
    Convention,
    Numbers,
    Orientation,
    Overflow,
    Rounding,
    Scale,
    Side,
)
from corrconv.core.pixels import pixel_scale
from corrconv.core.terms import Boundary, Display, Operation, OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Cell, Kernel

# Real results count as reproduced within this share of the largest one: results kept as text have few digits.
REAL_PRECISION = 1e-6

# The search looks at a window of this many pixels a side; what is found is held against all pixels.
WINDOW = 40

# How many geometries are followed to the end, besides those that give the whole window.
FOLLOWED = 12

# The least share of the variance that a bias or a factor must leave explained.
STRAIGHT = 0.9

# The squares of larger numbers, which the search for a line sums up, are more than float64 holds.
LARGEST = 1e100


class Arithmetic(StrEnum):
    """How the sum of products was formed."""

    EXACT = "exact"
    CLIPPED_EARLY = "clipped before the sum was finished"
    NEGATIVE_DROPPED = "negative products counted as 0"
    SIGNED = "made pixels as by --display signed"
    ABSOLUTE = "made pixels as by --display absolute"
    RESCALED = "made pixels as by --display rescale"

    @property
    def display(self) -> Display | None:
        """The display rule that was followed, if any."""
        return DISPLAYS.get(self)


DISPLAYS = {
    Arithmetic.SIGNED: Display.SIGNED,
    Arithmetic.ABSOLUTE: Display.ABSOLUTE,
    Arithmetic.RESCALED: Display.RESCALE,
}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to get near the result, and how near.

    differing_share: of all results. where: "interior", "border", "both", or "" for nowhere. first: the
    first result that differs. alternatives: for each side, all the rules that fit there.
    """

    convention: Convention
    arithmetic: Arithmetic
    differing_share: float
    max_difference: float
    rmse: float
    where: str
    first: Cell | None
    alternatives: dict[str, tuple[Side, ...] | None]

    @property
    def explains(self) -> bool:
        """Whether it gives the result, to the last pixel."""
        return self.differing_share == 0


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What the result should have been; None for what is not judged."""

    operation: Operation
    anchor: Cell | None = None
    borders: Borders | None = None


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All ways that explain a result, or else those that come closest, the plainest or nearest first.

    unchanged: whether the result is the image itself.
    """

    kernel: Kernel
    image_shape: tuple[int, ...]
    result_shape: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    unchanged: bool = False

    @property
    def unfiltered(self) -> bool:
        """Whether the result is the image itself, and the kernel does not leave it so."""
        return self.unchanged and not self.explained

    @property
    def ways(self) -> tuple[tuple[Candidate, ...], ...]:
        """The candidates, those together that lay the same weights over the same pixels and do the same with them."""
        found: dict[tuple[Any, ...], list[Candidate]] = {}
        for candidate in self.candidates:
            found.setdefault(_way(candidate, self.kernel), []).append(candidate)
        return tuple(map(tuple, found.values()))

    @property
    def explained(self) -> bool:
        """Whether anything reproduces the result."""
        return any(candidate.explains for candidate in self.candidates)

    @property
    def explanations(self) -> tuple[Candidate, ...]:
        """The candidates that reproduce the result."""
        return tuple(candidate for candidate in self.candidates if candidate.explains)

    @property
    def operations(self) -> tuple[Operation | None, ...]:
        """The operations that explain the result, each once; None stands for neither."""
        return tuple(dict.fromkeys(candidate.convention.operation for candidate in self.explanations))

    def mistakes(self, expected: Expectation) -> tuple[str, ...]:
        """What is wrong with the result; empty where it is as expected.

        Of several explanations the one with the fewest mistakes counts.
        """
        if self.unfiltered:
            return ("nothing was filtered",)
        if not self.explanations:
            return ("no combination reproduces the result",)
        return min((mistakes(it, self.kernel, expected) for it in self.explanations), key=len)


def _way(candidate: Candidate, kernel: Kernel) -> tuple[Any, ...]:
    """What the candidate does, in whatever words: the laid weights, where they lie, and what follows."""
    convention = candidate.convention
    weights = convention.orientation.of_weights(kernel.weights)
    done = convention.borders, convention.output_size, convention.scale, convention.gain, convention.bias
    laid = weights.shape, (weights + 0.0).tobytes()  # never -0.0
    return laid, convention.start(kernel.shape), done, convention.numbers, candidate.arithmetic


def diagnose(
    image: NDArray[Any], kernel: Kernel, result: NDArray[Any], *, expected: Expectation | None = None
) -> Diagnosis:
    """Search operation, orientation, anchor, borders, output size, scale, bias and numbers for the result.

    image and result (H, W) or (H, W, C). expected decides only which of several equal rules is named.
    Raises CorrconvError where the result's shape belongs to no output size.
    """
    if image.ndim != result.ndim or image.shape[2:] != result.shape[2:]:
        raise CorrconvError(
            f"the image has shape {image.shape} and the result {result.shape}; both need the same channels (see --gray)"
        )
    _check_numbers("image", image)
    _check_numbers("kernel", kernel.weights)
    _check_numbers("result", result)
    geometries = _geometries(image, kernel, result)
    if not geometries:
        raise CorrconvError(
            f"a {image.shape[0]}x{image.shape[1]} image and a {kernel.shape[0]}x{kernel.shape[1]} kernel cannot give"
            f" {result.shape[0]}x{result.shape[1]} results, neither same nor full nor valid"
        )
    ranked = sorted(geometries, key=lambda it: (-it.share, it.plainness))
    found = [
        _followed(image, kernel, result, geometry, expected)
        for number, geometry in enumerate(ranked)
        if geometry.share == 1 or (number < FOLLOWED and geometry.share >= 0.9 * ranked[0].share)
    ]
    if not any(candidate.explains for candidate in found):
        found += _early_clipping(image, kernel, result)
        found += _displayed(image, kernel, result)
    explaining = _plainest([candidate for candidate in found if candidate.explains])
    found.sort(key=lambda it: (_far_fetched(it, kernel), it.differing_share, it.rmse))
    return Diagnosis(
        kernel=kernel,
        image_shape=image.shape,
        result_shape=result.shape,
        candidates=tuple(explaining or found[:5]),
        unchanged=np.array_equal(image, result),
    )


def _check_numbers(name: str, values: NDArray[Any]) -> None:
    """Raise CorrconvError for numbers that cannot be reckoned with."""
    largest = float(np.abs(values.astype(np.float64)).max(initial=0.0))
    if not largest <= LARGEST:
        raise CorrconvError(f"the {name} holds {largest:.3g}; a diagnosis needs finite numbers up to {LARGEST:g}")


def _far_fetched(candidate: Candidate, kernel: Kernel) -> bool:
    """Whether the anchor lies outside the kernel, and most results differ even so."""
    convention = candidate.convention
    cell = convention.anchor_cell(kernel.shape)
    outside = any(not 0 <= place < side for place, side in zip(cell, kernel.shape, strict=True))
    return convention.output_size is OutputSize.SAME and outside and candidate.differing_share > 0.5


def _plainest(explaining: list[Candidate]) -> list[Candidate]:
    """The explanations without a free factor, an added number or wrap-around, where there are such."""

    def made_up(candidate: Candidate) -> tuple[bool, bool, bool]:
        convention = candidate.convention
        return convention.gain != 1, convention.bias != 0, convention.numbers.overflow is Overflow.WRAP

    fewest = min((sum(made_up(candidate)) for candidate in explaining), default=0)
    return [candidate for candidate in explaining if sum(made_up(candidate)) == fewest]


@dataclass(frozen=True)
class _Geometry:
    """A convention that may hold in the interior, and the share of pixels there that it gives."""

    convention: Convention
    share: float
    plainness: tuple[int, ...]


def _geometries(image: NDArray[Any], kernel: Kernel, result: NDArray[Any]) -> list[_Geometry]:
    found = []
    for number, orientation in enumerate(Orientation):
        laid = orientation.of_shape(kernel.shape)
        for output_size in OutputSize:
            plain = Convention(orientation=orientation, output_size=output_size)
            if plain.output_shape((image.shape[0], image.shape[1]), kernel.shape) != result.shape[:2]:
                continue
            cells: list[Cell | None] = [None]
            if output_size is OutputSize.SAME:
                cells = list(product(range(-1, laid[0] + 1), range(-1, laid[1] + 1)))
            centre = plain.orientation.of_cell(plain.anchor_cell(kernel.shape), kernel.shape)
            for cell in cells:
                convention = plain if cell is None else _anchored(plain, cell, kernel.shape)
                distance = 0 if cell is None else abs(cell[0] - centre[0]) + abs(cell[1] - centre[1])
                scaled = _scaled(image, kernel, result, convention)
                if scaled is not None:
                    found.append(_Geometry(scaled[0], scaled[1], (distance, number)))
    return found


def _anchored(convention: Convention, laid_cell: Cell, shape: tuple[int, int]) -> Convention:
    """The convention with the anchor of this cell of the laid kernel, by the plainest rule for this shape."""
    orientation = convention.orientation
    cell = orientation.inverse.of_cell(laid_cell, orientation.of_shape(shape))
    rule = AnchorRule(*(_axis_rule(place, side) for place, side in zip(cell, shape, strict=True)))
    return replace(convention, odd_anchor=rule, even_anchor=rule)


def _axis_rule(cell: int, side: int) -> AxisAnchor:
    for base in (AnchorBase.CENTER, AnchorBase.LOWER):
        if AxisAnchor(base).cell(side) == cell:
            return AxisAnchor(base)
    return AxisAnchor(AnchorBase.CENTER, cell - side // 2)


def _scaled(
    image: NDArray[Any], kernel: Kernel, result: NDArray[Any], convention: Convention
) -> tuple[Convention, float] | None:
    """The scale, bias and numbers that give most of a window of the interior, and their share of it."""
    rows, columns = interior(image.shape, convention, kernel.shape)
    if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
        return None
    sums, seen = _window(image, kernel, result, convention)
    best: tuple[Convention, float] | None = None
    for candidate in _scale_candidates(sums, seen, kernel, convention):
        divisor = candidate.scale.divisor(kernel) or 1.0
        exact = sums / divisor * candidate.gain + candidate.bias
        for numbers in _numbers_for(exact, seen):
            made = numbers.fit(exact, seen.dtype).astype(np.float64)
            share = float((np.abs(made - seen) <= _reach(seen)).mean())
            if best is None or share > best[1]:
                best = replace(candidate, numbers=numbers), share
            if share == 1:
                return best
    return best


def _window(
    image: NDArray[Any], kernel: Kernel, result: NDArray[Any], convention: Convention
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Sums and results of a part of the interior."""
    inside = interior(image.shape, convention, kernel.shape)
    top, left = _most_telling(result, inside)
    height, width = min(WINDOW, inside[0].stop - top), min(WINDOW, inside[1].stop - left)
    start = convention.start(kernel.shape)
    laid = convention.orientation.of_shape(kernel.shape)
    part = image[top + start[0] :, left + start[1] :][: height + laid[0] - 1, : width + laid[1] - 1]
    sums = raw_sums(part, kernel, replace(convention, output_size=OutputSize.VALID))
    return sums, result[top : top + height, left : left + width]


def _most_telling(result: NDArray[Any], inside: tuple[slice, slice]) -> Cell:
    """Where the window of the result with the most different values begins, out of a coarse grid."""
    tops, lefts = (
        sorted({int(place) for place in np.linspace(axis.start, max(axis.start, axis.stop - WINDOW), 4)})
        for axis in inside
    )

    def variety(place: Cell) -> int:
        return np.unique(result[place[0] : place[0] + WINDOW, place[1] : place[1] + WINDOW]).size

    return max(product(tops, lefts), key=variety)


def _scale_candidates(
    sums: NDArray[np.float64], seen: NDArray[Any], kernel: Kernel, convention: Convention
) -> list[Convention]:
    """Plain scales first; then those with a bias; then whatever line fits."""
    scales = [scale for scale in (Scale.RAW, Scale.SUM, Scale.ABSOLUTE_SUM) if scale.divisor(kernel) != 0]
    distinct = {round(scale.divisor(kernel), 12): scale for scale in reversed(scales)}
    plain = [replace(convention, scale=scale) for scale in reversed(distinct.values())]
    limits = _limits(seen)
    line = fit_line(sums, seen, limits)
    inside = (seen > limits[0]) & (seen < limits[1])
    # Far from any line, neither a bias nor a factor explains the results; wrap-around still may.
    if line is None or np.corrcoef(sums[inside], seen[inside])[0, 1] ** 2 < STRAIGHT:
        return plain
    shifted = []
    for candidate in plain:
        offset = (seen - sums / candidate.scale.divisor(kernel))[inside]
        # Rounding leaves the median of what was added within half a unit.
        bias = float(np.median(offset))
        values = dict.fromkeys((float(round(bias)), round(2 * bias) / 2, bias))
        shifted += [replace(candidate, bias=value) for value in values if abs(value) > _reach(seen)]
    free = replace(convention, gain=_plain_number(line.gain), bias=_plain_number(line.bias))
    if seen.dtype.kind == "f":
        return [*plain, *shifted, free]
    # Rounded results leave the line uncertain, so the plainest factor near it is tried too.
    gain = plain_fraction(line.gain, 5e-3)
    bias = float(round(np.median((seen - gain * sums)[inside])))
    near = [replace(convention, gain=gain, bias=value) for value in dict.fromkeys((0.0, bias))]
    return [*plain, *shifted, *near, free]


def _plain_number(value: float) -> float:
    rounded = float(f"{value:.4g}")
    return rounded if abs(rounded - value) <= 1e-6 * max(1.0, abs(value)) else value


def _limits(seen: NDArray[Any]) -> tuple[float, float]:
    if seen.dtype.kind in "iu":
        limits = np.iinfo(seen.dtype)
        return float(limits.min), float(limits.max)
    return -np.inf, np.inf


def _numbers_for(exact: NDArray[np.float64], seen: NDArray[Any]) -> list[Numbers]:
    """The roundings and overflows worth trying: all of them only where the values come within 1 at most pixels."""
    name = seen.dtype.name
    if seen.dtype.kind == "f":
        return [Numbers(name)]
    found = []
    for overflow in (Overflow.SATURATE, Overflow.WRAP):
        nearest = Numbers(name, Rounding.HALF_EVEN, overflow)
        made = nearest.fit(exact, seen.dtype).astype(np.float64)
        near = (np.abs(made - seen) <= 1).mean() > 0.5
        roundings = [it for it in Rounding if it is not Rounding.NONE] if near else [Rounding.HALF_EVEN]
        found += [Numbers(name, rounding, overflow) for rounding in roundings]
    return found


def _reach(result: NDArray[Any]) -> float:
    return REAL_PRECISION * float(np.abs(result).max(initial=0.0)) if result.dtype.kind == "f" else 0.0


def _followed(
    image: NDArray[Any], kernel: Kernel, result: NDArray[Any], geometry: _Geometry, expected: Expectation | None
) -> Candidate:
    """The geometry with the borders that fit, held against every pixel.

    Roundings that a window cannot tell apart may part elsewhere, so all that give the interior are tried.
    """
    first = _with_borders(image, kernel, result, geometry.convention, expected)
    if first.explains or result.dtype.kind == "f" or first.where in {"interior", "both"}:
        return first
    numbers = geometry.convention.numbers
    others = [replace(numbers, rounding=it) for it in Rounding if it not in {Rounding.NONE, numbers.rounding}]
    candidates = [
        _with_borders(image, kernel, result, replace(geometry.convention, numbers=it), expected) for it in others
    ]
    return min([first, *candidates], key=lambda it: it.differing_share)


def _with_borders(
    image: NDArray[Any], kernel: Kernel, result: NDArray[Any], convention: Convention, expected: Expectation | None
) -> Candidate:
    fitted = partial(convention.numbers.fit, image_dtype=result.dtype)
    sides = fit_sides(image, kernel, result, convention, _reach(result), fitted=fitted)
    wanted = expected.borders.sides if expected is not None and expected.borders is not None else {}
    preferred = {
        name: (wanted[name],) if rules and name in wanted and wanted[name] in rules else rules
        for name, rules in sides.items()
    }
    borders = choose_borders(preferred)
    if all(rules is None for rules in sides.values()) and wanted:
        borders = Borders(**wanted)
    candidates = [
        _held(image, kernel, result, replace(convention, borders=it), sides) for it in _with_shared_fill(borders)
    ]
    return min(candidates, key=lambda it: it.differing_share)


def _with_shared_fill(borders: Borders) -> list[Borders]:
    """The borders, and where constants differ, those with one constant all round: some sides may not show it."""
    fills = {side.fill for side in borders.sides.values() if side.rule is BorderRule.CONSTANT}
    shared = [
        Borders(
            **{
                name: Side(BorderRule.CONSTANT, fill) if side.rule is BorderRule.CONSTANT else side
                for name, side in borders.sides.items()
            }
        )
        for fill in sorted(fills)
    ]
    return [borders, *shared] if len(fills) > 1 else [borders]


def _held(
    image: NDArray[Any],
    kernel: Kernel,
    result: NDArray[Any],
    convention: Convention,
    sides: dict[str, tuple[Side, ...] | None],
) -> Candidate:
    made = convention.numbers.fit(exact_values(image, kernel, convention), result.dtype)
    return _measured(made, result, convention, kernel, image.shape, sides)


def _measured(
    made: NDArray[Any],
    result: NDArray[Any],
    convention: Convention,
    kernel: Kernel,
    image_shape: tuple[int, ...],
    sides: dict[str, tuple[Side, ...] | None],
    arithmetic: Arithmetic = Arithmetic.EXACT,
) -> Candidate:
    difference = np.abs(made.astype(np.float64) - result.astype(np.float64))
    differs = difference > _reach(result)
    inside = np.zeros(result.shape, bool)
    inside[interior(image_shape, convention, kernel.shape)] = True
    in_interior, at_border = bool((differs & inside).any()), bool((differs & ~inside).any())
    where = {(True, True): "both", (True, False): "interior", (False, True): "border"}.get((in_interior, at_border), "")
    first = np.argwhere(differs)
    return Candidate(
        convention=convention,
        arithmetic=arithmetic,
        differing_share=float(differs.mean()),
        max_difference=float(difference.max(initial=0.0)),
        rmse=float(np.sqrt((difference**2).mean())),
        where=where,
        first=(int(first[0][0]), int(first[0][1])) if len(first) else None,
        alternatives=sides,
    )


def _usual(image: NDArray[Any], result: NDArray[Any]) -> list[Convention]:
    """Both operations with the five boundaries, where they can have given these whole numbers."""
    if result.dtype.kind not in "iu" or result.shape != image.shape:
        return []
    numbers = Numbers(result.dtype.name, Rounding.HALF_EVEN, Overflow.SATURATE)
    return [
        Convention(orientation=orientation, borders=Borders.uniform(boundary), numbers=numbers)
        for orientation in (Orientation.AS_IS, Orientation.HALF_TURN)
        for boundary in Boundary
    ]


def _early_clipping(image: NDArray[Any], kernel: Kernel, result: NDArray[Any]) -> list[Candidate]:
    """Sums that were cut off while they grew, or that lost their negative products, for the usual borders."""
    found = [
        _shaped(
            _clipped_sums(image, kernel, convention, _limits(result), arithmetic),
            result,
            convention,
            kernel,
            arithmetic,
        )
        for convention in _usual(image, result)
        for arithmetic in (Arithmetic.CLIPPED_EARLY, Arithmetic.NEGATIVE_DROPPED)
    ]
    return [min(found, key=lambda it: it.differing_share)] if found else []


def _displayed(image: NDArray[Any], kernel: Kernel, result: NDArray[Any]) -> list[Candidate]:
    """Sums that were made pixels by a display rule of `apply`, for the usual borders: all that explain the result."""
    found = []
    for convention in _usual(image, result):
        sums = raw_sums(image, kernel, convention)
        for arithmetic, display in DISPLAYS.items():
            scale = pixel_scale(display, float(sums.min()), float(sums.max()), result.dtype)
            found.append(_shaped(scale(sums), result, convention, kernel, arithmetic))
    return [candidate for candidate in found if candidate.explains]


def _shaped(
    values: NDArray[np.float64], result: NDArray[Any], convention: Convention, kernel: Kernel, arithmetic: Arithmetic
) -> Candidate:
    """The candidate of values that have the result's shape, held against every pixel."""
    made = convention.numbers.fit(values, result.dtype)
    sides: dict[str, tuple[Side, ...] | None] = {name: (side,) for name, side in convention.borders.sides.items()}
    return _measured(made, result, convention, kernel, result.shape, sides, arithmetic)


def _clipped_sums(
    image: NDArray[Any],
    kernel: Kernel,
    convention: Convention,
    limits: tuple[float, float],
    arithmetic: Arithmetic,
) -> NDArray[np.float64]:
    weights = convention.orientation.of_weights(kernel.weights)
    height, width = image.shape[:2]
    reads = (height + weights.shape[0] - 1, width + weights.shape[1] - 1)
    padded = padded_window(image, convention.start(kernel.shape), reads, convention.borders)
    total = np.zeros(image.shape)
    for (row, column), weight in np.ndenumerate(weights):
        products = weight * padded[row : row + height, column : column + width].astype(np.float64)
        if arithmetic is Arithmetic.NEGATIVE_DROPPED:
            total += np.maximum(products, 0)
        else:
            total = np.clip(total + products, *limits)
    return total


FLIPS = {
    Orientation.TOP_BOTTOM: "kernel flipped top to bottom only",
    Orientation.LEFT_RIGHT: "kernel flipped left to right only",
    Orientation.TRANSPOSED: "rows and columns of the kernel exchanged",
    Orientation.ANTI_TRANSPOSED: "kernel mirrored about its other diagonal",
    Orientation.QUARTER_LEFT: "kernel turned by 90 degrees to the left",
    Orientation.QUARTER_RIGHT: "kernel turned by 90 degrees to the right",
}


def mistakes(candidate: Candidate, kernel: Kernel, expected: Expectation) -> tuple[str, ...]:
    """What this explanation says is wrong, in the words of a marker; empty for nothing."""
    convention = candidate.convention
    found = []
    if convention.operation is not expected.operation:
        found.append(_wrong_orientation(convention.orientation, expected.operation))
    found += _wrong_anchor(convention, kernel.shape, expected)
    if expected.borders is not None:
        wrong = {
            f"border {side} instead of {expected.borders.sides[name]}"
            for name, side in convention.borders.sides.items()
            if candidate.alternatives[name] is not None and side != expected.borders.sides[name]
        }
        found += sorted(wrong)
    if candidate.arithmetic is not Arithmetic.EXACT:
        found.append(f"values {candidate.arithmetic}" if "clipped" in candidate.arithmetic else candidate.arithmetic)
    if convention.scale is not Scale.RAW:
        found.append(f"divided by the {convention.scale}")
    if convention.gain != 1:
        found.append(f"multiplied by {convention.gain:g}")
    if convention.bias != 0:
        found.append(f"{convention.bias:g} added")
    # Saturation is tried first, so wrap-around is only found where it made a difference.
    if convention.numbers.overflow is Overflow.WRAP:
        found.append("values wrapped around")
    return tuple(found)


def _wrong_orientation(orientation: Orientation, expected: Operation) -> str:
    if orientation in FLIPS:
        return FLIPS[orientation]
    return "kernel not flipped" if expected is Operation.CONVOLUTION else "kernel flipped"


def _wrong_anchor(convention: Convention, shape: tuple[int, int], expected: Expectation) -> list[str]:
    if convention.output_size is not OutputSize.SAME or expected.anchor is None:
        return []
    cell = convention.anchor_cell(shape)
    off = tuple(place - wanted for place, wanted in zip(cell, expected.anchor, strict=True))
    if off == (0, 0):
        return []
    even = any(side % 2 == 0 and shift for side, shift in zip(shape, off, strict=True))
    if even and max(map(abs, off)) == 1:
        return ["even kernel off by one pixel"]
    return [f"result shifted by {abs(off[0])} rows and {abs(off[1])} columns"]
