"""What a library makes of an image and a kernel: one model that is found, used, translated and searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.geometry import (
    NO_PADS,
    AnchorBase,
    AnchorRule,
    AxisAnchor,
    Fits,
    Pads,
    SameRule,
    first_place,
)
from corrconv.core.convention.numbers import REAL_NUMBERS, Doubt, NumberRule
from corrconv.core.kernel import ROUNDING, Cell, Kernel
from corrconv.core.terms import Boundary, Operation, OutputSize


class Orientation(StrEnum):
    """The turn or mirror that makes the target's result a correlation: all eight of a rectangle."""

    AS_IS = "as-is"
    HALF_TURN = "half-turn"
    TOP_BOTTOM = "top-bottom"
    LEFT_RIGHT = "left-right"
    TRANSPOSED = "transposed"
    ANTI_TRANSPOSED = "anti-transposed"
    QUARTER_LEFT = "quarter-left"
    QUARTER_RIGHT = "quarter-right"

    @property
    def operation(self) -> Operation | None:
        """Correlation leaves the kernel as it is, convolution turns it by 180 degrees; the rest is neither."""
        return OPERATIONS.get(self)

    @property
    def inverse(self) -> Orientation:
        """The orientation that undoes this one."""
        swapped = {
            Orientation.QUARTER_LEFT: Orientation.QUARTER_RIGHT,
            Orientation.QUARTER_RIGHT: Orientation.QUARTER_LEFT,
        }
        return swapped.get(self, self)

    def of_weights(self, weights: NDArray[Any]) -> NDArray[Any]:
        """The weights, turned or mirrored."""
        transposed, flipped_axes = MOVES[self]
        return np.flip(weights.T if transposed else weights, flipped_axes)

    def of_cell(self, cell: Cell, shape: tuple[int, int]) -> Cell:
        """Where a cell of a kernel of this shape goes; the cell may lie outside the kernel."""
        transposed, flipped_axes = MOVES[self]
        (row, column), (rows, columns) = (cell[::-1], shape[::-1]) if transposed else (cell, shape)
        return (
            rows - 1 - row if 0 in flipped_axes else row,
            columns - 1 - column if 1 in flipped_axes else column,
        )

    def of_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns afterwards."""
        return (shape[1], shape[0]) if MOVES[self][0] else shape


OPERATIONS = {Orientation.AS_IS: Operation.CORRELATION, Orientation.HALF_TURN: Operation.CONVOLUTION}

# Whether rows and columns are exchanged first, and which axes are then flipped.
MOVES: dict[Orientation, tuple[bool, tuple[int, ...]]] = {
    Orientation.AS_IS: (False, ()),
    Orientation.HALF_TURN: (False, (0, 1)),
    Orientation.TOP_BOTTOM: (False, (0,)),
    Orientation.LEFT_RIGHT: (False, (1,)),
    Orientation.TRANSPOSED: (True, ()),
    Orientation.ANTI_TRANSPOSED: (True, (0, 1)),
    Orientation.QUARTER_LEFT: (True, (0,)),
    Orientation.QUARTER_RIGHT: (True, (1,)),
}


CENTER = AnchorRule()
LOWER = AnchorRule(AxisAnchor(AnchorBase.LOWER), AxisAnchor(AnchorBase.LOWER))


class BorderRule(StrEnum):
    """What happens where the kernel reaches over a side: pixels are made up, or none are computed.

    Only experiments give `unknown`: results that follow none of the other rules.
    """

    CONSTANT = "constant"
    EDGE = "edge"
    REFLECT = "reflect"
    SYMMETRIC = "symmetric"
    WRAP = "wrap"
    UNFILTERED = "unfiltered"
    BLANK = "blank"
    UNKNOWN = "unknown"

    @property
    def boundary(self) -> Boundary:
        """The boundary that makes up the pixels; an arbitrary one where they decide nothing."""
        return Boundary(self.value) if self.value in set(Boundary) else Boundary.EDGE


# The results along the side are overwritten: with the input's pixels, or with the fill.
REPLACED = (BorderRule.UNFILTERED, BorderRule.BLANK)


@dataclass(frozen=True)
class Side:
    """The rule on one side of the image; fill is its constant, where it has one."""

    rule: BorderRule
    fill: float = 0.0

    def __str__(self) -> str:
        filled = self.rule in (BorderRule.CONSTANT, BorderRule.BLANK)
        return f"{self.rule.value} {self.fill:.12g}" if filled else self.rule.value


@dataclass(frozen=True)
class Borders:
    """The rules of the four sides, which may differ."""

    top: Side
    bottom: Side
    left: Side
    right: Side

    @classmethod
    def uniform(cls, rule: BorderRule | Boundary | str, fill: float = 0.0) -> Borders:
        """The same rule on all four sides."""
        side = Side(BorderRule(str(rule)), fill)
        return cls(side, side, side, side)

    @property
    def sides(self) -> dict[str, Side]:
        """The four by name, in the order top, bottom, left, right."""
        return {"top": self.top, "bottom": self.bottom, "left": self.left, "right": self.right}

    @property
    def shared(self) -> Side | None:
        """The one rule of all sides, or None where they differ."""
        return self.top if len(set(self.sides.values())) == 1 else None

    def __str__(self) -> str:
        return str(self.shared) if self.shared else ", ".join(f"{name} {side}" for name, side in self.sides.items())


ZERO_BORDERS = Borders.uniform(BorderRule.CONSTANT)


class Scale(StrEnum):
    """What each sum of products is divided by."""

    RAW = "raw"
    SUM = "sum"
    SUM_MAGNITUDE = "magnitude of the sum"
    ABSOLUTE_SUM = "sum of absolute values"
    SUM_FROM_ONE = "sum, at least 1"

    def divisor(self, kernel: Kernel) -> float:
        """The number that a kernel's result is divided by; 0 where the kernel has no such number."""
        match self:
            case Scale.RAW:
                divisor = 1.0
            case Scale.SUM:
                divisor = kernel.sum
            case Scale.SUM_MAGNITUDE:
                divisor = abs(kernel.sum)
            case Scale.ABSOLUTE_SUM:
                divisor = kernel.absolute_sum
            case Scale.SUM_FROM_ONE:
                divisor = max(kernel.sum, 1.0)
        return divisor if abs(divisor) > ROUNDING * kernel.absolute_sum else 0.0


class ZeroSum(StrEnum):
    """What happens where the divisor is 0."""

    RAW = "raw"
    ZERO = "zero"
    REFUSED = "refused"


# What becomes of nan and infinity there; 0 times each of them is nan elsewhere.
SKIPPED = "pixels under weights of 0 are left out, and spoil no sum"


@dataclass(frozen=True, kw_only=True)
class Convention:
    """Everything that makes two filters of the same image and kernel give other numbers.

    orientation: what the kernel undergoes before it is laid over the image as a correlation.
    odd_anchor, even_anchor: the cell of the kernel *as it was given* over the output pixel; each axis follows its own
    parity; without meaning under `full` and `valid`. gain, bias: result = gain · sum / divisor + bias.
    stride: every so many rows and columns of the results are kept. dilation: the kernel's cells lie so far apart.
    spread: the picture's pixels lie so far apart, with zeros between them: a transposed convolution of this stride.
    smallest_sum: kernels that sum to less are refused. numbers: of whole-number images; eight_bit: of those of 8
    bits, where they differ. pixels: the types that it takes, or none for all. inexact: why results may be others, or
    an empty text; doubt: with which kernels. not_finite: what becomes of pixels that are nan or infinite, where it is
    more than that each spoils the sums it goes into; skips_zeros: under weights of 0 they spoil none.
    kernel_shapes: the only shapes (rows, columns) it holds for, or None for all; odd_sides, square, single_row:
    only such kernels. least_side, largest_side: neither of their sides is shorter, or longer; anchor_inside: only
    those that the anchor lies in; fits: only those that the image is large enough for. exceptions: conventions that
    hold instead for the shapes that they list. even_frame: as many results are replaced on opposite sides.
    whole_weights: those for whole pixels are truncated.
    """

    name: str = ""
    orientation: Orientation = Orientation.AS_IS
    odd_anchor: AnchorRule = CENTER
    even_anchor: AnchorRule = CENTER
    borders: Borders = ZERO_BORDERS
    even_frame: bool = False
    output_size: OutputSize = OutputSize.SAME
    same_rule: SameRule = SameRule.ANCHOR
    pads: Pads = NO_PADS
    stride: Cell = (1, 1)
    dilation: Cell = (1, 1)
    spread: Cell = (1, 1)
    scale: Scale = Scale.RAW
    zero_sum: ZeroSum = ZeroSum.RAW
    smallest_sum: float | None = None
    gain: float = 1.0
    bias: float = 0.0
    numbers: NumberRule = REAL_NUMBERS
    eight_bit: NumberRule | None = None
    pixels: tuple[str, ...] = ()
    inexact: str = ""
    doubt: Doubt = Doubt.ROUNDED_SUMS
    not_finite: str = ""
    skips_zeros: bool = False
    kernel_shapes: tuple[tuple[int, int], ...] | None = None
    odd_sides: bool = False
    square: bool = False
    single_row: bool = False
    whole_weights: bool = False
    least_side: int = 1
    largest_side: int | None = None
    anchor_inside: bool = False
    fits: Fits = Fits.ALWAYS
    exceptions: tuple[Convention, ...] = ()
    source: str = ""

    @property
    def operation(self) -> Operation | None:
        """Correlation, convolution, or None for neither."""
        return self.orientation.operation

    def changed(self, **changes: Any) -> Convention:
        """The convention with some of its fields changed."""
        return replace(self, **changes)

    @property
    def behaviour(self) -> Convention:
        """The convention without its name, its source, the kernels that it covers, and the order of its sums."""
        bare = replace(
            self, name="", source="", inexact="", not_finite="", pixels=(), kernel_shapes=None, exceptions=()
        )
        bare = replace(bare, skips_zeros=False, doubt=Doubt.ROUNDED_SUMS, anchor_inside=False, fits=Fits.ALWAYS)
        eight_bit = self.eight_bit and replace(self.eight_bit, summing=None)
        bare = replace(bare, odd_sides=False, square=False, single_row=False, least_side=1, largest_side=None)
        return replace(bare, numbers=replace(self.numbers, summing=None), eight_bit=eight_bit)

    def numbers_of(self, dtype: np.dtype[Any]) -> NumberRule:
        """What images of this type become; true and false count as 1 and 0, and their sums are left as they are."""
        if dtype.kind == "b":
            return REAL_NUMBERS
        return self.eight_bit if self.eight_bit and dtype.itemsize == 1 else self.numbers

    def takes(self, dtype: np.dtype[Any]) -> bool:
        """Whether it takes images of this type."""
        return not self.pixels or dtype.name in self.pixels

    def caveat(self, kernel: Kernel, dtype: np.dtype[Any]) -> str:
        """Why the library itself may give something else for images of a type, or nothing; or an empty text."""
        if dtype.kind == "b":
            return f"true and false are taken as 1 and 0: these are the sums, and {self.name} may return others"
        if self.takes(dtype):
            whole = self.inexact and dtype.kind in "iu"
            differs = whole and self.doubt.about(kernel.weights, dtype, self.numbers_of(dtype).summing)
            return f"{self.name} itself may differ: {self.inexact}" if differs else ""
        shown = "its sums before they are rounded" if dtype.kind == "f" else "its sums without the limits of its pixels"
        return f"{self.name} takes {', '.join(self.pixels)} pictures only; of {dtype} numbers these are {shown}"

    def unpredicted(self, image: NDArray[Any], kernel: Kernel) -> str:
        """Why the library itself gives something else for pixels of this image that are not finite; or nothing."""
        leaves_out = self.skips_zeros and not kernel.weights.all()
        reason = self.not_finite or (SKIPPED if leaves_out else "")
        foreseen = not reason or image.dtype.kind != "f" or bool(np.isfinite(image).all())
        return "" if foreseen else f"{self.name} itself differs: {reason}"

    def for_shape(self, shape: tuple[int, int]) -> Convention:
        """What holds for kernels of this shape: an exception under the same name, or the convention itself."""
        for exception in self.exceptions:
            if exception.accepts(shape):
                return replace(exception, name=self.name, source=self.source)
        return self

    def anchor_cell(self, shape: tuple[int, int]) -> Cell:
        """The cell over the output pixel, of a kernel of this shape as it was given."""
        row_rule, column_rule = (self.even_anchor if side % 2 == 0 else self.odd_anchor for side in shape)
        return row_rule.row.cell(shape[0]), column_rule.column.cell(shape[1])

    def extent(self, shape: tuple[int, int]) -> Cell:
        """Rows and columns that the oriented kernel covers."""
        rows, columns = self.orientation.of_shape(shape)
        return (rows - 1) * self.dilation[0] + 1, (columns - 1) * self.dilation[1] + 1

    def read_shape(self, image_shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the picture that is read: of this one, spread."""
        return (image_shape[0] - 1) * self.spread[0] + 1, (image_shape[1] - 1) * self.spread[1] + 1

    def start(self, shape: tuple[int, int], image_shape: tuple[int, int] | None = None) -> Cell:
        """The place that the oriented kernel's first cell reads for the first output.

        image_shape is needed where the pixels outside are halved and there is a stride: they depend on it.
        """
        anchor, extent = self.laid_anchor(shape), self.extent(shape)
        lengths = (None, None) if image_shape is None else self.read_shape(image_shape)
        row, column = (
            first_place(
                self.output_size,
                self.same_rule,
                anchor[axis] * self.dilation[axis],
                extent[axis],
                self.stride[axis],
                lengths[axis],
            )
            - self.pads.by_axis[axis][0]
            for axis in (0, 1)
        )
        return row, column

    def laid_anchor(self, shape: tuple[int, int]) -> Cell:
        """The cell over the output pixel, of a kernel of this shape as the convention lays it."""
        return self.orientation.of_cell(self.anchor_cell(shape), shape)

    def anchored(self, laid_cell: Cell, shape: tuple[int, int]) -> Convention:
        """The convention with this cell of the laid kernel over the output pixel, by the plainest rule."""
        cell = self.orientation.inverse.of_cell(laid_cell, self.orientation.of_shape(shape))
        rule = AnchorRule(*(AxisAnchor.at(place, side) for place, side in zip(cell, shape, strict=True)))
        return replace(self, odd_anchor=rule, even_anchor=rule)

    def output_shape(self, image_shape: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the result; below 1 where the kernel does not fit."""
        grown = {OutputSize.SAME: 0, OutputSize.FULL: 1, OutputSize.VALID: -1}[self.output_size]
        sides = [
            -(-(length + grown * (extent - 1) + before + after) // stride)
            for length, extent, (before, after), stride in zip(
                self.read_shape(image_shape), self.extent(shape), self.pads.by_axis, self.stride, strict=True
            )
        ]
        return sides[0], sides[1]

    def accepts(self, shape: tuple[int, int]) -> bool:
        """Whether kernels of this shape are covered."""
        listed = self.kernel_shapes is None or shape in self.kernel_shapes
        odd = not self.odd_sides or all(side % 2 for side in shape)
        square = not self.square or shape[0] == shape[1]
        sized = min(shape) >= self.least_side and (self.largest_side is None or max(shape) <= self.largest_side)
        return listed and odd and square and sized and (not self.single_row or shape[0] == 1)

    @property
    def accepted(self) -> str:
        """The kernels that are covered, in words."""
        shapes = ", ".join(f"{rows}x{columns}" for rows, columns in self.kernel_shapes or ())
        listed = f"kernels of {shapes}" if shapes else f"{'square ' if self.square else ''}kernels"
        listed += " of one row" if self.single_row else ""
        listed += f" of at least {self.least_side}x{self.least_side}" if self.least_side > 1 else ""
        listed += f" of at most {self.largest_side}x{self.largest_side}" if self.largest_side is not None else ""
        return f"{listed} with odd sides" if self.odd_sides else listed
