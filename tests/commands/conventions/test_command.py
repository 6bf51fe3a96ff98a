"""`conventions NAME` for those who do not know the names yet."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import run, trouble

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.kernel import Kernel
from corrconv.libraries.registry import convention_named, conventions, own_kernel_functions


def shown(*arguments: str) -> str:
    result = run("conventions", *arguments)
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    return result.stdout


@pytest.mark.parametrize("name", [*conventions(), *own_kernel_functions()])
def test_every_name_has_an_answer(name):
    assert shown(name).startswith(f"{name}: ")


def test_own_kernels_and_their_rules():
    text = " ".join(shown("cv2.GaussianBlur").split())
    assert "correlation with a kernel that it makes by itself" in text
    assert "round(6 sigma + 1) | 1 for 8 bits, round(8 sigma + 1) | 1 for others" in text
    text = " ".join(shown("skimage.filters.sobel").split())
    assert "sqrt((h^2 + v^2) / 2)" in text
    assert "255 is 1" in text
    document = json.loads(run("conventions", "cv2.Sobel", "--json").stdout)
    assert document["own_kernels"][0]["name"] == "cv2.Sobel"
    assert "cuts off negative slopes" in document["own_kernels"][0]["rule"]["beware"]


def test_a_part_of_a_name_lists_all_that_hold_it():
    text = shown("sobel")
    assert "skimage.filters.sobel_h [-1 -2 -1; 0 0 0; 1 2 1] / 4" in text
    assert "cv2.filter2D" not in text
    assert "8 bits 13" in shown("gaussian")
    assert shown("cv2.sobel") == shown("cv2.Sobel")
    assert {line.split()[0] for line in shown("scipy").splitlines() if line.startswith("scipy")} == {
        name for name in (*conventions(), *own_kernel_functions()) if name.startswith("scipy")
    }


def test_a_language_or_a_program_lists_what_belongs_to_it():
    for word, name in {"julia": "NNlib.conv", "Flux": "DSP.conv", "opencv": "cv2.filter2D", "Node.js": "jimp"}.items():
        assert any(line.startswith(name) for line in shown(word).splitlines())
    assert "documented, not measured" in shown("NNlib")
    assert "cv2" not in shown("julia")


def test_nnlib_gives_what_is_shown_in_its_thread():
    """FluxML/NNlib.jl#755, where its own text said the opposite."""
    signal, weights = np.arange(1.0, 7)[np.newaxis], Kernel([[1, 2, 3]])
    for flipped, expected in {"false": [10, 16, 22, 28], "true": [14, 20, 26, 32]}.items():
        made = apply_convention(signal, weights, convention_named(f"NNlib.conv flipped={flipped}"))
        assert made.tolist() == [expected]
    assert "false convolves" in trouble(run("conventions", "NNlib.conv flipped=2"))


def test_what_becomes_of_small_pictures_and_of_nan():
    assert "small refuses pictures that are no longer than the kernel reaches" in " ".join(
        shown("kornia.filter2d").split()
    )
    assert "nan a transform spreads one pixel" in " ".join(shown("scipy.signal.fftconvolve").split())
    assert "small" not in shown("cv2.filter2D")


def test_words_for_borders_and_words_for_nothing():
    assert shown("border") == shown("borders") == shown("padding")
    assert "`corrconv conventions` lists them all" in trouble(run("conventions", "nonsense"))
    assert "did you mean" in trouble(run("conventions", "scipy.ndimage.convolv2"))
    assert trouble(run("conventions", ""))
    settings = trouble(run("conventions", "cv2.GaussianBlur sigma=2"))
    assert "no setting 'sigma' here; there are ksize, sigmaX, borderType" in settings
