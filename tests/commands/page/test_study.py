"""What a page carries: small enough, of types that a script reads, with results to check by."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from corrconv import CorrconvError, Kernel, convolve, correlate
from corrconv.commands.page.study import CHECKED_PLACES, MOST_BYTES, make_page, reduced
from corrconv.core.options import Options

NOISE = np.random.default_rng(5).integers(0, 256, (20, 30, 3), dtype=np.uint8)
CORNER = Kernel([[1, 2], [3, 4]])


def test_the_checked_places_hold_the_core_s_results_with_the_corners_among_them() -> None:
    page = make_page(NOISE, [CORNER], Options(stride=(2, 1)))
    (kernel,) = page.kernels
    assert CHECKED_PLACES - 2 <= len(kernel.places) <= CHECKED_PLACES  # a corner may be among the others
    assert {(0, 0), (0, 29), (9, 0), (9, 29)} <= set(map(tuple, kernel.places.tolist()))
    for operation, expected in zip((correlate, convolve), kernel.expected, strict=True):
        results = operation(NOISE, CORNER, stride=(2, 1), channel_axis=-1)
        assert_array_equal(expected, results[kernel.places[:, 0], kernel.places[:, 1]])


def test_it_begins_where_the_results_differ_most_or_in_the_middle_or_where_it_is_told() -> None:
    image = np.zeros((9, 9, 2), np.uint8)
    image[6, 2, 1] = 200
    page = make_page(image, [Kernel([[0, 0, 1]])], Options())
    assert (page.at, page.channel) in {((6, 1), 1), ((6, 3), 1)}
    assert make_page(image, [Kernel([[1, 1, 1]])], Options()).at == (4, 4)
    assert make_page(image, [CORNER], Options(), at=(8, 0)).at == (8, 0)
    with pytest.raises(CorrconvError, match="row 9, column 0 lies outside the 9 rows"):
        make_page(image, [CORNER], Options(), at=(9, 0))


def test_a_large_picture_is_reduced_to_whole_means() -> None:
    blocks = np.arange(12.0).reshape(3, 4, 1).repeat(2, 0).repeat(2, 1)
    assert_array_equal(reduced(blocks, 2)[:, :, 0], np.arange(12.0).reshape(3, 4))
    assert_array_equal(reduced(np.array([[[0], [1]], [[1], [1]]], np.uint8), 2), [[[1]]])  # 0.75
    page = make_page(np.zeros((1001, 2003, 1), np.uint8), [CORNER], Options())
    assert page.pixels.nbytes <= MOST_BYTES
    assert (page.reduced, page.pixels.shape) == (2, (500, 1001, 1))


def test_work_counts_as_much_as_size() -> None:
    wide = Kernel(np.ones((31, 31)))
    assert make_page(np.zeros((500, 500, 1), np.uint8), [CORNER], Options()).reduced == 1
    assert make_page(np.zeros((500, 500, 1), np.uint8), [wide], Options()).reduced == 2


@pytest.mark.parametrize(
    ("given", "carried", "limits"),
    [
        (np.bool_, np.uint8, (0, 1)),
        (np.uint8, np.uint8, (0, 255)),
        (np.uint16, np.uint16, (0, 65535)),
        (np.int16, np.int32, (0, 1)),
        (np.int64, np.float64, (0, 1)),
        (np.float16, np.float32, (0, 1)),
        (np.float32, np.float32, (0, 1)),
        (np.float64, np.float64, (0, 1)),
    ],
)
def test_pixels_are_of_a_type_that_a_script_reads(given: type, carried: type, limits: tuple[int, int]) -> None:
    page = make_page((NOISE % 2).astype(given), [CORNER], Options())
    assert page.pixels.dtype == carried
    assert page.limits == limits
    assert_array_equal(page.pixels, NOISE % 2)


def test_a_kernel_that_nobody_could_read_is_refused() -> None:
    with pytest.raises(CorrconvError, match=r"32x1 cells.*at most 31x31"):
        make_page(NOISE, [Kernel(np.ones((32, 1)))], Options())
    with pytest.raises(CorrconvError, match="take a part of it"):
        make_page(np.zeros((1, 3_000_000, 1), np.uint8), [CORNER], Options())
