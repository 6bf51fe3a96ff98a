"""The definition, vectorised: sums of shifted images, each multiplied by its weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from operator import is_not
from typing import Any, TypeAlias

import numpy as np

from corrconv.core.engines.signature import Numbers, TileFilter, TileFilterMaker
from corrconv.core.engines.tiles import Scratch
from corrconv.core.kernel import Cell
from corrconv.core.layout import Layout

# Kernels of more cells are not searched for equal weights: that takes longer than it could save.
MOST_GROUPED = 500


class Register(Enum):
    """What a pass writes: the sum itself, or the part of it that is multiplied before it is added."""

    SUM = "sum"
    PART = "part"


# A pass with its operands, and where it writes.
_Step: TypeAlias = "tuple[np.ufunc, Numbers | np.generic, Numbers | np.generic, Numbers]"

# What a pass reads: the image shifted to a cell, what another pass has written, or a weight.
Operand: TypeAlias = "Cell | Register | np.generic"


@dataclass(frozen=True)
class TilePass:
    """One addition, subtraction or multiplication of all pixels of a tile."""

    operation: np.ufunc
    left: Operand
    right: Operand
    target: Register


@dataclass(frozen=True)
class _Group:
    """Cells that are added, and others that are subtracted, before all are multiplied by one weight."""

    weight: Any
    added: list[Cell]
    subtracted: list[Cell]


class ShiftedSums:
    """Goes through passes over the tiles of one thread; strides and dilations are those of the rows and columns."""

    def __init__(self, dtype: np.dtype[Any], strides: tuple[int, int], dilations: tuple[int, int]) -> None:
        self._strides, self._dilations = strides, dilations
        self._sums, self._part = Scratch(dtype), Scratch(dtype)
        self._arrays: tuple[Any, ...] = ()
        self._steps: list[_Step] = []

    def fill(self, passes: list[TilePass], padded: Numbers, out: Numbers) -> None:
        """Fill out with what the passes sum of the padded pixels, both (rows, columns, channels)."""
        if self._strides != (1, 1) or not padded.flags.c_contiguous:
            part = self._part.array(out.shape)
            _run(_bind(passes, self._shifted_windows(padded, out.shape), out, part))
            return
        # Rows one after the other, and what lies between the outputs is summed too: one long loop
        # takes a third of the time of a short one for each row.
        height, width, channels = out.shape
        pitch = padded.shape[1] * channels
        in_place = width == padded.shape[1] and out.flags.c_contiguous
        sums = out.reshape(-1) if in_place else self._sums.array((height * pitch,))
        # Most tiles lie in the same memory as the last one: what is where need not be found out again.
        arrays = passes, padded, out if in_place else sums
        if not self._steps or any(map(is_not, arrays, self._arrays)):
            total = sums[: (height - 1) * pitch + width * channels]
            part = self._part.array(total.shape)
            self._arrays, self._steps = arrays, _bind(passes, self._shifted_runs(padded, len(total)), total, part)
        _run(self._steps)
        if not in_place:
            out[...] = sums.reshape(height, -1, channels)[:, :width]

    def _shifted_runs(self, padded: Numbers, length: int) -> Callable[[Cell], Numbers]:
        """For each cell what lies under it, all rows in one run of this length."""
        pixels, channels = padded.reshape(-1), padded.shape[2]
        down, right = self._dilations[0] * padded.shape[1] * channels, self._dilations[1] * channels
        return lambda cell: pixels[cell[0] * down + cell[1] * right :][:length]

    def _shifted_windows(self, padded: Numbers, shape: tuple[int, ...]) -> Callable[[Cell], Numbers]:
        """For each cell what lies under it, in the shape of the outputs."""
        down, right = self._strides
        height, width = (shape[0] - 1) * down + 1, (shape[1] - 1) * right + 1

        def shifted(cell: Cell) -> Numbers:
            top, left = cell[0] * self._dilations[0], cell[1] * self._dilations[1]
            return padded[top : top + height : down, left : left + width : right]

        return shifted


def direct(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:  # noqa: ARG001 - any tile will do
    """Sum kernel cells times shifted images.

    Works in whatever type the weights have, integers included. Cells of weight 0 are left out, and those of
    equal weights added first; except where the image holds nan or inf, 0 times which is not 0, or numbers
    so large that their sums could overflow where those of the products do not.
    """
    passes = list_passes(weights)
    cell_by_cell = cache(lambda: list_passes(weights, cell_by_cell=True))
    bears_all = weights.dtype.kind == "i" or bool((np.abs(weights) >= 1).all())
    rows, columns = layout.rows, layout.columns

    def make() -> TileFilter:
        sums = ShiftedSums(weights.dtype, (rows.stride, columns.stride), (rows.dilation, columns.dilation))

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            sums.fill(passes if bears_all or _all_moderate(padded) else cell_by_cell(), padded, out)

        return filter_tile

    return make


def count_passes(weights: Numbers) -> int:
    """How many passes `list_passes` gives, or a few more or less."""
    cells = int(np.count_nonzero(weights))
    if cells > MOST_GROUPED:
        return 2 * cells - bool((np.abs(weights) == 1).any())
    sizes = {size for size in np.abs(weights).ravel().tolist() if size}
    return cells + len(sizes) - (1 in sizes)


def list_passes(weights: Numbers, *, cell_by_cell: bool = False) -> list[TilePass]:
    """The passes that sum all cells but those of weight 0.

    Cells whose weights differ by no more than the sign are added before they are multiplied; those of
    weight 1 and -1 come last and are only added. cell_by_cell: nothing is left out or put together.
    """
    groups = sorted(_group_cells(weights, cell_by_cell), key=lambda group: bool(abs(group.weight) == 1))
    passes = [step for number, group in enumerate(groups) for step in _sum_group(group, first=number == 0)]
    return passes or [TilePass(np.multiply, (0, 0), weights.dtype.type(0), Register.SUM)]


def gives_negative_zeros(weights: Numbers) -> bool:
    """Whether sums of whole numbers can come out as -0: where the first weight to multiply by is not positive."""
    products = (step.right for step in list_passes(weights) if step.operation is np.multiply)
    return next(products, 1) <= 0  # type: ignore[operator]


def _all_moderate(pixels: Numbers) -> bool:
    """Whether all are finite, and none is larger than the root of the largest number; BLAS finds that quickest."""
    rows = pixels.reshape(len(pixels), -1)
    return bool(np.isfinite(np.vecdot(rows, rows)).all())


def _group_cells(weights: Numbers, cell_by_cell: bool) -> list[_Group]:
    apart = cell_by_cell or weights.size > MOST_GROUPED
    groups: dict[Any, _Group] = {}
    for cell in np.ndindex(*weights.shape):
        weight = weights[cell]
        if weight == 0 and not cell_by_cell:
            continue
        group = groups.setdefault(cell if apart else abs(weight), _Group(weight, [], []))
        (group.added if weight == group.weight else group.subtracted).append(cell)
    return list(groups.values())


def _sum_group(group: _Group, *, first: bool) -> Iterator[TilePass]:
    cells = [(np.add, cell) for cell in group.added] + [(np.subtract, cell) for cell in group.subtracted]
    if not first and abs(group.weight) == 1:
        for operation, cell in cells:
            adds = (operation is np.add) == (group.weight == 1)
            yield TilePass(np.add if adds else np.subtract, Register.SUM, cell, Register.SUM)
        return
    target = Register.SUM if first else Register.PART
    value: Operand = cells[0][1]
    for operation, cell in cells[1:]:
        yield TilePass(operation, value, cell, target)
        value = target
    if group.weight != 1 or value is not target:
        yield TilePass(np.multiply, value, group.weight, target)
    if not first:
        yield TilePass(np.add, Register.SUM, Register.PART, Register.SUM)


def _bind(passes: list[TilePass], shifted: Callable[[Cell], Numbers], total: Numbers, part: Numbers) -> list[_Step]:
    """The passes with the arrays that they read and write; shifted gives the image as it lies under a cell."""
    registers = {Register.SUM: total, Register.PART: part}

    def resolve(operand: Operand) -> Numbers | np.generic:
        if isinstance(operand, tuple):
            return shifted(operand)
        return registers[operand] if isinstance(operand, Register) else operand

    return [(step.operation, resolve(step.left), resolve(step.right), registers[step.target]) for step in passes]


def _run(steps: list[_Step]) -> None:
    for operation, left, right, target in steps:
        operation(left, right, out=target)
