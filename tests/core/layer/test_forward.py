"""A layer is the definition's sums over all channels, exact for whole numbers, and what torch computes."""

from __future__ import annotations

from itertools import product

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corrconv
from corrconv.core.layer.forward import layer
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError, InputTypeError

RANDOM = np.random.default_rng(21)
PICTURES = RANDOM.integers(-9, 10, (1, 4, 7, 10))

# Whole layers of torch's and of ours: groups, stride, dilation, padding, kernel.
LAYERS = list(product((1, 2, 4), ((1, 1), (2, 3)), ((1, 1), (2, 1)), ((0, 0), (1, 2)), ((3, 2), (2, 4))))


def whole(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(-9, 10, shape)


@st.composite
def layers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, dict]:
    """Small layers of every kind that fits together, with padding of its own on each side."""
    groups, per_group, filters = (draw(st.integers(1, 2)) for _ in range(3))
    side, stride, dilation = (tuple(draw(st.integers(1, 3)) for _ in range(2)) for _ in range(3))
    padding = tuple(tuple(draw(st.integers(0, 2)) for _ in range(2)) for _ in range(2))
    transposed = draw(st.booleans())
    lengths = [
        draw(st.integers(1 if transposed else max(1, step * (cells - 1) + 1 - sum(around)), 6))
        if transposed or step * (cells - 1) + 1 - sum(around) <= 6
        else step * (cells - 1) + 1
        for cells, step, around in zip(side, dilation, padding, strict=True)
    ]
    if transposed:  # more padding than was written leaves nothing
        padding = tuple(
            around if (length - 1) * by + step * (cells - 1) + 1 > sum(around) else (0, 0)
            for around, length, by, cells, step in zip(padding, lengths, stride, side, dilation, strict=True)
        )
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shape = (groups * filters, per_group, *side)
    if transposed:
        shape = (groups * per_group, filters, *side)
        options["output_padding"] = tuple(draw(st.integers(0, step - 1)) for step in stride)
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    pictures = random.integers(-9, 10, (draw(st.integers(1, 2)), groups * per_group, *lengths))
    bias = random.integers(-9, 10, groups * filters)
    return pictures, random.integers(-9, 10, shape), {**options, "bias": bias, "transposed": transposed}


@settings(max_examples=100)
@given(case=layers(), operation=st.sampled_from(Operation))
def test_every_layer_is_what_the_definition_says(case, operation):
    pictures, weights, options = case
    plain = {**options, "bias": options["bias"].tolist(), "turned": operation is Operation.CONVOLUTION}
    loops = oracle.transposed_layer if plain.pop("transposed") else oracle.layer
    expected = loops(pictures.tolist(), weights.tolist(), **plain)
    found = layer(pictures, weights, operation=operation, **options)
    assert found.dtype == np.float64
    assert found.tolist() == expected


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_torch_conv2d_and_conv_transpose2d(groups, transposed):
    torch = pytest.importorskip("torch")
    for case in LAYERS:
        if case[0] != groups:
            continue
        _, stride, dilation, padding, side = case
        weights = whole(4, 8 // groups if transposed else 4 // groups, *side)
        bias = whole(8 if transposed else 4)
        options = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
        if transposed:
            options["output_padding"] = (stride[0] - 1, 0)
        function = torch.nn.functional.conv_transpose2d if transposed else torch.nn.functional.conv2d
        arrays = [torch.from_numpy(array.astype(np.float64)) for array in (PICTURES, weights, bias)]
        expected = function(*arrays, **options).numpy()
        found = layer(PICTURES, weights, bias=bias, transposed=transposed, **options)
        assert found.shape == expected.shape, case
        assert (found == expected).all(), case


def test_numbers_by_hand():
    # One output of two channels: 1·1 + 2·1 and 10·1 + 20·0, and 5 on top.
    found = corrconv.layer([[[[1, 2, 3]], [[10, 20, 30]]]], [[[[1, 1]], [[1, 0]]]], bias=[5])
    assert found.tolist() == [[[[1 + 2 + 10 + 5, 2 + 3 + 20 + 5]]]]
    # Each pixel writes the kernel, two places apart.
    found = corrconv.layer([[[[1, 10]]]], [[[[1, 2, 3]]]], transposed=True, stride=2)
    assert found.tolist() == [[[[1, 2, 3 + 10, 20, 30]]]]
    # Convolution turns each kernel, not the order of the channels.
    found = corrconv.layer([[[[1, 2]], [[10, 20]]]], [[[[3, 4]], [[0, 5]]]], operation="convolution")
    assert found.tolist() == [[[[4 * 1 + 3 * 2 + 5 * 10]]]]


def test_the_transposed_layer_is_the_adjoint():
    """⟨layer(x), y⟩ = ⟨x, transposed(y)⟩, whatever the layer."""
    options = {"stride": (2, 3), "padding": ((1, 0), (2, 1)), "dilation": (2, 1), "groups": 2}
    weights = whole(6, 2, 3, 2)
    for operation in Operation:
        forward = layer(PICTURES, weights, operation=operation, **options)
        upstream = whole(*forward.shape)
        back = layer(upstream, weights, operation=operation, transposed=True, output_padding=(1, 2), **options)
        assert back.shape == PICTURES.shape
        assert (forward * upstream).sum() == (PICTURES * back).sum()


def test_whole_numbers_beyond_float64_stay_exact_and_what_does_not_fit_is_refused():
    large = np.full((1, 3, 1, 1), 2**54, dtype=np.int64)
    found = layer(large, [[[[1]], [[1]], [[-2]]]], bias=[1], dtype=np.int64)
    assert found.tolist() == [[[[1]]]]
    with pytest.raises(CorrconvError, match="do not fit uint8"):
        layer([[[[200]], [[100]]]], [[[[1]], [[1]]]], dtype=np.uint8)
    assert layer(np.ones((1, 1, 2, 2), np.float32), [[[[0.5]]]]).dtype == np.float32


@pytest.mark.parametrize(
    ("images", "weights", "options", "message"),
    [
        ((1, 3, 4, 4), (1, 2, 3, 3), {}, "read 2 channels, and the picture has 3"),
        (
            (1, 4, 4, 4),
            (4, 1, 3, 3),
            {"groups": 2},
            r"read 2 channels \(1 in each of 2 groups\), and the picture has 4",
        ),
        ((1, 4, 4, 4), (3, 2, 3, 3), {"groups": 2}, "3 filters cannot be shared out over 2 groups"),
        ((1, 1, 2, 4), (1, 1, 3, 3), {}, "spans 3 pixels where the picture has 2; nothing is left"),
        ((1, 1, 2, 4), (1, 1, 3, 3), {"dilation": 2, "padding": 1}, "spans 5 pixels where the picture has 2 with 1"),
        ((1, 1, 2, 2), (1, 1, 2, 2), {"transposed": True, "padding": 2}, "padding cuts off 2 [+] 2"),
        ((1, 1, 2, 2), (1, 1, 2, 2), {"output_padding": 1}, "is not transposed"),
        ((1, 1, 2, 2), (1, 1, 2, 2), {"output_padding": 1, "transposed": True}, "not smaller than the stride"),
        ((1, 1, 4, 4), (1, 1, 2, 2), {"bias": [1, 2]}, "this layer needs 1"),
        ((1, 1, 4, 4), (1, 1, 2, 2), {"padding": (1, 2, 3)}, "padding"),
        ((1, 1, 4, 4), (1, 1, 2, 2), {"padding": -1}, "at least 0"),
        ((1, 1, 4, 4), (1, 1, 2, 2), {"groups": 0}, "at least 1"),
        ((1, 1, 4, 4), (1, 1, 2, 2), {"operation": "flip"}, "operation 'flip' does not exist"),
        ((1, 4, 4), (1, 1, 2, 2), {}, "they need 4 sides: pictures, channels, rows, columns"),
        ((0, 1, 4, 4), (1, 1, 2, 2), {}, "they need 4 sides"),
        ((1, 1, 4, 4), (1, 2, 2), {}, "they need 4 sides: out, channels / groups, rows, columns"),
    ],
)
def test_what_does_not_fit_together_is_told(images, weights, options, message):
    with pytest.raises(CorrconvError, match=message):
        layer(np.ones(images), np.ones(weights), **options)


def test_complex_pictures_are_refused():
    with pytest.raises(InputTypeError):
        layer(np.ones((1, 1, 2, 2), complex), np.ones((1, 1, 1, 1)))
