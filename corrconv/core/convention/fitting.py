"""Which border rules, scales and roundings make given results of given pixels: shared by probing and diagnosis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from math import nan
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.filtering import exact_values, interior
from corrconv.core.convention.model import BorderRule, Borders, Convention, Side
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

# Relative to the largest possible sum: thousands of roundings of float64 and of float32, so that FFT
# methods pass, and a term that does not belong there is noticed.
DOUBLE_PRECISION = 1e-12
SINGLE_PRECISION = 1e-5

# Weights outside the image that sum to less than this show nothing of a constant there.
NEGLIGIBLE = 1e-9

# The rules that make up pixels by repeating others; the constant is solved for.
REPEATING = (BorderRule.EDGE, BorderRule.REFLECT, BorderRule.SYMMETRIC, BorderRule.WRAP)


@dataclass(frozen=True)
class Line:
    """results = gain · sums + bias, with the largest deviation of the pixels that it was fitted to."""

    gain: float
    bias: float
    deviation: float
    pixels: int


# How badly results follow from exact values; 0 where all do.
Cost: TypeAlias = "Callable[[NDArray[np.float64], NDArray[Any]], float]"


def fit_line(sums: NDArray[Any], results: NDArray[Any], limits: tuple[float, float] = (-np.inf, np.inf)) -> Line | None:
    """The line through the results strictly within the limits, or None for fewer than three of them."""
    inside = (results > limits[0]) & (results < limits[1])
    x, y = sums[inside].astype(np.float64), results[inside].astype(np.float64)
    if x.size < 3 or np.ptp(x) == 0:
        return None
    centred = x - x.mean()
    gain = float(centred @ y / (centred @ centred))
    bias = float(y.mean() - gain * x.mean())
    return Line(gain, bias, float(np.abs(gain * x + bias - y).max()), x.size)


def plain_fraction(value: float, reach: float) -> float:
    """The fraction with the smallest divisor within this relative reach, or the value itself."""
    for divisor in range(1, 65):
        fraction = round(value * divisor) / divisor
        if abs(fraction - value) <= reach * max(abs(value), reach):
            return fraction
    return value


def side_strips(image_shape: tuple[int, ...], convention: Convention, shape: tuple[int, int]) -> dict[str, Any]:
    """For each side, the outputs that reach over this side only (an empty strip where none do)."""
    rows, columns = interior(image_shape, convention, shape)
    return {
        "top": (slice(0, rows.start), columns),
        "bottom": (slice(rows.stop, None), columns),
        "left": (rows, slice(0, columns.start)),
        "right": (rows, slice(columns.stop, None)),
    }


def misfits(tolerance: float) -> Cost:
    """How many results lie further away from the exact values than this; nan is as good as nan."""
    return lambda values, seen: float(
        np.count_nonzero(~((np.abs(values - seen) <= tolerance) | (np.isnan(values) & np.isnan(seen))))
    )


def fit_sides(
    image: NDArray[Any],
    kernel: Kernel,
    result: NDArray[Any],
    convention: Convention,
    cost: Cost,
    *,
    limits: tuple[float, float] = (-np.inf, np.inf),
    allowed: float = 0.0,
) -> dict[str, tuple[Side, ...] | None]:
    """For each side, the rules that give the results along it; None for a side that no window reaches over.

    The convention must hold in the interior. Constants are solved for, from results within the limits. The
    rules of the lowest cost fit, if that is at most so much for each result; else the rule is `unknown`.
    """
    found: dict[str, tuple[Side, ...] | None] = {}
    for name, strip in side_strips(image.shape, convention, kernel.shape).items():
        seen = result[strip].astype(np.float64)
        if seen.size == 0:
            found[name] = None
            continue
        costs = _costs(image, kernel, seen, convention, strip, cost, limits)
        lowest = min(costs.values())
        fits = tuple(side for side, it in costs.items() if it == lowest)
        found[name] = fits if lowest <= allowed * seen.size else (Side(BorderRule.UNKNOWN),)
    return found


def _costs(
    image: NDArray[Any],
    kernel: Kernel,
    seen: NDArray[np.float64],
    convention: Convention,
    strip: tuple[slice, slice],
    cost: Cost,
    limits: tuple[float, float],
) -> dict[Side, float]:
    """What each rule costs along a side; the likeliest rule first."""

    def values(side: Side) -> NDArray[np.float64]:
        return exact_values(image, kernel, replace(convention, borders=Borders(side, side, side, side)), strip)

    black = values(Side(BorderRule.CONSTANT, 0.0))
    slope = values(Side(BorderRule.CONSTANT, 1.0)) - black
    constants = {fill: cost(black + fill * slope, seen) for fill in _constants(seen, black, slope, limits)}
    likeliest = _plainest_constant(constants, lambda fill: seen - (black + fill * slope))
    costs = {Side(BorderRule.CONSTANT, float(likeliest)): constants[likeliest]}
    costs |= {Side(rule): cost(values(Side(rule)), seen) for rule in REPEATING}
    if min(costs.values()) > 0 and convention.output_size is OutputSize.SAME:
        pixels = image[:: convention.stride[0], :: convention.stride[1]][strip]
        costs[Side(BorderRule.UNFILTERED)] = cost(pixels.astype(np.float64), seen)
        # The one nan that equals itself in a tuple.
        blank = Side(BorderRule.BLANK, nan if np.isnan(seen).all() else float(np.median(seen)))
        costs[blank] = cost(np.full(seen.shape, blank.fill), seen)
    return costs


def _plainest_constant(costs: dict[float, float], rest: Callable[[float], NDArray[np.float64]]) -> float:
    """The first of the constants of the lowest cost that comes about as near as any of them.

    What a cost forgives, such as single precision, is no reason to round a constant that fits far better unrounded.
    """
    lowest = min(costs.values())
    largest = {
        fill: float(np.abs(rest(fill)[np.isfinite(rest(fill))]).max(initial=0.0))
        for fill, cost in costs.items()
        if cost == lowest
    }
    least = min(largest.values())
    return next(fill for fill, far in largest.items() if far <= 4 * least + NEGLIGIBLE * (1 + abs(fill)))


def _constants(
    seen: NDArray[np.float64], black: NDArray[np.float64], slope: NDArray[np.float64], limits: tuple[float, float]
) -> list[float]:
    """Constants that may lie outside, the likeliest first; results at the limits may have been cut off.

    Where the weights outside cancel, any constant would do, and 0 stands for all of them.
    """
    telling = (seen > limits[0]) & (seen < limits[1]) & (np.abs(slope) > NEGLIGIBLE)
    if not telling.any():
        return [0.0]
    fill = float((slope * (seen - black))[telling].sum() / (slope[telling] ** 2).sum())
    fill = float(f"{fill:.12g}")  # the noise of its own sums would make each kernel's constant another one
    return [round(fill), fill] if limits[0] == -np.inf else [round(fill), 0.0, fill]


def fit_numbers(
    exact: list[NDArray[np.float64]], results: list[NDArray[Any]], image_dtype: np.dtype[Any]
) -> tuple[NumberRule, ...]:
    """The roundings and overflows that turn the exact values into these results, to the last one.

    Real results may be rounded or cut off too; unrounded ones fit to the precision of their type.
    """
    dtype = results[0].dtype
    name = "image" if dtype == image_dtype else dtype.name
    real = dtype.kind == "f"
    candidates = [
        NumberRule(name, rounding, overflow)
        for rounding, overflow in product(Rounding, Overflow)
        if real or (rounding is not Rounding.NONE and overflow is not Overflow.NONE)
    ]
    return tuple(numbers for numbers in candidates if _makes(numbers, exact, results, image_dtype))


def _makes(
    numbers: NumberRule, exact: list[NDArray[np.float64]], results: list[NDArray[Any]], image_dtype: np.dtype[Any]
) -> bool:
    for values, result in zip(exact, results, strict=True):
        made = numbers.fit(values, image_dtype)
        reach = 0.0
        if result.dtype.kind == "f":
            peak = max(float(np.abs(values).max()), float(np.iinfo(image_dtype).max))
            reach = peak * precision_of(result.dtype)
        if np.abs(made.astype(np.float64) - result).max() > reach:
            return False
    return True


def precision_of(dtype: np.dtype[Any]) -> float:
    """How far sums in this type may deviate from exact ones, relative to the largest possible sum."""
    return DOUBLE_PRECISION if dtype.itemsize >= 8 else SINGLE_PRECISION


def shared_rules(candidates: list[tuple[Side, ...] | None]) -> tuple[Side, ...] | None:
    """The rules that all of these allow, in their order; None where none of them is reached over."""
    known = [rules for rules in candidates if rules is not None]
    if not known:
        return None
    return tuple(rule for rule in known[0] if all(rule in others for others in known[1:]))


def choose_borders(candidates: dict[str, tuple[Side, ...] | None]) -> Borders:
    """One rule a side: a rule that all sides allow where there is one, else the first of each.

    Raises CorrconvError where a side allows none.
    """
    common = shared_rules(list(candidates.values())) or ()
    chosen: dict[str, Side] = {}
    for name, rules in candidates.items():
        if rules is not None and not rules:
            raise CorrconvError(f"no border rule along the {name} holds for all of these kernels")
        chosen[name] = common[0] if common else (rules or (Side(BorderRule.CONSTANT),))[0]
    return Borders(**chosen)
