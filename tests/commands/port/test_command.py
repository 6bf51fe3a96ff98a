"""What `port` says where the source refuses what it is given."""

from __future__ import annotations

import json

import pytest
from shell import run, trouble


def test_settings_that_the_source_does_not_take_are_refused() -> None:
    words = ["--from", "scipy.ndimage.convolve mode=mirror origin=1", "--to", "scipy.ndimage.convolve"]
    said = trouble(run("port", "roberts", *words))
    where = "refuses anchors outside the kernel, and cell 2,2 is not one of roberts, which is 2x2"
    assert said == f"scipy.ndimage.convolve mode=mirror origin=1 {where}"


@pytest.mark.parametrize(
    ("source", "destination", "reason"),
    [
        ("matlab.conv2", "scipy.signal.convolve2d", "matlab.conv2 is known from its documents"),
        ("scipy.signal.convolve2d", "imagemagick.convolve", "imagemagick.convolve is no function of Python"),
    ],
)
def test_what_was_not_run_says_why(source: str, destination: str, reason: str) -> None:
    words = ["port", "sobel", "--from", source, "--to", destination]
    assert f"not run beside each other: {reason}" in run(*words).stderr
    document = json.loads(run(*words, "--json").stdout)
    assert (document["measured"], document["not_run"]) == (None, reason)


def test_a_blur_whose_size_is_not_said_needs_one() -> None:
    source, destination = "torchvision.transforms.functional.gaussian_blur", "kornia.filters.gaussian_blur2d"
    said = trouble(run("port", "gaussian:sigma=2", "--from", source, "--to", destination))
    assert "say one, such as gaussian:sigma=2,size=13" in said
