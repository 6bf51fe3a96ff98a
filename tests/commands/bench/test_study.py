"""bench with contestants of known numbers and known durations: what is timed, what is marked, and the ratios."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from oracle import correlate
from rich.console import Console, Group

from corrconv.commands.bench import study
from corrconv.commands.bench.study import OURS, benchmark, dense_kernel, make_work
from corrconv.commands.bench.view import benchmark_document, benchmark_view
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.libraries.registry import contestants

FACTS = {"processor": "x86", "cores": 2, "simd": "AVX2", "threads": 1, "python": "3.11", "versions": {"numpy": "2.0"}}
SKEW = Kernel([[1, 2, 0], [0, 3, -1], [0, 0, 4]], name="skew")


class Clock:
    """A clock that only the contestants move on."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still but for what the fakes take; ours takes 2 seconds each time."""
    clock, make_run = Clock(), study.our_run

    def our_slow_run(image, kernel, options):
        run = make_run(image, kernel, options)

        def slow():
            clock.now += 2
            return run()

        return slow

    monkeypatch.setattr(study, "perf_counter", clock)
    monkeypatch.setattr(study, "our_run", our_slow_run)
    return clock


def looped(image, weights):
    return np.array(correlate(image.tolist(), weights.tolist(), boundary="reflect"))


def fake(clock, durations, result=looped):
    """A contestant that takes one of the durations after the other, and computes by the definition."""
    durations = iter(durations)

    def prepare(image, weights):
        made = result(image, weights)

        def run():
            clock.now += next(durations)
            return made

        return run

    return prepare


def timed(clock, peers, *, dtype="float64", repeats=3):
    work = make_work(7, 9, SKEW, np.dtype(dtype))
    (result,) = benchmark([work], peers, Options(), engines=False, repeats=repeats)
    return result


def test_a_ratio_is_the_time_of_the_other_over_ours(clock):
    # The first run of each only checks the numbers; of the others the median counts.
    result = timed(clock, {"slow": fake(clock, [99, 6, 50, 7]), "quick": fake(clock, [99, 0.5, 0.25, 1])})
    assert result.our_seconds == 2
    seconds = {timing.contestant: timing.seconds for timing in result.timings}
    assert seconds == {OURS: 2, "slow": 7, "quick": 0.5}
    assert (result.ratio("slow"), result.ratio("quick"), result.ratio(OURS)) == (3.5, 0.25, 1)
    document = json.loads(json.dumps(benchmark_document([result], FACTS), allow_nan=False))
    (work,) = document["works"]
    assert work["image_shape"] == [7, 9]
    assert [(it["contestant"], it["ratio"]) for it in work["timings"]] == [(OURS, 1), ("slow", 3.5), ("quick", 0.25)]


def test_other_numbers_are_marked_and_not_timed(clock):
    other_border = lambda image, weights: np.array(correlate(image.tolist(), weights.tolist(), boundary="edge"))  # noqa: E731
    peers = {
        "other": fake(clock, [1], other_border),
        "smaller": fake(clock, [1], lambda image, _: image[1:]),
        "absent": lambda image, weights: None,
    }
    result = timed(clock, peers)
    assert [timing.contestant for timing in result.timings] == [OURS, "other", "smaller"]
    assert [result.ratio(name) for name in ("other", "smaller", "absent")] == [None] * 3
    shown = printed([result])
    assert shown.count("other numbers") == 3  # the caption explains the words


@pytest.mark.parametrize(("off", "ratio"), [(0, 1.5), (1, 1.5), (2, None)])
def test_of_8_bit_pixels_one_gray_level_is_the_same_work(clock, off, ratio):
    def near(image, weights):
        return np.clip(looped(image, weights), 0, 255) - off

    assert timed(clock, {"near": fake(clock, [1] + [3] * 3, near)}, dtype="uint8").ratio("near") == ratio


def printed(results, width=80):
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False, markup=False).print(Group(*benchmark_view(results, FACTS)))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_shows_our_time_and_the_ratios_within_its_width(clock, width):
    result = timed(clock, {"slow": fake(clock, [99, 6, 50, 7]), "quick": fake(clock, [99, 0.5, 0.25, 1])})
    lines = printed([result], width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].rstrip() == "time of each, as a multiple of corrconv's own (above 1: corrconv is faster)"
    assert "Below: 2.00 takes twice as long as that, 0.50 half as long, 1.00 the same." in map(str.rstrip, lines)
    cells = {line.rsplit(maxsplit=1)[0].strip(): line.split()[-1] for line in lines if len(line.split()) > 1}
    assert (cells["corrconv, ms"], cells["slow"], cells["quick"]) == ("2000.0", "3.50", "0.25")
    assert any("7x9" in line for line in lines)


@pytest.mark.peer
@pytest.mark.parametrize("name", contestants(1))
def test_every_installed_contestant_computes_the_definition_with_the_boundary_reflect(name):
    image = np.random.default_rng(4).random((9, 12)).astype(np.float32)
    kernel = dense_kernel(3).weights
    run = contestants(1)[name](image, kernel)
    if run is not None:
        assert np.abs(run() - looped(image, kernel)).max() < 1e-5
    else:
        pixels = (image * 255).astype(np.uint8)
        run = contestants(1)[name](pixels, kernel)
        assert run is not None
        assert np.abs(run().astype(float) - np.clip(looped(pixels, kernel), 0, 255)).max() <= 1
