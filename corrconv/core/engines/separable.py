"""Kernels that are sums of few products column times row, but perhaps for a cell: two short passes for each."""

from __future__ import annotations

from functools import partial

import numpy as np

from corrconv.core.engines.direct import ShiftedSums, gives_negative_zeros, list_passes
from corrconv.core.engines.matmul import STRIP_ROWS
from corrconv.core.engines.signature import Numbers, TileFilter, TileFilterMaker
from corrconv.core.engines.strips import banded, overlapping
from corrconv.core.engines.tiles import Scratch
from corrconv.core.factors import Factors, Term, factorize
from corrconv.core.layout import AxisLayout, Layout

# Output columns of one product along the rows: more of them multiply more zeros.
BLOCK_COLUMNS = 16

# Rows of so few passes are summed as shifted pictures, in less time than by products.
MOST_ROW_PASSES = 6


def separable(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:
    """Filter columns, then rows, by each of the kernel's rank-one terms, as banded matrix products.

    Short rows are summed as shifted pictures. Works for float32 and float64, and exactly for whole numbers.
    nan or inf in the picture spoil whole strips. In integers, kernels of rank one alone: in shifted pictures.
    """
    if weights.dtype.kind == "i":
        return _in_passes(weights, layout)
    factors = factorize(weights) or Factors(())
    terms = [_without_negative_zeros(term) for term in factors.terms]
    rows, columns = layout.rows, layout.columns
    strip = min(tile[0], STRIP_ROWS)
    column_matrices = [banded(term.column, strip, rows.stride, rows.dilation) for term in terms]
    along_rows = [_along_row(term.row, columns) for term in terms]

    def make() -> TileFilter:
        between_scratch, term_scratch = Scratch(weights.dtype), Scratch(weights.dtype)
        row_filters = [make_filter() for make_filter in along_rows]
        add_lone_cell = _lone_cell_adder(factors, layout, term_scratch)

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            between = between_scratch.array((len(out), *padded.shape[1:]))
            term_sums = out
            for matrix, filter_rows in zip(column_matrices, row_filters, strict=True):
                _filter_columns(matrix, _flat_rows(padded), _flat_rows(between), rows)
                filter_rows(between, term_sums)
                if term_sums is not out:
                    np.add(out, term_sums, out=out)
                elif len(terms) > 1:
                    term_sums = term_scratch.array(out.shape)
            add_lone_cell(padded, out)

        return filter_tile

    return make


def _lone_cell_adder(factors: Factors, layout: Layout, scratch: Scratch) -> TileFilter:
    """Adds to out what the lone cell gives, if there is one."""
    if factors.lone_cell is None:
        return lambda *_: None
    top = factors.lone_cell[0] * layout.rows.dilation
    left = factors.lone_cell[1] * layout.columns.dilation
    down, right = layout.rows.stride, layout.columns.stride

    def add(padded: Numbers, out: Numbers) -> None:
        height, width = (len(out) - 1) * down + 1, (out.shape[1] - 1) * right + 1
        pixels = padded[top : top + height : down, left : left + width : right]
        product = scratch.array(out.shape)
        np.multiply(pixels, out.dtype.type(factors.lone_weight), out=product)
        np.add(out, product, out=out)

    return add


def _flat_rows(pixels: Numbers) -> Numbers:
    return pixels.reshape(len(pixels), -1)


def _without_negative_zeros(term: Term) -> Term:
    """The same product, so turned that whole sums along its row have no -0."""
    return Term(-term.column, -term.row) if gives_negative_zeros(term.row[np.newaxis]) else term


def _along_row(taps: Numbers, columns: AxisLayout) -> TileFilterMaker:
    passes = list_passes(taps[np.newaxis])
    if len(passes) <= MOST_ROW_PASSES:
        return lambda: partial(ShiftedSums(taps.dtype, (1, columns.stride), (1, columns.dilation)).fill, passes)
    in_blocks: dict[int, _RowPass] = {}

    def filter_rows(pixels: Numbers, out: Numbers) -> None:
        channels = out.shape[2]
        if channels not in in_blocks:
            in_blocks[channels] = _RowPass(taps, columns, channels)
        in_blocks[channels].filter(_flat_rows(pixels), _flat_rows(out))

    return lambda: filter_rows


def _in_passes(weights: Numbers, layout: Layout) -> TileFilterMaker:
    factors = factorize(weights, 1) or Factors(())
    (term,) = factors.terms
    column, row = list_passes(term.column[:, np.newaxis]), list_passes(term.row[np.newaxis])
    rows, columns = layout.rows, layout.columns

    def make() -> TileFilter:
        down = ShiftedSums(weights.dtype, (rows.stride, 1), (rows.dilation, 1))
        along = ShiftedSums(weights.dtype, (1, columns.stride), (1, columns.dilation))
        scratch, cell_scratch = Scratch(weights.dtype), Scratch(weights.dtype)
        add_lone_cell = _lone_cell_adder(factors, layout, cell_scratch)

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            between = scratch.array((len(out), *padded.shape[1:]))
            down.fill(column, padded, between)
            along.fill(row, between, out)
            add_lone_cell(padded, out)

        return filter_tile

    return make


def _filter_columns(matrix: Numbers, pixels: Numbers, out: Numbers, rows: AxisLayout) -> None:
    """Fill out (rows, width) with the sums along the columns."""
    strip, width = len(matrix), pixels.shape[1]
    count = len(out) // strip
    whole = count * strip
    if count:
        strips = overlapping(pixels, count, strip * rows.stride, matrix.shape[1])
        np.matmul(matrix, strips, out=out[:whole].reshape(count, strip, width))
    if whole < len(out):
        rest = pixels[whole * rows.stride :]
        np.matmul(matrix[: len(out) - whole, : len(rest)], rest, out=out[whole:])


class _RowPass:
    """Sums along the rows, block of columns by block; channels are interleaved."""

    def __init__(self, taps: Numbers, columns: AxisLayout, channels: int) -> None:
        self._step = BLOCK_COLUMNS * columns.stride * channels
        spread = taps[:, np.newaxis, np.newaxis] * np.eye(channels, dtype=taps.dtype)
        band = banded(spread, BLOCK_COLUMNS, columns.stride, columns.dilation)
        # From (outputs, inputs, channel in, channel out) to (inputs of all channels, outputs of all channels).
        self._matrix = np.ascontiguousarray(band.transpose(1, 2, 0, 3)).reshape(
            band.shape[1] * channels, BLOCK_COLUMNS * channels
        )

    def filter(self, pixels: Numbers, out: Numbers) -> None:
        """Fill out (rows, width) from pixels (rows, width and what the last outputs read beyond)."""
        inputs, outputs = self._matrix.shape
        width = out.shape[1]
        count = width // outputs
        if count:
            blocks = overlapping(pixels.T, count, self._step, inputs).transpose(0, 2, 1)
            targets = overlapping(out.T, count, outputs, outputs).transpose(0, 2, 1)
            np.matmul(blocks, self._matrix, out=targets)
        whole = count * outputs
        if whole < width:
            rest = pixels[:, count * self._step :]
            np.matmul(rest, self._matrix[: rest.shape[1], : width - whole], out=out[:, whole:])
