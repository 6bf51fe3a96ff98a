"""corrconv bench: what the options name, and a run without peers."""

from __future__ import annotations

import json

import pytest
from shell import run, trouble


def test_sizes_are_rows_by_columns_and_kernels_by_name_or_side():
    result = run("bench", "--sizes", "20x30,8x9", "--kernels", "3 sobel", "--peers", "none", "--repeats", "1", "--json")
    works = json.loads(result.stdout)["works"]
    assert [work["image_shape"] for work in works] == [[20, 30], [20, 30], [8, 9], [8, 9]]
    assert [work["kernel"] for work in works] == ["dense", "sobel"] * 2
    assert all(work["timings"][0]["ratio"] == 1 for work in works)


def test_the_engines_are_timed_beside_each_other():
    result = run("bench", "--sizes", "16x16", "--kernels", "3", "--peers", "none", "--engines", "--repeats", "1")
    assert result.exit_code == 0
    for engine in ("direct", "matmul", "fft"):
        assert f"corrconv {engine}" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sizes", "5"), "'5' is not ROWSxCOLUMNS"),
        (("--peers", "abacus"), "'abacus' is not known"),
        (("--kernels", " "), "--kernels is empty"),
    ],
)
def test_misuse_ends_in_one_line(arguments, words):
    assert words in trouble(run("bench", *arguments))
