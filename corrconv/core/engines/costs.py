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
from corrconv.core.engines.separable import BLOCK_COLUMNS

if TYPE_CHECKING:
    from corrconv.core.layout import AxisLayout

# One row of a tile, and all that a tile of the direct engine reads, in bytes: wide rows keep BLAS
# busy, and what is read again and again stays in a core's own cache.
ROW_BYTES = 16 * 1024
DIRECT_BYTES = 256 * 1024

# The lanes of one tile, in bytes.
LANE_BYTES = 2 * 1024 * 1024

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
    "tile": 15_000,  # one tile: the calls that it takes, however small it is
    "load": 0.3,  # one padded pixel brought into the type of the sums, and one sum checked
    "shifted sum": 0.45,  # one weight times one pixel, added: two passes over the tile
    "row": 0.6,  # one sum of such products, written row by row
    "row product": 0.07,  # one multiplication of a matrix by a vector
    "multiply": 0.028,  # one multiplication of a matrix by a matrix
    "pack": 0.15,  # one number brought into the order that BLAS wants for that
    "lane": 0.25,  # one number copied into a lane
    "group": 0.6,  # one product of a group added to the others
    "block": 1.6,  # one sum along a row, written block by block
    "transform": 0.6,  # one pixel of a tile, there and back, for each doubling of the tile
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
    return _estimate(geometry, tile, direct_steps(geometry, tile, cells), cells, copies=2)


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
    tile = _strip_tile(geometry, SEPARABLE_LANES, cut_strips((rows.side, 1), 1, geometry.itemsize).rows)
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


def direct_steps(geometry: Geometry, tile: tuple[int, int], cells: int) -> Steps:
    """Steps of the direct engine for a kernel with this many cells other than 0."""
    return {"tile": _share(geometry, tile), "load": 1, "shifted sum": cells}


def matmul_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the matmul engine for tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    cut = cut_strips((rows.side, columns.side), columns.stride, geometry.itemsize)
    padded = rows.reach(tile[0]) / tile[0]
    return {
        "tile": _share(geometry, tile),
        "load": padded * columns.stride,
        "lane": padded * cut.lanes if cut.lanes > 1 else 0,
        "group": cut.groups if cut.groups > 1 else 0,
    } | _product_steps(rows.reach(min(cut.rows, tile[0])), cut.lanes * cut.groups, cut.lanes, min(cut.rows, tile[0]))


def separable_steps(geometry: Geometry, tile: tuple[int, int]) -> Steps:
    """Steps of the separable engine for one term and tiles of this shape."""
    rows, columns = geometry.rows, geometry.columns
    strip = min(cut_strips((rows.side, 1), 1, geometry.itemsize).rows, tile[0])
    wider = columns.reach(tile[1]) / tile[1]
    # The channels of a pixel are interleaved: along rows, the matrix holds zeros between them.
    columns_read = columns.reach(BLOCK_COLUMNS) * geometry.channels
    along_columns = _product_steps(rows.reach(strip), wider, wider, strip)
    along_rows = _product_steps(columns_read, 1, 1 / geometry.channels, BLOCK_COLUMNS)
    names = {*along_columns, *along_rows}
    return {
        "tile": _share(geometry, tile),
        "load": wider * rows.reach(tile[0]) / tile[0],
        "block": 1,
    } | {name: along_columns.get(name, 0) + along_rows.get(name, 0) for name in names}


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


def _product_steps(inputs: float, multiplied: float, packed: float, outputs: int) -> Steps:
    """Steps of a product with a banded matrix (outputs, inputs), each input so many times."""
    if outputs == 1:
        return {"row": 1, "row product": inputs * multiplied}
    return {"multiply": inputs * multiplied, "pack": inputs * packed / outputs}


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
