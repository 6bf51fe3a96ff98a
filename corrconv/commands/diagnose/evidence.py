"""Image, kernel and result, and how what a convention makes is held against the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.diagnose.chance import MOST_RESULTS, Reached
from corrconv.commands.diagnose.way import Assumption, Deviation
from corrconv.core.convention.filtering import WHOLE, exact_values, interior
from corrconv.core.convention.fitting import DOUBLE_PRECISION
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.memory import require_memory
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals
    from corrconv.core.convention.model import Convention

    Part = tuple[slice, slice]

# Real results count as reproduced within this share of the largest one: results kept as text have few digits.
REAL_PRECISION = 1e-6

# What float64 and float32 sums may be off, relative to the largest possible sum: some roundings of each.
PRECISIONS = (0.0, DOUBLE_PRECISION, 1e-6)

# NumberRule beyond these, whose squares the search for a line sums up, are more than float64 holds.
LARGEST = 1e100
SMALLEST = 1e-100

# Results that are computed at once: 32 MB of float64.
BLOCK = 4_000_000


# What a search that finds nothing takes of each number, and a fifth more, which keeps it below ten seconds.
BYTES_A_NUMBER = 150


@dataclass(frozen=True, eq=False)
class Evidence:
    """An image and a result (H, W) or (H, W, C), and the kernel between them.

    tolerance: how far a result may lie off. recompress: what a lossy file of the result's kind makes of pixels.
    printed: how far real results may lie off because they were written with few decimals. zeros_outside: whether
    nothing but zeros is tried around the image.
    """

    image: NDArray[Any]
    kernel: Kernel
    result: NDArray[Any]
    tolerance: float = 0.0
    recompress: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    printed: float = 0.0
    zeros_outside: bool = False

    @cached_property
    def decimals(self) -> int | None:
        """How many decimals the results were written with, if they have few and are not whole."""
        if self.whole or self.result.size > BLOCK:
            return None
        return next((it for it in range(1, 5) if np.array_equal(np.round(self.result, it), self.result)), None)

    @cached_property
    def reached(self) -> Reached:
        """The results that the ways tried so far give."""
        return Reached(self.result, self.limits)

    @cached_property
    def whole(self) -> bool:
        """Whether the result holds whole numbers only, of whatever type."""
        if self.result.dtype.kind in "iu":
            return True
        return all(bool((self.result[part] == np.rint(self.result[part])).all()) for part in self.blocks())

    @cached_property
    def held(self) -> np.dtype[Any]:
        """The narrowest usual type that holds the results, if they are whole."""
        low, high = float(self.result.min()), float(self.result.max())
        for name in ("uint8", "uint16"):
            if low >= 0 and high <= np.iinfo(name).max and self.result.dtype != np.int8:
                return np.dtype(name)
        return self.result.dtype if self.result.dtype.kind in "iu" else np.dtype(np.int64)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The results at which numbers may have been cut off."""
        if not self.whole:
            return -np.inf, np.inf
        limits = np.iinfo(self.held)
        return float(limits.min), float(limits.max)

    @property
    def loose(self) -> bool:
        """Whether results need not be met exactly."""
        return self.tolerance > 0 or self.recompress is not None

    @cached_property
    def precisions(self) -> tuple[float, ...]:
        """How precise the sums may have been; a few whole numbers are added exactly, or any number near them fits."""
        weights = self.kernel.weights
        whole = all(bool((it == np.rint(it)).all()) for it in (weights, self.image)) if self.whole else False
        return PRECISIONS[:1] if self.loose or (whole and self.result.size <= MOST_RESULTS) else PRECISIONS

    @cached_property
    def largest_sum(self) -> float:
        """The largest that a sum can be."""
        return float(np.abs(self.image).max(initial=0.0)) * self.kernel.absolute_sum

    @cached_property
    def slack(self) -> float:
        """How far real results may lie off."""
        return max(self.tolerance, self.printed, REAL_PRECISION * float(np.abs(self.result).max(initial=0.0)))

    @cached_property
    def number_types(self) -> tuple[str, ...]:
        """The types that whole results may have had when they were made."""
        if not self.whole:
            return ()
        own = (self.result.dtype.name,) if self.result.dtype.kind in "iu" else ()
        return tuple(dict.fromkeys((*own, self.held.name)))

    def all_numbers(self) -> list[NumberRule]:
        """Every way to make the result's numbers of real ones."""
        real = self.result.dtype.kind == "f"
        found = [NumberRule(self.result.dtype.name)] if real else []
        for name, overflow in product(self.number_types, (Overflow.SATURATE, Overflow.WRAP)):
            found += [NumberRule(name, rounding, overflow) for rounding in Rounding if rounding is not Rounding.NONE]
        if real and self.whole:
            name = self.result.dtype.name
            found += [NumberRule(name, rounding) for rounding in Rounding if rounding is not Rounding.NONE]
        return found

    def reach(self, convention: Convention, precision: float) -> float:
        """How far the values of a convention may be off in sums of this precision."""
        return precision * self.largest_sum * abs(convention.gain) / abs(convention.scale.divisor(self.kernel) or 1.0)

    def fit(self, numbers: NumberRule, values: Reals) -> Reals:
        """The numbers as a result would hold them."""
        return numbers.fit(values, self.held).astype(np.float64)

    def wrong(self, numbers: NumberRule, reach: float, values: Reals, seen: NDArray[Any]) -> NDArray[np.bool_]:
        """Which results do not follow from these values, which may be off by the reach, by these numbers."""
        rounded = numbers.rounding is not Rounding.NONE
        slack = self.tolerance if rounded else self.slack
        off: NDArray[np.bool_] = np.abs(self.fit(numbers, values) - seen) > slack
        if reach and rounded and off.any():
            for shifted in (values - reach, values + reach):
                off &= np.abs(self.fit(numbers, shifted) - seen) > slack
        return off

    def cost(self, numbers: NumberRule, reach: float, values: Reals, seen: NDArray[Any]) -> float:
        """How many results do not follow; or how far they are off in all, where they need not be met exactly."""
        if self.loose:
            return float(np.abs(self.fit(numbers, values) - seen).sum())
        return float(np.count_nonzero(self.wrong(numbers, reach, values, seen)))

    def values(self, convention: Convention, part: Part = WHOLE) -> Reals:
        """The exact values of a convention."""
        return exact_values(self.image, self.kernel, convention, part)

    def blocks(self) -> Iterator[Part]:
        """The result in bands of rows that are computed one by one."""
        rows = max(1, BLOCK // max(1, self.result[0].size))
        for top in range(0, self.result.shape[0], rows):
            yield slice(top, min(top + rows, self.result.shape[0])), slice(None)

    def deviation(
        self, convention: Convention, precision: float, values: Reals | None = None
    ) -> tuple[Deviation, tuple[NumberRule, ...]]:
        """How far the convention is from the whole result, and which numbers else are as near where it is none.

        values: those of a treatment, instead of the convention's.
        """
        if self.recompress is not None:
            return self._recompressed(convention, self.values(convention) if values is None else values), ()
        inside = interior(self.image.shape, convention, self.kernel.shape)
        tally = _Tally(self, convention, precision, inside)
        for part in self.blocks():
            tally.add(part, self.values(convention, part) if values is None else values[part])
        return tally.deviation(), tuple(tally.others)

    def _recompressed(self, convention: Convention, values: Reals) -> Deviation:
        """The deviation after the loss of a file of the result's kind."""
        assert self.recompress is not None
        made = convention.numbers.fit(values, self.held)
        again = self.recompress(made).astype(np.float64)
        lost = float(np.abs(again - made).max(initial=0.0))
        inside = interior(self.image.shape, convention, self.kernel.shape)
        tally = _Tally(replace(self, recompress=None), convention, 0.0, inside)
        tally.add(WHOLE, again)
        before = float(np.abs(self.result - made.astype(np.float64)).max(initial=0.0))
        return replace(tally.deviation(), lost=lost, before=before)


class _Tally:
    """The deviation of a result, added up band by band."""

    def __init__(self, evidence: Evidence, convention: Convention, precision: float, inside: Part) -> None:
        self.evidence, self.numbers, self.inside = evidence, convention.numbers, inside
        self.precision, self.reach = precision, evidence.reach(convention, precision)
        numbers = convention.numbers
        self.others = [it for it in evidence.all_numbers() if it.dtype == numbers.dtype and it != numbers]
        if evidence.loose or numbers.rounding is Rounding.NONE:
            self.others = []
        self.differing = self.excused = self.edges = 0
        self.within = 0
        self.squares = self.largest = 0.0
        self.first: tuple[int, int] | None = None

    def add(self, part: Part, values: Reals) -> None:
        """Count one band of rows."""
        evidence, numbers, reach = self.evidence, self.numbers, self.reach
        top = part[0].start or 0
        seen = evidence.result[part].astype(np.float64)
        made = evidence.fit(numbers, values)
        difference = np.abs(made - seen)
        wrong = evidence.wrong(numbers, reach, values, seen)
        self.differing += int(np.count_nonzero(wrong))
        if self.precision:
            self.excused += int(np.count_nonzero(difference > evidence.tolerance)) - int(np.count_nonzero(wrong))
            edge = evidence.fit(numbers, values - reach) != evidence.fit(numbers, values + reach)
            self.edges += int(np.count_nonzero(edge))
        rows = slice(max(0, self.inside[0].start - top), max(0, self.inside[0].stop - top))
        self.within += int(np.count_nonzero(wrong[rows, self.inside[1]]))
        self.squares += float((difference**2).sum())
        self.largest = max(self.largest, float(difference.max(initial=0.0)))
        if self.first is None and wrong.any():
            row, column, *_ = np.unravel_index(int(wrong.argmax()), wrong.shape)
            self.first = (int(row) + top, int(column))
        self._compare_others(values, seen)

    def _compare_others(self, values: Reals, seen: Reals) -> None:
        """Strike out the numbers that do not give this band."""
        low, high = np.iinfo(self.evidence.held).min, np.iinfo(self.evidence.held).max
        if self.others and low <= values.min() and values.max() <= high and np.array_equal(values, seen):
            return  # nothing was rounded or cut off
        self.others = [
            numbers for numbers in self.others if not self.evidence.wrong(numbers, self.reach, values, seen).any()
        ]

    def deviation(self) -> Deviation:
        """What was counted."""
        size = self.evidence.result.size
        outside = self.differing > self.within
        where = {(True, True): "both", (True, False): "interior", (False, True): "border"}
        return Deviation(
            results=size,
            differing=self.differing,
            largest=self.largest,
            rmse=float(np.sqrt(self.squares / size)),
            where=where.get((self.within > 0, outside), ""),
            first=self.first,
            edges=self.edges if self.excused else 0,
        )


def assumptions(evidence: Evidence) -> Iterator[tuple[Assumption, Evidence]]:
    """What people and libraries change before they filter: each with the evidence for it."""
    image, weights = evidence.image, evidence.kernel.weights
    if image.ndim == 3 and image.shape[2] >= 3:
        order = [2, 1, 0, *range(3, image.shape[2])]
        yield Assumption.BLUE_FIRST, replace(evidence, image=image[..., order])
    whole = np.trunc(weights)
    if image.dtype.kind in "iu" and evidence.whole and whole.any() and not np.array_equal(whole, weights):
        yield Assumption.WHOLE_WEIGHTS, replace(evidence, kernel=Kernel(whole, evidence.kernel.anchor))


def gather(
    image: NDArray[Any],
    kernel: Kernel,
    result: NDArray[Any],
    tolerance: float,
    recompress: Callable[[NDArray[Any]], NDArray[Any]] | None,
) -> Evidence:
    """The evidence of a diagnosis. Raises CorrconvError for channels that differ, and for what is too large."""
    if image.ndim != result.ndim or image.shape[2:] != result.shape[2:]:
        raise CorrconvError(
            f"the image has shape {image.shape} and the result {result.shape}; both need the same channels, which"
            " gray pictures have"
        )
    image, result = (it.astype(np.uint8) if it.dtype.kind == "b" else it for it in (image, result))
    require_memory(
        BYTES_A_NUMBER * max(image.size, result.size),
        f"a diagnosis of {image.shape[0]} rows of {image.shape[1]} pixels",
        "filter a part of it, of 1000x1000 say, which tells as much",
    )
    for name, values in (("image", image), ("kernel", kernel.weights), ("result", result)):
        check_numbers(name, values)
    return Evidence(image, kernel, result, tolerance, recompress)


def finite_parts(image: NDArray[Any], result: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], Assumption | None]:
    """Image and result without nan, and what was left out of them: a border of the result, or the nan of the image.

    Raises CorrconvError where nan leaves nothing, or lies elsewhere.
    """
    holes, lost = _is_nan(image), _is_nan(result)
    if lost.all():
        count = int(np.count_nonzero(holes))
        spread = f"; the image holds {count}, and a transform (FFT) spreads one over all results" if count else ""
        raise CorrconvError(f"the result holds nan everywhere, which tells no filters apart{spread}")
    if holes.any():
        if not lost.any():
            raise CorrconvError(
                "the image holds nan and the result none, so something was put in its place, as Astropy does;"
                " filter an image without nan"
            )
        kept = max(_beside(holes, lost), key=lambda band: lost[band[1]].size)
        if not lost[kept[1]].size:
            raise CorrconvError("the image holds nan, which leaves no rows or columns of the result untouched")
        return image[kept[0]], result[kept[1]], Assumption.BESIDE_NAN
    if not lost.any():
        return image, result, None
    rows, columns = (np.flatnonzero(~lost.all(axis=axis)) for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    if lost[part].any():
        row, column = (int(place[0]) for place in np.nonzero(lost[part]))
        place = f"{row + rows[0]},{column + columns[0]}"
        raise CorrconvError(f"the result holds nan at {place}, inside, and the image none; leave out that part of both")
    return image, result[part], Assumption.NAN_BORDER


def _is_nan(values: NDArray[Any]) -> NDArray[np.bool_]:
    """By row and column, whether any channel is nan."""
    found: NDArray[np.bool_] = values != values  # noqa: PLR0124 - what no other number does
    return found if found.ndim == 2 else np.logical_or.reduce(found, axis=2)


def _beside(holes: NDArray[np.bool_], lost: NDArray[np.bool_]) -> Iterator[tuple[Part, Part]]:
    """Before and behind all nan, along both axes: the part of the image, and the results that read nothing else."""
    for axis in (0, 1):
        ends = [np.flatnonzero(it.any(axis=1 - axis))[[0, -1]] for it in (holes, lost)]
        for band in ([slice(0, int(first)) for first, _ in ends], [slice(int(last) + 1, None) for _, last in ends]):
            image_part, result_part = ((it, slice(None)) if axis == 0 else (slice(None), it) for it in band)
            yield image_part, result_part


def check_numbers(name: str, values: NDArray[Any]) -> None:
    """Raise CorrconvError for numbers that cannot be reckoned with."""
    ends = [abs(float(end)) for end in (values.min(initial=0), values.max(initial=0))]
    largest = float(np.max(ends))  # nan if there is one
    if not (largest == 0 or SMALLEST <= largest <= LARGEST):
        raise CorrconvError(
            f"the {name} holds {largest:.3g}; a diagnosis needs numbers of a size from {SMALLEST:g} to {LARGEST:g}"
        )
