"""corrconv laws: one command that shows which laws hold, and where the others fail."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from shell import NOISE, program, run, trouble, write_picture

from corrconv.commands.laws import setting

KERNELS = ("sobel", "[1 2 0; 0 3 -1; 2 0 1]")
FAIL_IN_FULL = ["commutativity of correlation", "associativity of correlation"]


def checked(*arguments):
    result = run("laws", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def failing(document):
    return [law["name"] for law in document["laws"] if not law["holds"]]


def test_by_default_convolution_associates_and_correlation_does_not():
    document = checked("sample:letter", *KERNELS)
    assert document["version"] == 1
    assert document["image"] == "letter"
    assert document["agree"] is True
    assert document["options"]["boundary"] == "constant"
    assert document["options"]["output_size"] == "full"
    assert failing(document) == FAIL_IN_FULL
    for law in document["laws"]:
        assert {"name", "expected", "holds", "max_relative_deviation"} <= law.keys()
        assert law["expected"] == law["holds"] == (law["max_relative_deviation"] <= law["tolerance"])
        assert (law["where"] == "nowhere") == law["holds"]


def test_colour_pictures_are_made_gray():
    write_picture("photo.png")
    assert failing(checked("photo.png", *KERNELS)) == FAIL_IN_FULL


def test_same_breaks_associativity_at_the_border():
    write_picture("photo.png")
    laws = {law["name"]: law for law in checked("photo.png", *KERNELS, "--output-size", "same")["laws"]}
    assert laws["associativity of convolution"]["where"] == "border"
    assert laws["associativity of correlation"]["where"] == "interior"


@pytest.mark.parametrize(
    "options",
    [
        ("--boundary", "wrap", "--output-size", "same"),
        ("--boundary", "reflect"),
        ("--output-size", "valid"),
        ("--fill", "3", "--output-size", "same", "--anchor", "0,0"),
        ("--dilation", "2", "--engine", "direct", "--threads", "1"),
    ],
)
def test_theory_follows_the_options(options):
    write_picture("photo.png", np.tile(NOISE, (3, 3, 1)))
    assert run("laws", "photo.png", *KERNELS, *options, "--exit-code").exit_code == 0
    assert checked("photo.png", *KERNELS, *options)["agree"] is True


def test_exit_code_speaks_only_against_theory(monkeypatch):
    write_picture("photo.png")
    arguments = ("laws", "photo.png", *KERNELS)
    assert run(*arguments, "--exit-code").exit_code == 0
    monkeypatch.setattr(setting.Setting, "convolve", setting.Setting.correlate)
    assert run(*arguments).exit_code == 0
    result = run(*arguments, "--exit-code")
    assert result.exit_code == 1
    assert "AGAINST THEORY" in result.stdout
    assert "flip" in result.stdout.split("These came out AGAINST THEORY:")[1]


def test_the_table_fits_a_screen():
    write_picture("photo.png")
    lines = run("laws", "photo.png", "sobel", "box").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].rstrip() == "F = photo (gray), G = sobel (3x3), H = box (3x3)"
    assert lines[1].rstrip() == "output size full, boundary constant 0"
    row = next(index for index, line in enumerate(lines) if line.startswith("commutativity of correlation"))
    assert lines[row].startswith("commutativity of correlation       fails: G⋆F is F⋆G turned by   ≠ 0.")
    assert lines[row + 1].split() == ["F⋆G", "=", "G⋆F", "180°", "inside", "too"]
    text = " ".join(line.strip() for line in lines)
    assert "17 of 18 laws hold, as they must. These fail, as theory says: commutativity of correlation." in text


def test_accidents_are_told():
    write_picture("black.png", np.zeros((9, 9), np.uint8))
    result = run("laws", "black.png", *KERNELS, "--exit-code")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "These hold on this picture by accident; noise breaks them: commutativity of correlation" in said
    assert sum(line.endswith("  by accident") for line in result.stdout.splitlines()) == 2


@pytest.mark.parametrize("options", [(), ("--output-size", "same"), ("--output-size", "valid")])
def test_a_picture_shows_where_they_fail(options):
    write_picture("photo.png")
    result = run("laws", "photo.png", *KERNELS, *options, "-o", "where.png")
    assert "where.png: " in result.stderr
    assert reddish_pixels("where.png") > 1000
    run("laws", "photo.png", "[0]", "[0]", *options, "-o", "nowhere.png")
    assert reddish_pixels("nowhere.png") == 0


def reddish_pixels(path):
    red, green, _ = np.asarray(Image.open(path)).astype(int).transpose(2, 0, 1)
    return np.count_nonzero(red > green + 60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photo.png", "sobel"), "Missing argument 'KERNEL'"),
        (("photo.png", "sobel", "box", "--stride", "2"), "No such option"),
        (("photo.png", "gaussian:sigma=2", "box", "--output-size", "valid"), "at least 26 rows and 26 columns"),
        (("hole.npy", "sobel", "box"), "nan or inf"),
        (("photo.png", "sobel", "box", "-o", "photo.png"), "photo.png is an input"),
        (("photo.png", "sobel", "box", "-o", "where.xyz"), "cannot be written as .xyz"),
    ],
)
def test_misuse_ends_in_one_line(arguments, message):
    write_picture("photo.png")
    write_picture("hole.npy", np.full((5, 5), np.nan))
    assert message in trouble(run("laws", *arguments))


def test_the_installed_program_checks():
    done = program("laws", "sample:impulse", *KERNELS, "--json", "--exit-code")
    assert done.returncode == 0, done.stderr
    assert failing(json.loads(done.stdout)) == FAIL_IN_FULL
