"""Strips of outputs as matrix products: a banded matrix of the weights times a slice of the picture."""

from __future__ import annotations

import numpy as np

from corrconv.core.engines.signature import Numbers, TileFilter, TileFilterMaker
from corrconv.core.engines.strips import banded, overlapping, strided
from corrconv.core.engines.tiles import Scratch
from corrconv.core.layout import Layout

# Output rows of one product. More make the banded matrix hold more zeros. Of one row only, BLAS would
# multiply a vector, for which threads wait for each other.
STRIP_ROWS = 4


def matmul(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:
    """Multiply strips of the picture by a banded matrix.

    The pixels are stacked, row by row, in one copy for each kernel column (a lane), shifted by the
    column; the matrix holds the weights so that its row r covers the rows that output r reads.
    Works for float32 and float64. nan or inf in the picture spoil whole strips.
    """
    lanes = weights.shape[1]
    rows, columns = layout.rows, layout.columns
    strip = min(tile[0], STRIP_ROWS)
    band = banded(weights, strip, rows.stride, rows.dilation)
    matrix = band.reshape(strip, -1)

    def make() -> TileFilter:
        scratch = Scratch(weights.dtype)

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            height, width, channels = out.shape
            pixels = _stack_lanes(padded, width, lanes, columns.stride, columns.dilation, scratch)
            sums = out.reshape(height, width * channels)
            count, rest = divmod(height, strip)
            whole = count * strip
            if count:
                strips = overlapping(pixels, count, strip * rows.stride * lanes, matrix.shape[1])
                np.matmul(matrix, strips, out=sums[:whole].reshape(count, strip, -1))
            if rest:
                remaining = pixels[whole * rows.stride * lanes :]
                np.matmul(matrix[:rest, : len(remaining)], remaining, out=sums[whole:])

        return filter_tile

    return make


def _stack_lanes(padded: Numbers, width: int, lanes: int, stride: int, dilation: int, scratch: Scratch) -> Numbers:
    """The rows of the picture (rows * lanes, width * channels), each in one copy a lane, shifted by the lane."""
    height, _, channels = padded.shape
    row, pixel, channel = padded.strides
    view = strided(padded, (height, lanes, width, channels), (row, dilation * pixel, stride * pixel, channel))
    stacked = scratch.array((height, lanes, width, channels))
    np.copyto(stacked, view)
    return stacked.reshape(height * lanes, width * channels)
