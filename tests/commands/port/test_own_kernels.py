"""Ports between functions that make their kernel by themselves: run, against the library that they come from."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from shell import run, trouble

from corrconv.core.kernel import Kernel
from corrconv.libraries.own_kernel import ALIKE, Gaussian, GaussianRule, factor_between, gaussian_of
from corrconv.libraries.registry import own_kernel_functions

NOISE = np.random.default_rng(5).integers(0, 256, (60, 71))
OWN = own_kernel_functions()
BLURS = [name for name, function in OWN.items() if isinstance(function.own, GaussianRule)]
# Where the kernel is no Gaussian, or nothing of it is installed here.
APART = {"PIL.ImageFilter.GaussianBlur", "matlab.imgaussfilt"}


def ported(*arguments: str) -> str:
    """The lines that port prints."""
    result = run("port", *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def followed(script: str, image):
    """What the lines make of an image."""
    names = {"image": image}
    with warnings.catch_warnings(action="ignore"):
        exec(script, names)
    return names["result"]


def library(name: str):
    """The module of a function's library, or a skip."""
    return pytest.importorskip(OWN[name].runner.module)


def response(name, settings, dtype="float64"):
    """The kernel that a function applies as a correlation, seen in its answer to an impulse."""
    library(name)
    image = np.zeros((41, 41), dtype)
    image[20, 20] = 1
    with warnings.catch_warnings(action="ignore"):
        answer = OWN[name].runner.target(name, settings).run(image, np.ones((1, 1)))
    return Kernel(np.asarray(answer, float)[::-1, ::-1])


RULES = [
    ("cv2.GaussianBlur", {"ksize": (0, 0), "sigmaX": 1.3}),
    ("cv2.GaussianBlur", {"ksize": (9, 9), "sigmaX": 2.0}),
    *(("cv2.GaussianBlur", {"ksize": (size, size), "sigmaX": 0}) for size in (1, 3, 5, 7, 9, 11, 21)),
    ("scipy.ndimage.gaussian_filter", {"sigma": 1.3}),
    ("scipy.ndimage.gaussian_filter", {"sigma": 2.0, "truncate": 2.7}),
    ("scipy.ndimage.gaussian_filter", {"sigma": 2.0, "radius": 3}),
    ("skimage.filters.gaussian", {"sigma": 1.3}),
    ("skimage.filters.gaussian", {"sigma": 1.3, "truncate": 2.7}),
    ("kornia.filters.gaussian_blur2d", {"kernel_size": (7, 7), "sigma": (1.3, 1.3)}),
    ("torchvision.transforms.functional.gaussian_blur", {"kernel_size": 7}),
    ("torchvision.transforms.functional.gaussian_blur", {"kernel_size": 7, "sigma": 1.3}),
]


@pytest.mark.parametrize(("name", "settings"), RULES)
def test_the_rule_of_a_blur_is_what_the_function_does(name, settings):
    measured, known = response(name, settings), OWN[name].own.kernel(settings)
    rows, columns = (int(np.ptp(places)) + 1 for places in np.nonzero(measured.weights))
    assert known.shape == (rows, columns)
    assert abs(factor_between(known, measured) - 1) <= ALIKE


def test_sizes_and_weights_of_cv2_depend_on_the_type():
    cv2 = pytest.importorskip("cv2")
    rule = OWN["cv2.GaussianBlur"].own
    for sigma in (0.5, 1.0, 1.3, 2.0, 3.7):
        for dtype, brightest in (("uint8", 255), ("uint16", 65535)):
            image = (NOISE * (brightest // 255)).astype(dtype)
            kernel = rule.kernel({"sigmaX": sigma}, dtype)
            around = [(side // 2, side // 2) for side in kernel.shape]
            windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, around, mode="reflect"), kernel.shape)
            expected = np.floor((windows * kernel.weights).sum(axis=(2, 3)) + 0.5)
            assert np.array_equal(cv2.GaussianBlur(image, (0, 0), sigma), expected)


def test_pillow_has_boxes():
    image_of, filters = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageFilter")
    image = np.zeros((61, 61), np.uint8)
    image[:, 30] = 255
    for sigma in (1.0, 2.0, 4.5):
        answer = np.asarray(image_of.fromarray(image).filter(filters.GaussianBlur(sigma)))[30]
        along = OWN["PIL.ImageFilter.GaussianBlur"].own.kernel({"radius": sigma}).weights.sum(axis=0)
        expected = np.zeros(61)
        expected[30 - len(along) // 2 : 31 + len(along) // 2] = 255 * along
        assert np.abs(answer - expected).max() <= 2
        assert gaussian_of(Kernel(np.outer(along, along))) is None


@pytest.mark.parametrize("source", [name for name in BLURS if name not in APART])
@pytest.mark.parametrize("target", [name for name in BLURS if name not in APART])
def test_every_pair_of_blurs(source, target):
    library(source), library(target)
    result = run("port", "gaussian:sigma=1.4,size=9", "--from", source, "--to", target, "--json")
    document = json.loads(result.stdout)
    assert document["measured"]["largest"] <= 1e-12 * document["measured"]["peak"]
    assert document["unlike"] <= ALIKE


@pytest.mark.parametrize("target", ["scipy.ndimage.correlate", "scipy.ndimage.convolve", "cv2.filter2D"])
def test_blurs_to_functions_that_take_a_kernel(target):
    cv2 = pytest.importorskip("cv2")
    pytest.importorskip("scipy")
    script = ported("gaussian:sigma=2", "--from", "cv2.GaussianBlur", "--to", target, "--exact")
    assert "weights = np.array([[1, 2, 7, 16, 31, 45, 52, 45, 31, 16, 7, 2, 1]]) / 256" in script
    image = NOISE.astype(np.uint8)
    result = followed(script, image)
    assert result.dtype == np.uint8
    assert np.array_equal(result, cv2.GaussianBlur(image, (0, 0), 2))


def test_a_kernel_to_a_blur():
    ndimage, cv2 = pytest.importorskip("scipy.ndimage"), pytest.importorskip("cv2")
    script = ported("gaussian:sigma=1.5", "--from", "scipy.signal.convolve2d", "--to", "cv2.GaussianBlur")
    # 2 ceil(3 sigma) + 1 is our own Gaussian's size.
    assert "cv2.GaussianBlur(padded, ksize=(11, 11), sigmaX=1.5, borderType=cv2.BORDER_CONSTANT)" in script
    image = NOISE.astype(float)
    expected = ndimage.gaussian_filter(image, 1.5, radius=5, mode="constant")
    assert np.allclose(followed(script, image), expected, rtol=1e-12)
    assert cv2 is not None


def test_a_border_without_a_word_is_padded():
    ndimage = pytest.importorskip("scipy.ndimage")
    pytest.importorskip("cv2")
    script = ported("gaussian:sigma=2", "--from", "scipy.ndimage.gaussian_filter mode=wrap", "--to", "cv2.GaussianBlur")
    image = NOISE.astype(float)
    assert 'np.pad(padded, ((8, 8), (8, 8)), mode="wrap")' in script
    assert np.allclose(followed(script, image), ndimage.gaussian_filter(image, 2, mode="wrap"), rtol=1e-12)


def test_what_is_no_gaussian_is_said():
    result = run("port", "gaussian:sigma=2", "--from", "PIL.ImageFilter.GaussianBlur", "--to", "cv2.GaussianBlur")
    assert "# Kernel: not the same: a weight differs by up to" in result.stdout
    assert "each of its six passes rounds" in result.stdout
    document = json.loads(
        run("port", "gaussian", "--from", "cv2.GaussianBlur ksize=(5,5)", "--to", "cv2.GaussianBlur", "--json").stdout
    )
    assert document["unlike"] == 0  # its own table


def test_settings_and_kernel_must_agree():
    both = ("--from", "cv2.GaussianBlur sigmaX=3", "--to", "scipy.ndimage.gaussian_filter")
    assert "the kernel says sigma 2 and the settings 3" in trouble(run("port", "gaussian:sigma=2", *both))
    assert "sigma=3, radius=9" in ported("gaussian", *both)
    assert "sobel is none; name one, such as gaussian:sigma=2" in trouble(run("port", "sobel", *both))
    even = run("port", "gaussian:sigma=2,size=8", *both[2:], "--from", "cv2.GaussianBlur")
    assert "takes odd sizes only" in trouble(even) or "odd sizes only" in trouble(even)
    to_blur = run("port", "sobel", "--from", "cv2.filter2D", "--to", "cv2.GaussianBlur")
    assert "makes Gaussians only, and sobel is none" in trouble(to_blur)
    needs = run("port", "gaussian:sigma=2", "--from", "kornia.filters.gaussian_blur2d", "--to", "cv2.GaussianBlur")
    assert "finds no size by itself" in trouble(needs)


def test_own_kernels_are_refused_where_a_kernel_is_taken():
    refused = run("apply", "sample:camera", "sobel", "--like", "cv2.GaussianBlur", "-o", "-")
    assert "cv2.GaussianBlur takes no kernel, it makes one by itself" in trouble(refused)
    assert "takes no kernel" in trouble(run("probe", "cv2.Sobel"))


def test_fitted_gaussians():
    for sigma, size in ((0.8, 5), (1.0, 7), (2.83, 17), (1.23456, 9)):
        weights = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
        assert gaussian_of(Kernel(np.outer(weights, weights) / weights.sum() ** 2)) == Gaussian(sigma, size)
    assert gaussian_of(Kernel(np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256)) is None
    assert gaussian_of(Kernel(np.ones((3, 3)) / 9)) is None


def test_exact_is_refused_where_nothing_is_rounded_or_the_tool_rounds():
    from_cv2 = ("port", "sobel", "--exact", "--from", "cv2.filter2D")
    from_pillow = ("port", "box", "--exact", "--from", "PIL.ImageFilter.Kernel")
    assert "--dtype has no effect with --exact" in trouble(
        run(*from_cv2, "--to", "scipy.ndimage.correlate", "--dtype", "float64")
    )
    assert "rounds and cuts off by itself" in trouble(run(*from_cv2, "--to", "imagemagick.convolve"))
    assert "takes whole numbers only and rounds in another way" in trouble(
        run(*from_cv2, "--to", "PIL.ImageFilter.Kernel")
    )
    assert "takes images of uint8" in trouble(run(*from_pillow, "--to", "cv2.filter2D", "--dtype", "uint16"))


DERIVATIVES = [
    ("cv2.Sobel", {"ddepth": "CV_64F", "dx": dx, "dy": dy, "ksize": size})
    for dx, dy in ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1))
    for size in (1, 3, 5, 7)
]
DERIVATIVES += [("cv2.Scharr", {"ddepth": "CV_64F", "dx": dx, "dy": 1 - dx}) for dx in (0, 1)]
DERIVATIVES += [("cv2.Laplacian", {"ddepth": "CV_64F", "ksize": size}) for size in (1, 3, 5, 7)]
DERIVATIVES += [(f"scipy.ndimage.{name}", {"axis": axis}) for name in ("sobel", "prewitt") for axis in (0, 1, -1)]
DERIVATIVES += [("scipy.ndimage.laplace", {})]
DERIVATIVES += [(name, {}) for name in OWN if name.startswith("skimage") and hasattr(OWN[name].own, "choices")]


@pytest.mark.parametrize(("name", "settings"), DERIVATIVES)
def test_the_rule_of_a_derivative_is_what_the_function_does(name, settings):
    measured, known = response(name, settings), OWN[name].own.kernel(settings)
    assert abs(factor_between(known, measured) - 1) <= ALIKE  # sign and factor


@pytest.mark.parametrize("name", [name for name in OWN if name.startswith(("cv2.", "scipy.", "skimage."))])
def test_the_border_and_the_numbers_of_own_kernels(name):
    """What a convention says of whole-number pictures, the border with it, is what the function gives."""
    from corrconv.core.convention.filtering import apply_convention

    library(name)
    if OWN[name].own.shares or name == "scipy.ndimage.gaussian_filter":
        image = NOISE.astype(float)
    else:
        image = NOISE.astype(np.uint8)
    settings = {"sigmaX": 1.3} if name == "cv2.GaussianBlur" else {}
    settings = {"sigma": 1.3} if "gaussian" in name else settings
    result = OWN[name].runner.target(name, {**settings, **({"dx": 1, "dy": 0} if name in XY else {})}).run(image, None)
    if name.rpartition(".")[2] in {"sobel", "scharr", "prewitt"} and name.startswith("skimage"):
        parts = [OWN[part].own.kernel({}) for part in OWN[name].own.parts]
        both = [apply_convention(image, part, OWN[name].configured({})) for part in parts]
        expected = np.sqrt((both[0] ** 2 + both[1] ** 2) / 2)
    else:
        kernel = OWN[name].own.kernel(settings, str(image.dtype))
        expected = apply_convention(image, kernel, OWN[name].configured(settings))
    assert np.allclose(result, expected, rtol=1e-12, atol=1e-12)
    assert np.asarray(result).dtype == expected.dtype


XY = ("cv2.Sobel", "cv2.Scharr")
PAIRS = [
    ("sobel", "cv2.Sobel", "skimage.filters.sobel_v", 4),
    ("sobel:axis=y", "cv2.Sobel", "skimage.filters.sobel_h", 4),
    ("sobel", "skimage.filters.sobel_v", "scipy.ndimage.sobel", 1 / 4),
    ("sobel:axis=y", "scipy.ndimage.sobel", "cv2.Sobel", 1),
    ("scharr", "cv2.Scharr", "skimage.filters.scharr_v", 16),
    ("prewitt", "scipy.ndimage.prewitt", "skimage.filters.prewitt_v", 3),
    ("laplacian", "cv2.Laplacian", "scipy.ndimage.laplace", 1),
    ("laplacian", "scipy.ndimage.laplace", "skimage.filters.laplace", -1),
    ("laplacian", "skimage.filters.laplace", "cv2.Laplacian", -1),
]


@pytest.mark.parametrize(("kernel", "source", "target", "factor"), PAIRS)
def test_derivatives_with_their_factor_and_sign(kernel, source, target, factor):
    library(source), library(target)
    document = json.loads(run("port", kernel, "--from", source, "--to", target, "--json").stdout)
    assert document["factor"] == factor
    assert document["measured"]["largest"] <= 1e-12 * document["measured"]["peak"]
    exact = json.loads(run("port", kernel, "--from", source, "--to", target, "--exact", "--json").stdout)
    assert exact["measured"]["largest"] <= 1e-12  # rounding, saturating, wrapping and shares of 255


def test_an_axis_that_is_not_said_is_the_one_that_both_have():
    text = ported("sobel", "--from", "cv2.Sobel", "--to", "skimage.filters.sobel_h")
    assert text.startswith("# cv2.Sobel dx=0 dy=1 ksize=3 computes")
    assert "# sobel without an axis is taken as sobel:axis=y, the only one that both make." in text
    assert "without an axis" not in ported("sobel", "--from", "cv2.Sobel", "--to", "scipy.ndimage.sobel")
    back = ported("sobel", "--from", "skimage.filters.sobel_h", "--to", "cv2.Sobel")
    assert "without an axis" in back
    assert "dx=0, dy=1" in back


@pytest.mark.parametrize(
    ("kernel", "source", "target", "message"),
    [
        ("sobel:axis=x", "cv2.Sobel", "skimage.filters.sobel_h", "skimage.filters.sobel_v makes it"),
        ("sobel", "cv2.Sobel", "skimage.filters.scharr_v", "skimage.filters.sobel_v makes it"),
        ("emboss", "cv2.Sobel", "cv2.filter2D", "none like emboss; it makes sobel and sobel:axis=y"),
        ("sobel", "skimage.filters.sobel", "cv2.Sobel", "is no result of one kernel; take skimage.filters.sobel_h and"),
        ("sobel", "cv2.Sobel", "skimage.filters.sobel", "is no result of one kernel"),
        ("[1 2; 3 4]", "cv2.filter2D", "cv2.Sobel", "scipy.ndimage.correlate takes any kernel"),
    ],
)
def test_what_no_derivative_is(kernel, source, target, message):
    assert message in trouble(run("port", kernel, "--from", source, "--to", target))


def test_sizes_are_said_by_settings():
    text = ported("sobel", "--from", "cv2.Sobel ksize=5", "--to", "scipy.ndimage.correlate")
    assert "[-6, -12, 0, 12, 6]" in text
