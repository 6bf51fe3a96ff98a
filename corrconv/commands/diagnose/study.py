"""Which operation, anchor, border, scale and rounding turned an image and a kernel into a given result?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.diagnose.evidence import Evidence, assumptions, finite_parts, gather
from corrconv.commands.diagnose.finishes import Finish, best_finish, is_fitted, refined
from corrconv.commands.diagnose.grids import (
    TRIED_SPREADS,
    impossible_size,
    larger_than_full,
    plain_grids,
    plainness,
    stepped_grids,
    transposed_grids,
)
from corrconv.commands.diagnose.mistakes import mistakes
from corrconv.commands.diagnose.ranking import Laying, rank, simple_borders
from corrconv.commands.diagnose.selection import (
    all_names,
    distinct,
    far_fetched,
    given_sides,
    merged,
    plainest,
    with_shared_fill,
)
from corrconv.commands.diagnose.treatments import treated
from corrconv.commands.diagnose.way import Assumption, Intended, Treatment, Way
from corrconv.core.convention.filtering import spread_pixels
from corrconv.core.convention.fitting import choose_borders, fit_sides
from corrconv.core.convention.geometry import NO_PADS
from corrconv.core.convention.model import ZERO_BORDERS, Borders, Side
from corrconv.core.convention.numbers import Rounding
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from corrconv.commands.diagnose.chance import Chance
    from corrconv.commands.diagnose.ranking import Ranking
    from corrconv.core.kernel import Kernel
    from corrconv.core.terms import Operation

# How many layings are looked at in a window, and how many of those are followed to the end.
LOOKED_AT = 48
FOLLOWED = 5

# Kernels of more cells are not tried with strides, dilations and pads, unless the result's size asks for them.
LARGEST_STEPPED = 441

# The share of results along a side that may be spoiled and leave its rule to be named.
SPOILED = 0.02


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All ways that explain a result, or else those that come closest, the plainest or nearest first.

    unchanged: whether the result is the image itself. flat: whether the image holds one value only. more: how many
    further layings fit a part of the result as well and were not followed. untried: what was left out of
    the search, in words. chance: how many results of as few numbers the ways that were tried give.
    spread: how far apart the results lie; value: the first of them. assumed: what had to be taken
    otherwise than it was given. two_values: whether the result holds no more than two.
    """

    kernel: Kernel
    image_shape: tuple[int, ...]
    result_shape: tuple[int, ...]
    ways: tuple[Way, ...]
    unchanged: bool = False
    flat: bool = False
    more: int = 0
    untried: str = ""
    chance: Chance
    spread: float = 0.0
    value: float = 0.0
    assumed: Assumption | None = None
    two_values: bool = False

    @property
    def proves_nothing(self) -> bool:
        """Whether the result is explained, and invented numbers would often be as well."""
        if not self.explained:
            return False
        if self.spread == 0 and not self.flat:
            return True
        way = self.explanations[0]
        convention = way.convention
        stepped = (convention.stride, convention.dilation, convention.pads) != ((1, 1), (1, 1), NO_PADS)
        return self.chance.accidental(plain=not stepped and way.treatment is Treatment.NONE)

    @property
    def unfiltered(self) -> bool:
        """Whether the result is the image itself, and the kernel does not leave it so."""
        return self.unchanged and not self.explained

    @property
    def explained(self) -> bool:
        """Whether anything reproduces the result."""
        return bool(self.explanations)

    @property
    def explanations(self) -> tuple[Way, ...]:
        """The ways that reproduce the result; of an unchanged image, those that leave no border as it is."""
        return tuple(way for way in self.ways if way.explains and not (self.unchanged and way.leaves_border))

    @property
    def operations(self) -> tuple[Operation | None, ...]:
        """The operations that explain the result, each once; None stands for neither."""
        return tuple(dict.fromkeys(it.operation for way in self.explanations for it in way.conventions))

    def mistakes(self, intended: Intended) -> tuple[str, ...]:
        """What is wrong with the result; empty where it is as intended.

        Of several explanations the one with the fewest mistakes counts.
        """
        if self.unfiltered:
            return ("nothing was filtered",)
        if not self.explanations:
            return ("no combination reproduces the result",)
        return min((mistakes(it, self.kernel, intended) for it in self.explanations), key=len)


def diagnose(
    image: NDArray[Any],
    kernel: Kernel,
    result: NDArray[Any],
    *,
    intended: Intended | None = None,
    tolerance: float = 0.0,
    recompress: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Diagnosis:
    """Search operation, orientation, anchor, borders, output size, scale, bias and numbers for the result.

    image and result (H, W) or (H, W, C). intended decides only which of several equal rules is named.
    tolerance: how far a result may lie off. recompress: what a lossy file, as the result was one, makes of
    pixels. progress is called with the number of parts done and of all. Raises CorrconvError where the
    result's shape belongs to no output size, stride, dilation or pads that are tried.
    """
    image, result, left_out = finite_parts(image, result)
    evidence = gather(image, kernel, result, tolerance, recompress)
    search = _Search(evidence, intended, progress or (lambda _done, _total: None))
    search.run()
    if evidence.decimals is not None and not search.explained and not evidence.loose:
        # Half a unit of the last decimal, and what doubles lose.
        printed = replace(evidence, printed=0.500001 * 10.0**-evidence.decimals)
        again = _Search(printed, intended, progress or (lambda _done, _total: None))
        again.run()
        search = again if again.explained else search
    assumed = left_out
    for assumption, other in [] if search.explained else assumptions(evidence):
        again = _Search(other, intended, search.progress)
        again.run()
        if again.explained:
            search, assumed = again, assumption
            break
    return Diagnosis(
        kernel=kernel,
        image_shape=image.shape,
        result_shape=result.shape,
        ways=tuple(search.best()),
        unchanged=np.array_equal(image, result),
        flat=float(image.min()) == float(image.max()),
        more=search.more,
        untried=search.untried,
        chance=search.evidence.reached.chance,
        spread=float(result.max()) - float(result.min()),
        value=float(result.flat[0]),
        assumed=assumed,
        two_values=bool(np.isin(result, (result.min(), result.max())).all()),
    )


class _Search:
    """The search on one evidence: what was found so far, and what was left out."""

    def __init__(self, evidence: Evidence, intended: Intended | None, progress: Callable[[int, int], None]) -> None:
        self.evidence, self.intended, self.progress = evidence, intended, progress
        self.found: list[Way] = []
        self.more = 0
        self.untried = ""

    def run(self) -> None:
        """Try the plain conventions, treatments of their sums, strides, dilation and pads, transposed ones."""
        grids = plain_grids(self.evidence)
        if grids:
            ranking = rank(self.evidence, grids, LOOKED_AT)
            self._follow(ranking)
            if not any(way.explains and not is_fitted(way.convention) for way in self.found):
                ways = merged(treated(self.evidence, [it.convention for it in ranking.layings[:3]]))
                self.found += [all_names(way, self.evidence.kernel) for way in ways]
        if not self.explained and larger_than_full(self.evidence):
            self._follow_transposed()
        if self.explained:
            return
        stepped = stepped_grids(self.evidence)
        if grids and self.evidence.kernel.weights.size > LARGEST_STEPPED:
            self.untried = ", ".join(filter(None, (self.untried, "strides, dilations and pads, for so large a kernel")))
            return
        if not stepped and not grids:
            raise CorrconvError(impossible_size(self.evidence))
        if stepped:
            self._follow(rank(self.evidence, stepped, LOOKED_AT))
        if not self.explained and not larger_than_full(self.evidence):
            self._follow_transposed()

    def _follow_transposed(self) -> None:
        """Let each pixel write the kernel, some pixels apart: filter the picture spread with zeros."""
        for step in TRIED_SPREADS:
            wide = replace(self.evidence, image=spread_pixels(self.evidence.image, (step, step)), zeros_outside=True)
            grids = transposed_grids(wide, step)
            if not grids:
                continue
            search = _Search(wide, None, self.progress)
            search._follow(rank(wide, grids, LOOKED_AT))
            self.found += [it for way in search.found if way.explains for it in self._spread(way, step)]
            if self.explained:
                return

    def _spread(self, way: Way, step: int) -> Iterator[Way]:
        """The way as one of the picture itself, if that gives the result with nothing but zeros outside."""
        names = [replace(it, spread=(step, step), borders=ZERO_BORDERS) for it in way.conventions]
        precision = self.evidence.precisions[-1] if way.deviation.edges else 0.0
        deviation, numbers = self.evidence.deviation(names[0], precision)
        if deviation.differing == 0:
            sides = given_sides(names[0])
            yield replace(
                way,
                convention=names[0],
                also=tuple(names[1:]),
                deviation=deviation,
                numbers=numbers,
                alternatives=sides,
            )

    def best(self) -> list[Way]:
        """The plainest ways that explain the result, or else the nearest."""
        shape = self.evidence.kernel.shape
        explaining = plainest(distinct([way for way in self.found if way.explains], self.evidence))
        if explaining:
            # Of a range and a factor that do the same, a result that fills the range bears witness to the range.
            return sorted(
                explaining, key=lambda way: (way.treatment is Treatment.NONE, plainness(way.convention, shape))
            )
        self.found.sort(
            key=lambda way: (far_fetched(way, self.evidence.kernel), way.deviation.share, way.deviation.rmse)
        )
        return self.found[:5]

    @property
    def explained(self) -> bool:
        """Whether anything found explains the result."""
        return any(way.explains for way in self.found)

    def _follow(self, ranking: Ranking) -> None:
        """Hold the nearest layings against the whole result."""
        self.untried = ranking.untried
        finished = []
        # Where numbers are so few that a fit proves nothing, one that fits will do.
        layings = ranking.layings[: LOOKED_AT if self.evidence.reached.chance.accidental(plain=True) else None]
        # What comes less than half as near as the nearest is no explanation where one is.
        best_score = max((it.score for it in layings), default=0.0)
        layings = tuple(it for it in layings if not it.with_borders or 2 * it.score >= best_score)
        for number, laying in enumerate(layings):
            self.progress(number, 2 * len(layings))
            finish = best_finish(self.evidence, laying.sums, laying.seen, laying.convention)
            if finish is not None:
                finished.append((laying, finish))
        if not finished:
            return
        finished.sort(key=lambda it: -it[1].share)
        best = finished[0][1].share
        chosen = [
            entry
            for number, entry in enumerate(finished)
            if entry[1].share == 1 or (number < FOLLOWED and entry[1].share >= 0.9 * best)
        ]
        if best == 1:
            self.more += ranking.more
        ways = []
        for number, (laying, finish) in enumerate(chosen):
            self.progress(len(chosen) + number, 2 * len(chosen))
            ways.append(self._way(laying, finish))
        self.found += merged(ways)

    def _way(self, laying: Laying, finish: Finish) -> Way:
        """The laying with the borders that fit, held against every pixel."""
        if laying.with_borders:
            return self._held(laying, finish, given_sides(finish.convention))
        way = self._with_borders(laying, finish)
        deviation = way.deviation
        if self.evidence.recompress is not None:
            return min([way, *self._other_roundings(laying, finish)], key=lambda it: it.deviation.differing)
        if way.explains or self.evidence.loose:
            return way
        for precision in self.evidence.precisions:
            # A window may hold none of the few results that lie on a rounding edge.
            if finish.precision < precision and deviation.largest <= 1:
                excused = self._with_borders(laying, replace(finish, precision=precision))
                if excused.explains:
                    return excused
        if deviation.where in {"interior", "both"}:
            better = refined(self.evidence, way.convention, finish)
            return way if better is None else self._with_borders(laying, better)
        # Roundings that a window cannot tell apart may part elsewhere, so all that give the interior are tried.
        return min([way, *self._other_roundings(laying, finish)], key=lambda it: it.deviation.differing)

    def _other_roundings(self, laying: Laying, finish: Finish) -> list[Way]:
        numbers = finish.convention.numbers
        others = [it for it in Rounding if it not in {Rounding.NONE, numbers.rounding}]
        if numbers.rounding is Rounding.NONE:
            return []
        changed = [replace(finish.convention, numbers=replace(numbers, rounding=it)) for it in others]
        return [self._with_borders(laying, replace(finish, convention=it)) for it in changed]

    def _nearest_borders(self, laying: Laying, finish: Finish) -> Way:
        """The way with the one rule for all sides that comes nearest, where none need fit exactly."""
        ways = [
            self._held(laying, replace(finish, convention=it), given_sides(it))
            for it in (
                replace(finish.convention, borders=borders)
                for borders in simple_borders(self.evidence, finish.convention)
            )
        ]
        nearest = min(ways, key=lambda way: (way.deviation.differing, way.deviation.rmse))
        as_good = [way for way in ways if way.explains and (nearest.deviation.differing or not way.deviation.differing)]
        return merged([nearest, *as_good])[0] if nearest.explains else nearest

    def _with_borders(self, laying: Laying, finish: Finish) -> Way:
        evidence, convention = self.evidence, finish.convention
        if evidence.loose:
            return self._nearest_borders(laying, finish)
        reach = evidence.reach(convention, finish.precision)
        sides = fit_sides(
            evidence.image,
            evidence.kernel,
            evidence.result,
            convention,
            lambda values, seen: evidence.cost(convention.numbers, reach, values, seen),
            limits=evidence.limits,
            allowed=SPOILED,
        )
        wanted = self.intended.borders.sides if self.intended is not None and self.intended.borders is not None else {}
        preferred = {
            name: (wanted[name],) if rules and name in wanted and wanted[name] in rules else rules
            for name, rules in sides.items()
        }
        borders = choose_borders(preferred)
        if all(rules is None for rules in sides.values()) and wanted:
            borders = Borders(**wanted)
        candidates = [
            self._held(laying, replace(finish, convention=replace(convention, borders=it)), sides)
            for it in with_shared_fill(borders)
        ]
        return min(candidates, key=lambda it: it.deviation.differing)

    def _held(self, laying: Laying, finish: Finish, sides: dict[str, tuple[Side, ...] | None]) -> Way:
        deviation, others = self.evidence.deviation(finish.convention, finish.precision)
        convention = finish.convention
        also = tuple(
            replace(
                convention,
                orientation=it.orientation,
                odd_anchor=it.odd_anchor,
                even_anchor=it.even_anchor,
            )
            for it in laying.also
        )
        return Way(
            convention=convention,
            also=also,
            deviation=deviation,
            alternatives=sides,
            numbers=others,
            within=self.evidence.tolerance,
            decimals=self.evidence.decimals if self.evidence.printed else None,
        )
