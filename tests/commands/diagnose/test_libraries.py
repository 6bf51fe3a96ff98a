"""Results that libraries really give, and what people do to them: each explained, and proved on every pixel."""

from __future__ import annotations

import numpy as np
import pytest
from shell import run, trouble, write_picture

from corrconv.commands.diagnose.study import diagnose
from corrconv.commands.diagnose.way import Treatment
from corrconv.core.convention.numbers import Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Operation, OutputSize
from corrconv.core.zoo import zoo_kernel

pytestmark = pytest.mark.peer


def smooth_picture():
    """Clouds, as a photograph is: neighbours are alike, and few pixels are black or white."""
    noise = np.random.default_rng(3).normal(size=(72, 80))
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(5))
    return np.clip(128 + 12 * noise, 0, 255).astype(np.uint8)


PICTURE = smooth_picture()
REAL = PICTURE.astype(float)
BOX = Kernel(np.ones((3, 3)) / 9)
SOBEL = Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
RAMP = Kernel(np.arange(1, 10).reshape(3, 3))
# Where its own half-turn gives something else, and the sums keep inside 8 bits.
SLANTED = Kernel(np.array([[1, 2, 3], [4, 5, 6], [7, 8, 10]]) / 64)


def way(result, kernel, image=PICTURE, **how):
    """The only explanation."""
    diagnosis = diagnose(image, kernel, result, **how)
    assert diagnosis.explained
    assert len(diagnosis.ways) == 1
    return diagnosis.ways[0]


def rules(found):
    """The border rule and all that do as well."""
    return {str(it.rule) for it in found.alternatives["top"]}


def test_float_sums_cast_to_8_bits_lie_on_rounding_edges():
    ndimage = pytest.importorskip("scipy.ndimage")
    result = ndimage.correlate(REAL, BOX.weights, mode="mirror").astype(np.uint8)
    exact = np.floor(ndimage.correlate(PICTURE.astype(int), np.ones((3, 3), int), mode="mirror") / 9)
    assert (result != exact).any()  # or it would be no test
    found = way(result, BOX)
    assert found.convention.numbers.rounding is Rounding.TRUNCATE
    assert rules(found) == {"reflect"}
    # Every ninth sum or so is a whole number.
    whole = ndimage.correlate(PICTURE.astype(int), np.ones((3, 3), int), mode="mirror") % 9 == 0
    assert found.deviation.edges == np.count_nonzero(whole)


def test_rounding_edges_excuse_nothing_else():
    ndimage = pytest.importorskip("scipy.ndimage")
    result = ndimage.correlate(REAL, BOX.weights, mode="mirror").astype(np.uint8)
    # A pixel whose sum is no whole number may not be one lower.
    sums = ndimage.correlate(PICTURE.astype(int), np.ones((3, 3), int), mode="mirror")
    row, column = np.argwhere(sums % 9 == 4)[50]
    result[row, column] -= 1
    diagnosis = diagnose(PICTURE, BOX, result)
    assert not diagnosis.explained
    assert diagnosis.ways[0].deviation.differing == 1
    assert diagnosis.ways[0].deviation.first == (row, column)


def test_fft_sums_of_whole_numbers_cast_to_8_bits():
    signal = pytest.importorskip("scipy.signal")
    result = np.clip(signal.fftconvolve(REAL, SOBEL.weights, mode="same"), 0, 255).astype(np.uint8)
    found = way(result, SOBEL)
    assert found.convention.operation is Operation.CONVOLUTION
    assert found.deviation.edges > 0


@pytest.mark.parametrize("kind", [float, np.float32, np.int64])
def test_whole_results_kept_in_another_type(kind):
    cv2 = pytest.importorskip("cv2")
    found = way(cv2.filter2D(PICTURE, -1, SLANTED.weights).astype(kind), SLANTED)
    assert (found.convention.operation, rules(found)) == (Operation.CORRELATION, {"reflect"})
    assert found.convention.numbers.rounding is Rounding.HALF_EVEN


def minmax(values):
    return (values - values.min()) / (values.max() - values.min()) * 255


STRETCHES = {
    "min-max, cut off": (lambda it: minmax(it).astype(np.uint8), Treatment.STRETCHED),
    "min-max, rounded": (lambda it: np.rint(minmax(it)).astype(np.uint8), Treatment.RESCALED),
    "min-max": (lambda it: minmax(it) / 255, Treatment.STRETCHED),
    "by the largest": (lambda it: it / it.max(), Treatment.BY_LARGEST),
    "magnitude by the largest": (
        lambda it: (np.abs(it) / np.abs(it).max() * 255).astype(np.uint8),
        Treatment.MAGNITUDE_BY_LARGEST,
    ),
}


@pytest.mark.parametrize("name", STRETCHES)
def test_stretched_results(name):
    signal = pytest.importorskip("scipy.signal")
    kernel = Kernel([[1, 0, -1], [3, 0, -2], [1, 0, -1]])
    sums = signal.correlate2d(REAL, kernel.weights, mode="same")
    stretch, treatment = STRETCHES[name]
    found = way(stretch(sums), kernel)
    assert (found.convention.operation, rules(found)) == (Operation.CORRELATION, {"constant"})
    assert found.treatment is treatment


def test_a_range_is_named_where_a_plain_factor_would_do_as_well():
    signal = pytest.importorskip("scipy.signal")
    picture = np.random.default_rng(0).integers(0, 256, (60, 64)).astype(np.uint8)
    sums = signal.convolve2d(picture.astype(float), SOBEL.weights, mode="same")
    # 255 / (866 + 834) = 0.15, and 0.15 · 833 = 124.95 are added.
    assert 255 / np.ptp(sums) == pytest.approx(0.15)
    found = way(minmax(sums).astype(np.uint8), SOBEL, picture)
    assert (found.treatment, found.convention.operation) == (Treatment.STRETCHED, Operation.CONVOLUTION)


def test_a_factor_is_positive_where_the_sign_is_a_turn():
    signal = pytest.importorskip("scipy.signal")
    sums = signal.convolve2d(REAL, SOBEL.weights, mode="same")
    found = way(np.clip(0.12 * sums + 128, 0, 255).astype(np.uint8), SOBEL)
    assert found.convention.operation is Operation.CONVOLUTION
    assert (found.convention.gain, found.convention.bias) == pytest.approx((0.12, 128))


def test_whole_sums_that_were_cut_off_one_lower_name_the_cut():
    ndimage = pytest.importorskip("scipy.ndimage")
    kernel = Kernel([[0.29, 0.58, 0.13]])  # 0.29 · 100 is 28.999999999999996 in floats
    hundreds = (100 * np.random.default_rng(1).integers(0, 3, (20, 20))).astype(np.uint8)
    result = ndimage.correlate(hundreds, kernel.weights)
    assert (result != np.rint(ndimage.correlate(hundreds.astype(float), kernel.weights))).any()
    found = way(result, kernel, hundreds)
    assert found.deviation.edges > 0
    assert found.convention.numbers.rounding is Rounding.TRUNCATE
    # Every sum is whole, and yet the way that they were rounded shows: no rounding but a cut makes them less.
    assert {it.rounding for it in found.numbers} == {Rounding.FLOOR, Rounding.TRUNCATE}


@pytest.mark.parametrize("depth", ["CV_64F", "CV_32F"])
def test_cv2_normalize(depth):
    cv2 = pytest.importorskip("cv2")
    sums = cv2.filter2D(PICTURE, getattr(cv2, depth), RAMP.weights)
    found = way(cv2.normalize(sums, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U), RAMP)
    assert (found.convention.operation, rules(found)) == (Operation.CORRELATION, {"reflect"})
    assert found.treatment in {Treatment.RESCALED, Treatment.STRETCHED}


@pytest.mark.parametrize(("factor", "shown"), [(0.02, 0.02), (1 / 48, 1 / 48), (0.0217, 0.0217)])
def test_a_factor_and_a_cut(factor, shown):
    signal = pytest.importorskip("scipy.signal")
    found = way((signal.convolve2d(REAL, RAMP.weights, mode="same") * factor).astype(np.uint8), RAMP)
    assert found.convention.gain == pytest.approx(shown, rel=1e-4)
    assert found.convention.numbers.rounding is Rounding.TRUNCATE
    assert found.convention.operation is Operation.CONVOLUTION


@pytest.mark.parametrize("size", [3, 5])
def test_scipy_boxes_of_8_bits_are_cut_off_after_each_axis(size):
    ndimage = pytest.importorskip("scipy.ndimage")
    found = way(ndimage.uniform_filter(PICTURE, size, mode="mirror"), Kernel(np.full((size, size), 1 / size**2)))
    assert (found.treatment, rules(found)) == (Treatment.TRUNCATED_PASSES, {"reflect"})
    assert found.convention.numbers.rounding is Rounding.TRUNCATE


@pytest.mark.parametrize(("size", "sigma"), [(5, 1.1), (7, 2.0), (9, 1.5), (13, 2.0)])
def test_cv2_gaussian_blur_of_8_bits(size, sigma):
    cv2 = pytest.importorskip("cv2")
    found = way(cv2.GaussianBlur(PICTURE, (size, size), sigma), zoo_kernel(f"gaussian:sigma={sigma},size={size}"))
    assert found.treatment is Treatment.EIGHT_BIT_WEIGHTS
    assert rules(found) == {"reflect"}


@pytest.mark.parametrize("quality", [60, 95])
def test_results_that_went_through_jpeg(tmp_path, quality):
    cv2 = pytest.importorskip("cv2")
    from corrconv.commands.diagnose.lossy import recompression
    from corrconv.files.images import read_image

    path = str(tmp_path / "result.jpg")
    cv2.imwrite(path, cv2.filter2D(PICTURE, -1, SLANTED.weights), [cv2.IMWRITE_JPEG_QUALITY, quality])
    picture = read_image(path)
    found = way(picture.pixels, SLANTED, recompress=recompression(picture))
    assert (found.convention.operation, rules(found)) == (Operation.CORRELATION, {"reflect"})
    assert found.deviation.lost > 0
    assert not diagnose(PICTURE, SLANTED, picture.pixels).explained


def test_tolerance():
    cv2 = pytest.importorskip("cv2")
    exact = cv2.filter2D(PICTURE, -1, SLANTED.weights, borderType=cv2.BORDER_REPLICATE)
    noise = np.random.default_rng(1).integers(-2, 3, exact.shape)
    result = np.clip(exact.astype(int) + noise, 0, 255).astype(np.uint8)
    assert not diagnose(PICTURE, SLANTED, result).explained
    found = diagnose(PICTURE, SLANTED, result, tolerance=2).ways[0]
    assert found.explains
    assert found.convention.operation is Operation.CORRELATION
    assert rules(found) & {"edge", "symmetric"}
    assert not diagnose(PICTURE, SLANTED, result, tolerance=1).explained


def test_pillow_and_wrapping_ndimage():
    image_filter = pytest.importorskip("PIL.ImageFilter")
    from PIL import Image

    filtered = Image.fromarray(PICTURE).filter(image_filter.Kernel((3, 3), [1, 2, 3, 4, 5, 6, 7, 8, 9]))
    found = way(np.asarray(filtered), RAMP)
    assert (str(found.convention.orientation), rules(found)) == ("top-bottom", {"unfiltered"})
    ndimage = pytest.importorskip("scipy.ndimage")
    found = way(ndimage.convolve(PICTURE, RAMP.weights.astype(int)), RAMP)
    assert found.convention.numbers.overflow is Overflow.WRAP
    assert found.convention.operation is Operation.CONVOLUTION


@pytest.mark.parametrize(("stride", "dilation", "padding"), [(2, 1, 1), (3, 1, 0), (1, 2, 2), (2, 2, 1)])
def test_layers_of_torch(stride, dilation, padding):
    torch = pytest.importorskip("torch")
    image, weights = (torch.tensor(it)[None, None] for it in (REAL, RAMP.weights))
    made = torch.nn.functional.conv2d(image, weights, stride=stride, dilation=dilation, padding=padding)
    found = way(made[0, 0].numpy(), RAMP)
    assert found.convention.operation is Operation.CORRELATION
    assert found.convention.stride == (stride, stride)
    assert found.convention.dilation == (dilation, dilation)
    assert found.convention.start(RAMP.shape, PICTURE.shape) == (-padding, -padding)


@pytest.mark.parametrize("pads", [(1, 0, 2, 1), (1, 2, 1, 2)])
def test_pads_on_each_side(pads):
    torch = pytest.importorskip("torch")
    top, bottom, left, right = pads
    padded = np.pad(REAL, ((top, bottom), (left, right)))
    made = torch.nn.functional.conv2d(torch.tensor(padded)[None, None], torch.tensor(RAMP.weights)[None, None])
    found = way(made[0, 0].numpy(), RAMP)
    assert found.convention.output_size is OutputSize.VALID
    assert found.convention.pads.by_axis == ((top, bottom), (left, right))


def test_uneven_pads_are_named_beside_the_anchor():
    image = write_picture("image.png", PICTURE)
    signal = pytest.importorskip("scipy.signal")
    np.save("result.npy", signal.correlate2d(np.pad(REAL, ((2, 0), (2, 0))), RAMP.weights, mode="valid"))
    shown = run("diagnose", image, "[1 2 3; 4 5 6; 7 8 9]", "result.npy").stdout
    assert "cell 2,2 of 3x3, as pads top 2, left 2, bottom 0, right 0 have it" in shown
    np.save("result.npy", signal.correlate2d(REAL, RAMP.weights, mode="same"))
    assert "pads" not in run("diagnose", image, "[1 2 3; 4 5 6; 7 8 9]", "result.npy").stdout


def test_a_result_that_lost_its_frame():
    signal = pytest.importorskip("scipy.signal")
    result = signal.convolve2d(REAL, RAMP.weights, mode="same")[2:-2, 3:-3]
    found = way(result, RAMP)
    assert found.convention.operation is Operation.CONVOLUTION
    # One row and two columns of the valid part are gone on each side.
    assert found.convention.pads.by_axis == ((-1, -1), (-2, -2))


def test_a_border_that_one_pixel_spoils_is_named_still():
    ndimage = pytest.importorskip("scipy.ndimage")
    result = ndimage.convolve(REAL, SLANTED.weights, mode="wrap")
    result[0, 40] += 5
    diagnosis = diagnose(PICTURE, SLANTED, result)
    assert not diagnosis.explained
    assert diagnosis.ways[0].deviation.differing == 1
    assert str(diagnosis.ways[0].convention.borders.shared) == "wrap"


COLOURS = np.dstack([PICTURE, PICTURE[::-1], PICTURE[:, ::-1]])


def test_channels_in_the_other_order_are_named():
    cv2 = pytest.importorskip("cv2")
    image, result = write_picture("image.png", COLOURS), cv2.filter2D(COLOURS[..., ::-1], -1, SLANTED.weights)
    arguments = image, "1/64 * [1 2 3; 4 5 6; 7 8 10]", write_picture("result.png", result)
    shown = " ".join(run("diagnose", *arguments).stdout.split())
    assert "explained to the last pixel, with red and blue exchanged" in shown
    assert "no single apply line" in shown
    right = write_picture("right.png", result[..., ::-1])
    assert "exchanged" not in run("diagnose", image, arguments[1], right).stdout


def test_a_gray_result_of_colours_names_the_option():
    image, result = write_picture("image.png", COLOURS), write_picture("result.png", PICTURE)
    assert "IMAGE has colours and RESULT is gray; --gray makes both" in trouble(run("diagnose", image, "box", result))
    assert "RESULT has colours and IMAGE is gray" in trouble(run("diagnose", result, "box", image))


def test_a_gray_result_in_three_channels_is_taken_as_gray():
    """As Node.js and Java write it, opaque transparency included."""
    result = np.stack([PICTURE] * 3 + [np.full_like(PICTURE, 255)], axis=-1)
    image = write_picture("image.png", PICTURE)
    found = run("diagnose", image, "[1]", write_picture("result.png", result))
    assert "explained to the last pixel" in found.stdout
    assert "result: all of its colours are gray: one is taken" in found.stderr
    assert "RESULT has colours" in trouble(
        run("diagnose", image, "[1]", write_picture("other.png", result // np.uint8([1, 1, 2, 1])))
    )


def test_a_border_of_nan_is_left_out():
    """As xarray-spatial leaves it, and scipy.ndimage with cval=nan."""
    ndimage = pytest.importorskip("scipy.ndimage")
    kernel, image = Kernel([[1, 2, 0], [3, 4, 1], [0, 2, -1]]), REAL.astype(float)
    np.save("image.npy", image)
    for operation in ("convolution", "correlation"):
        filtered = {"convolution": ndimage.convolve, "correlation": ndimage.correlate}[operation]
        result = filtered(image, kernel.weights, mode="constant", cval=np.nan)
        np.save("result.npy", result)
        shown = " ".join(run("diagnose", "image.npy", "[1 2 0; 3 4 1; 0 2 -1]", "result.npy").stdout.split())
        assert f"to the last pixel, with the border of RESULT left out, which is nan {operation} output valid" in shown
        assert "corrconv apply IMAGE KERNEL" in shown
    result[5, 7] = np.nan
    np.save("result.npy", result)
    inside = trouble(run("diagnose", "image.npy", "box", "result.npy"))
    assert "the result holds nan at 5,7, inside, and the image none; leave out that part" in inside
    image[3, 3] = np.nan
    np.save("image.npy", image)
    np.save("result.npy", np.full_like(image, np.nan))
    assert "the image holds 1, and a transform (FFT) spreads" in trouble(
        run("diagnose", "image.npy", "box", "result.npy")
    )


@pytest.mark.parametrize(
    ("place", "pads"),
    [
        ((18, 4), "top 1, left 1, bottom 0, right 1"),
        ((2, 4), "top 0, left 1, bottom 1, right 1"),
        ((9, 22), "top 1, left 1, bottom 1, right 0"),
    ],
)
def test_beside_a_pixel_of_nan_the_rest_tells_enough(place, pads):
    ndimage = pytest.importorskip("scipy.ndimage")
    image = np.random.default_rng(5).normal(size=(20, 24))
    image[place] = np.nan
    np.save("image.npy", image)
    np.save("result.npy", ndimage.convolve(image, [[1, 2, 0], [3, 4, 1], [0, 2, -1]], mode="nearest"))
    shown = " ".join(run("diagnose", "image.npy", "[1 2 0; 3 4 1; 0 2 -1]", "result.npy").stdout.split())
    assert "to the last pixel, with IMAGE and RESULT cut off before or behind what is nan convolution" in shown
    assert f"output valid, pads {pads} border edge" in shown
    np.save("result.npy", np.zeros_like(image))
    assert "the image holds nan and the result none" in trouble(run("diagnose", "image.npy", "box", "result.npy"))


@pytest.mark.parametrize("share", [0.1, 0.8, 0.9, 0.93])
def test_a_threshold_that_most_results_pass_or_few(share):
    """Where most are white, sums that are much too large give most of them too."""
    ndimage = pytest.importorskip("scipy.ndimage")
    noise = np.random.default_rng(3).integers(0, 256, (20, 24)).astype(np.uint8)
    kernel = Kernel([[1, 2, 0], [3, 4, 1], [0, 2, -1]])
    sums = ndimage.correlate(noise.astype(float), kernel.weights, mode="mirror")
    white = np.where(sums > np.quantile(sums, 1 - share), 255, 0).astype(np.uint8)
    found = diagnose(noise, kernel, white).explanations[0]
    assert (found.treatment, found.convention.operation) == (Treatment.THRESHOLD, Operation.CORRELATION)


@pytest.mark.parametrize("kernel", [BOX, SLANTED, SOBEL], ids=["box", "slanted", "sobel"])
def test_a_threshold_is_found(kernel):
    ndimage = pytest.importorskip("scipy.ndimage")
    sums = ndimage.convolve(REAL, kernel.weights, mode="nearest")
    threshold = float(np.median(sums))
    found = way(np.where(sums > threshold, 255, 0).astype(np.uint8), kernel)
    assert found.treatment is Treatment.THRESHOLD
    assert Operation.CONVOLUTION in {it.operation for it in found.conventions}
    assert rules(found) == {"edge"}
    assert found.convention.bias == pytest.approx(threshold, abs=1 if kernel is SOBEL else 0.1)


def test_dithering_is_not_explained_and_says_why():
    dots = np.where(np.random.default_rng(4).integers(0, 256, PICTURE.shape) < PICTURE, 255, 0).astype(np.uint8)
    shown = run("diagnose", write_picture("image.png", PICTURE), "box", write_picture("dots.png", dots)).stdout
    assert "not explained" in shown
    assert "RESULT holds two values only" in shown


def test_a_result_that_lost_a_wide_frame():
    signal = pytest.importorskip("scipy.signal")
    image = write_picture("image.png", PICTURE)
    np.save("result.npy", signal.convolve2d(REAL, RAMP.weights, mode="same")[8:-5, 3:-21])
    shown = run("diagnose", image, "[1 2 3; 4 5 6; 7 8 9]", "result.npy").stdout
    # One row and one column of each side belong to the border and are no part of the valid results.
    assert "convolution\n    output    valid, of which top 7, left 2, bottom 4, right 20 are cut off" in shown


def test_weights_that_were_cut_off_to_whole_numbers_are_named():
    mahotas = pytest.importorskip("mahotas")
    dark, weights = PICTURE // 16, np.array([[1.25, 2.5, 0.5], [0, 1.75, 3.2], [0, 0, 0]])
    image, result = write_picture("image.png", dark), write_picture("result.png", mahotas.convolve(dark, weights))
    shown = " ".join(run("diagnose", image, "[1.25 2.5 .5; 0 1.75 3.2; 0 0 0]", result).stdout.split())
    assert "with the weights cut off to whole numbers, as mahotas does" in shown
    assert "correlation output same border edge (symmetric would do as well)" in shown
    assert "the same corrconv apply IMAGE KERNEL --like mahotas.convolve" in shown
