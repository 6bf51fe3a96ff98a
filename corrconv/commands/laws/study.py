"""The algebraic laws of both operations, checked on a picture and two kernels against what theory says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.laws.known_laws import LAWS
from corrconv.commands.laws.setting import on_noise, setting_of
from corrconv.core.shown import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.laws.known_laws import Equation, KnownLaw
    from corrconv.commands.laws.setting import Setting
    from corrconv.core.arrays import Reals
    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options
    from corrconv.core.progress import Progress

EPSILON = float(np.finfo(np.float64).eps)

# On top of one rounding a product: what a Fourier transform, or an engine that uses one, adds.
ROUNDINGS = 64

LONGEST_MAP = 400  # cells along the longer side of a deviation map


class Place(StrEnum):
    """Where the two sides of a law differ."""

    NOWHERE = "nowhere"
    BORDER = "border"  # only where the boundary rule had a part
    INTERIOR = "interior"  # also where nothing but real pixels was read
    TOTAL = "total"  # the law compares single numbers, which have no place


@dataclass(frozen=True)
class Law:
    """One law: what theory says of it, and what was measured.

    expected: it holds for every picture, under these options and kernels; why: the reason, either way.
    max_relative_deviation: the largest |left - right|, as a share of the largest value that the
    sides could have (peak pixel times Σ|weights|; for totals, times the number of values).
    tolerance: deviations up to this are rounding. deviation (rows, columns): |left - right| in the
    same unit; of a large result, the largest of each block. accident: the law holds on this
    picture, although noise breaks it, as theory says.
    """

    name: str
    statement: str
    expected: bool
    why: str
    max_relative_deviation: float
    tolerance: float
    where: Place
    deviation: Reals
    accident: bool = False

    @property
    def holds(self) -> bool:
        """Whether the two sides were equal on this picture, but for rounding."""
        return self.max_relative_deviation <= self.tolerance

    @property
    def agrees(self) -> bool:
        """Whether measurement and theory say the same; a lucky picture does not speak against theory."""
        return self.holds == self.expected or self.accident


@dataclass(frozen=True, repr=False)
class Laws(Shown):
    """All laws on one picture F with the kernels G and H.

    first, second: G and H as they were laid, anchor and dilation included.
    """

    first: Kernel
    second: Kernel
    options: Options
    laws: tuple[Law, ...]

    @property
    def agree(self) -> bool:
        """Whether every law came out as theory says."""
        return all(law.agrees for law in self.laws)


def check_laws(
    image: NDArray[np.generic],
    first: Kernel,
    second: Kernel,
    options: Options,
    *,
    progress: Progress | None = None,
) -> Laws:
    """Check every law on a gray picture F (H, W) with the kernels G and H, in float64.

    progress is told how many laws are done, and of how many. Raises CorrconvError for strided
    options, for pixels that are not finite, and under `valid` for pictures that are too small.
    """
    setting = setting_of(image, first, second, options)
    noise = on_noise(setting)
    laws = []
    for known in LAWS:
        laws.append(_checked(known, setting, noise))
        if progress is not None:
            progress(len(laws), len(LAWS))
    return Laws(setting.g, setting.h, options, tuple(laws))


def _checked(known: KnownLaw, setting: Setting, noise: Setting) -> Law:
    law = _measured(known, setting)
    if law.expected or not law.holds:
        return law
    return replace(law, accident=not _measured(known, noise).holds)


def _measured(known: KnownLaw, setting: Setting) -> Law:
    equation = known.equation(setting)
    tolerance = EPSILON * (ROUNDINGS + equation.products)
    deviation = _deviation(equation)
    largest = float(deviation.max())
    return Law(
        name=known.name,
        statement=known.statement,
        expected=equation.expectation.holds,
        why=equation.expectation.why,
        max_relative_deviation=largest,
        tolerance=tolerance,
        where=_place(deviation, tolerance, equation.margin),
        deviation=largest_of_blocks(np.atleast_2d(deviation), LONGEST_MAP),
    )


def _deviation(equation: Equation) -> Reals:
    """The largest |left - right| of the equation's pairs at each place, in units of the bound."""
    deviations = []
    for left, right in equation.sides():
        difference = np.abs(np.subtract(left, right))
        if equation.bound:
            difference /= equation.bound
        deviations.append(difference)
    largest = deviations[0]
    for deviation in deviations[1:]:
        largest = np.maximum(largest, deviation)
    return largest


def _place(deviation: Reals, tolerance: float, margin: tuple[int, int]) -> Place:
    if deviation.max() <= tolerance:
        return Place.NOWHERE
    if deviation.ndim == 0:
        return Place.TOTAL
    rows, columns = (
        slice(width, max(width, side - width)) for width, side in zip(margin, deviation.shape, strict=True)
    )
    inside = deviation[rows, columns]
    return Place.INTERIOR if inside.max(initial=0.0) > tolerance else Place.BORDER


def largest_of_blocks(values: Reals, longest: int) -> Reals:
    """The largest value of each square block, so that the longer side has at most so many blocks."""
    block = -(-max(values.shape) // longest)
    if block == 1:
        return values
    for axis in (0, 1):
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], block), axis=axis)
    return values
