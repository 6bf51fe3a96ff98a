"""apply --magnitude and --direction: both axes of a kernel, as numbers and as colours."""

from __future__ import annotations

import colorsys
from math import atan2, degrees, sqrt
from pathlib import Path

import numpy as np
import oracle
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from shell import NOISE, files, read_pixels, run, trouble, write_picture

from corrconv.commands.apply.gradient_study import gradient
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Alpha, Operation

SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
UNEVEN = [[1, 2, 0], [0, -3, 1]]
GRAY = NOISE[:, :, 0]


def by_loops(weights, operation, anchor, **options):
    """Both results at each pixel, by the definition."""
    filtered = getattr(oracle, "correlate" if operation is Operation.CORRELATION else "convolve")
    turned = [list(column) for column in zip(*weights, strict=True)]
    first = filtered(GRAY.tolist(), weights, anchor=anchor, **options)
    second = filtered(GRAY.tolist(), turned, anchor=anchor[::-1], **options)
    return [list(zip(*rows, strict=True)) for rows in zip(first, second, strict=True)]


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize(
    ("weights", "anchor", "options"),
    [
        (SOBEL, (1, 1), {}),
        (SOBEL, (0, 2), {"boundary": "wrap"}),
        (UNEVEN, (1, 1), {"boundary": "constant"}),
        (UNEVEN, (0, 2), {"boundary": "edge", "stride": (2, 1)}),
        (SOBEL, (1, 1), {"output_size": "valid"}),
    ],
)
def test_magnitude_and_direction_are_those_of_the_definition(weights, anchor, options, operation):
    chosen = Options(**options, anchor=anchor)
    found = gradient(GRAY[:, :, np.newaxis], Kernel(weights), operation, chosen, Alpha.KEEP)
    pairs = by_loops(weights, operation, anchor, **options)
    # The squares are whole numbers, so that both roots are correctly rounded.
    assert_array_equal(found.magnitude[:, :, 0], [[sqrt(a * a + b * b) for a, b in row] for row in pairs])
    assert_allclose(found.direction[:, :, 0], [[degrees(atan2(b, a)) for a, b in row] for row in pairs], rtol=1e-14)


def test_dilation_is_transposed_with_the_kernel():
    image = GRAY[:, :, np.newaxis].astype(float)
    spread = gradient(image, Kernel(UNEVEN), Operation.CORRELATION, Options(dilation=(1, 2)), Alpha.KEEP)
    wide = Kernel([[1, 0, 2, 0, 0], [0, 0, -3, 0, 1]], (1, 2))
    assert_array_equal(spread.magnitude, gradient(image, wide, Operation.CORRELATION, Options(), Alpha.KEEP).magnitude)


def test_the_numbers_of_a_file_are_exact_and_those_of_scipy():
    write_picture("photo.png", GRAY)
    assert run("apply", "photo.png", "sobel", "--magnitude", "-o", "m.npy").exit_code == 0
    wide = GRAY.astype(float)
    along = [ndimage.sobel(wide, axis, mode="mirror") for axis in (0, 1)]
    assert_allclose(np.load("m.npy"), np.hypot(*along), rtol=1e-15)
    assert run("apply", "photo.png", "sobel", "--direction", "-o", "d.npy").exit_code == 0
    assert_allclose(np.load("d.npy"), np.degrees(np.arctan2(*along)), rtol=1e-14)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_very_large_and_very_small_numbers_have_a_magnitude(size):
    image = np.array([[0.0, 0.0, 3 * size], [0.0, 0.0, 0.0], [4 * size, 0.0, 0.0]])[:, :, np.newaxis]
    options = Options(boundary="constant")
    found = gradient(image, Kernel([[-1, 0, 1]]), Operation.CORRELATION, options, Alpha.KEEP)
    assert_allclose(found.magnitude[0, 0, 0], 0)
    assert_allclose(found.magnitude[0, 1, 0], 3 * size)
    assert_allclose(found.magnitude[1, 0, 0], 4 * size)
    assert_allclose(found.magnitude[2, 2, 0], 0)


def test_pixels_are_displayed_by_the_rules_that_act():
    write_picture("photo.png", GRAY)
    done = run("apply", "photo.png", "sobel", "--magnitude", "-o", "m.png")
    assert "; see --display rescale\n" in done.stderr
    wide = GRAY.astype(float)
    exact = np.hypot(*(ndimage.sobel(wide, axis, mode="mirror") for axis in (0, 1)))
    assert_array_equal(read_pixels("m.png"), np.clip(np.rint(exact), 0, 255))
    assert run("apply", "photo.png", "sobel", "--magnitude", "--display", "rescale", "-o", "r.png").exit_code == 0
    spread = (exact - exact.min()) / (exact.max() - exact.min()) * 255
    assert_allclose(read_pixels("r.png"), spread, atol=0.5 + 1e-9)


def test_the_name_says_what_was_measured_and_transparency_stays():
    alpha = GRAY[::-1]
    write_picture("photo.png", np.dstack([NOISE, alpha]))
    assert run("apply", "photo.png", "sobel", "--magnitude").exit_code == 0
    assert run("apply", "photo.png", "sobel", "--direction").exit_code == 0
    assert files() == ["photo-direction.png", "photo-magnitude.png", "photo.png"]
    for name in ("photo-direction.png", "photo-magnitude.png"):
        assert read_pixels(name).shape == (*GRAY.shape, 4)
        assert_array_equal(read_pixels(name)[:, :, 3], alpha)


RAMPS = {
    "to the right": np.tile(np.arange(0, 90, 10), (9, 1)),
    "downwards": np.tile(np.arange(0, 90, 10), (9, 1)).T,
    "to the left": np.tile(np.arange(90, 0, -10), (9, 1)),
    "upwards": np.tile(np.arange(90, 0, -10), (9, 1)).T,
}
NAMED = {"red": (255, 0, 0), "yellow-green": (128, 255, 0), "cyan": (0, 255, 255), "violet": (128, 0, 255)}


@pytest.mark.parametrize("kernel", ["sobel", "sobel:axis=y", "[1 0 -1]", "[1; 0; -1]"])
@pytest.mark.parametrize("operation", ["--correlate", "--convolve"])
def test_the_hue_of_each_side_is_the_one_that_is_said(kernel, operation):
    for side, ramp in RAMPS.items():
        write_picture("ramp.png", ramp.astype(np.uint8))
        done = run("apply", "ramp.png", kernel, operation, "--direction", "-o", "hue.png")
        said = done.stderr.partition("brighter: ")[2].partition(";")[0]
        named = {words.split(" ", 1)[1]: words.split(" ", 1)[0] for words in said.split(", ")}
        assert tuple(read_pixels("hue.png")[4, 4].tolist()) == NAMED[named[side]]


def test_convolution_turns_every_hue_of_sobel():
    write_picture("photo.png", GRAY)
    for name, operation in (("a.npy", "--correlate"), ("b.npy", "--convolve")):
        assert run("apply", "photo.png", "sobel", operation, "--direction", "-o", name).exit_code == 0
    turned = (np.load("b.npy") - np.load("a.npy")) % 360
    flat = (np.load("a.npy") == 0) & (np.load("b.npy") == 0)
    assert_allclose(turned[~flat], 180)


def test_colours_are_those_of_the_standard_library():
    write_picture("photo.png", GRAY)
    assert run("apply", "photo.png", "sobel", "--direction", "-o", "hue.png").exit_code == 0
    run("apply", "photo.png", "sobel", "--direction", "-o", "angle.npy")
    run("apply", "photo.png", "sobel", "--magnitude", "-o", "size.npy")
    size = np.load("size.npy")
    expected = [
        [colorsys.hsv_to_rgb(angle / 360 % 1, 1, length / size.max()) for angle, length in zip(*rows, strict=True)]
        for rows in zip(np.load("angle.npy").tolist(), size.tolist(), strict=True)
    ]
    assert_allclose(read_pixels("hue.png"), 255 * np.array(expected), atol=0.5 + 1e-9)


def test_a_colour_picture_takes_the_hue_of_the_channel_that_changes_most():
    write_picture("photo.png")
    run("apply", "photo.png", "sobel", "--direction", "-o", "angle.npy")
    wide = NOISE.astype(float)
    rows, columns = (
        np.dstack([ndimage.sobel(wide[:, :, channel], axis, mode="mirror") for channel in range(3)]) for axis in (0, 1)
    )
    most = np.hypot(rows, columns).argmax(axis=2)[:, :, np.newaxis]
    along = [np.take_along_axis(each, most, axis=2)[:, :, 0] for each in (rows, columns)]
    assert_allclose(np.load("angle.npy"), np.degrees(np.arctan2(*along)), rtol=1e-14)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("laplacian --magnitude", "laplacian transposed is itself, so it has no second direction"),
        ("[0,1;-1,0] --direction", "itself with the other sign"),
        ("[1,0,-1] --magnitude --output-size full", "results of different size"),
    ],
)
def test_what_has_no_gradient_is_refused(line, reason):
    write_picture("photo.png")
    assert reason in trouble(run("apply", "photo.png", *line.split()))
    assert [Path(name).name for name in files()] == ["photo.png"]
