"""Two libraries' conventions on one image and kernel: which changes turn what the second gives into the first's?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.compare.results import subtract
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.geometry import Pads
from corrconv.core.convention.model import Convention, Scale
from corrconv.core.memory import require_memory
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from corrconv.core.kernel import Cell, Kernel

# Relative to the largest result: what rounding alone may make of two real results.
ROUNDING_SHARE = 1e-12


class Factor(StrEnum):
    """What two conventions can differ in."""

    FLIP = "flip"
    ANCHOR = "anchor"
    PLACES = "places"
    WEIGHTS = "weights"
    BORDER = "border"
    SCALE = "scale"
    NUMBERS = "numbers"


@dataclass(frozen=True)
class Distance:
    """How far two results lie apart: the share of the pixels that differ, the largest and the mean difference."""

    differing_share: float
    largest: float
    mean: float

    @property
    def is_none(self) -> bool:
        """Whether they coincide."""
        return self.differing_share == 0


@dataclass(frozen=True)
class Change:
    """One factor that the second convention takes over from the first, and what still differs afterwards.

    before, after: the second convention without and with the change. pads: what each of them reads outside.
    """

    factor: Factor
    before: Convention
    after: Convention
    left: Distance
    pads: tuple[Pads, Pads]


@dataclass(frozen=True)
class LibraryComparison:
    """Two conventions compared on one image and kernel, and the changes that lead from the second to the first.

    unnoticed: factors in which they differ and whose change shows on no pixel here.
    """

    kernel: Kernel
    first: Convention
    second: Convention
    apart: Distance
    changes: tuple[Change, ...]
    unnoticed: tuple[Factor, ...]

    @property
    def coincide(self) -> bool:
        """Whether both give the same results."""
        return self.apart.is_none

    @property
    def left(self) -> Distance:
        """What still differs after all changes."""
        return self.changes[-1].left if self.changes else self.apart

    @property
    def explained(self) -> bool:
        """Whether nothing differs any more after the changes."""
        return self.left.is_none


def compare_libraries(image: NDArray[Any], kernel: Kernel, first: Convention, second: Convention) -> LibraryComparison:
    """Compare two conventions, and find the changes that make the second give what the first does.

    image (H, W) or (H, W, C). The factors are those that are needed whichever convention is named first;
    each change is the one of them that brings the results closest. Raises CorrconvError where the
    results differ in size, and for pixels that are not finite where a library does more than to sum them.
    """
    require_memory(36 * image.size, "what two libraries make of a picture of this size", "take a part of it")
    first, second = (it.for_shape(kernel.shape) for it in (first, second))
    for convention in (first, second):
        if reason := convention.unpredicted(image, kernel):
            raise CorrconvError(f"{reason}; compare pictures whose pixels are finite")
    forwards, backwards = _Crossing(image, kernel, first, second), _Crossing(image, kernel, second, first)
    apart = forwards.distance(frozenset())
    differing = forwards.factors
    needed = frozenset() if apart.is_none else differing
    for factor in Factor:
        without = needed - {factor}
        if factor in needed and all(it.distance(without).is_none for it in (forwards, backwards)):
            needed = without
    changes: list[Change] = []
    taken: frozenset[Factor] = frozenset()
    while taken != needed:
        nearest = forwards.nearest(taken, needed)
        before, taken = forwards.convention(taken), taken | {nearest}
        after = forwards.convention(taken)
        pads = forwards.pads(before), forwards.pads(after)
        changes.append(Change(nearest, before, after, forwards.distance(taken), pads))
    unnoticed = tuple(factor for factor in Factor if factor in differing - needed)
    return LibraryComparison(kernel, first, second, apart, tuple(changes), unnoticed)


class _Crossing:
    """The way from one convention to another, by any set of factors; each set is computed once."""

    def __init__(self, image: NDArray[Any], kernel: Kernel, goal: Convention, start: Convention) -> None:
        self.image, self.kernel, self.goal = image, kernel, goal
        self.start = start
        self.size = (image.shape[0], image.shape[1])
        self.flipped = self._flipped()
        self.wanted = apply_convention(image, kernel, goal)
        self.distances: dict[frozenset[Factor], Distance] = {}

    def _flipped(self) -> Convention:
        """The start with the goal's orientation: the anchor turned too, or left where it is if that is the goal's."""
        start, goal, shape = self.start, self.goal, self.kernel.shape
        turned = replace(start, orientation=goal.orientation)
        if start.orientation is goal.orientation or self._places(turned) == self._places(goal):
            return turned
        left = turned.anchored(start.laid_anchor(shape), shape)
        return left if self._places(left) == self._places(goal) else turned

    def _places(self, convention: Convention) -> tuple[Cell, ...]:
        """Which pixels the first cell, the next cell and the next result read."""
        first = convention.start(self.kernel.shape, self.size)
        return first, convention.stride, convention.dilation, convention.spread

    def pads(self, convention: Convention) -> Pads:
        """How many pixels the convention reads outside on each side; negative ones are never read."""
        shape = self.kernel.shape
        outputs, lengths = convention.output_shape(self.size, shape), convention.read_shape(self.size)
        first, extent = convention.start(shape, self.size), convention.extent(shape)
        before = [-it for it in first]
        after = [
            (outputs[axis] - 1) * convention.stride[axis] + extent[axis] - lengths[axis] - before[axis]
            for axis in (0, 1)
        ]
        return Pads(before[0], after[0], before[1], after[1])

    @property
    def factors(self) -> frozenset[Factor]:
        """The factors in which start and goal differ for this kernel."""
        moves = {Factor.ANCHOR, Factor.PLACES}
        alone = frozenset(it for it in Factor if it not in moves and self.convention({it}) != self.start)
        if self._places(self.flipped) == self._places(self.goal):
            return alone
        anchored = self._places(self.convention({Factor.FLIP, Factor.ANCHOR})) == self._places(self.goal)
        return alone | {Factor.ANCHOR if anchored else Factor.PLACES}

    def convention(self, factors: Collection[Factor]) -> Convention:
        """The start with these factors of the goal."""
        changed, goal = self.flipped if Factor.FLIP in factors else self.start, self.goal
        if Factor.ANCHOR in factors:
            changed = changed.anchored(goal.laid_anchor(self.kernel.shape), self.kernel.shape)
        if Factor.PLACES in factors:
            changed = replace(changed, output_size=goal.output_size, same_rule=goal.same_rule, pads=goal.pads)
            changed = replace(changed, stride=goal.stride, dilation=goal.dilation, spread=goal.spread)
            changed = changed.anchored(goal.laid_anchor(self.kernel.shape), self.kernel.shape)
        if Factor.WEIGHTS in factors:
            changed = replace(changed, whole_weights=goal.whole_weights)
        if Factor.BORDER in factors:
            changed = replace(changed, borders=goal.borders)
        if Factor.SCALE in factors:
            zero_sum = changed.zero_sum if goal.scale is Scale.RAW else goal.zero_sum
            changed = replace(changed, scale=goal.scale, zero_sum=zero_sum, gain=goal.gain, bias=goal.bias)
        if Factor.NUMBERS in factors:
            changed = replace(changed, numbers=goal.numbers, eight_bit=goal.eight_bit)
        return changed

    def nearest(self, taken: frozenset[Factor], needed: frozenset[Factor]) -> Factor:
        """The next factor: it leaves the fewest pixels different, or of about as many the smallest difference."""

        def left(factor: Factor) -> tuple[float, float]:
            distance = self.distance(taken | {factor})
            return round(distance.differing_share, 1), distance.mean

        return min((factor for factor in Factor if factor in needed - taken), key=left)

    def distance(self, factors: frozenset[Factor]) -> Distance:
        """How far the results still lie apart after these changes."""
        if factors not in self.distances:
            made = apply_convention(self.image, self.kernel, self.convention(factors))
            self.distances[factors] = self._apart(made)
        return self.distances[factors]

    def _apart(self, made: NDArray[Any]) -> Distance:
        if made.shape != self.wanted.shape:
            raise CorrconvError(
                f"{self.goal.name} gives {_size(self.wanted)} results and {self.start.name} {_size(made)};"
                " only results of one size can be compared"
            )
        wanted = self.wanted.astype(np.float64)
        difference = np.abs(subtract(made, wanted))
        largest = float(np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0))
        differs = ~(difference <= ROUNDING_SHARE * largest)  # nan on one side differs
        return Distance(float(differs.mean()), float(difference.max()), float(difference.mean()))


def _size(results: NDArray[Any]) -> str:
    return f"{results.shape[0]} rows of {results.shape[1]}"
