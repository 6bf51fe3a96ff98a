"""Numba, whose stencils are compiled loops of one's own; for `bench` alone, as each kernel shape takes seconds."""

from __future__ import annotations

from importlib import import_module

from corrconv.core.convention.model import BorderRule, Borders
from corrconv.libraries.contest import inside, matching, padded
from corrconv.libraries.function import Array, LibraryFunction, Run
from corrconv.libraries.shared import CORRELATION

# Kernels of more cells take it longer than a benchmark should.
MOST_CELLS = 1000


def _contest(image: Array, weights: Array, threads: int) -> Run | None:
    numba = import_module("numba")
    if weights.size > MOST_CELLS or threads > numba.config.NUMBA_NUM_THREADS:
        return None
    taps, surrounded = matching(image, weights), padded(image, weights)
    (up, left), (rows, columns) = (side // 2 for side in taps.shape), taps.shape
    down, right = rows - 1 - up, columns - 1 - left
    none = taps.dtype.type(0)

    def correlate(pixels: Array, taps: Array) -> Array:
        total = none
        for row in range(-up, down + 1):
            for column in range(-left, right + 1):
                total += taps[row + up, column + left] * pixels[row, column]
        return total  # type: ignore[no-any-return]

    neighbours = ((-up, down), (-left, right))
    stencil = numba.stencil(correlate, neighborhood=neighbours, standard_indexing=("taps",))

    def apply(pixels: Array, taps: Array) -> Array:
        result: Array = stencil(pixels, taps)  # a stencil is compiled in parallel where a function calls it
        return result

    compiled = numba.njit(parallel=True)(apply)
    numba.set_num_threads(threads)

    def run() -> Array:
        return inside(compiled(surrounded, taps), image, weights)

    return run


FUNCTIONS = (
    LibraryFunction(
        name="numba.stencil",
        computes=CORRELATION.changed(borders=Borders.uniform(BorderRule.BLANK)),
        documented="numba.readthedocs.io, a stencil of products with the relative indices of the cells",
        contest=_contest,
    ),
)
