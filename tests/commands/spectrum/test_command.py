"""corrconv spectrum: the table, the document, the picture, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from shell import run, trouble, write_picture


def shown(*arguments):
    result = run("spectrum", *arguments)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "…" not in result.stdout
    return " ".join(result.stdout.split())


def document(*arguments):
    return json.loads(run("spectrum", *arguments, "--json").stdout)


def test_gains_phases_and_facts():
    text = shown("box")
    assert "slow changes; it smooths" in text
    assert "half the gain of flat parts at 0.210; nothing passes at 0.333; beyond, up to 33.3% comes back" in text
    assert "0.50 2 ██ 0.333 ██ 0.333 180° 180°" in text
    assert "90° -90°" in shown("sobel")
    assert "0° or 180° here" in text
    assert "waves move one way under correlation, the other way under convolution" in shown("emboss")
    assert "all alike" in shown("identity")


@pytest.mark.parametrize("kernel", ["[1 2; -3 1000]", "1e-7 * [1 2 3]", "gabor", "[0 0]", "motion:length=9,angle=30"])
def test_every_kernel_fits_the_width(kernel):
    shown(kernel, "--inverse")


def test_the_document():
    found = document("[1 0 -1]")
    assert found["version"] == 1
    assert found["gain"]["flat"] == 0
    assert found["gain"]["strongest"] == pytest.approx(2)
    assert found["gain"]["strongest_at"][1] == 0.25
    assert found["cuts"]["across"]["zeros"] == [0, 0.5]
    assert found["cuts"]["across"]["gain"][30] == pytest.approx(2 * np.sin(np.pi / 4))
    assert "theorem" not in found
    picture = write_picture("photo.png")
    found = document("[1 2; 3 4]", picture, "--convolve", "--inverse", "--noise", "2")
    assert found["theorem"]["operation"] == "convolution"
    assert found["theorem"]["max_relative_deviation"] < 1e-13
    assert found["inverse"]["noise"] == 2
    assert set(found["inverse"]["rmse"]) == {"filtered", "division", "wiener"}
    assert document("box", "--inverse")["inverse"]["rmse"] is None


def test_the_theorem_and_the_inverse_are_said():
    picture = write_picture("photo.png")
    text = shown("gaussian", picture, "--inverse")
    assert "Checked, wrapped around: equal but for rounding" in text
    assert "by Wiener's filter" in text
    assert "It cannot be undone: at" in shown("box", "--inverse")
    assert "without noise it can be undone" in shown("sharpen", "--inverse")


def test_pictures_are_drawn():
    picture = write_picture("photo.png")
    heights = []
    for arguments in (("emboss",), ("box", picture), ("box", picture, "--inverse"), ("box", "--inverse"), ("[1 2 1]",)):
        assert run("spectrum", *arguments, "-o", "drawn.png", "-q").exit_code == 0
        with Image.open("drawn.png") as drawn:
            assert drawn.width > 1200
            heights.append(drawn.height)
    assert heights[0] < heights[1] < heights[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("box", "--convolve"), "without one, both are shown anyway"),
        (("box", "--inverse", "--noise", "2"), "give a picture too"),
        (("box", "photo.png", "--noise", "2"), "--noise has no effect without --inverse"),
        (("box", "photo.png", "--inverse", "--noise", "-1"), "-1"),
        (("box", "nowhere.png"), "no such file"),
        (("boxx",), "did you mean"),
    ],
)
def test_what_is_refused_is_one_line(arguments, message):
    write_picture("photo.png")
    assert message in trouble(run("spectrum", *arguments))
