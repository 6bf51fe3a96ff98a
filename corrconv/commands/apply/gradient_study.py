"""The gradient of a picture: a kernel along one axis, the same one transposed along the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.progress import Progress, ignore_progress
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals
    from corrconv.core.engines.planner import Plan
    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options
    from corrconv.core.terms import Alpha

QUARTER = 90.0


@dataclass(frozen=True)
class Gradient:
    """What a kernel (first) and the same one transposed (second) give at each pixel, both (rows, columns, colours).

    alpha (rows, columns, 1): the transparency, in units of the picture, where it has any. plan: how the sums of the
    first were computed. meaning: the angle in degrees that a picture gets which grows brighter to that side.
    """

    first: Reals
    second: Reals
    alpha: Reals | None
    plan: Plan
    meaning: dict[str, float]

    @property
    def magnitude(self) -> Reals:
        """sqrt(first² + second²), (rows, columns, colours); correctly rounded where the squares are exact."""
        both = np.abs(np.stack([self.first, self.second]))
        # By a power of 2, which rounds nothing: the squares of very large or small numbers would leave float64.
        exponent = int(np.frexp(both[np.isfinite(both)].max(initial=0.0))[1])
        first, second = np.ldexp(both, -exponent)
        length: Reals = np.ldexp(np.sqrt(first * first + second * second), exponent)
        return length

    @property
    def direction(self) -> Reals:
        """The angle of (first, second) in degrees from -180 to 180, 0 where both are 0, (rows, columns, colours)."""
        # Without -0, whose angle would be -180 degrees.
        angle: Reals = np.degrees(np.arctan2(self.second + 0.0, self.first + 0.0))
        return angle

    @property
    def strongest(self) -> tuple[Reals, Reals]:
        """Magnitude and direction (rows, columns) of the colour that changes most at each pixel.

        Source: N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human Detection (2005), section 6.2.
        """
        magnitude = self.magnitude
        most = magnitude.argmax(axis=2)[:, :, np.newaxis]
        return (
            np.take_along_axis(magnitude, most, axis=2)[:, :, 0],
            np.take_along_axis(self.direction, most, axis=2)[:, :, 0],
        )


def gradient(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    alpha: Alpha,
    *,
    has_alpha: bool = False,
    progress: Progress = ignore_progress,
) -> Gradient:
    """The gradient of a picture (H, W, C), its last channel alpha where it has one.

    progress is called for each tile, and may raise to stop the work. Raises CorrconvError for a kernel that is its own
    transposed but for sign, and where the two results differ in size.
    """
    laid = options.anchored(kernel)
    other = _transposed(laid)
    _require_two_directions(laid, other)
    plain = replace(options, anchor=None)
    results = [
        render(
            image,
            each,
            operation,
            replace(plain, dilation=dilation),
            Rendering(alpha=alpha),
            dtype=np.float64,
            has_alpha=has_alpha,
            progress=partial(_progress_of_two, progress, number),
        )
        for number, (each, dilation) in enumerate(((laid, options.dilation), (other, options.dilation[::-1])))
    ]
    first, second = (result.pixels for result in results)
    if first.shape != second.shape:
        raise CorrconvError(
            f"{kernel.name} and the same one transposed give results of different size under output size"
            f" '{options.output_size}'; use 'same'"
        )
    colours = slice(None, -1 if has_alpha else None)
    return Gradient(
        first[:, :, colours],
        second[:, :, colours],
        first[:, :, -1:] if has_alpha else None,
        results[0].plan,
        _meaning(laid, operation),
    )


def _progress_of_two(progress: Progress, number: int, done: int, tiles: int) -> None:
    progress(number * tiles + done, 2 * tiles)


def _transposed(kernel: Kernel) -> Kernel:
    return replace(kernel, weights=kernel.weights.T, anchor=kernel.anchor[::-1])


def _require_two_directions(kernel: Kernel, other: Kernel) -> None:
    if (kernel.shape, kernel.anchor) != (other.shape, other.anchor):
        return
    for sign, same in ((1, "itself"), (-1, "itself with the other sign")):
        if np.array_equal(kernel.weights, sign * other.weights):
            raise CorrconvError(
                f"{kernel.name} transposed is {same}, so it has no second direction to measure;"
                " use one such as sobel, scharr or prewitt"
            )


def _meaning(kernel: Kernel, operation: Operation) -> dict[str, float]:
    """The angle that each side gets; nothing for a kernel that does not measure along one of the axes."""
    sign = 1 if operation is Operation.CORRELATION else -1
    rows, columns = (np.arange(side) - anchor for side, anchor in zip(kernel.shape, kernel.anchor, strict=True))
    # What the kernel answers to a picture that grows by 1 a row, or a column.
    downwards = sign * float(rows @ kernel.weights.sum(axis=1))
    to_the_right = sign * float(kernel.weights.sum(axis=0) @ columns)
    if (abs(downwards) <= 1e-12 * kernel.absolute_sum) == (abs(to_the_right) <= 1e-12 * kernel.absolute_sum):
        return {}
    if abs(to_the_right) > abs(downwards):
        start, sides = (to_the_right < 0), ("to the right", "downwards", "to the left", "upwards")
    else:
        start, sides = (downwards < 0), ("downwards", "to the right", "upwards", "to the left")
    return {side: QUARTER * ((place + 2 * start) % 4) for place, side in enumerate(sides)}
