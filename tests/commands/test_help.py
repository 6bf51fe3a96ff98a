"""Help that can be copied from, and hints for words from elsewhere."""

from __future__ import annotations

import json
import re

import pytest
from shell import LEAVES, run, trouble, write_picture

from corrconv.commands.help import ELSEWHERE

# Words between the keys where help names them.
SENTENCE = {"and", "the", "under", "of", "with", "steps", "top", "left", "pixels", "convention"}


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "photo.png", "sobel"),
        ("explain", "photo.png", "sobel", "--at", "1,1"),
        ("laws", "photo.png", "sobel", "box"),
        ("match", "photo.png", "photo.png", "--crop", "1,1,4,4"),
        ("learn", "photo.png", "sobel", "--correlate", "--steps", "2"),
        ("train", "--steps", "2", "--pictures", "50"),
        ("probe", "scipy.ndimage.correlate"),
        ("bench", "--sizes", "9x9", "--kernels", "3", "--peers", "none", "--repeats", "1"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_document_has_the_keys_that_help_names(arguments):
    write_picture("photo.png")
    shown = " ".join(run(arguments[0], "--help").stdout.split())
    named = re.search(r"--json holds (.*?)(;|\. )", shown)[1]
    keys = set(re.findall(r"[a-z_0-9]+", named)) - SENTENCE
    found = json.loads(run(*arguments, "--json").stdout)
    assert len(keys) >= 3
    assert keys <= names_in(found)


def names_in(document):
    """All keys of a document, however deep."""
    if isinstance(document, list):
        return set().union(*map(names_in, document)) if document else set()
    if not isinstance(document, dict):
        return set()
    return set(document).union(*(names_in(value) for value in document.values()))
