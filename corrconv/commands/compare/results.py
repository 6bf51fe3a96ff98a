"""What both operations make of an image, tile by tile or whole; and how far the two lie apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import frexp, fsum, isfinite, ldexp, sqrt
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from corrconv.core.decision import prepare_filtering
from corrconv.core.memory import require_memory
from corrconv.core.pixels import count_pixels
from corrconv.core.terms import Operation, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from corrconv.core.decision import Filtering
    from corrconv.core.engines.tiles import Tile
    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options

# Takes the place of a tile in the results, and what both operations gave there (rows, columns, channels).
TilePair: TypeAlias = "Callable[[Tile, NDArray[np.float64], NDArray[np.float64]], None]"


@dataclass(frozen=True)
class Gap:
    """How far two results lie apart: the largest, the mean and the root mean square of the differences.

    differing_share: of the pixels, those with a difference that rounding does not explain in a channel.
    """

    largest: float
    mean: float
    rmse: float
    differing_share: float


class Results:
    """What both operations make of one image with one kernel: unrounded float64, computed when it is asked for.

    shape: rows, columns and channels (H', W', C) of correlation, of convolution and of their difference.
    """

    def __init__(self, pixels: NDArray[Any], kernel: Kernel, options: Options) -> None:
        # float64 even for float32 pictures: the verdict is about the operations, not about rounding.
        both = _prepared(pixels, kernel, replace(options, precision=Precision.FLOAT64))
        self.arithmetic = both[0].arithmetic
        if self.arithmetic.exact:  # and so would it be in any narrower type, which is quicker
            both = _prepared(pixels, kernel, replace(options, precision=Precision.AUTO))
        rows, columns = kernel.shape
        require_memory(
            1.2 * max(each.plan.memory for each in both) + 32 * kernel.weights.size,
            f"comparing a kernel of {rows}x{columns} cells on a picture of this size",
            "use a smaller one of either",
        )
        self.shape = both[0].output_shape
        self._filterings = both

    @cached_property
    def correlation(self) -> NDArray[np.float64]:
        """What correlation makes of the image (H', W', C)."""
        return self._whole(self._filterings[0])

    @cached_property
    def convolution(self) -> NDArray[np.float64]:
        """What convolution makes of the image (H', W', C)."""
        return self._whole(self._filterings[1])

    @property
    def difference(self) -> NDArray[np.float64]:
        """Correlation minus convolution; 0 where both are nan or the same infinity."""
        return subtract(self.correlation, self.convolution)

    def each_tile(self, consume: TilePair) -> None:
        """Compute all of it tile by tile, by several threads, and keep nothing.

        What consume is given is valid until it returns.
        """

        def widen(tile: Tile, first: NDArray[Any], second: NDArray[Any]) -> None:
            consume(tile, first.astype(np.float64, copy=False), second.astype(np.float64, copy=False))

        self._filterings[0].run_beside(self._filterings[1], widen)

    def corner(self, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Correlation and convolution in the upper left corner of so many rows and columns at most."""
        rows, columns = min(side, self.shape[0]), min(side, self.shape[1])
        both = np.empty((rows, columns, self.shape[2])), np.empty((rows, columns, self.shape[2]))

        def fill(tile: Tile, *values: NDArray[np.float64]) -> None:
            for own, output in zip(values, both, strict=True):
                part = output[tile]  # nothing, where the tile begins beyond the corner
                part[...] = own[: part.shape[0], : part.shape[1]]

        self.each_tile(fill)
        return both

    def gap(self, tolerance: float) -> Gap:
        """How far the results lie apart, where differences up to the tolerance are rounding."""
        parts: dict[tuple[int, int], _GapPart] = {}

        def measure(tile: Tile, correlation: NDArray[np.float64], convolution: NDArray[np.float64]) -> None:
            difference = np.abs(subtract(correlation, convolution))
            parts[tile[0].start, tile[1].start] = _measured(difference, tolerance)

        self.each_tile(measure)
        # In the order of the tiles, so that it does not matter which thread was quicker.
        return _joined([parts[place] for place in sorted(parts)], self.shape)

    def _whole(self, filtering: Filtering) -> NDArray[np.float64]:
        output = np.empty(self.shape)

        def fill(tile: Tile, values: NDArray[Any]) -> None:
            output[tile] = values

        filtering.run(fill)
        return output


def subtract(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The difference of two arrays; 0 where both are nan or the same infinity."""
    with np.errstate(invalid="ignore", over="ignore"):
        difference = first - second
    if np.isnan(difference.max()):
        difference[(first == second) | (np.isnan(first) & np.isnan(second))] = 0.0
    return difference


@dataclass(frozen=True)
class _GapPart:
    """The sums of the absolute differences of a tile, and of their squares, in a unit of about their largest.

    unit: a power of two, so that it rounds nothing; and without it the squares of 1e200 would overflow.
    """

    largest: float
    unit: float
    total: float
    squares: float
    differing: int


def _measured(difference: NDArray[np.float64], tolerance: float) -> _GapPart:
    largest = float(difference.max())
    unit = ldexp(1.0, frexp(largest)[1] - 1) if largest and isfinite(largest) else 1.0
    differing = count_pixels(~(difference <= tolerance))
    difference /= unit
    total = float(difference.sum())
    np.square(difference, out=difference)
    return _GapPart(largest, unit, total, float(difference.sum()), differing)


def _joined(parts: Sequence[_GapPart], shape: tuple[int, int, int]) -> Gap:
    rows, columns, channels = shape
    values = rows * columns * channels
    unit = max(part.unit for part in parts)
    total = fsum(part.total * (part.unit / unit) for part in parts)
    squares = fsum(part.squares * (part.unit / unit) ** 2 for part in parts)
    return Gap(
        largest=float(np.max([part.largest for part in parts])),  # nan, where there is one
        mean=unit * (total / values),
        rmse=unit * sqrt(squares / values),
        differing_share=sum(part.differing for part in parts) / (rows * columns),
    )


def _prepared(pixels: NDArray[Any], kernel: Kernel, options: Options) -> tuple[Filtering, Filtering]:
    correlation, convolution = (
        prepare_filtering(pixels, kernel, operation, options, real_dtype=np.dtype(np.float64))
        for operation in Operation
    )
    return correlation, convolution
