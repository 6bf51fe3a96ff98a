"""Tiles: the rectangles of outputs that are computed in one go, and the pixels that they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise, product
from math import prod
from threading import local
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corrconv.core.engines.signature import Numbers
from corrconv.core.layout import AxisLayout, Layout
from corrconv.core.terms import Boundary

# For each axis, the pixel that each padded place repeats.
Sources: TypeAlias = "tuple[NDArray[np.intp], NDArray[np.intp]]"

# Each thread keeps up to so much memory for its next picture: a little more than one tile takes.
KEPT_BYTES = 8 * 1024 * 1024

# The rows and the columns of one tile of outputs: an index into the output array.
Tile: TypeAlias = "tuple[slice, slice]"


def split(output_shape: tuple[int, int], tile_shape: tuple[int, int]) -> Iterator[Tile]:
    """All tiles of an output, row of tiles by row of tiles."""
    rows, columns = (
        [slice(start, stop) for start, stop in pairwise([*range(0, length, step), length])]
        for length, step in zip(output_shape, tile_shape, strict=True)
    )
    return product(rows, columns)


class TileLoader:
    """Provides the pixels that a tile of outputs reads, boundary included, in the type of the sums."""

    def __init__(self, image: NDArray[Any], layout: Layout, dtype: np.dtype[Any], sources: Sources) -> None:
        self._image = image
        self._layout = layout
        self._row_sources, self._column_sources = sources
        self._scratch = Scratch(dtype)
        self._readable = image.dtype == dtype and image.flags.c_contiguous and image.flags.aligned

    def load(self, tile: Tile, *, writable: bool) -> Numbers:
        """The padded pixels (rows, columns, channels) of a tile.

        They are a part of the image itself where that will do and they need not be writable;
        otherwise a copy, in memory that the next tile uses again.
        """
        row_range = self._layout.rows.padded_range(tile[0].start, tile[0].stop)
        column_range = self._layout.columns.padded_range(tile[1].start, tile[1].stop)
        row_sources, column_sources = self._row_sources[slice(*row_range)], self._column_sources[slice(*column_range)]
        inner_rows, image_rows = _inside(self._layout.rows, *row_range)
        inner_columns, image_columns = _inside(self._layout.columns, *column_range)
        shape = (len(row_sources), len(column_sources), self._image.shape[2])
        within = self._image[image_rows, image_columns]
        if self._readable and not writable and within.shape == shape:
            return within
        padded = self._scratch.array(shape)
        padded[inner_rows, inner_columns] = within
        row_sides, column_sides = _sides(inner_rows, shape[0]), _sides(inner_columns, shape[1])
        if self._layout.boundary is Boundary.CONSTANT:
            for side in row_sides:
                padded[side] = self._layout.fill
            for side in column_sides:
                padded[:, side] = self._layout.fill
            return padded
        for side in row_sides:
            padded[side, inner_columns] = self._image[:, image_columns][row_sources[side]]
        for side in column_sides:
            padded[:, side] = self._image[row_sources[:, np.newaxis], column_sources[side]]
        return padded


class Scratch:
    """Memory that one thread uses again and again; fresh memory costs page faults."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._memory = np.empty(0, np.uint8)
        self._last = np.empty(0, dtype)

    def array(self, shape: tuple[int, ...]) -> Numbers:
        """An array with arbitrary contents, valid until the next call; the same one again for the same shape."""
        if self._last.shape != shape:
            size = prod(shape) * self._dtype.itemsize
            if self._memory.size < size:
                _keep(self._memory)
                self._memory = np.empty(0, np.uint8)
                self._memory = _take(size)
            self._last = self._memory[:size].view(self._dtype).reshape(shape)
        return self._last

    def __del__(self) -> None:
        _keep(self._memory)


class _Kept(local):
    """What a thread's work has left for its next work."""

    limit: ClassVar[int] = KEPT_BYTES

    def __init__(self) -> None:
        self.memory: list[NDArray[np.uint8]] = []


_kept = _Kept()


@contextmanager
def fresh_memory() -> Iterator[None]:
    """Nothing is kept while this lasts, in no thread, so that what a work takes can be measured."""
    _Kept.limit = 0
    try:
        yield
    finally:
        _Kept.limit = KEPT_BYTES


def _take(size: int) -> NDArray[np.uint8]:
    """The smallest kept memory that will do, or fresh memory."""
    fitting = [index for index, memory in enumerate(_kept.memory) if memory.size >= size]
    if not fitting or not _Kept.limit:
        return np.empty(size, np.uint8)
    return _kept.memory.pop(min(fitting, key=lambda index: _kept.memory[index].size))


def _keep(memory: NDArray[np.uint8]) -> None:
    """Keep memory for this thread's next work, in place of the oldest where it becomes too much."""
    kept = _kept.memory
    if memory.size:
        kept.append(memory)
        while sum(one.size for one in kept) > _Kept.limit:
            kept.pop(0)


def _inside(axis: AxisLayout, start: int, stop: int) -> tuple[slice, slice]:
    """Which of the padded places from start to stop lie inside the image; and where in the image."""
    first = min(max(axis.before, start), stop)
    last = max(min(axis.before + axis.length, stop), first)
    return slice(first - start, last - start), slice(first - axis.before, last - axis.before)


def _sides(inner: slice, length: int) -> list[slice]:
    """What lies before and after the inner part, where there is any."""
    sides = (slice(0, inner.start), slice(inner.stop, length))
    return [side for side in sides if side.start < side.stop]
