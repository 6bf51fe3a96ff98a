"""Kernels combined with kernels: what two filters, one after the other or added up, amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Cell, Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation, OutputSize

IN_TURN = "applied once, it gives what its parts give in turn; only at the border do two passes differ from one"

WHOLE_PLANE = Options(boundary=Boundary.CONSTANT, output_size=OutputSize.FULL)


def dilated(kernel: Kernel, dilation: tuple[int, int]) -> Kernel:
    """The kernel with zeros between its cells: what dilation makes of it."""
    rows, columns = (step * (side - 1) + 1 for step, side in zip(dilation, kernel.shape, strict=True))
    weights = np.zeros((rows, columns))
    weights[:: dilation[0], :: dilation[1]] = kernel.weights
    return Kernel(weights, (kernel.anchor[0] * dilation[0], kernel.anchor[1] * dilation[1]), kernel.name)


def convolved(first: Kernel, second: Kernel) -> Kernel:
    """G∗H as a kernel, its anchor the sum of both: filtering with it is filtering with both.

    Whole numbers over a divisor are multiplied as such, so that nothing is rounded before the end.
    """
    form, other = first.integer_form, second.integer_form
    if form is not None and other is not None:
        whole = filter_array(form[0], Kernel(other[0]), Operation.CONVOLUTION, WHOLE_PLANE)
        weights = whole / (form[1] * other[1])
    else:
        weights = filter_array(first.weights, second, Operation.CONVOLUTION, WHOLE_PLANE)
    anchor = (first.anchor[0] + second.anchor[0], first.anchor[1] + second.anchor[1])
    return Kernel(weights, anchor, f"{first.name}∗{second.name}")


def correlated(first: Kernel, second: Kernel) -> Kernel:
    """G⋆H as a kernel: G convolved with H turned."""
    return convolved(first, second.turned()).named(f"{first.name}⋆{second.name}")


def chained(kernels: Sequence[Kernel]) -> Kernel:
    """One kernel for several that are applied in turn, by either operation: (F⋆G)⋆H = F⋆(G∗H), (F∗G)∗H = F∗(G∗H).

    The same numbers inside; at the border the passes in between would be continued anew.
    """
    merged = reduce(convolved, kernels)
    return replace(merged, name="+".join(kernel.name for kernel in kernels), source=IN_TURN)


def on_common_cells(first: Kernel, second: Kernel) -> tuple[Kernel, Kernel, Kernel]:
    """Both kernels with zeros around them, so that anchors and shapes agree, and their sum."""
    anchor = (max(first.anchor[0], second.anchor[0]), max(first.anchor[1], second.anchor[1]))
    rows, columns = (
        anchor[axis] + max(kernel.shape[axis] - kernel.anchor[axis] for kernel in (first, second)) for axis in (0, 1)
    )
    padded = [framed(kernel, (rows, columns), anchor) for kernel in (first, second)]
    total = Kernel(padded[0].weights + padded[1].weights, anchor, f"{first.name}+{second.name}")
    return padded[0], padded[1], total


def framed(kernel: Kernel, shape: tuple[int, int], anchor: Cell) -> Kernel:
    """The kernel with zeros around it, in a matrix of this shape and with its anchor at this cell of it."""
    weights = np.zeros(shape)
    top, left = anchor[0] - kernel.anchor[0], anchor[1] - kernel.anchor[1]
    weights[top : top + kernel.shape[0], left : left + kernel.shape[1]] = kernel.weights
    return Kernel(weights, anchor, kernel.name)


def single_one(shape: tuple[int, int], cell: Cell, anchor: Cell) -> Kernel:
    """A kernel that only moves the picture: a 1 at the cell, zeros elsewhere."""
    weights = np.zeros(shape)
    weights[cell] = 1
    return Kernel(weights, anchor, "a single 1")
