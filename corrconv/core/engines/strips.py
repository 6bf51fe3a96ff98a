"""Banded matrices and strided views: how sums over shifted rows become matrix products.

A matrix product of NumPy goes to BLAS only where each operand holds its rows (or its columns) in
one piece and apart from each other; all views made here do.
"""

from __future__ import annotations

import numpy as np

from corrconv.core.engines.signature import Numbers


def banded(taps: Numbers, outputs: int, stride: int, dilation: int) -> Numbers:
    """The matrix (outputs, inputs) of a one-dimensional correlation: row n holds the taps from place n * stride on.

    taps (side, ...): the axes after the first are carried along. Those too small to count are 0 there.
    """
    side = len(taps)
    inputs = (outputs - 1) * stride + (side - 1) * dilation + 1
    matrix = np.zeros((outputs, inputs, *taps.shape[1:]), taps.dtype)
    starts = stride * np.arange(outputs)[:, np.newaxis]
    matrix[np.arange(outputs)[:, np.newaxis], starts + dilation * np.arange(side)] = _without_negligible(taps)
    return matrix


def _without_negligible(taps: Numbers) -> Numbers:
    """The taps without those whose products would be subnormal: a processor takes a hundred times as long for these.

    Left out are only such that all of them together stay far below the rounding of the largest one.
    """
    limits, sizes = np.finfo(taps.dtype), np.abs(taps)
    least = min(limits.smallest_normal / limits.eps, sizes.max() * limits.eps**2)
    return np.where(sizes < least, 0, taps)


def overlapping(rows: Numbers, count: int, step: int, height: int) -> Numbers:
    """A view (count, height, ...) of strips of this many rows, each starting step rows after the last."""
    return strided(rows, (count, height, *rows.shape[1:]), (step * rows.strides[0], *rows.strides))


def strided(array: Numbers, shape: tuple[int, ...], strides: tuple[int, ...]) -> Numbers:
    """The memory of an array in another shape, with steps of these many bytes."""
    if array.flags.c_contiguous:  # a fifth of the time that as_strided takes
        return np.ndarray(shape, array.dtype, array, 0, strides)
    return np.lib.stride_tricks.as_strided(array, shape, strides)
