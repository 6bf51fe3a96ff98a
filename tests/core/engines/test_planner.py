"""Which engine is chosen, and that the choice is pure, exact and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from corrconv.core.decision import prepare_filtering
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Engine, Operation, Precision
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.core.engines.planner import Plan

RANDOM = np.random.default_rng(3)
GAUSSIAN = np.exp(-(np.arange(-15, 16) ** 2) / 50)


def plan_for(
    weights: np.ndarray, shape: tuple[int, ...] = (1000, 1000, 1), dtype: type = np.float32, **options: object
) -> Plan:
    image = np.broadcast_to(np.ones((), dtype), shape)
    chosen = Options(**options)  # type: ignore[arg-type]
    return prepare_filtering(image, Kernel(weights), Operation.CORRELATION, chosen).plan


@pytest.mark.parametrize(
    ("weights", "engine"),
    [
        ([[0, 0, 0], [0, 0, 3.5], [0, 0, 0]], Engine.DIRECT),
        (RANDOM.standard_normal((3, 3)), Engine.MATMUL),
        (np.outer(GAUSSIAN, GAUSSIAN), Engine.SEPARABLE),
        (RANDOM.standard_normal((63, 63)), Engine.FFT),
        (np.pad(np.eye(3), 14), Engine.DIRECT),
    ],
)
def test_each_engine_has_the_kernels_that_it_is_best_at(weights: np.ndarray, engine: Engine) -> None:
    assert plan_for(weights).engine is engine


def test_the_same_question_has_the_same_answer() -> None:
    weights = RANDOM.standard_normal((9, 9))
    assert plan_for(weights) == plan_for(weights)


def test_no_more_terms_are_looked_for_than_could_be_quicker_than_transforms(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("corrconv.core.engines.planner.factorize", lambda _, most: asked.append(most))
    assert plan_for(RANDOM.standard_normal((301, 301))).engine is Engine.FFT
    assert asked
    assert max(asked) <= 2  # of 301, all of which would be quicker than the sum cell by cell


@pytest.mark.parametrize("engine", [engine for engine in Engine if engine is not Engine.AUTO])
def test_the_engine_that_is_asked_for_is_taken(engine: Engine) -> None:
    chosen = plan_for(RANDOM.standard_normal((5, 5)), engine=engine)
    assert chosen.engine is engine
    assert "asked for" in chosen.reason


def test_the_reason_names_the_gain() -> None:
    chosen = plan_for(np.outer(GAUSSIAN, GAUSSIAN))
    assert chosen.reason == "the kernel has rank 1: 31 + 31 products a pixel instead of 961"
    assert chosen.multiplications == 62 * 1000 * 1000


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_tiles_do_not_depend_on_threads(threads: int) -> None:
    weights = RANDOM.standard_normal((15, 15))
    assert plan_for(weights, threads=threads).tile == plan_for(weights).tile
    assert plan_for(weights, threads=threads).threads <= threads


def test_small_work_wakes_no_other_thread() -> None:
    assert plan_for(np.ones((3, 3)), shape=(20, 20, 1), threads=8).threads == 1


@pytest.mark.parametrize("precision", list(Precision))
def test_precision_is_that_of_the_sums(precision: Precision) -> None:
    expected = "float32" if precision is Precision.AUTO else precision.value
    assert plan_for(RANDOM.standard_normal((5, 5)), precision=precision).precision == expected


@pytest.mark.parametrize("engine", [Engine.SEPARABLE, Engine.MATMUL, Engine.FFT])
def test_sums_that_only_int64_holds_are_left_to_direct(engine: Engine) -> None:
    image = np.full((50, 50, 1), 2**50)
    kernel = Kernel(np.full((9, 9), 3.0))
    assert prepare_filtering(image, kernel, Operation.CORRELATION, Options()).plan.engine is Engine.DIRECT
    with pytest.raises(CorrconvError, match=f"engine {engine}"):
        prepare_filtering(image, kernel, Operation.CORRELATION, Options(engine=engine))


def test_whole_numbers_are_transformed_only_where_rounding_is_proved_right() -> None:
    weights = RANDOM.integers(-(2**30), 2**30, (63, 63)).astype(float)
    assert plan_for(weights, dtype=np.uint8).engine is not Engine.FFT
    small = plan_for(np.sign(weights), dtype=np.uint8)
    assert small.engine is Engine.FFT
    assert small.precision == "float64"
