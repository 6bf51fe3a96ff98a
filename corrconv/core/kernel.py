"""The kernel: weights, an anchor, and what a half-turn does to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import lcm
from operator import index

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrconv.core.arrays import as_array
from corrconv.core.names import one_line, shown_name
from corrconv.core.shown import Shown
from corrconv.core.terms import OutputSize, Symmetry
from corrconv.errors import InputTypeError, KernelError

Cell = tuple[int, int]

# Weights that differ by less than this share of the largest one are equal: a few roundings of
# float64, so that a kernel that was computed or printed with 15 digits keeps its symmetry.
ROUNDING = 8 * float(np.finfo(np.float64).eps)

# Denominators above this are not looked for when weights are written as whole numbers over one
# divisor: 1/9, 1/273 and 0.0625 are found, the values of a Gaussian are not.
LARGEST_DIVISOR = 1_000_000

# The rank of a larger square kernel takes longer than anybody waits: its cube.
LARGEST_RANKED_SIDE = 700


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Kernel(Shown):
    """A filter's weights (rows, columns) with the cell that lies over the output pixel.

    Parameters
    ----------
    weights : (rows, columns) array_like
        Finite real numbers; kept as read-only float64.
    anchor : (row, column), "center" or "lower"
        A cell; "center" is k // 2 on each axis, "lower" (k - 1) // 2.
    name, source : str
        What people call it, and where it comes from; kept in one line, as it may be shown.

    Raises
    ------
    KernelError
        For weights or an anchor that make no kernel.

    Examples
    --------
    >>> from corrconv import Kernel
    >>> kernel = Kernel([[1, 2], [3, 4]])
    >>> kernel.anchor
    (1, 1)
    >>> kernel.turned().weights
    array([[4., 3.],
           [2., 1.]])
    >>> kernel.turned().anchor
    (0, 0)
    >>> str(Kernel([[-1, 0, 1]]).symmetry())
    'antisymmetric'
    """

    weights: NDArray[np.float64]
    anchor: Cell
    name: str
    source: str

    def __init__(
        self,
        weights: ArrayLike,
        anchor: Cell | str = "center",
        name: str = "kernel",
        source: str = "",
    ) -> None:
        checked = _check_weights(weights)
        object.__setattr__(self, "weights", checked)
        object.__setattr__(self, "anchor", resolve_anchor(anchor, checked.shape))
        object.__setattr__(self, "name", shown_name(name))
        object.__setattr__(self, "source", one_line(source))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.weights.shape
        return rows, columns

    @cached_property
    def sum(self) -> float:
        """The sum of the weights: what the kernel makes of a constant image of ones."""
        return float(self.weights.sum())

    @cached_property
    def absolute_sum(self) -> float:
        """The sum of the absolute weights: the most that it can make of pixels within [-1, 1]."""
        return float(np.abs(self.weights).sum())

    @cached_property
    def rank(self) -> int | None:
        """The number of separable (column times row) kernels that add up to this one; None where that takes minutes."""
        if min(self.shape) > LARGEST_RANKED_SIDE:
            return None
        return int(np.linalg.matrix_rank(self.weights))

    @cached_property
    def integer_form(self) -> tuple[NDArray[np.int64], int] | None:
        """Whole-number cells and the divisor that makes weights of them, or None.

        cells / divisor equals the weights to the last bit. Whole-number pixels can then be
        summed exactly and divided once.
        """
        divisor = 1
        while divisor <= LARGEST_DIVISOR:
            with np.errstate(over="ignore"):
                cells = np.rint(self.weights * divisor)
            others = cells / divisor != self.weights
            if not others.any():
                return None if np.abs(cells).max() >= 2**53 else (cells.astype(np.int64), divisor)
            # One weight that is no such quotient says what else the divisor must hold: a few rounds, and none of
            # them looks at millions of weights one by one.
            weight = float(self.weights.flat[np.argmax(others)])
            fraction = Fraction(weight).limit_denominator(LARGEST_DIVISOR)
            wider = lcm(divisor, fraction.denominator)
            if fraction.numerator / fraction.denominator != weight or wider == divisor:
                return None
            divisor = wider
        return None

    def named(self, name: str) -> Kernel:
        """The same kernel under another name."""
        return replace(self, name=name)

    def with_anchor(self, anchor: Cell | str) -> Kernel:
        """The same weights with another anchor."""
        return replace(self, anchor=resolve_anchor(anchor, self.shape))

    def scaled(self, factor: float) -> Kernel:
        """The same kernel with every weight multiplied."""
        with np.errstate(over="ignore", invalid="ignore"):
            weights = self.weights * factor
        if not np.isfinite(weights).all():
            raise KernelError(f"{self.name} times {factor:g} has weights that are not finite; use a smaller factor")
        return replace(self, weights=weights)

    def summable(self) -> Kernel:
        """The kernel itself. Raises KernelError where sums of its weights would overflow float64."""
        with np.errstate(over="ignore"):
            if not np.isfinite(4 * self.absolute_sum):
                raise KernelError(
                    f"the weights of {self.name}, up to {np.abs(self.weights).max():.3g}, add up to more than float64"
                    " holds; scale them down"
                )
        return self

    def normalized(self) -> Kernel:
        """The kernel divided by its sum. Raises KernelError where the sum is zero."""
        if abs(self.sum) <= ROUNDING * self.absolute_sum:
            raise KernelError(f"{self.name} sums to 0 and cannot be normalized; scale it by a factor of your choice")
        return replace(self, weights=self.weights / self.sum)

    def turned(self) -> Kernel:
        """The kernel turned by 180 degrees about its own middle, its anchor turned with it."""
        (rows, columns), (row, column) = self.shape, self.anchor
        return replace(self, weights=self.weights[::-1, ::-1], anchor=(rows - 1 - row, columns - 1 - column))

    def mirrored(self, axis: int) -> Kernel:
        """The kernel mirrored top to bottom (axis 0) or left to right (axis 1), its anchor with it."""
        anchor = list(self.anchor)
        anchor[axis] = self.shape[axis] - 1 - anchor[axis]
        return replace(self, weights=np.flip(self.weights, axis), anchor=(anchor[0], anchor[1]))

    def embedded(self, output_size: OutputSize = OutputSize.SAME) -> Kernel:
        """The kernel with zeros around it so that its anchor is the exact middle.

        For the sizes `full` and `valid`, where the anchor plays no part, the kernel as it is.
        """
        if output_size is not OutputSize.SAME:
            return self
        reach = [max(cell, side - 1 - cell) for cell, side in zip(self.anchor, self.shape, strict=True)]
        zeros = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1))
        top, left = reach[0] - self.anchor[0], reach[1] - self.anchor[1]
        zeros[top : top + self.shape[0], left : left + self.shape[1]] = self.weights
        return replace(self, weights=zeros, anchor=(reach[0], reach[1]))

    def even_part(self, output_size: OutputSize = OutputSize.SAME) -> Kernel:
        """The part that a half-turn about the anchor leaves as it is; even + odd = the kernel embedded."""
        embedded = self.embedded(output_size)
        return replace(embedded, weights=(embedded.weights + embedded.turned().weights) / 2)

    def odd_part(self, output_size: OutputSize = OutputSize.SAME) -> Kernel:
        """The part that a half-turn about the anchor negates: half of what the two operations differ by."""
        embedded = self.embedded(output_size)
        return replace(embedded, weights=(embedded.weights - embedded.turned().weights) / 2)

    def symmetry(self, output_size: OutputSize = OutputSize.SAME) -> Symmetry:
        """What a half-turn about the anchor does, up to a few roundings of the largest weight."""
        weights = self.embedded(output_size).weights
        turned, negligible = weights[::-1, ::-1], 2 * ROUNDING * np.abs(weights).max()
        # Twice the odd part and twice the even part: arrays of their own, since a kernel may have millions of cells.
        if np.abs(weights - turned).max() <= negligible:
            return Symmetry.POINT_SYMMETRIC
        if np.abs(weights + turned).max() <= negligible:
            return Symmetry.ANTISYMMETRIC
        return Symmetry.NEITHER

    def mirror_symmetries(self, output_size: OutputSize = OutputSize.SAME) -> tuple[str, ...]:
        """The flips that leave the embedded kernel as it is: `top to bottom`, `left to right`."""
        weights = self.embedded(output_size).weights
        negligible = ROUNDING * np.abs(weights).max()
        return tuple(
            word
            for axis, word in enumerate(("top to bottom", "left to right"))
            if np.abs(weights - np.flip(weights, axis)).max() <= negligible
        )


def resolve_anchor(anchor: Cell | str, shape: tuple[int, ...]) -> Cell:
    """The anchor cell of a kernel of this shape. Raises KernelError if it is not one of its cells."""
    rows, columns = shape
    if isinstance(anchor, str) and anchor == "center":
        return rows // 2, columns // 2
    if isinstance(anchor, str) and anchor == "lower":
        return (rows - 1) // 2, (columns - 1) // 2
    try:
        row, column = (index(cell) for cell in anchor)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise KernelError(f"anchor {anchor!r} is not 'center', 'lower' or a cell (ROW, COL)") from None
    if not (0 <= row < rows and 0 <= column < columns):
        raise KernelError(
            f"anchor {row},{column} lies outside the {rows}x{columns} kernel;"
            f" rows run from 0 to {rows - 1} and columns from 0 to {columns - 1}"
        )
    return row, column


def _check_weights(weights: ArrayLike) -> NDArray[np.float64]:
    array = as_array(weights, "kernel", error=KernelError)
    if np.iscomplexobj(array):
        raise InputTypeError("the kernel is complex; corrconv filters with real numbers, so pass .real or .imag")
    if array.dtype.kind not in "biuf":
        raise InputTypeError(f"the kernel holds {array.dtype}, not numbers")
    if array.ndim != 2:
        raise KernelError(f"the kernel has {array.ndim} dimensions; it needs 2, rows and columns")
    if array.size == 0:
        raise KernelError("the kernel is empty; it needs at least one cell")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite
        checked = np.array(array, dtype=np.float64)
    if not np.isfinite(checked).all():
        row, column = np.argwhere(~np.isfinite(checked))[0]
        raise KernelError(
            f"the kernel holds {checked[row, column]} at row {row}, column {column}; every weight must be finite"
        )
    checked.flags.writeable = False
    return checked
