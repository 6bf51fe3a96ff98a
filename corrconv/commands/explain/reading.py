"""What one output pixel reads: every place below the kernel, the pixel that stands there, and its weight."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.boundary import OUTSIDE
from corrconv.core.convention.filtering import padded_window, read_places, spread_pixels
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.convention.model import Convention, Side
    from corrconv.core.kernel import Cell

MOST_CELLS = 100_000  # of a kernel whose products are listed one by one
# The source of a place between the pixels of a spread picture: a zero.
BETWEEN = -2


@dataclass(frozen=True)
class Contribution:
    """One product: a kernel cell, the place that it lies over, and the pixel that stands there.

    source: the pixel that the boundary rule took for a place outside the image, the one that stands at a place
    inside; None for the fill value and for a zero between the pixels of a spread picture.
    """

    cell: Cell
    place: Cell
    source: Cell | None
    value: float
    weight: float
    outside: bool
    between: bool

    @property
    def product(self) -> float:
        """Value times weight."""
        return self.value * self.weight


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """What one output pixel reads and how it is weighed.

    kernel: as it is laid over the image, so turned for convolution. anchored: its anchor lies over the output pixel,
    which no cell does where the result has another size than the image. values (rows, columns): the pixels below the
    cells. rows, columns: the places that these stand at, `spread` of them from pixel to pixel. source_rows,
    source_columns: the pixels that stand there (OUTSIDE for the fill value, BETWEEN for a zero between pixels). size:
    rows and columns of places.
    """

    kernel: Kernel
    anchored: bool
    values: NDArray[np.float64]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    source_rows: tuple[int, ...]
    source_columns: tuple[int, ...]
    spread: Cell
    size: tuple[int, int]

    @property
    def products(self) -> NDArray[np.float64]:
        """Pixels times weights (rows, columns)."""
        return _products(self.values, self.kernel.weights)

    @property
    def sum(self) -> float:
        """The sum of the products, rounded once; weights such as 1/9 are taken as what they are written for."""
        if self.kernel.integer_form is None:
            return _exact_sum(self.products)
        cells, divisor = self.kernel.integer_form
        return _exact_sum(_products(self.values, cells)) / divisor

    @cached_property
    def contributions(self) -> tuple[Contribution, ...]:
        """Every product, row by row."""
        return tuple(self._contribution((row, column)) for row, column in np.ndindex(self.kernel.shape))

    @property
    def reaches_out(self) -> bool:
        """Whether any place lies outside the image."""
        return any(one.outside for one in self.contributions)

    def pixels_read(self, axis: int) -> range:
        """The pixels of the image from the first that is read to the last; what lies outside is left out."""
        places, step = (self.rows, self.columns)[axis], self.spread[axis]
        length = (self.size[axis] - 1) // step + 1
        return range(max(0, -(-places[0] // step)), min(length, places[-1] // step + 1))

    def _contribution(self, cell: Cell) -> Contribution:
        """The product of one kernel cell."""
        row, column = cell
        source = self.source_rows[row], self.source_columns[column]
        place = self.rows[row], self.columns[column]
        return Contribution(
            cell=cell,
            place=place,
            source=None if min(source) < 0 else source,
            value=float(self.values[cell]),
            weight=float(self.kernel.weights[cell]),
            outside=any(not 0 <= at < side for at, side in zip(place, self.size, strict=True)),
            between=BETWEEN in source and OUTSIDE not in source,
        )


def read_pixel(plane: NDArray[Any], kernel: Kernel, convention: Convention, at: Cell) -> Reading:
    """What the output pixel at (row, column) of a plane (H, W) reads under a convention.

    Its first cell reads the place at · stride + start, the next ones every dilation-th.
    """
    shape = plane.shape[0], plane.shape[1]
    laid = convention.orientation.of_weights(kernel.weights)
    starts = convention.start(kernel.shape, shape)
    first = at[0] * convention.stride[0] + starts[0], at[1] * convention.stride[1] + starts[1]
    size, sides = convention.read_shape(shape), convention.borders
    rows, source_rows = _read(convention, 0, first, laid.shape, size, sides.top, sides.bottom)
    columns, source_columns = _read(convention, 1, first, laid.shape, size, sides.left, sides.right)
    spread = spread_pixels(plane, convention.spread)
    anchor = _anchor(convention, kernel.shape, shape)
    return Reading(
        kernel=Kernel(laid, anchor or "center", kernel.name),
        anchored=anchor is not None,
        values=padded_window(spread, first, laid.shape, sides, convention.dilation).astype(np.float64),
        rows=rows,
        columns=columns,
        source_rows=source_rows,
        source_columns=source_columns,
        spread=convention.spread,
        size=size,
    )


def _read(
    convention: Convention,
    axis: int,
    first: Cell,
    laid_shape: tuple[int, ...],
    size: tuple[int, int],
    before: Side,
    after: Side,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The places along an axis that one output reads, and the pixels that stand there."""
    step, spread = convention.dilation[axis], convention.spread[axis]
    places = read_places(size[axis], first[axis], laid_shape[axis], before, after, step)
    sources = np.where(places == OUTSIDE, OUTSIDE, np.where(places % spread == 0, places // spread, BETWEEN))
    return tuple(first[axis] + step * cell for cell in range(laid_shape[axis])), tuple(sources.tolist())


def _anchor(convention: Convention, shape: tuple[int, int], image_shape: tuple[int, int]) -> Cell | None:
    """The cell of the laid kernel over the place that an output stands for, where each place has one."""
    if replace(convention, stride=(1, 1)).output_shape(image_shape, shape) != convention.read_shape(image_shape):
        return None
    cells = []
    for start, step, side in zip(
        convention.start(shape, image_shape),
        convention.dilation,
        convention.orientation.of_shape(shape),
        strict=True,
    ):
        cell, beside = divmod(-start, step)
        if beside or not 0 <= cell < side:
            return None
        cells.append(cell)
    return cells[0], cells[1]


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


def check_place(at: Cell, output_shape: tuple[int, int]) -> None:
    """Raise CorrconvError for a row and column that a result of this shape does not have."""
    rows, columns = output_shape
    if not (0 <= at[0] < rows and 0 <= at[1] < columns):
        raise CorrconvError(
            f"row {at[0]}, column {at[1]} lies outside the {rows} rows and {columns} columns of the result;"
            f" they count from 0 to {rows - 1} and {columns - 1}"
        )


def _products(values: NDArray[np.float64], weights: NDArray[Any]) -> NDArray[np.float64]:
    """Pixels times weights; what overflows is infinite, and 0 times inf is nan, as in any sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        products: NDArray[np.float64] = values * weights
    return products


def _exact_sum(values: NDArray[np.float64]) -> float:
    """The sum, rounded once; nan and inf spread as in any sum."""
    if np.isfinite(values).all():
        with suppress(OverflowError):  # on the way to a sum that may fit or not
            return fsum(values.ravel().tolist())
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.sum())
