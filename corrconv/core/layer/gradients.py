"""How a layer's result changes with its pictures, weights and bias: the two operations change places.

For a correlation layer, the gradient of the pictures is a full convolution and that of the weights a
valid correlation of the pictures with the upstream gradient. For a convolution layer, the pictures'
is a full correlation, and the weights' is that same valid correlation, turned by 180 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrconv.core.arithmetic import real_result_dtype
from corrconv.core.arrays import as_array
from corrconv.core.layer.forward import as_pictures, gather, padded, run_layer
from corrconv.core.layer.options import LayerOptions, PaddingLike, checked_options
from corrconv.core.layer.shape import LayerShape, lay_layer, unread_end
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError


@dataclass(frozen=True, eq=False)
class LayerGradients:
    """What a small change of each number changes in Σ upstream · result; each in the shape of its numbers."""

    images: NDArray[Any]
    weights: NDArray[Any]
    bias: NDArray[Any]


def layer_gradients(
    images: ArrayLike,
    weights: ArrayLike,
    upstream: ArrayLike,
    *,
    operation: Operation | str = Operation.CORRELATION,
    stride: int | tuple[int, int] = 1,
    padding: PaddingLike = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    transposed: bool = False,
    output_padding: int | tuple[int, int] = 0,
) -> LayerGradients:
    """The gradients of Σ upstream · layer(images, weights): backpropagation through one layer.

    Parameters
    ----------
    images, weights, operation, stride, padding, dilation, groups, transposed, output_padding
        As for `layer`.
    upstream : (N, out, H', W') array_like
        The gradient with respect to the layer's result; ones for the gradient of its sum.

    Returns
    -------
    LayerGradients
        Its `images` (N, C, H, W), `weights` (as given) and `bias` (out,).

    Raises
    ------
    CorrconvError
        For shapes and options that do not fit together.

    Examples
    --------
    >>> found = layer_gradients([[[[1, 2, 3]]]], [[[[10, 20]]]], [[[[1, 100]]]])
    >>> found.images, found.weights, found.bias
    (array([[[[  10., 1020., 2000.]]]]), array([[[[201., 302.]]]]), array([101.]))
    """
    options = checked_options(operation, stride, padding, dilation, groups, transposed, output_padding)
    return run_gradients(images, weights, upstream, options)


def run_gradients(images: ArrayLike, weights: ArrayLike, upstream: ArrayLike, options: LayerOptions) -> LayerGradients:
    """The gradients of a layer; shapes, types and errors are those of `layer_gradients`."""
    pictures, errors = as_pictures(images), as_pictures(upstream, "upstream gradient")
    filters = as_array(weights, "weights")
    shape = lay_layer(pictures.shape[1:], filters.shape, options)
    expected = len(pictures), *shape.output
    if errors.shape != expected:
        raise CorrconvError(f"the upstream gradient has shape {errors.shape}, and the result has {expected}")
    if not (np.isfinite(errors).all() and np.isfinite(pictures).all()):
        raise CorrconvError("the images or the upstream gradient hold nan or inf; gradients need finite numbers")
    # A transposed layer exchanges the parts: its pictures are what the layer that it transposes gives.
    read, written = (errors, pictures) if options.transposed else (pictures, errors)
    return LayerGradients(
        run_layer(errors, filters, transpose_of(shape, options)),
        _weight_gradient(read, written, shape, options),
        _sums(errors),
    )


def transpose_of(shape: LayerShape, options: LayerOptions) -> LayerOptions:
    """The layer with the same weights that leads from the results' size back to the pictures'."""
    if options.transposed:
        return replace(options, transposed=False, output_padding=(0, 0))
    return replace(options, transposed=True, output_padding=(unread_end(shape.rows), unread_end(shape.columns)))


def _weight_gradient(
    read: NDArray[Any], written: NDArray[Any], shape: LayerShape, options: LayerOptions
) -> NDArray[Any]:
    """The padded pictures correlated with the upstream gradient, the pictures of a batch added up.

    Stride and dilation change places: the upstream gradient's cells lie a stride apart, and
    neighbouring weights a dilation.
    """
    reached = padded(read, shape)[
        :, :, : shape.rows.reach(shape.rows.outputs), : shape.columns.reach(shape.columns.outputs)
    ]
    gradients = [
        gather(
            channels.swapaxes(0, 1),
            errors.swapaxes(0, 1),
            Operation.CORRELATION,
            options.dilation,
            options.stride,
        ).swapaxes(0, 1)
        for channels, errors in zip(
            np.split(reached, options.groups, axis=1), np.split(written, options.groups, axis=1), strict=True
        )
    ]
    gradient = np.concatenate(gradients)
    return gradient if options.operation is Operation.CORRELATION else gradient[:, :, ::-1, ::-1].copy()


def _sums(errors: NDArray[Any]) -> NDArray[Any]:
    """The sum over each channel, exact where the numbers are whole."""
    total: NDArray[Any] = errors.sum(axis=(0, 2, 3), dtype=np.int64 if errors.dtype.kind in "biu" else np.float64)
    return total.astype(real_result_dtype(errors.dtype))
