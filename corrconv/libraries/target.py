"""Something that filters, seen from outside: what a probe examines and what files hands to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from corrconv.errors import CorrconvError

Shape = tuple[int, int]

# Rows and columns of the kernels that are tried: odd, even, one of each, single rows and single columns.
ROW_SHAPES: tuple[Shape, ...] = ((1, 3), (1, 5), (1, 11), (1, 2), (1, 8))
KERNEL_SHAPES: tuple[Shape, ...] = (
    *((side, side) for side in (3, 5, 7, 9, 11)),
    *((3, 5), (7, 3)),
    *((side, side) for side in (2, 4, 6, 8, 10)),
    *((2, 4), (2, 3), (3, 2), (5, 4)),
    *ROW_SHAPES,
    *((columns, rows) for rows, columns in ROW_SHAPES),
)
# For targets that are slow to start, or that are compiled for every shape anew.
FEW_KERNEL_SHAPES: tuple[Shape, ...] = (
    *((3, 3), (5, 5), (7, 7), (2, 2), (4, 4)),
    *((2, 3), (3, 2), (1, 3), (1, 4), (3, 1), (4, 1)),
)
# For tools that take a list of numbers, whose shape they guess.
SQUARE_SHAPES: tuple[Shape, ...] = tuple((side, side) for side in (3, 5, 7, 2, 4))


class TimeoutExceededError(CorrconvError):
    """The target took too long; asked again, it would take as long again."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Something that makes an image of an image and a kernel, and what it can be fed.

    run: (image, kernel) -> image, all 2-D arrays. image_dtypes: the first is what the geometry is
    measured with, the whole-number ones are what rounding and overflow are measured with.
    whole_kernels: only whole-number kernels. separable: only products of a column and a row.
    proof_pictures: how many fresh pictures prove the findings, for each kernel shape and image type.
    called: how a callable is called, in words, once that was found; empty for others.
    """

    name: str
    run: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
    image_dtypes: tuple[str, ...] = ("float64", "uint8")
    kernel_shapes: tuple[Shape, ...] = KERNEL_SHAPES
    whole_kernels: bool = False
    separable: bool = False
    proof_pictures: int = 3
    called: Callable[[], str] = lambda: ""
