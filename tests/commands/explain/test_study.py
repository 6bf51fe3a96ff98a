"""The explanation of a pixel: its products are those of the definition, its last line is what `render` writes."""

from __future__ import annotations

from math import isnan

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Case, cases

from corrconv.commands.explain.study import explain_pixel
from corrconv.core.boundary import OUTSIDE
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Alpha, Boundary, Display, Operation, OutputSize
from corrconv.errors import CorrconvError, KernelError

RAMP = np.arange(1, 10).reshape(3, 3)
DEFINITION = {Operation.CORRELATION: oracle.correlate, Operation.CONVOLUTION: oracle.convolve}


def gray(pixels, dtype=np.uint8):
    return np.asarray(pixels, dtype=dtype)[:, :, np.newaxis]


def colourful(rows=6, columns=7, channels=3, dtype=np.uint8):
    return np.random.default_rng(11).integers(0, 256, (rows, columns, channels)).astype(dtype)


# A pixel worked by hand


def test_a_pixel_worked_by_hand():
    image = gray([[10, 20, 30], [40, 50, 60], [70, 80, 90]])
    explanation = explain_pixel(image, Kernel(RAMP), Options(), at=(1, 1))
    correlation, convolution = explanation.accounts
    assert correlation.reading.products.tolist() == [[10, 40, 90], [160, 250, 360], [490, 640, 810]]
    assert correlation.reading.sum == 10 + 40 + 90 + 160 + 250 + 360 + 490 + 640 + 810
    assert convolution.reading.kernel.weights.tolist() == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]
    assert convolution.reading.products.tolist() == [[90, 160, 210], [240, 250, 240], [210, 160, 90]]
    assert convolution.reading.sum == 1650
    assert (correlation.pixel, convolution.pixel) == (255, 255)
    assert correlation.value == correlation.displayed == 2850


def test_an_even_kernel_is_laid_over_other_pixels_by_each_operation():
    explanation = explain_pixel(gray(RAMP), Kernel([[1, 2], [3, 4]]), Options(), at=(1, 1))
    correlation, convolution = explanation.accounts
    assert correlation.reading.kernel.anchor == (1, 1)
    assert (correlation.reading.rows, correlation.reading.columns) == ((0, 1), (0, 1))
    assert correlation.reading.values.tolist() == [[1, 2], [4, 5]]
    assert convolution.reading.kernel.anchor == (0, 0)
    assert (convolution.reading.rows, convolution.reading.columns) == ((1, 2), (1, 2))
    assert convolution.reading.values.tolist() == [[5, 6], [8, 9]]


@pytest.mark.parametrize(
    ("boundary", "sources"),
    [
        (Boundary.CONSTANT, (OUTSIDE, OUTSIDE, 0, 1, 2)),
        (Boundary.EDGE, (0, 0, 0, 1, 2)),
        (Boundary.REFLECT, (2, 1, 0, 1, 2)),
        (Boundary.SYMMETRIC, (1, 0, 0, 1, 2)),
        (Boundary.WRAP, (2, 3, 0, 1, 2)),
    ],
)
def test_cells_outside_say_where_they_were_taken_from(boundary, sources):
    image = gray([[1, 2, 3, 4]])
    account = explain_pixel(image, Kernel(np.ones((1, 5))), Options(boundary=boundary, fill=9), at=(0, 0)).correlation
    assert account.reading.columns == (-2, -1, 0, 1, 2)
    assert account.reading.source_columns == sources
    assert account.reading.values.tolist() == [[9 if source == OUTSIDE else image[0, source, 0] for source in sources]]
    first, middle = account.reading.contributions[0], account.reading.contributions[2]
    assert first.place == (0, -2)
    assert first.source == (None if boundary is Boundary.CONSTANT else (0, sources[0]))
    assert middle.source == middle.place == (0, 0)


# For every way to lay a kernel


@given(case=cases(), data=st.data())
def test_the_products_add_up_to_the_definition(case: Case, data):
    options = Options(**case.options)
    given_options = {
        name: str(value) if name in {"boundary", "output_size"} else value for name, value in case.options.items()
    }
    for operation, definition in DEFINITION.items():
        result = definition(
            case.image.tolist(), case.kernel.weights.tolist(), anchor=case.kernel.anchor, **given_options
        )
        at = data.draw(st.tuples(st.integers(0, len(result) - 1), st.integers(0, len(result[0]) - 1)))
        explanation = explain_pixel(case.image[:, :, np.newaxis], case.kernel, options, at=at, dtype=np.float64)
        account = explanation.correlation if operation is Operation.CORRELATION else explanation.convolution
        assert account.reading.sum == result[at[0]][at[1]]
        assert account.pixel == account.reading.sum
        assert sum(one.product for one in account.reading.contributions) == account.reading.sum
        for one in account.reading.contributions:
            places = zip(one.place, case.image.shape, strict=True)
            source = tuple(oracle.outside(place, length, given_options["boundary"]) for place, length in places)
            assert one.source == (None if None in source else source)
            assert one.value == (options.fill if one.source is None else case.image[one.source])


@given(
    case=cases(elements=st.integers(0, 9)),
    display=st.sampled_from(Display),
    bias=st.sampled_from([0.0, 128.0, -3.5]),
    scale=st.sampled_from([1.0, 1 / 9, -0.37]),
    data=st.data(),
)
def test_the_last_line_is_what_render_writes(case, display, bias, scale, data):
    pixels = (case.image * 28).astype(np.uint8)
    image = np.stack([pixels, pixels[::-1], pixels // 2], axis=-1)
    kernel, options = case.kernel.scaled(scale), Options(**case.options)
    rendering = Rendering(display=display, bias=bias)
    expected = {operation: render(image, kernel, operation, options, rendering).pixels for operation in Operation}
    rows, columns, channels = expected[Operation.CORRELATION].shape
    at = data.draw(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)))
    channel = data.draw(st.integers(0, channels - 1))
    explanation = explain_pixel(image, kernel, options, rendering, at=at, channel=channel)
    for account in explanation.accounts:
        assert account.pixel == expected[account.operation][at[0], at[1], channel]
        # and the steps that are shown lead there, up to float32's rounding of a half
        assert abs(np.clip(account.displayed, 0, 255) - account.pixel) <= 0.5 + 1e-3


@pytest.mark.parametrize("display", Display)
@pytest.mark.parametrize("target", [np.uint8, np.uint16, np.float32])
def test_sixteen_bit_pictures_are_explained_in_what_is_written(display, target):
    image = colourful(channels=1).astype(np.uint16) * 257
    rendering = Rendering(display=display, bias=1000)
    kernel = Kernel([[0.5, -1, 0.75]])
    explanation = explain_pixel(image, kernel, Options(), rendering, at=(2, 3), dtype=target)
    written = render(image, kernel, Operation.CONVOLUTION, Options(), rendering, dtype=target).pixels
    assert explanation.convolution.pixel == written[2, 3, 0]
    assert explanation.dtype == target


def test_colours_weighted_by_alpha_are_divided_by_the_opacity():
    image = colourful(channels=4)
    image[:, :, 3] = np.arange(42).reshape(6, 7) * 6
    kernel, rendering = Kernel(np.ones((3, 3)) / 9), Rendering(alpha=Alpha.WEIGHTED, bias=10)
    written = render(image, kernel, Operation.CORRELATION, Options(), rendering, has_alpha=True).pixels
    account = explain_pixel(image, kernel, Options(), rendering, at=(3, 3), channel=1, has_alpha=True).correlation
    assert 0 < account.opacity < 1
    assert account.value == account.reading.sum / account.opacity + 10
    assert account.pixel == written[3, 3, 1] == round(account.value)


def test_what_is_wholly_transparent_has_no_colour():
    image = colourful(channels=4)
    image[:, :, 3] = 0
    account = explain_pixel(
        image, Kernel(np.ones((3, 3))), Options(), Rendering(alpha=Alpha.WEIGHTED), at=(3, 3), has_alpha=True
    ).correlation
    assert account.value == account.pixel == 0


def test_nan_spreads_as_render_has_it():
    image = np.ones((3, 3, 1), np.float64)
    image[0, 0] = np.nan
    explanation = explain_pixel(image, Kernel(RAMP), Options(boundary=Boundary.CONSTANT), at=(1, 1))
    assert isnan(explanation.correlation.reading.sum)
    assert isnan(explanation.correlation.pixel)
    infinite = np.array([[[np.inf], [0.0], [-np.inf]]])
    assert isnan(explain_pixel(infinite, Kernel([[1, 1, 1]]), Options(), at=(0, 1)).correlation.reading.sum)


def test_the_anchor_that_was_asked_for_is_the_one_explained():
    explanation = explain_pixel(gray(RAMP), Kernel([[1, 2, 3]]), Options(anchor=(0, 0)), at=(0, 0))
    assert explanation.kernel.anchor == (0, 0)
    assert explanation.correlation.reading.columns == (0, 1, 2)
    assert explanation.convolution.reading.columns == (-2, -1, 0)


# Refusals


@pytest.mark.parametrize(
    ("at", "options", "message"),
    [
        ((3, 0), Options(), "row 3, column 0 lies outside the 3 rows and 3 columns"),
        ((0, -1), Options(), "count from 0 to 2 and 2"),
        ((1, 0), Options(output_size=OutputSize.VALID), "outside the 1 rows and 1 columns"),
        ((2, 2), Options(stride=(2, 2)), "outside the 2 rows and 2 columns"),
    ],
)
def test_places_outside_the_result_are_refused(at, options, message):
    with pytest.raises(CorrconvError, match=message):
        explain_pixel(gray(RAMP), Kernel(RAMP), options, at=at)


def test_channels_that_do_not_exist_or_are_transparency_are_refused():
    with pytest.raises(CorrconvError, match="only channel 0"):
        explain_pixel(gray(RAMP), Kernel(RAMP), Options(), at=(0, 0), channel=1)
    with pytest.raises(CorrconvError, match="channels 0 to 3"):
        explain_pixel(colourful(channels=4), Kernel(RAMP), Options(), at=(0, 0), channel=4, has_alpha=True)
    with pytest.raises(CorrconvError, match="channel 3 is transparency"):
        explain_pixel(colourful(channels=4), Kernel(RAMP), Options(), at=(0, 0), channel=3, has_alpha=True)
    weighted = Rendering(alpha=Alpha.WEIGHTED)
    with pytest.raises(KernelError, match="positive sum"):
        explain_pixel(colourful(channels=4), Kernel([[1, -1]]), Options(), weighted, at=(0, 0), has_alpha=True)
    straight = Rendering(alpha=Alpha.STRAIGHT)
    explanation = explain_pixel(
        colourful(channels=4), Kernel([[1]]), Options(), straight, at=(0, 0), channel=3, has_alpha=True
    )
    assert explanation.correlation.pixel == colourful(channels=4)[0, 0, 3]
