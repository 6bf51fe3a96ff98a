"""What each engine costs: counts of its steps, and what one step takes.

The times were measured by tests/measure_costs.py, which also prints how far the model is off. Only their ratios matter,
and those here lie between those of processors with and without AVX-512; they steer the planner and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import log2

from corrconv.core.engines.fft import fast_length
from corrconv.core.engines.matmul import STRIP_ROWS
from corrconv.core.engines.separable import BLOCK_COLUMNS, MOST_ROW_PASSES
from corrconv.core.engines.tile_sizes import (
    SEPARABLE_LANES,
    UNPACKED_PRODUCTS,
    Geometry,
    direct_tile,
    fft_tile,
    matmul_tile,
    separable_tile,
)

# A lone cell is multiplied and added row by row, not in one long loop.
LONE_CELL_PASSES = 3

# Counts of steps for each output value (of one channel), by the name of the step.
Steps = dict[str, float]

# Nanoseconds of one step on one core, for float32; float64 takes twice as long for all of them.
NANOSECONDS = {
    "tile": 10_000,  # one tile, however small it is
    "call": 1_000,  # one call of NumPy, likewise
    "load": 0.17,  # one padded pixel brought into the type of the sums, and one sum checked
    "pass": 0.118,  # one addition or multiplication of a shifted picture
    "multiply": 0.0195,  # one multiplication of a matrix by a matrix
    "packed multiply": 0.045,  # the same in products so large that BLAS packs them first
    "lane": 0.175,  # one number copied into a lane
    "block": 0.81,  # one sum along a row, written block by block
    "transform": 0.345,  # one pixel of a tile, there and back, for each doubling of the tile
}


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
    tile = direct_tile(geometry)
    return _estimate(geometry, tile, direct_steps(geometry, tile, passes), cells, copies=3)


@lru_cache
def estimate_matmul(geometry: Geometry) -> Estimate:
    """The estimate for matrix products."""
    rows, columns = geometry.rows, geometry.columns
    tile = matmul_tile(geometry)
    return _estimate(geometry, tile, matmul_steps(geometry, tile), rows.side * columns.side, copies=1 + columns.side)


@lru_cache
def estimate_separable(geometry: Geometry, row_passes: int) -> Estimate:
    """The estimate for one product column times row, whose row is summed in this many passes if they are few."""
    rows, columns = geometry.rows, geometry.columns
    tile = separable_tile(geometry)
    steps = separable_steps(geometry, tile, row_passes)
    return _estimate(geometry, tile, steps, rows.side + columns.side, copies=SEPARABLE_LANES)


@lru_cache
def estimate_separable_passes(geometry: Geometry, passes: int) -> Estimate:
    """The estimate for one product column times row of whole numbers, summed in this many passes."""
    tile = direct_tile(geometry)
    products = geometry.rows.side + geometry.columns.side
    return _estimate(geometry, tile, direct_steps(geometry, tile, passes), products, copies=4)


def with_lone_cell(estimate: Estimate, geometry: Geometry) -> Estimate:
    """The estimate where one cell is added to what it says."""
    nanoseconds = estimate.nanoseconds + _nanoseconds({"pass": LONE_CELL_PASSES}, geometry.itemsize)
    return replace(estimate, nanoseconds=nanoseconds, products=estimate.products + 1)


@lru_cache
def estimate_fft(geometry: Geometry) -> Estimate:
    """The estimate for transforms."""
    tile = fft_tile(geometry)
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
    share = _share(geometry, tile)
    return {"tile": share, "call": passes * share, "load": 1, "pass": passes}


def matmul_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the matmul engine for tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    padded, strip = rows.reach(tile[0]) / tile[0], min(STRIP_ROWS, tile[0])
    products = rows.reach(strip) * columns.side
    packed = strip * products * tile[1] * geometry.channels > UNPACKED_PRODUCTS
    share = _share(geometry, tile)
    return {
        "tile": share,
        "call": 2 * share,
        "load": padded * columns.stride,
        "lane": padded * columns.side,
        "packed multiply" if packed else "multiply": products,
    }


def separable_steps(geometry: Geometry, tile: tuple[int, int], row_passes: int) -> Steps:
    """Steps of the separable engine for one term, a row of so many passes, and tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    wider = columns.reach(tile[1]) / tile[1]
    share = _share(geometry, tile)
    steps = {
        "tile": share,
        "call": (2 + min(row_passes, MOST_ROW_PASSES)) * share,
        "load": wider * rows.reach(tile[0]) / tile[0],
        "multiply": rows.reach(min(STRIP_ROWS, tile[0])) * wider,
    }
    if row_passes <= MOST_ROW_PASSES:
        return {**steps, "pass": row_passes + 1}
    # The channels of a pixel are interleaved: along rows, the matrix holds zeros between them.
    steps["multiply"] += columns.reach(BLOCK_COLUMNS) * geometry.channels
    return {**steps, "block": 1}


def fft_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the fft engine for tiles of this shape."""
    height, width = transform_shape(geometry, tile)
    area = height * width / (tile[0] * tile[1])
    # Channels are transformed one by one.
    share = _share(geometry, tile) * geometry.channels
    return {
        "tile": share,
        "call": 20 * share,
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
