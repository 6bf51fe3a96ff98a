"""PyTorch's layer and its autograd, as a witness for gradients; only where it is installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.terms import Operation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.layer.options import LayerOptions


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
