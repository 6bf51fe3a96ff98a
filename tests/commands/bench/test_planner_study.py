"""The planner is judged by the times of all engines, and by nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import run

from corrconv.commands.bench.planner_study import EngineChoice, engine_choices
from corrconv.commands.bench.planner_view import planner_document
from corrconv.commands.bench.study import dense_kernel, make_work
from corrconv.core.options import Options
from corrconv.core.terms import Engine

WORK = make_work(20, 30, dense_kernel(3), np.dtype(np.float32))


def choice_of(**seconds: float) -> EngineChoice:
    return EngineChoice(WORK, Engine.MATMUL, {Engine(name): value for name, value in seconds.items()})


@pytest.mark.parametrize(
    ("choice", "excess", "right"),
    [
        (choice_of(matmul=1.0, direct=2.0), 0.0, True),
        (choice_of(matmul=1.125, direct=1.0), 0.125, True),
        (choice_of(matmul=1.25, direct=1.0, fft=3.0), 0.25, False),
    ],
)
def test_a_choice_is_right_within_15_percent_of_the_quickest(choice: EngineChoice, excess: float, right: bool) -> None:
    assert (choice.excess, choice.right) == (excess, right)


def test_every_engine_that_can_do_the_work_is_timed() -> None:
    for dtype, kernel in (("float32", dense_kernel(3)), ("uint8", dense_kernel(5))):
        (choice,) = engine_choices([make_work(20, 30, kernel, np.dtype(dtype))], Options(threads=1), repeats=1)
        # Separable passes over a kernel of full rank are slow, but they can do it.
        assert set(choice.seconds) == set(Engine) - {Engine.AUTO}
        assert choice.chosen in choice.seconds


def test_the_document_counts_the_right_choices() -> None:
    document = planner_document([choice_of(matmul=1.0), choice_of(matmul=2.0, fft=1.0)], {})
    assert document["right"] == 1
    assert document["works"][1]["quickest"] == "fft"


def test_planner_times_the_works_that_are_given() -> None:
    arguments = ("bench", "--planner", "--sizes", "9x12,20x20", "--kernels", "3 sobel", "--repeats", "1", "-q")
    assert "of 12 works" in run(*arguments).stdout  # 2 sizes, 2 kernels, 3 pixel types
    assert len(json.loads(run(*arguments, "--dtype", "uint8", "--json").stdout)["works"]) == 4


@pytest.mark.parametrize("given", [("--peers", "none"), ("--engines",), ("-o", "x.png")])
def test_planner_refuses_what_it_would_ignore(given: tuple[str, ...]) -> None:
    result = run("bench", "--planner", *given)
    assert result.exit_code == 2
    assert "leave out" in result.stderr
