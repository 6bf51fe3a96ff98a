"""Where one output pixel comes from, as a library computes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corrconv.commands.explain.reading import Reading, check_cells, check_channel, check_place, read_pixel
from corrconv.core.convention.filtering import border_strips, exact_values, fitted_values, used_kernel
from corrconv.core.convention.model import REPLACED, Convention, Side
from corrconv.core.memory import require_memory
from corrconv.core.pixels import to_pixels
from corrconv.core.terms import OutputSize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from corrconv.core.convention.numbers import NumberRule
    from corrconv.core.kernel import Cell, Kernel


@dataclass(frozen=True, eq=False, kw_only=True)
class LikeExplanation:
    """How a library arrives at one output pixel.

    kernel: as the library uses it. left_out: the border rule that puts something else in place of the sum, or None.
    value: what the library makes of the sum before it is rounded. numbers: how whole-number pictures are rounded and
    made to fit, or None for real ones. result: what the library returns, of type result_dtype. pixel: what is
    written, of type dtype.
    """

    reading: Reading
    image_shape: tuple[int, int, int]
    image_dtype: np.dtype[Any]
    kernel: Kernel
    convention: Convention
    at: Cell
    channel: int
    left_out: Side | None
    value: float
    numbers: NumberRule | None
    result: float
    result_dtype: np.dtype[Any]
    pixel: float
    dtype: np.dtype[Any]

    @property
    def divisor(self) -> float:
        """What the sum is divided by; 0 where the kernel has no such number."""
        return self.convention.scale.divisor(self.kernel)


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
    a place or channel that does not exist, and where the convention refuses the kernel.
    """
    rows, columns, channels = image.shape
    check_channel(channel, channels)
    check_cells(kernel)
    require_memory(
        32 * rows * columns,
        "what a library makes of a whole picture of this size",
        "take a part of it, or explain the definition",
    )
    plane = image[:, :, channel]
    kernel = used_kernel(kernel, convention, plane.dtype)
    # The whole plane is filtered, as `apply` does: sums by another engine may round otherwise.
    values = exact_values(plane, kernel, convention)
    check_place(at, (values.shape[0], values.shape[1]))
    made = fitted_values(values, plane.dtype, kernel.shape, convention)
    convention = convention.for_shape(kernel.shape)
    cell = made[at].reshape(1, 1, 1)
    written = cell if dtype is None else to_pixels(cell, image.dtype, dtype)[0]
    return LikeExplanation(
        reading=read_pixel(plane, kernel, convention, at),
        image_shape=(rows, columns, channels),
        image_dtype=image.dtype,
        kernel=kernel,
        convention=convention,
        at=at,
        channel=channel,
        left_out=_left_out(at, values.shape, (rows, columns), kernel, convention),
        value=values[at].item(),
        numbers=None if image.dtype.kind == "f" else convention.numbers_of(image.dtype),
        result=cell.item(),
        result_dtype=made.dtype,
        pixel=written.item(),
        dtype=written.dtype,
    )


def _left_out(
    at: Cell, output_shape: tuple[int, ...], image_shape: tuple[int, int], kernel: Kernel, convention: Convention
) -> Side | None:
    if convention.output_size is not OutputSize.SAME:
        return None
    found = None
    for name, strip in border_strips(image_shape, convention, kernel.shape).items():
        side = convention.borders.sides[name]
        reached = all(at[axis] in range(*strip[axis].indices(output_shape[axis])) for axis in (0, 1))
        if reached and side.rule in REPLACED:
            found = side
    return found
