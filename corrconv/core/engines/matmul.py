"""Strips of outputs as matrix products: a banded matrix of the weights times a slice of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.engines.strips import banded, overlapping
from corrconv.core.engines.tiles import Scratch

if TYPE_CHECKING:
    from corrconv.core.engines.signature import Numbers, TileFilter, TileFilterMaker
    from corrconv.core.layout import Layout

# Kernel columns whose shifted copies of the picture are stacked for one product. More copies save
# sums of shifted products, but each costs time of its own; 3 or 4 were best for 3 to 15 columns.
MOST_LANES = 4

# Kernels of so few columns and cells go quickest one output row at a time: BLAS then multiplies a
# matrix by a vector, and packs nothing.
ROW_BY_ROW_COLUMNS = 7
ROW_BY_ROW_CELLS = 60

# The products of strips are kept within this many bytes, so that they are summed while in cache.
PRODUCT_BYTES = 256 * 1024

# A banded matrix with more rows repeats the kernel more often; larger ones outgrow the cache.
MATRIX_BYTES = 4 * 1024 * 1024

# What BLAS takes to pack one number of the picture, in multiplications.
PACKING = 7


@dataclass(frozen=True)
class Strips:
    """How the work is cut: output rows of a strip, groups of kernel columns, and lanes of a group."""

    rows: int
    groups: int
    lanes: int


def cut_strips(kernel_shape: tuple[int, int], column_stride: int, itemsize: int) -> Strips:
    """The cut that was quickest: more rows make the banded matrix hold more zeros, fewer make BLAS pack more."""
    side, columns = kernel_shape
    if columns <= ROW_BY_ROW_COLUMNS and side * columns <= ROW_BY_ROW_CELLS:
        return Strips(rows=1, groups=1, lanes=columns)
    # A shift by a group's first column must be a whole number of outputs.
    groups = 1 if column_stride > 1 else -(-columns // MOST_LANES)
    lanes = -(-columns // groups)
    quickest = round((PACKING * lanes * (side - 1) / columns) ** 0.5 / 4) * 4
    affordable = MATRIX_BYTES // (side * columns * itemsize)
    return Strips(max(1, min(max(4, quickest), 32, affordable)), groups, lanes)


def matmul(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:
    """Multiply strips of the picture by a banded matrix.

    A strip of R output rows is the sum over groups of kernel columns of M_g @ L, shifted by the
    group's first column. L stacks, row by row, one copy of the picture for each column of a group
    (a lane); M_g holds the weights so that its row r covers the picture rows that output r reads.
    Works for float32 and float64. nan or inf in the picture spoil whole strips.
    """
    side, kernel_columns = weights.shape
    rows, columns = layout.rows, layout.columns
    cut = cut_strips((side, kernel_columns), columns.stride, weights.itemsize)
    strip, groups, lanes = min(tile[0], cut.rows), cut.groups, cut.lanes
    # The last group starts early, on columns that are 0 in it, so as to read nothing past the picture.
    starts = [*range(0, kernel_columns - lanes, lanes), kernel_columns - lanes]

    band = banded(weights, strip, rows.stride, rows.dilation)
    matrices = np.zeros((groups, *band.shape[:2], lanes), weights.dtype)
    for group, start in enumerate(starts):
        own = slice(group * lanes, min((group + 1) * lanes, kernel_columns))
        matrices[group, :, :, own.start - start : own.stop - start] = band[:, :, own]

    def strip_matrix(outputs: int) -> Numbers:
        """The banded matrices (groups * outputs, picture rows * lanes) for a strip of this many rows."""
        inputs = (outputs - 1) * rows.stride + (side - 1) * rows.dilation + 1
        return matrices[:, :outputs, :inputs].reshape(groups * outputs, inputs * lanes)

    def make() -> TileFilter:
        lane_scratch, product_scratch = Scratch(weights.dtype), Scratch(weights.dtype)

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            height, width, channels = out.shape
            # A group's product is wide enough for its last outputs and for the shift by its start.
            reach = width + (starts[-1] * columns.dilation if groups > 1 else 0)
            pixels = _stack_lanes(padded, reach, lanes, columns.stride, columns.dilation, lane_scratch)
            sums = out.reshape(height, width * channels)
            whole = height // strip * strip
            shifts = [start * columns.dilation * channels for start in starts]
            _filter_strips(
                strip_matrix(strip), pixels, sums[:whole], strip, strip * rows.stride * lanes, shifts, product_scratch
            )
            if whole < height:
                rest = pixels[whole * rows.stride * lanes :]
                matrix = strip_matrix(height - whole)
                _filter_strips(matrix, rest, sums[whole:], height - whole, rows.stride * lanes, shifts, product_scratch)

        return filter_tile

    return make


def _stack_lanes(padded: Numbers, reach: int, lanes: int, stride: int, dilation: int, scratch: Scratch) -> Numbers:
    """The rows of the picture (rows * lanes, reach * channels), each in one copy a lane, shifted by the lane."""
    height, width, channels = padded.shape
    if lanes == 1 and stride == 1:
        return padded.reshape(height, width * channels)
    row, pixel, channel = padded.strides
    view = np.lib.stride_tricks.as_strided(
        padded, (height, lanes, reach, channels), (row, dilation * pixel, stride * pixel, channel)
    )
    stacked = scratch.array((height, lanes, reach, channels))
    np.copyto(stacked, view)
    return stacked.reshape(height * lanes, reach * channels)


def _filter_strips(
    matrix: Numbers,
    pixels: Numbers,
    sums: Numbers,
    strip: int,
    step: int,
    shifts: list[int],
    scratch: Scratch,
) -> None:
    """Fill sums (rows, width), a whole number of strips, from pixels; strips start step pixel rows apart."""
    count, width = len(sums) // strip, sums.shape[1]
    if count == 0:
        return
    outputs = sums.reshape(count, strip, width)
    strips = overlapping(pixels, count, step, matrix.shape[1])
    if len(shifts) == 1:
        np.matmul(matrix, strips[:, :, :width], out=outputs)
        return
    reach = width + shifts[-1]
    at_once = max(1, PRODUCT_BYTES // (len(matrix) * reach * pixels.itemsize))
    for first in range(0, count, at_once):
        chosen = strips[first : first + at_once, :, :reach]
        products = scratch.array((len(chosen), len(shifts), strip, reach))
        np.matmul(matrix, chosen, out=products.reshape(len(chosen), len(matrix), reach))
        shifted = [products[:, group, :, shift : shift + width] for group, shift in enumerate(shifts)]
        out = outputs[first : first + at_once]
        np.add(shifted[0], shifted[1], out=out)
        for term in shifted[2:]:
            np.add(out, term, out=out)
