"""Strides, dilation, pads and transposed convolution of conventions: by plain loops, and by PyTorch, JAX and ONNX."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from corrconv.core.convention.filtering import apply_convention, interior
from corrconv.core.convention.geometry import Pads, SameRule
from corrconv.core.convention.model import Borders, Convention, Orientation
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize

SHAPES = [(1, 1), (2, 2), (3, 3), (2, 3), (4, 1), (5, 4)]
VALID, FULL, SAME = OutputSize.VALID, OutputSize.FULL, OutputSize.SAME


def whole(shape, seed=5):
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(np.float64)


def by_loops(image, weights, starts, counts, stride, dilation):
    """Sums of products from these places on, with zeros outside."""
    result = np.zeros(counts)
    for (row, column), (i, j) in product(np.ndindex(*counts), np.ndindex(*weights.shape)):
        y = starts[0] + row * stride[0] + i * dilation[0]
        x = starts[1] + column * stride[1] + j * dilation[1]
        if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
            result[row, column] += weights[i, j] * image[y, x]
    return result


@pytest.mark.parametrize("shape", SHAPES)
def test_pads_stride_and_dilation_are_plain_loops(shape):
    image, weights = whole((9, 11)), whole(shape, 6)
    for stride, dilation, pads in product([(1, 1), (2, 3)], [(1, 1), (2, 1)], [Pads(), Pads(1, 2, 3, 0)]):
        extent = [step * (side - 1) + 1 for step, side in zip(dilation, shape, strict=True)]
        sides = (9 + pads.top + pads.bottom, 11 + pads.left + pads.right)
        counts = tuple((sides[axis] - extent[axis]) // stride[axis] + 1 for axis in (0, 1))
        expected = by_loops(image, weights, (-pads.top, -pads.left), counts, stride, dilation)
        found = Convention(output_size=VALID, pads=pads, stride=stride, dilation=dilation)
        assert np.array_equal(apply_convention(image, Kernel(weights), found), expected)


@pytest.mark.peer
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("padding", "stride", "dilation"), [*product([0, 3], [1, 2, 3], [1, 2])])
def test_torch_conv2d(shape, padding, stride, dilation):
    torch = pytest.importorskip("torch")
    image, weights = whole((9, 10)), whole(shape, 6)
    pixels, kernel = (torch.from_numpy(it)[None, None] for it in (image, weights))
    peer = torch.nn.functional.conv2d(pixels, kernel, padding=padding, stride=stride, dilation=dilation)[0, 0]
    pads = Pads(padding, padding, padding, padding)
    found = Convention(output_size=VALID, pads=pads, stride=(stride, stride), dilation=(dilation, dilation))
    assert np.array_equal(apply_convention(image, Kernel(weights), found), peer.numpy())


@pytest.mark.peer
@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (5, 4)])
@pytest.mark.parametrize(
    ("stride", "padding", "output_padding", "dilation"), [(1, 0, 0, 1), (2, 0, 0, 1), (3, 1, 2, 1), (2, 1, 1, 2)]
)
def test_torch_transposed(shape, stride, padding, output_padding, dilation):
    """A convolution of the spread picture; what padding cuts off and output_padding adds are pads."""
    torch = pytest.importorskip("torch")
    image, weights = whole((5, 6)), whole(shape, 6)
    pixels, kernel = (torch.from_numpy(it)[None, None] for it in (image, weights))
    peer = torch.nn.functional.conv_transpose2d(
        pixels, kernel, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )[0, 0]
    end = output_padding - padding
    found = Convention(
        orientation=Orientation.HALF_TURN,
        output_size=FULL,
        pads=Pads(-padding, end, -padding, end),
        dilation=(dilation, dilation),
        spread=(stride, stride),
    )
    assert np.array_equal(apply_convention(image, Kernel(weights), found), peer.numpy())


@pytest.mark.peer
@pytest.mark.parametrize(("rule", "padding"), [(SameRule.AFTER, "SAME"), (SameRule.BEFORE, "SAME_LOWER")])
@pytest.mark.parametrize("size", [(9, 10), (8, 7), (2, 3)])
@pytest.mark.parametrize("shape", SHAPES)
def test_halved_pixels_outside_are_those_of_tensorflow(rule, padding, size, shape):
    lax = pytest.importorskip("jax.lax")
    image, weights = whole(size), whole(shape, 6)
    for stride, dilation in [((1, 1), (1, 1)), ((2, 3), (1, 1)), ((1, 1), (2, 3)), ((3, 2), (2, 2))]:
        pixels, kernel = (it.astype(np.float32)[None, None] for it in (image, weights))
        peer = lax.conv_general_dilated(pixels, kernel, stride, padding, rhs_dilation=dilation)[0, 0]
        found = Convention(output_size=SAME, same_rule=rule, stride=stride, dilation=dilation)
        assert np.array_equal(apply_convention(image, Kernel(weights), found), np.asarray(peer))


def test_the_place_of_the_first_output_needs_the_size_of_the_picture():
    with pytest.raises(ValueError, match="size"):
        Convention(same_rule=SameRule.AFTER, stride=(2, 2)).start((3, 3))


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (4, 1)])
@pytest.mark.parametrize(
    "convention",
    [
        Convention(stride=(2, 3)),
        Convention(dilation=(2, 1), output_size=FULL),
        Convention(output_size=VALID, pads=Pads(2, 0, 1, 3), stride=(3, 1)),
        Convention(same_rule=SameRule.BEFORE, stride=(2, 2)),
        Convention(output_size=FULL, pads=Pads(-1, 0, -1, 2), spread=(2, 3)),
    ],
)
def test_interior_knows_no_border(convention, shape):
    image, kernel = np.arange(210.0).reshape(14, 15), Kernel(np.ones(shape))
    one, other = (
        apply_convention(image, kernel, Convention(**{**convention.__dict__, "borders": borders}))
        for borders in (Borders.uniform("constant", 0), Borders.uniform("constant", 1000))
    )
    untouched = np.zeros(one.shape, bool)
    untouched[interior(image.shape, convention, shape)] = True
    assert ((one == other) == untouched).all()


def test_an_unfiltered_border_at_a_stride():
    image = np.arange(25).reshape(5, 5)
    found = apply_convention(
        image, Kernel(np.ones((3, 3))), Convention(borders=Borders.uniform("unfiltered"), stride=(2, 2))
    )
    assert found.tolist() == [[0, 2, 4], [10, 9 * 12, 14], [20, 22, 24]]
