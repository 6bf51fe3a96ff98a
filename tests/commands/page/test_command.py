"""corrconv page: one file, within its budget, with what it says on standard error."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from shell import NOISE, files, program, run, trouble, write_picture

from corrconv.commands.page import command as page_command
from corrconv.files.samples import sample_names


def test_one_file_is_written_and_named() -> None:
    write_picture("photo.png")
    done = run("page", "photo.png", "sobel", "box")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "photo-page.html: 12 rows x 10 columns, 2 kernels\n"
    assert files() == ["photo-page.html", "photo.png"]
    text = Path("photo-page.html").read_text()
    assert "sobel: the same but for the sign of every pixel." in text
    assert "corrconv page photo.png sobel box" in text
    assert run("page", "photo.png", "sobel", "-o", "other.html", "-q").stderr == ""


def test_nothing_outside_the_file_is_named() -> None:
    write_picture("photo.png")
    text = run("page", "photo.png", "sobel", "-o", "-").stdout
    assert text.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in text
    assert set(re.findall(r"(?:src|href)=.{6}", text)) == {'src="data:'}
    assert "url(" not in text
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("sample", sample_names())
def test_the_samples_fit_a_megabyte(sample: str) -> None:
    run("page", f"sample:{sample}", "-o", "page.html")
    assert Path("page.html").stat().st_size < 2**20


def test_a_name_cannot_break_out_of_the_page() -> None:
    write_picture("<script>&.png")
    run("page", "<script>&.png", "[1 2]", "-o", "page.html")
    text = Path("page.html").read_text()
    assert "<script>&" not in text
    assert "&lt;script&gt;&amp;" in text


def test_a_large_picture_is_reduced_and_that_is_said() -> None:
    write_picture("large.png", np.zeros((1000, 1000), np.uint8))
    said = run("page", "large.png", "box", "-o", "page.html").stderr
    assert "large: 2x2 pixels became one, to fit a page; --crop takes a part whole\n" in said
    assert "page.html: 500 rows x 500 columns" in said
    assert "each of its pixels is the mean of 2x2" in Path("page.html").read_text()
    said = run("page", "large.png", "box", "-o", "page.html", "--crop", "10,20,300,400").stderr
    assert said.startswith("page.html: 300 rows x 400 columns")


def test_open_shows_the_file_or_says_that_there_is_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture("photo.png")
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or len(opened) == 1)
    assert run("page", "photo.png", "box", "-o", "page.html", "--open", "-q").exit_code == 0
    assert opened == [Path("page.html").resolve().as_uri()]
    assert "no browser was found" in trouble(run("page", "photo.png", "box", "-o", "page.html", "--open", "-q"))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["missing.png"], "missing.png: no such file"),
        (["photo.png", "gaussian:sigma=9"], "at most 31x31"),
        (["photo.png", "box", "--at", "12,0"], "row 12, column 0 lies outside"),
        (["photo.png", "box", "--crop", "0,0,13,2"], "which is no part of photo"),
        (["photo.png", "box", "--open", "-o", "-"], "--open needs a file"),
        (["photo.png", "box", "-o", "photo.png"], "photo.png is an input and would be overwritten"),
        (["photo.png", "box", "-o", "none/page.html"], "its folder does not exist"),
    ],
)
def test_trouble_is_one_line_and_leaves_nothing_behind(arguments: list[str], problem: str) -> None:
    write_picture("photo.png")
    assert problem in trouble(run("page", *arguments))
    assert files() == ["photo.png"]


def test_the_installed_program_has_the_page_s_parts_with_it() -> None:
    write_picture("photo.png", NOISE)
    done = program("page", "-", "emboss", "-o", "-", input=Path("photo.png").read_bytes())
    assert done.returncode == 0
    assert done.stdout.startswith(b"<!DOCTYPE html>")
    assert b"window.corrconv" in done.stdout


def test_without_a_kernel_a_selection_is_shown() -> None:
    text = run("page", "sample:letter", "-o", "-").stdout
    for name in page_command.TELLING_KERNELS:
        assert f">{name}</option>" in text
