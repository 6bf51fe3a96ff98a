"""Which engine computes the sums, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from corrconv.core import costs
from corrconv.core.engines.fft import fast_length
from corrconv.core.engines.matmul import cut_strips
from corrconv.core.factors import factorize
from corrconv.core.terms import Engine, Precision
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from corrconv.core.arithmetic import Arithmetic
    from corrconv.core.layout import AxisLayout, Layout
    from corrconv.core.options import Options

# One row of a tile, and all that a tile of the direct engine reads, in bytes: wide rows keep BLAS
# busy, and what is read again and again stays in a core's own cache.
ROW_BYTES = 16 * 1024
DIRECT_BYTES = 256 * 1024

# The lanes of one tile, in bytes.
LANE_BYTES = 2 * 1024 * 1024

# The longest transform along one axis, unless the kernel itself is longer than half of it.
LONGEST_TRANSFORM = 512

# All threads together take no more than this for their tiles, where one thread can do with it.
MEMORY_BYTES = 40 * 1024 * 1024

# Work that one core does in this time is not worth waking others for.
THREADING_NANOSECONDS = 200_000


@dataclass(frozen=True)
class Plan:
    """How a filtering will be computed.

    precision: of the sums. tile: rows and columns of outputs computed in one go; tiles do not depend
    on the number of threads, so that the results do not either. multiplications: of the whole image,
    all channels, without those by the zeros of banded matrices. fallback: the engine for tiles that
    hold nan or inf, or None to refuse them.
    """

    engine: Engine
    precision: str
    tile: tuple[int, int]
    threads: int
    multiplications: int
    reason: str
    fallback: Engine | None = Engine.DIRECT


@dataclass(frozen=True)
class _Task:
    """What is to be planned."""

    layout: Layout
    channels: int
    arithmetic: Arithmetic
    precision: Precision

    @property
    def values(self) -> int:
        rows, columns = self.layout.output_shape
        return rows * columns * self.channels

    @property
    def cells(self) -> int:
        return self.layout.kernel.weights.size


@dataclass(frozen=True)
class _Candidate:
    """What one engine would take: per output value, and bytes of memory for each thread."""

    engine: Engine
    precision: str
    tile: tuple[int, int]
    nanoseconds: float
    products: float
    memory: int
    reason: str


def plan(layout: Layout, channels: int, arithmetic: Arithmetic, options: Options) -> Plan:
    """The quickest plan for a kernel laid over an image of this many channels, or the one asked for.

    Raises CorrconvError where the engine that was asked for cannot do the work.
    """
    task = _Task(layout, channels, arithmetic, options.precision)
    if options.engine is Engine.AUTO:
        best, fallback = _quickest(task), Engine.DIRECT
    else:
        best = replace(_CANDIDATES[options.engine](task), reason=f"engine {options.engine} was asked for")
        fallback = None
    rows, columns = layout.output_shape
    tiles = -(-rows // best.tile[0]) * -(-columns // best.tile[1])
    wanted = options.threads or _available_cores()
    if best.nanoseconds * task.values < THREADING_NANOSECONDS:
        wanted = 1
    return Plan(
        engine=best.engine,
        precision=best.precision,
        tile=best.tile,
        threads=max(1, min(wanted, tiles, MEMORY_BYTES // best.memory)),
        multiplications=round(best.products * task.values),
        reason=best.reason,
        fallback=fallback if best.engine is not Engine.DIRECT else None,
    )


def _quickest(task: _Task) -> _Candidate:
    candidates = [_direct(task)]
    for candidate in (_matmul, _fft):
        try:
            candidates.append(candidate(task))
        except CorrconvError:
            continue
    best = min(candidates, key=lambda candidate: candidate.nanoseconds)
    try:
        return _separable(task, below=best.nanoseconds)
    except CorrconvError:
        return best


def _direct(task: _Task) -> _Candidate:
    weights, dtype = task.arithmetic.weights, task.arithmetic.dtype
    present = int(np.count_nonzero(weights))
    if dtype.kind == "i":
        reason = "whole-number sums above 2^53 stay exact only in 64-bit integers"
    else:
        reason = f"only {present} {'products' if present != 1 else 'product'} a pixel, summed as the definition says"
    rows, columns = task.layout.output_shape
    width = min(columns, max(1, ROW_BYTES // (task.channels * dtype.itemsize)))
    read = task.layout.columns.padded_range(0, width)[1] * task.channels * dtype.itemsize
    tile = min(rows, max(1, DIRECT_BYTES // read)), width
    steps = costs.direct_steps(present)
    return _candidate(task, Engine.DIRECT, dtype, tile, steps, present, copies=2, reason=reason)


def _matmul(task: _Task) -> _Candidate:
    _check_float(task, Engine.MATMUL)
    dtype = task.arithmetic.dtype
    rows, columns = task.layout.kernel.shape
    cut = cut_strips((rows, columns), task.layout.columns.stride, dtype.itemsize)
    tile = _strip_tile(task, cut.lanes, cut.rows)
    steps = costs.matmul_steps(task.layout, tile, dtype.itemsize)
    reason = f"{rows}x{columns} products a pixel go quickest through matrix products"
    return _candidate(task, Engine.MATMUL, dtype, tile, steps, task.cells, copies=1 + cut.lanes, reason=reason)


def _separable(task: _Task, below: float = float("inf")) -> _Candidate:
    """The candidate, if it takes less than that; looking for more terms than could pay is left out."""
    _check_float(task, Engine.SEPARABLE)
    dtype = task.arithmetic.dtype
    rows, columns = task.layout.kernel.shape
    strip = cut_strips((rows, 1), 1, dtype.itemsize).rows
    tile = _strip_tile(task, 1, strip)
    steps = costs.separable_steps(task.layout, tile, task.channels, dtype.itemsize)
    each = costs.nanoseconds(steps, dtype.itemsize)
    most = int(min(below / each, rows, columns))
    terms = factorize(task.arithmetic.weights, most)
    if terms is None:
        raise CorrconvError(f"engine separable gains nothing with this {rows}x{columns} kernel; use auto")
    count = len(terms)
    kind, sums = ("has rank 1", "") if count == 1 else (f"is a sum of {count} of rank 1", f"{count} times ")
    reason = f"the kernel {kind}: {sums}{rows} + {columns} products a pixel instead of {task.cells}"
    all_steps = {name: steps_each * count for name, steps_each in steps.items()}
    products = count * (rows + columns)
    return _candidate(task, Engine.SEPARABLE, dtype, tile, all_steps, products, copies=3, reason=reason)


def _fft(task: _Task) -> _Candidate:
    _check_float(task, Engine.FFT)
    layout, arithmetic = task.layout, task.arithmetic
    dtype = np.dtype(np.float64) if arithmetic.exact else arithmetic.dtype
    tile = _transform_tile(layout.rows), _transform_tile(layout.columns)
    height, width = (
        fast_length(axis.padded_range(0, side)[1])
        for axis, side in zip((layout.rows, layout.columns), tile, strict=True)
    )
    # Whole numbers are rounded back to the nearest, which is right where no sum is half a unit off.
    if arithmetic.exact and (task.precision is Precision.FLOAT32 or arithmetic.transform_bound(height * width) >= 0.5):
        raise CorrconvError("engine fft cannot keep whole numbers this large exact; use engine auto, or a float image")
    rows, columns = layout.kernel.shape
    steps = costs.fft_steps(layout, tile)
    reason = f"{height}x{width} transforms take less than {rows}x{columns} products a pixel"
    # About 2 real products a point for each doubling, there and back, and 2 for the spectrum.
    products = (steps["transform"] * 2 + 2 * height * width / (tile[0] * tile[1])) if tile[0] * tile[1] else 0.0
    candidate = _candidate(task, Engine.FFT, dtype, tile, steps, products, copies=0, reason=reason)
    return replace(candidate, memory=4 * height * width * dtype.itemsize)


def _candidate(
    task: _Task,
    engine: Engine,
    dtype: np.dtype[np.generic],
    tile: tuple[int, int],
    steps: costs.Steps,
    products: float,
    *,
    copies: int,
    reason: str,
) -> _Candidate:
    """copies: how often a thread holds what a tile reads."""
    read = task.layout.rows.padded_range(0, tile[0])[1] * task.layout.columns.padded_range(0, tile[1])[1]
    memory = (copies * read + 2 * tile[0] * tile[1]) * task.channels * dtype.itemsize
    return _Candidate(engine, dtype.name, tile, costs.nanoseconds(steps, dtype.itemsize), products, memory, reason)


def _check_float(task: _Task, engine: Engine) -> None:
    if task.arithmetic.dtype.kind != "f":
        raise CorrconvError(
            f"engine {engine} computes in floating point, and whole-number sums above 2^53 would not be exact;"
            " use engine auto or direct"
        )


def _strip_tile(task: _Task, lanes: int, strip: int) -> tuple[int, int]:
    """A tile of whole strips with wide rows, whose lanes stay within bounds."""
    rows, columns = task.layout.output_shape
    row_axis, column_axis = task.layout.rows, task.layout.columns
    pixel = task.channels * task.arithmetic.dtype.itemsize
    # Rows read by two neighbouring tiles are copied twice; tall kernels need tall tiles to make up.
    least = max(32, row_axis.extent // row_axis.stride // 2)
    tallest_row = LANE_BYTES // (lanes * row_axis.padded_range(0, least)[1])
    width = max(1, min(columns, min(ROW_BYTES, tallest_row) // pixel))
    # Tiles of equal width: a narrow last one would be slow.
    width = -(-columns // -(-columns // width))
    height = LANE_BYTES // (lanes * column_axis.padded_range(0, width)[1] * pixel) - row_axis.extent
    height = max(least, height // row_axis.stride)
    return min(rows, -(-height // strip) * strip), width


@lru_cache
def _transform_tile(axis: AxisLayout) -> int:
    """The outputs along one axis of a tile for which all transforms together are the shortest."""
    longest = max(LONGEST_TRANSFORM, fast_length(2 * axis.extent))
    most = max(1, (longest - axis.extent) // axis.stride + 1)
    fewest = -(-axis.outputs // most)
    tiles = {-(-axis.outputs // count) for count in range(fewest, 4 * fewest + 1)}
    return min(sorted(tiles), key=lambda outputs: _transform_length(axis, outputs))


def _transform_length(axis: AxisLayout, outputs: int) -> int:
    return -(-axis.outputs // outputs) * fast_length(axis.padded_range(0, outputs)[1])


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_CANDIDATES: dict[Engine, Callable[[_Task], _Candidate]] = {
    Engine.DIRECT: _direct,
    Engine.SEPARABLE: _separable,
    Engine.MATMUL: _matmul,
    Engine.FFT: _fft,
}
