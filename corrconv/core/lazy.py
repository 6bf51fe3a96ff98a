"""Arrays that are computed later, by dask: filtered block by block, each as it is in the whole.

The one module of the core that knows dask, which is imported when such an array is filtered.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from corrconv.core.arithmetic import check_real_dtype, integer_peak, real_result_dtype
from corrconv.core.arrays import check_channel_axis
from corrconv.core.decision import Decision, decide, sufficient_peak
from corrconv.core.engines.tiles import Tile
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.results import check_result, checked_dtype, compute_into
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError, InputTypeError

# Whatever dask holds: it has no types of its own.
LazyArray = Any


def filter_lazily(
    image: LazyArray,
    kernel: Kernel | ArrayLike,
    operation: Operation,
    options: Options,
    *,
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
) -> LazyArray:
    """The dask array of the results, one block for each of the image's, as far as tiles allow.

    Equal to the results of the whole array to the last bit. Nothing is computed yet, but for the range of integers
    of more than 32 bits, which decides what their sums are exact in. Raises the errors of `correlate`.
    """
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    rows, columns, channels = _axes(image, channel_axis)
    if channels is not None and image.numblocks[channels] > 1:
        image = image.rechunk({channels: -1})
    shape = image.shape[rows], image.shape[columns], 1 if channels is None else image.shape[channels]
    as_kernel = kernel if isinstance(kernel, Kernel) else Kernel(kernel)
    result = real_result_dtype(image.dtype) if dtype is None else checked_dtype(dtype)
    wide = np.dtype(np.float64) if result.kind == "f" and result.itemsize >= 8 else None
    decision = decide(
        shape,
        image.dtype,
        as_kernel,
        operation,
        options,
        real_dtype=wide,
        peak=lambda: _peak(image, as_kernel, options),
    )
    check_result(result, decision.arithmetic)
    chunks = _output_chunks(decision, (image.chunks[rows], image.chunks[columns]))
    name = f"filtered-{tokenize(image.name, as_kernel.weights, as_kernel.anchor, operation, options, str(result))}"
    graph = dict(_tasks(image, decision, chunks, (rows, columns, channels), name, result))
    placed = list(image.chunks)
    placed[rows], placed[columns] = chunks
    return type(image)(
        HighLevelGraph.from_collections(name, graph, dependencies=[image]),
        name,
        chunks=tuple(placed),
        meta=np.empty((0,) * image.ndim, result),
    )


def filter_block(
    decision: Decision,
    outputs: Tile,
    result: np.dtype[Any],
    axes: tuple[int, int, int | None],
    pieces: list[list[NDArray[Any]]],
) -> NDArray[Any]:
    """One block of results, from the pieces of the image that it reads: rows of pieces, with their axes in place."""
    rows, columns, channels = axes
    # A chunk may be of another type than was promised; a mask would be lost.
    lines = [_joined([_checked(piece, decision.dtype) for piece in line], columns) for line in pieces]
    pixels = _joined(lines, rows)
    last = pixels[:, :, np.newaxis] if channels is None else np.moveaxis(pixels, channels, -1)
    filtering = decision.part(outputs, last)
    found = np.empty(filtering.output_shape, result)
    compute_into(found, filtering)
    return found[:, :, 0] if channels is None else np.ascontiguousarray(np.moveaxis(found, -1, channels))


def _axes(image: LazyArray, channel_axis: int | None) -> tuple[int, int, int | None]:
    """The axes of the rows, of the columns and of the channels."""
    check_real_dtype(image.dtype)
    held = type(image._meta)
    if held is not np.ndarray:
        raise InputTypeError(
            f"the image's blocks are of type {held.__module__}.{held.__name__}, which would be lost; map them to NumPy"
            " arrays first"
        )
    if any(math.isnan(length) for length in image.shape):
        raise CorrconvError("the image's size is not known; let dask find it: image.compute_chunk_sizes()")
    needed = 2 if channel_axis is None else 3
    if image.ndim != needed:
        axis = "without channel_axis it needs 2 dimensions, (rows, columns)"
        raise CorrconvError(
            f"the image has shape {image.shape}; {axis if needed == 2 else 'with channel_axis it needs 3 dimensions'}"
        )
    if channel_axis is None:
        return 0, 1, None
    check_channel_axis(channel_axis)
    channels = channel_axis % 3
    rows, columns = (axis for axis in range(3) if axis != channels)
    return rows, columns, channels


def _peak(image: LazyArray, kernel: Kernel, options: Options) -> int:
    """The largest absolute pixel: by its type where that suffices, else by a pass over the values."""
    if suffices := sufficient_peak(image.dtype, kernel, options):
        return suffices
    peaks = image.map_blocks(
        _block_peak,
        chunks=tuple((1,) * count for count in image.numblocks),
        meta=np.empty((0,) * image.ndim, object),
    )
    return max(int(peak) for peak in np.asarray(peaks.compute()).ravel())


def _block_peak(block: NDArray[Any]) -> NDArray[Any]:
    peak = np.empty((1,) * block.ndim, object)
    peak[...] = integer_peak(block) if block.size else 0
    return peak


def _output_chunks(
    decision: Decision, chunks: tuple[Sequence[int], Sequence[int]]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Along both axes the lengths of the blocks of outputs: those over each chunk of the image, in whole tiles."""
    rows, columns = (
        _axis_chunks(own, length, step, axis.outputs)
        for own, length, step, axis in zip(
            chunks,
            (decision.layout.rows.length, decision.layout.columns.length),
            decision.step,
            (decision.layout.rows, decision.layout.columns),
            strict=True,
        )
    )
    return rows, columns


def _axis_chunks(chunks: Sequence[int], length: int, step: int, outputs: int) -> tuple[int, ...]:
    if step > 1:
        # Equal ones, so that they can be written as they are.
        tiles = max(1, round(max(chunks) * outputs / length / step))
        edges = [*range(0, outputs, tiles * step), outputs]
    elif outputs == length:
        edges = [0, *accumulate(chunks)]
    else:
        edges = [round(edge * outputs / length) for edge in (0, *accumulate(chunks))]
    return tuple(stop - start for start, stop in pairwise(dict.fromkeys(edges)))


def _tasks(
    image: LazyArray,
    decision: Decision,
    chunks: tuple[tuple[int, ...], tuple[int, ...]],
    axes: tuple[int, int, int | None],
    name: str,
    result: np.dtype[Any],
) -> Iterator[tuple[Any, Any]]:
    """The graph: a task for each block, and one for each part of a chunk that it reads."""
    yield f"decision-{name}", decision
    rows, columns, _ = axes
    numbered = [list(enumerate(pairwise(accumulate(lengths, initial=0)))) for lengths in chunks]
    for (row, (top, bottom)), (column, (left, right)) in product(*numbered):
        outputs = slice(top, bottom), slice(left, right)
        read = decision.reads(outputs)
        grid = []
        for line, (chunk_row, part_rows) in enumerate(_pieces(read[0].runs, image.chunks[rows])):
            keys = []
            for place, (chunk_column, part_columns) in enumerate(_pieces(read[1].runs, image.chunks[columns])):
                source, part = [0] * image.ndim, [slice(None)] * image.ndim
                source[rows], source[columns] = chunk_row, chunk_column
                part[rows], part[columns] = part_rows, part_columns
                key: Any = (image.name, *source)
                if any(cut != slice(None) for cut in part):
                    piece = (f"piece-{name}", row, column, line, place)
                    yield piece, (_cut, key, tuple(part))
                    key = piece
                keys.append(key)
            grid.append(keys)
        block = [0] * image.ndim
        block[rows], block[columns] = row, column
        yield (name, *block), (filter_block, f"decision-{name}", outputs, result, axes, grid)


def _cut(chunk: NDArray[Any], part: tuple[slice, ...]) -> NDArray[Any]:
    """A copy, so that the rest of the chunk need not be kept for it."""
    return chunk[part].copy()


def _pieces(runs: Iterable[slice], chunks: Sequence[int]) -> Iterator[tuple[int, slice]]:
    """The chunks that runs of pixels along an axis lie in, one after the other, and which part of each."""
    edges = list(accumulate(chunks, initial=0))
    for run in runs:
        if run.start == run.stop:  # only what lies outside is read
            yield 0, slice(0, 0)
        number = max(0, bisect_right(edges, run.start) - 1)
        while number < len(chunks) and edges[number] < run.stop:
            start, stop = edges[number : number + 2]
            low, high = max(run.start, start), min(run.stop, stop)
            if low < high:
                yield number, slice(None) if (low, high) == (start, stop) else slice(low - start, high - start)
            number += 1


def _joined(pieces: list[NDArray[Any]], axis: int) -> NDArray[Any]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis)


def _checked(piece: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    if type(piece) is not np.ndarray or piece.dtype != dtype:
        found = f"{type(piece).__name__} of {getattr(piece, 'dtype', 'no type')}"
        raise InputTypeError(f"a block of the image is a {found} where {dtype} was promised; mend what makes it")
    return piece
