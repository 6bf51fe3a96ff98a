"""Unknown blurs: what OpenCV, SciPy and skimage take for a sigma or a size, found in their results."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import run, trouble, write_picture

from corrconv.commands.diagnose.gaussian_study import diagnose_blur, size_rules
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
