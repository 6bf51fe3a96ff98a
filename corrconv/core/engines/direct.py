"""The definition, vectorised: sums of shifted images, each multiplied by its weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
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


def direct(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:  # noqa: ARG001 - any tile will do
    """Sum kernel cells times shifted images.

    Works in whatever type the weights have, integers included. Cells of weight 0 are left out,
    except where the image holds nan or inf: 0 times those is not 0.
    """
    passes = list_passes(weights)
    every_pass = cache(lambda: list_passes(weights, zeros=True))
    leaves_nothing_out = weights.dtype.kind == "i" or bool((weights != 0).all())
    strides = layout.rows.stride, layout.columns.stride

    def make() -> TileFilter:
        sum_scratch, part_scratch = Scratch(weights.dtype), Scratch(weights.dtype)

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            chosen = passes if leaves_nothing_out or np.isfinite(padded).all() else every_pass()
            if strides != (1, 1) or not padded.flags.c_contiguous:
                _run(chosen, _shifted_windows(padded, layout, out.shape), out, part_scratch.array(out.shape))
                return
            # Rows one after the other, and what lies between the outputs is summed too: one long loop
            # takes a third of the time of a short one for each row.
            height, width, channels = out.shape
            pitch = padded.shape[1] * channels
            sums = sum_scratch.array((height * pitch,))
            total = sums[: (height - 1) * pitch + width * channels]
            _run(chosen, _shifted_runs(padded, layout, len(total)), total, part_scratch.array(total.shape))
            out[...] = sums.reshape(height, -1, channels)[:, :width]

        return filter_tile

    return make


def count_passes(weights: Numbers) -> int:
    """How many passes `list_passes` gives, or a few more or less."""
    sizes = [size for size in np.abs(weights).ravel().tolist() if size]
    multiplied = set(sizes) if len(sizes) <= MOST_GROUPED else sizes
    return len(sizes) + len(multiplied) - (1 in multiplied)


def list_passes(weights: Numbers, *, zeros: bool = False) -> list[TilePass]:
    """The passes that sum all cells; those of weight 0 too where zeros is set.

    Cells whose weights differ by no more than the sign are added before they are multiplied; those of
    weight 1 and -1 come last and are only added.
    """
    groups = sorted(_group_cells(weights, zeros), key=lambda group: bool(abs(group.weight) == 1))
    passes = [step for number, group in enumerate(groups) for step in _sum_group(group, first=number == 0)]
    return passes or [TilePass(np.multiply, (0, 0), weights.dtype.type(0), Register.SUM)]


def gives_negative_zeros(weights: Numbers) -> bool:
    """Whether sums of whole numbers can come out as -0: where the first weight to multiply by is not positive."""
    products = (step.right for step in list_passes(weights) if step.operation is np.multiply)
    return next(products, 1) <= 0  # type: ignore[operator]


def _group_cells(weights: Numbers, zeros: bool) -> list[_Group]:
    groups: dict[Any, _Group] = {}
    for cell in np.ndindex(*weights.shape):
        weight = weights[cell]
        if weight == 0 and not zeros:
            continue
        # Below 1, sums of pixels might overflow where those of the products do not.
        shared = abs(weight) >= 1 and weights.size <= MOST_GROUPED
        group = groups.setdefault(abs(weight) if shared else cell, _Group(weight, [], []))
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


def _run(passes: list[TilePass], shifted: Callable[[Cell], Numbers], total: Numbers, part: Numbers) -> None:
    """Go through the passes; shifted gives the image as it lies under a cell."""
    registers = {Register.SUM: total, Register.PART: part}

    def resolve(operand: Operand) -> Numbers | np.generic:
        if isinstance(operand, tuple):
            return shifted(operand)
        return registers[operand] if isinstance(operand, Register) else operand

    for step in passes:
        step.operation(resolve(step.left), resolve(step.right), out=registers[step.target])


def _shifted_runs(padded: Numbers, layout: Layout, length: int) -> Callable[[Cell], Numbers]:
    """For each cell what lies under it, all rows in one run of this length."""
    pixels, channels = padded.reshape(-1), padded.shape[2]
    down, right = layout.rows.dilation * padded.shape[1] * channels, layout.columns.dilation * channels
    return lambda cell: pixels[cell[0] * down + cell[1] * right :][:length]


def _shifted_windows(padded: Numbers, layout: Layout, shape: tuple[int, ...]) -> Callable[[Cell], Numbers]:
    """For each cell what lies under it, in the shape of the outputs."""
    rows, columns = layout.rows, layout.columns
    height, width = (shape[0] - 1) * rows.stride + 1, (shape[1] - 1) * columns.stride + 1

    def shifted(cell: Cell) -> Numbers:
        top, left = cell[0] * rows.dilation, cell[1] * columns.dilation
        return padded[top : top + height : rows.stride, left : left + width : columns.stride]

    return shifted
