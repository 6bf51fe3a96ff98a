"""Help that can be copied from, and hints for words from elsewhere."""

from __future__ import annotations

import re

import pytest
from shell import LEAVES, run, trouble, write_picture

from corrconv.commands.help import ELSEWHERE


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
@pytest.mark.parametrize("columns", ["80", "100"])
def test_no_line_of_help_ends_within_a_name(path, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    lines = run(*path, "--help").stdout.splitlines()
    assert not [line for line in lines if re.search(r"[\w]-$", line)]
    assert all(line.isascii() or "\N{NON-BREAKING HYPHEN}" not in line for line in lines)


@pytest.mark.parametrize("word", ELSEWHERE)
def test_an_option_from_elsewhere_is_answered_by_the_one_that_is_meant(word):
    write_picture("photo.png")
    said = trouble(run("apply", "photo.png", "box", word, "same"))
    meant = re.findall(r"--[a-z-]+", said.partition("here it is ")[2].partition(" (see")[0])
    assert meant
    known = {name for each in LEAVES["apply",].params for name in (*each.opts, *each.secondary_opts)}
    assert set(meant) <= known


def test_a_command_without_that_option_gives_no_hint_at_it():
    assert "--boundary" not in trouble(run("kernel", "show", "box", "--mode", "same"))


@pytest.mark.parametrize("word", ["blur", "mean", "average", "Average"])
def test_other_words_for_a_mean_lead_to_box_and_gaussian(word):
    assert "did you mean box or gaussian?" in trouble(run("kernel", "show", word))


def test_a_sample_picture_is_no_kernel():
    assert "sample:letter is a picture, and a kernel is wanted here" in trouble(run("kernel", "show", "sample:letter"))
