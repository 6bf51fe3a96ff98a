"""What an animation shows: a small part of a picture, both results, and every product of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.compare.study import compare
from corrconv.core.boundary import OUTSIDE, source_indices
from corrconv.core.layout import lay
from corrconv.core.memory import require_memory
from corrconv.core.terms import Operation
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError, KernelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import KernelComparison
    from corrconv.core.kernel import Cell, Kernel
    from corrconv.core.layout import AxisLayout, Layout
    from corrconv.core.options import Options

# Of larger ones each cell would take more time to be drawn than there is to see in it.
LARGEST_KERNEL = 31
LARGEST_SURROUNDED = 200


@dataclass(frozen=True, eq=False)
class Lain:
    """One operation over the picture: its layout, and its results (rows, columns)."""

    operation: Operation
    layout: Layout
    results: NDArray[np.float64]

    def places(self, at: Cell) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows and columns of the picture, beyond it too, that an output reads."""
        axes = zip((self.layout.rows, self.layout.columns), at, strict=True)
        rows, columns = (_places(axis, output) for axis, output in axes)
        return rows, columns


@dataclass(frozen=True, eq=False)
class Animation:
    """A picture (H, W) under a kernel by both operations.

    apron: how many places around the picture are read, before and after its rows and its columns.
    surrounded: the picture with what the boundary puts there. difference (rows, columns): of the results.
    """

    image: NDArray[Any]
    options: Options
    entry: KernelComparison
    correlation: Lain
    convolution: Lain
    apron: tuple[Cell, Cell]
    surrounded: NDArray[np.float64]
    difference: NDArray[np.float64]

    @property
    def both(self) -> tuple[Lain, Lain]:
        """Both operations."""
        return self.correlation, self.convolution

    def products(self, lain: Lain, at: Cell) -> NDArray[np.float64]:
        """The products of one output, in the shape of the kernel."""
        rows, columns = lain.places(at)
        (top, _), (left, _) = self.apron
        values: NDArray[np.float64] = self.surrounded[np.ix_(rows + top, columns + left)]
        with np.errstate(invalid="ignore", over="ignore"):  # infinity times 0, and what is too large becomes infinite
            return values * lain.layout.kernel.weights


def animate(image: NDArray[Any], kernel: Kernel, options: Options) -> Animation:
    """Filter a picture (H, W) both ways.

    Raises CorrconvError for what cannot be filtered, and for what is too large to be seen.
    """
    if max(kernel.shape) > LARGEST_KERNEL:
        raise KernelError(
            f"{kernel.name} has {kernel.shape[0]}x{kernel.shape[1]} cells, and an animation draws each of them; use one"
            f" of at most {LARGEST_KERNEL}x{LARGEST_KERNEL}"
        )
    shape = (image.shape[0], image.shape[1])
    layouts = [lay(shape, kernel, operation, options) for operation in Operation]
    apron = _apron([layout.rows for layout in layouts]), _apron([layout.columns for layout in layouts])
    rows, columns = (length + sum(sides) for length, sides in zip(shape, apron, strict=True))
    if max(rows, columns) > LARGEST_SURROUNDED:
        raise CorrconvError(
            f"{kernel.name} reads {rows} rows and {columns} columns, those around the picture among them, and more than"
            f" {LARGEST_SURROUNDED} of either cannot be seen; use a smaller dilation"
        )
    kept: list[Results] = []
    entry = compare(image, kernel, options=options, consume=lambda _, results: kept.append(results)).kernels[0]
    results = kept[0]
    correlation, convolution = (
        Lain(operation, layout, values[:, :, 0])
        for operation, layout, values in zip(
            Operation, layouts, (results.correlation, results.convolution), strict=True
        )
    )
    surrounded = _surrounded(image, options, apron)
    return Animation(image, options, entry, correlation, convolution, apron, surrounded, results.difference[:, :, 0])


def letter() -> NDArray[np.uint8]:
    """A small picture without any symmetry: an F on black, each of its cells 2x2 pixels."""
    cells = np.kron(zoo_kernel("letter:F").weights, np.ones((2, 2)))
    return np.pad(100 * cells, 2).astype(np.uint8)


def structured_part(image: NDArray[Any], side: int) -> tuple[slice, slice]:
    """The part of this side at most whose pixels (H, W) vary most."""
    require_memory(50 * image.size, "looking for the part of a picture of this size", "choose the part yourself")
    sides = min(side, image.shape[0]), min(side, image.shape[1])
    values = np.nan_to_num(image.astype(np.float64), posinf=0.0, neginf=0.0)
    values /= float(np.abs(values).max()) or 1.0  # squares and sums of the largest numbers would overflow
    values -= values.mean()
    mean, square = (_window_sums(power, sides) / (sides[0] * sides[1]) for power in (values, values**2))
    row, column = np.unravel_index(int((square - mean**2).argmax()), mean.shape)
    return slice(int(row), int(row) + sides[0]), slice(int(column), int(column) + sides[1])


def _window_sums(values: NDArray[np.float64], sides: Cell) -> NDArray[np.float64]:
    """The sum of each window, by differences of cumulated sums."""
    cumulated = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    rows = cumulated[sides[0] :] - cumulated[: -sides[0]]
    sums: NDArray[np.float64] = rows[:, sides[1] :] - rows[:, : -sides[1]]
    return sums


def _places(axis: AxisLayout, output: int) -> NDArray[np.intp]:
    return output * axis.stride + axis.dilation * np.arange(axis.side) - axis.before


def _apron(axes: list[AxisLayout]) -> Cell:
    ends = [(-int(_places(axis, 0)[0]), int(_places(axis, axis.outputs - 1)[-1]) - axis.length + 1) for axis in axes]
    return max(0, *(before for before, _ in ends)), max(0, *(after for _, after in ends))


def _surrounded(image: NDArray[Any], options: Options, apron: tuple[Cell, Cell]) -> NDArray[np.float64]:
    rows, columns = (
        source_indices(length, *sides, options.boundary) for length, sides in zip(image.shape, apron, strict=True)
    )
    values = image[np.ix_(rows, columns)].astype(np.float64)
    values[rows == OUTSIDE, :] = options.fill
    values[:, columns == OUTSIDE] = options.fill
    return values
