"""Gradients are what small changes change, and what torch's autograd finds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import corrconv
from corrconv.core.layer.forward import layer
from corrconv.core.layer.gradients import layer_gradients
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

RANDOM = np.random.default_rng(22)
PICTURES = RANDOM.integers(-9, 10, (2, 4, 7, 8)).astype(np.float64)
CASES = [
    {"groups": groups, "stride": stride, "dilation": dilation, "padding": padding, "transposed": transposed}
    for groups, stride, dilation, padding, transposed in product(
        (1, 2), ((1, 1), (2, 3)), ((1, 1), (2, 1)), (((0, 0), (0, 0)), ((1, 2), (2, 0))), (False, True)
    )
]


def weights_of(case: dict) -> np.ndarray:
    return np.random.default_rng(3).integers(-9, 10, (4, 4 // case["groups"], 3, 2)).astype(np.float64)


@pytest.mark.parametrize("operation", Operation)
def test_a_step_changes_the_sum_by_the_gradient(operation):
    """The sum is linear in each number, so a step of 1 measures the gradient exactly."""
    for case in CASES:
        weights = weights_of(case)
        options = {**case, "operation": operation}
        result = layer(PICTURES, weights, **options)
        upstream = RANDOM.integers(-9, 10, result.shape)
        found = layer_gradients(PICTURES, weights, upstream, **options)
        before = (upstream * result).sum()
        for place in ((0, 0, 0, 0), (1, 3, 6, 7), (1, 1, 3, 2)):
            moved = PICTURES.copy()
            moved[place] += 1
            assert (upstream * layer(moved, weights, **options)).sum() - before == found.images[place], case
        for place in ((0, 0, 0, 0), (3, weights.shape[1] - 1, 2, 1), (2, 1, 1, 0)):
            moved = weights.copy()
            moved[place] += 1
            assert (upstream * layer(PICTURES, moved, **options)).sum() - before == found.weights[place], case
        assert found.bias.tolist() == upstream.sum(axis=(0, 2, 3)).tolist()


@pytest.mark.parametrize("transposed", [False, True])
def test_torch_autograd(transposed):
    torch = pytest.importorskip("torch")
    function = torch.nn.functional.conv_transpose2d if transposed else torch.nn.functional.conv2d
    for groups, stride, dilation, padding in product((1, 4), (1, (2, 3)), (1, (2, 1)), (0, (1, 2))):
        case = {"groups": groups, "stride": stride, "dilation": dilation, "padding": padding}
        weights = weights_of(case)
        arrays = [torch.tensor(array, requires_grad=True) for array in (PICTURES, weights, np.zeros(4))]
        result = function(*arrays, **case)
        upstream = RANDOM.integers(-9, 10, result.shape).astype(np.float64)
        result.backward(torch.from_numpy(upstream))
        found = layer_gradients(PICTURES, weights, upstream, transposed=transposed, **case)
        for ours, theirs in zip((found.images, found.weights, found.bias), arrays, strict=True):
            assert (ours == theirs.grad.numpy()).all(), case


def test_numbers_by_hand():
    found = corrconv.layer_gradients([[[[1, 2, 3]]]], [[[[10, 20]]]], [[[[1, 100]]]])
    # The middle pixel meets 20 in the first output and 10 in the second.
    assert found.images.tolist() == [[[[10, 20 + 100 * 10, 100 * 20]]]]
    assert found.weights.tolist() == [[[[1 + 2 * 100, 2 + 3 * 100]]]]
    assert found.bias.tolist() == [101]
    turned = corrconv.layer_gradients([[[[1, 2, 3]]]], [[[[10, 20]]]], [[[[1, 100]]]], operation="convolution")
    assert turned.images.tolist() == [[[[20, 10 + 100 * 20, 100 * 10]]]]
    assert turned.weights.tolist() == [[[[2 + 3 * 100, 1 + 2 * 100]]]]


def test_gradients_of_the_two_operations_are_the_filterings_that_the_flip_makes_of_them():
    picture, weights, upstream = PICTURES[:1, :1], PICTURES[:1, :1, :3, :2], PICTURES[:1, 1:2, :5, :7]
    plane = {"boundary": "constant", "output_size": "full"}
    filters = {"correlation": corrconv.convolve, "convolution": corrconv.correlate}
    for operation, backwards in filters.items():
        found = layer_gradients(picture, weights, upstream, operation=operation)
        assert (found.images[0, 0] == backwards(upstream[0, 0], weights[0, 0], **plane)).all()
        seen = corrconv.correlate(picture[0, 0], upstream[0, 0], output_size="valid")
        assert (found.weights[0, 0] == (seen if operation == "correlation" else seen[::-1, ::-1])).all()


def test_float32_stays_float32_and_whole_numbers_are_exact():
    ones = np.ones((1, 1, 2, 2), np.float32)
    found = layer_gradients(ones, ones, np.ones((1, 1, 1, 1), np.float32))
    assert {found.images.dtype, found.weights.dtype, found.bias.dtype} == {np.dtype(np.float32)}
    large = np.array([[[[2**26 + 1, -(2**26)]]]])
    assert layer_gradients(large, [[[[1]]]], large).weights.tolist() == [[[[float((2**26 + 1) ** 2 + 2**52)]]]]


@pytest.mark.parametrize(
    ("upstream", "message"),
    [(np.ones((2, 4, 5, 6)), "and the result has"), (np.full((2, 4, 5, 7), np.nan), "finite numbers")],
)
def test_what_is_no_upstream_gradient_is_told(upstream, message):
    with pytest.raises(CorrconvError, match=message):
        layer_gradients(PICTURES, weights_of({"groups": 1}), upstream)
