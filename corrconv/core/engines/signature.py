"""The signature that every engine has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from corrconv.core.layout import Layout

# Real numbers of any type; the arithmetic says which.
Numbers: TypeAlias = "NDArray[Any]"

# Fills `out` (rows, columns, channels) from `padded`, which holds all pixels that those rows read.
# One band filter belongs to one thread and may keep buffers of its own.
BandFilter: TypeAlias = "Callable[[Numbers, Numbers], None]"

# Makes a band filter from the weights (already in the type that the sums are computed in) and the
# layout, from which it takes only the strides and dilations.
EngineFunction: TypeAlias = "Callable[[Numbers, Layout], BandFilter]"
