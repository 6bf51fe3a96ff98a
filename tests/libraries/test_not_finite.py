"""A pixel that is nan, beside the libraries: it spoils the sums it goes into, or the convention says what it does."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from shell import run, trouble

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.kernel import Kernel
from corrconv.libraries.function import PythonFunction
from corrconv.libraries.registry import convention_named, conventions, library_functions

# So large that `auto` of scipy.signal transforms it.
IMAGE = np.random.default_rng(0).normal(size=(130, 170))
IMAGE[5, 6] = np.nan
WEIGHTS = np.array([[0.1, 0.2, 0.05], [0.3, 0.1, 0.05], [0.05, 0.1, 0.05]])


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.peer
@pytest.mark.parametrize("weights", [WEIGHTS, WEIGHTS * (WEIGHTS > 0.05)], ids=["whole", "holed"])
@pytest.mark.parametrize("name", [*conventions()])
def test_a_library_does_with_nan_what_its_convention_says(name, weights):
    function = library_functions()[name]
    if not isinstance(function.runner, PythonFunction) or not function.installed:
        pytest.skip(f"{name} cannot be called here")
    if function.runner.image_dtypes[0] != "float64":
        pytest.skip(f"{name} takes no real numbers")
    ours = weights[1:2] if function.computes.single_row else weights
    with warnings.catch_warnings(action="ignore"):
        made = np.asarray(function.runner.target(name, {}).run(IMAGE.copy(), ours.copy()))
    predicted = apply_convention(IMAGE, Kernel(ours), function.convention)
    assert np.array_equal(np.isnan(made), np.isnan(predicted)) == (
        not function.convention.unpredicted(IMAGE, Kernel(ours))
    )


def test_nan_is_spoken_of_where_it_is():
    np.save("holed.npy", IMAGE)
    np.save("whole.npy", np.ones((9, 9)))
    for command in (("apply", "-o", "out.npy", "--force"), ("explain", "--at", "3,3")):
        said = run(*command, "holed.npy", "box", "--like", "scipy.signal.fftconvolve").stderr
        assert "itself differs: a transform spreads one pixel that is not finite over all results" in said
        assert "differs" not in run(*command, "whole.npy", "box", "--like", "scipy.signal.fftconvolve").stderr
    assert "fills pixels that are nan" in convention_named("astropy.convolution.convolve").unpredicted(
        IMAGE, Kernel(WEIGHTS)
    )
    assert not conventions()["scipy.ndimage.correlate"].unpredicted(IMAGE, Kernel(WEIGHTS))


def test_weights_of_0_that_a_library_leaves_out_are_spoken_of():
    np.save("holed.npy", IMAGE)
    said = run("apply", "holed.npy", "sobel", "--like", "scipy.ndimage.correlate", "-o", "out.npy").stderr
    assert "scipy.ndimage.correlate itself differs: pixels under weights of 0 are left out" in said
    two = ("--like", "scipy.ndimage.correlate", "--like", "scipy.signal.correlate2d")
    assert "left out" in trouble(run("compare", "holed.npy", "sobel", *two))


def test_results_that_are_nan_in_both_are_the_same():
    np.save("holed.npy", IMAGE)
    two = ("--like", "scipy.signal.convolve2d", "--like", "scipy.ndimage.convolve mode=constant")
    shown = run("compare", "holed.npy", "[1 2 5; 3 4 1; 5 2 -1]", *two).stdout
    assert "give the same" in " ".join(shown.split())
    assert "nan" not in shown


def test_pixels_that_are_nan_are_counted_where_a_picture_cannot_hold_them():
    np.save("holed.npy", np.where(np.arange(36).reshape(6, 6) == 14, np.nan, 100.0))
    said = run("apply", "holed.npy", "box", "-o", "out.png").stderr
    assert "25.00% of the pixels are nan or infinite, which PNG cannot hold; .npy would keep them" in said
    assert "clipped" not in said
