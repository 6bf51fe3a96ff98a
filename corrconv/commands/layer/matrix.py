"""A layer as one matrix: outputs are rows, input pixels are columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.layer.study import Pooling
from corrconv.core.layer.forward import run_layer
from corrconv.core.layer.gradients import transpose_of
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.layer.study import LaidLayer, Stack

LARGEST_SIDE = 1024


@dataclass(frozen=True, eq=False)
class LayerMatrix:
    """What multiplies the input's pixels, row by row, to give the outputs.

    values (outputs, pixels); block: outputs and pixels of one row of the picture. toeplitz: whether
    each block of one channel keeps its values along its diagonals (a stride: along steps of it).
    transposes: whether the layer that leads back has the transposed matrix.
    """

    layer: LaidLayer
    values: NDArray[Any]
    block: tuple[int, int]
    toeplitz: bool
    transposes: bool


def layer_matrix(stack: Stack) -> LayerMatrix:
    """The matrix of the only layer: every pixel is sent through alone. Raises CorrconvError for a large one."""
    if len(stack.layers) > 1:
        raise CorrconvError(f"the matrix is shown of a single layer, and these are {len(stack.layers)}")
    (layer,) = stack.layers
    if layer.pooling is Pooling.MAX:
        raise CorrconvError("the maximum is not linear: no matrix computes it")
    shape = layer.shape
    sizes = [int(np.prod(side)) for side in (shape.output, shape.input)]
    if max(sizes) > LARGEST_SIDE:
        raise CorrconvError(
            f"the matrix would have {sizes[0]} rows and {sizes[1]} columns; {LARGEST_SIDE} of each can be shown,"
            " so take a smaller picture"
        )
    # A shape has no weights: numbered ones then show where each of them lies.
    weights = layer.weights if layer.weights is not None else np.arange(1, shape.parameters + 1).reshape(shape.weights)
    values = _as_matrix(run_layer(np.eye(sizes[1], dtype=np.int64).reshape(-1, *shape.input), weights, layer.options))
    back = run_layer(
        np.eye(sizes[0], dtype=np.int64).reshape(-1, *shape.output), weights, transpose_of(shape, layer.options)
    )
    block = shape.output[2], shape.input[2]
    return LayerMatrix(
        layer, values, block, _is_toeplitz(values, layer), bool(np.array_equal(_as_matrix(back), values.T))
    )


def _as_matrix(results: NDArray[Any]) -> NDArray[Any]:
    return results.reshape(len(results), -1).T


def _is_toeplitz(values: NDArray[Any], layer: LaidLayer) -> bool:
    """Whether one output further reads the same values a stride further, in every block of a row of the picture."""
    outputs, pixels = layer.shape.output[2], layer.shape.input[2]
    blocks = values.reshape(-1, outputs, values.shape[1] // pixels, pixels)
    step = layer.shape.columns.stride
    if layer.shape.transposed:
        return bool(np.array_equal(blocks[:, :-step, :, :-1], blocks[:, step:, :, 1:]))
    return bool(np.array_equal(blocks[:, :-1, :, :-step], blocks[:, 1:, :, step:]))
