"""Measure what the steps of the engines take, for corrconv/core/engines/costs.py.

Run it as `OPENBLAS_NUM_THREADS=1 python tests/measure_costs.py [float32|float64]`. Prints, for each
engine, kernel and picture, the measured nanoseconds for each output value beside those of the model,
and then the times of single steps that fit the measurements best.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from corrconv.core.decision import Filtering, prepare_filtering
from corrconv.core.engines import costs
from corrconv.core.engines.direct import count_passes
from corrconv.core.engines.tile_sizes import Geometry
from corrconv.core.factors import Factors, factorize
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Engine, Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDES = {
    Engine.DIRECT: (1, 2, 3, 5),
    Engine.MATMUL: (1, 3, 5, 7, 11, 15, 21, 31),
    Engine.SEPARABLE: (3, 5, 6, 7, 11, 15, 31, 63),
    Engine.FFT: (5, 11, 15, 31, 63, 127, 255),
}
SHAPES = ((1024, 1024, 1), (2000, 3000, 1), (600, 1000, 3))
ROUNDS = 7


def filterings(dtype: str) -> Iterator[tuple[Engine, int, Filtering]]:
    """Every engine on kernels and pictures of several sizes."""
    random = np.random.default_rng(1)
    for engine, sides in SIDES.items():
        options = Options(engine=engine, threads=1)
        for shape in SHAPES:
            image = random.random(shape).astype(dtype)
            for side in sides:
                column, row = random.random((2, side))
                dense = random.random((side, side))
                kernel = Kernel(np.outer(column, row) if engine is Engine.SEPARABLE else dense)
                yield engine, side, prepare_filtering(image, kernel, Operation.CORRELATION, options)


def steps_of(filtering: Filtering) -> costs.Steps:
    """The steps that the model counts for a filtering."""
    plan, layout = filtering.plan, filtering.layout
    geometry = Geometry(layout.rows, layout.columns, filtering.image.shape[2], filtering.image.itemsize)
    match plan.engine:
        case Engine.DIRECT:
            return costs.direct_steps(geometry, plan.tile, count_passes(filtering.arithmetic.weights))
        case Engine.MATMUL:
            return costs.matmul_steps(geometry, plan.tile)
        case Engine.SEPARABLE:
            factors = factorize(filtering.arithmetic.weights) or Factors(())
            return costs.separable_steps(geometry, plan.tile, count_passes(factors.terms[0].row))
        case Engine.FFT:
            return costs.fft_steps(geometry, plan.tile)
    raise CorrconvError(f"engine {plan.engine} has no model")


def measure(filtering: Filtering, output: np.ndarray) -> float:
    """Nanoseconds of processor time for each output value: the least of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        filtering.run_into(output)
        rounds.append(time.thread_time() - start)
    return min(rounds) * 1e9 / output.size


def main(dtype: str = "float32") -> None:
    """Measure, print, fit."""
    names = list(costs.NANOSECONDS)
    rows, measured = [], []
    for engine, side, filtering in filterings(dtype):
        output = np.zeros(filtering.output_shape, dtype)
        nanoseconds = measure(filtering, output)
        steps = steps_of(filtering)
        model = sum(count * costs.NANOSECONDS[name] for name, count in steps.items()) * output.itemsize / 4
        shape = "x".join(map(str, output.shape))
        compared = f"{nanoseconds:7.2f} measured {model:7.2f} model {model / nanoseconds:5.2f}"
        sys.stdout.write(f"{engine:9} {side:3} {shape:12} {compared}\n")
        rows.append([steps.get(name, 0.0) * output.itemsize / 4 for name in names])
        measured.append(nanoseconds)
    # Each row is divided by its measurement, so that all errors count as shares.
    fitted, _ = nnls(np.array(rows) / np.array(measured)[:, np.newaxis], np.ones(len(measured)))
    for name, value in zip(names, fitted, strict=True):
        sys.stdout.write(f"{name!r}: {value:.3g},\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
