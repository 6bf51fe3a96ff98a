"""ONNX's operators, run by ONNX Runtime."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.contest import matching, padded
from corrconv.libraries.function import LibraryFunction, PythonFunction, Run
from corrconv.libraries.shared import CORRELATION, FLOAT32, LOWER_CORRELATION

if TYPE_CHECKING:
    from corrconv.libraries.function import Array

PADDINGS = {
    "SAME_UPPER": LOWER_CORRELATION,
    "SAME_LOWER": CORRELATION,
    "VALID": CORRELATION.changed(output_size=OutputSize.VALID),
}


def _conv(*, auto_pad: str = "SAME_UPPER") -> dict[str, Any]:
    if auto_pad not in PADDINGS:
        raise CorrconvError(f"auto_pad={auto_pad} is not known here; there are {', '.join(PADDINGS)}")
    chosen = PADDINGS[auto_pad]
    return {"even_anchor": chosen.even_anchor, "output_size": chosen.output_size}


def _call(image: Array, kernel: Array, auto_pad: str = "SAME_UPPER") -> Array:
    runtime = import_module("onnxruntime")
    session = runtime.InferenceSession(conv_model(auto_pad), providers=["CPUExecutionProvider"])
    pixels, weights = (values.astype(np.float32)[None, None] for values in (image, kernel))
    result: Array = session.run(None, {"image": pixels, "kernel": weights})[0][0, 0]
    return result


def _contest(image: Array, weights: Array, _: int) -> Run | None:
    runtime = import_module("onnxruntime")
    if weights.size > 1000 or image.dtype == np.float64:
        return None
    session = runtime.InferenceSession(conv_model("VALID"), providers=["CPUExecutionProvider"])
    taps = matching(image, weights)[None, None]

    def run() -> Array:
        pixels = padded(image, weights).astype(np.float32, copy=False)[None, None]
        result: Array = session.run(None, {"image": pixels, "kernel": taps})[0][0, 0]
        return result

    return run


def conv_model(auto_pad: str) -> bytes:
    """An ONNX model of one Conv node in protocol buffers' wire format, so that no ONNX package is needed.

    Source: onnx/onnx.proto of ONNX, whose field numbers these are.
    """

    def message(*fields: tuple[int, int | str | bytes]) -> bytes:
        return b"".join(_onnx_field(number, value) for number, value in fields)

    def tensor(name: str) -> bytes:
        sides = message(*((1, message((2, f"{name}{axis}"))) for axis in range(4)))
        return message((1, name), (2, message((1, message((1, 1), (2, sides))))))

    padding = message((1, "auto_pad"), (4, auto_pad), (20, 3))
    node = message((1, "image"), (1, "kernel"), (2, "result"), (4, "Conv"), (5, padding))
    graph = message((1, node), (2, "conv"), (11, tensor("image")), (11, tensor("kernel")), (12, tensor("result")))
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
        runner=PythonFunction(module="onnxruntime", call=_call, settings={"auto_pad": "SAME_UPPER"}),
        contest=_contest,
    ),
)
