"""How far one whole picture or signal lies behind another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from shell import read_pixels, run, trouble, write_picture

from corrconv.commands.match.offset_study import LEAST_OVERLAP, find_offsets
from corrconv.errors import CorrconvError

NOISE = np.random.default_rng(3).integers(0, 256, (60, 70)).astype(np.uint8)


def score_by_loops(first, second, row, column):
    """The correlation coefficient of what overlaps where second's first pixel lies at (row, column) of first."""
    pairs = [
        (float(first[y, x]), float(second[y - row, x - column]))
        for y in range(max(0, row), min(first.shape[0], row + second.shape[0]))
        for x in range(max(0, column), min(first.shape[1], column + second.shape[1]))
    ]
    a, b = np.array(pairs).T
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a**2).sum() * (b**2).sum())
    return (a * b).sum() / norm if norm > 1e-9 else 0.0


pictures = arrays.arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 9))


@given(pictures, pictures)
def test_every_score_is_the_correlation_coefficient_of_what_overlaps(first, second):
    if first.min() == first.max() or second.min() == second.max():
        with pytest.raises(CorrconvError, match="flat"):
            find_offsets(first, second, 1)
        return
    scores = find_offsets(first, second, 1).scores
    for place, score in np.ndenumerate(scores):
        corner = [at - (side - 1) for at, side in zip(place, second.shape, strict=True)]
        common = [
            min(side, at + reach) - max(0, at)
            for side, reach, at in zip(first.shape, second.shape, corner, strict=True)
        ]
        least = [
            max(1, LEAST_OVERLAP * min(side, reach)) for side, reach in zip(first.shape, second.shape, strict=True)
        ]
        if any(has < needed for has, needed in zip(common, least, strict=True)):
            assert np.isnan(score)
        else:
            assert score == pytest.approx(score_by_loops(first, second, *corner), abs=1e-6)


@pytest.mark.parametrize("lag", [0, 1, 37, -12])
def test_a_delayed_signal_lies_so_many_samples_behind(lag):
    long = np.random.default_rng(4).normal(size=300)
    first, second = long[50:250], long[50 - lag : 250 - lag]
    offsets = find_offsets(first[np.newaxis], 3 * second[np.newaxis] + 5, 3)
    assert offsets.offset(offsets.best) == (0, lag)
    assert offsets.best.score == pytest.approx(1)
    assert offsets.overlap(offsets.best) == 200 - abs(lag)


def test_a_moved_picture_is_found_and_said():
    write_picture("first.png", NOISE[5:50, 8:60])
    write_picture("second.png", NOISE[2:47, 12:64])
    done = run("match", "first.png", "second.png", "-o", "offset.png")
    assert done.stdout.startswith("things lie 3 rows lower and 4 columns further left in second than in first.\n")
    assert max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads(run("match", "first.png", "second.png", "--json").stdout)
    assert document["offset"] == {"row": 3, "column": -4}
    assert document["score"] == pytest.approx(1)
    assert Path("offset.png").exists()


def test_signals_are_answered_by_their_lag_and_a_correlogram():
    np.save("first.npy", NOISE.ravel()[100:200].astype(float))
    np.save("second.npy", NOISE.ravel()[90:190].astype(float))
    done = run("match", "first.npy", "second.npy", "-o", "lag.png", "--map", "scores.npy")
    assert done.stdout.startswith("second lies 10 samples behind first.\n")
    assert "█" in done.stdout
    assert json.loads(run("match", "first.npy", "second.npy", "--json").stdout)["lag"] == 10
    scores = read_pixels("scores.npy")
    assert scores.shape == (1, 199)
    assert scores.argmax() == 99 - 10


def test_offsets_come_as_rows_too():
    write_picture("noise.png", NOISE)
    heading, best, *_ = run("match", "noise.png", "noise.png", "--csv").stdout.splitlines()
    row, column, score, overlap = best.split(",")
    assert heading == "row,column,score,overlap"
    assert (row, column, overlap) == ("0", "0", str(NOISE.size))
    assert float(score) == pytest.approx(1)


def test_a_short_signal_is_sought_in_a_long_one():
    done = run("match", "[5 1 1 9 2 7 1 1]", "[9 2 7]")
    assert "The template begins at sample 3 of the signal" in done.stdout
    assert json.loads(run("match", "[5 1 1 9 2 7 1 1]", "[9 2 7]", "--json").stdout)["lag"] == -3


def test_options_of_templates_are_refused_with_the_reason():
    write_picture("noise.png", NOISE)
    for option in (["--raw"], ["--operation", "convolution"], ["--threads", "2"]):
        assert "has no effect on the offset" in trouble(run("match", "noise.png", "noise.png", *option))
    write_picture("flat.png", np.full((9, 9), 7, np.uint8))
    assert "flat" in trouble(run("match", "flat.png", "flat.png"))


def test_exit_code_tells_whether_they_are_alike():
    write_picture("noise.png", NOISE)
    write_picture("other.png", NOISE[::-1, ::-1].T[:60].copy())
    assert run("match", "noise.png", "noise.png", "--exit-code").exit_code == 0
    assert run("match", "noise.png", "other.png", "--exit-code", "--offset").exit_code == 1


@pytest.mark.parametrize("lag", [0, 5, -3])
def test_of_equal_offsets_of_what_repeats_the_one_with_most_overlap_wins(lag):
    wave = np.tile(np.array([0.0, 3, 5, 3, 0, -3, -5, -3] * 4), 3)
    offsets = find_offsets(wave[np.newaxis, 40:90], wave[np.newaxis, 40 - lag : 90 - lag], 5)
    assert offsets.offset(offsets.best) == (0, lag if abs(lag) <= 4 else lag - 8)
    assert offsets.repeats


def test_a_straight_line_lies_where_it_does_and_is_said_to_fit_elsewhere():
    shown = run("match", "[1 2 3 4 5 6 7 8 9]", "[1 2 3 4 5 6 7 8 9]").stdout
    assert (
        "the second lies where the first does: no lag" in " ".join(shown.replace("\n", " ").split())
        or "no lag" in shown
    )
    assert "fit as well" in " ".join(shown.split())


@pytest.mark.parametrize(
    "line",
    [
        ["match", "[5 1 1 9 2 7 1 1]", "[9 2 7]"],
        ["explain", "[5 1 1 9 2 7 1 1]", "[1 0 2]", "--at", "0,3"],
        ["explain", "[5 1 1 9 2 7 1 1]", "[1 0 2]", "--at", "0,3", "--like", "scipy.ndimage.convolve"],
        ["laws", "[5 1 1 9 2 7 1 1]", "[1 2]", "[1 0 -1]"],
    ],
    ids=lambda line: " ".join(line[:1]),
)
def test_every_command_draws_a_signal_as_a_curve(line, monkeypatch):
    from corrconv.drawing import charts

    drawn = []
    dashed = charts._dashed
    monkeypatch.setattr(
        charts, "_dashed", lambda draw, points, *rest: (drawn.append(points), dashed(draw, points, *rest))
    )
    assert run(*line, "-o", "drawn.png").exit_code == 0
    assert len(drawn[0]) == 8
