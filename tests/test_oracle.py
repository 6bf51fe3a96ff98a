"""The oracle answers to arithmetic worked by hand: all other tests trust it."""

from __future__ import annotations

import oracle
import pytest

# Cells 1, 2, 3: the first one reads the pixel to the left under correlation, to the right under convolution.
RAMP = [[1, 2, 3]]
ROW = [[1, 10, 100]]


def test_correlation_reads_forwards():
    expected = [0 * 1 + 1 * 2 + 10 * 3, 1 * 1 + 10 * 2 + 100 * 3, 10 * 1 + 100 * 2 + 0 * 3]
    assert oracle.correlate(ROW, RAMP, boundary="constant") == [expected]


def test_convolution_reads_backwards():
    expected = [0 * 3 + 1 * 2 + 10 * 1, 1 * 3 + 10 * 2 + 100 * 1, 10 * 3 + 100 * 2 + 0 * 1]
    assert oracle.convolve(ROW, RAMP, boundary="constant") == [expected]


def test_both_axes():
    image, kernel = [[1, 2], [3, 4]], [[1, 10], [100, 1000]]
    # Anchor (1, 1): correlation reads the pixels above and to the left, convolution those below and to the right.
    assert oracle.correlate(image, kernel, boundary="constant")[1][1] == 1 * 1 + 2 * 10 + 3 * 100 + 4 * 1000
    assert oracle.convolve(image, kernel, boundary="constant")[0][0] == 4 * 1 + 3 * 10 + 2 * 100 + 1 * 1000


def test_an_impulse_is_answered_by_the_kernel_or_its_half_turn():
    impulse = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert oracle.convolve(impulse, kernel, boundary="constant") == kernel
    assert oracle.correlate(impulse, kernel, boundary="constant") == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]


@pytest.mark.parametrize(
    ("anchor", "correlation", "convolution"),
    [
        ((0, 0), [[0, 2, 1, 0]], [[0, 0, 1, 2]]),
        ((0, 1), [[0, 0, 2, 1]], [[0, 1, 2, 0]]),
        (None, [[0, 0, 2, 1]], [[0, 1, 2, 0]]),  # the centre of an even side is its upper middle
    ],
)
def test_the_anchor_stays_over_the_impulse(anchor, correlation, convolution):
    impulse = [[0, 0, 1, 0]]
    assert oracle.correlate(impulse, [[1, 2]], anchor=anchor, boundary="constant") == correlation
    assert oracle.convolve(impulse, [[1, 2]], anchor=anchor, boundary="constant") == convolution


@pytest.mark.parametrize(
    ("options", "correlation", "convolution"),
    [
        ({"output_size": "full"}, [2, 1 + 20, 10 + 200, 100], [1, 10 + 2, 100 + 20, 200]),
        ({"output_size": "valid"}, [1 + 20, 10 + 200], [10 + 2, 100 + 20]),
        ({"output_size": "same"}, [2, 1 + 20, 10 + 200], [10 + 2, 100 + 20, 200]),
        ({"output_size": "same", "stride": (1, 2)}, [2, 10 + 200], [10 + 2, 200]),
        ({"output_size": "full", "stride": (1, 3)}, [2, 100], [1, 200]),
        ({"output_size": "valid", "stride": (1, 2)}, [1 + 20], [10 + 2]),
        ({"output_size": "valid", "dilation": (1, 2)}, [1 + 200], [100 + 2]),
        ({"output_size": "full", "dilation": (1, 2)}, [2, 20, 1 + 200, 10, 100], [1, 10, 100 + 2, 20, 200]),
        ({"output_size": "same", "dilation": (1, 2)}, [2, 20, 1 + 200], [100 + 2, 20, 200]),
        ({"output_size": "same", "fill": 5}, [5 + 2, 1 + 20, 10 + 200], [10 + 2, 100 + 20, 5 + 200]),
    ],
)
def test_sizes_strides_and_dilations(options, correlation, convolution):
    assert oracle.correlate(ROW, [[1, 2]], boundary="constant", **options) == [correlation]
    assert oracle.convolve(ROW, [[1, 2]], boundary="constant", **options) == [convolution]
    turned_axes = {name: (value[1], value[0]) if isinstance(value, tuple) else value for name, value in options.items()}
    column, kernel = [[value] for value in ROW[0]], [[1], [2]]
    assert oracle.correlate(column, kernel, boundary="constant", **turned_axes) == [[sum_] for sum_ in correlation]


@pytest.mark.parametrize(
    ("boundary", "line"),
    [
        ("constant", "kkkkkkkkk abcd kkkkkkkkk"),
        ("edge", "aaaaaaaaa abcd ddddddddd"),
        ("reflect", "dcbabcdcb abcd cbabcdcba"),
        ("symmetric", "aabcddcba abcd dcbaabcdd"),
        ("wrap", "dabcdabcd abcd abcdabcda"),
    ],
)
def test_boundaries(boundary, line):
    padded = line.replace(" ", "")
    sources = [oracle.outside(place - 9, 4, boundary) for place in range(len(padded))]
    assert "".join("k" if source is None else "abcd"[source] for source in sources) == padded


def test_a_single_pixel_is_repeated():
    for boundary in ("edge", "reflect", "symmetric", "wrap"):
        assert {oracle.outside(place, 1, boundary) for place in range(-5, 6)} == {0}
