"""Which scale, bias, rounding and overflow make given results of given sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.diagnose.evidence import BLOCK
from corrconv.commands.diagnose.ranking import plain_scales
from corrconv.core.convention.fitting import fit_line, plain_fraction
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.minimum import lowest_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corrconv.commands.diagnose.evidence import Evidence
    from corrconv.core.arrays import Reals
    from corrconv.core.convention.model import Convention

# The least share of the variance that a bias or a factor must leave explained.
STRAIGHT = 0.9

# How many results must bear witness for each number that is free to be chosen.
WITNESSES = 4

# Where a rounding leaves the mean of what it takes away.
ROUNDING_CENTRES = {
    Rounding.HALF_EVEN: 0.0,
    Rounding.TRUNCATE: 0.5,
    Rounding.FLOOR: 0.5,
}

# Factors that people use and that are no plain fractions.
USUAL_FACTORS = (1 / 255, 255.0, 1 / 256, 256.0, 1 / 65535, 65535.0, 257.0, 1 / 257)


@dataclass(frozen=True)
class Finish:
    """A convention with its scale, bias and numbers, in sums of some precision, and the share that it gives."""

    convention: Convention
    precision: float = 0.0
    share: float = 0.0


def best_finish(evidence: Evidence, sums: Reals, seen: Reals, convention: Convention) -> Finish | None:
    """The plainest finish that gives all of these results, or the one that gives most of them.

    sums: what the convention's kernel gives where the results were seen, of the same shape.
    """
    best: Finish | None = None
    lowest = np.inf
    for stage in (_plain, _shifted, _scaled):
        candidates = list(stage(evidence, sums, seen, convention))
        exact = [_exact(evidence, sums, it) for it in candidates]
        tried = [_numbers_for(evidence, values, seen) for values in exact]
        for precision in evidence.precisions:
            for candidate, values, every in zip(candidates, exact, tried, strict=True):
                reach = evidence.reach(candidate, precision)
                for numbers in every:
                    cost = evidence.cost(numbers, reach, values, seen)
                    # What is lost on the way looks a little like any factor; so it must explain a good part.
                    if cost < (0.9 * lowest if evidence.loose and stage is not _plain else lowest):
                        lowest = cost
                        wrong = np.count_nonzero(evidence.wrong(numbers, reach, values, seen))
                        best = Finish(replace(candidate, numbers=numbers), precision, 1 - wrong / seen.size)
                    if cost == 0:
                        return best
    return best


def _exact(evidence: Evidence, sums: Reals, convention: Convention) -> Reals:
    divisor = convention.scale.divisor(evidence.kernel) or 1.0
    return sums / divisor * convention.gain + convention.bias


def _plain(evidence: Evidence, sums: Reals, seen: Reals, convention: Convention) -> Iterator[Convention]:  # noqa: ARG001
    """The sums as they are, or divided by what people divide by."""
    for scale in plain_scales(evidence.kernel):
        yield replace(convention, scale=scale)


def _straight(evidence: Evidence, sums: Reals, seen: Reals) -> NDArray[np.bool_] | None:
    """The results that were not cut off, if they lie along a line; else neither bias nor factor explains them."""
    inside = (seen > evidence.limits[0]) & (seen < evidence.limits[1])
    x, y = sums[inside], seen[inside]
    if x.size < WITNESSES or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return inside if np.corrcoef(x, y)[0, 1] ** 2 >= STRAIGHT else None


def _shifted(evidence: Evidence, sums: Reals, seen: Reals, convention: Convention) -> Iterator[Convention]:
    """With something added."""
    inside = _straight(evidence, sums, seen)
    if inside is None or np.unique(seen[inside]).size < 2 * WITNESSES:
        return
    for candidate in _plain(evidence, sums, seen, convention):
        offset = (seen - sums / candidate.scale.divisor(evidence.kernel))[inside]
        # Rounding leaves the median of what was added within half a unit.
        bias = float(np.median(offset))
        values = dict.fromkeys((float(round(bias)), round(2 * bias) / 2, bias))
        yield from (replace(candidate, bias=value) for value in values if abs(value) > evidence.slack)


def _scaled(evidence: Evidence, sums: Reals, seen: Reals, convention: Convention) -> Iterator[Convention]:
    """With a factor, and something added; both free."""
    inside = _straight(evidence, sums, seen)
    if inside is None or np.unique(seen[inside]).size < 3 * WITNESSES:
        return
    line = fit_line(sums, seen, evidence.limits)
    if line is None:
        return
    if not evidence.whole:
        for gain in (_usual(line.gain), _plain_number(line.gain)):
            yield replace(convention, gain=gain)
            yield replace(convention, gain=gain, bias=_plain_number(line.bias))
        return
    yield from _rounded_lines(sums[inside], seen[inside], convention, line.gain)
    yield replace(convention, gain=_plain_number(line.gain), bias=_plain_number(line.bias))


def _rounded_lines(sums: Reals, seen: Reals, convention: Convention, gain: float) -> Iterator[Convention]:
    """The lines that rounded results lie along, near one with this factor; those through 0 first.

    Rounding leaves the factor uncertain, so the plainest one near it is tried too.
    """
    plain = plain_fraction(gain, 5e-3)
    reaches = {rounding: _reach_of(rounding, seen) for rounding in ROUNDING_CENTRES}
    for low, high in reaches.values():
        gains = _gains(sums, seen, low, high)
        if gains is not None:
            yield replace(convention, gain=_plainest_in(*gains))
    yield replace(convention, gain=plain)
    for rounding, centre in ROUNDING_CENTRES.items():
        bias = float(np.median(seen - plain * sums + centre))
        yield replace(convention, gain=plain, bias=float(round(bias)))
        free = widest_line(sums, seen, *reaches[rounding], gain)
        if free is not None:
            yield replace(convention, gain=free[0], bias=free[1])


def _reach_of(rounding: Rounding, seen: Reals) -> tuple[Reals, Reals]:
    """How far below and above a result the value lay that was rounded to it."""
    if rounding is Rounding.HALF_EVEN:
        return np.full(seen.shape, -0.5), np.full(seen.shape, 0.5)
    negative = rounding is Rounding.TRUNCATE
    low = np.where(negative & (seen <= 0), -1.0, 0.0)
    high = np.where(negative & (seen < 0), 0.0, 1.0)
    return low, high


def _gains(sums: Reals, seen: Reals, low: Reals, high: Reals) -> tuple[float, float] | None:
    """The factors that alone give these rounded results: the smallest and the largest, or None."""
    telling = sums != 0
    ends = np.array([(seen + low)[telling] / sums[telling], (seen + high)[telling] / sums[telling]])
    smallest, largest = float(ends.min(axis=0).max()), float(ends.max(axis=0).min())
    return (smallest, largest) if smallest <= largest else None


def _plainest_in(smallest: float, largest: float) -> float:
    """The plainest factor in a range: a usual one, a fraction, or the one with the fewest figures."""
    for factor in USUAL_FACTORS:
        if smallest <= factor <= largest:
            return factor
    for divisor in range(1, 101):
        numerator = np.ceil(smallest * divisor)
        if numerator <= largest * divisor and numerator != 0:
            return float(numerator / divisor)
    middle = (smallest + largest) / 2
    for figures in range(2, 16):
        plain = float(f"{middle:.{figures}g}")
        if smallest <= plain <= largest:
            return plain
    return middle


def widest_line(sums: Reals, seen: Reals, low: Reals, high: Reals, near: float) -> tuple[float, float] | None:
    """The factor and the added number that give these rounded results with the most room to spare, or None.

    For a given factor the numbers that may be added form a range, whose width is a concave function of the
    factor; so its peak is sought around a factor that is near.
    """
    lower, upper = seen + low, seen + high

    def room(gain: float) -> tuple[float, float]:
        line = gain * sums
        return float((lower - line).max()), float((upper - line).min())

    def shortage(gain: float) -> float:
        least, most = room(gain)
        return least - most

    reach = 2.0 / max(float(np.ptp(sums)), 1e-300)
    gain = lowest_place(shortage, near - reach, near + reach)
    least, most = room(gain)
    return (gain, (least + most) / 2) if least <= most else None


def is_fitted(convention: Convention) -> bool:
    """Whether a factor or an added number was fitted to the results."""
    return convention.bias != 0 or convention.gain not in {1.0, *USUAL_FACTORS}


def is_simple(factor: float) -> bool:
    """Whether people write such a factor: a usual one, up to two figures, or one over a whole number."""
    whole = 1 / factor
    return factor in USUAL_FACTORS or factor == float(f"{factor:.2g}") or (abs(whole) <= 100 and whole == round(whole))


def _usual(value: float) -> float:
    near = [factor for factor in USUAL_FACTORS if abs(value - factor) <= 1e-6 * factor]
    return near[0] if near else plain_fraction(value, 1e-6)


def _plain_number(value: float) -> float:
    rounded = float(f"{value:.4g}")
    return rounded if abs(rounded - value) <= 1e-6 * max(1.0, abs(value)) else value


def _numbers_for(evidence: Evidence, exact: Reals, seen: Reals) -> list[NumberRule]:
    """The roundings and overflows worth trying: all of them only where the values come within 1 at most pixels."""
    found = []
    if evidence.result.dtype.kind == "f":
        name = evidence.result.dtype.name
        found.append(NumberRule(name))
        low, high = evidence.limits if evidence.whole else (0.0, 255.0)
        if min((seen == low).sum(), (seen == high).sum()) > 1 and low <= seen.min() and seen.max() <= high:
            found.append(NumberRule(name, Rounding.NONE, Overflow.SATURATE))
    types: list[tuple[str, Overflow]] = []
    for name in evidence.number_types:
        types += [(name, overflow) for overflow in (Overflow.SATURATE, Overflow.WRAP)]
    if evidence.whole and evidence.result.dtype.kind == "f":
        types.append((evidence.result.dtype.name, Overflow.NONE))
    for name, overflow in types:
        nearest = NumberRule(name, Rounding.HALF_EVEN, overflow)
        near = (np.abs(evidence.fit(nearest, exact) - seen) <= 1).mean() > 0.5
        roundings = [it for it in Rounding if it is not Rounding.NONE] if near else [Rounding.HALF_EVEN]
        found += [NumberRule(name, rounding, overflow) for rounding in roundings]
    return found


def refined(evidence: Evidence, convention: Convention, finish: Finish) -> Finish | None:
    """The finish with a free factor that all results allow together, where a window allowed another; or None.

    convention: the finish's, with its borders.
    """
    free = convention.gain not in {1.0, *USUAL_FACTORS}
    if not free or not evidence.whole or evidence.result.size > BLOCK:
        return None
    sums = evidence.values(replace(convention, gain=1.0, bias=0.0))
    seen = evidence.result.astype(np.float64)
    inside = (seen > evidence.limits[0]) & (seen < evidence.limits[1])
    if np.count_nonzero(inside) < 2 * WITNESSES:
        return None
    rounding = convention.numbers.rounding
    low, high = _reach_of(rounding if rounding in ROUNDING_CENTRES else Rounding.HALF_EVEN, seen[inside])
    x, y = sums[inside], seen[inside]
    gains = _gains(x, y, low, high) if convention.bias == 0 else None
    if gains is not None:
        return replace(finish, convention=replace(finish.convention, gain=_plainest_in(*gains)))
    line = widest_line(x, y, low, high, convention.gain)
    if line is None:
        return None
    return replace(finish, convention=replace(finish.convention, gain=line[0], bias=line[1]))
