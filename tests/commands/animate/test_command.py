"""corrconv animate: decoded frames show the core's numbers, in time, within a megabyte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageSequence
from shell import NOISE, files, read_pixels, run, trouble, write_picture

from corrconv.commands.animate.study import animate, letter
from corrconv.commands.animate.view import (
    COLOURS,
    HEIGHT,
    LABEL,
    LEFTS,
    SIDE,
    TOP,
    TURNED,
    WIDTH,
    count_frames,
    film,
    result_colour,
    result_grids,
)
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Symmetry
from corrconv.core.zoo import zoo_kernel
from corrconv.drawing.films import SharedPalette
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import PAPER, font

EMBOSS = zoo_kernel("emboss")
TINY = np.array([[0, 10, 200], [50, 255, 3], [7, 0, 90]], np.uint8)
FORMATS = ("turn.gif", "turn.webp", "turn.png", "turn.apng")


def decoded(path: str) -> list[tuple[Image.Image, float]]:
    """The frames of a file, in RGB, with their milliseconds."""
    with Image.open(path) as picture:
        return [(frame.convert("RGB"), frame.info["duration"]) for frame in ImageSequence.Iterator(picture)]


@pytest.mark.parametrize("target", FORMATS)
def test_cells_of_decoded_frames_have_the_colours_of_the_core_s_numbers(target: str) -> None:
    write_picture("tiny.png", TINY)
    run("animate", "tiny.png", "emboss", "-o", target)
    animation = animate(TINY, EMBOSS, Options())
    frames = decoded(target)
    full = frames[-2][0]  # before the verdict, when the last pixel has come
    for lain, grid in zip(animation.both, result_grids(animation), strict=True):
        for cell in np.ndindex(3, 3):
            left, top, right, bottom = grid.box(*cell)
            middle = (left + right) // 2, (top + bottom) // 2
            assert full.getpixel(middle) == result_colour(animation, lain.results[cell])
    first = next(index for index in range(len(frames)) if frames[index][1] == 700)
    for grid in result_grids(animation):  # the last pixel has not come yet
        left, top, right, bottom = grid.box(2, 2)
        assert frames[first][0].getpixel(((left + right) // 2, (top + bottom) // 2)) == PAPER


def test_drawn_sums_are_the_core_s() -> None:
    animation = animate(TINY, EMBOSS, Options())
    palette = SharedPalette()
    pixels = list(np.ndindex(3, 3))
    frames = list(film(animation, "tiny"))[-1 - len(pixels) : -1]
    for at, frame in zip(pixels, frames, strict=True):
        for lain, left in zip(animation.both, LEFTS[1:], strict=True):
            expected = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
            text = f"{lain.operation}: sum {short_number(float(lain.results[at]))}"
            ImageDraw.Draw(expected).text((left, TOP + SIDE + 6), text, COLOURS[lain.operation], font(LABEL))
            area = (left, TOP + SIDE + 4, left + 250, TOP + SIDE + 28)
            drawn, wanted = (shown.convert("RGB").crop(area) for shown in (frame.picture, palette.map(expected)))
            assert ImageChops.difference(drawn, wanted).getbbox() is None


@pytest.mark.parametrize("target", FORMATS)
def test_the_film_lasts_as_long_as_it_says(target: str) -> None:
    write_picture("tiny.png", TINY)
    said = run("animate", "tiny.png", "emboss", "-o", target).stderr
    frames = decoded(target)
    total = sum(milliseconds for _, milliseconds in frames) / 1000
    assert total == pytest.approx(2 + 20 * 0.05 + 2 + 3 * 0.7 + 6 * 0.08 + 4)
    count = count_frames(animate(TINY, EMBOSS, Options()))
    assert said == f"{target}: 450 rows x 800 columns, {count} frames, {total:.1f} seconds\n"
    assert frames[0][0].size == (800, 450)
    run("animate", "tiny.png", "emboss", "-o", target, "--speed", "2")
    quick = sum(milliseconds for _, milliseconds in decoded(target)) / 1000
    assert quick == pytest.approx(total / 2, rel=0.02)


def test_the_default_fits_a_megabyte() -> None:
    assert run("animate", "-o", "turn.gif").stderr == "turn.gif: 450 rows x 800 columns, 219 frames, 26.5 seconds\n"
    assert Path("turn.gif").stat().st_size < 2**20


def test_a_film_beyond_a_megabyte_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture("tiny.png", TINY)
    monkeypatch.setattr("corrconv.commands.animate.command.MOST_BYTES", 1000)
    assert "a smaller --side, or a .webp, is smaller" in run("animate", "tiny.png", "-o", "turn.gif").stderr


@pytest.mark.parametrize(("loop", "shown"), [("1", None), ("3", 2), ("0", 0)])
def test_a_gif_counts_its_repetitions(loop: str, shown: int | None) -> None:
    write_picture("tiny.png", TINY)
    run("animate", "tiny.png", "-o", "turn.gif", "--loop", loop)
    with Image.open("turn.gif") as picture:
        assert picture.info.get("loop") == shown
    run("animate", "tiny.png", "-o", "turn.png", "--loop", loop)
    with Image.open("turn.png") as picture:
        assert picture.info["loop"] == int(loop)


def test_a_symmetric_kernel_changes_nothing_and_that_is_said() -> None:
    said = []
    for name in ("box", "sobel", "emboss"):
        frames = list(film(animate(TINY, zoo_kernel(name), Options()), "tiny"))
        expected = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        caption = TURNED[zoo_kernel(name).symmetry()]
        ImageDraw.Draw(expected).text((WIDTH / 2, 12), caption, (33, 37, 41), font(20), anchor="ma")
        area = (0, 0, WIDTH, 40)
        drawn, wanted = (
            shown.convert("RGB").crop(area) for shown in (frames[21].picture, SharedPalette().map(expected))
        )
        assert ImageChops.difference(drawn, wanted).getbbox() is None
        said.append(caption)
    assert said[0] == "Nothing changed: so both operations are the same."
    assert len(set(said)) == len(Symmetry)
    laid, turned = (list(film(animate(TINY, zoo_kernel("box"), Options()), "tiny"))[index].picture for index in (0, 21))
    weights = (100, 140, 330, 330)  # the left kernel never moves
    assert (
        ImageChops.difference(laid.convert("RGB").crop(weights), turned.convert("RGB").crop(weights)).getbbox() is None
    )


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (Kernel([[1]]), Options()),
        (Kernel(np.arange(49.0).reshape(7, 7)), Options(output_size="full")),
        (Kernel([[1, 2], [3, 4]]), Options(output_size="valid", stride=(1, 2))),
        (Kernel([[1, 0, 2]]), Options(dilation=(1, 3), boundary="wrap")),
        (Kernel([[0]]), Options()),
    ],
    ids=["one cell", "7x7 full", "2x2 valid", "dilated", "zero"],
)
def test_every_layout_can_be_drawn(kernel: Kernel, options: Options) -> None:
    animation = animate(TINY, kernel, options)
    frames = list(film(animation, "tiny"))
    assert len(frames) == count_frames(animation)
    assert {frame.picture.size for frame in frames} == {(WIDTH, HEIGHT)}


def test_numbers_that_are_none_are_left_white() -> None:
    spoilt = letter().astype(float)
    spoilt[3, 3], spoilt[9, 9] = np.nan, np.inf
    assert len(list(film(animate(spoilt, EMBOSS, Options()), "spoilt"))) > 20


def test_still_is_a_sheet_of_six() -> None:
    write_picture("photo.png")
    done = run("animate", "photo.png", "emboss", "--still", "-o", "sheet.png", "--side", "5")
    assert done.stderr == "photo: made gray, so that each pixel is one number\nsheet.png: 1350 rows x 1600 columns\n"
    assert read_pixels("sheet.png").shape == (1350, 1600, 3)


def test_crop_takes_a_part_whole_and_large_ones_are_refused() -> None:
    write_picture("photo.png", NOISE)
    run("animate", "photo.png", "emboss", "-o", "turn.gif", "--crop", "2,3,4,5")
    said = trouble(run("animate", "sample:coins", "-o", "large.gif", "--crop", "0,0,65,3"))
    assert "more than 64 of either cannot be seen" in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-o", "turn.jpg"], "turn.jpg: an animation is a .gif, .webp or .png"),
        (["photo.png", "-o", "photo.png"], "photo.png is an input and would be overwritten"),
        (["photo.png", "-o", "turn.gif", "--side", "4", "--crop", "0,0,2,2"], "both choose the part"),
        (["photo.png", "-o", "turn.gif", "--crop", "0,0,99,2"], "which is no part of photo"),
        (["photo.png", "box:size=30", "-o", "turn.gif", "--output-size", "valid"], "use 'same' or 'full'"),
        (["photo.png", "box:size=200", "-o", "turn.gif"], "box:size=200 has 200x200 cells"),
        (["photo.png", "box:size=33", "-o", "sheet.png", "--still"], "use one of at most 31x31"),
        (["photo.png", "emboss", "-o", "turn.gif", "--dilation", "99"], "reads 210 rows and 208 columns"),
        (["photo.png", "emboss", "-o", "sheet.png", "--still", "--loop", "2"], "--loop has no effect beside --still"),
        (["photo.png"], "Missing option '-o'"),
        (["photo.png", "-o", "none/turn.gif"], "its folder does not exist"),
    ],
)
def test_trouble_is_one_line_and_leaves_nothing_behind(arguments: list[str], problem: str) -> None:
    write_picture("photo.png", NOISE[:, :, 0])
    assert problem in trouble(run("animate", *arguments))
    assert files() == ["photo.png"]
