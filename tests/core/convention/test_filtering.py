"""The model of a convention: its parts, and its predictions against the definitions as plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import convolve, correlate
from strategies import matrices

from corrconv.core.convention.filtering import apply_convention, interior, padded_window
from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor
from corrconv.core.convention.model import (
    CENTER,
    LOWER,
    BorderRule,
    Borders,
    Convention,
    Orientation,
    Scale,
    Side,
    ZeroSum,
)
from corrconv.core.convention.numbers import CAST, SATURATED, SATURATED_HALF_UP, NumberRule, Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Boundary, OutputSize
from corrconv.drawing.conventions import FLIPS
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import convention_named, conventions

RAMP = np.arange(1.0, 7.0).reshape(2, 3)


@pytest.mark.parametrize("orientation", Orientation)
def test_orientation_moves_cells_as_it_moves_weights(orientation):
    moved = orientation.of_weights(RAMP)
    assert moved.shape == orientation.of_shape((2, 3))
    for row in range(2):
        for column in range(3):
            assert moved[orientation.of_cell((row, column), (2, 3))] == RAMP[row, column]
    assert np.array_equal(orientation.inverse.of_weights(moved), RAMP)


TURNED_BY_NUMPY = {
    Orientation.AS_IS: RAMP,
    Orientation.HALF_TURN: np.rot90(RAMP, 2),
    Orientation.QUARTER_LEFT: np.rot90(RAMP),  # counterclockwise
    Orientation.QUARTER_RIGHT: np.rot90(RAMP, -1),
    Orientation.TOP_BOTTOM: np.flipud(RAMP),
    Orientation.LEFT_RIGHT: np.fliplr(RAMP),
    Orientation.TRANSPOSED: RAMP.T,
    Orientation.ANTI_TRANSPOSED: np.rot90(RAMP.T, 2),
}


@pytest.mark.parametrize("orientation", Orientation)
def test_orientations_do_what_their_names_say(orientation):
    assert np.array_equal(orientation.of_weights(RAMP), TURNED_BY_NUMPY[orientation])
    if orientation in FLIPS:
        assert np.array_equal(eval(FLIPS[orientation], {"np": np, "kernel": RAMP}), TURNED_BY_NUMPY[orientation])


def test_eight_orientations_are_eight():
    assert (
        len(
            {
                orientation.of_weights(RAMP).tobytes() + bytes(orientation.of_shape((2, 3)))
                for orientation in Orientation
            }
        )
        == 8
    )


@pytest.mark.parametrize(
    ("base", "cells"),
    [("center", [0, 1, 1, 2, 2]), ("lower", [0, 0, 1, 1, 2]), ("first", [0] * 5), ("last", [0, 1, 2, 3, 4])],
)
def test_anchor_bases(base, cells):
    assert [AxisAnchor(AnchorBase(base)).cell(side) for side in range(1, 6)] == cells


def test_each_axis_follows_its_own_parity():
    convention = Convention(odd_anchor=CENTER, even_anchor=LOWER)
    assert convention.anchor_cell((2, 3)) == (0, 1)
    assert convention.anchor_cell((4, 5)) == (1, 2)


@settings(max_examples=60, deadline=None)
@given(
    image=matrices(),
    weights=matrices(max_side=4).filter(np.any),
    turned=st.booleans(),
    lower=st.booleans(),
    boundary=st.sampled_from(Boundary),
    output_size=st.sampled_from(OutputSize),
    fill=st.sampled_from([0, 3, -2]),
)
def test_prediction_is_the_definition(image, weights, turned, lower, boundary, output_size, fill):
    rows, columns = weights.shape
    anchor = ((rows - 1) // 2, (columns - 1) // 2) if lower else (rows // 2, columns // 2)
    convention = Convention(
        orientation=Orientation.HALF_TURN if turned else Orientation.AS_IS,
        even_anchor=LOWER if lower else CENTER,
        borders=Borders.uniform(boundary, fill),
        output_size=output_size,
    )
    if output_size is OutputSize.VALID and (rows > image.shape[0] or columns > image.shape[1]):
        with pytest.raises(CorrconvError, match="does not fit"):
            apply_convention(image, Kernel(weights), convention)
        return
    expected = (convolve if turned else correlate)(
        image.tolist(), weights.tolist(), boundary=boundary, fill=fill, output_size=output_size, anchor=anchor
    )
    assert apply_convention(image, Kernel(weights), convention).tolist() == expected


def test_each_side_has_its_own_rule():
    image = np.array([[1, 2], [3, 4]])
    borders = Borders(
        Side(BorderRule.CONSTANT, 9), Side(BorderRule.EDGE), Side(BorderRule.REFLECT), Side(BorderRule.CONSTANT, 7)
    )
    window = padded_window(image, (-1, -1), (4, 4), borders)
    assert window.tolist() == [[9, 9, 9, 9], [2, 1, 2, 7], [4, 3, 4, 7], [4, 3, 4, 7]]


def test_constant_that_the_pixels_cannot_hold():
    window = padded_window(np.array([[1]], dtype=np.uint8), (0, -1), (1, 2), Borders.uniform("constant", -1))
    assert window.tolist() == [[-1, 1]]


def test_unfiltered_and_blank_borders():
    image = np.arange(1, 10).reshape(3, 3)
    kernel = Kernel(np.ones((3, 3)))
    unfiltered = apply_convention(image, kernel, Convention(borders=Borders.uniform("unfiltered")))
    assert unfiltered.tolist() == [[1, 2, 3], [4, 45, 6], [7, 8, 9]]
    blank = apply_convention(image, kernel, Convention(borders=Borders.uniform("blank", 5)))
    assert blank.tolist() == [[5, 5, 5], [5, 45, 5], [5, 5, 5]]


def test_anchor_outside_the_kernel():
    image = np.array([[1, 2, 3, 4]])
    shifted = Convention(odd_anchor=AnchorRule(AxisAnchor(), AxisAnchor(shift=2)))
    assert apply_convention(image, Kernel([[10]]), shifted).tolist() == [[0, 0, 10, 20]]


@pytest.mark.parametrize(
    ("scale", "divisor"),
    [(Scale.RAW, 1), (Scale.SUM, -2), (Scale.SUM_MAGNITUDE, 2), (Scale.ABSOLUTE_SUM, 4)],
)
def test_scale(scale, divisor):
    result = apply_convention(np.array([[2.0]]), Kernel([[1, -3, 0]], anchor=(0, 1)), Convention(scale=scale))
    assert result.tolist() == [[2 * -3 / divisor]]


def test_divisor_of_zero():
    image, kernel = np.array([[1.0, 2.0]]), Kernel([[-1, 0, 1]])
    raw = apply_convention(image, kernel, Convention(scale=Scale.SUM))
    assert raw.tolist() == [[2, -1]]
    nothing = apply_convention(image, kernel, Convention(scale=Scale.SUM, zero_sum=ZeroSum.ZERO))
    assert nothing.tolist() == [[0, 0]]
    with pytest.raises(CorrconvError, match="sums to 0"):
        apply_convention(image, kernel, Convention(scale=Scale.SUM, zero_sum=ZeroSum.REFUSED))


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (Rounding.HALF_EVEN, [-2, -2, 0, 0, 2, 2]),
        (Rounding.HALF_UP, [-2, -1, 0, 1, 2, 3]),
        (Rounding.HALF_AWAY, [-3, -2, -1, 1, 2, 3]),
        (Rounding.TRUNCATE, [-2, -1, 0, 0, 1, 2]),
        (Rounding.FLOOR, [-3, -2, -1, 0, 1, 2]),
    ],
)
def test_rounding(rounding, expected):
    assert rounding.of(np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])).tolist() == expected


def test_numbers():
    values, byte = np.array([-200.0, 0.5, 2.5, 400.0]), np.dtype(np.uint8)
    assert SATURATED.fit(values, byte).tolist() == [0, 0, 2, 255]
    assert SATURATED_HALF_UP.fit(values, byte).tolist() == [0, 1, 3, 255]
    assert CAST.fit(values, byte).tolist() == [56, 0, 2, 144]
    assert CAST.fit(np.array([-1.0, 7.0]), np.dtype(np.uint64))[1] == 7  # and no word of 2^64 - 1, no float64
    assert NumberRule("int16", Rounding.FLOOR, Overflow.SATURATE).fit(values, byte).tolist() == [-200, 0, 2, 400]
    assert NumberRule("float64", Rounding.NONE, Overflow.SATURATE).fit(values, byte).tolist() == [0, 0.5, 2.5, 255]


@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (4, 1)])
def test_interior_knows_no_border(output_size, shape):
    convention = Convention(output_size=output_size, even_anchor=LOWER)
    image, kernel = np.arange(42.0).reshape(6, 7), Kernel(np.ones(shape))
    one, other = (
        apply_convention(image, kernel, replace(convention, borders=Borders.uniform("constant", fill)))
        for fill in (0, 1000)
    )
    untouched = np.zeros(one.shape, bool)
    untouched[interior(image.shape, convention, shape)] = True
    assert ((one == other) == untouched).all()


def test_names():
    assert convention_named("cv2.filter2D").borders.shared == Side(BorderRule.REFLECT)
    with pytest.raises(CorrconvError, match=r"did you mean .*torch\.nn\.functional\.conv2d"):
        convention_named("conv2d")
    with pytest.raises(CorrconvError, match="lists them all"):
        convention_named("zzz")
    for name, convention in conventions().items():
        assert convention.name == name
        assert convention.source


def test_refused_kernel_shape():
    with pytest.raises(CorrconvError, match=r"PIL\.ImageFilter\.Kernel takes kernels of 3x3, 5x5"):
        apply_convention(np.ones((4, 4)), Kernel(np.ones((2, 2))), convention_named("PIL.ImageFilter.Kernel"))
