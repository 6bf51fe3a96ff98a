"""Results that are no rounded sums: clipped while they grew, displayed, stretched, or summed in few bits."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.diagnose.chance import MOST_RESULTS as FEW_RESULTS
from corrconv.commands.diagnose.way import DISPLAYS, Treatment, Way
from corrconv.core.convention.filtering import padded_window, raw_sums
from corrconv.core.convention.gaussian import eight_bit_passes, eight_bit_weights, truncated_passes
from corrconv.core.convention.model import Borders, Convention, Orientation, Side
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.pixels import pixel_scale
from corrconv.core.terms import Boundary, OutputSize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corrconv.commands.diagnose.evidence import Evidence
    from corrconv.core.arrays import Reals

# Results of more numbers than these are not held against treatments that need all sums at once.
MOST_RESULTS = 16_000_000

# The pixels that decide whether a treatment is worth a look at all of them.
SAMPLED = 2000


def treated(evidence: Evidence, laid: list[Convention]) -> list[Way]:
    """The ways that a treatment explains.

    laid: the conventions that come nearest, for what does not depend on where a kernel lies.
    """
    if evidence.result.size > MOST_RESULTS:
        return []
    searches = (
        _early_clipping,
        _displayed,
        _eight_bit,
        _truncated,
        partial(_thresholded, laid=laid),
        partial(_stretched, laid=laid),
    )
    for search in searches:
        found = list(search(evidence))
        if found:
            return found
    return []


def _usual(evidence: Evidence) -> list[Convention]:
    """Both operations with the five boundaries, where they can have given these whole numbers."""
    if not evidence.whole or evidence.result.shape != evidence.image.shape:
        return []
    numbers = NumberRule(evidence.held.name, Rounding.HALF_EVEN, Overflow.SATURATE)
    turns = [Orientation.AS_IS, Orientation.HALF_TURN]
    if np.array_equal(evidence.kernel.weights, evidence.kernel.weights[::-1, ::-1]):
        turns = turns[:1]
    return [
        Convention(orientation=orientation, borders=Borders.uniform(boundary), numbers=numbers)
        for orientation in turns
        for boundary in Boundary
    ]


def explaining(
    evidence: Evidence, convention: Convention, values: Reals, treatment: Treatment, precision: float = 0.0
) -> Iterator[Way]:
    """The way of values that have the result's shape, held against some and then all results; if it gives them."""
    evidence.reached.add(values)
    chosen = np.random.default_rng(0).integers(0, values.size, SAMPLED)
    reach = evidence.reach(convention, precision)
    if evidence.wrong(convention.numbers, reach, values.ravel()[chosen], evidence.result.ravel()[chosen]).any():
        return
    deviation, others = evidence.deviation(convention, precision, values)
    if deviation.differing:
        return
    sides: dict[str, tuple[Side, ...] | None] = {name: (side,) for name, side in convention.borders.sides.items()}
    if convention.output_size is OutputSize.VALID:
        sides = dict.fromkeys(sides)
    yield Way(
        convention=convention,
        deviation=deviation,
        treatment=treatment,
        alternatives=sides,
        numbers=others,
        within=evidence.tolerance,
    )


def _early_clipping(evidence: Evidence) -> Iterator[Way]:
    """Sums that were cut off while they grew, or that lost their negative products."""
    if evidence.kernel.weights.min() >= 0:
        return  # such sums only grow, so they are cut off at their end alone
    for convention, treatment in product(_usual(evidence), (Treatment.CLIPPED_EARLY, Treatment.NEGATIVE_DROPPED)):
        yield from explaining(evidence, convention, _clipped_sums(evidence, convention, treatment), treatment)


def _clipped_sums(evidence: Evidence, convention: Convention, treatment: Treatment) -> Reals:
    weights = convention.orientation.of_weights(evidence.kernel.weights)
    height, width = evidence.image.shape[:2]
    reads = (height + weights.shape[0] - 1, width + weights.shape[1] - 1)
    padded = padded_window(evidence.image, convention.start(evidence.kernel.shape), reads, convention.borders)
    total = np.zeros(evidence.image.shape)
    for (row, column), weight in np.ndenumerate(weights):
        if weight == 0:
            continue
        products = weight * padded[row : row + height, column : column + width].astype(np.float64)
        if treatment is Treatment.NEGATIVE_DROPPED:
            total += np.maximum(products, 0)
        else:
            total = np.clip(total + products, *evidence.limits)
    return total


def _displayed(evidence: Evidence) -> Iterator[Way]:
    """Sums that were made pixels by a display rule of `apply`."""
    for convention in _usual(evidence):
        sums = raw_sums(evidence.image, evidence.kernel, convention)
        for treatment, display in DISPLAYS.items():
            scale = pixel_scale(display, float(sums.min()), float(sums.max()), evidence.held)
            yield from explaining(evidence, convention, scale(sums), treatment)


def _eight_bit(evidence: Evidence) -> Iterator[Way]:
    """Blurs in fixed point, one axis after the other."""
    weights = eight_bit_weights(evidence.kernel)
    if weights is None or evidence.image.dtype != np.uint8 or evidence.result.shape != evidence.image.shape:
        return
    for convention in _usual(evidence):
        values = eight_bit_passes(evidence.image, weights, convention.borders)
        half_up = replace(convention, numbers=replace(convention.numbers, rounding=Rounding.HALF_UP))
        yield from explaining(evidence, half_up, values, Treatment.EIGHT_BIT_WEIGHTS)


def _truncated(evidence: Evidence) -> Iterator[Way]:
    """Blurs of whole numbers, cut off after each axis."""
    weights = evidence.kernel.weights
    if eight_bit_weights(evidence.kernel) is None:
        return
    lines = weights.sum(axis=1), weights.sum(axis=0)
    for convention in _usual(evidence):
        cut = replace(convention, numbers=replace(convention.numbers, rounding=Rounding.TRUNCATE))
        for exact in (True, False):
            values = truncated_passes(evidence.image, lines, cut.borders, exact=exact)
            yield from explaining(evidence, cut, values, Treatment.TRUNCATED_PASSES)


def _thresholded(evidence: Evidence, laid: list[Convention]) -> Iterator[Way]:
    """Results of two values: all sums above some number became the larger one."""
    low, high = float(evidence.result.min()), float(evidence.result.max())
    few = evidence.result.size <= FEW_RESULTS  # which some threshold often parts
    if few or low == high or not np.isin(evidence.result, (low, high)).all():
        return
    white = evidence.result == high
    for (convention, sums), precision in product(_laid_sums(evidence, laid), evidence.precisions):
        below, above = float(sums[~white].max()), float(sums[white].min())
        reach = evidence.reach(convention, precision)
        if below < above or below - above <= 2 * reach:
            bias = _plainest_between(below, above) if below < above else (below + above) / 2
            edges = np.abs(sums - bias) <= reach
            values = np.where(edges, evidence.result, np.where(sums > bias, high, low)).astype(np.float64)
            thresholded = replace(convention, bias=bias, numbers=NumberRule(evidence.result.dtype.name))
            for way in explaining(evidence, thresholded, values, Treatment.THRESHOLD):
                yield replace(way, deviation=replace(way.deviation, edges=int(np.count_nonzero(edges))))
            return


def _plainest_between(below: float, above: float) -> float:
    """The number with the fewest figures from this one to below that one."""
    for figures in range(1, 16):
        for near in (below, (below + above) / 2):
            plain = float(f"{near:.{figures}g}")
            if below <= plain < above:
                return plain
    return below


def _laid_sums(evidence: Evidence, laid: list[Convention]) -> Iterator[tuple[Convention, Reals]]:
    """The conventions without factors, each with each border, and their sums."""
    for convention in laid:
        size = convention.output_size
        rules = [convention.borders] if size is OutputSize.VALID else [Borders.uniform(rule) for rule in Boundary]
        for borders in rules:
            plain = replace(convention, borders=borders, gain=1.0, bias=0.0)
            yield plain, raw_sums(evidence.image, evidence.kernel, plain)


def _stretched(evidence: Evidence, laid: list[Convention]) -> Iterator[Way]:
    """Sums that were brought to a range by their own extremes."""
    for convention, sums in _laid_sums(evidence, laid):
        yield from _stretched_sums(evidence, convention, sums)


def _stretched_sums(evidence: Evidence, plain: Convention, sums: Reals) -> Iterator[Way]:
    """The first of the ranges, signs and numbers that explains the result."""
    for values, magnitude in ((sums, False), (np.abs(sums), True)):
        for treatment, gain, bias in _ranges(evidence, values, magnitude=magnitude):
            finished = values * gain + bias
            for numbers, precision in product(_stretched_numbers(evidence), evidence.precisions):
                convention = replace(plain, numbers=numbers, gain=gain, bias=bias)
                for way in explaining(evidence, convention, finished, treatment, precision):
                    yield way
                    return


def _ranges(evidence: Evidence, values: Reals, *, magnitude: bool) -> Iterator[tuple[Treatment, float, float]]:
    """What people bring values to: their largest to 1 or to the brightest, their smallest to 0."""
    low, high, peak = float(values.min()), float(values.max()), float(np.abs(values).max())
    tops = (1.0, 255.0, 65535.0) if not evidence.whole else (255.0, 65535.0, 1.0)
    stretched = Treatment.MAGNITUDE_STRETCHED if magnitude else Treatment.STRETCHED
    largest = Treatment.MAGNITUDE_BY_LARGEST if magnitude else Treatment.BY_LARGEST
    for top in tops:
        if high > low and low != 0:
            gain = top / (high - low)
            yield stretched, gain, -low * gain
        for divisor in dict.fromkeys((high, peak)):
            if divisor > 0:
                yield largest, top / divisor, 0.0


def _stretched_numbers(evidence: Evidence) -> list[NumberRule]:
    if not evidence.whole:
        return [NumberRule(evidence.result.dtype.name)]
    return [
        NumberRule(evidence.held.name, rounding, overflow)
        for overflow in (Overflow.SATURATE, Overflow.WRAP)
        for rounding in (Rounding.HALF_EVEN, Rounding.TRUNCATE)
    ]
