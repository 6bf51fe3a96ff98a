"""Stacks of layers: padding words as libraries mean them, pooling, the spelled output, the matrix, the way back."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from corrconv.commands.layer.backward import go_back, gradient_formulas
from corrconv.commands.layer.matrix import layer_matrix
from corrconv.commands.layer.output import spell_output
from corrconv.commands.layer.padding import PaddingRule, axis_padding
from corrconv.commands.layer.study import LayerInput, LayerPlan, Pooling, stack_layers
from corrconv.core.layer.forward import layer
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

RANDOM = np.random.default_rng(31)
IMAGES = RANDOM.integers(-9, 10, (1, 4, 6, 7))


def pictures(images=IMAGES):
    return LayerInput(name="numbers", shape=images.shape[1:], images=images)


def weighted(*shape, **options):
    weights = np.random.default_rng(5).integers(-9, 10, shape)
    return LayerPlan(name="w", sides=shape[2:], weights=weights, **options)


# Padding


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_same_as_torch_pads_it(side, dilation):
    torch = pytest.importorskip("torch")
    line, weights = RANDOM.normal(size=(1, 1, 1, 11)), RANDOM.normal(size=(1, 1, 1, side))
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(line), torch.from_numpy(weights), padding="same", dilation=(1, dilation)
    )
    sides = axis_padding(PaddingRule.TORCH, 11, side, 1, dilation)
    found = layer(line, weights, padding=((0, 0), sides), dilation=(1, dilation))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rule", "name"), [("same:onnx-upper", "SAME_UPPER"), ("same:onnx-lower", "SAME_LOWER")])
def test_same_as_onnxruntime_pads_it(rule, name):
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    for side, stride in product((2, 3, 4), (1, 2, 3)):
        line, weights = (RANDOM.integers(-9, 10, (1, 1, 1, n)).astype(np.float32) for n in (11, side))
        node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], auto_pad=name, strides=[1, stride])
        inputs = [
            onnx.helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, array.shape)
            for key, array in (("x", line), ("w", weights))
        ]
        output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
        graph = onnx.helper.make_graph([node], "same", inputs, [output])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
        session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        (expected,) = session.run(None, {"x": line, "w": weights})
        sides = axis_padding(PaddingRule(rule), 11, side, stride, 1)
        assert (layer(line, weights, padding=((0, 0), sides), stride=(1, stride)) == expected).all(), (side, stride)


def test_same_alone_is_taken_only_where_all_agree():
    assert axis_padding(PaddingRule.SAME, 9, 3, 1, 2) == (2, 2)
    assert axis_padding(PaddingRule.FULL, 9, 3, 1, 2) == (4, 4)
    with pytest.raises(CorrconvError, match="same:onnx-upper pad 1 before and 2 after, same:onnx-lower 2 and 1"):
        axis_padding(PaddingRule.SAME, 9, 4, 1, 1)
    with pytest.raises(CorrconvError, match=r"torch refuses it.* pad 0 before and 1 after"):
        axis_padding(PaddingRule.SAME, 8, 3, 2, 1)
    with pytest.raises(CorrconvError, match="no padding 'same' with a stride"):
        axis_padding(PaddingRule.TORCH, 8, 3, 2, 1)


# Layers in a row


def test_sizes_receptive_fields_and_strides_of_layers_in_a_row():
    plans = [
        LayerPlan(name="a", sides=(3, 3), filters=16, padding=PaddingRule.SAME),
        LayerPlan(name="b", sides=(2, 2), pooling=Pooling.MAX),
        LayerPlan(name="c", sides=(3, 3), filters=32, stride=(2, 2)),
        LayerPlan(name="d", sides=(2, 2), filters=8, transposed=True, stride=(2, 2)),
    ]
    stack = stack_layers(LayerInput(name="size", shape=(3, 32, 32)), plans)
    assert [each.shape.output for each in stack.layers] == [(16, 32, 32), (16, 16, 16), (32, 7, 7), (8, 14, 14)]
    assert [each.parameters for each in stack.layers] == [16 * 3 * 9, 0, 32 * 16 * 9, 32 * 8 * 4]
    # 3, one pixel more by pooling, twice two more by the third; the fourth writes without overlap.
    assert [field[0] for field in stack.receptive_fields] == [3, 4, 8, 8]
    assert [steps[0] for steps in stack.strides] == [1, 2, 4, 2]
    assert stack.strides[-1] == (Fraction(2), Fraction(2))
    with pytest.raises(CorrconvError, match="only a size; give a picture"):
        stack.run()


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [None, (1, 2)])
def test_pooling_as_torch_pools(padding, stride):
    torch = pytest.importorskip("torch")
    values = torch.from_numpy(IMAGES.astype(np.float64))
    functions = {Pooling.MAX: torch.nn.functional.max_pool2d, Pooling.MEAN: torch.nn.functional.avg_pool2d}
    for pooling, function in functions.items():
        plan = LayerPlan(name="p", sides=(2, 3), pooling=pooling, stride=stride, padding=((padding, padding),) * 2)
        expected = function(values, (2, 3), stride, padding).numpy()
        for images in (IMAGES, IMAGES.astype(np.float64)):
            found = stack_layers(pictures(images), [plan]).run()
            np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


def test_kernels_become_filters_that_read_the_channels_that_were_named():
    ones, twos = np.ones((2, 2)), np.full((2, 2), 2.0)
    plan = LayerPlan(name="k", sides=(2, 2), readers=(((ones, None),), ((ones, 0), (twos, 3))))
    (laid,) = stack_layers(pictures(), [plan]).layers
    assert laid.weights[:, :, 0, 0].tolist() == [[1, 1, 1, 1], [1, 0, 0, 2]]
    grouped = LayerPlan(name="k", sides=(2, 2), readers=(((ones, None),), ((twos, 3),)), groups=2)
    (laid,) = stack_layers(pictures(), [grouped]).layers
    assert laid.weights[:, :, 0, 0].tolist() == [[1, 1], [0, 2]]
    back = stack_layers(pictures(), [LayerPlan(**{**vars(grouped), "transposed": True})])
    assert back.layers[0].weights[:, :, 0, 0].tolist() == [[1], [1], [0], [2]]
    with pytest.raises(CorrconvError, match="filter 1 cannot read channel 0: it has channels 2 to 3"):
        stack_layers(pictures(), [LayerPlan(**{**vars(grouped), "readers": (((ones, None),), ((twos, 0),))})])


# One output


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("operation", Operation)
def test_the_terms_of_every_output_add_up_to_what_the_layer_computes(transposed, operation):
    options = {"stride": (2, 1), "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 2, "transposed": transposed}
    plan = weighted(4, 2, 3, 2, operation=operation, bias=np.arange(4), **options)
    stack = stack_layers(pictures(), [plan])
    result = stack.run()
    _, out, rows, columns = result.shape
    for index, row, column in np.ndindex(out, rows, columns):
        spelled = spell_output(stack, (row, column), index)
        for which, each in enumerate(Operation):
            total = sum(channel.sums[which] for channel in spelled.channels) + spelled.bias
            assert total == spelled.results[which]
            if each is operation:
                assert total == result[0, index, row, column]
        assert all(term.value == 0 for channel in spelled.channels for term in channel.terms if not term.inside)


@pytest.mark.parametrize(
    ("at", "index", "message"),
    [((6, 0), 0, "the output has 4 rows and 6 columns"), ((0, 0), 4, "filter 4 does not exist")],
)
def test_places_and_filters_that_do_not_exist(at, index, message):
    with pytest.raises(CorrconvError, match=message):
        spell_output(stack_layers(pictures(), [weighted(4, 4, 3, 2)]), at, index)


def test_what_has_no_products_is_told():
    pooled = stack_layers(pictures(), [LayerPlan(name="max", sides=(2, 2), pooling=Pooling.MAX)])
    for question in (lambda: spell_output(pooled, (0, 0), 0), lambda: go_back(pooled)):
        with pytest.raises(CorrconvError, match="no sum of products"):
            question()
    with pytest.raises(CorrconvError, match="not linear"):
        layer_matrix(pooled)
    with pytest.raises(CorrconvError, match="single layer"):
        go_back(stack_layers(pictures(), [weighted(4, 4, 1, 1)] * 2))


# The matrix


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_the_matrix_times_the_pixels_is_the_output(transposed, stride):
    plan = weighted(4, 2, 3, 2, stride=stride, padding=((1, 1), (0, 1)), groups=2, transposed=transposed)
    stack = stack_layers(pictures(), [plan])
    matrix = layer_matrix(stack)
    assert (matrix.values @ IMAGES.ravel() == stack.run().ravel()).all()
    assert matrix.toeplitz
    assert matrix.transposes


def test_a_matrix_by_hand():
    images = np.arange(3).reshape(1, 1, 1, 3)
    plan = LayerPlan(name="w", sides=(1, 2), weights=np.array([[[[1, 2]]]]))
    assert layer_matrix(stack_layers(pictures(images), [plan])).values.tolist() == [[1, 2, 0], [0, 1, 2]]
    with pytest.raises(CorrconvError, match="take a smaller picture"):
        layer_matrix(stack_layers(LayerInput(name="s", shape=(1, 64, 64)), [LayerPlan(name="s", sides=(3, 3))]))


# The way back


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("transposed", [False, True])
def test_gradients_agree_with_small_steps_and_with_torch(operation, transposed):
    for stride, dilation in product(((1, 1), (2, 3)), ((1, 1), (1, 2))):
        options = {"stride": stride, "dilation": dilation, "padding": ((1, 0), (0, 1)), "groups": 2}
        plan = weighted(4, 2, 3, 2, operation=operation, transposed=transposed, **options)
        back = go_back(stack_layers(pictures(), [plan]))
        assert max(check.error for check in back.checks) == 0  # whole numbers
        pytest.importorskip("torch")
        assert max(check.torch_error for check in back.checks) < 1e-14


def test_a_wrong_gradient_is_seen(monkeypatch):
    from corrconv.commands.layer import backward

    right = backward.run_gradients

    def wrong(*arguments):
        found = right(*arguments)
        return backward.LayerGradients(found.images[:, :, ::-1], found.weights[..., ::-1], found.bias + 1)

    monkeypatch.setattr(backward, "run_gradients", wrong)
    back = go_back(stack_layers(pictures(), [weighted(4, 4, 3, 2)]), RANDOM.normal(size=(1, 4, 4, 6)))
    assert min(check.error for check in back.checks) > 1e-3


@pytest.mark.parametrize(
    ("options", "formulas"),
    [
        ({}, ("G ∗ W: full convolution", "I ⋆ G: valid correlation")),
        (
            {"operation": Operation.CONVOLUTION},
            ("G ⋆ W: full correlation", "I ⋆ G: valid correlation, turned by 180°"),
        ),
        (
            {"stride": (2, 2), "dilation": (1, 2), "padding": ((1, 1), (1, 1))},
            (
                "G ∗ W: full convolution, G's cells 2 apart, W's cells 1,2 apart, padding cut off",
                "padded I ⋆ G: valid correlation, G's cells 2 apart, every 1,2th place",
            ),
        ),
        (
            {"transposed": True, "stride": (2, 2)},
            ("G ⋆ W: valid correlation, every 2th place", "G ⋆ I: valid correlation, I's cells 2 apart"),
        ),
    ],
)
def test_the_formula_says_which_filtering_it_is(options, formulas):
    (laid,) = stack_layers(pictures(), [weighted(4, 4, 3, 2, **options)]).layers
    assert gradient_formulas(laid)[:2] == formulas
