"""PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.geometry import Pads, SameRule
from corrconv.core.layer.options import LayerOptions
from corrconv.core.terms import Operation, OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.contest import matching, padded
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Run, Wanted, attribute
from corrconv.libraries.shared import CONVOLUTION, FLOAT32, LOWER_CORRELATION, Pair, output_padding_of, pair


def _conv2d(*, padding: str | Pair = "same", stride: Pair = 1, dilation: Pair = 1) -> dict[str, Any]:
    changes: dict[str, Any] = {"stride": pair(stride), "dilation": pair(dilation)}
    if padding == "same":
        if pair(stride) != (1, 1):
            raise CorrconvError("PyTorch has no padding=same with a stride; say padding=0, or how many pixels")
        return {**changes, "same_rule": SameRule.AFTER} if pair(dilation) != (1, 1) else changes
    if isinstance(padding, str) and padding != "valid":
        raise CorrconvError(f"padding={padding} is not known here; there are same, valid, and numbers of pixels")
    rows, columns = (0, 0) if isinstance(padding, str) else pair(padding)
    return {**changes, "output_size": OutputSize.VALID, "pads": Pads(rows, rows, columns, columns)}


def _conv_transpose2d(
    *, stride: Pair = 1, padding: Pair = 0, output_padding: Pair = 0, dilation: Pair = 1
) -> dict[str, Any]:
    (rows, columns), (down, right) = pair(padding), output_padding_of(output_padding, stride, dilation)
    return {
        "spread": pair(stride),
        "dilation": pair(dilation),
        "pads": Pads(-rows, down - rows, -columns, right - columns),
    }


def _place_conv2d(wanted: Wanted) -> dict[str, Any]:
    spaced = {"stride": wanted.stride, "dilation": wanted.dilation}
    given: dict[str, Any] = {name: value for name, value in spaced.items() if value != (1, 1)}
    if wanted.output_size is OutputSize.VALID:
        return {"padding": (wanted.pads.top, wanted.pads.left), **given}
    return {"padding": "same", **given} if wanted.stride == (1, 1) else {}


def _place_conv_transpose2d(wanted: Wanted) -> dict[str, Any]:
    if wanted.output_size is not OutputSize.FULL or wanted.spread == (1, 1):
        return {}
    pads = wanted.pads
    settings = {
        "stride": wanted.spread,
        "padding": (-pads.top, -pads.left),
        "output_padding": (pads.bottom - pads.top, pads.right - pads.left),
        "dilation": wanted.dilation,
    }
    usual = {"stride": (1, 1), "padding": (0, 0), "output_padding": (0, 0), "dilation": (1, 1)}
    return {name: value for name, value in settings.items() if value != usual[name] and min(value) >= 0}


def _call(path: str) -> Callable[..., Any]:
    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        torch = import_module("torch")
        pixels, weights = (torch.from_numpy(values.astype(np.float32))[None, None] for values in (image, kernel))
        return attribute(path)(pixels, weights, **settings)[0, 0].numpy()

    return call


def _text(name: str) -> PythonText:
    return PythonText(
        "import torch",
        f"torch.nn.functional.{name}(\n    torch.from_numpy(padded)[None, None],"
        " torch.from_numpy(kernel)[None, None]{settings}\n)[0, 0].numpy()",
    )


def _contest(image: Array, weights: Array, threads: int) -> Run | None:
    torch = import_module("torch")
    torch.set_num_threads(threads)
    if weights.size > 200:  # a second and more
        return None
    functional, taps = torch.nn.functional, torch.from_numpy(matching(image, weights))[None, None]

    def run() -> Array:
        with torch.no_grad():
            pixels = torch.from_numpy(padded(image, weights).astype(matching(image, weights).dtype, copy=False))
            result: Array = functional.conv2d(pixels[None, None], taps)[0, 0].numpy()
        return result

    return run


FUNCTIONS = (
    LibraryFunction(
        name="torch.nn.functional.conv2d",
        aliases=("torch.conv2d",),
        computes=LOWER_CORRELATION.changed(numbers=FLOAT32),
        configure=_conv2d,
        place=_place_conv2d,
        runner=PythonFunction(module="torch", call=_call("torch.nn.functional.conv2d"), settings={"padding": "same"}),
        text=_text("conv2d"),
        contest=_contest,
    ),
    LibraryFunction(
        name="torch.nn.functional.conv_transpose2d",
        aliases=("torch.conv_transpose2d",),
        computes=CONVOLUTION.changed(output_size=OutputSize.FULL, numbers=FLOAT32),
        configure=_conv_transpose2d,
        place=_place_conv_transpose2d,
        runner=PythonFunction(module="torch", call=_call("torch.nn.functional.conv_transpose2d")),
        text=_text("conv_transpose2d"),
    ),
)


def torch_gradients(
    images: NDArray[Any], weights: NDArray[Any], upstream: NDArray[Any], options: LayerOptions
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """The gradients for images, weights and bias that torch's autograd finds in float64, or None without torch.

    torch correlates: for a convolution layer its weights are turned before, and their gradient after.
    """
    if find_spec("torch") is None:
        return None
    torch = import_module("torch")
    functional = import_module("torch.nn.functional")
    turn = options.operation is Operation.CONVOLUTION
    kernels = weights[:, :, ::-1, ::-1] if turn else weights
    out = upstream.shape[1]
    inputs = [
        torch.tensor(np.ascontiguousarray(array, dtype=np.float64), requires_grad=True)
        for array in (images, kernels, np.zeros(out))
    ]
    (top, bottom), (left, right) = options.padding
    shared = {"stride": options.stride, "dilation": options.dilation, "groups": options.groups}
    if options.transposed:
        whole = functional.conv_transpose2d(*inputs, **shared, output_padding=options.output_padding)
        result = whole[:, :, top : whole.shape[2] - bottom, left : whole.shape[3] - right]
    else:
        padded = functional.pad(inputs[0], (left, right, top, bottom))
        result = functional.conv2d(padded, *inputs[1:], **shared)
    result.backward(torch.tensor(np.ascontiguousarray(upstream, dtype=np.float64)))
    images_gradient, weights_gradient, bias_gradient = (each.grad.numpy() for each in inputs)
    return images_gradient, weights_gradient[:, :, ::-1, ::-1] if turn else weights_gradient, bias_gradient
