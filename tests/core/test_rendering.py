"""From sums to pixels: every display rule, rounding, and what becomes of transparency."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.pixels import finite_range, pixel_scale, quantize, unit_factor
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Alpha, Boundary, Display, Operation, OutputSize
from corrconv.errors import KernelError

IDENTITY = Kernel([[1]])
SOBEL = Kernel([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], name="sobel")
BOX = Kernel(np.full((3, 3), 1 / 9), name="box")
CORNER = Kernel([[1, 2], [3, 4]], name="corner")  # no symmetry at all
TYPES = (np.uint8, np.uint16, np.int32, np.float32, np.float64)
RANDOM = np.random.default_rng(20240607)
NOISE = RANDOM.integers(0, 256, (9, 7, 3), dtype=np.uint8)
TRANSPARENT = RANDOM.integers(0, 256, (9, 7, 4), dtype=np.uint8)


def column(*values: float, dtype: Any = np.float64) -> Any:
    """An image of one column and one channel."""
    return np.array(values, dtype=dtype).reshape(-1, 1, 1)


def shown(values: Any, display: Display, dtype: Any, **options: Any) -> list[Any]:
    """What the identity makes of a column under a display rule."""
    rendered = render(
        column(*values), IDENTITY, Operation.CORRELATION, Options(), Rendering(display=display), dtype=dtype
    )
    return rendered.pixels[:, 0, 0].tolist()


def filtered(image: Any, kernel: Kernel, operation: Operation, **options: Any) -> Any:
    """The whole result (H', W', C) in float64, from the definitions."""
    define = oracle.correlate if operation is Operation.CORRELATION else oracle.convolve
    planes = [
        define(image[:, :, channel].tolist(), kernel.weights.tolist(), anchor=kernel.anchor, **options)
        for channel in range(image.shape[2])
    ]
    return np.stack([np.array(plane) for plane in planes], axis=-1)


# Rounding and saturation


def test_halves_are_rounded_to_the_even_neighbour() -> None:
    pixels, clipped = quantize(column(0.5, 1.5, 2.5, 254.5, -0.5), np.dtype(np.uint8))
    assert pixels[:, 0, 0].tolist() == [0, 2, 2, 254, 0]
    assert clipped == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int8, np.int32, np.uint32])
@pytest.mark.parametrize("computed_in", [np.float32, np.float64])
def test_what_does_not_fit_saturates_and_is_counted(dtype: Any, computed_in: Any) -> None:
    limits = np.iinfo(dtype)
    values = column(-1e12, limits.min, 7, limits.max, 1e12, dtype=computed_in)
    pixels, clipped = quantize(values, np.dtype(dtype))
    assert pixels.dtype == dtype
    assert pixels[:, 0, 0].tolist() == [limits.min, limits.min, 7, limits.max, limits.max]
    # As float32 the largest 32-bit numbers are one too many: 2^31 - 1 becomes 2^31.
    beyond = int(np.float64(computed_in(limits.max)) > limits.max)
    assert clipped == 2 + beyond


def test_a_value_that_rounds_to_the_last_pixel_is_not_clipped() -> None:
    pixels, clipped = quantize(column(255.5, 255.4999, -0.5, -0.50001), np.dtype(np.uint8))
    assert pixels[:, 0, 0].tolist() == [255, 255, 0, 0]
    assert clipped == 2  # 255.5 rounds to 256 and -0.50001 to -1


def test_pixels_are_counted_once_however_many_channels_saturate() -> None:
    values = np.array([[[300.0, -1, 900], [0, 0, 256]], [[1, 2, 3], [255, 255, 255]]])
    assert quantize(values, np.dtype(np.uint8))[1] == 2


def test_nan_becomes_0_and_infinities_the_ends_and_all_are_counted() -> None:
    pixels, clipped = quantize(column(np.nan, np.inf, -np.inf, 9), np.dtype(np.int8))
    assert pixels[:, 0, 0].tolist() == [0, 127, -128, 9]
    assert clipped == 3


def test_float_pixels_are_taken_as_they_are() -> None:
    values = column(-3.25, np.nan, np.inf, 1e300)
    pixels, clipped = quantize(values, np.dtype(np.float64))
    assert_array_equal(pixels, values)
    assert clipped == 0


# Display rules


@pytest.mark.parametrize(
    ("display", "dtype", "expected"),
    [
        (Display.CLIP, np.uint8, [0, 0, 0, 50, 100]),
        (Display.ABSOLUTE, np.uint8, [200, 100, 0, 50, 100]),
        # (value + 200) / 300 of the range
        (Display.RESCALE, np.uint8, [0, 85, 170, 212, 255]),
        (Display.RESCALE, np.uint16, [0, 21845, 43690, 54612, 65535]),
        (Display.RESCALE, np.float32, [0, 1 / 3, 2 / 3, 5 / 6, 1]),
        # 127 steps on either side of 128, of which 200 takes all: -100 is half of them
        (Display.SIGNED, np.uint8, [1, 64, 128, 160, 192]),
        (Display.SIGNED, np.uint16, [1, 16384, 32768, 40960, 49152]),
        (Display.SIGNED, np.int32, [-(2**31 - 1), -(2**30), 0, 2**29, 2**30]),
        (Display.SIGNED, np.float32, [0, 0.25, 0.5, 0.625, 0.75]),
        (Display.SIGNED, np.float64, [0, 0.25, 0.5, 0.625, 0.75]),
        (Display.CLIP, np.float64, [-200, -100, 0, 50, 100]),
        (Display.ABSOLUTE, np.float32, [200, 100, 0, 50, 100]),
        (Display.CLIP, np.int32, [-200, -100, 0, 50, 100]),
    ],
)
def test_display_rules_by_hand(display: Display, dtype: Any, expected: list[float]) -> None:
    assert_allclose(shown([-200, -100, 0, 50, 100], display, dtype), expected, rtol=1e-6)


def test_rescaled_whole_numbers_of_32_bits_reach_both_ends_and_none_is_clipped() -> None:
    image = RANDOM.integers(-(2**31), 2**31, (20, 20, 1), dtype=np.int32)
    rendered = render(image, SOBEL, Operation.CORRELATION, Options(), Rendering(display=Display.RESCALE))
    assert (rendered.pixels.min(), rendered.pixels.max()) == (-(2**31), 2**31 - 1)
    assert rendered.clipped == 0


@pytest.mark.parametrize("dtype", TYPES)
def test_signed_display_of_a_picture_and_its_negative_is_symmetric_about_0(dtype: Any) -> None:
    values = [-7.0, -3, -0.1, 0, 0.1, 2, 5, 7]
    bright, dark = (np.array(shown(side, Display.SIGNED, dtype), float) for side in (values, [-v for v in values]))
    middle = {np.uint8: 128, np.uint16: 32768, np.int32: 0}.get(dtype, 0.5)
    assert bright[3] == middle
    assert_allclose(bright - middle, middle - dark, atol=1e-7)


@pytest.mark.parametrize("display", list(Display))
@pytest.mark.parametrize("dtype", TYPES)
def test_an_even_picture_has_no_range_and_still_a_display(display: Display, dtype: Any) -> None:
    darkest = np.iinfo(dtype).min if np.dtype(dtype).kind != "f" else 0
    middle = {np.uint8: 128, np.uint16: 32768, np.int32: 0}.get(dtype, 0.5)
    expected = {Display.RESCALE: darkest, Display.SIGNED: middle}.get(display, 0)
    assert shown([0, 0], display, dtype) == [expected] * 2


def test_the_bias_is_added_before_the_display_rule() -> None:
    rendering = Rendering(bias=-10, display=Display.ABSOLUTE)
    rendered = render(column(3, 4, 12, dtype=np.uint8), IDENTITY, Operation.CORRELATION, Options(), rendering)
    assert rendered.pixels[:, 0, 0].tolist() == [7, 6, 2]
    assert (rendered.low, rendered.high) == (-7, 2)


@pytest.mark.parametrize("display", [Display.RESCALE, Display.SIGNED])
def test_nan_and_infinities_leave_the_display_of_the_rest_alone(display: Display) -> None:
    values = [-200.0, -100, 0, 50, 100]
    rest = shown(values, display, np.uint8)
    assert shown([*values, np.nan, np.inf, -np.inf], display, np.uint8) == [*rest, 0, 255, 0]


@pytest.mark.parametrize("display", list(Display))
def test_a_picture_without_one_finite_number_becomes_black(display: Display) -> None:
    assert set(shown([np.nan] * 3, display, np.uint8)) == {0}
    assert finite_range(column(np.nan, np.nan)) == (np.inf, -np.inf)


def test_16_bits_become_8_by_the_ratio_of_the_ranges() -> None:
    image = column(0, 128, 129, 257, 65534, 65535, dtype=np.uint16)
    rendered = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering(), dtype=np.uint8)
    # 128/257 rounds down and 129/257 up; 65534/257 = 254.996
    assert rendered.pixels[:, 0, 0].tolist() == [0, 0, 1, 1, 255, 255]
    assert rendered.clipped == 0


def test_gray_levels_are_worth_the_ratio_of_the_ranges() -> None:
    types = {name: np.dtype(name) for name in ("bool", "uint8", "uint16", "int16", "float32")}
    assert unit_factor(types["uint16"], types["uint8"]) == float(Fraction(255, 65535))
    assert unit_factor(types["uint8"], types["uint16"]) == 257
    assert unit_factor(types["bool"], types["uint8"]) == 255
    assert unit_factor(types["int16"], types["uint8"]) == 1
    assert unit_factor(types["float32"], types["uint8"]) == 1
    assert unit_factor(types["uint16"], types["float32"]) == 1


@given(arrays(np.float64, (4, 3, 1), elements=st.floats(-1e6, 1e6)), st.sampled_from(Display), st.sampled_from(TYPES))
def test_display_rules_keep_the_order_of_values_and_the_limits_of_the_type(
    values: Any, display: Display, dtype: Any
) -> None:
    scale = pixel_scale(display, *finite_range(values), np.dtype(dtype))
    pixels, clipped = quantize(scale(values), np.dtype(dtype))
    order = np.argsort(np.abs(values) if display is Display.ABSOLUTE else values, axis=None)
    assert (np.diff(pixels.ravel()[order].astype(float)) >= 0).all()
    if display in {Display.RESCALE, Display.SIGNED}:
        assert clipped == 0


# Filtering and display together, against whole arrays


@pytest.mark.parametrize(("operation", "display"), list(product(Operation, Display)))
@pytest.mark.parametrize("kernel", [SOBEL, BOX, CORNER], ids=lambda kernel: kernel.name)
def test_pictures_agree_with_the_definitions(kernel: Kernel, operation: Operation, display: Display) -> None:
    rendered = render(NOISE, kernel, operation, Options(boundary=Boundary.WRAP), Rendering(bias=3, display=display))
    values = filtered(NOISE, kernel, operation, boundary="wrap") + 3
    low, high = values.min(), values.max()
    peak = max(-low, high)
    exact = {
        Display.CLIP: values,
        Display.ABSOLUTE: np.abs(values),
        Display.RESCALE: (values - low) / (high - low) * 255,
        Display.SIGNED: 128 + values / peak * 127,
    }[display]
    # Rounded sums may fall on either side of a half; nothing may be further off.
    assert np.abs(rendered.pixels - np.clip(exact, 0, 255)).max() <= 0.5 + 1e-4
    assert rendered.clipped == np.count_nonzero(((np.rint(exact) < 0) | (np.rint(exact) > 255)).any(axis=2))
    assert_allclose((rendered.low, rendered.high), (low, high), atol=1e-4)


@pytest.mark.parametrize("display", list(Display))
def test_bands_of_a_tall_picture_are_joined_without_a_seam(display: Display) -> None:
    # Its contrast grows downwards, so that no two bands have one range.
    noise = RANDOM.integers(0, 256, (1801, 37, 2))
    tall = (noise * np.linspace(0, 1, 1801)[:, np.newaxis, np.newaxis]).astype(np.uint8)
    rendering = Rendering(display=display, alpha=Alpha.KEEP)
    rendered = render(tall, SOBEL, Operation.CORRELATION, Options(threads=3), rendering, has_alpha=True)
    values = ndimage.correlate(tall[:, :, 0].astype(float), SOBEL.weights, mode="mirror")
    # The range is that of the whole picture, so no band may be displayed by its own.
    exact = pixel_scale(display, values.min(), values.max(), np.dtype(np.uint8))(values)
    assert np.abs(rendered.pixels[:, :, 0] - np.clip(exact, 0, 255)).max() <= 0.5 + 1e-4
    assert_array_equal(rendered.pixels[:, :, 1], tall[:, :, 1])
    assert rendered.clipped == np.count_nonzero((np.rint(exact) < 0) | (np.rint(exact) > 255))


# Alpha: keep


def test_kept_alpha_is_untouched_and_the_colours_are_those_of_the_picture_without_it() -> None:
    rendering = Rendering(bias=20, display=Display.ABSOLUTE)
    kept = render(TRANSPARENT, SOBEL, Operation.CORRELATION, Options(), rendering, has_alpha=True)
    plain = render(TRANSPARENT[:, :, :3], SOBEL, Operation.CORRELATION, Options(), rendering)
    assert_array_equal(kept.pixels[:, :, 3], TRANSPARENT[:, :, 3])
    assert_array_equal(kept.pixels[:, :, :3], plain.pixels)
    assert kept.clipped == plain.clipped


@pytest.mark.parametrize(("operation", "output_size"), list(product(Operation, OutputSize)))
@pytest.mark.parametrize("anchor", [(0, 0), (1, 2), (2, 1)])
def test_kept_alpha_is_that_of_the_pixel_under_the_anchor(
    operation: Operation, output_size: OutputSize, anchor: tuple[int, int]
) -> None:
    kernel = Kernel(RANDOM.integers(-9, 10, (3, 4)))
    options = Options(output_size=output_size, anchor=anchor, stride=(2, 1), dilation=(1, 2), boundary=Boundary.EDGE)
    rendered = render(TRANSPARENT, kernel, operation, options, Rendering(), has_alpha=True)
    # The single 1 under the anchor picks just that pixel.
    unit = np.zeros((3, 4))
    unit[anchor] = 1
    expected = filtered(
        TRANSPARENT[:, :, 3:],
        Kernel(unit, anchor),
        operation,
        output_size=output_size,
        stride=(2, 1),
        dilation=(1, 2),
        boundary="edge",
    )
    assert_array_equal(rendered.pixels[:, :, 3:], expected)


def test_kept_alpha_follows_from_16_to_8_bits() -> None:
    image = np.array([[[65535, 0], [0, 65535], [257, 32896]]], dtype=np.uint16)
    rendered = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering(), dtype=np.uint8, has_alpha=True)
    assert rendered.pixels.tolist() == [[[255, 0], [0, 255], [1, 128]]]


# Alpha: weighted and straight


def weighted(image: Any, kernel: Kernel, **options: Any) -> Any:
    """The rendered pixels with weighted alpha."""
    rendering = Rendering(alpha=Alpha.WEIGHTED)
    return render(image, kernel, Operation.CORRELATION, Options(**options), rendering, has_alpha=True).pixels


def test_weighted_colours_are_means_by_alpha() -> None:
    # A red pixel of alpha 255 and a green one of alpha 51 = 255/5, averaged:
    image = np.array([[[240, 0, 0, 255], [0, 240, 0, 51]]], dtype=np.uint8)
    pixels = weighted(image, Kernel([[0.5, 0.5]], (0, 0)), output_size="valid")
    # red 240 * 1 / (1 + 0.2) = 200, green 240 * 0.2 / 1.2 = 40, alpha (255 + 51) / 2 = 153
    assert pixels.tolist() == [[[200, 40, 0, 153]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_hidden_colour_of_transparent_pixels_has_no_influence(dtype: Any) -> None:
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    image = (RANDOM.random((8, 9, 4)) * white).astype(dtype)
    image[:, 3:6, 3] = 0
    other = image.copy()
    other[:, 3:6, :3] = white - image[:, 3:6, :3]
    assert_array_equal(weighted(image, BOX), weighted(other, BOX))
    straight = Rendering(alpha=Alpha.STRAIGHT)
    bled = [
        render(each, BOX, Operation.CORRELATION, Options(), straight, has_alpha=True).pixels for each in (image, other)
    ]
    assert (bled[0] != bled[1]).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_opaque_picture_is_filtered_as_one_without_transparency(dtype: Any) -> None:
    image = RANDOM.integers(0, np.iinfo(dtype).max, (8, 9, 4), dtype=dtype, endpoint=True)
    image[:, :, 3] = np.iinfo(dtype).max
    binomial = Kernel(np.outer([1, 2, 1], [1, 2, 1]) / 16)
    for boundary in set(Boundary) - {Boundary.CONSTANT}:
        plain = render(image[:, :, :3], binomial, Operation.CORRELATION, Options(boundary=boundary), Rendering()).pixels
        pixels = weighted(image, binomial, boundary=boundary)
        assert_array_equal(pixels[:, :, :3], plain)
        assert (pixels[:, :, 3] == np.iinfo(dtype).max).all()


def test_where_nothing_is_visible_weighted_pixels_are_transparent_black() -> None:
    image = np.full((5, 5, 4), 200, dtype=np.uint8)
    image[:, :, 3] = 0
    assert not weighted(image, BOX).any()


def test_the_bias_does_not_touch_a_weighted_alpha() -> None:
    image = np.full((3, 3, 2), 100, dtype=np.uint8)
    rendering = Rendering(bias=50, alpha=Alpha.WEIGHTED)
    pixels = render(image, BOX, Operation.CORRELATION, Options(), rendering, has_alpha=True).pixels
    assert_array_equal(pixels, np.broadcast_to([150, 100], (3, 3, 2)))


@pytest.mark.parametrize("weights", [[[0.0]], [[1, -1]], [[-1]], [[0.1, 0.2, -0.3]]])
def test_weights_that_sum_to_nothing_cannot_be_weighted_by_alpha(weights: Any) -> None:
    with pytest.raises(KernelError, match=r"edge sums to .*; use alpha 'keep'"):
        weighted(TRANSPARENT, Kernel(weights, name="edge"))


def test_weights_too_large_for_float_sums_are_weighted_all_the_same() -> None:
    image = np.array([[[10, 20, 30, 255]]], dtype=np.uint8)
    assert weighted(image, Kernel([[1e14]])).tolist() == [[[255, 255, 255, 255]]]


def test_weighted_colours_are_not_rounded_to_whole_sums() -> None:
    image = np.array([[[101, 101], [3, 7]]], dtype=np.uint8)
    rendering = Rendering(alpha=Alpha.WEIGHTED)
    kernel = Kernel([[1, 1]], (0, 0))
    for engine in ("direct", "fft"):
        pixels = render(
            image,
            kernel,
            Operation.CORRELATION,
            Options(output_size=OutputSize.VALID, engine=engine),
            rendering,
            dtype=np.float64,
            has_alpha=True,
        ).pixels
        # (101 * 101 + 3 * 7) / 255 divided by the opacity (108 / 2) / 255
        assert_allclose(pixels, [[[(101 * 101 + 3 * 7) / 54, 54]]], rtol=1e-6)


def test_straight_alpha_is_a_channel_like_any_other() -> None:
    rendering = Rendering(bias=5, display=Display.SIGNED, alpha=Alpha.STRAIGHT)
    straight = render(TRANSPARENT, SOBEL, Operation.CONVOLUTION, Options(), rendering, has_alpha=True)
    plain = render(TRANSPARENT, SOBEL, Operation.CONVOLUTION, Options(), Rendering(bias=5, display=Display.SIGNED))
    assert_array_equal(straight.pixels, plain.pixels)


@pytest.mark.parametrize("display", list(Display))
def test_truth_values_are_black_and_white(display: Display) -> None:
    image = np.array([[[True], [False]]])
    rendered = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering(display=display), dtype=np.uint8)
    assert rendered.pixels[0, 0, 0] == 255
    assert rendered.pixels[0, 1, 0] == (128 if display is Display.SIGNED else 0)


def test_the_input_is_never_changed() -> None:
    image = TRANSPARENT.copy()
    for alpha, display in product(Alpha, Display):
        rendering = Rendering(bias=1, alpha=alpha, display=display)
        render(image, BOX, Operation.CORRELATION, Options(), rendering, has_alpha=True)
    assert_array_equal(image, TRANSPARENT)


# Rounded once, and no digit lost in silence


def test_the_bias_is_added_in_float64_and_rounded_once() -> None:
    image = column(100, 7, dtype=np.uint8)
    exact = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering(bias=100.1), dtype=np.float64)
    assert exact.pixels[:, 0, 0].tolist() == [100 + 100.1, 7 + 100.1]
    large = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering(bias=1e9 + 0.25), dtype=np.float64)
    assert large.pixels[:, 0, 0].tolist() == [1e9 + 100.25, 1e9 + 7.25]


def test_weighted_colours_have_the_accuracy_of_their_type() -> None:
    image = np.array([[[101, 101], [3, 7]]], dtype=np.uint8)
    kernel, options = Kernel([[1, 1]], (0, 0)), Options(output_size=OutputSize.VALID)
    rendering = Rendering(alpha=Alpha.WEIGHTED)
    pixels = render(image, kernel, Operation.CORRELATION, options, rendering, dtype=np.float64, has_alpha=True).pixels
    assert_allclose(pixels, [[[(101 * 101 + 3 * 7) / 54, 54]]], rtol=1e-15)


def test_digits_beyond_float64_are_counted() -> None:
    image = column(2**53 + 1, 2**53 + 2, 5, dtype=np.int64)
    rendered = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering(), dtype=np.float64)
    assert rendered.pixels[:, 0, 0].tolist() == [2**53, 2**53 + 2, 5]
    assert rendered.rounded == 1
    kept = render(image, IDENTITY, Operation.CORRELATION, Options(), Rendering())
    assert kept.pixels[:, 0, 0].tolist() == [2**53 + 1, 2**53 + 2, 5]
    assert kept.rounded == 0


@pytest.mark.parametrize("engine", ["auto", "direct", "fft"])
@pytest.mark.parametrize(("display", "shade"), [(Display.RESCALE, 0), (Display.SIGNED, 128)])
def test_a_flat_picture_stays_flat_whatever_its_sums_were_rounded_to(display: Display, shade: int, engine: str) -> None:
    log = Kernel(RANDOM.normal(size=(7, 7)))
    log = Kernel(log.weights - log.weights.mean())  # the sum is 0 but for rounding
    flat = np.full((30, 40, 1), 77, dtype=np.uint8)
    rendered = render(flat, log, Operation.CORRELATION, Options(engine=engine), Rendering(display=display))
    assert set(rendered.pixels.ravel().tolist()) == {shade}
    flat[10, 10] = 78
    seen = render(flat, log, Operation.CORRELATION, Options(engine=engine), Rendering(display=display))
    assert len(np.unique(seen.pixels)) > 10
