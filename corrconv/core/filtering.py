"""The one door: every correlation and convolution of the project passes through here."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from corrconv.core.arithmetic import Arithmetic, check_real, choose_arithmetic, real_result_dtype
from corrconv.core.arrays import as_array, check_channel_axis, check_out
from corrconv.core.engines.direct import direct
from corrconv.core.engines.fft import fft
from corrconv.core.engines.matmul import matmul
from corrconv.core.engines.planner import Plan, plan
from corrconv.core.engines.separable import separable
from corrconv.core.engines.tiles import Scratch, TileLoader, split
from corrconv.core.kernel import Cell, Kernel
from corrconv.core.layout import Layout, lay
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Engine, Operation, OutputSize
from corrconv.core.threads import share
from corrconv.errors import CorrconvError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from corrconv.core.engines.signature import EngineFunction, Numbers, TileFilter
    from corrconv.core.engines.tiles import Tile

# Takes the finished sums (rows, columns, channels) of one tile, and where in the output it lies. The
# array is used again for the next tile, so what is to stay must be copied.
Consumer: TypeAlias = "Callable[[Tile, Numbers], None]"

# Changes the pixels of a tile, in place, before they are filtered.
Preparation: TypeAlias = "Callable[[Numbers], None]"

ENGINES: dict[Engine, EngineFunction] = {
    Engine.DIRECT: direct,
    Engine.SEPARABLE: separable,
    Engine.MATMUL: matmul,
    Engine.FFT: fft,
}


@dataclass(frozen=True)
class Filtering:
    """One filtering, decided but not yet computed."""

    image: NDArray[Any]
    layout: Layout
    arithmetic: Arithmetic
    plan: Plan

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the result."""
        return (*self.layout.output_shape, self.image.shape[2])

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return math.prod(-(-n // step) for n, step in zip(self.layout.output_shape, self.plan.tile, strict=True))

    def run(self, consume: Consumer, prepare: Preparation | None = None) -> None:
        """Compute all tiles, several at a time; each is handed to consume as soon as it is done."""
        self._run(prepare, consume=consume)

    def run_into(self, output: NDArray[Any]) -> None:
        """Compute all tiles into an output of the shape and the type of the sums."""
        self._run(None, output=output)

    def fills(self, dtype: np.dtype[Any]) -> bool:
        """Whether the sums are the results as they are, in this type."""
        return self.arithmetic.divisor == 1 and dtype == self.plan.precision

    def _run(
        self, prepare: Preparation | None, *, consume: Consumer | None = None, output: NDArray[Any] | None = None
    ) -> None:
        tiles = deque(split(self.layout.output_shape, self.plan.tile))
        engines = _Engines(self)
        sources = self.layout.rows.sources(self.layout.boundary), self.layout.columns.sources(self.layout.boundary)

        def work() -> None:
            """Take tiles until none is left; whoever takes one does not change what comes out."""
            filter_tile = engines.tile_filter()
            loader = TileLoader(self.image, self.layout, engines.dtype, sources)
            scratch = Scratch(engines.dtype)
            while True:
                try:
                    tile = tiles.popleft()
                except IndexError:
                    return
                try:
                    padded = loader.load(tile, writable=prepare is not None)
                    if prepare is not None:
                        prepare(padded)
                    shape = tile[0].stop - tile[0].start, tile[1].stop - tile[1].start, padded.shape[2]
                    sums = scratch.array(shape) if output is None else output[tile]
                    filter_tile(padded, sums)
                    if consume is not None:
                        consume(tile, self._divided(sums))
                except BaseException:
                    tiles.clear()
                    raise

        share(work, self.plan.threads)

    def _divided(self, sums: Numbers) -> Numbers:
        # float32 holds the whole sums, but their quotients deserve the precision of the result.
        divisor = self.arithmetic.divisor
        return sums if divisor == 1 else np.divide(sums, divisor, dtype=self.arithmetic.quotients)


class _Engines:
    """The planned engine, and what takes over where a picture holds nan or inf."""

    def __init__(self, filtering: Filtering) -> None:
        chosen, arithmetic, image = filtering.plan, filtering.arithmetic, filtering.image
        self.dtype = np.dtype(chosen.precision)
        self._plan = chosen
        self._weights = arithmetic.weights.astype(self.dtype, copy=False)
        self._layout = filtering.layout
        self._make = ENGINES[chosen.engine](self._weights, filtering.layout, chosen.tile)
        self._rounds = arithmetic.exact and chosen.engine is Engine.FFT
        self._bears_all = chosen.engine is Engine.DIRECT or (
            image.dtype.kind in "biu" and math.isfinite(filtering.layout.fill)
        )

    def tile_filter(self) -> TileFilter:
        """A tile filter for one thread that gives the definition's answer whatever the pixels are."""
        planned = self._make()

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            # The nan of inf - inf and of 0 times inf belongs to the definition; the result shows it.
            with np.errstate(invalid="ignore", over="ignore"):
                planned(padded, out)
                if self._rounds:
                    np.rint(out, out=out)
                # An output that reads nan or inf holds one; so does a sum that overflowed on the way.
                if not self._bears_all and not _all_finite(out):
                    self._take_over(padded, out)

        return filter_tile

    def _take_over(self, padded: Numbers, out: Numbers) -> None:
        if self._plan.fallback is None:
            raise CorrconvError(
                f"engine {self._plan.engine} needs finite numbers, and the image holds nan or inf"
                f" (or its sums overflow {self.dtype}); use engine auto or direct"
            )
        ENGINES[self._plan.fallback](self._weights, self._layout, out.shape[:2])()(padded, out)


def _all_finite(sums: Numbers) -> bool:
    """Whether there is neither nan nor inf; 0 times each of them is nan, and BLAS finds that in a third of the time."""
    rows = sums.reshape(len(sums), -1)
    return bool(np.isfinite(np.vecdot(rows, np.zeros(rows.shape[1], rows.dtype))).all())


def prepare_filtering(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    *,
    real_dtype: np.dtype[Any] | None = None,
) -> Filtering:
    """Decide everything about filtering an image (H, W, C): layout, arithmetic, plan.

    Raises CorrconvError for an image or options that cannot be filtered.
    """
    if image.shape[2] == 0:
        raise CorrconvError("the image has no channels; it needs at least one")
    layout = lay((image.shape[0], image.shape[1]), kernel, operation, options)
    # A fill value that no output reads must not decide the arithmetic.
    fill = options.fill if options.boundary is Boundary.CONSTANT else 0.0
    arithmetic = choose_arithmetic(image, layout.kernel, fill=fill, precision=options.precision, real_dtype=real_dtype)
    return Filtering(image, layout, arithmetic, plan(layout, image.shape[2], arithmetic, options))


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
