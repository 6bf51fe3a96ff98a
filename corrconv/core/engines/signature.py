"""The signature that every engine has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from numpy.typing import NDArray

from corrconv.core.layout import Layout

# Real numbers of any type; the arithmetic says which.
Numbers: TypeAlias = "NDArray[Any]"

# Fills `out` (rows, columns, channels) from `padded`, which holds all pixels that those outputs
# read and is not to be changed. Both hold each row in one piece. A tile filter belongs to one
# thread and may keep buffers of its own.
TileFilter: TypeAlias = "Callable[[Numbers, Numbers], None]"

# Gives each thread a tile filter; what the threads only read is shared.
TileFilterMaker: TypeAlias = "Callable[[], TileFilter]"

# Prepares for the weights (already in the type that the sums are computed in), the layout, from
# which it takes only the strides and dilations, and the largest tile of outputs (rows, columns).
EngineFunction: TypeAlias = "Callable[[Numbers, Layout, tuple[int, int]], TileFilterMaker]"
