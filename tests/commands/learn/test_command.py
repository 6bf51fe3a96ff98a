"""corrconv learn: kernels between pictures, made targets, descent, saving, and every misuse."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import NOISE, files, program, read_pixels, run, trouble, write_picture

from corrconv.core.zoo import zoo_kernel
from corrconv.files.kernels import read_kernel

GRAY = np.random.default_rng(6).integers(60, 196, (40, 44), dtype=np.uint8)
EMBOSS = zoo_kernel("emboss").weights


@pytest.fixture
def pictures():
    """A picture, and its convolution with emboss."""
    write_picture("before.png", GRAY)
    run("apply", "before.png", "emboss", "--convolve", "-o", "after.npy")


@pytest.mark.usefixtures("pictures")
def test_the_program_recovers_the_kernel():
    done = program("learn", "before.png", "after.npy", "--size", "3")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "the 3x3 kernel that makes after of before"
    assert [line.split() for line in lines[3:6]] == [["2", "1", "0"], ["1", "[", "1]", "-1"], ["0", "-1", "-2"]]
    assert [line.split() for line in lines[8:11]] == [["-2", "-1", "0"], ["-1", "[", "1]", "1"], ["0", "1", "2"]]
    text = done.stdout.decode()
    assert "emboss, laid by convolution (the same)" in text
    assert "all 9 weights are determined" in text
    assert max(map(len, lines)) <= 80


@pytest.mark.usefixtures("pictures")
def test_json_has_the_documented_keys():
    document = json.loads(run("learn", "before.png", "after.npy", "--size", "3", "--json").stdout)
    assert document["version"] == 1
    np.testing.assert_allclose(document["convolution_kernel"], EMBOSS, atol=1e-9)
    np.testing.assert_allclose(document["correlation_kernel"], EMBOSS[::-1, ::-1], atol=1e-9)
    assert document["residual"] < 1e-8
    assert document["nearest"]["name"] == "emboss"
    assert document["symmetry"] == "neither"
    assert "losses" not in document


def test_a_target_can_be_made_first():
    write_picture("before.png", GRAY)
    even = "[1 2; 3 -4]"
    for flag, side in (("--convolve", "convolution_kernel"), ("--correlate", "correlation_kernel")):
        document = json.loads(run("learn", "before.png", even, flag, "--json", "--steps", 30).stdout)
        np.testing.assert_allclose(document[side], [[1, 2], [3, -4]], atol=1e-9)
        losses = document["losses"]
        assert len(losses["correlation"]) == 31
        assert losses["convolution"] == pytest.approx(losses["correlation"], rel=1e-12)
        assert losses["correlation"][-1] < 0.1 * losses["correlation"][0]
        assert document["max_kernel_difference"] <= 1e-12
    larger = json.loads(run("learn", "before.png", "sobel", "--correlate", "--size", "5,3", "--json").stdout)
    np.testing.assert_allclose(
        larger["correlation_kernel"], np.pad(zoo_kernel("sobel").weights, ((1, 1), (0, 0))), atol=1e-9
    )


def test_another_size_is_advised_and_no_far_fetched_name_is_given():
    write_picture("before.png", GRAY)
    small = run("learn", "before.png", "box:size=5", "--correlate", "--size", 3).stdout
    assert "too small: the weights at the rim are not, and with --size 5" in small
    assert "the residual is 0 instead of" in small
    odd = run("learn", "before.png", "[1 7 -3; 2 0 5; -4 6 1]", "--correlate").stdout
    assert "nearest   none: no named kernel" in odd
    large = ("learn", "before.png", "emboss", "--correlate", "--size", "5,3")
    assert "the rim is 0 within its errors; --size 3 holds all the rest" in run(*large).stdout
    assert json.loads(run(*large, "--json").stdout)["better_size"] == [3, 3]
    assert "\nsize " not in odd


def test_descent_is_shown_as_a_table():
    write_picture("before.png", GRAY)
    result = run("learn", "before.png", "sobel", "--convolve", "--steps", 20)
    assert "mean squared error while both operations learn" in result.stdout
    assert "The losses are the same at every step" in result.stdout
    assert "half-turn" in result.stdout
    last = [line.split() for line in result.stdout.splitlines() if line.split()[:1] == ["20"]]
    assert last[0][1] == last[0][2]
    assert max(map(len, result.stdout.splitlines())) <= 80
    other = run("learn", "before.png", "sobel", "--convolve", "--steps", 20, "--seed", 1)
    assert other.stdout != result.stdout


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("name", ["k.json", "k.csv", "k.npy", "k.txt", "k.mat"])
def test_the_saved_kernel_does_it_again(name):
    result = run("learn", "before.png", "after.npy", "--size", "3", "--save", name)
    assert f"corrconv apply IMAGE {name}" in result.stderr
    np.testing.assert_allclose(read_kernel(name).weights, EMBOSS[::-1, ::-1], atol=1e-9)
    run("apply", "before.png", name, "-o", "again.npy")
    np.testing.assert_allclose(np.load("again.npy"), np.load("after.npy"), atol=1e-6)


@pytest.mark.usefixtures("pictures")
def test_pictures_are_drawn():
    result = run("learn", "before.png", "after.npy", "--size", "3", "-o", "learned.png")
    assert "learned.png: " in result.stderr
    plain = read_pixels("learned.png")
    run("learn", "before.png", "after.npy", "--size", "3", "--steps", "3", "-o", "steps.png")
    assert read_pixels("steps.png").shape[0] > plain.shape[0]


def test_clipped_pixels_and_missing_detail_are_told():
    write_picture("before.png", NOISE)
    run("apply", "before.png", "sobel", "-o", "after.png")
    result = run("learn", "before.png", "after.png", "--size", "3")
    assert "black or white in AFTER" in result.stdout
    assert "sobel, laid by correlation" in result.stdout
    assert "left out" not in run("learn", "before.png", "after.png", "--size", "3", "--keep-clipped").stdout
    stripes = np.tile(GRAY[:1], (30, 1))
    write_picture("stripes.png", stripes)
    result = run("learn", "stripes.png", "sobel", "--correlate")
    assert "WARNING" in result.stdout
    assert "determine only 3 of 9 weights" in result.stdout
    document = json.loads(run("learn", "stripes.png", "sobel", "--correlate", "--json").stdout)
    assert document["uncertainty"] is None
    assert not document["determined"]


def test_gray_and_colour_meet_in_gray():
    write_picture("colour.png", NOISE)
    run("apply", "colour.png", "sharpen", "--gray", "-o", "gray.png")
    result = run("learn", "colour.png", "gray.png", "--size", "3")
    assert "made gray, as one of them is" in result.stderr
    assert "sharpen" in result.stdout


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("before.png", "after.npy"), "as in --size 5"),
        (("before.png", "after.npy", "--size", "41"), "does not fit"),
        (("before.png", "after.npy", "--size", "x"), "--size"),
        (("before.png", "small.png", "--size", "3"), "both need the same size"),
        (("before.png", "sobell", "--convolve"), "did you mean sobel"),
        (("before.png", "after.npy", "--size", "3", "--anchor", "3,3"), "outside the 3x3 kernel"),
        (("before.png", "after.npy", "--size", "3", "--steps", "0"), "--steps"),
        (("before.png", "after.npy", "--size", "3", "--save", "k.xyz"), "no kernel file ends in '.xyz'"),
        (("before.png", "after.npy", "--size", "3", "--save", "after.npy"), "would be overwritten"),
        (("before.png", "after.npy", "--size", "3", "-o", "before.png"), "would be overwritten"),
    ],
)
def test_misuse_is_one_clear_line(arguments, says):
    write_picture("small.png", GRAY[:9, :9])
    before = files()
    assert says in trouble(run("learn", *arguments))
    assert files() == before


def test_a_kernel_in_place_of_a_picture_is_answered_with_the_option_that_is_missing():
    write_picture("before.png", np.random.default_rng(2).integers(0, 256, (20, 20), dtype=np.uint8))
    said = trouble(run("learn", "before.png", "emboss", "--size", "3"))
    assert said == "emboss is a kernel, not a picture; to make AFTER with it, add --correlate or --convolve"
    assert "no such file" in trouble(run("learn", "before.png", "nothing", "--size", "3"))
