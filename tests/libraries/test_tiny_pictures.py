"""Pictures smaller than the kernel: --like gives what the library does, or refuses what that refuses."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
from shell import run, trouble

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.geometry import Fits
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.function import PythonFunction
from corrconv.libraries.registry import conventions, library_functions

PICTURES = ((1, 1), (1, 5), (2, 1), (3, 3), (2, 7))
KERNELS = ((3, 3), (2, 2), (5, 5), (1, 3), (7, 7), (4, 1))


def outcome(call, *arguments):
    """The result, or None where it is refused."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return np.asarray(call(*arguments))
    except Exception:  # whatever a library raises is a refusal
        return None


@pytest.mark.peer
@pytest.mark.parametrize("name", [*conventions()])
def test_a_tiny_picture_is_filtered_or_refused_alike(name):
    """What a convention refuses for the kernel's shape may be taken there: it is not known."""
    function = library_functions()[name]
    if not isinstance(function.runner, PythonFunction) or not function.installed:
        pytest.skip(f"{name} cannot be called here")
    random = np.random.default_rng(0)
    words = [{function.borders.option: word} for word in function.borders.words] if function.borders else []
    for settings, picture, shape in product([{}, *words], PICTURES, KERNELS):
        convention = function.configured(settings)
        if not convention.accepts(shape):
            continue
        image = random.integers(0, 9, picture).astype(function.runner.image_dtypes[0])
        ours = random.integers(1, 9, shape).astype(float)
        predicted = outcome(apply_convention, image, Kernel(ours), convention)
        made = outcome(function.runner.target(name, settings).run, image.copy(), ours.copy())
        case = (settings, picture, shape)
        if predicted is not None:
            assert made is not None, case
            # pyvips gives a number for a picture of one pixel.
            assert np.allclose(made.reshape(predicted.shape), predicted, rtol=1e-5), case
        elif convention.fits in {Fits.KERNEL_INSIDE, Fits.OTHER_BEYOND}:
            assert made is not None, case  # something else
        else:
            assert made is None, case


@pytest.mark.peer
@pytest.mark.parametrize("name", ["scipy.signal.correlate2d", "scipy.signal.convolve", "jax.scipy.signal.convolve2d"])
def test_valid_with_the_larger_input_second_is_exchanged_there(name):
    """scipy/scipy#12685."""
    function = library_functions()[name]
    if not function.installed:
        pytest.skip(f"{name} is not installed")
    image, ours = np.arange(1.0, 13).reshape(4, 3), np.arange(1.0, 17).reshape(4, 4)
    made = function.runner.target(name, {"mode": "valid"}).run(image, ours)
    assert np.asarray(made).tolist() == [[890, 812] if name.endswith("correlate2d") else [436, 514]]
    with pytest.raises(CorrconvError, match="exchanges image and kernel where the kernel is the larger one"):
        apply_convention(image, Kernel(ours), function.configured({"mode": "valid"}))


def test_how_large_a_picture_must_be():
    def refused(fits, lengths, extent, reach):
        return not fits.takes(lengths, extent, reach)

    assert not refused(Fits.ALWAYS, (1, 1), (9, 9), (4, 4))
    assert refused(Fits.KERNEL_INSIDE, (9, 2), (3, 3), (1, 1))
    assert not refused(Fits.KERNEL_INSIDE, (3, 3), (3, 3), (1, 1))
    assert refused(Fits.SWAPPED, (4, 3), (4, 4), (0, 0))
    assert not refused(Fits.SWAPPED, (4, 4), (4, 4), (0, 0))
    assert refused(Fits.NESTED, (9, 2), (3, 3), (1, 1))
    assert not refused(Fits.NESTED, (2, 2), (3, 2), (1, 1))
    for fits in (Fits.REACH, Fits.OTHER_BEYOND):
        assert refused(fits, (9, 1), (5, 5), (2, 2))
        assert not refused(fits, (9, 2), (5, 5), (2, 2))
    assert refused(Fits.SHORTER_REACH, (9, 2), (5, 5), (2, 2))
    assert not refused(Fits.SHORTER_REACH, (9, 1), (5, 1), (2, 0))


def test_a_refusal_names_library_kernel_and_picture():
    said = trouble(run("apply", "[1 2; 3 4]", "box:size=7", "--like", "dask_image.ndfilters.correlate", "-o", "-"))
    assert "dask_image.ndfilters.correlate refuses pictures that are shorter than the kernel reaches out" in said
    assert "7x7, and the picture has 2 rows x 2 columns" in said
    assert "refuses" in trouble(run("explain", "[1 2]", "box", "--at", "0,0", "--like", "kornia.filters.filter2d"))
    assert run("apply", "[1 2; 3 4]", "box:size=7", "--like", "scipy.ndimage.correlate", "-o", "-").exit_code == 0
