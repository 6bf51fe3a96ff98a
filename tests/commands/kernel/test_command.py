"""corrconv kernel: list, show and convert."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from shell import files, program, run, trouble, write_picture

from corrconv.core.terms import Notation
from corrconv.core.zoo import ZOO
from corrconv.files.kernels import read_kernel

SUFFIXES = {Notation.VIPS: "mat", Notation.JSON: "json", Notation.NPY: "npy", Notation.CSV: "csv"}


def test_the_list_names_every_kernel() -> None:
    done = run("kernel", "list")
    assert (done.exit_code, done.stderr) == (0, "")
    starts = [line.split()[0] for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert set(ZOO) <= set(starts)
    assert max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads(run("kernel", "list", "--json").stdout)
    assert [kernel["name"] for kernel in document["kernels"]] == list(ZOO)


def test_show_marks_the_anchor_and_gives_the_verdict() -> None:
    shown = run("kernel", "show", "[1 2; 3 4]").stdout
    assert "   3 [4]" in shown
    assert "verdict   differ" in shown
    assert "  [1] 2" in run("kernel", "show", "[1 2; 3 4]", "--anchor", "lower").stdout
    assert "   1 [2]" in run("kernel", "show", "[1 2; 3 4]", "--anchor", "0,1").stdout
    assert "verdict   differ by sign" in run("kernel", "show", "sobel").stdout
    assert "verdict   coincide" in run("kernel", "show", "gaussian:sigma=2").stdout
    assert "\x1b" not in shown


def test_show_reads_files_pipes_and_pictures() -> None:
    Path("corner.txt").write_text("1 2\n3 4\n")
    assert run("kernel", "show", "corner.txt").stdout.startswith("corner, 2x2")
    assert run("kernel", "show", "-", input=b"1 2\n3 4\n").stdout.startswith("stdin, 2x2")
    write_picture("glyph.png", np.array([[0, 255], [255, 51]], np.uint8))
    document = json.loads(run("kernel", "show", "glyph.png", "--json").stdout)
    assert document["weights"] == [[0, 1], [1, 0.2]]


def test_show_has_a_document_of_facts() -> None:
    document = json.loads(run("kernel", "show", "box:size=2", "--json").stdout)
    assert document["shape"] == [2, 2]
    assert document["anchor"] == [1, 1]
    assert document["sum"] == 1
    assert document["rank"] == 1
    assert document["symmetry"] == "neither"
    assert document["symmetry_full_or_valid"] == "point-symmetric"


@pytest.mark.parametrize("notation", list(Notation))
def test_every_notation_reads_back_as_the_same_kernel(notation: Notation) -> None:
    weights = [*range(1, 9), -35]  # whose sum is 1, as ffmpeg divides by it
    file = f"kernel.{SUFFIXES.get(notation, 'txt')}"
    source = "[1 2 3; 4 5 6; 7 8 -35]"
    assert run("kernel", "convert", source, "--to", notation, "-o", file).exit_code == 0
    prefix = "ffmpeg:" if notation is Notation.FFMPEG else ""
    text = f"{prefix}{Path(file).read_text().removeprefix(prefix)}".strip() if prefix else file
    again = read_kernel(text)
    assert again.weights.ravel().tolist() == weights
    assert again.anchor == (1, 1)
    if notation is not Notation.NPY:
        printed = run("kernel", "convert", source, "--to", notation)
        assert printed.stdout == Path(file).read_text()
        assert printed.stderr == ""


def test_npy_goes_through_a_pipe_whole() -> None:
    done = program("kernel", "convert", "gaussian:sigma=1", "--to", "npy")
    assert (done.returncode, done.stderr) == (0, b"")
    back = program("kernel", "show", "-", "--json", input=done.stdout)
    assert_array_equal(json.loads(back.stdout)["weights"], read_kernel("gaussian:sigma=1").weights)


@pytest.mark.parametrize(
    "words",
    [
        "show k.npy --json",
        "convert k.npy --to csv -o k.csv",
        "port k.npy --from cv2.filter2D --to matlab.conv2",
    ],
)
def test_millions_of_weights_are_no_text(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("k.npy", np.eye(3))
    monkeypatch.setattr("corrconv.core.notation.writers.MOST_WEIGHTS", 8)
    command = words.split() if words.startswith("port") else ["kernel", *words.split()]
    assert "the 3x3 weights of k are more than the 8 that are written as text; keep it as npy" in trouble(run(*command))
    assert files() == ["k.npy"]
    assert run("kernel", "convert", "k.npy", "--to", "npy", "-o", "same.npy").exit_code == 0


def test_a_kernel_file_is_not_overwritten_unless_forced() -> None:
    Path("kernel.txt").write_text("1 2 3\n")
    said = trouble(run("kernel", "convert", "kernel.txt", "--to", "json", "-o", "kernel.txt"))
    assert said.startswith("kernel.txt is an input and would be overwritten")
    assert Path("kernel.txt").read_text() == "1 2 3\n"
    assert run("kernel", "convert", "kernel.txt", "--to", "json", "-o", "kernel.txt", "--force").exit_code == 0
    assert json.loads(Path("kernel.txt").read_text())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["show"], "Missing argument 'KERNEL'"),
        (["show", "sobell"], "did you mean"),
        (["show", "[1 2; 3]"], "every row needs the same number"),
        (["show", "[]"], ""),
        (["show", ""], ""),
        (["show", "[1e999]"], ""),
        (["show", "sobel", "--anchor", "3,3"], "anchor 3,3 lies outside"),
        (["convert", "sobel"], "Missing option '--to'"),
        (["convert", "sobel", "--to", "excel"], "excel"),
        (["convert", "gaussian:sigma=2", "--to", "ffmpeg"], ""),
        (["convert", "sobel", "--to", "csv", "-o", "missing/kernel.csv"], "its folder does not exist"),
        (["convert", "sobel", "--to", "csv", "-o", "folder"], "folder: is a directory"),
        (["paint", "sobel"], "No such command 'paint'"),
    ],
)
def test_trouble_is_one_line_and_leaves_nothing_behind(arguments: list[str], problem: str) -> None:
    Path("folder").mkdir()
    assert problem in trouble(run("kernel", *arguments))
    assert files() == []


def test_what_a_notation_cannot_hold_leaves_no_file() -> None:
    assert "npy holds no anchor" in trouble(
        run("kernel", "convert", '{"kernel": [[1, 2, 3]], "anchor": [0, 0]}', "--to", "npy", "-o", "kernel.npy")
    )
    assert files() == []


def test_combine_writes_a_kernel_that_is_read_again() -> None:
    shown = run("kernel", "combine", "sobel", "box", "-o", "both.json").stdout
    assert shown.startswith("sobel ∗ box is one kernel of 5x5, times 1/9:")
    assert max(map(len, shown.splitlines())) <= 80
    document = json.loads(run("kernel", "combine", "sobel", "box", "--json").stdout)
    assert_array_equal(read_kernel("both.json").weights, document["weights"])
    assert [check["differing"] for check in document["checks"]] == [44, 44]
    assert "input" in trouble(run("kernel", "combine", "both.json", "box", "-o", "both.json"))
    assert "no kernel file ends in '.png'" in trouble(run("kernel", "combine", "box", "sobel", "-o", "both.png"))


def test_split_shows_the_factors_and_the_rest() -> None:
    assert "  = [1 2 1]ᵀ · [-1 0 1]\n" in run("kernel", "split", "sobel").stdout
    document = json.loads(run("kernel", "split", "laplacian", "--json").stdout)
    total = sum(np.outer(term["column"], term["row"]) for term in document["terms"])
    assert_array_equal(total, read_kernel("laplacian").weights)
    assert (document["rank"], document["residual"]) == (2, 0)
    assert "and a rest" in run("kernel", "split", "log", "--terms", "1").stdout


@pytest.mark.parametrize(
    ("orientation", "weights"),
    [
        ("half-turn", [[4, 3], [2, 1]]),
        ("left-right", [[2, 1], [4, 3]]),
        ("top-bottom", [[3, 4], [1, 2]]),
        ("transposed", [[1, 3], [2, 4]]),
        ("quarter-left", np.rot90([[1, 2], [3, 4]]).tolist()),
    ],
)
def test_a_kernel_is_turned_or_mirrored_before_it_is_shown_or_converted(orientation: str, weights: object) -> None:
    shown = json.loads(run("kernel", "show", "[1 2; 3 4]", "--orientation", orientation, "--json").stdout)
    assert shown["weights"] == weights
    run("kernel", "convert", "[1 2; 3 4]", "--orientation", orientation, "--to", "json", "-o", "turned.json")
    turned = read_kernel("turned.json")
    assert turned.weights.tolist() == weights
    assert turned.weights[turned.anchor] == 4  # the anchor goes with its cell
