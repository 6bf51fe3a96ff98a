"""Where a function of one number is smallest."""

from __future__ import annotations

from collections.abc import Callable

GOLDEN_SECTION = (5**0.5 - 1) / 2


def lowest_place(function: Callable[[float], float], low: float, high: float, steps: int = 60) -> float:
    """The place between low and high where a function with one valley is smallest, by golden sections.

    Source: J. Kiefer, "Sequential minimax search for a maximum" (1953).
    """
    for _ in range(steps):
        first, second = high - GOLDEN_SECTION * (high - low), low + GOLDEN_SECTION * (high - low)
        if function(first) < function(second):
            high = second
        else:
            low = first
    return (low + high) / 2
