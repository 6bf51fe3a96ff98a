"""How large the tiles of each engine are: rows and columns of outputs that are computed in one go.

Sizes depend on the shapes alone, never on the number of threads, so that the results do not either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from corrconv.core.engines.fft import fast_length
from corrconv.core.engines.matmul import STRIP_ROWS
from corrconv.core.layout import AxisLayout

# One row of a tile, and all that a tile of the direct engine reads, in bytes: wide rows keep BLAS
# busy, and what is read again and again stays in a core's own cache.
ROW_BYTES = 16 * 1024
DIRECT_BYTES = 512 * 1024

# The lanes of one tile, in bytes.
LANE_BYTES = 3 * 1024 * 1024

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


@dataclass(frozen=True)
class Geometry:
    """All that the tiles and the cost of a filtering depend on, but for the values of the weights."""

    rows: AxisLayout
    columns: AxisLayout
    channels: int
    itemsize: int


def direct_tile(geometry: Geometry) -> tuple[int, int]:
    """Wide rows, no more of them than stay in a core's own cache."""
    columns, pixel = geometry.columns, geometry.channels * geometry.itemsize
    width = min(columns.outputs, max(1, ROW_BYTES // pixel))
    height = max(1, DIRECT_BYTES // (columns.reach(width) * pixel))
    return min(geometry.rows.outputs, height), width


def matmul_tile(geometry: Geometry) -> tuple[int, int]:
    """Whole strips, narrow enough for products that BLAS need not pack."""
    rows, columns = geometry.rows, geometry.columns
    most = UNPACKED_PRODUCTS // (STRIP_ROWS * rows.reach(STRIP_ROWS) * columns.side) * geometry.itemsize
    return _strip_tile(geometry, columns.side, STRIP_ROWS, max(most, ROW_BYTES // 8))


def separable_tile(geometry: Geometry) -> tuple[int, int]:
    """Whole strips for one product column times row."""
    return _strip_tile(geometry, SEPARABLE_LANES, STRIP_ROWS)


def fft_tile(geometry: Geometry) -> tuple[int, int]:
    """Along each axis as many outputs as make all transforms together the shortest."""
    return _transform_tile(geometry.rows), _transform_tile(geometry.columns)


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
