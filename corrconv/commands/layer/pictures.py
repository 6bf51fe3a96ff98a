"""Layers as pictures: the maps that come out, or how the kernel lies over a size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from corrconv.commands.layer.view import shape_text, title_of
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    INK,
    NEGATIVE,
    Figure,
    diverging,
    fitted,
    font,
    framed,
    ink_on,
    panel,
    shown,
    telling_peak,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.layer.study import LaidLayer, Stack
    from corrconv.core.layout import AxisLayout

MOST_CHANNELS = 16
LONGEST = 480
SMALLEST_NUMBERED = 18  # cells that have room for a number
ORANGE = (230, 119, 0)


def maps_picture(stack: Stack, result: NDArray[Any]) -> Image.Image:
    """The first picture's channels before and after all layers, one tile each."""
    images = stack.input.images
    assert images is not None
    tiles = [_map_tile(image, f"input, channel {index}") for index, image in enumerate(images[0][:4])]
    tiles += [_map_tile(image, f"output {index}") for index, image in enumerate(result[0][:MOST_CHANNELS])]
    hidden = max(0, images.shape[1] - 4) + max(0, result.shape[1] - MOST_CHANNELS)
    title = "; then ".join(title_of(layer) for layer in stack.layers)
    footer = "Signed maps: blue below 0, white 0, red above." + (
        f" {hidden} channels more are not drawn." if hidden else ""
    )
    return panel(
        f"{stack.input.name} {shape_text(stack.input.shape)} -> {shape_text(stack.output)}\n{title}",
        tiles,
        columns=4,
        footer=footer,
    )


def lying_picture(layer: LaidLayer) -> Image.Image:
    """How often each pixel is read, or each output written by a transposed layer; the first windows framed."""
    rows, columns = layer.shape.rows, layer.shape.columns
    counts = np.multiply.outer(_counts(rows), _counts(columns)).astype(np.float64)
    cell = max(1, LONGEST // max(counts.shape))
    picture = diverging(counts, float(counts.max())).resize(
        (counts.shape[1] * cell, counts.shape[0] * cell), Image.Resampling.NEAREST
    )
    draw = ImageDraw.Draw(picture)
    if cell >= SMALLEST_NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            ink = ink_on(picture.getpixel((column * cell + 1, row * cell + 1)))  # type: ignore[arg-type]
            centre = ((column + 0.5) * cell, (row + 0.5) * cell)
            draw.text(centre, f"{count:.0f}", fill=ink, font=font(13), anchor="mm")
    _frame(draw, (rows.before, columns.before), (rows.length, columns.length), cell, INK, 3)
    second = (0, columns.stride) if columns.outputs > 1 else (rows.stride, 0)
    for place, colour in (((0, 0), NEGATIVE), (second, ORANGE)):
        _frame(draw, place, (rows.extent, columns.extent), cell, colour, 3)
    if layer.options.transposed:
        what, note = "How often each output is written", "black frame: the result; around it what is cut off"
    else:
        what, note = "How often each pixel is read", "black frame: the picture; around it padding"
    darkest = f"; darkest: {counts.max():.0f} times" if cell < SMALLEST_NUMBERED else ""
    tile = Figure(framed(picture), what, note + darkest)
    title = f"{shape_text(layer.shape.input)} -> {shape_text(layer.shape.output)}\n{title_of(layer)}"
    return panel(title, [tile], footer=f"Blue and orange: the first two windows of {rows.extent}x{columns.extent}.")


def _counts(axis: AxisLayout) -> NDArray[np.intp]:
    """How many windows lie on each padded place."""
    counts = np.zeros(axis.before + axis.length + axis.after, dtype=np.intp)
    for cell in range(axis.side):
        counts[axis.stride * np.arange(axis.outputs) + axis.dilation * cell] += 1
    return counts


def _frame(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    size: tuple[int, int],
    cell: int,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    (top, left), (rows, columns) = place, size
    draw.rectangle(
        (left * cell, top * cell, (left + columns) * cell - 1, (top + rows) * cell - 1), outline=colour, width=width
    )


def _map_tile(values: NDArray[Any], caption: str) -> Figure:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    real = values.astype(np.float64)
    peak = telling_peak(real)
    drawn = (
        diverging(real, peak or None)
        if low < 0
        else shown(values[:, :, np.newaxis] if values.dtype == np.uint8 else real[:, :, np.newaxis])
    )
    ends = f"; full colour from {short_number(peak)} on" if low < 0 and peak < max(-low, high) else ""
    return Figure(framed(fitted(drawn)), caption, f"{short_number(low)} to {short_number(high)}{ends}")
