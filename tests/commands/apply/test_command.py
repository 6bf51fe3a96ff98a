"""corrconv apply: pictures in, pictures out, and a word about each."""

from __future__ import annotations

import io
import os
import stat
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy import ndimage
from shell import NOISE, files, format_of, program, read_pixels, run, trouble, write_picture

from corrconv import convolve, correlate
from corrconv.core.terms import Alpha, Boundary, Display, OutputSize

EMBOSS = "[-2 -1 0; -1 1 1; 0 1 2]"
EMBOSS_WEIGHTS = [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
FLOATS = np.random.default_rng(2).random((7, 9))


def clipped(values: Any) -> Any:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


# Names


def test_without_o_the_name_is_that_of_the_picture_and_the_operation() -> None:
    write_picture("photo.png")
    Path("folder").mkdir()
    write_picture("folder/other.tif")
    assert run("apply", "photo.png", EMBOSS).exit_code == 0
    assert run("apply", "--convolve", "folder/other.tif", EMBOSS).exit_code == 0
    assert run("apply", "sample:letter", "box", "--correlate").exit_code == 0
    assert files() == [
        "folder/other.tif",
        "letter-correlation.png",
        "other-convolution.tif",
        "photo-correlation.png",
        "photo.png",
    ]
    assert_array_equal(read_pixels("photo-correlation.png"), clipped(correlate(NOISE, EMBOSS_WEIGHTS, channel_axis=-1)))
    assert_array_equal(read_pixels("other-convolution.tif"), clipped(convolve(NOISE, EMBOSS_WEIGHTS, channel_axis=-1)))


def test_o_names_a_file_whose_suffix_is_its_format() -> None:
    write_picture("photo.png")
    assert run("apply", "photo.png", "identity", "-o", "out.bmp").exit_code == 0
    assert format_of("out.bmp") == "BMP"
    assert_array_equal(read_pixels("out.bmp"), NOISE)


def test_o_with_a_slash_makes_folders_and_an_existing_folder_needs_none() -> None:
    write_picture("photo.png")
    Path("there").mkdir()
    assert run("apply", "photo.png", "box", "-o", "new/deep/").exit_code == 0
    assert run("apply", "photo.png", "box", "-o", "there").exit_code == 0
    assert files() == ["new/deep/photo-correlation.png", "photo.png", "there/photo-correlation.png"]


def test_format_names_the_suffix_where_there_is_no_name() -> None:
    write_picture("photo.png")
    assert run("apply", "photo.png", "box", "--format", "tiff").exit_code == 0
    assert format_of("photo-correlation.tif") == "TIFF"


def test_format_wins_over_the_suffix() -> None:
    write_picture("photo.png")
    assert run("apply", "photo.png", "identity", "--format", "BMP", "-o", "out.dat").exit_code == 0
    assert format_of("out.dat") == "BMP"


def test_a_picture_that_cannot_be_written_back_becomes_a_png() -> None:
    Path("photo.data").write_bytes(write_picture("photo.png").read_bytes())
    assert run("apply", "photo.data", "box").exit_code == 0
    assert "photo-correlation.png" in files()


# Streams


def test_standard_input_and_output_carry_pictures_and_nothing_else() -> None:
    photo = write_picture("photo.png").read_bytes()
    done = run("apply", "-", EMBOSS, "-o", "-", input=photo)
    assert done.exit_code == 0
    picture = Image.open(io.BytesIO(done.stdout_bytes))
    assert picture.format == "PNG"  # as it came
    assert_array_equal(np.asarray(picture), clipped(correlate(NOISE, EMBOSS_WEIGHTS, channel_axis=-1)))
    assert "-> standard output: correlation with" in done.stderr
    as_bmp = run("apply", "-", "identity", "-o", "-", "--format", "bmp", "-q", input=photo)
    assert Image.open(io.BytesIO(as_bmp.stdout_bytes)).format == "BMP"
    assert as_bmp.stderr == ""
    assert files() == ["photo.png"]


def test_standard_input_without_o_is_called_stdin() -> None:
    assert run("apply", "-", "box", input=write_picture("photo.png").read_bytes()).exit_code == 0
    assert files() == ["photo.png", "stdin-correlation.png"]


def test_a_kernel_may_come_through_standard_input() -> None:
    write_picture("photo.png")
    assert run("apply", "photo.png", "-", input=b"-2 -1 0\n-1 1 1\n0 1 2\n").exit_code == 0
    assert_array_equal(read_pixels("photo-correlation.png"), clipped(correlate(NOISE, EMBOSS_WEIGHTS, channel_axis=-1)))


def test_numbers_in_npy_files_stay_exact() -> None:
    write_picture("data.npy", FLOATS)
    for operation, flag in ((correlate, "--correlate"), (convolve, "--convolve")):
        run("apply", "data.npy", EMBOSS, flag, "-o", "out.npy")
        assert_array_equal(read_pixels("out.npy"), operation(FLOATS, EMBOSS_WEIGHTS))
    write_picture("single.npy", FLOATS.astype(np.float32))
    run("apply", "single.npy", EMBOSS, "-o", "out.npy")
    assert read_pixels("out.npy").dtype == np.float32
    write_picture("photo.png")
    run("apply", "photo.png", EMBOSS, "--bias", "0.5", "-o", "out.npy")
    assert_array_equal(read_pixels("out.npy"), correlate(NOISE, EMBOSS_WEIGHTS, channel_axis=-1) + 0.5)


def test_16_bits_stay_16_bits_where_the_format_holds_them_and_it_is_said_where_not() -> None:
    deep = np.random.default_rng(4).integers(0, 65536, (6, 8), dtype=np.uint16)
    write_picture("deep.png", deep)
    run("apply", "deep.png", "identity")
    assert_array_equal(read_pixels("deep-correlation.png"), deep)
    said = run("apply", "deep.png", "identity", "-o", "out.bmp").stderr
    assert "deep.png: uint16 pixels become uint8, which is what BMP holds" in said
    assert_array_equal(read_pixels("out.bmp"), clipped(deep / 257))


# Options


@pytest.mark.parametrize("option", ["boundary", "output-size", "display", "alpha", "engine", "precision"])
def test_every_choice_of_every_option_filters(option: str) -> None:
    choices = {
        "boundary": list(Boundary),
        "output-size": list(OutputSize),
        "display": list(Display),
        "alpha": list(Alpha),
        "engine": ["auto", "direct"],
        "precision": ["auto", "float32", "float64"],
    }[option]
    write_picture("photo.png", np.dstack([NOISE, NOISE[:, :, 0]]))
    for choice in choices:
        assert run("apply", "photo.png", "box", f"--{option}", choice, "-o", f"{choice}.png").exit_code == 0
        assert read_pixels(f"{choice}.png").ndim == 3


def test_layout_options_reach_the_sums() -> None:
    write_picture("data.npy", FLOATS)
    layout = ["--boundary", "constant", "--fill", "2.5", "--output-size", "full", "--stride", "2,1", "--dilation", "3"]
    run("apply", "data.npy", EMBOSS, *layout, "-o", "out.npy")
    expected = correlate(
        FLOATS, EMBOSS_WEIGHTS, boundary="constant", fill=2.5, output_size="full", stride=(2, 1), dilation=3
    )
    assert_array_equal(read_pixels("out.npy"), expected)
    for anchor, cell in (("0,2", (0, 2)), ("lower", "lower"), ("center", "center")):
        run("apply", "data.npy", "[1 2; 3 4]" if cell != (0, 2) else EMBOSS, "--anchor", anchor, "-o", "out.npy")
        weights = [[1, 2], [3, 4]] if cell != (0, 2) else EMBOSS_WEIGHTS
        assert_array_equal(read_pixels("out.npy"), correlate(FLOATS, weights, anchor=cell))


def test_weights_are_normalized_first_and_then_scaled() -> None:
    write_picture("data.npy", FLOATS)
    run("apply", "data.npy", "[1 2; 3 4]", "--normalize", "--scale", "-3", "--bias", "1", "-o", "out.npy")
    assert_allclose(read_pixels("out.npy"), 1 - 0.3 * correlate(FLOATS, [[1, 2], [3, 4]]), rtol=1e-12)


def test_gray_is_made_first() -> None:
    write_picture("photo.png")
    run("apply", "photo.png", "box", "--gray")
    gray = np.asarray(Image.fromarray(NOISE).convert("L"), float)
    assert_array_equal(read_pixels("photo-correlation.png"), clipped(ndimage.uniform_filter(gray, 3, mode="mirror")))


def test_png_level_changes_the_size_and_not_the_pixels() -> None:
    for level in ("0", "9"):
        run("apply", "sample:letter", "box", "--png-level", level, "-o", f"{level}.png")
    assert_array_equal(read_pixels("0.png"), read_pixels("9.png"))
    assert Path("0.png").stat().st_size > 2 * Path("9.png").stat().st_size


def test_threads_change_nothing() -> None:
    for threads in ("1", "2", "7"):
        run("apply", "sample:chelsea", "sobel", "--threads", threads, "--png-level", "0", "-o", f"{threads}.png")
    assert Path("1.png").read_bytes() == Path("2.png").read_bytes() == Path("7.png").read_bytes()


# What is said


def test_one_line_says_what_was_done_and_q_says_nothing() -> None:
    write_picture("photo.png")
    done = run("apply", "photo.png", "box")
    assert done.stdout == ""
    assert done.stderr == (
        "photo.png -> photo-correlation.png: correlation with box (3x3), 12 rows x 10 columns, 3 channels, uint8\n"
    )
    quiet = run("apply", "photo.png", EMBOSS, "-q", "-v")
    assert quiet.output == ""


@pytest.mark.parametrize(
    ("display", "others"), [("clip", "rescale or signed or absolute"), ("absolute", "rescale or signed")]
)
def test_clipped_pixels_are_counted_aloud(display: str, others: str) -> None:
    write_picture("photo.png", np.array([[0, 0, 255, 255]], np.uint8))
    said = run("apply", "photo.png", "[-1 0 2]", "--display", display).stderr
    # -0+0, -0+510, -0+510, -255+510 over 0 0 255 255 | 255
    assert "photo.png: 50.00% of the pixels clipped to 0..255 (the values run from 0 to 510)" in said
    assert f"see --display {others}\n" in said


@pytest.mark.parametrize("display", ["rescale", "signed"])
def test_displays_that_clip_nothing_say_nothing(display: str) -> None:
    write_picture("photo.png")
    assert len(run("apply", "photo.png", EMBOSS, "--display", display).stderr.splitlines()) == 1


def test_v_says_how_and_why() -> None:
    said = run("apply", "sample:letter", "box", "-v").stderr
    assert "engine " in said
    assert " multiplications: " in said


# Many pictures


def test_many_pictures_are_written_and_reported_in_order() -> None:
    names = [f"{number}.png" for number in range(5)]
    for number, name in enumerate(names):
        write_picture(name, NOISE[number:])
    done = run("apply", *names, "identity", "-o", "out/")
    assert done.exit_code == 0
    assert [line.split(" ->")[0] for line in done.stderr.splitlines()] == names
    for number in range(5):
        assert_array_equal(read_pixels(f"out/{number}-correlation.png"), NOISE[number:])


def test_one_failure_does_not_stop_the_rest_and_is_listed() -> None:
    write_picture("a.png")
    Path("b.png").write_text("no picture")
    write_picture("d.png")
    done = run("apply", "a.png", "b.png", "c.png", "d.png", "box")
    assert done.exit_code == 2
    assert files() == ["a-correlation.png", "a.png", "b.png", "d-correlation.png", "d.png"]
    lines = done.stderr.splitlines()
    # Each failure is told in its turn, and only counted at the end.
    assert lines[0].startswith("a.png -> ")
    assert lines[1].startswith("Error: b.png: is not a picture")
    assert lines[2].startswith("Error: c.png: no such file")
    assert lines[3].startswith("d.png -> ")
    assert lines[4:] == ["Error: 2 of 4 pictures failed"]
    quiet = run("apply", "a.png", "b.png", "box", "-q").stderr.splitlines()
    assert quiet == [lines[1], "Error: 1 of 2 pictures failed"]


def test_two_pictures_of_one_name_are_refused_before_anything_is_written() -> None:
    for folder in ("x", "y"):
        Path(folder).mkdir()
        write_picture(f"{folder}/same.png")
    said = trouble(run("apply", "x/same.png", "y/same.png", "box", "-o", "out/"))
    assert said.startswith("x/same.png and y/same.png would both be written to out/same-correlation.png")
    assert not Path("out").exists()


@pytest.mark.parametrize("output", ["one.png", "-"])
def test_many_pictures_do_not_go_to_one_place(output: str) -> None:
    for name in ("a.png", "b.png"):
        write_picture(name)
    assert "is one place for 2 pictures" in trouble(run("apply", "a.png", "b.png", "box", "-o", output))
    assert files() == ["a.png", "b.png"]


# Inputs are never overwritten


def test_neither_a_picture_nor_a_kernel_file_is_overwritten_unless_forced() -> None:
    photo = write_picture("photo.png").read_bytes()
    Path("kernel.png").write_bytes(write_picture("k.png", np.full((3, 3), 255, np.uint8)).read_bytes())
    Path("link.png").symlink_to("photo.png")
    os.link("photo.png", "hard.png")
    for target in ("photo.png", "./photo.png", "kernel.png", "link.png", "hard.png"):
        said = trouble(run("apply", "photo.png", "kernel.png", "-q", "-o", target))
        assert said.startswith(f"{target} is an input and would be overwritten")
        assert "--force" in said
    assert Path("photo.png").read_bytes() == photo
    assert run("apply", "photo.png", "identity", "-o", "photo.png", "--force").exit_code == 0
    assert_array_equal(read_pixels("photo.png"), NOISE)


def test_an_input_among_many_is_not_overwritten_by_anothers_default_name() -> None:
    write_picture("a.png")
    other = write_picture("a-correlation.png", 255 - NOISE)
    before = other.read_bytes()
    done = run("apply", "a.png", "a-correlation.png", "box")
    assert done.exit_code == 2
    assert other.read_bytes() == before
    assert "a-correlation-correlation.png" in files()


def test_other_files_are_replaced_and_keep_their_rights() -> None:
    write_picture("photo.png")
    old = write_picture("out.png", NOISE[:3])
    old.chmod(0o640)
    assert run("apply", "photo.png", "identity", "-o", "out.png").exit_code == 0
    assert_array_equal(read_pixels("out.png"), NOISE)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


# Alpha


def test_alpha_is_kept_weighted_or_straight() -> None:
    picture = np.dstack([NOISE, NOISE[:, :, 1]])
    picture[3:6, 3:6, 3] = 0
    write_picture("photo.png", picture)
    for alpha in Alpha:
        run("apply", "photo.png", "box", "--alpha", alpha, "-o", f"{alpha}.png")
    straight = clipped(correlate(picture, np.full((3, 3), 1 / 9), channel_axis=-1))
    assert_array_equal(read_pixels("keep.png"), np.dstack([straight[:, :, :3], picture[:, :, 3]]))
    assert_array_equal(read_pixels("straight.png"), straight)
    weighted = read_pixels("weighted.png")
    assert_array_equal(weighted[:, :, 3], straight[:, :, 3])
    assert not weighted[4, 4].any()
    said = trouble(run("apply", "photo.png", "sobel", "--alpha", "weighted"))
    assert said == "alpha 'weighted' needs a kernel with a positive sum, and sobel sums to 0; use alpha 'keep'"


def test_truth_values_are_black_and_white_pictures() -> None:
    write_picture("mask.npy", NOISE[:, :, 0] > 100)
    run("apply", "mask.npy", "identity", "-o", "mask.png")
    assert_array_equal(read_pixels("mask.png"), (NOISE[:, :, 0] > 100) * 255)


@pytest.mark.parametrize(("display", "spoilt"), list(product(Display, [np.nan, np.inf])))
def test_numbers_that_are_none_make_a_picture_without_a_warning(display: Display, spoilt: float) -> None:
    data = FLOATS * 200
    data[2, 3] = spoilt
    write_picture("data.npy", data)
    done = run("apply", "data.npy", "sobel", "--display", display, "-o", "out.png")
    assert done.exit_code == 0
    assert "Warning" not in done.stderr


# Trouble


def test_trouble_with_pictures_is_one_line_and_leaves_nothing_behind() -> None:
    whole = write_picture("whole.png", np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).read_bytes()
    bad = {
        "text.png": (b"hello, I am a text", "is not a picture"),
        "empty.png": (b"", "the file is empty"),
        "short.png": (whole[: len(whole) // 2], "is a damaged PNG"),
        "short.npy": (b"\x93NUMPY\x01\x00", "damaged .npy file"),
    }
    for name, (content, problem) in bad.items():
        Path(name).write_bytes(content)
        assert trouble(run("apply", name, "box", "-o", "out.png")).startswith(f"{name}: {problem}")
    Path("folder.png").mkdir()
    assert "folder.png: is a directory" in trouble(run("apply", "folder.png", "box", "-o", "out.png"))
    assert "missing.png: no such file" in trouble(run("apply", "missing.png", "box", "-o", "out.png"))
    assert "there are camera, " in trouble(run("apply", "sample:nothing", "box"))
    assert trouble(run("apply", "-", "box", input=b"")).startswith("standard input is empty")
    assert files() == sorted([*bad, "whole.png"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_pictures_and_places_without_permission() -> None:
    write_picture("photo.png").chmod(0)
    assert "permission to read it is denied" in trouble(run("apply", "photo.png", "box"))
    Path("closed").mkdir(0o500)
    assert "permission" in trouble(run("apply", "sample:impulse", "box", "-o", "closed/"))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["photo.png", "ragged.txt"], "ragged.txt, line 2"),
        (["photo.png", "[1 2; 3]"], "every row needs the same number"),
        (["photo.png", "sobbel"], "sobel"),
        (["photo.png", "gaussian:sgma=2"], "sigma"),
        (["photo.png", "gaussian:sigma=two"], "two"),
        (["photo.png", "kernel.txt"], "kernel.txt: no such file"),
        (["photo.png", "[1 nan 2]"], "nan"),
        (["photo.png"], "Missing argument"),
        ([], "Missing argument"),
        (["photo.png", "box", "--boundary", "mirror"], "mirror"),
        (["photo.png", "box", "--display", "bright"], "bright"),
        (["photo.png", "box", "--stride", "0"], "stride"),
        (["photo.png", "box", "--stride", "2,x"], "2,x"),
        (["photo.png", "box", "--dilation", "-1"], "-1"),
        (["photo.png", "box", "--anchor", "5,5"], "anchor 5,5 lies outside the 3x3 kernel"),
        (["photo.png", "box", "--anchor", "middle"], "center, lower or ROW,COL"),
        (["photo.png", "box", "--scale", "twice"], "twice"),
        (["photo.png", "box", "--threads", "0"], "0"),
        (["photo.png", "box", "--png-level", "10"], "10"),
        (["photo.png", "sobel", "--normalize"], "sums to 0"),
        (["photo.png", "box:size=51", "--output-size", "valid"], "use 'same' or 'full'"),
        (["photo.png", "box", "-o", "out.xyz"], "out.xyz: pictures cannot be written as .xyz"),
        (["photo.png", "box", "-o", "out"], "no suffix"),
        (["photo.png", "box", "--format", "psd"], "'psd' is not a format"),
        (["photo.png", "box", "-o", "missing/out.png"], "its folder does not exist"),
        (["photo.png", "box", "-o", "photo.png/"], "the folder cannot be made"),
        (["photo.png", "box", "--gary"], "--gray"),
        (["-", "-"], "standard input can be read only once"),
        (["-", "-", "box"], "standard input can be read only once"),
        (["photo.png", "box", "--scale", "nan"], "nan"),
        (["photo.png", "box", "--bias", "nan"], "nan"),
    ],
)
def test_trouble_with_arguments_is_one_line_and_leaves_nothing_behind(arguments: list[str], problem: str) -> None:
    write_picture("photo.png")
    Path("ragged.txt").write_text("1 2 3\n4 5\n")
    assert problem in trouble(run("apply", *arguments))
    assert files() == ["photo.png", "ragged.txt"]


def test_the_installed_program_filters() -> None:
    write_picture("photo.png")
    done = program("apply", "photo.png", EMBOSS, "--convolve")
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"photo.png -> photo-convolution.png" in done.stderr
    assert_array_equal(read_pixels("photo-convolution.png"), clipped(convolve(NOISE, EMBOSS_WEIGHTS, channel_axis=-1)))


def test_an_output_in_a_folder_that_may_not_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture("photo.png")

    def denied(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", denied)
    assert run("apply", "photo.png", "box", "-o", "o.png").exit_code == 0


def test_what_does_not_go_with_the_format_is_said() -> None:
    write_picture("photo.png")
    said = run("apply", "photo.png", "box", "--png-level", "9", "-o", "o.bmp").stderr
    assert "photo.png: the PNG level 9 plays no part in BMP" in said
    assert (
        "written as JPEG, although the name says PNG"
        in run("apply", "photo.png", "box", "--format", "jpg", "-o", "o.png").stderr
    )
    assert len(run("apply", "photo.png", "box", "--png-level", "9", "-o", "o.png").stderr.splitlines()) == 1
    assert len(run("apply", "photo.png", "box", "--format", "jpg", "-o", "plain").stderr.splitlines()) == 1


def test_names_that_hold_newlines_or_escapes_are_said_on_one_line() -> None:
    write_picture("a\nb\x1b[31m.png")
    said = run("apply", "a\nb\x1b[31m.png", "box", "-o", "o.png").stderr
    assert said.startswith(r"a\nb\x1b[31m.png -> o.png: ")
    assert len(said.splitlines()) == 1
    assert r"no\x1b[31m.png: no such file" in trouble(run("apply", "no\x1b[31m.png", "box"))


def test_digits_that_no_float64_holds_are_spoken_of() -> None:
    write_picture("large.npy", np.array([[2**53 + 1, 2]], dtype=np.int64))
    said = run("apply", "large.npy", "identity:size=1", "-o", "same.npy").stderr
    assert "1 of the whole numbers lie beyond 2^53 and lost their last digits" in said


def test_the_file_behind_standard_input_is_not_overwritten() -> None:
    write_picture("in.png")
    before = Path("in.png").read_bytes()
    with Path("in.png").open("rb") as stream:
        done = program("apply", "-", "box", "-o", "in.png", stdin=stream)
    assert done.returncode == 2
    assert b"in.png is an input and would be overwritten" in done.stderr
    with Path("in.png").open("r+b") as stream:  # the shell's 1<>in.png
        done = program("apply", "in.png", "box", "-o", "-", "--format", "png", stdout=stream)
    assert done.returncode == 2
    assert Path("in.png").read_bytes() == before


def test_an_output_that_fails_takes_the_other_with_it() -> None:
    write_picture("photo.png")
    done = run("learn", "photo.png", "emboss", "--convolve", "--save", "kernel.json", "-o", "drawing.pgm")
    assert done.exit_code == 2
    assert files() == ["photo.png"]
