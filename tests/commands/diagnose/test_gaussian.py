"""Unknown blurs: what OpenCV, SciPy and skimage take for a sigma or a size, found in their results."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter
from shell import run, trouble, write_picture

from corrconv.commands.diagnose.gaussian_study import diagnose_blur, size_rules
from corrconv.commands.diagnose.way import Treatment
from corrconv.core.convention.numbers import Rounding
from corrconv.libraries.opencv import opencv_sigma

PICTURE = np.random.default_rng(6).integers(0, 256, (90, 100)).astype(np.uint8)
REAL = PICTURE.astype(float)


def found(result, image=PICTURE):
    """The plainest blur that gives the result."""
    diagnosis = diagnose_blur(image, result)
    assert diagnosis.explained
    return diagnosis.blurs[0]


def borders(blur):
    return {str(side.rule) for side in blur.way.alternatives["top"]}


@pytest.mark.parametrize(("size", "sigma"), [(0, 2.0), (9, 1.3), (11, 0)])
def test_cv2_of_8_bits(size, sigma):
    cv2 = pytest.importorskip("cv2")
    blur = found(cv2.GaussianBlur(PICTURE, (size, size), sigma))
    wanted = size or size_rules(sigma)["cv2.GaussianBlur of 8 bits"]
    assert (blur.sigma, blur.size) == (sigma or opencv_sigma(size), wanted)
    assert borders(blur) == {"reflect"}


def test_a_picture_that_hardly_varies():
    """What was cut off there is more than what sigma changes, so that a fit leads astray: here to 1.39."""
    ndimage = pytest.importorskip("scipy.ndimage")
    sky = np.random.default_rng(1).integers(196, 202, (90, 100)).astype(np.uint8)
    blur = found(ndimage.gaussian_filter(sky, 1.5), sky)
    assert (blur.sigma, blur.size, blur.way.treatment) == (1.5, 13, Treatment.TRUNCATED_PASSES)
    assert not diagnose_blur(sky, np.flipud(sky)).explained


def test_cv2_by_its_table():
    cv2 = pytest.importorskip("cv2")
    blur = found(cv2.GaussianBlur(PICTURE, (5, 5), 0, borderType=cv2.BORDER_REPLICATE))
    assert (blur.sigma, blur.size, borders(blur)) == (None, 5, {"edge"})
    assert blur.rules == ("cv2.GaussianBlur(image, (5, 5), 0)",)


def test_floats_of_cv2_scipy_and_skimage():
    cv2, ndimage = pytest.importorskip("cv2"), pytest.importorskip("scipy.ndimage")
    filters = pytest.importorskip("skimage.filters")
    blur = found(cv2.GaussianBlur(REAL, (0, 0), 1.7), REAL)
    assert (blur.sigma, blur.size, borders(blur)) == (1.7, 15, {"reflect"})
    blur = found(ndimage.gaussian_filter(REAL, 1.25, mode="wrap"), REAL)
    assert (blur.sigma, blur.size, borders(blur)) == (1.25, 11, {"wrap"})
    blur = found(filters.gaussian(PICTURE, 2))
    assert (blur.sigma, blur.size, borders(blur)) == (2, 17, {"edge"})
    assert blur.way.convention.gain == 1 / 255


@pytest.mark.parametrize(("sigma", "border"), [(1.5, "reflect"), (2, "wrap"), (0.8, "nearest")])
def test_scipy_of_8_bits_cuts_off_after_each_axis(sigma, border):
    ndimage = pytest.importorskip("scipy.ndimage")
    blur = found(ndimage.gaussian_filter(PICTURE, sigma, mode=border))
    assert (blur.sigma, blur.size) == (sigma, 2 * int(4 * sigma + 0.5) + 1)
    assert blur.way.treatment is Treatment.TRUNCATED_PASSES
    assert borders(blur) == {{"reflect": "symmetric", "wrap": "wrap", "nearest": "edge"}[border]}
    assert blur.rules == ("scipy.ndimage.gaussian_filter",)


# Of 0.7 and 1.3, boxes whose radius is computed in 64 bits give a few pixels one off.
@pytest.mark.parametrize("radius", [0.6, 0.7, 1, 1.3, 2])
def test_pillow_lays_boxes(radius):
    blurred = Image.fromarray(PICTURE).filter(ImageFilter.GaussianBlur(radius))
    blur = found(np.asarray(blurred))
    assert (blur.sigma, blur.way.treatment, borders(blur)) == (radius, Treatment.BOXES, {"edge"})
    assert blur.rules == (f"ImageFilter.GaussianBlur({radius:g})",)


def test_boxes_are_held_against_every_pixel():
    blurred = np.asarray(Image.fromarray(PICTURE).filter(ImageFilter.GaussianBlur(0.6))).copy()
    blurred[89, 99] ^= 1  # the part that is looked at first ends before
    assert not diagnose_blur(PICTURE, blurred).explained


@pytest.mark.parametrize("line", [(1, 2, 1), (1, 4, 6, 4, 1)])
def test_pillow_kernels_leave_the_border(line):
    weights = np.outer(line, line).ravel().tolist()
    blur = found(np.asarray(Image.fromarray(PICTURE).filter(ImageFilter.Kernel((len(line), len(line)), weights))))
    assert (blur.size, borders(blur)) == (len(line), {"unfiltered"})
    assert blur.way.convention.numbers.rounding is Rounding.HALF_UP
    assert "PIL.ImageFilter.Kernel" in blur.rules[0]
    assert not blur.way.deviation.edges


def test_what_is_no_gaussian_is_not_explained():
    cv2 = pytest.importorskip("cv2")
    assert not diagnose_blur(PICTURE, cv2.medianBlur(PICTURE, 5)).explained
    result = cv2.GaussianBlur(PICTURE, (9, 9), 1.3)
    result[40, 40] ^= 1
    assert not diagnose_blur(PICTURE, result).explained


def test_the_command_and_the_line_that_it_ran():
    image = write_picture("image.png", PICTURE)
    run("apply", image, "gaussian:sigma=1.5,size=9", "--boundary", "edge", "-o", "blurred.npy")
    said = run("diagnose", image, "--function", "gaussian", "blurred.npy")
    assert said.exit_code == 0
    assert "sigma     1.5" in said.stdout
    assert "apply IMAGE gaussian:sigma=1.5,size=9 --boundary edge -o OUT.npy" in said.stdout
    document = json.loads(run("diagnose", image, "--function", "gaussian", "blurred.npy", "--json").stdout)
    assert (document["blurs"][0]["sigma"], document["blurs"][0]["size"]) == (1.5, 9)
    assert run("diagnose", image, "--function", "gaussian", image, "--exit-code").exit_code in {0, 1}
    assert "has no effect with --function" in trouble(
        run("diagnose", image, "--function", "gaussian", "blurred.npy", "--anchor", "0,0")
    )
    assert "takes the place of KERNEL" in trouble(
        run("diagnose", image, "--function", "gaussian", "blurred.npy", "blurred.npy")
    )
    assert "Missing argument 'RESULT'" in trouble(run("diagnose", image, "box"))
