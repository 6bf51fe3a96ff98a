"""The same work by several contestants, checked and timed in turns."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from corrconv.core.decision import prepare_filtering
from corrconv.core.engines.tiles import fresh_memory
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import quantize
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Engine, Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from corrconv.core.engines.planner import Plan
    from corrconv.libraries.function import Run


# Makes a Run from an image (H, W) and weights, or gives None for work that the library cannot do.
Contestant: TypeAlias = Callable[["NDArray[Any]", "NDArray[np.float64]"], "Run | None"]

Name = TypeVar("Name")

OURS = "corrconv"

# float32 results of good libraries agree to a few 1e-6 of the largest possible sum; a wrong
# boundary or anchor is off by much more.
LARGEST_DEVIATION = 1e-4


@dataclass(frozen=True)
class Work:
    """What is computed: an image and a kernel, with a name for the table."""

    name: str
    image: NDArray[Any]
    kernel: Kernel


@dataclass(frozen=True)
class Timing:
    """One contestant's median seconds for one work; None where its numbers are not ours.

    deviation: the largest difference from our result, as a share of the largest possible sum.
    """

    contestant: str
    seconds: float | None
    deviation: float


@dataclass(frozen=True)
class WorkResult:
    """All contestants on one work. peak_bytes: our memory beside input and output at its highest."""

    work: Work
    plan: Plan
    timings: tuple[Timing, ...]
    peak_bytes: int

    @property
    def our_seconds(self) -> float:
        """The median of corrconv's own choice of engine."""
        seconds = next(timing.seconds for timing in self.timings if timing.contestant == OURS)
        if seconds is None:
            raise AssertionError("our own result always equals itself")
        return seconds

    def ratio(self, contestant: str) -> float | None:
        """The contestant's time over ours, or None where it was not timed."""
        seconds = next((timing.seconds for timing in self.timings if timing.contestant == contestant), None)
        return None if seconds is None else seconds / self.our_seconds


def make_work(rows: int, columns: int, kernel: Kernel, dtype: np.dtype[Any]) -> Work:
    """A random picture of this size, the same each time, for a kernel."""
    generator = np.random.default_rng(20_240_229)
    pixels = generator.integers(0, 256, (rows, columns), dtype=np.uint8)
    image = pixels if dtype == np.uint8 else pixels.astype(dtype) / dtype.type(255)
    kernel_rows, kernel_columns = kernel.shape
    return Work(f"{rows}x{columns} {dtype}, {kernel.name} {kernel_rows}x{kernel_columns}", image, kernel)


def dense_kernel(side: int) -> Kernel:
    """A random kernel of full rank, for which there is no short cut."""
    weights = np.random.default_rng(side).standard_normal((side, side)).astype(np.float32)
    return Kernel(weights / np.abs(weights).sum(), name="dense")


def our_run(image: NDArray[Any], kernel: Kernel, options: Options) -> Run:
    """Corrconv's own run: pixels to pixels for 8 bits, numbers to numbers otherwise."""
    if image.dtype == np.uint8:
        pixels = image[:, :, np.newaxis]
        return lambda: render(pixels, kernel, Operation.CORRELATION, options, Rendering()).pixels[:, :, 0]
    return lambda: filter_array(image, kernel, Operation.CORRELATION, options)


def engine_runs(work: Work, options: Options) -> dict[Engine, Run]:
    """A run with each engine that can do the work, but for the definition on large kernels."""
    runs: dict[Engine, Run] = {}
    for engine in Engine:
        if engine is Engine.AUTO or (engine is Engine.DIRECT and work.kernel.weights.size > 225):
            continue
        chosen = Options(engine=engine, threads=options.threads)
        try:
            prepare_filtering(work.image[:, :, np.newaxis], work.kernel, Operation.CORRELATION, chosen)
        except CorrconvError:
            continue
        runs[engine] = our_run(work.image, work.kernel, chosen)
    return runs


def time_in_turns(
    runs: Mapping[Name, Run], repeats: int, settle: Callable[[Sequence[float]], float] = median
) -> dict[Name, float]:
    """The median seconds of each run, or what settle makes of them; in turns, so that what slows one slows all."""
    samples: dict[Name, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = perf_counter()
            run()
            samples[name].append(perf_counter() - start)
    return {name: settle(values) for name, values in samples.items()}


def benchmark(
    works: Sequence[Work], peers: dict[str, Contestant], options: Options, *, engines: bool, repeats: int
) -> Iterator[WorkResult]:
    """Run every contestant on every work in turns, and check that all computed the same numbers."""
    for work in works:
        yield _benchmark_work(work, peers, options, engines=engines, repeats=repeats)


def _benchmark_work(
    work: Work, peers: dict[str, Contestant], options: Options, *, engines: bool, repeats: int
) -> WorkResult:
    ours = our_run(work.image, work.kernel, options)
    runs: dict[str, Run] = {OURS: ours}
    if engines:
        runs |= {f"{OURS} {engine}": run for engine, run in engine_runs(work, options).items()}
    for name, peer in peers.items():
        run = peer(work.image, work.kernel.weights)
        if run is not None:
            runs[name] = run
    expected = ours()
    deviations = {name: _deviation(run(), expected, work) for name, run in runs.items()}
    agreeing = {name: run for name, run in runs.items() if deviations[name] <= LARGEST_DEVIATION}
    seconds = time_in_turns(agreeing, repeats)
    timings = tuple(Timing(name, seconds.get(name), deviations[name]) for name in runs)
    pixels = work.image[:, :, np.newaxis]
    plan = prepare_filtering(pixels, work.kernel, Operation.CORRELATION, options).plan
    return WorkResult(work, plan, timings, _peak_bytes(ours))


def _deviation(result: NDArray[Any], expected: NDArray[Any], work: Work) -> float:
    if result.shape != expected.shape:
        return float("inf")
    if work.image.dtype == np.uint8:
        # Libraries round ties in different ways: one gray level apart is the same work.
        difference = np.abs(quantize(result[:, :, np.newaxis], np.dtype(np.uint8))[0][:, :, 0].astype(int) - expected)
        return max(0.0, float(difference.max()) - 1)
    largest = work.kernel.absolute_sum * float(np.abs(work.image).max())
    return float(np.abs(result - expected).max()) / largest


def _peak_bytes(run: Run) -> int:
    tracemalloc.start()
    try:
        with fresh_memory():
            result = run()
        return tracemalloc.get_traced_memory()[1] - result.nbytes
    finally:
        tracemalloc.stop()
