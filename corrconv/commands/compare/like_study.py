"""Two libraries' conventions on one image and kernel: do they coincide, and if not, what is to blame?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.model import Convention, Scale
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Kernel

# Relative to the largest result: what rounding alone may make of two real results.
ROUNDING_SHARE = 1e-12


class Factor(StrEnum):
    """What two conventions can differ in."""

    FLIP = "flip"
    ANCHOR = "anchor"
    BORDER = "border"
    SCALE = "scale"
    NUMBERS = "rounding and overflow"


@dataclass(frozen=True)
class FactorBlame:
    """One factor: whether the conventions differ in it, and the share of the difference that it alone explains.

    share: 1 - Σ|second - first with this factor of the second| / Σ|second - first|; 1 explains all,
    0 nothing, and less than 0 leads further away. None where the results coincide.
    """

    factor: Factor
    differs: bool
    share: float | None


@dataclass(frozen=True)
class Blame:
    """Two conventions compared on one image and kernel."""

    kernel: Kernel
    first: Convention
    second: Convention
    max_difference: float
    mean_difference: float
    differing_share: float
    coincide: bool
    factors: tuple[FactorBlame, ...]


def blame(image: NDArray[Any], kernel: Kernel, first: Convention, second: Convention) -> Blame:
    """Compare two conventions, then the first with each single factor taken over from the second.

    image (H, W) or (H, W, C). Raises CorrconvError where their results differ in size.
    """
    one, other = (apply_convention(image, kernel, it).astype(np.float64) for it in (first, second))
    if one.shape != other.shape:
        raise CorrconvError(
            f"{first.name} gives {first.output_size} results and {second.name} {second.output_size} ones;"
            " only results of one size can be compared"
        )
    difference = np.abs(one - other)
    differs = difference > ROUNDING_SHARE * max(1.0, float(np.abs(one).max()))
    coincide = not differs.any()
    total = float(difference.sum())
    factors = []
    for factor in Factor:
        changed = _with_factor(first, second, factor)
        share = None
        if not coincide:
            partly = apply_convention(image, kernel, changed).astype(np.float64)
            share = 1 - float(np.abs(partly - other).sum()) / total
        factors.append(FactorBlame(factor, changed != first, share))
    return Blame(
        kernel=kernel,
        first=first,
        second=second,
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        differing_share=float(differs.mean()),
        coincide=coincide,
        factors=tuple(factors),
    )


def _with_factor(first: Convention, second: Convention, factor: Factor) -> Convention:
    match factor:
        case Factor.FLIP:
            return replace(first, orientation=second.orientation)
        case Factor.ANCHOR:
            return replace(first, odd_anchor=second.odd_anchor, even_anchor=second.even_anchor)
        case Factor.BORDER:
            return replace(first, borders=second.borders)
        case Factor.SCALE:
            zero_sum = first.zero_sum if second.scale is Scale.RAW else second.zero_sum
            return replace(first, scale=second.scale, zero_sum=zero_sum, gain=second.gain, bias=second.bias)
        case Factor.NUMBERS:
            return replace(first, numbers=second.numbers)
