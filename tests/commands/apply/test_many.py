"""corrconv apply on many pictures: lists, folders, outputs that are there already, the log."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from shell import NOISE, files, read_pixels, run, trouble, write_picture


def entries(path: str = "log.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines() if line]


@pytest.fixture
def _two_folders() -> None:
    for folder in ("A", "B"):
        Path(folder).mkdir()
    write_picture("A/x.png")
    write_picture("B/x.png", 255 - NOISE)


two_folders = pytest.mark.usefixtures("_two_folders")


@two_folders
@pytest.mark.parametrize("null", [False, True])
def test_names_come_from_a_file_or_standard_input(null: bool) -> None:
    listed = b"A/x.png\0B/x.png\0" if null else b"A/x.png\nB/x.png\n"
    options = ["identity", "--parents", "-o", "out/", *(["-0"] if null else [])]
    assert run("apply", "--files-from", "-", *options, input=listed).exit_code == 0
    assert_array_equal(read_pixels("out/A/x-correlation.png"), NOISE)
    assert_array_equal(read_pixels("out/B/x-correlation.png"), 255 - NOISE)
    Path("list").write_bytes(listed)
    said = run("apply", "--files-from", "list", *options).stderr.splitlines()
    assert [line.split(" ->")[0] for line in said] == ["A/x.png", "B/x.png"]
    assert all(line.endswith("; it replaces an older file") for line in said)


@two_folders
def test_a_list_comes_beside_pictures_and_may_hold_only_one() -> None:
    Path("list").write_text("B/x.png\n")
    assert run("apply", "sample:letter", "--files-from", "list", "box", "-o", "o/").exit_code == 0
    assert run("apply", "--files-from", "list", "identity", "-o", "one.png").exit_code == 0
    assert files() == ["A/x.png", "B/x.png", "list", "o/letter-correlation.png", "o/x-correlation.png", "one.png"]


def test_listed_pictures_and_the_list_are_inputs_that_stay() -> None:
    before = write_picture("a.png").read_bytes()
    Path("list").write_text("a.png\n")
    for target in ("a.png", "list"):
        said = trouble(run("apply", "--files-from", "list", "box", "--format", "png", "-o", target))
        assert said.startswith(f"{target} is an input")
    assert Path("a.png").read_bytes() == before


def test_what_stands_in_the_way_of_lists() -> None:
    write_picture("a.png")
    assert "Missing argument 'IMAGE...'" in trouble(run("apply", "box"))
    assert "has no effect without --files-from" in trouble(run("apply", "a.png", "box", "-0"))
    assert "read only once" in trouble(run("apply", "--files-from", "-", "-", input=b"a.png\n"))
    assert "names no picture" in trouble(run("apply", "--files-from", "-", "box", input=b"\n"))


@two_folders
def test_parents_keeps_folders_as_cp_does() -> None:
    whole = Path("B/x.png").absolute()
    assert run("apply", "A/../A/./x.png", whole, "sample:letter", "identity", "--parents", "-o", "o/").exit_code == 0
    assert_array_equal(read_pixels("o/A/x-correlation.png"), NOISE)
    assert_array_equal(read_pixels(f"o/{whole.parent}/x-correlation.png"), 255 - NOISE)
    assert Path("o/letter-correlation.png").exists()
    assert "has no effect without -o" in trouble(run("apply", "A/x.png", "box", "--parents"))
    assert "is no folder" in trouble(run("apply", "A/x.png", "box", "--parents", "-o", "o.png"))
    assert "lies outside this folder" in trouble(run("apply", "../x.png", "box", "--parents", "-o", "o/"))


@two_folders
def test_two_pictures_of_one_name_get_the_remedy_that_helps() -> None:
    write_picture("A/x.bmp")
    assert "--parents" in trouble(run("apply", "A/x.png", "B/x.png", "box", "-o", "o/"))
    said = trouble(run("apply", "A/x.png", "A/x.bmp", "box", "-o", "o/", "--format", "png"))
    assert said.endswith("filter them into different folders")


@two_folders
def test_a_second_run_into_the_same_folder_says_that_it_replaces() -> None:
    first = run("apply", "A/x.png", "identity", "-o", "o/")
    second = run("apply", "B/x.png", "identity", "-o", "o/")
    assert "replaces" not in first.stderr
    assert second.stderr.endswith("; it replaces an older file\n")
    assert_array_equal(read_pixels("o/x-correlation.png"), 255 - NOISE)


@two_folders
def test_no_clobber_leaves_what_is_there_and_says_so() -> None:
    run("apply", "A/x.png", "identity", "-o", "o/")
    write_picture("B/new.png")
    done = run("apply", "B/x.png", "B/new.png", "identity", "-o", "o/", "--no-clobber", "--log", "log.jsonl")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[0] == "B/x.png: o/x-correlation.png is there already, and is left as it is"
    assert_array_equal(read_pixels("o/x-correlation.png"), NOISE)
    assert [entry["status"] for entry in entries()] == ["kept", "written"]


def test_a_dangling_link_is_no_place_to_write_for_no_clobber() -> None:
    write_picture("a.png")
    Path("out.png").symlink_to("elsewhere.png")
    assert "left as it is" in run("apply", "a.png", "box", "-o", "out.png", "--no-clobber").stderr
    assert files() == ["a.png"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--no-clobber", "--force"], "--no-clobber has no effect beside --force"),
        (["--no-clobber", "--skip-existing", "--log", "log"], "--no-clobber has no effect beside --skip-existing"),
        (["--skip-existing"], "--skip-existing has no effect without --log"),
        (["--no-clobber", "--format", "png", "-o", "-"], "standard output is never there already"),
    ],
)
def test_options_that_cannot_act_are_refused(options: list[str], said: str) -> None:
    write_picture("a.png")
    assert said in trouble(run("apply", "a.png", "box", *options))
    assert files() == ["a.png"]


# The log


def test_the_log_tells_what_became_of_each_picture() -> None:
    write_picture("a.png")
    Path("b.png").write_text("no picture")
    assert run("apply", "a.png", "b.png", "box", "--log", "log.jsonl", "-q").exit_code == 2
    good, bad = entries()
    assert (good["source"], good["target"]) == (str(Path.cwd() / "a.png"), str(Path.cwd() / "a-correlation.png"))
    assert (good["status"], good["error"], good["version"]) == ("written", None, 1)
    assert (bad["status"], bad["target_state"]) == ("failed", None)
    assert bad["error"].startswith("b.png: is not a picture")
    assert good["digest"] == bad["digest"]


def _again(*changes: str) -> tuple[str, str]:
    """The last two statuses of a second run with the log of the first."""
    run("apply", "a.png", "b.png", "gaussian", "-o", "o/", "--skip-existing", "--log", "log.jsonl", *changes)
    first, second = entries()[-2:]
    return first["status"], second["status"]


def test_what_was_made_in_the_same_way_is_skipped_and_nothing_else() -> None:
    write_picture("a.png")
    write_picture("b.png", 255 - NOISE)
    assert _again() == ("written", "written")
    assert _again() == ("skipped", "skipped")
    assert _again("--threads", "1") == ("skipped", "skipped")
    os.utime("a.png", ns=(1, 1))  # another picture of that name
    assert _again() == ("written", "skipped")
    Path("o/b-correlation.png").unlink()
    assert _again() == ("skipped", "written")
    run("apply", "a.png", "box", "-o", "o/", "-q")  # without the log
    assert _again() == ("written", "skipped")
    for change in (["--bias", "1"], ["--boundary", "edge"], ["--scale", "2"], ["--gray"], ["--png-level", "1"]):
        assert _again(*change) == ("written", "written")
        assert _again(*change) == ("skipped", "skipped")
    assert _again() == ("written", "written")


def test_another_source_of_the_same_target_is_not_skipped() -> None:
    write_picture("a.png")
    options = ["box", "-o", "o.png", "--skip-existing", "--log", "log.jsonl"]
    run("apply", "a.png", *options)
    Path("c.png").write_bytes(Path("a.png").read_bytes())
    os.utime("c.png", ns=(0, Path("a.png").stat().st_mtime_ns))
    run("apply", "c.png", *options)
    assert [entry["status"] for entry in entries()] == ["written", "written"]


def test_a_failure_does_not_unmake_what_was_made() -> None:
    write_picture("a.png")
    picture, state = Path("a.png").read_bytes(), Path("a.png").stat()
    options = ["apply", "a.png", "box", "-o", "o.png", "--skip-existing", "--log", "log.jsonl"]
    run(*options)
    Path("a.png").write_bytes(b"damaged")
    run(*options)
    Path("a.png").write_bytes(picture)
    os.utime("a.png", ns=(0, state.st_mtime_ns))
    run(*options)
    assert [entry["status"] for entry in entries()] == ["written", "failed", "skipped"]


def test_half_a_line_of_a_killed_program_is_passed_over() -> None:
    write_picture("a.png")
    options = ["apply", "a.png", "box", "-o", "o.png", "--skip-existing", "--log", "log.jsonl"]
    run(*options)
    whole = Path("log.jsonl").read_text()
    Path("log.jsonl").write_text(whole + whole[:40])
    for _ in range(2):
        assert "1 of 1 pictures skipped" in run(*options).stderr
    kept = Path("log.jsonl").read_text().splitlines()
    assert [kept[0] + "\n", kept[1]] == [whole, whole[:40]]
    assert [json.loads(line)["status"] for line in kept[2:]] == ["skipped", "skipped"]


def test_a_log_replaces_no_file_and_is_replaced_by_none() -> None:
    before = write_picture("a.png").read_bytes()
    Path("notes.txt").write_text("important\n")
    assert "a.png is an input" in trouble(run("apply", "a.png", "box", "--log", "a.png"))
    assert "notes.txt, line 1: this is no log" in trouble(run("apply", "a.png", "box", "--log", "notes.txt"))
    said = trouble(run("apply", "a.png", "box", "--log", "log.png", "-o", "log.png"))
    assert said.startswith("log.png is an input")
    assert "the log cannot be written" in trouble(run("apply", "a.png", "box", "--log", "no/log"))
    assert Path("a.png").read_bytes() == before
    assert Path("notes.txt").read_text() == "important\n"


# The forgotten kernel


@two_folders
def test_a_forgotten_kernel_is_noticed() -> None:
    done = run("apply", "A/x.png", "B/x.png", "-o", "o/")
    assert done.exit_code == 2
    note, error = done.stderr.splitlines()
    assert note.startswith("the kernel is the picture B/x.png; to filter it too, name a kernel behind it")
    assert error == (
        "Error: A/x.png: the kernel, x, is a picture of the same size; name the kernel behind the pictures,"
        " such as sharpen"
    )
    assert files() == ["A/x.png", "B/x.png"]


def test_a_picture_may_be_a_kernel_and_it_is_said() -> None:
    write_picture("a.png")
    write_picture("kernel.png", np.full((3, 3), 255, np.uint8))
    done = run("apply", "a.png", "kernel.png", "-o", "o.png")
    assert done.exit_code == 0
    assert done.stderr.startswith("the kernel is the picture kernel.png")
    np.save("kernel.npy", np.ones((12, 10)))
    assert run("apply", "a.png", "kernel.npy", "-q", "-o", "o.png").stderr == ""
