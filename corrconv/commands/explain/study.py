"""Where one output pixel comes from: every product of it, under both operations, and what display makes of the sum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.explain.reading import Reading, check_cells, check_channel, check_place, read_pixel
from corrconv.core.convention.model import Borders, Convention
from corrconv.core.kernel import ROUNDING
from corrconv.core.layout import lay
from corrconv.core.rendering import Rendering, render
from corrconv.core.shown import Shown
from corrconv.core.terms import Alpha, Operation
from corrconv.core.transparency import brightest_alpha
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from corrconv.core.kernel import Cell, Kernel
    from corrconv.core.options import Options
    from corrconv.core.pixels import PixelScale


@dataclass(frozen=True, eq=False, kw_only=True)
class Account:
    """How one operation arrives at the output pixel.

    reading: what is read, weighted by alpha where colours are. opacity: what the sum is divided by then, otherwise
    1. value: the sum over the opacity, plus the bias. scale: the display rule as a line. pixel: what is written.
    """

    operation: Operation
    reading: Reading
    opacity: float
    value: float
    scale: PixelScale
    pixel: float

    @property
    def displayed(self) -> float:
        """The value on the scale of the pixels, before rounding and clipping."""
        return float(self.scale(np.array(self.value)))


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Shown):
    """One output pixel under both operations.

    kernel: with the anchor that was asked for. at: row and column of the output. dtype: the pixels'.
    """

    image_shape: tuple[int, int, int]
    kernel: Kernel
    options: Options
    rendering: Rendering
    dtype: np.dtype[Any]
    at: Cell
    channel: int
    correlation: Account
    convolution: Account

    @property
    def accounts(self) -> tuple[Account, Account]:
        """Both."""
        return self.correlation, self.convolution


def explain_pixel(
    image: NDArray[Any],
    kernel: Kernel,
    options: Options,
    rendering: Rendering | None = None,
    *,
    at: Cell,
    channel: int = 0,
    dtype: DTypeLike | None = None,
    has_alpha: bool = False,
) -> Explanation:
    """Explain the output pixel at (row, column) of one channel of an image (H, W, C).

    `at` counts on the grid of the results: with `same` and stride 1, that of the image. dtype,
    has_alpha: as `render` takes them, so that `pixel` is what it writes. Raises CorrconvError for a
    place or channel that does not exist, and whatever `render` raises.
    """
    chosen = rendering or Rendering()
    target = np.dtype(image.dtype if dtype is None else dtype)
    check_channel(channel, image.shape[2])
    check_cells(kernel)
    if has_alpha and channel == image.shape[2] - 1 and chosen.alpha is not Alpha.STRAIGHT:
        raise CorrconvError(
            f"channel {channel} is transparency, which is not filtered as colours are; explain a colour"
        )
    correlation, convolution = (
        _account(image, kernel, operation, options, chosen, target, at=at, channel=channel, has_alpha=has_alpha)
        for operation in Operation
    )
    rows, columns, channels = image.shape
    return Explanation(
        image_shape=(rows, columns, channels),
        kernel=options.anchored(kernel),
        options=options,
        rendering=chosen,
        dtype=target,
        at=at,
        channel=channel,
        correlation=correlation,
        convolution=convolution,
    )


def _account(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    rendering: Rendering,
    target: np.dtype[Any],
    *,
    at: Cell,
    channel: int,
    has_alpha: bool,
) -> Account:
    layout = lay((image.shape[0], image.shape[1]), kernel, operation, options)
    check_place(at, layout.output_shape)
    # The whole picture is filtered: its range decides how `rescale` and `signed` show a single pixel.
    rendered = render(image, kernel, operation, options, rendering, dtype=target, has_alpha=has_alpha)
    laid = Convention(
        borders=Borders.uniform(options.boundary, options.fill),
        output_size=options.output_size,
        stride=options.stride,
        dilation=options.dilation,
    ).anchored(layout.kernel.anchor, layout.kernel.shape)
    reading, opacity = read_pixel(image[:, :, channel], layout.kernel, laid, at), 1.0
    if has_alpha and rendering.alpha is Alpha.WEIGHTED:
        opaque, alpha = brightest_alpha(image.dtype), read_pixel(image[:, :, -1], layout.kernel, laid, at)
        reading = replace(reading, values=reading.values * (alpha.values / opaque))
        share = alpha.sum / kernel.sum
        opacity = share / opaque if share > ROUNDING * opaque else np.inf
    return Account(
        operation=operation,
        reading=reading,
        opacity=opacity,
        value=reading.sum / opacity + rendering.bias,
        scale=rendered.scale,
        pixel=rendered.pixels[at[0], at[1], channel].item(),
    )
