"""How a kernel lies over an image: the one place where correlation and convolution part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from corrconv.core.boundary import source_indices
from corrconv.core.kernel import Kernel
from corrconv.core.memory import require_memory
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation, OutputSize
from corrconv.errors import CorrconvError

# What is refused beforehand, far beyond honest kernels: the places along an axis cost memory.
LONGEST_EXTENT = 2**24


@dataclass(frozen=True)
class AxisPart:
    """What some neighbouring outputs read along one axis.

    runs: of the image's pixels, one piece, or two where they lie at both ends. places: which of those pixels, counted
    through all runs, each padded place repeats; None where they are what they are. layout: of the outputs over the
    pixels so repeated.
    """

    runs: tuple[slice, ...]
    places: NDArray[np.intp] | None
    layout: AxisLayout


@dataclass(frozen=True)
class AxisLayout:
    """One axis: how far it is padded, and which places of the padded axis each output reads.

    Output n reads the padded places n * stride + i * dilation for the kernel cells i = 0 .. side - 1.
    """

    length: int
    before: int
    after: int
    side: int
    stride: int
    dilation: int
    outputs: int

    @property
    def extent(self) -> int:
        """How many pixels the dilated kernel spans."""
        return self.dilation * (self.side - 1) + 1

    def padded_range(self, start: int, stop: int) -> tuple[int, int]:
        """The padded places that the outputs from start up to stop read."""
        return start * self.stride, (stop - 1) * self.stride + self.extent

    def reach(self, outputs: int) -> int:
        """How many padded places this many neighbouring outputs read."""
        return (outputs - 1) * self.stride + self.extent

    def sources(self, boundary: Boundary) -> NDArray[np.intp]:
        """The pixel that each padded place repeats (or OUTSIDE)."""
        return source_indices(self.length, self.before, self.after, boundary)

    def part(self, start: int, stop: int, boundary: Boundary) -> AxisPart:
        """What the outputs from start up to stop read."""
        first, last = self.padded_range(start, stop)
        low = min(max(first, self.before), last)
        high = max(min(last, self.before + self.length), low)
        inside = slice(low - self.before, high - self.before)
        if boundary is Boundary.CONSTANT or (low, high) == (first, last):
            # What lies outside holds no pixels that would have to be brought along.
            own = replace(self, length=high - low, before=low - first, after=last - high, outputs=stop - start)
            return AxisPart((inside,), None, own)
        own = replace(self, length=last - first, before=0, after=0, outputs=stop - start)
        sources = self.sources(boundary)[first:last]
        pixels = np.unique(sources)
        gaps = np.flatnonzero(np.diff(pixels) > 1)
        edges = [0, *(gap + 1 for gap in gaps.tolist()), len(pixels)]
        runs = tuple(slice(int(pixels[here]), int(pixels[there - 1]) + 1) for here, there in pairwise(edges))
        return AxisPart(runs, np.searchsorted(pixels, sources), own)


@dataclass(frozen=True)
class Layout:
    """A kernel laid over an image, ready for plain multiplication cell by cell.

    kernel is the one to be laid as it is: turned already where the operation is convolution.
    """

    kernel: Kernel
    rows: AxisLayout
    columns: AxisLayout
    boundary: Boundary
    fill: float

    @property
    def output_shape(self) -> tuple[int, int]:
        """Rows and columns of the result."""
        return self.rows.outputs, self.columns.outputs


def lay(image_shape: tuple[int, int], kernel: Kernel, operation: Operation, options: Options) -> Layout:
    """The layout of a kernel over an image of this many rows and columns.

    Raises CorrconvError for an empty image, where no output is left under `valid`, and for a kernel
    that spans more than memory holds.
    """
    laid = options.anchored(kernel)
    if operation is Operation.CONVOLUTION:
        laid = laid.turned()
    rows, columns = (
        _lay_axis(
            image_shape[axis],
            laid.shape[axis],
            laid.anchor[axis],
            options.stride[axis],
            options.dilation[axis],
            options.output_size,
        )
        for axis in (0, 1)
    )
    require_memory(
        8 * rows.extent * columns.extent,
        f"what one result reads where the kernel spans {rows.extent}x{columns.extent} pixels",
        "use a smaller dilation",
    )
    return Layout(laid, rows, columns, options.boundary, options.fill)


def _lay_axis(length: int, side: int, anchor: int, stride: int, dilation: int, output_size: OutputSize) -> AxisLayout:
    if length == 0:
        raise CorrconvError("the image is empty; it needs at least one pixel")
    dilation = dilation if side > 1 else 1  # a single cell is spread by nothing, however far
    extent = dilation * (side - 1) + 1
    if extent > LONGEST_EXTENT:
        raise CorrconvError(
            f"the kernel spans {Decimal(extent):.3g} pixels, where {LONGEST_EXTENT} can be filtered;"
            " use a smaller dilation"
        )
    match output_size:
        case OutputSize.SAME:
            before, after = dilation * anchor, dilation * (side - 1 - anchor)
        case OutputSize.FULL:
            before = after = extent - 1
        case OutputSize.VALID:
            before = after = 0
    positions = before + length + after - extent + 1
    if positions < 1:
        raise CorrconvError(
            f"the kernel spans {extent} pixels where the image has {length}, so output size 'valid' leaves nothing;"
            " use 'same' or 'full'"
        )
    # A single cell has nothing to spread, however far apart.
    dilation = dilation if side > 1 else 1
    # A stride past the last position keeps the first one only, however long it is.
    stride = min(stride, positions)
    return AxisLayout(length, before, after, side, stride, dilation, outputs=-(-positions // stride))
