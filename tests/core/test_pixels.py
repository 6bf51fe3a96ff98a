"""Values become pixels: rounded half to even, saturated, counted, whatever way is the quickest."""

from __future__ import annotations

from fractions import Fraction
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from corrconv.core.decision import prepare_filtering
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import pixel_scale, quantize, round_quotients
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Alpha, Display, Operation

WHOLE = {dtype: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) for dtype in ("u1", "i1", "u2", "i2", "u4", "i4")}


def nearest(value: float, darkest: int, brightest: int) -> tuple[int, bool]:
    """The pixel of a value by its definition, and whether the value lay outside."""
    if isnan(value):
        return 0, True
    rounded = value if value in {np.inf, -np.inf} else round(value)
    return int(min(max(rounded, darkest), brightest)), not darkest <= rounded <= brightest


@pytest.mark.parametrize(
    ("display", "values", "expected"),
    [
        (Display.RESCALE, [-1e308, 0.25e308, 1.5e308], [0, 127.5, 255]),
        (Display.RESCALE, [-1e308, 1e308], [0, 255]),
        (Display.RESCALE, [0, 5e-324], [0, 0]),
        (Display.SIGNED, [-5e-324, 0], [128, 128]),
        (Display.SIGNED, [-1e308, 0], [1, 128]),
    ],
)
def test_the_largest_and_the_smallest_numbers_have_a_place_among_the_pixels(
    display: Display, values: list[float], expected: list[float]
) -> None:
    assert pixel_scale(display, min(values), max(values), np.dtype(np.uint8))(np.array(values)).tolist() == expected


@pytest.mark.parametrize("divisor", [*range(1, 20), 48, 255, 256, 1000, 1001])
def test_quotients_are_rounded_half_to_even(divisor: int) -> None:
    sums = np.arange(-3000, 3000, dtype=np.int16)
    expected = [round(Fraction(int(value), divisor)) for value in sums]
    round_quotients(sums, divisor)
    assert_array_equal(sums, expected)


@pytest.mark.parametrize("target", WHOLE)
@pytest.mark.parametrize("source", ["i2", "i8", "f4", "f8"])
@given(data=st.data())
def test_pixels_are_the_nearest_and_those_outside_are_counted(target: str, source: str, data: st.DataObject) -> None:
    darkest, brightest = WHOLE[target]
    ends = [darkest, brightest, 0, 1, 127, 128, 255, 256]
    if source[0] == "i":
        limits = np.iinfo(source)
        near = [end + step for end in ends for step in (-1, 0, 1) if limits.min <= end + step <= limits.max]
    else:
        near = [end + step for end in ends for step in (-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1)]
        near += [np.nan, np.inf, -np.inf]
    # Some draws keep within the type, others go beyond it.
    within = [value for value in near if darkest <= value <= brightest]
    chosen = st.sampled_from(within if data.draw(st.booleans()) else near)
    values = data.draw(arrays(source, (2, 3, data.draw(st.integers(1, 4))), elements=chosen.map(np.dtype(source).type)))
    expected = [nearest(value.item(), darkest, brightest) for value in values.ravel()]
    outside = np.array([lost for _, lost in expected]).reshape(values.shape).any(axis=2).sum()
    canvas = np.full((2, 3, 5), 77, target)
    known = (values.min(), values.max()) if data.draw(st.booleans()) else None
    with np.errstate(invalid="ignore"):
        pixels, count = quantize(values, np.dtype(target), out=canvas[:, :, : values.shape[2]], extremes=known)
    assert pixels.ravel().tolist() == [pixel for pixel, _ in expected]
    assert count == outside
    assert (canvas[:, :, values.shape[2] :] == 77).all()


@pytest.mark.parametrize("channels", [1, 3])
@given(weights=arrays(np.int8, (3, 2), elements=st.integers(-9, 9)), divisor=st.integers(1, 40), data=st.data())
def test_whole_sums_are_divided_and_rounded_as_their_quotients(
    channels: int, weights: np.ndarray, divisor: int, data: st.DataObject
) -> None:
    kernel, options = Kernel(weights / divisor), Options(threads=1)
    image = data.draw(arrays(np.uint8, (4, 5, channels), elements=st.sampled_from([0, 1, 2, 3, 128, 254, 255])))
    filtering = prepare_filtering(image, kernel, Operation.CORRELATION, options)
    quotients = np.empty(filtering.output_shape)
    filtering.run(quotients.__setitem__)
    expected = [nearest(value, 0, 255)[0] for value in quotients.ravel().tolist()]
    made = render(image, kernel, Operation.CORRELATION, options, Rendering(alpha=Alpha.STRAIGHT))
    assert made.pixels.ravel().tolist() == expected
    assert made.low == pytest.approx(quotients.min(), rel=1e-6, abs=1e-12)
    assert made.high == pytest.approx(quotients.max(), rel=1e-6, abs=1e-12)


def test_quotients_of_sums_near_the_end_of_their_type_are_right() -> None:
    image = np.array([[[0], [1], [254], [255]]], np.uint8)
    for number in (3, 31, 127, 128):
        made = render(image, Kernel([[number / 1000]]), Operation.CORRELATION, Options(), Rendering())
        assert made.pixels.ravel().tolist() == [round(Fraction(number * value, 1000)) for value in (0, 1, 254, 255)]
