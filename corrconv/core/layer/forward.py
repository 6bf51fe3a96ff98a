"""The layer itself: every output is one filtering of all channels at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from corrconv.core.arithmetic import check_real
from corrconv.core.arrays import as_array
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.layer.options import LayerOptions, PaddingLike, checked_options
from corrconv.core.layer.shape import LayerShape, lay_layer
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation, OutputSize
from corrconv.errors import CorrconvError


def layer(
    images: ArrayLike,
    weights: ArrayLike,
    *,
    operation: Operation | str = Operation.CORRELATION,
    bias: ArrayLike | None = None,
    stride: int | tuple[int, int] = 1,
    padding: PaddingLike = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    transposed: bool = False,
    output_padding: int | tuple[int, int] = 0,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """What a layer of a network computes: each filter reads all channels of its group and adds them up.

    Parameters
    ----------
    images : (N, C, H, W) array_like
        N pictures of C channels.
    weights : (out, C / groups, rows, columns) array_like
        Where transposed, (C, out / groups, rows, columns): the weights of the layer that it transposes.
    operation : {"correlation", "convolution"}
        Correlation is what deep-learning libraries compute; convolution lays each kernel turned by 180°.
    bias : (out,) array_like, optional
        Added to each output channel.
    stride, dilation, output_padding : int or (rows, columns)
    padding : int, (rows, columns) or ((top, bottom), (left, right))
        Zeros around the pictures; where transposed, rows and columns cut off the result.
    groups : int
        The channels are shared out; C groups of one channel each make a depthwise layer.
    transposed : bool
        Each pixel writes the kernel, `stride` pixels apart, instead of being read by it.
    dtype : optional
        As for `correlate`: whole numbers are summed exactly.

    Returns
    -------
    (N, out, H', W') ndarray
        H' = (H + top + bottom - dilation·(rows - 1) - 1) // stride + 1; where transposed,
        H' = (H - 1)·stride + dilation·(rows - 1) + 1 - top - bottom + output_padding.

    Raises
    ------
    CorrconvError
        For shapes and options that do not fit together.

    Examples
    --------
    >>> layer([[[[1, 2, 3]], [[10, 20, 30]]]], [[[[1, 1]], [[1, 0]]]])
    array([[[[13., 25.]]]])
    """
    options = checked_options(operation, stride, padding, dilation, groups, transposed, output_padding)
    return run_layer(images, weights, options, bias=bias, dtype=dtype)


def run_layer(
    images: ArrayLike,
    weights: ArrayLike,
    options: LayerOptions,
    *,
    bias: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """Compute a layer; shapes, types and errors are those of `layer`."""
    pictures, filters = as_pictures(images), as_array(weights, "weights")
    shape = lay_layer(pictures.shape[1:], filters.shape, options)
    offsets = None if bias is None else _checked_bias(bias, shape.output[0])
    lay = _spread if options.transposed else padded
    laid, gathered = lay(pictures, shape), _by_output(filters, options)
    operation = options.opposite if options.transposed else options.operation
    stride = (1, 1) if options.transposed else options.stride
    return gather(laid, gathered, operation, stride, options.dilation, bias=offsets, dtype=dtype)


def as_pictures(images: ArrayLike, what: str = "images") -> NDArray[Any]:
    """Pictures (N, C, H, W). Raises CorrconvError for other shapes, and InputTypeError for other than real numbers."""
    pictures = as_array(images, what)
    check_real(pictures)
    if pictures.ndim != 4 or 0 in pictures.shape:
        raise CorrconvError(
            f"the {what} have shape {pictures.shape}; they need 4 sides: pictures, channels, rows, columns"
        )
    return pictures


def padded(pictures: NDArray[Any], shape: LayerShape) -> NDArray[Any]:
    """The pictures with the layer's zeros around them."""
    around = [(0, 0), (0, 0), *((axis.before, axis.after) for axis in (shape.rows, shape.columns))]
    return np.pad(pictures, around)


def gather(
    pictures: NDArray[Any],
    weights: NDArray[Any],
    operation: Operation,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    *,
    bias: NDArray[Any] | None = None,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """Every place where the kernels fit: pictures (N, C, H, W), weights (out, C / groups, rows, columns)."""
    out, per_group = weights.shape[:2]
    groups = pictures.shape[1] // per_group
    results = []
    for channels, filters in zip(np.split(pictures, groups, axis=1), np.split(np.arange(out), groups), strict=True):
        stack = _stacked(channels, with_ones=bias is not None)
        options = Options(
            boundary=Boundary.CONSTANT,
            output_size=OutputSize.VALID,
            stride=(stride[0] * stack.shape[1], stride[1]),
            dilation=(1, dilation[1]),
        )
        image = stack.reshape(-1, *stack.shape[2:])
        for index in filters:
            kernel = _stacked_kernel(weights[index], operation, dilation[0], None if bias is None else bias[index])
            results.append(filter_array(image, kernel, operation, options, channel_axis=-1, dtype=dtype))
    return np.ascontiguousarray(np.moveaxis(np.stack(results), -1, 0))


def _stacked(channels: NDArray[Any], *, with_ones: bool) -> NDArray[Any]:
    """The channels of a row below each other, the pictures side by side: (H, C, W, N).

    So one kernel reaches all channels of its window, and one filtering adds them up, exact where the
    numbers are whole. A channel of ones lets the bias be a weight among the others.
    """
    if with_ones:
        count, _, height, width = channels.shape
        ones = np.ones((count, 1, height, width), channels.dtype)
        channels = np.concatenate([channels, ones], axis=1)
    return np.ascontiguousarray(channels.transpose(2, 1, 3, 0))


def _stacked_kernel(weights: NDArray[Any], operation: Operation, dilation: int, bias: float | None) -> Kernel:
    """The weights (C, rows, columns) of one filter as the kernel for `_stacked` pictures."""
    planes = weights
    if bias is not None:
        plane = np.zeros((1, *weights.shape[1:]))
        plane[0, 0, 0] = bias
        planes = np.concatenate([weights, plane])
    # The half-turn of convolution runs through the channels too: backwards here, they come out forwards.
    if operation is Operation.CONVOLUTION:
        planes = planes[::-1]
    channels, rows, columns = planes.shape
    cells = np.zeros((dilation * (rows - 1) + 1, channels, columns), planes.dtype)
    cells[::dilation] = np.moveaxis(planes, 0, 1)
    return Kernel(cells.reshape(-1, columns), name="the layer")


def _spread(pictures: NDArray[Any], shape: LayerShape) -> NDArray[Any]:
    """The pictures with stride - 1 zeros between their pixels, and as many around as the kernel reaches beyond."""
    axes = shape.rows, shape.columns
    places = [axis.stride * np.arange(axis.outputs) + axis.extent - 1 - axis.before for axis in axes]
    sides = [axis.length + axis.extent - 1 for axis in axes]
    # Much padding cuts off whole pixels, and what they would write.
    rows, columns = (np.flatnonzero((at >= 0) & (at < side)) for at, side in zip(places, sides, strict=True))
    spread = np.zeros((*pictures.shape[:2], *sides), pictures.dtype)
    spread[:, :, places[0][rows, np.newaxis], places[1][columns]] = pictures[:, :, rows[:, np.newaxis], columns]
    return spread


def _by_output(weights: NDArray[Any], options: LayerOptions) -> NDArray[Any]:
    """The weights as (out, C / groups, rows, columns): where transposed, channels and outputs change places."""
    if not options.transposed:
        return weights
    channels, out, *sides = weights.shape
    grouped = weights.reshape(options.groups, channels // options.groups, out, *sides)
    return grouped.swapaxes(1, 2).reshape(options.groups * out, channels // options.groups, *sides)


def _checked_bias(bias: ArrayLike, out: int) -> NDArray[Any]:
    offsets = np.atleast_1d(as_array(bias, "bias"))
    if offsets.shape != (out,):
        raise CorrconvError(f"the bias has shape {offsets.shape}; this layer needs {out}, one for each output channel")
    return offsets
