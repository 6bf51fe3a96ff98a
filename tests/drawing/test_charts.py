"""Curves: every one is seen, also where they coincide, and the axes hold whatever comes."""

from __future__ import annotations

import numpy as np
import pytest

from corrconv.drawing.charts import COLOURS, HEIGHT, WIDTH, curves, telling_steps


def has_colour(picture, colour):
    return (np.asarray(picture) == colour).all(axis=2)


def test_curves_that_coincide_both_show():
    values = np.geomspace(100, 1, 40).tolist()
    picture = curves({"correlation": values, "convolution": values})
    below_legend = [has_colour(picture, colour)[20:].sum() for colour in COLOURS]
    assert min(below_legend[:2]) > 300
    assert below_legend[2] == 0


def test_a_larger_value_stands_higher():
    picture = curves({"loss": [1000, 1000, 1, 1]})
    rows, columns = np.nonzero(has_colour(picture, COLOURS[0])[20:])
    left, right = rows[columns < 150].mean(), rows[columns > 450].mean()
    assert left < right - 100


@pytest.mark.parametrize(
    "values", [[5.0], [0.0], [0.0, 0.0, 0.0], [1e-30, 1e30], [3.0, 3.0], list(range(1, 3000)), [2.0, 0.0, 1.0]]
)
def test_whatever_comes_is_drawn(values):
    picture = curves({"correlation": values, "convolution": values, "convolution, same start": values})
    assert picture.size == (WIDTH, HEIGHT)
    assert has_colour(picture, COLOURS[1]).any()


def test_telling_steps_run_from_the_first_to_the_last():
    assert telling_steps(3, 10) == [0, 1, 2, 3]
    steps = telling_steps(1000, 10)
    assert steps[:2] == [0, 1]
    assert steps[-1] == 1000
    assert len(steps) <= 10
    assert steps == sorted(set(steps))
