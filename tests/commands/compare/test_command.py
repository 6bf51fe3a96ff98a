"""corrconv compare: the table, the document, the pictures and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from shell import NOISE, files, program, read_pixels, run, trouble, write_picture

from corrconv import convolve, correlate
from corrconv.commands.compare.command import TELLING_KERNELS
from corrconv.core.terms import Display

EMBOSS_WEIGHTS = [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
PICTURES = ["convolution.png", "correlation.png", "difference.png", "panel.png"]


def test_the_table_goes_to_standard_output_and_nothing_to_the_other() -> None:
    write_picture("photo.png")
    done = run("compare", "photo.png", "box", "sobel", "emboss")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.stdout.startswith("correlation and convolution of photo (12 rows x 10 columns)\nboundary reflect\n")
    assert "box: correlation and convolution are the same operation, on every image." in done.stdout
    assert "sobel: the same but for the sign of every pixel." in done.stdout
    assert "emboss: they differ; which of the two you mean matters." in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert files() == ["photo.png"]


def test_without_a_kernel_a_selection_shows_every_answer() -> None:
    document = json.loads(run("compare", "sample:coins", "--json").stdout)
    assert [kernel["name"] for kernel in document["kernels"]] == list(TELLING_KERNELS)
    assert {kernel["coincidence"] for kernel in document["kernels"]} == {
        "for every image",
        "equal but for sign",
        "no",
    }
    write_picture("even.png", np.full((6, 7), 9, np.uint8))
    assert "on this image only" in run("compare", "even.png", "emboss").stdout


def test_the_document_is_one_json_with_the_documented_keys() -> None:
    write_picture("photo.png")
    options = ["--boundary", "wrap", "--anchor", "0,1", "--stride", "2", "--output-size", "same"]
    done = run("compare", "photo.png", "sobel", "[1 2; 3 4]", *options, "--json")
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["image"] == "photo"
    assert document["options"]["boundary"] == "wrap"
    assert document["options"]["stride"] == [2, 2]
    sobel, corner = document["kernels"]
    keys = "name shape anchor symmetry coincide reason max_abs_difference mean_abs_difference rmse psnr_db"
    assert set(sobel) >= {*keys.split(), "differing_share", "odd_l1", "bound"}
    assert (sobel["shape"], sobel["anchor"]) == ([3, 3], [0, 1])
    expected = [
        operation(NOISE, [[1, 2], [3, 4]], boundary="wrap", anchor=(0, 1), stride=2, channel_axis=-1)
        for operation in (correlate, convolve)
    ]
    gap = np.abs(expected[0] - expected[1])
    assert corner["max_abs_difference"] == gap.max()
    assert corner["mean_abs_difference"] == pytest.approx(gap.mean(), rel=1e-12)
    assert corner["differing_share"] == (gap > 0).any(axis=2).mean()
    assert corner["coincide"] is False


@pytest.mark.parametrize(("kernel", "status"), [("box", 0), ("sobel", 1), ("emboss", 1), ("box:size=2", 1)])
def test_exit_code_says_whether_all_coincide(kernel: str, status: int) -> None:
    write_picture("photo.png")
    assert run("compare", "photo.png", "box", kernel, "--exit-code").exit_code == status
    assert run("compare", "photo.png", kernel).exit_code == 0
    write_picture("even.png", np.full((6, 7), 9, np.uint8))
    assert run("compare", "even.png", kernel, "--exit-code", "--json").exit_code == 0


def test_the_pictures_of_one_kernel_lie_in_the_folder_itself() -> None:
    write_picture("photo.png")
    done = run("compare", "photo.png", "emboss", "-o", "new/folder")
    assert files() == [*(f"new/folder/{name}" for name in PICTURES), "photo.png"]
    written, colours, clipped = done.stderr.splitlines()
    assert written == "written: new/folder/panel.png, and beside it correlation, convolution and difference.png"
    gap = np.abs(correlate(NOISE, EMBOSS_WEIGHTS, channel_axis=-1) - convolve(NOISE, EMBOSS_WEIGHTS, channel_axis=-1))
    assert colours == f"new/folder: difference.png is white at 0, red and blue at {gap.max():g}"
    lost = [
        ((sums < 0) | (sums > 255)).any(axis=2).mean()
        for sums in (it(NOISE, EMBOSS_WEIGHTS, channel_axis=-1) for it in (correlate, convolve))
    ]
    shares = f"{lost[0]:.2%} in correlation.png and {lost[1]:.2%} in convolution.png"
    assert clipped == f"new/folder: pixels clipped: {shares}; see --display"
    for operation, name in ((correlate, "correlation"), (convolve, "convolution")):
        expected = np.clip(operation(NOISE, EMBOSS_WEIGHTS, channel_axis=-1), 0, 255)
        assert_array_equal(read_pixels(f"new/folder/{name}.png"), expected)
    assert read_pixels("new/folder/difference.png").shape == (12, 10, 3)
    assert run("compare", "photo.png", "emboss", "-o", "new/folder", "-q").stderr == ""


def test_the_pictures_of_several_kernels_lie_in_numbered_folders() -> None:
    write_picture("photo.png")
    run("compare", "photo.png", "box", "motion:length=9,angle=0", "[1 2/3; -3 4]", "box", "-o", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "01-box",
        "02-motion-length=9-angle=0",
        "03-1-2-3-3-4",
        "04-box",
    ]
    assert len(files()) == 4 * 4 + 1


@pytest.mark.parametrize("display", list(Display))
def test_both_pictures_obey_the_display_rule_and_the_bias(display: Display) -> None:
    write_picture("photo.png")
    run("compare", "photo.png", "emboss", "-o", "out", "--display", display, "--bias", "7")
    run("apply", "photo.png", "emboss", "-o", "applied.png", "--display", display, "--bias", "7")
    gap = read_pixels("out/correlation.png").astype(int) - read_pixels("applied.png")
    assert np.abs(gap).max() == 0


def test_16_bits_stay_16_bits_and_colours_of_16_bits_are_reduced() -> None:
    deep = np.random.default_rng(4).integers(0, 65536, (6, 8), dtype=np.uint16)
    write_picture("deep.png", deep)
    run("compare", "deep.png", "identity", "-o", "gray")
    assert_array_equal(read_pixels("gray/correlation.png"), deep)
    write_picture("deep.npy", np.dstack([deep] * 3))
    run("compare", "deep.npy", "identity", "-o", "colour")
    assert_array_equal(read_pixels("colour/correlation.png")[:, :, 1], np.rint(deep / 257))


def test_transparency_is_not_compared() -> None:
    write_picture("photo.png", np.dstack([NOISE, NOISE[:, :, 0]]))
    write_picture("opaque.png", NOISE)
    tables = [run("compare", name, "emboss").stdout.splitlines()[2:] for name in ("photo.png", "opaque.png")]
    assert tables[0] == tables[1]
    run("compare", "photo.png", "emboss", "-o", "out")
    assert read_pixels("out/correlation.png").shape == NOISE.shape


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_numbers_that_are_none_make_a_table_a_document_and_pictures(spoilt: float) -> None:
    data = NOISE[:, :, 0] / 255
    data[5, 5] = spoilt
    write_picture("data.npy", data)
    for arguments in ([], ["--json"], ["-o", "out"], ["-o", "out", "--display", "signed"]):
        done = run("compare", "data.npy", "sobel", "box", *arguments)
        assert done.exit_code == 0
        assert "Warning" not in done.stderr
    json.loads(run("compare", "data.npy", "sobel", "--json").stdout, parse_constant=lambda word: 1 / 0)


def test_truth_values_and_huge_numbers_are_compared() -> None:
    write_picture("mask.npy", NOISE[:, :, 0] > 99)
    write_picture("huge.npy", NOISE[:, :, 0] * 1e300)
    for name in ("mask.npy", "huge.npy"):
        assert run("compare", name, "sobel", "-o", "out").exit_code == 0


def test_notes_about_the_picture_go_to_standard_error_unless_quiet() -> None:
    Image.fromarray(NOISE).convert("CMYK").save("ink.tif")
    assert run("compare", "ink.tif", "box").stderr == "ink: CMYK converted to RGB\n"
    assert run("compare", "ink.tif", "box", "-q").stderr == ""


def test_an_input_is_not_overwritten_unless_forced() -> None:
    Path("out").mkdir()
    photo = write_picture("out/panel.png").read_bytes()
    said = trouble(run("compare", "out/panel.png", "sobel", "-o", "out"))
    assert said.startswith("out/panel.png is an input and would be overwritten")
    assert Path("out/panel.png").read_bytes() == photo
    assert files() == ["out/panel.png"]
    assert run("compare", "out/panel.png", "sobel", "-o", "out", "--force").exit_code == 0
    assert Path("out/panel.png").read_bytes() != photo


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Missing argument 'IMAGE'"),
        (["text.png", "box"], "text.png: is not a picture"),
        (["missing.png"], "missing.png: no such file"),
        (["folder"], "folder: is a directory"),
        (["photo.png", "nonsense"], "nonsense"),
        (["photo.png", "[1 2; 3]"], "every row needs the same number"),
        (["photo.png", "box", "--normalise"], "--normalize"),
        (["photo.png", "box", "sobel", "--normalize"], "sobel sums to 0"),
        (["photo.png", "box:size=13", "--output-size", "valid"], "use 'same' or 'full'"),
        (["photo.png", "box", "-o", "text.png"], "text.png: the folder cannot be made"),
        (["photo.png", "box", "--anchor", "9,9"], "anchor 9,9 lies outside"),
    ],
)
def test_trouble_is_one_line_and_leaves_nothing_behind(arguments: list[str], problem: str) -> None:
    write_picture("photo.png")
    Path("text.png").write_text("no picture")
    Path("folder").mkdir()
    assert problem in trouble(run("compare", *arguments))
    assert files() == ["photo.png", "text.png"]


def test_standard_input_is_read_once() -> None:
    photo = write_picture("photo.png").read_bytes()
    assert "standard input can be read only once" in trouble(run("compare", "-", "-", input=photo))
    assert "standard input is empty" in trouble(run("compare", "-", input=b""))


def test_the_installed_program_compares_what_comes_through_a_pipe() -> None:
    photo = write_picture("photo.png").read_bytes()
    done = program("compare", "-", "sobel", "--exit-code", "--json", input=photo)
    assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(done.stdout)["image"] == "stdin"


def test_signals_are_drawn_as_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    from corrconv.commands.compare import panel_view as view

    drawn: list[dict[str, list[float]]] = []

    def chart(signals: dict[str, tuple[int, np.ndarray]], **options: object) -> object:
        drawn.append({name: values.tolist() for name, (_, values) in signals.items()})
        return signal_chart(signals, **options)

    signal_chart = view.signal_chart
    monkeypatch.setattr(view, "signal_chart", chart)
    run("compare", "[3 1 4 1 5]", "[1 0 2]", "--boundary", "constant", "-o", "out")
    assert drawn == [
        {"input": [3, 1, 4, 1, 5]},
        {"correlation": [2, 11, 3, 14, 1], "convolution": [1, 10, 3, 13, 2]},
        {"difference": [1, 1, 0, 1, -1]},
    ]
    assert "out/panel.png" in files()


def test_values_beyond_the_type_of_the_pixels_are_drawn_without_a_warning() -> None:
    # Warnings are errors in these tests.
    np.save("single.npy", np.ones((6, 6), np.float32))
    done = run("compare", "single.npy", "identity", "-o", "out", "--bias", "-1e308")
    assert (done.exit_code, "panel.png" in " ".join(files())) == (0, True)
