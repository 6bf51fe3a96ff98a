"""One way to get near a result: a convention, what was done to its sums, and how near it comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from corrconv.core.convention.model import BorderRule
from corrconv.core.terms import Display

if TYPE_CHECKING:
    from corrconv.core.convention.model import Borders, Convention, Side
    from corrconv.core.convention.numbers import NumberRule
    from corrconv.core.kernel import Cell
    from corrconv.core.terms import Operation


class Treatment(StrEnum):
    """What was done to the sums before they were rounded, beside scale and bias."""

    NONE = "none"
    CLIPPED_EARLY = "clipped before the sum was finished"
    NEGATIVE_DROPPED = "negative products counted as 0"
    SIGNED = "made pixels as display 'signed' does"
    ABSOLUTE = "made pixels as display 'absolute' does"
    RESCALED = "made pixels as display 'rescale' does"
    STRETCHED = "stretched, the smallest to 0"
    BY_LARGEST = "divided by the largest"
    MAGNITUDE_STRETCHED = "absolute values, stretched, the smallest to 0"
    MAGNITUDE_BY_LARGEST = "absolute values, divided by the largest"
    TRUNCATED_PASSES = "cut off to whole numbers after each axis, as scipy.ndimage does"
    THRESHOLD = "made black and white by a threshold"
    BOXES = "three boxes along each axis, as Pillow's GaussianBlur lays them"
    EIGHT_BIT_WEIGHTS = "each pass with weights of 8 bits, as cv2.GaussianBlur has them"

    @property
    def display(self) -> Display | None:
        """The display rule that was followed, if any."""
        return DISPLAYS.get(self)


class Assumption(StrEnum):
    """What had to be taken otherwise than it was given."""

    BLUE_FIRST = "red and blue exchanged: what was filtered, or RESULT, is BGR"
    NAN_BORDER = "the border of RESULT left out, which is nan"
    BESIDE_NAN = "IMAGE and RESULT cut off before or behind what is nan"
    WHOLE_WEIGHTS = "the weights cut off to whole numbers, as mahotas does for whole pixels"


DISPLAYS = {
    Treatment.SIGNED: Display.SIGNED,
    Treatment.ABSOLUTE: Display.ABSOLUTE,
    Treatment.RESCALED: Display.RESCALE,
}


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """How far what a way makes is from the result.

    differing: results, of so many. where: "interior", "border", "both", or "" for nowhere. first: the first
    result that differs. edges: results whose exact value lies on a rounding edge, closer than float sums are
    exact, counted where the result needs that excuse. lost: what a lossy file changes at most of what the way
    makes; before: how far that is from the result without this loss.
    """

    results: int
    differing: int = 0
    largest: float = 0.0
    rmse: float = 0.0
    where: str = ""
    first: Cell | None = None
    edges: int = 0
    lost: float | None = None
    before: float = 0.0

    @property
    def share(self) -> float:
        """The share of the results that differ."""
        return self.differing / self.results


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to get near the result, and how near.

    also: the same weights over the same pixels in other words. alternatives: for each side, all the rules that
    fit there, None where no window reaches. numbers: all roundings and overflows that do as well. within: how
    far a result may lie off. decimals: how few the results have, where they were taken for rounded to these.
    """

    convention: Convention
    deviation: Deviation
    also: tuple[Convention, ...] = ()
    treatment: Treatment = Treatment.NONE
    alternatives: dict[str, tuple[Side, ...] | None]
    numbers: tuple[NumberRule, ...] = ()
    within: float = 0.0
    decimals: int | None = None

    @property
    def explains(self) -> bool:
        """Whether it gives the whole result."""
        deviation = self.deviation
        return deviation.differing == 0 or (deviation.lost is not None and deviation.before <= deviation.lost)

    @property
    def leaves_border(self) -> bool:
        """Whether pixels along a side are left as they are."""
        return any(side.rule is BorderRule.UNFILTERED for side in self.convention.borders.sides.values())

    @property
    def conventions(self) -> tuple[Convention, ...]:
        """The plainest description of it, and the others."""
        return (self.convention, *self.also)


@dataclass(frozen=True, kw_only=True)
class Intended:
    """What the result should have been; None for what is not judged."""

    operation: Operation
    anchor: Cell | None = None
    borders: Borders | None = None
