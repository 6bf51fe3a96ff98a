"""Is the kernel that was sought of the right size? Rings of zeros are too many; what a larger one explains is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.learn.study import LEARNED_ROUNDING, NOTICEABLE_ERRORS, learn_kernel
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.learn.study import LearnedKernel

# The root mean square of what is lost when values are rounded to whole numbers, with some room.
ROUNDED = 0.3

# Weights at the rim that are this share of the largest one are not small.
RIM = 0.05

# A larger kernel is worth it where it leaves no more than this share of the error.
BETTER = 0.7


@dataclass(frozen=True)
class SizeAdvice:
    """Another size, and what it leaves; for a smaller one, which only drops rings of zeros, residual is None."""

    shape: tuple[int, int]
    residual: float | None = None


def size_advice(learned: LearnedKernel, before: NDArray[Any], after: NDArray[Any], **given: Any) -> SizeAdvice | None:
    """A smaller size whose rim alone is 0 within its errors, or a larger one that was tried and explains more.

    before, after and given are those of `learn_kernel`. None where the size is right, or not known to be wrong.
    """
    weights = np.abs(learned.correlation_kernel.weights)
    shape = learned.correlation_kernel.shape
    if not learned.determined or not weights.any():
        return None
    noise = max(NOTICEABLE_ERRORS * learned.uncertainty, LEARNED_ROUNDING * float(weights.max()))
    kept = _without_rings(weights, noise)
    if kept != shape:
        return SizeAdvice(kept)
    unexplained = ROUNDED if after.dtype.kind in "iu" else 1e-6 * float(np.abs(after).max())
    # A side of 1 stays one: signals and lines are sought along their axis.
    if learned.residual <= unexplained or _rim(weights) < max(RIM * float(weights.max()), noise):
        return None
    larger = (shape[0] + 2 * (shape[0] > 1), shape[1] + 2 * (shape[1] > 1))
    try:
        again = learn_kernel(before, after, larger, **given)
    except CorrconvError:
        return None  # it would take too long, or more pixels than there are
    return SizeAdvice(larger, again.residual) if again.residual <= BETTER * learned.residual else None


def _without_rings(weights: NDArray[Any], noise: float) -> tuple[int, int]:
    """The shape that is left when outer rows and columns that are 0 within their errors go, two at a time."""
    rows, columns = weights.shape
    while rows > 2 and weights[[0, -1]].max() <= noise:
        weights, rows = weights[1:-1], rows - 2
    while columns > 2 and weights[:, [0, -1]].max() <= noise:
        weights, columns = weights[:, 1:-1], columns - 2
    return rows, columns


def _rim(weights: NDArray[Any]) -> float:
    """The largest weight of the outer rows and columns."""
    return float(max(weights[[0, -1]].max(), weights[:, [0, -1]].max()))
