"""The one door: every correlation and convolution of the project passes through here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from corrconv.core.arithmetic import check_real, real_result_dtype
from corrconv.core.arrays import as_array, check_channel_axis, check_out, is_lazy
from corrconv.core.decision import prepare_filtering
from corrconv.core.kernel import Cell, Kernel
from corrconv.core.options import Options
from corrconv.core.results import check_result, checked_dtype, compute_into
from corrconv.core.terms import Boundary, Engine, Operation, OutputSize
from corrconv.errors import CorrconvError, InputTypeError


def correlate(
    image: ArrayLike,
    kernel: Kernel | ArrayLike,
    *,
    boundary: Boundary | str = Boundary.REFLECT,
    fill: float = 0.0,
    output_size: OutputSize | str = OutputSize.SAME,
    anchor: Cell | str | None = None,
    stride: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    engine: Engine | str = Engine.AUTO,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Correlate an image with a kernel: Σ_ij K[i, j] · I[y + (i - a), x + (j - b)].

    Parameters
    ----------
    image : (H, W) array_like, or (H, W, C) with channel_axis
        Real numbers; nan and infinities spread as in any sum. Of a dask array nothing is computed yet, but for the
        range of 64-bit integers, which decides what their sums are exact in: one pass over them.
    kernel : Kernel or (kh, kw) array_like
        The weights; a Kernel brings its own anchor.
    boundary : {"reflect", "constant", "edge", "symmetric", "wrap"}
        What lies outside the image, by numpy.pad's names; for "constant" the value `fill`.
    output_size : {"same", "full", "valid"}
        (H, W), (H + kh - 1, W + kw - 1) or (H - kh + 1, W - kw + 1).
    anchor : (row, column), "center" or "lower", optional
        The kernel cell over the output pixel; wins over the Kernel's own. Default: the centre, (kh // 2, kw // 2).
    stride, dilation : int or (rows, columns)
        Keep every n-th output; spread the kernel's cells n pixels apart.
    channel_axis : int, optional
        The axis of the channels, each of which is filtered by itself.
    dtype : dtype_like, optional
        Of the result; an integer type is filled exactly, or refused.
    engine : {"auto", "direct", "separable", "matmul", "fft"}
        How the sums are computed; all give the same answer.
    out : numpy.ndarray, optional
        Where the results go, such as a memory map: of their shape and dtype, and no part of the image.

    Returns
    -------
    numpy.ndarray
        float64, float32 for float32 images, or dtype. Whole numbers are summed exactly. For a dask array a dask array,
        whose blocks are equal to the results of the whole to the last bit.

    Raises
    ------
    CorrconvError
        For input that cannot be filtered, or does not fit dtype; InputTypeError, a TypeError too, for complex numbers.

    Examples
    --------
    >>> from corrconv import correlate
    >>> correlate([[1, 2, 3]], [[0, 0, 1]], boundary="edge")
    array([[2., 3., 3.]])
    >>> correlate([[1, 2, 3]], [[1, 0, -1]], output_size="valid", dtype=int)
    array([[-2]])
    """
    options = _options(boundary, fill, output_size, anchor, stride, dilation, engine)
    return filter_array(image, kernel, Operation.CORRELATION, options, channel_axis=channel_axis, dtype=dtype, out=out)


def convolve(
    image: ArrayLike,
    kernel: Kernel | ArrayLike,
    *,
    boundary: Boundary | str = Boundary.REFLECT,
    fill: float = 0.0,
    output_size: OutputSize | str = OutputSize.SAME,
    anchor: Cell | str | None = None,
    stride: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    engine: Engine | str = Engine.AUTO,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Convolve an image with a kernel: Σ_ij K[i, j] · I[y - (i - a), x - (j - b)].

    The same as `correlate` with the kernel turned by 180 degrees and its anchor turned with it.

    Parameters
    ----------
    image, kernel, boundary, fill, output_size, anchor, stride, dilation, channel_axis, dtype, engine, out
        As `correlate` takes them.

    Returns
    -------
    numpy.ndarray
        As `correlate` gives it, which raises the same errors.

    Examples
    --------
    >>> from corrconv import convolve
    >>> convolve([[1, 2, 3]], [[0, 0, 1]], boundary="edge")
    array([[1., 1., 2.]])
    >>> convolve([[0, 0, 1, 0, 0]], [[1, 2, 3]])
    array([[0., 1., 2., 3., 0.]])
    """
    options = _options(boundary, fill, output_size, anchor, stride, dilation, engine)
    return filter_array(image, kernel, Operation.CONVOLUTION, options, channel_axis=channel_axis, dtype=dtype, out=out)


def filter_array(
    image: ArrayLike,
    kernel: Kernel | ArrayLike,
    operation: Operation,
    options: Options,
    *,
    channel_axis: int | None = None,
    dtype: DTypeLike | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Filter an array by either operation; shapes, types and errors are those of `correlate`."""
    if is_lazy(image):
        if out is not None:
            raise InputTypeError("out takes results now, and those of a dask array come later; write them with to_zarr")
        from corrconv.core.lazy import filter_lazily  # noqa: PLC0415 - it needs dask

        lazy: NDArray[Any] = filter_lazily(image, kernel, operation, options, channel_axis=channel_axis, dtype=dtype)
        return lazy
    pixels = _channels_last(as_array(image, "image"), channel_axis)
    as_kernel = kernel if isinstance(kernel, Kernel) else Kernel(kernel)
    result = real_result_dtype(pixels.dtype) if dtype is None else checked_dtype(dtype)
    # A float32 image whose results are wanted in float64 is summed there too.
    wide = np.dtype(np.float64) if result.kind == "f" and result.itemsize >= 8 else None
    filtering = prepare_filtering(pixels, as_kernel, operation, options, real_dtype=wide)
    check_result(result, filtering.arithmetic)
    if out is None:
        output = np.empty(filtering.output_shape, result)
    else:
        check_out(out, pixels, filtering.output_shape, channel_axis, result)
        output = out[:, :, np.newaxis] if channel_axis is None else np.moveaxis(out, channel_axis, -1)

    compute_into(output, filtering)
    if out is not None:
        return out
    return output[:, :, 0] if channel_axis is None else np.moveaxis(output, -1, channel_axis)


def _options(
    boundary: Boundary | str,
    fill: float,
    output_size: OutputSize | str,
    anchor: Cell | str | None,
    stride: int | tuple[int, int],
    dilation: int | tuple[int, int],
    engine: Engine | str,
) -> Options:
    return Options(
        boundary=boundary,  # type: ignore[arg-type]
        fill=fill,
        output_size=output_size,  # type: ignore[arg-type]
        anchor=anchor,
        stride=stride,  # type: ignore[arg-type]
        dilation=dilation,  # type: ignore[arg-type]
        engine=engine,  # type: ignore[arg-type]
    )


def _channels_last(image: NDArray[Any], channel_axis: int | None) -> NDArray[Any]:
    check_real(image)
    if channel_axis is None:
        if image.ndim != 2:
            raise CorrconvError(
                f"the image has shape {image.shape}; without channel_axis it needs 2 dimensions, (rows, columns)"
            )
        return image[:, :, np.newaxis]
    if image.ndim != 3:
        raise CorrconvError(f"the image has shape {image.shape}; with channel_axis it needs 3 dimensions")
    check_channel_axis(channel_axis)
    return np.moveaxis(image, channel_axis, -1)
