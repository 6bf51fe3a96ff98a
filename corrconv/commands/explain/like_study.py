"""Where one output pixel comes from, as a library computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.explain.study import Reading, check_cells, check_channel, check_place
from corrconv.core.convention.filtering import apply_convention, border_strips, padded_window, read_places
from corrconv.core.convention.model import REPLACED, Convention, Side
from corrconv.core.kernel import Kernel
from corrconv.core.pixels import to_pixels
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Cell


@dataclass(frozen=True, eq=False, kw_only=True)
class LikeExplanation(Reading):
    """How a library arrives at one output pixel.

    kernel: its anchor is the cell over the place with the output's row and column. given: the kernel as it was
    given. left_out: the border rule that puts something else in place of the sum, or None. result: what the
    library returns, of type result_dtype. pixel: what is written, of type dtype.
    """

    image_shape: tuple[int, int, int]
    given: Kernel
    convention: Convention
    at: Cell
    channel: int
    left_out: Side | None
    result: float
    result_dtype: np.dtype[Any]
    pixel: float
    dtype: np.dtype[Any]

    @property
    def divisor(self) -> float:
        """What the sum is divided by; 0 where the kernel has no such number."""
        return self.convention.scale.divisor(self.given)


def explain_like(
    image: NDArray[Any],
    kernel: Kernel,
    convention: Convention,
    *,
    at: Cell,
    channel: int = 0,
    dtype: np.dtype[Any] | None = None,
) -> LikeExplanation:
    """Explain the output pixel at (row, column) of one channel of an image (H, W, C) without transparency.

    dtype: the type of the pixels that are written; None for what the library returns. Raises CorrconvError for
    a place or channel that does not exist, where the convention refuses the kernel, and for strides, dilation
    and transposed convolution, whose places are not followed here.
    """
    if {convention.stride, convention.dilation, convention.spread} != {(1, 1)}:
        raise CorrconvError(
            f"{convention.name} with a stride, a dilation or transposed is not followed pixel by pixel;"
            " leave these settings out, or look at a layer's output"
        )
    rows, columns, channels = image.shape
    check_channel(channel, channels)
    check_cells(kernel)
    plane = image[:, :, channel]
    # The whole plane is filtered, as `apply` does: sums by another engine may round otherwise.
    made = apply_convention(plane, kernel, convention)
    convention = convention.for_shape(kernel.shape)
    check_place(at, (made.shape[0], made.shape[1]))
    result = made[at]
    cell = result.reshape(1, 1, 1)
    written = cell if dtype is None else to_pixels(cell, image.dtype, dtype)[0]
    weights = convention.orientation.of_weights(kernel.weights)
    starts = [at[axis] + start for axis, start in enumerate(convention.start(kernel.shape))]
    borders = convention.borders
    row_sources = read_places(rows, starts[0], weights.shape[0], borders.top, borders.bottom)
    column_sources = read_places(columns, starts[1], weights.shape[1], borders.left, borders.right)
    return LikeExplanation(
        kernel=Kernel(weights, (at[0] - starts[0], at[1] - starts[1]), kernel.name),
        values=padded_window(plane, (starts[0], starts[1]), weights.shape, borders).astype(np.float64),
        rows=tuple(range(starts[0], starts[0] + weights.shape[0])),
        columns=tuple(range(starts[1], starts[1] + weights.shape[1])),
        source_rows=tuple(row_sources.tolist()),
        source_columns=tuple(column_sources.tolist()),
        image_shape=(rows, columns, channels),
        given=kernel,
        convention=convention,
        at=at,
        channel=channel,
        left_out=_left_out(at, (rows, columns), kernel, convention),
        result=result.item(),
        result_dtype=made.dtype,
        pixel=written.item(),
        dtype=written.dtype,
    )


def _left_out(at: Cell, image_shape: tuple[int, int], kernel: Kernel, convention: Convention) -> Side | None:
    if convention.output_size is not OutputSize.SAME:
        return None
    found = None
    for name, strip in border_strips(image_shape, convention, kernel.shape).items():
        side = convention.borders.sides[name]
        inside = all(at[axis] in range(*strip[axis].indices(image_shape[axis])) for axis in (0, 1))
        if inside and side.rule in REPLACED:
            found = side
    return found
