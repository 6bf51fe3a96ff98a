"""What each engine costs: counts of its steps, times what one step takes.

The times were measured by tests/measure_costs.py, which also prints how far the model is off. Only
their ratios matter, so one table serves all machines; it steers the planner and nothing else.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from corrconv.core.engines.fft import fast_length
from corrconv.core.engines.matmul import cut_strips
from corrconv.core.engines.separable import BLOCK_WIDTH

if TYPE_CHECKING:
    from corrconv.core.layout import Layout

# Counts of steps for each output value (of one channel), by the name of the step.
Steps = dict[str, float]

# Nanoseconds of one step on one core, for float32; float64 takes twice as long for all of them.
NANOSECONDS = {
    "load": 0.15,  # one padded pixel brought into the type of the sums
    "shifted sum": 0.55,  # one weight times one pixel, added: two passes over the tile
    "multiply": 0.0235,  # one multiplication within a matrix product
    "pack": 0.17,  # one number brought into the order that BLAS wants
    "lane": 0.12,  # one number copied into a lane
    "group": 0.28,  # one product of a group added to the others
    "transform": 0.30,  # one pixel of a tile, there and back, for each doubling of the tile
}

# The channels of a pixel are interleaved, so that a row pass multiplies by zeros between them.


def nanoseconds(steps: Steps, itemsize: int) -> float:
    """What these steps take together."""
    return sum(count * NANOSECONDS[name] for name, count in steps.items()) * itemsize / 4


def direct_steps(cells: int) -> Steps:
    """Steps of the direct engine for a kernel with this many cells other than 0."""
    return {"load": 1, "shifted sum": cells}


def matmul_steps(layout: Layout, tile: tuple[int, int], itemsize: int) -> Steps:
    """Steps of the matmul engine for tiles of this shape."""
    side, columns = layout.kernel.shape
    cut = cut_strips((side, columns), layout.columns.stride, itemsize)
    strip = min(cut.rows, tile[0])
    inputs = layout.rows.padded_range(0, strip)[1]
    padded = layout.rows.padded_range(0, tile[0])[1] / tile[0]
    return {
        "load": padded * layout.columns.stride,
        "lane": padded * cut.lanes if cut.lanes > 1 else 0,
        "multiply": inputs * cut.lanes * cut.groups,
        "pack": inputs * cut.lanes / strip,
        "group": cut.groups if cut.groups > 1 else 0,
    }


def separable_steps(layout: Layout, tile: tuple[int, int], channels: int, itemsize: int) -> Steps:
    """Steps of the separable engine for one term and tiles of this shape."""
    strip = min(cut_strips((layout.kernel.shape[0], 1), 1, itemsize).rows, tile[0])
    rows_read = layout.rows.padded_range(0, strip)[1]
    wider = layout.columns.padded_range(0, tile[1])[1] / tile[1]
    block = max(1, BLOCK_WIDTH // channels)
    columns_read = layout.columns.padded_range(0, block)[1] * channels
    return {
        "load": wider * layout.rows.padded_range(0, tile[0])[1] / tile[0],
        "multiply": rows_read * wider + columns_read,
        "pack": rows_read / strip * wider + columns_read / (block * channels),
        "group": 1,
    }


def fft_steps(layout: Layout, tile: tuple[int, int]) -> Steps:
    """Steps of the fft engine for tiles of this shape."""
    height = fast_length(layout.rows.padded_range(0, tile[0])[1])
    width = fast_length(layout.columns.padded_range(0, tile[1])[1])
    area = height * width / (tile[0] * tile[1])
    return {"load": area, "transform": area * log2(height * width)}
