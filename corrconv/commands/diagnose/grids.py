"""Where a kernel may have been laid: every turn of it, and every place that the first result may have read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from corrconv.core.convention.geometry import Pads
from corrconv.core.convention.model import Convention, Orientation
from corrconv.core.terms import OutputSize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corrconv.commands.diagnose.evidence import Evidence
    from corrconv.core.kernel import Cell

# Strides and dilations that are tried, beside 1.
TRIED_STEPS = (2, 3, 4)

# How far apart the pixels of a transposed convolution are tried to write: sizes leave few of these.
TRIED_SPREADS = range(2, 9)

# How many results may have been cut off at a side; where more are missing in all than at two sides, so many.
MOST_CUT = 4
MOST_MISSING = 100

# The turns of a kernel, the plainest first.
PLAINNESS = {orientation: place for place, orientation in enumerate(Orientation)}


@dataclass(frozen=True)
class Grid:
    """All places where the first result may begin to read, for one turn of the kernel.

    orientations: the turns that lay these same weights. convention: output size, stride and dilation. starts:
    the places by rows and by columns. total: how many pixels are read outside, by rows and columns.
    """

    orientations: tuple[Orientation, ...]
    convention: Convention
    starts: tuple[tuple[int, ...], tuple[int, ...]]
    total: Cell

    def conventions(self, start: Cell, shape: tuple[int, int]) -> tuple[Convention, ...]:
        """The conventions that begin there, the one with the plainest anchor first."""
        found = [self._convention(start, it, shape) for it in self._turned]
        return tuple(sorted(found, key=lambda it: plainness(it, shape)))

    @cached_property
    def _turned(self) -> tuple[Convention, ...]:
        return tuple(replace(self.convention, orientation=it) for it in self.orientations)

    def _convention(self, start: Cell, plain: Convention, shape: tuple[int, int]) -> Convention:
        if plain.output_size is OutputSize.SAME:
            cell = (-start[0] // plain.dilation[0], -start[1] // plain.dilation[1])
            return plain.anchored(cell, shape)
        if plain.output_size is OutputSize.FULL or (start, self.total) == ((0, 0), (0, 0)):
            return plain
        (top, left), (rows, columns) = (-start[0], -start[1]), self.total
        return replace(plain, pads=Pads(top, rows - top, left, columns - left))


def plainness(convention: Convention, shape: tuple[int, int]) -> tuple[int, ...]:
    """How far the convention lies from the plainest one: by its anchor or pads, then by its orientation."""
    cell, centre = convention.anchor_cell(shape), (shape[0] // 2, shape[1] // 2)
    distance = abs(cell[0] - centre[0]) + abs(cell[1] - centre[1])
    pads = convention.pads
    uneven = abs(pads.top - pads.bottom) + abs(pads.left - pads.right)
    # An even side has two middles, of which neither is stranger than the other.
    return uneven, distance, PLAINNESS[convention.orientation]


def plain_grids(evidence: Evidence, *, outside: bool = True) -> list[Grid]:
    """Every output size that the result's shape allows, without stride and dilation.

    outside: whether anchors one cell outside the kernel are tried too.
    """
    found = []
    for orientations, laid in _turns(evidence):
        for output_size in OutputSize:
            plain = Convention(orientation=orientations[0], output_size=output_size)
            if plain.output_shape(_size(evidence), evidence.kernel.shape) != evidence.result.shape[:2]:
                continue
            rows, columns = (_starts(output_size, side, outside=outside) for side in laid)
            found.append(Grid(orientations, plain, (rows, columns), (0, 0)))
    return found


def _starts(output_size: OutputSize, side: int, *, outside: bool) -> tuple[int, ...]:
    """Where the first result along an axis may begin to read."""
    match output_size:
        case OutputSize.SAME:
            cells = range(-1, side + 1) if outside and side > 1 else range(side)
            return tuple(-cell for cell in cells)
        case OutputSize.FULL:
            return (1 - side,)
        case OutputSize.VALID:
            return (0,)


def stepped_grids(evidence: Evidence) -> list[Grid]:
    """Strides, dilations, pads on each side, and results that were cut off, as far as the shapes allow them."""
    steps = [(stride, dilation) for stride, dilation in product((1, *TRIED_STEPS), repeat=2)]
    return _padded_grids(evidence, steps, 0)


def transposed_grids(evidence: Evidence, spread: int) -> list[Grid]:
    """Where the kernel may be written by the pixels of an image that is spread so far, with zeros between them."""
    return _padded_grids(evidence, [(1, dilation) for dilation in (1, *TRIED_STEPS)], spread - 1)


def _padded_grids(evidence: Evidence, steps: list[tuple[int, int]], more: int) -> list[Grid]:
    """The grids of these strides and dilations. more: how many pixels may be read in vain after the image."""
    found = []
    for (stride, dilation), (orientations, _) in product(steps, _turns(evidence)):
        plain = Convention(
            orientation=orientations[0],
            output_size=OutputSize.VALID,
            stride=(stride, stride),
            dilation=(dilation, dilation),
        )
        extent = plain.extent(evidence.kernel.shape)
        same = replace(plain, output_size=OutputSize.SAME)
        if (
            same.output_shape(_size(evidence), evidence.kernel.shape) == evidence.result.shape[:2]
            and stride * dilation > 1
        ):
            cells = [range(side) for side in orientations[0].of_shape(evidence.kernel.shape)]
            starts = tuple(tuple(-cell * dilation for cell in axis) for axis in cells)
            found.append(Grid(orientations, same, (starts[0], starts[1]), (0, 0)))
        axes = [
            list(_pads(length, outputs, reach, (stride, dilation), more))
            for length, outputs, reach in zip(evidence.image.shape[:2], evidence.result.shape[:2], extent, strict=True)
        ]
        if all(axes):
            totals = (axes[0][0][1], axes[1][0][1])
            starts = tuple(tuple(start for start, _ in axis) for axis in axes)
            found.append(Grid(orientations, plain, (starts[0], starts[1]), totals))
    return found


def _pads(length: int, outputs: int, extent: int, step: tuple[int, int], more: int) -> Iterator[tuple[int, int]]:
    """The first places along an axis, and the pads in all, that give this many outputs.

    step: stride and dilation. Results are taken for cut off without these only.
    """
    stride = step[0]
    total = (outputs - 1) * stride + extent - length
    cut = MOST_CUT if step == (1, 1) else 0
    # Few results fit somewhere in a large picture by accident.
    if cut and outputs > MOST_CUT and 2 * MOST_CUT < -total <= MOST_MISSING:
        cut = -total
    if total <= -2 * cut - stride or total > 2 * (extent - 1) + more:
        return
    for before in range(max(-cut, total - extent + 1 - more), min(extent - 1, total + cut + stride - 1) + 1):
        yield -before, total


def _turns(evidence: Evidence) -> list[tuple[tuple[Orientation, ...], tuple[int, int]]]:
    """The turns of the kernel that lay other weights, each with all that lay these; and the laid shape."""
    found: dict[Any, list[Orientation]] = {}
    for orientation in Orientation:
        weights = orientation.of_weights(evidence.kernel.weights) + 0.0  # never -0.0
        found.setdefault((weights.shape, weights.tobytes()), []).append(orientation)
    return [(tuple(orientations), shape) for (shape, _), orientations in found.items()]


def _size(evidence: Evidence) -> tuple[int, int]:
    return evidence.image.shape[0], evidence.image.shape[1]


def larger_than_full(evidence: Evidence) -> bool:
    """Whether the result is larger than all places where image and kernel touch."""
    sides = zip(evidence.result.shape, evidence.image.shape[:2], evidence.kernel.shape, strict=False)
    return all(result > length + side - 1 for result, length, side in sides)


def impossible_size(evidence: Evidence) -> str:
    """What is said of a result whose size nothing gives."""
    (rows, columns), (height, width) = evidence.result.shape[:2], evidence.image.shape[:2]
    shape = evidence.kernel.shape
    sides = list(zip((rows, columns), (height, width), shape, strict=True))
    strides = [
        stride
        for stride in TRIED_SPREADS
        if all(2 - 2 * side <= result - (length - 1) * stride - side < stride for result, length, side in sides)
    ]
    other = (
        f"; a transposed convolution of stride {strides[0]} has this size, and none gives these results"
        if strides
        else ""
    )
    return (
        f"a {height}x{width} image and a {shape[0]}x{shape[1]} kernel cannot give {rows}x{columns} results: neither"
        f" same nor full nor valid, nor with strides and dilations up to 4 and pads inside the kernel's reach, nor with"
        f" up to {MOST_MISSING} rows or columns cut off{other}"
    )
