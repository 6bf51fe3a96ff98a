"""Two kernels as one, and one as products of a column and a row: what comes out, checked on pictures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm, prod
from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.filtering import filter_array
from corrconv.core.kernel import LARGEST_RANKED_SIDE, Kernel
from corrconv.core.kernel_algebra import convolved, correlated, on_common_cells
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation
from corrconv.errors import KernelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

SEED = 5
ROOM = 12  # pixels of the checked picture beside what the kernels reach
MOST_CHECKED = 1_000_000  # cells of a merged kernel: it is checked on a picture of four times as many pixels
LARGEST_EXACT_SIDE = 31  # longer kernels would take long as fractions
EXACT_SHARE = 1e-12  # of the largest result: rounding of sums that are no whole numbers


class Combining(StrEnum):
    """How two kernels become one."""

    CONVOLVE = "convolve"
    CORRELATE = "correlate"
    ADD = "add"
    SUBTRACT = "subtract"


@dataclass(frozen=True)
class Pass:
    """One check: the merged kernel applied once beside both kernels, under one operation.

    differing: of so many output pixels; margin: pixels from the nearest side to the innermost of them, it included.
    exact: the others are equal to the last bit, and not to rounding only.
    """

    operation: Operation
    pixels: int
    differing: int
    margin: int
    exact: bool


@dataclass(frozen=True)
class Combination:
    """Two kernels, the one that they make, and how that was checked on a picture of noise."""

    first: Kernel
    second: Kernel
    by: Combining
    merged: Kernel
    passes: tuple[Pass, ...]
    boundary: Boundary


@dataclass(frozen=True, eq=False)
class Product:
    """A column times a row: weights[i, j] = column[i] * row[j]."""

    column: Matrix
    row: Matrix

    @property
    def weights(self) -> Matrix:
        """The matrix that it is."""
        return np.outer(self.column, self.row)


@dataclass(frozen=True, eq=False)
class Split:
    """A kernel as a sum of products, the largest first; residual: the largest weight that they leave out."""

    kernel: Kernel
    products: tuple[Product, ...]
    divisor: int
    residual: float

    @property
    def rest(self) -> Kernel:
        """What the products leave out."""
        total = sum((product.weights for product in self.products), np.zeros(self.kernel.shape))
        return Kernel(self.kernel.weights - total / self.divisor, self.kernel.anchor, "the rest")

    @property
    def multiplications(self) -> tuple[int, int]:
        """For each pixel: with the kernel itself, and with the products one after the other."""
        rows, columns = self.kernel.shape
        return rows * columns, len(self.products) * (rows + columns)


def combine(first: Kernel, second: Kernel, by: Combining, boundary: Boundary) -> Combination:
    """Make one kernel of two, and check on noise that it does in one pass what they do in two.

    Raises KernelError for kernels that cancel each other, and for those that reach too far to be checked.
    """
    joined = max if by in {Combining.ADD, Combining.SUBTRACT} else sum
    reach = [joined(sides) for sides in zip(first.shape, second.shape, strict=True)]
    if prod(reach) > MOST_CHECKED:
        raise KernelError(
            f"{first.name} and {second.name} together span {reach[0]} rows and {reach[1]} columns, and what they do is"
            f" checked up to {MOST_CHECKED:,} cells; combine smaller kernels"
        )
    match by:
        case Combining.CONVOLVE:
            merged = convolved(first, second)
        case Combining.CORRELATE:
            merged = correlated(first, second)
        case Combining.ADD:
            merged = on_common_cells(first, second)[2]
        case Combining.SUBTRACT:
            merged = on_common_cells(first, second.scaled(-1))[2].named(f"{first.name}-{second.name}")
    if not merged.weights.any():
        raise KernelError(f"{first.name} and {second.name} cancel each other: nothing is left")
    passes = tuple(_checked(first, second, merged, by, operation, boundary) for operation in Operation)
    return Combination(first, second, by, merged, passes, boundary)


def _checked(
    first: Kernel, second: Kernel, merged: Kernel, by: Combining, operation: Operation, boundary: Boundary
) -> Pass:
    shape = [2 * side + ROOM for side in merged.shape]
    image = np.random.default_rng(SEED).integers(0, 256, shape)
    options = Options(boundary=boundary)

    def filtered(picture: NDArray[np.generic], kernel: Kernel, chosen: Operation) -> Matrix:
        result: Matrix = filter_array(picture, kernel, chosen, options)
        return result

    once = filtered(image, merged, operation)
    if by in {Combining.ADD, Combining.SUBTRACT}:
        sign = 1 if by is Combining.ADD else -1
        twice = filtered(image, first, operation) + sign * filtered(image, second, operation)
    else:
        twice = filtered(filtered(image, first, operation), second, second_operation(by, operation))
    deviation = np.abs(once - twice)
    differing = deviation > EXACT_SHARE * max(1.0, float(np.abs(twice).max()))
    exact = not deviation[~differing].any()
    return Pass(operation, differing.size, int(np.count_nonzero(differing)), _margin(differing), exact)


def second_operation(by: Combining, operation: Operation) -> Operation:
    """What the second kernel does when both are applied in turn: (F⋆G)∗H = F⋆(G⋆H), the other way round for ∗."""
    if by is Combining.CONVOLVE:
        return operation
    return Operation.CONVOLUTION if operation is Operation.CORRELATION else Operation.CORRELATION


def _margin(differing: NDArray[np.bool_]) -> int:
    """How many pixels from the nearest side the innermost difference lies, counted from 1; 0 for none."""
    rows, columns = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in differing.shape)
    distance = np.minimum(rows[:, np.newaxis], columns) + 1
    return int(distance[differing].max(initial=0))


def split(kernel: Kernel, terms: int | None = None) -> Split:
    """The fewest products column times row that add up to a kernel, exact for whole numbers over a divisor.

    terms: only the best so many of them, by least squares. Raises KernelError for fewer than 1, and for kernels of
    which not even the rank is known.
    """
    if kernel.rank is None:
        rows, columns = kernel.shape
        raise KernelError(
            f"{kernel.name} has {rows} rows and {columns} columns; only up to {LARGEST_RANKED_SIDE} of them are split"
        )
    form = kernel.integer_form
    if terms is not None and terms < kernel.rank:
        products = _best(kernel.weights, terms)
        divisor = 1
    elif form is not None and max(kernel.shape) <= LARGEST_EXACT_SIDE:
        products, divisor = _eliminated(form[0], form[1])
    else:
        products, divisor = _best(kernel.weights, kernel.rank), 1
    total = sum((product.weights for product in products), np.zeros(kernel.shape)) / divisor
    residual = float(np.abs(kernel.weights - total).max())
    return Split(kernel, products, divisor, 0.0 if residual <= 1e-14 * np.abs(kernel.weights).max() else residual)


def _best(weights: Matrix, terms: int) -> tuple[Product, ...]:
    """The products that leave the smallest squares. Source: C. Eckart and G. Young, Psychometrika 1 (1936)."""
    columns, sizes, rows = np.linalg.svd(weights, full_matrices=False)
    products = []
    for index in range(terms):
        column, row = columns[:, index] * np.sqrt(sizes[index]), rows[index] * np.sqrt(sizes[index])
        sign = 1.0 if column[np.argmax(np.abs(column))] > 0 else -1.0
        products.append(Product(sign * column, sign * row))
    return tuple(products)


def _eliminated(cells: NDArray[np.int64], divisor: int) -> tuple[tuple[Product, ...], int]:
    """Whole columns and rows by elimination in fractions: the kernel is their sum over one divisor."""
    left = [[Fraction(int(cell)) for cell in row] for row in cells]
    found: list[tuple[list[Fraction], list[Fraction]]] = []
    while True:
        peak, row, column = max(
            (abs(cell), -i, -j) for i, cells_of_row in enumerate(left) for j, cell in enumerate(cells_of_row)
        )
        if peak == 0:
            break
        pivot_row = list(left[-row])
        pivot_column = [cells_of_row[-column] / pivot_row[-column] for cells_of_row in left]
        left = [
            [cell - factor * other for cell, other in zip(cells_of_row, pivot_row, strict=True)]
            for cells_of_row, factor in zip(left, pivot_column, strict=True)
        ]
        found.append((pivot_column, pivot_row))
    factors = [(_whole(column), _whole(row)) for column, row in found]
    # Each product is its whole column times its whole row times a fraction, which the row takes in.
    shares = [column[1] * row[1] for column, row in factors]
    common = lcm(*(share.denominator for share in shares))
    products = tuple(
        Product(np.array(column[0], np.float64), np.array(row[0], np.float64) * float(share * common) + 0.0)
        for (column, row), share in zip(factors, shares, strict=True)
    )
    return products, divisor * common


def _whole(values: list[Fraction]) -> tuple[list[int], Fraction]:
    """Whole numbers without a common factor, the first above 0, and what each is to be multiplied by."""
    denominator = lcm(*(value.denominator for value in values))
    numbers = [int(value * denominator) for value in values]
    factor = gcd(*numbers)
    first = next(number for number in numbers if number)
    factor = -factor if first < 0 else factor
    return [number // factor for number in numbers], Fraction(factor, denominator)
