"""Two libraries compared: the changes that lead from the second to the first."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from shell import run, write_picture

from corrconv.commands.compare.like_study import Factor, compare_libraries
from corrconv.commands.compare.like_view import change_words, libraries_verdict
from corrconv.core.convention.geometry import Pads, SameRule
from corrconv.core.convention.model import LOWER, Borders, Convention, Orientation, Scale
from corrconv.core.convention.numbers import SATURATED
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import conventions

PICTURE = np.random.default_rng(8).integers(0, 256, (20, 24), dtype=np.uint8)
WEIGHTS = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, -9]])
EVEN = Kernel([[1, 2], [3, 4]])


def changed(first, second, kernel=EVEN, image=PICTURE):
    found = compare_libraries(image, kernel, first, second)
    return found, [change.factor for change in found.changes]


def test_compare_two_libraries():
    image = write_picture("image.png", PICTURE)
    likes = ("--like", "scipy.signal.convolve2d", "--like", "scipy.signal.correlate2d")
    result = run("compare", image, "[1 2 3; 4 5 6; 7 8 -9]", "[1 1 1; 1 1 1; 1 1 1]", *likes)
    said = " ".join(result.stdout.split())
    assert "flip the kernel and its anchor 0% 0" in said
    assert "give the same; flip differ" in said
    document = json.loads(run("compare", image, "[1 2 3; 4 5 6; 7 8 -9]", *likes, "--json").stdout)
    (found,) = document["kernels"]
    assert (found["coincide"], found["explained"]) == (False, True)
    assert [(it["factor"], it["differing_share"]) for it in found["changes"]] == [("flip", 0.0)]
    assert run("compare", image, "[1 2 3]", *likes, "--exit-code").exit_code == 1
    assert run("compare", image, "[1 2 1]", *likes, "--exit-code").exit_code == 0


@pytest.mark.parametrize(
    ("factor", "other"),
    [
        (Factor.FLIP, Convention(orientation=Orientation.TOP_BOTTOM)),
        (Factor.ANCHOR, Convention(odd_anchor=LOWER, even_anchor=LOWER)),
        (Factor.BORDER, Convention(borders=Borders.uniform("edge"))),
        (Factor.SCALE, Convention(scale=Scale.SUM, bias=3)),
        (Factor.NUMBERS, Convention(numbers=SATURATED)),
    ],
)
def test_one_factor_is_one_change(factor, other):
    found, factors = changed(Convention(), other)
    assert factors == [factor]
    assert found.explained
    assert not found.coincide
    assert not compare_libraries(PICTURE, EVEN, other, other).changes


def test_a_flip_says_what_becomes_of_the_anchor():
    # cv2.filter2D lays cell 1,1 of a 2x2 kernel; true convolution flips the anchor with the kernel, SciPy's
    # convolve2d does not: it lays cell 1,1 of the flipped kernel too.
    opencv = conventions()["cv2.filter2D"]
    for name, words in {
        "scipy.ndimage.convolve": "flip the kernel and its anchor",
        "scipy.signal.convolve2d": "flip the kernel, but not its anchor",
    }.items():
        found, factors = changed(conventions()[name], opencv)
        assert Factor.ANCHOR not in factors
        assert words in [change_words(change, EVEN) for change in found.changes]


def test_the_way_leads_closer_and_to_nothing():
    image = np.random.default_rng(3).normal(100, 20, (40, 44))
    found, factors = changed(conventions()["matlab.conv2"], conventions()["pyvips.Image.conv"], Kernel(WEIGHTS), image)
    assert factors == [Factor.FLIP, Factor.BORDER]
    # The interior of 40x44 pixels agrees once the kernel is flipped, and a frame one pixel wide is left.
    assert found.changes[0].left.differing_share == (40 * 44 - 38 * 42) / (40 * 44)
    assert found.left.largest == 0


def test_either_order_names_the_same_factors_and_ends_at_nothing():
    small = PICTURE[:9, :10]
    kernel = Kernel(WEIGHTS)
    taking = (it for it in conventions().values() if it.accepts(kernel.shape) and it.takes(small.dtype))
    same = [it for it in taking if str(it.output_size) == "same"]
    for one, other in combinations(same, 2):
        found, factors = changed(one, other, kernel, small)
        back, back_factors = changed(other, one, kernel, small)
        assert set(factors) == set(back_factors), (one.name, other.name)
        assert found.explained, (one.name, other.name)
        assert back.explained, (one.name, other.name)
        assert all(0 <= change.left.differing_share <= 1 for change in found.changes)


def test_what_no_factor_changes_is_not_explained(monkeypatch):
    # Whatever a convention may hold one day that is no factor here.
    monkeypatch.setattr("corrconv.commands.compare.like_study._Crossing.factors", frozenset({Factor.FLIP}))
    other = Convention(name="b", orientation=Orientation.HALF_TURN, borders=Borders.uniform("edge"))
    found, _ = changed(Convention(name="a"), other)
    assert not found.explained
    assert "not explained: changed in flip, b still differs from a at" in libraries_verdict(found)


def test_layers_that_pad_other_sides_differ_in_the_places_that_they_read():
    # TensorFlow pads 20x24 by one row and column in all for stride 2, after the picture; torch by one on each side.
    tensorflow = Convention(name="a", same_rule=SameRule.AFTER, stride=(2, 2))
    torch = Convention(name="b", output_size="valid", pads=Pads(1, 1, 1, 1), stride=(2, 2))
    found, factors = changed(tensorflow, torch, Kernel(WEIGHTS))
    assert factors == [Factor.PLACES]
    assert found.explained
    words = change_words(found.changes[0], found.kernel)
    # Torch never reads the row that it adds below: 10 results, 2 apart, read 21 rows.
    assert words == "pads: top 0, left 0, bottom 1, right 1, not top 1, left 1, bottom 0, right 0"
    _, back = changed(torch, tensorflow, Kernel(WEIGHTS))
    assert back == factors


def test_other_dilations_are_named():
    wide = Convention(output_size="valid", pads=Pads(2, 2, 2, 2), dilation=(2, 2))
    found, factors = changed(wide, Convention(), Kernel(WEIGHTS))
    assert factors == [Factor.PLACES]
    assert change_words(found.changes[0], found.kernel).endswith("; dilation 2, not 1")
    assert found.explained


def test_weights_that_lose_their_fractions_are_named():
    found, factors = changed(Convention(whole_weights=True), Convention(), Kernel([[1.5, 2.25]]))
    assert factors == [Factor.WEIGHTS]
    assert found.explained
    assert change_words(found.changes[0], found.kernel) == "weights: cut off to whole numbers, not as they are"


def test_sizes_must_agree():
    with pytest.raises(CorrconvError, match="one size"):
        changed(Convention(name="a"), Convention(name="b", output_size="full"))


def test_what_a_library_makes_of_nan_is_not_called_the_same():
    image = np.array([[np.nan, 1, 2], [3, 4, 5], [1, 0, 2]])
    first, second = (conventions()[f"scipy.signal.{name}"] for name in ("convolve2d", "fftconvolve"))
    for pair in ((first, second), (second, first)):
        with pytest.raises(CorrconvError, match="fftconvolve itself differs: a transform spreads"):
            compare_libraries(image, Kernel(np.ones((3, 3))), *pair)
    assert compare_libraries(image, Kernel(np.ones((3, 3))), first, first).coincide
