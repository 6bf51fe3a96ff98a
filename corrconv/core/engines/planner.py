"""Which engine computes the sums, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from corrconv.core.arithmetic import Arithmetic
from corrconv.core.engines.costs import (
    Estimate,
    estimate_direct,
    estimate_fft,
    estimate_matmul,
    estimate_separable,
    estimate_separable_passes,
    transform_shape,
    with_lone_cell,
)
from corrconv.core.engines.direct import count_passes
from corrconv.core.engines.tile_sizes import Geometry
from corrconv.core.factors import Factors, factorize
from corrconv.core.layout import Layout
from corrconv.core.options import Options
from corrconv.core.terms import Engine, Precision
from corrconv.core.threads import available_cores
from corrconv.errors import CorrconvError

# All threads together take no more than this for their tiles, where one thread can do with it.
MEMORY_BYTES = 48 * 1024 * 1024

# Work that one core does in this time is not worth waking others for.
THREADING_NANOSECONDS = 200_000


@dataclass(frozen=True)
class Plan:
    """How a filtering will be computed.

    precision: of the sums. tile: rows and columns of outputs computed in one go; tiles do not depend
    on the number of threads, so that the results do not either. memory: bytes that all threads take for their
    tiles. multiplications: of the whole image, all channels, without those by the zeros of banded
    matrices. fallback: the engine for tiles that hold nan or inf, or None to refuse them.
    """

    engine: Engine
    precision: str
    tile: tuple[int, int]
    threads: int
    memory: int
    multiplications: int
    reason: str
    fallback: Engine | None = Engine.DIRECT


@dataclass(frozen=True)
class _Candidate:
    """One engine that can do the work, and what it would take."""

    engine: Engine
    estimate: Estimate
    dtype: np.dtype[Any]
    terms: int = 1
    has_lone_cell: bool = False

    @property
    def nanoseconds(self) -> float:
        return self.estimate.nanoseconds * self.terms


@dataclass(frozen=True)
class _Task:
    """What is to be planned."""

    layout: Layout
    channels: int
    arithmetic: Arithmetic
    precision: Precision

    def geometry(self, dtype: np.dtype[Any]) -> Geometry:
        return Geometry(self.layout.rows, self.layout.columns, self.channels, dtype.itemsize)

    @property
    def narrowest_dtype(self) -> np.dtype[Any]:
        """The type that takes the least time for additions: whole numbers fit into few bits."""
        fits = self.arithmetic.largest < 2**15 and self.precision is Precision.AUTO
        return np.dtype(np.int16) if fits else self.arithmetic.dtype

    @property
    def side_by_side(self) -> str:
        rows, columns = self.layout.kernel.shape
        return f"{rows}x{columns}"


def plan(layout: Layout, channels: int, arithmetic: Arithmetic, options: Options) -> Plan:
    """The quickest plan for a kernel laid over an image of this many channels, or the one asked for.

    Raises CorrconvError where the engine that was asked for cannot do the work.
    """
    task = _Task(layout, channels, arithmetic, options.precision)
    asked = options.engine is not Engine.AUTO
    best = _CANDIDATES[options.engine](task) if asked else _quickest(task)
    estimate = best.estimate
    (rows, columns), tile = layout.output_shape, estimate.tile
    values = rows * columns * channels
    tiles = -(-rows // tile[0]) * -(-columns // tile[1])
    wanted = 1 if best.nanoseconds * values < THREADING_NANOSECONDS else options.threads or available_cores()
    threads = max(1, min(wanted, tiles, MEMORY_BYTES // estimate.memory))
    return Plan(
        engine=best.engine,
        precision=best.dtype.name,
        tile=tile,
        threads=threads,
        memory=threads * estimate.memory,
        multiplications=round(estimate.products * best.terms * values),
        reason=f"engine {options.engine} was asked for" if asked else _reason(task, best),
        fallback=None if asked or best.engine is Engine.DIRECT else Engine.DIRECT,
    )


def _quickest(task: _Task) -> _Candidate:
    best = _direct(task)
    for engine in (Engine.MATMUL, Engine.FFT, Engine.SEPARABLE):
        try:
            # The last one looks for no more terms than could be quicker than all before.
            made = _separable(task, best.nanoseconds) if engine is Engine.SEPARABLE else _CANDIDATES[engine](task)
            best = min(best, made, key=lambda candidate: candidate.nanoseconds)
        except CorrconvError:
            continue
    return best


def _direct(task: _Task) -> _Candidate:
    dtype = task.narrowest_dtype
    cells, passes = int(np.count_nonzero(task.arithmetic.weights)), count_passes(task.arithmetic.weights)
    return _Candidate(Engine.DIRECT, estimate_direct(task.geometry(dtype), cells, passes), dtype)


def _matmul(task: _Task) -> _Candidate:
    _check_float(task, Engine.MATMUL)
    dtype = task.arithmetic.dtype
    return _Candidate(Engine.MATMUL, estimate_matmul(task.geometry(dtype)), dtype)


def _separable(task: _Task, below: float = float("inf")) -> _Candidate:
    """The candidate, if it takes less than that; looking for more terms than could pay is left out."""
    _check_float(task, Engine.SEPARABLE)
    found = [candidate for candidate in (_in_passes(task), _in_products(task, below)) if candidate is not None]
    if not found:
        raise CorrconvError(f"engine separable gains nothing with this {task.side_by_side} kernel; use auto")
    return min(found, key=lambda candidate: candidate.nanoseconds)


def _in_products(task: _Task, below: float) -> _Candidate | None:
    dtype = task.arithmetic.dtype
    geometry = task.geometry(dtype)
    # Rows of equal weights take a pass for each; none takes fewer, but for zeros.
    least = estimate_separable(geometry, geometry.columns.side).nanoseconds
    factors = factorize(task.arithmetic.weights, int(min(below / least, *task.layout.kernel.shape)))
    if factors is None:
        return None
    estimate = estimate_separable(geometry, max(count_passes(term.row) for term in factors.terms))
    return _separable_candidate(factors, estimate, geometry, dtype)


def _in_passes(task: _Task) -> _Candidate | None:
    dtype = task.narrowest_dtype
    factors = factorize(task.arithmetic.weights.astype(dtype), 1) if dtype.kind == "i" else None
    if factors is None:
        return None
    geometry, (term,) = task.geometry(dtype), factors.terms
    estimate = estimate_separable_passes(geometry, count_passes(term.column) + count_passes(term.row))
    return _separable_candidate(factors, estimate, geometry, dtype)


def _separable_candidate(factors: Factors, estimate: Estimate, geometry: Geometry, dtype: np.dtype[Any]) -> _Candidate:
    if factors.lone_cell is None:
        return _Candidate(Engine.SEPARABLE, estimate, dtype, len(factors.terms))
    return _Candidate(Engine.SEPARABLE, with_lone_cell(estimate, geometry), dtype, has_lone_cell=True)


def _fft(task: _Task) -> _Candidate:
    _check_float(task, Engine.FFT)
    arithmetic = task.arithmetic
    dtype = np.dtype(np.float64) if arithmetic.exact else task.arithmetic.dtype
    geometry = task.geometry(dtype)
    estimate = estimate_fft(geometry)
    if arithmetic.exact:
        # Whole numbers are rounded back to the nearest, which is right where no sum is half a unit off.
        height, width = transform_shape(geometry, estimate.tile)
        if task.precision is Precision.FLOAT32 or arithmetic.transform_bound(height * width) >= 0.5:
            raise CorrconvError(
                "engine fft cannot keep whole numbers this large exact; use engine auto, or a float image"
            )
    return _Candidate(Engine.FFT, estimate, dtype)


def _check_float(task: _Task, engine: Engine) -> None:
    if task.arithmetic.dtype.kind == "i":
        raise CorrconvError(
            f"engine {engine} computes in floating point, and whole-number sums above 2^53 would not be exact;"
            " use engine auto or direct"
        )


def _reason(task: _Task, best: _Candidate) -> str:
    rows, columns = task.layout.kernel.shape
    match best.engine:
        case Engine.SEPARABLE:
            kind, sums = "has rank 1", f"{rows} + {columns}"
            if best.terms > 1:
                kind, sums = f"is a sum of {best.terms} of rank 1", f"{best.terms} times {sums}"
            elif best.has_lone_cell:
                kind, sums = "has rank 1 but for one cell", f"{sums} + 1"
            return f"the kernel {kind}: {sums} products a pixel instead of {rows * columns}"
        case Engine.MATMUL:
            return f"{task.side_by_side} products a pixel go quickest through matrix products"
        case Engine.FFT:
            geometry = task.geometry(best.dtype)
            height, width = transform_shape(geometry, best.estimate.tile)
            return f"{height}x{width} transforms take less than {task.side_by_side} products a pixel"
    if task.arithmetic.dtype.kind == "i":
        return "whole-number sums above 2^53 stay exact only in 64-bit integers"
    present = round(best.estimate.products)
    return f"only {present} {'product' if present == 1 else 'products'} a pixel, summed as the definition says"


_CANDIDATES: dict[Engine, Callable[[_Task], _Candidate]] = {
    Engine.DIRECT: _direct,
    Engine.SEPARABLE: _separable,
    Engine.MATMUL: _matmul,
    Engine.FFT: _fft,
}
