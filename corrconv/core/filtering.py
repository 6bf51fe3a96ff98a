"""The one door: every correlation and convolution of the project passes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.arithmetic import Arithmetic, check_real, real_result_dtype
from corrconv.core.arrays import as_array, check_channel_axis, check_out
from corrconv.core.decision import prepare_filtering
from corrconv.core.kernel import Cell, Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Engine, Operation, OutputSize
from corrconv.errors import CorrconvError, InputTypeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from corrconv.core.engines.signature import Numbers
    from corrconv.core.engines.tiles import Tile


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
        Real numbers; nan and infinities spread as in any sum.
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
        float64, float32 for float32 images, or dtype. Whole numbers are summed exactly.

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
    pixels = _channels_last(as_array(image, "image"), channel_axis)
    as_kernel = kernel if isinstance(kernel, Kernel) else Kernel(kernel)
    result = real_result_dtype(pixels.dtype) if dtype is None else _checked_dtype(dtype)
    # A float32 image whose results are wanted in float64 is summed there too.
    wide = np.dtype(np.float64) if result.kind == "f" and result.itemsize >= 8 else None
    filtering = prepare_filtering(pixels, as_kernel, operation, options, real_dtype=wide)
    _check_result(result, filtering.arithmetic)
    if out is None:
        output = np.empty(filtering.output_shape, result)
    else:
        check_out(out, pixels, filtering.output_shape, channel_axis, result)
        output = out[:, :, np.newaxis] if channel_axis is None else np.moveaxis(out, channel_axis, -1)

    def fill(tile: Tile, values: Numbers) -> None:
        output[tile] = _fitting(values, output.dtype)

    # Engines write whole tiles into memory that lies in order.
    if filtering.fills(output.dtype) and output.flags.c_contiguous and output.flags.aligned:
        filtering.run_into(output)
    else:
        filtering.run(fill)
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


def _checked_dtype(asked: DTypeLike) -> np.dtype[Any]:
    try:
        dtype = np.dtype(asked)
    except TypeError:
        raise InputTypeError(f"dtype {asked!r} does not exist; use one such as 'float64' or 'int32'") from None
    if dtype.kind not in "iuf":
        raise InputTypeError(f"dtype {dtype} cannot hold the results; ask for an integer or float type")
    return dtype


def _check_result(dtype: np.dtype[Any], arithmetic: Arithmetic) -> None:
    """Raise CorrconvError where the results of this arithmetic are not known to fit an integer type."""
    if dtype.kind in "iu" and not arithmetic.exact:
        raise CorrconvError(f"dtype {dtype} needs a whole-number image and kernel; round the float result yourself")
    if dtype.kind in "iu" and arithmetic.divisor > 1 and arithmetic.dtype.kind == "i":
        raise CorrconvError(
            f"sums above 2^53 divided by {arithmetic.divisor} cannot be checked for fractions,"
            f" so {dtype} could be wrong; ask for float64"
        )


def _fitting(values: Numbers, dtype: np.dtype[Any]) -> Numbers:
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            rounded = values.astype(dtype, copy=False)
        if dtype.itemsize < values.itemsize and (np.isinf(rounded) & np.isfinite(values)).any():
            raise CorrconvError(f"some results are too large for {dtype}; use a wider dtype")
        return rounded
    limits = np.iinfo(dtype)
    low, high = values.min(), values.max()
    if low < limits.min or high > limits.max:
        raise CorrconvError(
            f"results from {low:g} to {high:g} do not fit {dtype} ({limits.min} to {limits.max}); use a wider dtype"
        )
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        raise CorrconvError(f"the kernel's divisor leaves fractions, which {dtype} cannot hold; ask for a float dtype")
    return values.astype(dtype)
