"""Both sides of commutativity and associativity, in numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import signal
from shell import run, write_picture

from corrconv.commands.laws.sides_study import sides_of
from corrconv.commands.laws.study import check_laws
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options

PLANE = Options(boundary="constant", output_size="full")
F = np.array([[1, 5, 2], [0, 3, 4]])
G, H = np.array([[1, 2], [3, -4], [0, 7]]), np.array([[2, 0, 1]])


def by_scipy(operation, first, second):
    return {"∗": signal.convolve2d, "⋆": signal.correlate2d}[operation](first, second, "full")


def test_the_sides_are_the_numbers_of_scipy():
    exchanged = []
    for sides in sides_of(check_laws(F, Kernel(G), Kernel(H), PLANE), F):
        sign = "∗" if "∗" in sides.left_words else "⋆"
        if sides.right_words == f"G{sign}F":
            expected = by_scipy(sign, F, G), by_scipy(sign, G, F)
            exchanged.append(sides.equal)
        else:
            assert (sides.left_words, sides.right_words) == (f"(F{sign}G){sign}H", f"F{sign}(G{sign}H)")
            expected = by_scipy(sign, by_scipy(sign, F, G), H), by_scipy(sign, F, by_scipy(sign, G, H))
        assert_array_equal(sides.left, expected[0])
        assert_array_equal(sides.right, expected[1])
        assert sides.equal == np.array_equal(*expected)
    assert exchanged == [True, False]


def test_dilation_and_anchor_are_those_of_the_laws():
    spread = np.array([[1, 0, 2], [3, 0, -4], [0, 0, 7]])
    laws = check_laws(
        F, Kernel(G, (2, 0)), Kernel(H), Options(boundary="constant", output_size="full", dilation=(1, 2))
    )
    assert_array_equal(sides_of(laws, F)[0].left, by_scipy("∗", F, spread))


@pytest.mark.parametrize(
    "options",
    [
        Options(boundary="constant", output_size="same"),
        Options(boundary="edge", output_size="full"),
        Options(boundary="constant", output_size="full", fill=3),
    ],
)
def test_where_a_boundary_has_a_part_nothing_is_said(options):
    assert sides_of(check_laws(F, Kernel(G), Kernel(H), options), F) == ()


def test_small_pictures_show_them_and_large_ones_do_not():
    shown = [line.rstrip() for line in run("laws", "[1 0 -1]", "[3 1 4]", "[1 2]").stdout.splitlines()]
    place = shown.index("F⋆G               ≠ G⋆F")
    assert shown[place + 1] == "  4  1 -1 -1 -3    -3 -1 -1  1  4"
    assert "F∗G               = G∗F" in shown
    write_picture("photo.png", np.zeros((40, 40), np.uint8))
    for line in (["photo.png", "[3 1 4]"], ["[1 0 -1]", "gaussian:size=31"]):
        assert "G⋆F\n" not in run("laws", *line, "[1 2]").stdout.partition("Deviations")[2]
