"""ONNX's operators, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from corrconv.core.convention.geometry import Pads, SameRule
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.contest import matching, padded
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Run, Wanted
from corrconv.libraries.shared import (
    CONVOLUTION,
    CORRELATION,
    FLOAT32,
    LOWER_CORRELATION,
    Pair,
    by_padding_word,
    output_padding_of,
    pair,
)

PADDINGS = {
    "SAME_UPPER": (LOWER_CORRELATION, SameRule.AFTER),
    "SAME_LOWER": (CORRELATION, SameRule.BEFORE),
    "VALID": (CORRELATION.changed(output_size=OutputSize.VALID), SameRule.ANCHOR),
}
FourPads = tuple[int, int, int, int]


def _conv(
    *,
    auto_pad: str = "SAME_UPPER",
    pads: FourPads | None = None,
    strides: Pair = 1,
    dilations: Pair = 1,
) -> dict[str, Any]:
    if pads is not None:
        top, left, bottom, right = pads
        sides = Pads(top, bottom, left, right)
        return {"stride": pair(strides), "dilation": pair(dilations), "output_size": OutputSize.VALID, "pads": sides}
    if auto_pad != "VALID" and pair(dilations) != (1, 1):
        raise CorrconvError(f"ONNX Runtime has no auto_pad={auto_pad} with dilations; say pads, such as pads=(1,1,1,1)")
    return by_padding_word(PADDINGS, auto_pad, strides, dilations)


def _place_conv(wanted: Wanted) -> dict[str, Any]:
    spaced = {"strides": wanted.stride, "dilations": wanted.dilation}
    given: dict[str, Any] = {name: steps for name, steps in spaced.items() if steps != (1, 1)}
    if wanted.output_size is OutputSize.VALID:
        pads = wanted.pads
        return {"auto_pad": "NOTSET", "pads": (pads.top, pads.left, pads.bottom, pads.right), **given}
    if wanted.stride != (1, 1):
        return {}
    centred = wanted.cell == (wanted.shape[0] // 2, wanted.shape[1] // 2)
    return {"auto_pad": "SAME_LOWER" if centred else "SAME_UPPER", **given}


CONV_TEXT = PythonText(
    """import onnxruntime
from onnx import TensorProto, helper  # the model is made by the package onnx: pip install onnx onnxruntime


def conv(image, kernel, **attributes):
    shaped = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, None, None]) for name in "xwy"]
    node = helper.make_node("Conv", ["x", "w"], ["y"], **attributes)
    graph = helper.make_graph([node], "port", shaped[:2], shaped[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image, kernel = (each.astype(np.float32)[None, None] for each in (image, kernel))
    return session.run(None, {"x": image, "w": kernel})[0][0, 0]
""",
    "conv(padded, kernel{settings})",
)


def _conv_transpose(
    *,
    strides: Pair = 1,
    pads: FourPads = (0, 0, 0, 0),
    output_padding: Pair = 0,
    dilations: Pair = 1,
) -> dict[str, Any]:
    top, left, bottom, right = pads
    down, across = output_padding_of(output_padding, strides, 1)
    return {
        "spread": pair(strides),
        "dilation": pair(dilations),
        "pads": Pads(-top, down - bottom, -left, across - right),
    }


def _call(operator: str) -> Callable[..., Array]:
    def call(image: Array, kernel: Array, **settings: Any) -> Array:
        runtime = import_module("onnxruntime")
        numbers = {
            name: list(value if isinstance(value, tuple) else (value, value))
            for name, value in settings.items()
            if not isinstance(value, str)
        }
        words = {name: value for name, value in settings.items() if isinstance(value, str) and "pads" not in settings}
        session = runtime.InferenceSession(
            node_model(operator, {**words, **numbers}), providers=["CPUExecutionProvider"]
        )
        pixels, weights = (values.astype(np.float32)[None, None] for values in (image, kernel))
        result: Array = session.run(None, {"image": pixels, "kernel": weights})[0][0, 0]
        return result

    return call


def _contest(image: Array, weights: Array, _: int) -> Run | None:
    runtime = import_module("onnxruntime")
    if weights.size > 1000 or image.dtype == np.float64:
        return None
    session = runtime.InferenceSession(node_model("Conv", {"auto_pad": "VALID"}), providers=["CPUExecutionProvider"])
    taps = matching(image, weights)[None, None]

    def run() -> Array:
        pixels = padded(image, weights).astype(np.float32, copy=False)[None, None]
        result: Array = session.run(None, {"image": pixels, "kernel": taps})[0][0, 0]
        return result

    return run


def node_model(operator: str, attributes: Mapping[str, str | list[int]]) -> bytes:
    """An ONNX model of one node in protocol buffers' wire format, so that no ONNX package is needed.

    Source: onnx/onnx.proto of ONNX, whose field numbers these are.
    """

    def message(*fields: tuple[int, int | str | bytes]) -> bytes:
        return b"".join(_onnx_field(number, value) for number, value in fields)

    def tensor(name: str) -> bytes:
        sides = message(*((1, message((2, f"{name}{axis}"))) for axis in range(4)))
        return message((1, name), (2, message((1, message((1, 1), (2, sides))))))

    def attribute(name: str, value: str | list[int]) -> bytes:
        if isinstance(value, str):
            return message((1, name), (4, value), (20, 3))
        return message((1, name), *((8, number) for number in value), (20, 7))

    given = (attribute(name, value) for name, value in attributes.items())
    node = message((1, "image"), (1, "kernel"), (2, "result"), (4, operator), *((5, each) for each in given))
    graph = message((1, node), (2, "graph"), (11, tensor("image")), (11, tensor("kernel")), (12, tensor("result")))
    return message((1, 8), (7, graph), (8, message((1, ""), (2, 13))))


def _onnx_field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _variable_length(number << 3) + _variable_length(value)
    data = value.encode() if isinstance(value, str) else value
    return _variable_length(number << 3 | 2) + _variable_length(len(data)) + data


def _variable_length(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


FUNCTIONS = (
    LibraryFunction(
        name="onnxruntime.Conv",
        aliases=("onnxruntime.conv", "onnx.Conv"),
        computes=LOWER_CORRELATION.changed(numbers=FLOAT32),
        configure=_conv,
        place=_place_conv,
        text=CONV_TEXT,
        runner=PythonFunction(module="onnxruntime", call=_call("Conv"), settings={"auto_pad": "SAME_UPPER"}),
        contest=_contest,
    ),
    LibraryFunction(
        name="onnxruntime.ConvTranspose",
        aliases=("onnx.ConvTranspose",),
        computes=CONVOLUTION.changed(output_size=OutputSize.FULL, numbers=FLOAT32),
        configure=_conv_transpose,
        runner=PythonFunction(module="onnxruntime", call=_call("ConvTranspose")),
    ),
)
