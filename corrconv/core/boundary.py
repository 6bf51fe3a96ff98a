"""What lies outside the image: each padded place named by the pixel that it repeats."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corrconv.core.terms import Boundary
from corrconv.errors import CorrconvError

# The source index of a place that no pixel is repeated at: it holds the fill value.
OUTSIDE = -1

PATTERNS = {
    Boundary.CONSTANT: "k k k | a b c d | k k k",
    Boundary.EDGE: "a a a | a b c d | d d d",
    Boundary.REFLECT: "d c b | a b c d | c b a",
    Boundary.SYMMETRIC: "c b a | a b c d | d c b",
    Boundary.WRAP: "b c d | a b c d | a b c",
}

# Names that mean different things in different libraries, or only there, with what they can mean here.
FOREIGN_NAMES = {
    "mirror": (Boundary.REFLECT, Boundary.SYMMETRIC),
    "nearest": (Boundary.EDGE,),
    "replicate": (Boundary.EDGE,),
    "copy": (Boundary.EDGE,),
    "clamp": (Boundary.EDGE,),
    "extend": (Boundary.EDGE,),
    "neumann": (Boundary.EDGE,),
    "circular": (Boundary.WRAP,),
    "periodic": (Boundary.WRAP,),
    "repeat": (Boundary.WRAP, Boundary.EDGE),
    "tile": (Boundary.WRAP,),
    "symm": (Boundary.SYMMETRIC,),
    "reflect101": (Boundary.REFLECT,),
    "reflect_101": (Boundary.REFLECT,),
    "zero": (Boundary.CONSTANT,),
    "zeros": (Boundary.CONSTANT,),
    "black": (Boundary.CONSTANT,),
    "fill": (Boundary.CONSTANT,),
    "dirichlet": (Boundary.CONSTANT,),
}


def boundary_named(name: str) -> Boundary:
    """The boundary of this name; CorrconvError shows the patterns where a name is foreign or ambiguous."""
    try:
        return Boundary(name)
    except ValueError:
        pass
    candidates = FOREIGN_NAMES.get(str(name).lower(), tuple(Boundary))
    shown = "; ".join(f"{candidate} = {PATTERNS[candidate]}" for candidate in candidates)
    raise CorrconvError(f"boundary {name!r} is not a name used here; choose by pattern: {shown}")


@lru_cache
def source_indices(length: int, before: int, after: int, boundary: Boundary) -> NDArray[np.intp]:
    """The pixel that each place of a padded axis repeats, or OUTSIDE where it holds the fill value.

    Gives before + length + after indices, read-only; numpy.pad sets the pattern, however far it repeats.
    """
    inside = np.arange(length)
    indices: NDArray[np.intp]
    if boundary is Boundary.CONSTANT:
        indices = np.pad(inside, (before, after), constant_values=OUTSIDE)
    else:
        indices = np.pad(inside, (before, after), mode=boundary.value)  # type: ignore[call-overload]
    indices.flags.writeable = False
    return indices
