"""A result alone: what explains it, what cannot be told apart, and which mistake it shows."""

from __future__ import annotations

from dataclasses import replace

import fakes
import numpy as np
import pytest

from corrconv.commands.diagnose.study import diagnose
from corrconv.commands.diagnose.way import Intended, Treatment
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.geometry import AnchorRule, AxisAnchor
from corrconv.core.convention.model import LOWER, Borders, Convention, Orientation, Scale
from corrconv.core.convention.numbers import SATURATED, NumberRule, Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Boundary, Display, Operation, OutputSize
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import conventions

PICTURE = np.random.default_rng(5).integers(0, 256, (26, 28)).astype(np.uint8)
KERNEL = Kernel(np.array([[1, 2, 3], [4, 5, 6], [7, 8, -9]]) / 16)
EVEN = Kernel(np.array([[1, 2], [3, 5]]) / 16)


def explanation(image, kernel, result):
    """The only one."""
    diagnosis = diagnose(image, kernel, result)
    assert len(diagnosis.ways) == 1
    assert diagnosis.explained
    assert diagnosis.ways[0].deviation.first is None
    return diagnosis.ways[0].convention


DIFFERENT = {replace(convention, name="", source=""): name for name, convention in conventions().items()}


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        pytest.param(name, kernel, id=f"{name}-{kernel.shape[0]}")
        for name in DIFFERENT.values()
        for kernel in ((KERNEL, EVEN) if name.startswith("scipy") else (KERNEL,))
        if conventions()[name].accepts(kernel.shape)
    ],
)
def test_every_known_convention_is_recognised(name, kernel):
    convention = conventions()[name]
    if convention.whole_weights:  # what cutting the weights off leaves of them is not searched
        kernel = Kernel(np.arange(9).reshape(3, 3))
    picture = PICTURE if convention.takes(PICTURE.dtype) else PICTURE.astype(convention.pixels[0])
    found = explanation(picture, kernel, apply_convention(picture, kernel, convention))
    assert found.orientation is convention.orientation
    # Sums above 1 are divided alike by the sum, and by the sum but at least 1.
    assert found.scale.divisor(kernel) == convention.scale.divisor(kernel)
    assert found.output_size is convention.output_size
    if convention.output_size is OutputSize.SAME:
        assert found.anchor_cell(kernel.shape) == convention.anchor_cell(kernel.shape)


@pytest.mark.parametrize("orientation", Orientation)
def test_every_orientation(orientation):
    convention = Convention(orientation=orientation, borders=Borders.uniform("reflect"))
    found = explanation(
        PICTURE, Kernel([[1, 2, 3], [4, 5, -7]]), apply_convention(PICTURE, Kernel([[1, 2, 3], [4, 5, -7]]), convention)
    )
    assert found.orientation is orientation
    assert str(found.borders.right) == "reflect"


@pytest.mark.parametrize("rule", ["constant", "edge", "reflect", "symmetric", "wrap", "unfiltered", "blank"])
def test_every_border(rule):
    kernel = Kernel(np.arange(1, 16).reshape(5, 3))
    convention = Convention(borders=Borders.uniform(rule, 7))
    if convention.whole_weights:  # what cutting the weights off leaves of them is not searched
        kernel = Kernel(np.arange(9).reshape(3, 3))
    found = explanation(PICTURE, kernel, apply_convention(PICTURE, kernel, convention))
    assert found.borders.top.rule == rule
    assert found.borders.shared is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": Scale.ABSOLUTE_SUM},
        {"bias": 128.0},
        {"gain": 0.3},
        {"gain": -2.5, "bias": 12.0},
        {"output_size": OutputSize.VALID},
        {"output_size": OutputSize.FULL},
        {"numbers": NumberRule("uint8", Rounding.FLOOR, Overflow.WRAP)},
        {"odd_anchor": AnchorRule(AxisAnchor(), AxisAnchor(shift=1))},
    ],
)
def test_every_other_choice(changes):
    convention = replace(Convention(borders=Borders.uniform("edge")), **changes)
    found = explanation(PICTURE, KERNEL, apply_convention(PICTURE, KERNEL, convention))
    for name, value in changes.items():
        if name == "numbers":
            assert found.numbers.overflow is Overflow.WRAP
        elif name in {"gain", "bias"}:
            assert getattr(found, name) == pytest.approx(value, rel=1e-6)
        else:
            assert getattr(found, name) == value


def test_colour_and_real_numbers():
    image = np.random.default_rng(1).normal(0, 1, (20, 22, 3))
    convention = Convention(orientation=Orientation.HALF_TURN, borders=Borders.uniform("wrap"))
    assert explanation(image, KERNEL, apply_convention(image, KERNEL, convention)).operation is Operation.CONVOLUTION


def test_symmetric_kernel_cannot_tell():
    diagnosis = diagnose(PICTURE, Kernel(np.ones((3, 3))), fakes.correlation(PICTURE, np.ones((3, 3))))
    assert set(diagnosis.operations) == {Operation.CORRELATION, Operation.CONVOLUTION, None}
    for operation in Operation:
        assert diagnosis.mistakes(Intended(operation=operation)) == ()


def test_antisymmetric_kernel_is_not_explained_by_a_factor():
    sobel = Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    result = apply_convention(PICTURE, sobel, Convention(orientation=Orientation.HALF_TURN))
    assert Operation.CORRELATION not in diagnose(PICTURE, sobel, result).operations


def mistakes(result, operation="convolution", kernel=KERNEL, **expected):
    return diagnose(PICTURE, kernel, result).mistakes(Intended(operation=Operation(operation), **expected))


def test_mistakes_are_named():
    def made(kernel=KERNEL, **changes):
        return apply_convention(PICTURE, kernel, Convention(**changes))

    assert mistakes(made(orientation=Orientation.HALF_TURN)) == ()
    assert mistakes(made()) == ("kernel not flipped",)
    assert mistakes(made(orientation=Orientation.HALF_TURN), "correlation") == ("kernel flipped",)
    assert mistakes(made(orientation=Orientation.TOP_BOTTOM)) == ("kernel flipped top to bottom only",)
    assert mistakes(made(EVEN, even_anchor=LOWER), "correlation", EVEN, anchor=(1, 1)) == (
        "even kernel off by one pixel",
    )
    assert mistakes(made(), "correlation", borders=Borders.uniform("constant")) == ()
    edge = made(borders=Borders.uniform("edge"))
    assert mistakes(edge, "correlation", borders=Borders.uniform("constant")) == ("border edge instead of constant 0",)
    assert mistakes(made(scale=Scale.SUM), "correlation") == ("divided by the sum",)
    assert mistakes(fakes.wrapped_around(PICTURE, KERNEL.weights), "correlation") == ("values wrapped around",)


def test_values_clipped_before_the_sum_was_finished():
    total = np.zeros(PICTURE.shape)
    padded = np.pad(PICTURE.astype(float), 1)
    sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    for (i, j), weight in np.ndenumerate(sharpen):
        total = np.clip(total + weight * padded[i : i + 26, j : j + 28], 0, 255)
    diagnosis = diagnose(PICTURE, Kernel(sharpen), total.astype(np.uint8))
    assert diagnosis.ways[0].treatment is Treatment.CLIPPED_EARLY
    assert diagnosis.mistakes(Intended(operation=Operation.CORRELATION)) == (
        "values clipped before the sum was finished",
    )


def test_what_is_not_explained_comes_close():
    result = fakes.one_dead_pixel(PICTURE, KERNEL.weights)
    diagnosis = diagnose(PICTURE, KERNEL, result)
    assert not diagnosis.explained
    best = diagnosis.ways[0]
    assert (best.deviation.where, best.deviation.first, best.deviation.share) == ("interior", (3, 3), 1 / result.size)
    assert diagnosis.mistakes(Intended(operation=Operation.CORRELATION)) == ("no combination reproduces the result",)


def test_strange_border_is_said_to_be_the_border():
    result = fakes.correlation(PICTURE, KERNEL.weights)
    result[0] = np.random.default_rng(2).normal(size=28)
    best = diagnose(PICTURE, KERNEL, result).ways[0]
    assert (best.deviation.where, best.convention.operation) == ("border", Operation.CORRELATION)
    assert str(best.convention.borders.top) == "unknown"
    assert str(best.convention.borders.left) == "constant 0"


def test_median_is_not_explained():
    assert not diagnose(PICTURE, KERNEL, fakes.median(PICTURE, KERNEL.weights)).explained


def test_shapes_that_cannot_be():
    with pytest.raises(CorrconvError, match="neither same nor full nor valid"):
        diagnose(PICTURE, KERNEL, np.zeros((60, 60)))
    with pytest.raises(CorrconvError, match="same channels"):
        diagnose(PICTURE, KERNEL, np.zeros((26, 28, 3)))


def test_result_that_is_the_image_itself():
    diagnosis = diagnose(PICTURE, KERNEL, PICTURE)
    assert diagnosis.unfiltered
    assert diagnosis.mistakes(Intended(operation=Operation.CORRELATION)) == ("nothing was filtered",)
    assert not diagnose(PICTURE, Kernel([[0, 0, 0], [0, 1, 0], [0, 0, 0]]), PICTURE).unfiltered


def test_anchors_outside_the_kernel_are_not_offered_first():
    noise = np.random.default_rng(6).integers(0, 256, PICTURE.shape).astype(np.uint8)
    for shift in range(3):
        cell = diagnose(PICTURE, KERNEL, np.roll(noise, shift)).ways[0].convention.anchor_cell(KERNEL.shape)
        assert all(0 <= place < 3 for place in cell)


def test_mirrors_of_one_kernel_are_one_way():
    box = Kernel(np.ones((3, 3)) / 9)
    diagnosis = diagnose(PICTURE, box, apply_convention(PICTURE, box, Convention(numbers=SATURATED)))
    assert [len(way.conventions) for way in diagnosis.ways] == [8]
    # Correlation with its centre at 1,1 and convolution with 0,1 lay this one alike; the others do not.
    pair = Kernel([[1, 1]])
    diagnosis = diagnose(PICTURE, pair, apply_convention(PICTURE, pair, Convention()))
    assert {way.convention.start(pair.shape) for way in diagnosis.ways} == {(0, -1)}


@pytest.mark.parametrize("display", ["signed", "absolute", "rescale"])
@pytest.mark.parametrize("operation", Operation)
def test_display_rules_are_recognised(display, operation):
    kernel = Kernel([[1, 2, 3], [4, -9, 6], [-7, -8, 5]])
    rendered = render(
        PICTURE[:, :, None],
        kernel,
        operation,
        Options(boundary=Boundary.EDGE),
        Rendering(display=Display(display)),
        dtype=np.dtype(np.uint8),
    )
    diagnosis = diagnose(PICTURE, kernel, rendered.pixels[:, :, 0])
    assert diagnosis.operations == (operation,)
    assert diagnosis.ways[0].treatment.display == display


@pytest.mark.parametrize("trouble", [1.7e308, np.inf, np.nan])
def test_numbers_that_cannot_be_reckoned_with(trouble):
    huge = np.full((9, 9), trouble)
    with pytest.raises(CorrconvError, match="the image holds"):
        diagnose(huge, KERNEL, huge)
    with pytest.raises(CorrconvError, match="the result holds"):
        diagnose(np.ones((9, 9)), KERNEL, huge)
    with pytest.raises(CorrconvError, match="the kernel holds"):
        diagnose(np.ones((9, 9)), Kernel([[1e200]]), np.ones((9, 9)))


def test_of_too_many_places_for_one_number_those_about_the_middle_are_tried():
    picture = np.array([[5.0, 9], [2, 4]])
    found = diagnose(picture, zoo_kernel("log"), np.array([[77.0]]))
    assert found.untried == "anchors more than 2 cells off the middle"


def test_a_picture_too_large_to_be_searched_is_refused_beforehand():
    large = np.broadcast_to(np.uint8(7), (5000, 4001))
    with pytest.raises(CorrconvError, match=r"diagnosis of 5000 rows of 4001 pixels takes some 3 GB of memory"):
        diagnose(large, Kernel([[1, 2]]), large)
