"""Which layings of the kernel come nearest to the result, judged by a part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.diagnose.grids import plainness
from corrconv.core.convention.filtering import raw_sums, replace_border_results
from corrconv.core.convention.geometry import NO_PADS, Pads
from corrconv.core.convention.model import ZERO_BORDERS, BorderRule, Borders, Convention, Scale
from corrconv.core.terms import OutputSize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from corrconv.commands.diagnose.evidence import Evidence, Part
    from corrconv.commands.diagnose.grids import Grid
    from corrconv.core.arrays import Reals
    from corrconv.core.kernel import Cell, Kernel

# The part of the result that is looked at first: so many rows and columns, and so many pixels of those.
WINDOW = 40
SAMPLE = 256

# A window of fewer results decides too little; all results are looked at instead, with every border rule.
FEWEST = 30

# The border rules that are tried where windows lie inside the image at few places or none.
SIMPLE_RULES = (
    BorderRule.CONSTANT,
    BorderRule.REFLECT,
    BorderRule.SYMMETRIC,
    BorderRule.EDGE,
    BorderRule.WRAP,
    BorderRule.UNFILTERED,
    BorderRule.BLANK,
)

# So many of those layings are looked at, which is quick for the few results that they have.
MOST_EVERYWHERE = 400

# How many values a search through all border rules may hold at once.
MOST_VALUES = 10_000_000

# Places to begin at, each of which takes some milliseconds, however few results there are.
MOST_PLACES = 3000


@dataclass(frozen=True, eq=False)
class Laying:
    """A way to lay the kernel, the sums it gives for some results, and how near these come, up to 1.

    also: other words for the same, whatever their borders. with_borders: whether the sums depend on the
    convention's border rule.
    """

    convention: Convention
    also: tuple[Convention, ...]
    score: float
    sums: Reals
    seen: Reals
    with_borders: bool = False


@dataclass(frozen=True)
class Ranking:
    """The layings that come nearest, best first; how many more come as near; and which were not tried."""

    layings: tuple[Laying, ...]
    more: int = 0
    untried: str = ""


def rank(evidence: Evidence, grids: Iterable[Grid], most: int) -> Ranking:
    """The layings on these grids, up to so many."""
    found: list[tuple[float, tuple[int, ...], Grid, Cell, _Window]] = []
    small = []
    for grid in grids:
        window = _Window.of(evidence, grid)
        if window is None:
            small.append(grid)
            continue
        scored = window.scores(evidence, grid)
        for (row, start_row), (column, start_column) in product(*map(enumerate, grid.starts)):
            start = (start_row, start_column)
            found.append((float(scored[row, column]), (), grid, start, window))
    found = _nearest(found, most)
    layings = [
        (score, grid.conventions(start, evidence.kernel.shape), window.sums_at(grid, start), window.seen)
        for score, _, grid, start, window in found
    ]
    chosen = [Laying(names[0], names[1:], score, sums, seen) for score, names, sums, seen in layings]
    everywhere, untried = _everywhere(evidence, small)
    ordered = sorted(
        [*chosen, *everywhere], key=lambda it: (-it.score, plainness(it.convention, evidence.kernel.shape))
    )
    best = ordered[0].score if ordered else 0.0
    most = max(most, MOST_EVERYWHERE) if everywhere else most
    more = sum(it.score == best for it in ordered[most:])
    return Ranking(tuple(ordered[:most]), more, untried)


def _nearest(found: list[Any], most: int) -> list[Any]:
    """The best so many, and all that are as good as the last of them."""
    if len(found) <= most:
        return found
    last = sorted((entry[0] for entry in found), reverse=True)[most - 1]
    return [entry for entry in found if entry[0] >= last][: 20 * most]


@dataclass(frozen=True, eq=False)
class _Window:
    """Results whose windows lie inside the image wherever the first one begins to read, and sums around them."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    seen: Reals
    sums: Reals
    origin: Cell

    @classmethod
    def of(cls, evidence: Evidence, grid: Grid) -> _Window | None:
        """The window with the most different results, or None where there are too few."""
        convention, shape = grid.convention, evidence.kernel.shape
        extent = convention.extent(shape)
        inside = []
        for axis in (0, 1):
            stride = convention.stride[axis]
            first = max(0, -(min(grid.starts[axis]) // stride))
            last = (evidence.image.shape[axis] - extent[axis] - max(grid.starts[axis])) // stride
            inside.append(range(first, min(last + 1, evidence.result.shape[axis])))
        if len(inside[0]) * len(inside[1]) < FEWEST:
            return None
        part = _most_telling(evidence.result, (inside[0], inside[1]))
        rows, columns = (np.arange(axis.start, axis.stop) for axis in part)
        low = [
            int(places[0]) * step + min(starts)
            for places, step, starts in zip((rows, columns), convention.stride, grid.starts, strict=True)
        ]
        high = [
            int(places[-1]) * step + max(starts) + reach
            for places, step, starts, reach in zip((rows, columns), convention.stride, grid.starts, extent, strict=True)
        ]
        region = evidence.image[low[0] : high[0], low[1] : high[1]]
        valid = replace(convention, output_size=OutputSize.VALID, stride=(1, 1), pads=NO_PADS)
        sums = raw_sums(region, evidence.kernel, valid)
        seen = evidence.result[part].astype(np.float64)
        return cls(rows, columns, seen, sums, (low[0], low[1]))

    def sums_at(self, grid: Grid, start: Cell) -> Reals:
        """The sums of the window where the first result begins to read there."""
        stride = grid.convention.stride
        rows = self.rows * stride[0] + start[0] - self.origin[0]
        columns = self.columns * stride[1] + start[1] - self.origin[1]
        return self.sums[np.ix_(rows, columns)]

    def scores(self, evidence: Evidence, grid: Grid) -> Reals:
        """How near the sums come for each start, by rows and columns."""
        height, width = self.seen.shape[:2]
        chosen = np.random.default_rng(0).permutation(height * width)[:SAMPLE]
        rows, columns = np.divmod(np.sort(chosen), width)
        seen = self.seen[rows, columns].ravel()
        stride = grid.convention.stride
        found = np.empty([len(axis) for axis in grid.starts])
        across = self.columns[columns] * stride[1] + np.array(grid.starts[1])[:, np.newaxis] - self.origin[1]
        for number, start in enumerate(grid.starts[0]):
            down = self.rows[rows] * stride[0] + start - self.origin[0]
            sums = self.sums[down, across]
            found[number] = scores(evidence, sums.reshape(len(across), -1), seen)
        return found


def _most_telling(result: NDArray[Any], inside: tuple[range, range]) -> Part:
    """The window of the result with the most different values, out of a coarse grid of windows."""
    tops, lefts = (
        sorted({int(place) for place in np.linspace(axis.start, max(axis.start, axis.stop - WINDOW), 4)})
        for axis in inside
    )

    def window(place: Cell) -> Part:
        rows, columns = (
            slice(first, min(first + WINDOW, axis.stop)) for first, axis in zip(place, inside, strict=True)
        )
        return rows, columns

    return max(map(window, product(tops, lefts)), key=lambda part: np.unique(result[part]).size)


def scores(evidence: Evidence, sums: Reals, seen: Reals) -> Reals:
    """How near each row of sums comes to these results: 1 for all of them, or for a straight line through them."""
    low, high = evidence.limits
    straight = (seen > low) & (seen < high)
    if not straight.any():
        straight = ~straight  # black and white only: sums above a threshold are larger than those below it
    found = np.zeros(len(sums))
    if np.count_nonzero(straight) >= 3 and np.ptp(seen[straight]) > 0:
        inside = sums[:, straight]
        found = np.maximum(_straightness(inside, seen[straight]), _straightness(np.abs(inside), seen[straight]))
    # Of black and white alone, most are right by luck where most are white; a threshold makes no straight line.
    white = (seen == seen.max()).mean()
    luck = max(white, 1 - white) if white < 1 and np.isin(seen, (seen.min(), seen.max())).all() else 0.0
    for divisor in plain_divisors(evidence.kernel):
        made = sums / divisor
        slack = evidence.slack if not evidence.whole else max(1.0, evidence.tolerance)
        near = np.abs(np.clip(made, low, high) - seen) <= slack
        if evidence.whole:
            span = high - low + 1
            # One off in either direction, round the end of the range too.
            near |= np.abs(np.mod(np.floor(made) - seen + 1, span) - 1) <= slack
        found = np.maximum(found, (near.mean(axis=1) - luck) / (1 - luck))
    return found


def _straightness(sums: Reals, seen: Reals) -> Reals:
    """The squared correlation coefficient of each row of sums with the results; 0 for flat ones."""
    centred, deviations = sums - sums.mean(axis=1, keepdims=True), seen - seen.mean()
    spread = (centred**2).sum(axis=1) * (deviations @ deviations)
    telling = spread > 0
    found: Reals = np.zeros(len(sums))
    found[telling] = (centred[telling] @ deviations) ** 2 / spread[telling]
    return found


def plain_scales(kernel: Kernel) -> list[Scale]:
    """The scales that differ for this kernel, the plainest first."""
    scales = [scale for scale in (Scale.RAW, Scale.SUM, Scale.ABSOLUTE_SUM) if scale.divisor(kernel) != 0]
    distinct = {round(scale.divisor(kernel), 12): scale for scale in reversed(scales)}
    return list(reversed(distinct.values()))


def plain_divisors(kernel: Kernel) -> list[float]:
    """What these divide by."""
    return [scale.divisor(kernel) for scale in plain_scales(kernel)]


def _everywhere(evidence: Evidence, grids: list[Grid]) -> tuple[list[Laying], str]:
    """The layings on these grids, each with each border rule, judged by all results."""
    if not grids:
        return [], ""
    places = sum(len(grid.starts[0]) * len(grid.starts[1]) for grid in grids)
    near, untried = None, ""
    if places > MOST_PLACES or places * evidence.result.size * len(SIMPLE_RULES) > MOST_VALUES:
        near = 2 if places < 10 * MOST_PLACES else 1
        untried = f"anchors more than {near} {'cell' if near == 1 else 'cells'} off the middle"
    seen = evidence.result.astype(np.float64).ravel()
    conventions, values = [], []
    for grid in grids:
        starts = tuple(_close_to_middle(axis, near) for axis in grid.starts)
        around = {}
        for row, column in product(*starts):
            names = grid.conventions((row, column), evidence.kernel.shape)
            for borders in simple_borders(evidence, names[0]):
                if borders not in around:
                    around[borders] = _sums_around(evidence, grid, starts, borders)
                laid = replace(names[0], borders=borders)
                sums = _part_of(around[borders], evidence, grid, (row - min(starts[0]), column - min(starts[1])))
                conventions.append((laid, names[1:]))
                values.append(replace_border_results(sums, evidence.image, evidence.kernel.shape, laid).ravel())
    matrix = np.array(values)
    for divisor in plain_divisors(evidence.kernel):
        evidence.reached.add(matrix / divisor)
    scored = scores(evidence, matrix, seen)
    return [
        Laying(convention, also, float(score), sums, seen, with_borders=True)
        for (convention, also), score, sums in zip(conventions, scored, matrix, strict=True)
    ], untried


def _sums_around(evidence: Evidence, grid: Grid, starts: tuple[tuple[int, ...], ...], borders: Borders) -> Reals:
    """The sums at every place that a result may begin to read from, with the pixels of this rule outside."""
    extent = grid.convention.extent(evidence.kernel.shape)
    pads = []
    for axis in (0, 1):
        stop = max(starts[axis]) + (evidence.result.shape[axis] - 1) * grid.convention.stride[axis] + extent[axis]
        pads += [-min(starts[axis]), stop - evidence.image.shape[axis]]
    whole = replace(grid.convention, output_size=OutputSize.VALID, stride=(1, 1), pads=Pads(*pads), borders=borders)
    return raw_sums(evidence.image, evidence.kernel, whole)


def _part_of(sums: Reals, evidence: Evidence, grid: Grid, origin: Cell) -> Reals:
    """The results that begin to read at this place of those sums."""
    rows, columns = (
        slice(first, first + (count - 1) * step + 1, step)
        for first, count, step in zip(origin, evidence.result.shape, grid.convention.stride, strict=False)
    )
    return sums[rows, columns]


def _close_to_middle(starts: tuple[int, ...], near: int | None) -> tuple[int, ...]:
    if near is None:
        return starts
    middle = len(starts) // 2
    return starts[max(0, middle - near) : middle + near + 1]


def simple_borders(evidence: Evidence, convention: Convention) -> list[Borders]:
    """One rule for all sides: every rule that the convention's results may follow."""
    if evidence.zeros_outside:
        return [ZERO_BORDERS]
    if convention.output_size is OutputSize.VALID and convention.pads == NO_PADS:
        return [convention.borders]
    rules = SIMPLE_RULES if convention.output_size is OutputSize.SAME else SIMPLE_RULES[:5]
    fills = (0.0, 1.0, 255.0) if evidence.result.size <= SAMPLE else (0.0,)
    return [
        Borders.uniform(rule, fill) for rule in rules for fill in (fills if rule is BorderRule.CONSTANT else (0.0,))
    ]
