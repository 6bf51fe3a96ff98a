"""One kernel under every boundary or output size, as a sheet with the border enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from corrconv.commands.compare.panel_view import strongest_difference
from corrconv.core.boundary import OUTSIDE, source_indices
from corrconv.core.layout import lay
from corrconv.core.pixels import finite_range
from corrconv.core.terms import Operation
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import INK, Figure, diverging_pixels, framed, panel, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import KernelComparison
    from corrconv.core.options import Options

    ChosenLayout = tuple[str, Options, KernelComparison, Results]

CORNER = 12  # rows and columns of the picture's corner that are shown
SIDE = 192  # of a tile, in pixels


def border_sheet(rows: Sequence[ChosenLayout], image: NDArray[Any], title: str) -> Image.Image:
    """A row for each choice: the upper left corner with what lies outside, both results there, and their difference."""
    corners = [results.corner(CORNER) for _, _, _, results in rows]
    limits = _range([values for corner in corners for values in corner])
    differences = [strongest_difference(*corner) for corner in corners]
    peak = max(map(abs, _range(differences)))
    tiles = []
    for (name, options, entry, _), corner, difference in zip(rows, corners, differences, strict=True):
        correlation, convolution = (_corner(_grays(values, limits)) for values in corner)
        colours = _corner(diverging_pixels(difference, peak))
        tiles += [
            Figure(_corner_with_outside(image, options, entry), name, "the corner, and what lies outside"),
            Figure(correlation, "correlation"),
            Figure(convolution, "convolution"),
            Figure(colours, "difference", f"largest here {short_number(max(map(abs, _range([difference]))))}"),
        ]
    low, high = (short_number(limit) for limit in limits)
    footer = f"Results from {low} to {high} in these corners, differences up to {short_number(peak)}."
    return panel(title, tiles, columns=4, footer=footer)


def _range(parts: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """The smallest and the largest finite value of all parts, 0 where there is none."""
    ends = [(low, high) for low, high in map(finite_range, parts) if low <= high] or [(0.0, 0.0)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _grays(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = limits
    share = np.nan_to_num((values.astype(np.float64) - low) / ((high - low) or 1.0), posinf=1.0, neginf=0.0)
    return np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)


def _corner(pixels: NDArray[np.uint8]) -> Image.Image:
    return framed(_enlarged(shown(pixels)))


def _enlarged(picture: Image.Image) -> Image.Image:
    factor = max(1, SIDE // max(picture.size))
    size = picture.width * factor, picture.height * factor
    return picture.convert("RGB").resize(size, Image.Resampling.NEAREST)


def _corner_with_outside(image: NDArray[Any], options: Options, entry: KernelComparison) -> Image.Image:
    """The corner and what the boundary puts above and to the left of it; a line parts the two."""
    shape = (image.shape[0], image.shape[1])
    both = [lay(shape, entry.kernel, operation, options) for operation in Operation]
    top, left = max(one.rows.before for one in both), max(one.columns.before for one in both)
    rows = source_indices(shape[0], top, 0, options.boundary)[: top + CORNER]
    columns = source_indices(shape[1], left, 0, options.boundary)[: left + CORNER]
    corner = image[np.ix_(rows, columns)].astype(np.float64)
    corner[rows == OUTSIDE] = options.fill
    corner[:, columns == OUTSIDE] = options.fill
    # Shown over the range of the whole picture, as an own range would change with what lies outside.
    drawn = _enlarged(shown(_grays(corner, _range([image]))))
    factor = drawn.width // len(columns)
    line = ImageDraw.Draw(drawn)
    line.line((left * factor, 0, left * factor, drawn.height), INK, 2)
    line.line((0, top * factor, drawn.width, top * factor), INK, 2)
    return framed(drawn)
