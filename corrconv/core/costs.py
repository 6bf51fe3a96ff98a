"""What each engine costs: its tiles, counts of its steps, and what one step takes.

The times were measured by tests/measure_costs.py, which also prints how far the model is off. Only
their ratios matter, so one table serves all machines; it steers the planner and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log2
from typing import TYPE_CHECKING

from corrconv.core.engines.fft import fast_length
from corrconv.core.engines.matmul import cut_strips
from corrconv.core.engines.separable import BLOCK_WIDTH

if TYPE_CHECKING:
    from corrconv.core.layout import AxisLayout

# One row of a tile, and all that a tile of the direct engine reads, in bytes: wide rows keep BLAS
# busy, and what is read again and again stays in a core's own cache.
ROW_BYTES = 16 * 1024
DIRECT_BYTES = 256 * 1024

# The lanes of one tile, in bytes.
LANE_BYTES = 1024 * 1024

# The longest transform along one axis, unless the kernel itself is longer than half of it.
LONGEST_TRANSFORM = 512

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


@dataclass(frozen=True)
class Geometry:
    """All that the cost of a filtering depends on, but for the values of the weights."""

    rows: AxisLayout
    columns: AxisLayout
    channels: int
    itemsize: int


@dataclass(frozen=True)
class Estimate:
    """What one engine would take: per output value, and bytes of memory for each thread.

    products: multiplications, without those by the zeros of banded matrices.
    """

    tile: tuple[int, int]
    nanoseconds: float
    products: float
    memory: int


def _nanoseconds(steps: Steps, itemsize: int) -> float:
    """What these steps take together."""
    return sum(count * NANOSECONDS[name] for name, count in steps.items()) * itemsize / 4


@lru_cache
def estimate_direct(geometry: Geometry, cells: int) -> Estimate:
    """The estimate for a kernel with this many cells other than 0."""
    columns, pixel = geometry.columns, geometry.channels * geometry.itemsize
    width = min(columns.outputs, max(1, ROW_BYTES // pixel))
    height = max(1, DIRECT_BYTES // (columns.reach(width) * pixel))
    tile = min(geometry.rows.outputs, height), width
    return _estimate(geometry, tile, direct_steps(cells), cells, copies=2)


@lru_cache
def estimate_matmul(geometry: Geometry) -> Estimate:
    """The estimate for matrix products."""
    rows, columns = geometry.rows, geometry.columns
    cut = cut_strips((rows.side, columns.side), columns.stride, geometry.itemsize)
    tile = _strip_tile(geometry, cut.lanes, cut.rows)
    return _estimate(geometry, tile, matmul_steps(geometry, tile), rows.side * columns.side, copies=1 + cut.lanes)


@lru_cache
def estimate_separable(geometry: Geometry) -> Estimate:
    """The estimate for one product column times row."""
    rows, columns = geometry.rows, geometry.columns
    tile = _strip_tile(geometry, 1, cut_strips((rows.side, 1), 1, geometry.itemsize).rows)
    return _estimate(geometry, tile, separable_steps(geometry, tile), rows.side + columns.side, copies=3)


@lru_cache
def estimate_fft(geometry: Geometry) -> Estimate:
    """The estimate for transforms."""
    tile = _transform_tile(geometry.rows), _transform_tile(geometry.columns)
    height, width = transform_shape(geometry, tile)
    steps = fft_steps(geometry, tile)
    # About 2 real products a point for each doubling, there and back, and 2 for the spectrum.
    products = 2 * (steps["transform"] + height * width / (tile[0] * tile[1]))
    nanoseconds = _nanoseconds(steps, geometry.itemsize)
    return Estimate(tile, nanoseconds, products, memory=4 * height * width * geometry.itemsize)


def transform_shape(geometry: Geometry, tile: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the transforms of tiles of this shape."""
    return fast_length(geometry.rows.reach(tile[0])), fast_length(geometry.columns.reach(tile[1]))


def direct_steps(cells: int) -> Steps:
    """Steps of the direct engine for a kernel with this many cells other than 0."""
    return {"load": 1, "shifted sum": cells}


def matmul_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the matmul engine for tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    cut = cut_strips((rows.side, columns.side), columns.stride, geometry.itemsize)
    strip = min(cut.rows, tile[0])
    inputs, padded = rows.reach(strip), rows.reach(tile[0]) / tile[0]
    return {
        "load": padded * columns.stride,
        "lane": padded * cut.lanes if cut.lanes > 1 else 0,
        "multiply": inputs * cut.lanes * cut.groups,
        "pack": inputs * cut.lanes / strip,
        "group": cut.groups if cut.groups > 1 else 0,
    }


def separable_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the separable engine for one term and tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    strip = min(cut_strips((rows.side, 1), 1, geometry.itemsize).rows, tile[0])
    wider = columns.reach(tile[1]) / tile[1]
    block = max(1, BLOCK_WIDTH // geometry.channels)
    # The channels of a pixel are interleaved: along rows, the matrix holds zeros between them.
    columns_read = columns.reach(block) * geometry.channels
    return {
        "load": wider * rows.reach(tile[0]) / tile[0],
        "multiply": rows.reach(strip) * wider + columns_read,
        "pack": rows.reach(strip) / strip * wider + columns_read / (block * geometry.channels),
        "group": 1,
    }


def fft_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the fft engine for tiles of this shape."""
    height, width = transform_shape(geometry, tile)
    area = height * width / (tile[0] * tile[1])
    return {"load": area, "transform": area * log2(height * width)}


def _estimate(geometry: Geometry, tile: tuple[int, int], steps: Steps, products: float, *, copies: int) -> Estimate:
    """copies: how often a thread holds what a tile reads."""
    read = geometry.rows.reach(tile[0]) * geometry.columns.reach(tile[1])
    memory = (copies * read + 2 * tile[0] * tile[1]) * geometry.channels * geometry.itemsize
    return Estimate(tile, _nanoseconds(steps, geometry.itemsize), products, memory)


def _strip_tile(geometry: Geometry, lanes: int, strip: int) -> tuple[int, int]:
    """A tile of whole strips with wide rows, whose lanes stay within bounds."""
    rows, columns = geometry.rows, geometry.columns
    pixel = geometry.channels * geometry.itemsize
    # Rows read by two neighbouring tiles are copied twice; tall kernels need tall tiles to make up.
    least = max(32, rows.extent // rows.stride // 2)
    widest = min(ROW_BYTES, LANE_BYTES // (lanes * rows.reach(least)))
    width = _even(columns.outputs, max(1, widest // pixel))
    height = (LANE_BYTES // (lanes * columns.reach(width) * pixel) - rows.extent) // rows.stride
    height = _even(rows.outputs, max(least, height))
    return min(rows.outputs, -(-height // strip) * strip), width


def _even(length: int, most: int) -> int:
    """The length of equal pieces, none longer than most: a small last one would be slow."""
    return -(-length // -(-length // most))


@lru_cache
def _transform_tile(axis: AxisLayout) -> int:
    """The outputs along one axis of a tile for which all transforms together are the shortest."""
    longest = max(LONGEST_TRANSFORM, fast_length(2 * axis.extent))
    most = max(1, (longest - axis.extent) // axis.stride + 1)
    fewest = -(-axis.outputs // most)
    tiles = {-(-axis.outputs // count) for count in range(fewest, 4 * fewest + 1)}
    return min(sorted(tiles), key=lambda outputs: _transform_length(axis, outputs))


def _transform_length(axis: AxisLayout, outputs: int) -> int:
    return -(-axis.outputs // outputs) * fast_length(axis.reach(outputs))
