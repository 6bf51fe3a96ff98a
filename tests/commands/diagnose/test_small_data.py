"""What people type into a forum: three rows of three, one row, four numbers; and what such data leave open."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
from oracle import convolve, correlate
from shell import run, trouble, write_picture

from corrconv.commands.diagnose.ranking import rank
from corrconv.commands.diagnose.study import diagnose
from corrconv.core.convention.model import ZERO_BORDERS
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError
from corrconv.files.images import read_image

GRID = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
KERNEL = Kernel([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])


def test_three_rows_of_three():
    # The textbook's own example: convolution with zeros outside.
    result = [[-13, -20, -17], [-18, -24, -18], [13, 20, 17]]
    diagnosis = diagnose(GRID, KERNEL, np.array(result))
    assert Operation.CONVOLUTION in diagnosis.operations
    assert Operation.CORRELATION not in diagnosis.operations
    assert {str(way.convention.borders.shared) for way in diagnosis.ways} == {"constant 0"}


@pytest.mark.parametrize("rule", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("operation", [correlate, convolve])
def test_small_results_are_explained_whatever_the_border(rule, operation):
    image = np.array([[3, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8]])
    weights = [[1, 2, 0], [0, 3, 1], [2, 0, -1]]
    result = operation(image.tolist(), weights, boundary=rule)
    diagnosis = diagnose(image, Kernel(weights), np.array(result))
    wanted = Operation.CORRELATION if operation is correlate else Operation.CONVOLUTION
    matching = [way for way in diagnosis.explanations if any(it.operation is wanted for it in way.conventions)]
    named = {str(side.rule) for way in matching for side in way.alternatives["top"]}
    assert rule in named


def test_one_number_and_one_row():
    assert diagnose(GRID, Kernel(GRID), np.array([[285]])).operations == (Operation.CORRELATION,)
    assert diagnose(GRID, Kernel(GRID), np.array([[165]])).operations == (Operation.CONVOLUTION,)
    row = np.array([[1, 2, 3, 4]])
    # 1·2 - 0, 1·3 - 1, ... : the kernel lies as it is written over zeros.
    diagnosis = diagnose(row, Kernel([[-1, 0, 2]]), np.array([[4, 5, 6, -3]]))
    assert diagnosis.operations[0] is Operation.CORRELATION


def test_numbers_typed_with_few_decimals():
    image = np.array([[1.0, 2, 4, 7, 11, 16]])
    result = np.round(np.array([[1.0, 7 / 3, 13 / 3, 22 / 3, 34 / 3, 9.0]]), 2)
    diagnosis = diagnose(image, Kernel(np.ones((1, 3)) / 3), result)
    assert diagnosis.explained
    assert diagnosis.ways[0].decimals == 2
    assert str(diagnosis.ways[0].convention.borders.shared) == "constant 0"
    result[0, 2] += 0.02
    assert not diagnose(image, Kernel(np.ones((1, 3)) / 3), result).explained


def test_inline_numbers_and_the_questions_that_they_leave_open():
    said = run("diagnose", "[1 2 3; 4 5 6; 7 8 9]", "[1 0 -1]", "[-2 -2 2; -5 -2 5; -8 -2 8]").stdout
    assert "correlation" in said
    assert "These data leave open: operation (correlation, kernel flipped top to bottom)" in said or "or " in said
    four = run("diagnose", "[1 2; 3 4]", "[1 2; 3 4]", "[1 4; 6 20]", "--json").stdout
    assert json.loads(four)["operation"] == "convolution"


def test_a_flat_picture_says_that_it_cannot_tell():
    image = write_picture("flat.png", np.full((40, 40), 100, np.uint8))
    result = run("diagnose", image, "1/45 * [1 2 3; 4 5 6; 7 8 9]", image)
    assert "IMAGE holds one value everywhere, so it can hardly tell filters apart" in result.stdout
    assert len(result.stdout.splitlines()) < 20


def test_strange_arrays_end_without_a_traceback():
    np.save("bool.npy", np.random.default_rng(1).random((20, 20)) > 0.5)
    np.save("tiny.npy", np.full((20, 20), 5e-324))
    assert run("diagnose", "bool.npy", "box", "bool.npy").exit_code == 0
    assert "4.94e-324; a diagnosis needs numbers" in trouble(run("diagnose", "bool.npy", "box", "tiny.npy"))
    assert "4.94e-324; a diagnosis needs numbers" in trouble(run("diagnose", "bool.npy", "[5e-324]", "bool.npy"))


def test_a_small_picture_that_nothing_was_done_to():
    """Every pixel of it belongs to the border, so that leaving borders as they are would explain it in 16 ways."""
    diagnosis = diagnose(GRID, Kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]]), GRID)
    assert diagnosis.unfiltered
    assert not diagnosis.explained
    assert "nothing was filtered" in run("diagnose", "[1 2; 3 4]", "[1 2 1; 2 4 2; 1 2 1]", "[1 2; 3 4]").stdout
    assert diagnose(GRID, Kernel([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), GRID).explained


def test_options_that_judge_need_what_they_judge():
    numbers = ("diagnose", "[1 2 3]", "[1 2 1]", "[4 8 8]")
    for options in (("--anchor", "0,0"), ("--fill", "3"), ("--boundary", "edge")):
        assert f"{options[0]} is judged with --expect only" in trouble(run(*numbers, *options))
    assert "--fill is the pixel value outside" in trouble(run(*numbers, "--expect", "correlation", "--fill", "3"))


def test_a_line_is_shown_only_if_it_gave_the_result():
    image = write_picture("image.png", np.random.default_rng(2).integers(0, 256, (20, 22), dtype=np.uint8))
    run("apply", image, "[1 2; 3 4]", "--anchor", "0,1", "--boundary", "edge", "-o", "result.npy")
    # A line that is too long for a terminal begins one of its own, to be copied whole.
    assert "the same\n  corrconv apply IMAGE KERNEL --boundary edge --anchor 0,1 -o OUT.npy\n" in (
        run("diagnose", image, "[1 2; 3 4]", "result.npy").stdout
    )
    # No library rounds and then wraps around.
    kernel = "[1 2 3; 4 5 6; 7 8 0.5]"
    run("apply", image, kernel, "-o", "sums.npy")
    np.save("wrapped.npy", (np.rint(np.load("sums.npy")) % 256).astype(np.uint8))
    shown = run("diagnose", image, kernel, "wrapped.npy").stdout
    assert "explained to the last pixel" in shown
    assert "no single apply line" in shown


@pytest.mark.parametrize(
    "like", ["scipy.ndimage.convolve", "PIL.ImageFilter.Kernel", "scipy.ndimage.correlate mode=wrap"]
)
def test_a_library_that_does_it_is_a_line(like):
    """apply itself neither wraps around nor cuts fractions off, nor leaves a border unfiltered: with --like it does."""
    image = write_picture("image.png", np.random.default_rng(2).integers(0, 256, (20, 22), dtype=np.uint8))
    kernel = "[1 2 3; 4 5 6; 7 8 0.5]"
    run("apply", image, kernel, "--like", like, "-o", "result.png")
    shown = run("diagnose", image, kernel, "result.png").stdout
    line = next(row for row in shown.splitlines() if "corrconv apply" in row)
    words = shlex.split(line.partition("apply ")[2].replace("IMAGE KERNEL", f"{image} '{kernel}'"))
    assert like in words
    run("apply", *words)
    assert np.array_equal(read_image("OUT.png").pixels, read_image("result.png").pixels)


def test_pictures_that_would_take_too_long_are_refused():
    huge = np.zeros((7000, 7200), np.uint8)
    with pytest.raises(CorrconvError, match="filter a part of it"):
        diagnose(huge, KERNEL, huge)


@pytest.mark.parametrize(
    ("image", "kernel", "result", "said"),
    [
        ("[1 2 3 4]", "[1 2 -1]", "[0 1.5]", "of the 16 results of 2 numbers from 0 to 1.5 in steps of 0.5"),
        ("[1 2 3 4]", "[1 2 -1]", "[0 0 255 255]", "of the 16 results of 4 numbers that are 0 or 255"),
    ],
)
def test_invented_numbers_that_fit_prove_nothing(image, kernel, result, said):
    shown = run("diagnose", image, kernel, result).stdout
    assert "so few numbers prove nothing" in shown
    assert said in " ".join(shown.split())
    assert "explained" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_scripts_read_how_many_results_are_reached():
    document = json.loads(run("diagnose", "[1 2 3]", "[1 2]", "[4]", "--json").stdout)
    assert document["proves_nothing"]
    assert (document["reached_results"], document["possible_results"]) == (5, 5)


def test_how_many_results_are_reached_is_counted():
    # A row of 1 2 3 under [1 2]: correlation gives 1·1 + 2·2 = 5 and 8, convolution 4 and 7; by the sum, a third.
    diagnosis = diagnose(np.array([[1, 2, 3]]), Kernel([[1, 2]]), np.array([[5, 8]]))
    # Within 0 to 8: (5 8), (4 7), and (5/3 8/3), (4/3 7/3) rounded to (2 3), (1 2) and cut to (1 2), (1 2).
    assert (diagnosis.chance.given, diagnosis.chance.possible) == (4, 81)
    assert not diagnosis.proves_nothing


def test_what_comes_near_nothing_says_so():
    shown = run("diagnose", "[1 2 3 4]", "[1 0 -1]", "[5 1 7 3]").stdout
    assert "not explained, and nothing comes near" in shown
    assert "--tolerance" not in shown


def test_few_whole_numbers_are_not_excused_as_float_noise():
    # Ones at the left and zeros at the right: no single border gives it, and 2 is no 3 that was cut off.
    diagnosis = diagnose(np.ones((3, 3), int), Kernel([[1, 1, 1]]), np.array([[3, 3, 2]] * 3))
    assert not diagnosis.explained
    assert all(way.deviation.edges == 0 for way in diagnosis.ways)


def test_results_of_one_value_prove_nothing():
    mahotas = pytest.importorskip("mahotas")
    pixels = np.random.default_rng(2).integers(0, 256, (20, 22), dtype=np.uint8)
    image = write_picture("image.png", pixels)
    result = write_picture("result.png", mahotas.convolve(pixels, np.full((3, 3), 1 / 9)))
    shown = " ".join(run("diagnose", image, "box", result).stdout.split())
    assert "RESULT is 0 everywhere, which proves nothing. Weights that lose their fractions are all 0 here" in shown
    assert "explained" not in shown
    white = write_picture("white.png", np.full((20, 22), 255, np.uint8))
    shown = run("diagnose", image, "[100 100 100]", white).stdout
    assert "fractions" not in shown


def written(image, weights, step, cut=(0, 0, 0, 0)):
    """What a transposed convolution gives: each pixel writes the kernel, so many pixels apart."""
    sides = [(length - 1) * step + side for length, side in zip(image.shape, weights.shape, strict=True)]
    total = np.zeros([side + step for side in sides])
    for (row, column), pixel in np.ndenumerate(image):
        part = slice(step * row, step * row + weights.shape[0]), slice(step * column, step * column + weights.shape[1])
        total[part] += pixel * weights
    top, left, bottom, right = cut
    return total[top : sides[0] - bottom, left : sides[1] - right]


UNEVEN = np.array([[1.0, 2, 0], [0, 1, 3], [2, 0, 1]])


@pytest.mark.parametrize(
    ("step", "cut", "said"),
    [
        (2, (0, 0, 0, 0), "transposed, stride 2"),
        (3, (0, 0, 0, 0), "transposed, stride 3"),
        (8, (0, 0, 0, 0), "transposed, stride 8"),
        (2, (1, 1, 1, 1), "transposed, stride 2, padding 1"),
        (2, (1, 1, 0, 0), "transposed, stride 2, padding 1, output padding 1"),
        (2, (0, 0, -1, -1), "transposed, stride 2, output padding 1"),
        (2, (0, 1, 1, 0), "transposed, stride 2, cut off top 0, left 1, bottom 1, right 0"),
    ],
)
def test_transposed_convolutions_are_found(tmp_path, step, cut, said):
    image = np.random.default_rng(2).integers(0, 256, (14, 17)).astype(float)
    np.save(tmp_path / "image.npy", image)
    np.save(tmp_path / "result.npy", written(image, UNEVEN, step, cut))
    arguments = tmp_path / "image.npy", "[1 2 0; 0 1 3; 2 0 1]", tmp_path / "result.npy"
    shown = " ".join(run("diagnose", *arguments).stdout.split())
    assert f"explained to the last pixel convolution output {said} border constant 0 scale raw" in shown


def test_a_picture_spread_with_zeros_is_tried_with_zeros_outside_only(monkeypatch):
    borders = set()

    def ranked(evidence, *arguments):
        found = rank(evidence, *arguments)
        if evidence.image.shape != GRID.shape:
            borders.update(laying.convention.borders for laying in found.layings)
        return found

    monkeypatch.setattr("corrconv.commands.diagnose.study.rank", ranked)
    assert not diagnose(GRID, KERNEL, np.array([[7919, -7907, 7901], [17, 7883, 7879], [-7877, 7873, 11]])).explained
    assert borders == {ZERO_BORDERS}


def test_a_small_transposed_convolution_and_one_that_lays_the_kernel_turned():
    grid = np.array([[1.0, 2], [3, 4]])
    for weights, operation in ((grid, "convolution"), (grid[::-1, ::-1], "correlation")):
        found = diagnose(grid, Kernel(grid), written(grid, weights, 2))
        assert found.explained
        assert found.ways[0].convention.spread == (2, 2)
        assert str(found.operations[0]) == operation


def test_the_size_of_a_transposed_convolution_is_recognised():
    pixels = np.arange(600.0).reshape(30, 20)
    with pytest.raises(CorrconvError, match="a transposed convolution of stride 2 has this size"):
        diagnose(pixels, KERNEL, np.ones((61, 41)))
    with pytest.raises(CorrconvError) as refused:
        diagnose(pixels, KERNEL, np.ones((150, 41)))
    assert "transposed" not in str(refused.value)
