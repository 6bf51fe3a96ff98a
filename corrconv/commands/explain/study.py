"""Where one output pixel comes from: every product of it, under both operations, and what display makes of the sum."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.boundary import OUTSIDE
from corrconv.core.kernel import ROUNDING
from corrconv.core.layout import lay
from corrconv.core.rendering import Rendering, render
from corrconv.core.shown import Shown
from corrconv.core.terms import Alpha, Boundary, Operation
from corrconv.core.transparency import brightest_alpha
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from corrconv.core.kernel import Cell, Kernel
    from corrconv.core.layout import AxisLayout
    from corrconv.core.options import Options
    from corrconv.core.pixels import PixelScale

MOST_CELLS = 100_000  # of a kernel whose products are listed one by one


@dataclass(frozen=True)
class Contribution:
    """One product: a kernel cell, the place that it lies over, and the pixel that stands there.

    source: the pixel that the boundary rule took for a place outside the image; the place itself
    inside; None for the fill value.
    """

    cell: Cell
    place: Cell
    source: Cell | None
    value: float
    weight: float

    @property
    def product(self) -> float:
        """Value times weight."""
        return self.value * self.weight


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """What one output pixel reads and how it is weighed.

    kernel: as it is laid over the image, so turned for convolution. values (rows, columns): the
    pixels below its cells. rows, columns: the places that these stand at; source_rows,
    source_columns: the pixels that they were taken from (OUTSIDE for the fill value).
    """

    kernel: Kernel
    values: NDArray[np.float64]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    source_rows: tuple[int, ...]
    source_columns: tuple[int, ...]

    @property
    def products(self) -> NDArray[np.float64]:
        """Pixels times weights (rows, columns)."""
        return products_of(self.values, self.kernel)

    @property
    def sum(self) -> float:
        """The sum of the products, rounded once."""
        return _exact_sum(self.products)

    @cached_property
    def contributions(self) -> tuple[Contribution, ...]:
        """Every product, row by row."""
        return tuple(self.contribution((row, column)) for row, column in np.ndindex(self.kernel.shape))

    def contribution(self, cell: Cell) -> Contribution:
        """The product of one kernel cell."""
        row, column = cell
        source = self.source_rows[row], self.source_columns[column]
        return Contribution(
            cell=cell,
            place=(self.rows[row], self.columns[column]),
            source=None if OUTSIDE in source else source,
            value=float(self.values[cell]),
            weight=float(self.kernel.weights[cell]),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Account(Reading):
    """How one operation arrives at the output pixel.

    opacity: what the sum is divided by where colours were weighted by alpha, otherwise 1. value: the
    sum over the opacity, plus the bias. scale: the display rule as a line. pixel: what is written.
    """

    operation: Operation
    opacity: float
    value: float
    scale: PixelScale
    pixel: float

    @property
    def displayed(self) -> float:
        """The value on the scale of the pixels, before rounding and clipping."""
        return float(self.scale(np.array(self.value)))


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Shown):
    """One output pixel under both operations.

    kernel: with the anchor that was asked for. at: row and column of the output. dtype: the pixels'.
    """

    image_shape: tuple[int, int, int]
    kernel: Kernel
    options: Options
    rendering: Rendering
    dtype: np.dtype[Any]
    at: Cell
    channel: int
    correlation: Account
    convolution: Account

    @property
    def accounts(self) -> tuple[Account, Account]:
        """Both."""
        return self.correlation, self.convolution


def explain_pixel(
    image: NDArray[Any],
    kernel: Kernel,
    options: Options,
    rendering: Rendering | None = None,
    *,
    at: Cell,
    channel: int = 0,
    dtype: DTypeLike | None = None,
    has_alpha: bool = False,
) -> Explanation:
    """Explain the output pixel at (row, column) of one channel of an image (H, W, C).

    `at` counts on the grid of the results: with `same` and stride 1, that of the image. dtype,
    has_alpha: as `render` takes them, so that `pixel` is what it writes. Raises CorrconvError for a
    place or channel that does not exist, and whatever `render` raises.
    """
    chosen = rendering or Rendering()
    target = np.dtype(image.dtype if dtype is None else dtype)
    check_channel(channel, image.shape[2])
    check_cells(kernel)
    if has_alpha and channel == image.shape[2] - 1 and chosen.alpha is not Alpha.STRAIGHT:
        raise CorrconvError(
            f"channel {channel} is transparency, which is not filtered as colours are; explain a colour"
        )
    correlation, convolution = (
        _account(image, kernel, operation, options, chosen, target, at=at, channel=channel, has_alpha=has_alpha)
        for operation in Operation
    )
    rows, columns, channels = image.shape
    return Explanation(
        image_shape=(rows, columns, channels),
        kernel=options.anchored(kernel),
        options=options,
        rendering=chosen,
        dtype=target,
        at=at,
        channel=channel,
        correlation=correlation,
        convolution=convolution,
    )


def check_cells(kernel: Kernel) -> None:
    """Raise CorrconvError for a kernel of so many cells that nobody could read their products."""
    if kernel.weights.size > MOST_CELLS:
        rows, columns = kernel.shape
        raise CorrconvError(
            f"{kernel.name} has {rows} rows and {columns} columns, and each of its cells would be a line of the"
            f" explanation; use a kernel of at most {MOST_CELLS:,} cells"
        )


def check_channel(channel: int, channels: int) -> None:
    """Raise CorrconvError for a channel that an image of this many does not have."""
    if not 0 <= channel < channels:
        known = "only channel 0" if channels == 1 else f"channels 0 to {channels - 1}"
        raise CorrconvError(f"channel {channel} does not exist; the image has {known}")


def _account(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    rendering: Rendering,
    target: np.dtype[Any],
    *,
    at: Cell,
    channel: int,
    has_alpha: bool,
) -> Account:
    layout = lay((image.shape[0], image.shape[1]), kernel, operation, options)
    check_place(at, layout.output_shape)
    # The whole picture is filtered: its range decides how `rescale` and `signed` show a single pixel.
    rendered = render(image, kernel, operation, options, rendering, dtype=target, has_alpha=has_alpha)
    rows, source_rows = _read(layout.rows, layout.boundary, at[0])
    columns, source_columns = _read(layout.columns, layout.boundary, at[1])
    patch = image[np.ix_(source_rows, source_columns)].astype(np.float64)
    patch[np.equal(source_rows, OUTSIDE), :] = layout.fill
    patch[:, np.equal(source_columns, OUTSIDE)] = layout.fill
    values, opacity = patch[:, :, channel], 1.0
    if has_alpha and rendering.alpha is Alpha.WEIGHTED:
        opaque = brightest_alpha(image.dtype)
        values = values * (patch[:, :, -1] / opaque)
        share = _exact_sum(products_of(patch[:, :, -1], layout.kernel)) / kernel.sum
        opacity = share / opaque if share > ROUNDING * opaque else np.inf
    total = _exact_sum(products_of(values, layout.kernel))
    return Account(
        operation=operation,
        kernel=layout.kernel,
        values=values,
        rows=rows,
        columns=columns,
        source_rows=source_rows,
        source_columns=source_columns,
        opacity=opacity,
        value=total / opacity + rendering.bias,
        scale=rendered.scale,
        pixel=rendered.pixels[at[0], at[1], channel].item(),
    )


def check_place(at: Cell, output_shape: tuple[int, int]) -> None:
    """Raise CorrconvError for a row and column that a result of this shape does not have."""
    rows, columns = output_shape
    if not (0 <= at[0] < rows and 0 <= at[1] < columns):
        raise CorrconvError(
            f"row {at[0]}, column {at[1]} lies outside the {rows} rows and {columns} columns of the result;"
            f" they count from 0 to {rows - 1} and {columns - 1}"
        )


def _read(axis: AxisLayout, boundary: Boundary, output: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The places along an axis that one output reads, and the pixels that stand there."""
    padded = output * axis.stride + axis.dilation * np.arange(axis.side)
    sources = axis.sources(boundary)[padded]
    return tuple((padded - axis.before).tolist()), tuple(sources.tolist())


def products_of(values: NDArray[np.float64], kernel: Kernel) -> NDArray[np.float64]:
    """Pixels times weights; what overflows is infinite, and 0 times inf is nan, as in any sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values * kernel.weights


def _exact_sum(values: NDArray[np.float64]) -> float:
    """The sum, rounded once; nan and inf spread as in any sum."""
    if np.isfinite(values).all():
        with suppress(OverflowError):  # on the way to a sum that may fit or not
            return fsum(values.ravel().tolist())
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.sum())
