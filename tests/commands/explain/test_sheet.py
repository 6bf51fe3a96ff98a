"""A page of arithmetic: every output of a small picture, solved or open."""

from __future__ import annotations

import json
import re

import numpy as np
import oracle
import pytest
from shell import files, read_pixels, run, trouble

from corrconv.commands.explain.sheet_study import explain_all
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation

IMAGE, KERNEL = [[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[0, 1], [-2, 3]]
PAGE = ("explain", "[1 2 3; 4 5 6; 7 8 9]", "[0 1; -2 3]", "--all")


@pytest.mark.parametrize("boundary", Boundary)
def test_every_sum_is_the_definition_s(boundary):
    sheet = explain_all(np.array(IMAGE), Kernel(KERNEL), Options(boundary=boundary))
    for operation, by_loops in ((Operation.CORRELATION, oracle.correlate), (Operation.CONVOLUTION, oracle.convolve)):
        expected = by_loops(IMAGE, KERNEL, boundary=str(boundary), anchor=(1, 1))
        assert sheet.results(operation).tolist() == expected


def value_of(line: str) -> float:
    """What the terms of a line add up to, read as a person would."""
    terms = re.findall(r"([+-]?) ?\(?([\d.]+)\)?·([\d.]+)", line.partition(": ")[2].partition(" = ")[0])
    return sum((-1 if sign == "-" else 1) * float(value) * float(weight) for sign, value, weight in terms)


def test_the_terms_of_every_line_add_up_to_its_sum():
    lines = [line for line in run(*PAGE).stdout.splitlines() if " = " in line]
    assert len(lines) == 18
    for line in lines:
        assert value_of(line) == float(line.partition(" = ")[2])


def test_pixels_outside_stand_in_brackets():
    shown = run(*PAGE).stdout
    assert "0,0: (5)·0 + (4)·1 - (2)·2 + 1·3 = 3\n" in shown
    assert "1,1: 1·0 + 2·1 - 4·2 + 5·3 = 9\n" in shown


def test_an_open_page_gives_no_result_away_and_both_pages_are_drawn():
    shown = run(*PAGE, "--blank", "-o", "page.png").stdout
    assert shown.count("= ______") == 18
    assert shown.rstrip().endswith("______")
    assert files() == ["page-blank.png", "page.png"]
    solved, blank = read_pixels("page.png"), read_pixels("page-blank.png")
    assert solved.shape == blank.shape
    assert (solved != blank).any()


def test_scripts_get_all_outputs():
    document = json.loads(run(*PAGE, "--json").stdout)
    assert document["output_shape"] == [3, 3]
    assert len(document["outputs"]) == 9
    assert document["correlation"] == oracle.correlate(IMAGE, KERNEL, anchor=(1, 1))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["[1 2]", "[1]"], "give --at ROW,COL for one output, or --all for every one"),
        (["[1 2]", "[1]", "--at", "0,0", "--all"], "give --at ROW,COL for one output, or --all"),
        (["[1 2]", "[1]", "--at", "0,0", "--blank"], "--blank has no effect without --all"),
        (["[1 2]", "[1]", "--all", "--display", "signed"], "--display has no effect beside --all"),
        (["sample:coins", "box", "--all"], "too many for a page"),
    ],
)
def test_misuse_is_one_clear_line(arguments, problem):
    assert problem in trouble(run("explain", *arguments))
