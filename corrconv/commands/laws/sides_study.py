"""Both sides of the laws that one checks by hand: commutativity and associativity, on the whole plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.kernel_algebra import convolved, correlated
from corrconv.core.terms import Boundary, Operation, OutputSize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.laws.study import Laws
    from corrconv.core.arrays import Reals


@dataclass(frozen=True)
class LawSides:
    """What stands left and right of a law's equals sign, as it is written and in numbers (rows, columns)."""

    left_words: str
    right_words: str
    left: Reals
    right: Reals

    @property
    def equal(self) -> bool:
        """Whether both are the same numbers, but for rounding."""
        if self.left.shape != self.right.shape:
            return False
        peak = max(float(np.abs(self.left).max()), float(np.abs(self.right).max()))
        return bool(np.allclose(self.left, self.right, rtol=0, atol=1e-12 * peak))


def sides_of(laws: Laws, image: NDArray[Any]) -> tuple[LawSides, ...]:
    """Both sides of commutativity and associativity, for each operation, with a picture (H, W) as F.

    None where a boundary has a part: F and G do not change places there.
    """
    options = laws.options
    if (options.output_size, options.boundary, options.fill) != (OutputSize.FULL, Boundary.CONSTANT, 0.0):
        return ()
    plain = replace(options, anchor=None, dilation=(1, 1))
    picture, g, h = image.astype(np.float64), laws.first, laws.second
    exchanged = Kernel(picture, name="F")
    sides = []
    for sign, operation, joined in (
        ("∗", Operation.CONVOLUTION, convolved(g, h)),
        ("⋆", Operation.CORRELATION, correlated(g, h)),
    ):
        once = filter_array(picture, g, operation, plain)
        other = filter_array(g.weights, exchanged, operation, plain)
        sides.append(LawSides(f"F{sign}G", f"G{sign}F", once, other))
        twice, merged = filter_array(once, h, operation, plain), filter_array(picture, joined, operation, plain)
        sides.append(LawSides(f"(F{sign}G){sign}H", f"F{sign}(G{sign}H)", twice, merged))
    return tuple(sides)
