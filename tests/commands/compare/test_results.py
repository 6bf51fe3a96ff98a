"""Results that are computed tile by tile: the same as whole ones, in little memory, whoever computes them."""

from __future__ import annotations

import tracemalloc
from dataclasses import astuple
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from corrconv import convolve, correlate
from corrconv.commands.compare.results import Results
from corrconv.commands.compare.study import compare
from corrconv.core.engines.tiles import fresh_memory
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options

RANDOM = np.random.default_rng(5)
# Larger than a tile of every engine.
BYTES = RANDOM.integers(0, 256, (700, 900), dtype=np.uint8)
EMBOSS = Kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
DENSE = Kernel(RANDOM.random((9, 8)))
CASES = [
    (BYTES, EMBOSS),
    (BYTES, Kernel(np.array([[1, 2, 4]]) / 9)),
    (BYTES / 255, DENSE),
    (RANDOM.integers(0, 256, (500, 400, 3), dtype=np.uint8), EMBOSS),
    (RANDOM.random((500, 600)), Kernel(RANDOM.random((41, 40)))),
]


def made(image: Any, kernel: Kernel, **options: Any) -> Results:
    planes = image if image.ndim == 3 else image[:, :, np.newaxis]
    return Results(planes, kernel, Options(**options))


@pytest.mark.parametrize(("image", "kernel"), CASES)
def test_tiles_make_up_the_whole_which_is_the_core_s(image: Any, kernel: Kernel) -> None:
    results = made(image, kernel)
    both = np.full((2, *results.shape), nan)
    seen = []

    def put(tile: Any, *values: Any) -> None:
        seen.append(tile)
        for output, own in zip(both, values, strict=True):
            output[tile] = own

    results.each_tile(put)
    assert len(seen) > 1
    assert_array_equal(both[0], results.correlation)
    assert_array_equal(both[1], results.convolution)
    assert_array_equal(results.difference, both[0] - both[1])
    for operation, own in ((correlate, both[0]), (convolve, both[1])):
        axis = None if image.ndim == 2 else -1
        assert_array_equal(own, np.reshape(operation(image, kernel, channel_axis=axis, dtype=float), own.shape))


@pytest.mark.parametrize(("image", "kernel"), CASES)
def test_the_gap_is_that_of_the_whole_and_no_thread_changes_it(image: Any, kernel: Kernel) -> None:
    results = made(image, kernel)
    difference = np.abs(results.difference)
    gap = results.gap(3.0)
    expected = difference.max(), difference.mean(), np.sqrt((difference**2).mean()), (difference > 3).any(axis=2).mean()
    assert_allclose(astuple(gap), expected, rtol=1e-13)
    assert gap.largest == difference.max()
    if (difference == np.rint(difference)).all():  # sums of whole numbers are exact in any order
        assert astuple(gap) == expected
    assert astuple(made(image, kernel, threads=1).gap(3.0)) == astuple(made(image, kernel, threads=5).gap(3.0))


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.0, 1e200, 1e307])
def test_no_square_overflows_or_vanishes(scale: float) -> None:
    image = np.array([[0, 0, 1.0, 0, 0]]) * scale
    gap = made(image, Kernel([[-1, 0, 1]]), boundary="constant").gap(0.0)
    largest = 2 * image[0, 2]
    assert gap.largest == largest
    assert_allclose(gap.mean, 2 * largest / 5, rtol=1e-3)  # such as 1e-320 have few digits
    assert_allclose(gap.rmse, largest * (2 / 5) ** 0.5, rtol=1e-3)


@pytest.mark.parametrize(("spoilt", "other", "largest"), [(inf, 0.0, inf), (nan, 0.0, nan), (inf, nan, nan)])
def test_what_is_no_number_makes_a_gap_of_none(spoilt: float, other: float, largest: float) -> None:
    image = np.zeros((900, 900))
    image[5, 5], image[-5, -5] = spoilt, other
    gap = made(image, Kernel([[1, 2]])).gap(1e-9)
    for value in (gap.largest, gap.mean, gap.rmse):
        assert value == largest or (isnan(value) and isnan(largest))
    # Each is read by two outputs of either operation, one of which is the same.
    assert gap.differing_share == (4 if other else 2) / image.size


@pytest.mark.parametrize("options", [{"output_size": "full", "stride": 2}, {"boundary": "wrap"}])
def test_the_corner_is_that_of_the_whole(options: dict[str, Any]) -> None:
    for image in (BYTES, BYTES[:3, :5]):
        results = made(image, EMBOSS, **options)
        correlation, convolution = results.corner(12)
        assert_array_equal(correlation, results.correlation[:12, :12])
        assert_array_equal(convolution, results.convolution[:12, :12])


def test_neither_the_results_nor_their_difference_are_held() -> None:
    image = np.tile(BYTES, (4, 4))
    compare(BYTES, EMBOSS)  # what is made once
    tracemalloc.start()
    try:
        with fresh_memory():
            compare(image, EMBOSS, EMBOSS, options=Options(threads=2))
        assert tracemalloc.get_traced_memory()[1] < 8 * image.size / 2
    finally:
        tracemalloc.stop()


def test_each_kernel_is_handed_over_with_its_measures_before_the_next() -> None:
    seen: list[tuple[Any, Results]] = []
    comparison = compare(BYTES[:9], EMBOSS, DENSE, consume=lambda *both: seen.append(both))
    assert tuple(entry for entry, _ in seen) == comparison.kernels
    for entry, results in seen:
        assert entry.max_abs_difference == np.abs(results.difference).max()
