"""One kernel under every boundary or output size, as a sheet with the border enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from corrconv.core.boundary import OUTSIDE, source_indices
from corrconv.core.layout import lay
from corrconv.core.pixels import finite_range
from corrconv.core.terms import Operation
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import INK, Figure, diverging, framed, panel, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corrconv.commands.compare.study import KernelComparison, Results
    from corrconv.core.options import Options

    ChosenLayout = tuple[str, Options, KernelComparison, Results]

CORNER = 12  # rows and columns of the picture's corner that are shown
SIDE = 192  # of a tile, in pixels


def border_sheet(rows: Sequence[ChosenLayout], image: NDArray[Any], title: str) -> Image.Image:
    """A row for each choice: the upper left corner with what lies outside, both results there, and their difference."""
    limits = _range([_part(values) for _, _, _, made in rows for values in (made.correlation, made.convolution)])
    peak = max(map(abs, _range([_part(made.difference) for _, _, _, made in rows])))
    tiles = [tile for row in rows for tile in _row(row, image, limits, peak)]
    low, high = (short_number(limit) for limit in limits)
    footer = f"Results from {low} to {high} in all rows, differences up to {short_number(peak)}."
    return panel(title, tiles, columns=4, footer=footer)


def _row(row: ChosenLayout, image: NDArray[Any], limits: tuple[float, float], peak: float) -> list[Figure]:
    name, options, entry, results = row
    difference = np.asarray(diverging(_first(_part(results.difference)), peak or None))
    return [
        Figure(_corner_with_outside(image, options, entry), name, "the corner, and what lies outside"),
        Figure(_corner(_grays(_part(results.correlation), limits)), "correlation"),
        Figure(_corner(_grays(_part(results.convolution), limits)), "convolution"),
        Figure(_corner(difference), "difference", f"largest anywhere {short_number(entry.max_abs_difference)}"),
    ]


def _range(parts: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """The smallest and the largest finite value of all parts, 0 where there is none."""
    ends = [(low, high) for low, high in map(finite_range, parts) if low <= high] or [(0.0, 0.0)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _part(values: NDArray[Any]) -> NDArray[Any]:
    return values[:CORNER, :CORNER]


def _first(values: NDArray[np.float64]) -> NDArray[np.float64]:
    strongest = np.abs(values).argmax(axis=2)[:, :, np.newaxis]
    return np.take_along_axis(values, strongest, axis=2)[:, :, 0]


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
