"""What each engine costs: its tiles, counts of its steps, and what one step takes.

The times were measured by tests/measure_costs.py, which also prints how far the model is off. Only
their ratios matter, so one table serves all machines; it steers the planner and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log2

from corrconv.core.engines.fft import fast_length
from corrconv.core.engines.matmul import STRIP_ROWS
from corrconv.core.engines.separable import BLOCK_COLUMNS
from corrconv.core.layout import AxisLayout

# One row of a tile, and all that a tile of the direct engine reads, in bytes: wide rows keep BLAS
# busy, and what is read again and again stays in a core's own cache.
ROW_BYTES = 16 * 1024
DIRECT_BYTES = 512 * 1024

# The lanes of one tile, in bytes.
LANE_BYTES = 2 * 1024 * 1024

# BLAS multiplies matrices with no more than so many products without packing them first.
UNPACKED_PRODUCTS = 10**6

# The number of tiles from top to bottom is a multiple of this, so that a few threads share a picture of
# few tiles evenly, however many threads there are.
EVEN_BANDS = 4

# What a tile of the separable engine holds, counted in lanes: the picture, the sums along columns,
# those along rows.
SEPARABLE_LANES = 3

# The longest transform along one axis, unless the kernel itself is longer than half of it; and the
# shortest, unless the picture is, since the many calls for shorter ones cost more than they save.
LONGEST_TRANSFORM = 512
SHORTEST_TRANSFORM = 192

# Counts of steps for each output value (of one channel), by the name of the step.
Steps = dict[str, float]

# Nanoseconds of one step on one core, for float32; float64 takes twice as long for all of them.
NANOSECONDS = {
    "tile": 10_000,  # one tile: the calls that it takes, however small it is
    "load": 0.25,  # one padded pixel brought into the type of the sums, and one sum checked
    "pass": 0.145,  # one addition or multiplication of a shifted picture
    "multiply": 0.0235,  # one multiplication of a matrix by a matrix
    "packed multiply": 0.055,  # the same in products so large that BLAS packs them first
    "lane": 0.17,  # one number copied into a lane
    "block": 1.15,  # one sum along a row, written block by block
    "transform": 0.455,  # one pixel of a tile, there and back, for each doubling of the tile
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
def estimate_direct(geometry: Geometry, cells: int, passes: int) -> Estimate:
    """The estimate for a kernel with this many cells other than 0, summed in this many passes."""
    columns, pixel = geometry.columns, geometry.channels * geometry.itemsize
    width = min(columns.outputs, max(1, ROW_BYTES // pixel))
    height = max(1, DIRECT_BYTES // (columns.reach(width) * pixel))
    tile = min(geometry.rows.outputs, height), width
    return _estimate(geometry, tile, direct_steps(geometry, tile, passes), cells, copies=3)


@lru_cache
def estimate_matmul(geometry: Geometry) -> Estimate:
    """The estimate for matrix products."""
    rows, columns = geometry.rows, geometry.columns
    most = UNPACKED_PRODUCTS // (STRIP_ROWS * rows.reach(STRIP_ROWS) * columns.side) * geometry.itemsize
    tile = _strip_tile(geometry, columns.side, STRIP_ROWS, max(most, ROW_BYTES // 8))
    return _estimate(geometry, tile, matmul_steps(geometry, tile), rows.side * columns.side, copies=1 + columns.side)


@lru_cache
def estimate_separable(geometry: Geometry) -> Estimate:
    """The estimate for one product column times row."""
    rows, columns = geometry.rows, geometry.columns
    tile = _strip_tile(geometry, SEPARABLE_LANES, STRIP_ROWS)
    return _estimate(geometry, tile, separable_steps(geometry, tile), rows.side + columns.side, copies=SEPARABLE_LANES)


@lru_cache
def estimate_fft(geometry: Geometry) -> Estimate:
    """The estimate for transforms."""
    tile = _transform_tile(geometry.rows), _transform_tile(geometry.columns)
    height, width = transform_shape(geometry, tile)
    steps = fft_steps(geometry, tile)
    # About 2 real products a point for each doubling, there and back, and 2 for the spectrum.
    products = 2 * (steps["transform"] + height * width / (tile[0] * tile[1]))
    nanoseconds = _nanoseconds(steps, geometry.itemsize)
    return Estimate(tile, nanoseconds, products, memory=5 * height * width * geometry.itemsize)


def transform_shape(geometry: Geometry, tile: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the transforms of tiles of this shape."""
    return fast_length(geometry.rows.reach(tile[0])), fast_length(geometry.columns.reach(tile[1]))


def direct_steps(geometry: Geometry, tile: tuple[int, int], passes: int) -> Steps:
    """Steps of the direct engine for this many passes."""
    return {"tile": _share(geometry, tile), "load": 1, "pass": passes}


def matmul_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the matmul engine for tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    padded, strip = rows.reach(tile[0]) / tile[0], min(STRIP_ROWS, tile[0])
    products = rows.reach(strip) * columns.side
    packed = strip * products * tile[1] * geometry.channels > UNPACKED_PRODUCTS
    return {
        "tile": _share(geometry, tile),
        "load": padded * columns.stride,
        "lane": padded * columns.side,
        "packed multiply" if packed else "multiply": products,
    }


def separable_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the separable engine for one term and tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    wider = columns.reach(tile[1]) / tile[1]
    # The channels of a pixel are interleaved: along rows, the matrix holds zeros between them.
    columns_read = columns.reach(BLOCK_COLUMNS) * geometry.channels
    return {
        "tile": _share(geometry, tile),
        "load": wider * rows.reach(tile[0]) / tile[0],
        "block": 1,
        "multiply": rows.reach(min(STRIP_ROWS, tile[0])) * wider + columns_read,
    }


def fft_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the fft engine for tiles of this shape."""
    height, width = transform_shape(geometry, tile)
    area = height * width / (tile[0] * tile[1])
    # Channels are transformed one by one.
    return {
        "tile": _share(geometry, tile) * geometry.channels,
        "load": area,
        "transform": area * log2(height * width),
    }


def _share(geometry: Geometry, tile: tuple[int, int]) -> float:
    """What one output value has to bear of what is done once a tile."""
    return 1 / (tile[0] * tile[1] * geometry.channels)


def _estimate(geometry: Geometry, tile: tuple[int, int], steps: Steps, products: float, *, copies: int) -> Estimate:
    """copies: how often a thread holds what a tile reads."""
    read = geometry.rows.reach(tile[0]) * geometry.columns.reach(tile[1])
    memory = (copies * read + 2 * tile[0] * tile[1]) * geometry.channels * geometry.itemsize
    return Estimate(tile, _nanoseconds(steps, geometry.itemsize), products, memory)


def _strip_tile(geometry: Geometry, lanes: int, strip: int, row_bytes: int = ROW_BYTES) -> tuple[int, int]:
    """A tile of whole strips with wide rows, whose lanes stay within bounds."""
    rows, columns = geometry.rows, geometry.columns
    pixel = geometry.channels * geometry.itemsize
    # Rows read by two neighbouring tiles are copied twice; tall kernels need tall tiles to make up.
    least = max(32, rows.extent // rows.stride // 2)
    widest = min(ROW_BYTES, row_bytes, LANE_BYTES // (lanes * rows.reach(least)))
    width = _even(columns.outputs, max(1, widest // pixel))
    height = (LANE_BYTES // (lanes * columns.reach(width) * pixel) - rows.extent) // rows.stride
    bands = -(-rows.outputs // max(least, height))
    if bands > 1:
        bands = -(-bands // EVEN_BANDS) * EVEN_BANDS
    height = -(-rows.outputs // bands)
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
    tiles = {_even(axis.outputs, most)}
    tiles |= {
        outputs
        for outputs in (-(-axis.outputs // count) for count in range(fewest, 4 * fewest + 1))
        if axis.reach(outputs) >= SHORTEST_TRANSFORM
    }
    return min(sorted(tiles), key=lambda outputs: _transform_length(axis, outputs))


def _transform_length(axis: AxisLayout, outputs: int) -> int:
    return -(-axis.outputs // outputs) * fast_length(axis.reach(outputs))
