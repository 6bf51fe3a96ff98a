"""How many results of a few numbers the ways that were tried give: whether one of them proves anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals

# Results of more numbers are not met by accident.
MOST_RESULTS = 30

# From this share of all possible results on, invented numbers have so good a chance that a fit proves nothing: what
# people do every day needs less proof than strides, pads and treatments.
ACCIDENTAL_PLAIN = 0.25
ACCIDENTAL = 0.1

# Steps that typed numbers are whole multiples of.
STEPS = (1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001, 0.0001)


@dataclass(frozen=True)
class Chance:
    """Of so many possible results of so many numbers between low and high, the ways that were tried give some.

    step: how far apart the numbers lie. possible is 0 where there are too many numbers to ask.
    """

    numbers: int
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    possible: int = 0
    given: int = 0

    def accidental(self, *, plain: bool) -> bool:
        """Whether invented numbers would often be explained as well. plain: whether the explanation is."""
        return self.possible > 0 and self.given >= (ACCIDENTAL_PLAIN if plain else ACCIDENTAL) * self.possible


class Reached:
    """The different results that are reached between 0 and the extremes of a result of few numbers.

    limits: where numbers are cut off, or beyond which they begin anew. Numbers that all lie at these bear less
    witness: each is one of two.
    """

    def __init__(self, result: NDArray[Any], limits: tuple[float, float]) -> None:
        values = result.astype(np.float64).ravel()
        self.numbers, self.limits = values.size, limits
        self.found: set[bytes] = set()
        if self.numbers > MOST_RESULTS:
            return
        wholes = (step for step in STEPS if np.abs(values / step - np.rint(values / step)).max(initial=0) < 1e-6)
        self.step = next(wholes, 1e-15)
        self.low, self.high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        if values.max() > 1 and set(values.tolist()) <= set(limits):
            self.step = self.high - self.low

    def add(self, values: Reals) -> None:
        """Count what rows of values give: rounded or cut off, kept within the limits or begun anew."""
        if self.numbers > MOST_RESULTS:
            return
        rows, (low, high) = values.reshape(-1, self.numbers), self.limits
        fine = min(self.step, 1.0)
        for rounding in (np.rint, np.floor):
            whole = rounding(rows / fine) * fine
            beyond = (whole < low) | (whole > high)
            self._count(whole)
            if beyond.any():
                self._count(np.clip(whole, low, high))
                self._count(np.mod(whole - low, high - low + 1) + low)

    def _count(self, rows: Reals) -> None:
        units = (rows - self.low) / self.step
        whole = np.rint(units)
        fitting = (whole >= 0) & (rows <= self.high + self.step / 2) & (np.abs(units - whole) < 1e-6)
        self.found.update(row.tobytes() for row in whole[fitting.all(axis=1)] + 0.0)  # never -0.0

    @property
    def chance(self) -> Chance:
        """What was reached so far, of all that might be."""
        if self.numbers > MOST_RESULTS:
            return Chance(self.numbers)
        levels = round((self.high - self.low) / self.step) + 1
        return Chance(self.numbers, self.low, self.high, self.step, levels**self.numbers, len(self.found))
