"""Time over the kernels: one line a contestant, a gap where it has no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from shell import run

from corrconv.commands.bench.picture import draw_times
from corrconv.commands.bench.study import OURS, Timing, WorkResult, dense_kernel, make_work
from corrconv.core.decision import prepare_filtering
from corrconv.core.options import Options
from corrconv.core.terms import Operation
from corrconv.drawing.charts import COLOURS

if TYPE_CHECKING:
    from pathlib import Path


def result_of(side: int, **seconds: float | None) -> WorkResult:
    work = make_work(20, 30, dense_kernel(side), np.dtype(np.float32))
    plan = prepare_filtering(work.image[:, :, np.newaxis], work.kernel, Operation.CORRELATION, Options()).plan
    timings = tuple(Timing(name, value, 0.0) for name, value in {OURS: 0.001, **seconds}.items())
    return WorkResult(work, plan, timings, 0)


def rows_of(picture: Image.Image, contestant: int, legend: int = 22) -> np.ndarray:
    return np.nonzero((np.asarray(picture) == COLOURS[contestant]).all(axis=2)[legend:])[0]


def test_a_slower_contestant_stands_higher() -> None:
    picture = draw_times([result_of(3, slow=0.1), result_of(5, slow=0.2)])
    assert rows_of(picture, 1).max() < rows_of(picture, 0).min()


def test_a_contestant_without_a_time_leaves_a_gap_and_one_without_any_is_left_out() -> None:
    whole = draw_times([result_of(3, slow=0.1), result_of(5, slow=0.1), result_of(7, slow=0.1)])
    broken = draw_times([result_of(3, slow=0.1), result_of(5, slow=None), result_of(7, slow=0.1)])
    assert 0 < len(rows_of(broken, 1)) < len(rows_of(whole, 1)) / 2
    assert len(rows_of(draw_times([result_of(3, none=None), result_of(5, none=None)]), 1, legend=0)) == 0


def test_it_is_written_beside_the_table(tmp_path: Path) -> None:
    target = tmp_path / "times.png"
    result = run("bench", "--sizes", "9x9", "--kernels", "3 5", "--peers", "none", "--repeats", "1", "-o", str(target))
    assert "corrconv, ms" in result.stdout
    with Image.open(target) as picture:
        assert picture.width > 100


def test_two_picture_sizes_are_not_drawn_over_each_other() -> None:
    result = run("bench", "--sizes", "9x9,10x10", "--peers", "none", "-o", "x.png")
    assert result.exit_code == 2
    assert "give --sizes only one" in result.stderr
