"""The explanation of a pixel as a picture: where it lies, what is read, how it is weighed, what it adds up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from corrconv.commands.explain.view import common_form, equal_sign, pixel_steps, title
from corrconv.core.kernel import Kernel
from corrconv.core.pixels import pixel_limits, to_pixels
from corrconv.core.terms import Display
from corrconv.drawing.cells import cell_picture, heat_map
from corrconv.drawing.charts import signal_chart
from corrconv.drawing.numbers import number_text, short_number
from corrconv.drawing.pictures import (
    INK,
    LARGEST_SIDE,
    PAPER,
    POSITIVE,
    SMALLEST_SIDE,
    Figure,
    fitted,
    font,
    framed,
    panel,
    shown,
)
from corrconv.drawing.words import boundary_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from corrconv.commands.explain.reading import Reading
    from corrconv.commands.explain.study import Explanation
    from corrconv.commands.explain.view import Step

OUTSIDE_COLOUR = (230, 119, 0)


def explanation_picture(explanation: Explanation, image: NDArray[Any], name: str) -> Image.Image:
    """The place in the picture, and for each operation the pixels, the weights and the products."""
    correlation, convolution = explanation.accounts
    names = [str(account.operation) for account in explanation.accounts]
    tiles = [
        place_figure(image, [account.reading for account in explanation.accounts], name),
        *reading_tiles(correlation.reading, names[0], "", image.dtype),
        Figure(steps_picture(names, pixel_steps(explanation)), "from the sum to the pixel"),
        *reading_tiles(convolution.reading, names[1], "turned by 180°", image.dtype),
    ]
    return panel(title(explanation, name), tiles, columns=4, footer=_footer(explanation))


def reading_tiles(reading: Reading, name: str, note: str, dtype: np.dtype[Any]) -> list[Figure]:
    """The pixels, the weights and the products; the cells of a dilated kernel apart, as they read the picture.

    name: before each of the three, if there are others beside them. note: below the weights, beside the word on
    their anchor.
    """
    prefix = f"{name}: " if name else ""
    rows, columns = reading.rows, reading.columns
    spread = _step(rows), _step(columns)
    cells, divisor = common_form(reading.kernel)
    anchor, factor = reading.kernel.anchor, "" if divisor == 1 else f", times 1/{divisor}"
    # The three in one size, which more cells than this need for their texts.
    longest = LARGEST_SIDE if max(rows[-1] - rows[0], columns[-1] - columns[0]) > 3 else SMALLEST_SIDE
    products = Kernel(np.nan_to_num(reading.values) * cells, anchor)
    weights = heat_map(Kernel(cells, anchor), spread=spread, longest=longest, framed=reading.anchored)
    product_cells = heat_map(products, spread=spread, longest=longest, framed=reading.anchored)
    notes = ", ".join(part for part in (note, "the anchor framed" if reading.anchored else "") if part)
    return [
        Figure(_patch_picture(reading, dtype, spread, longest), f"{prefix}pixels", _places_words(reading, spread)),
        Figure(weights, f"{prefix}weights{factor}", notes),
        Figure(product_cells, f"{prefix}products{factor}", _sum_words(products, divisor, reading)),
    ]


def _places_words(reading: Reading, step: tuple[int, int]) -> str:
    rows, columns = reading.rows, reading.columns
    words = f"rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}"
    if step != (1, 1):
        words += f", {step[0]},{step[1]} apart"
    if reading.spread != (1, 1):
        words += f"; pixels {reading.spread[0]},{reading.spread[1]} apart, zeros between"
    return words


def _sum_words(products: Kernel, divisor: int, reading: Reading) -> str:
    """The exact sum, and whether the products as they are written make it."""
    total = number_text(reading.sum)
    written = sum(float(short_number(product)) for product in products.weights.ravel().tolist()) / divisor
    if equal_sign(written, reading.sum) != "=":
        return f"sum {total}; the products are written in three figures"
    return f"sum {total}" if divisor == 1 else f"sum {number_text(reading.sum * divisor)} / {divisor} = {total}"


def _step(places: Sequence[int]) -> int:
    return places[1] - places[0] if len(places) > 1 else 1


def _footer(explanation: Explanation) -> str:
    if not any(account.reading.reaches_out for account in explanation.accounts):
        return ""
    return f"Framed in orange: outside the picture, from {boundary_words(explanation.options)}."


def _patch_picture(reading: Reading, dtype: np.dtype[Any], spread: tuple[int, int], longest: int) -> Image.Image:
    """The pixels below the kernel as gray cells with their values; those from outside framed in orange."""
    values = np.nan_to_num(reading.values)
    low, high = pixel_limits(dtype) if dtype.kind == "u" else (float(values.min()), float(values.max()))
    grays, _ = to_pixels(values[:, :, np.newaxis], values.dtype, np.dtype(np.uint8), Display.RESCALE, (low, high))
    texts = [[short_number(value) for value in row] for row in reading.values.tolist()]
    outside = {one.cell: OUTSIDE_COLOUR for one in reading.contributions if one.outside}
    return cell_picture(np.repeat(grays, 3, axis=2), texts, outside, spread=spread, longest=longest)


def place_figure(image: NDArray[Any], readings: Sequence[Reading], name: str) -> Figure:
    """Where in the picture the pixels lie that are read, or in the signal, which is drawn as a curve."""
    rows, columns = (_union([reading.pixels_read(axis) for reading in readings]) for axis in (0, 1))
    if image.shape[0] == image.shape[2] == 1:
        signal = image[0, :, 0]
        curves = {"signal": (0, signal)}
        if not columns:
            return Figure(signal_chart(curves), name, "none of its samples is read")
        curves["read"] = (columns.start, signal[columns.start : columns.stop])
        return Figure(signal_chart(curves), name, "in colour: from the first sample that is read to the last")
    picture = ImageOps.contain(fitted(shown(image)), (LARGEST_SIDE, SMALLEST_SIDE))
    if not rows or not columns:
        return Figure(framed(picture), name, "none of its pixels is read")
    box: list[float] = []
    for read, side, length in zip((rows, columns), image.shape[:2], (picture.height, picture.width), strict=True):
        first, last = length / side * read.start, length / side * read.stop
        middle, reach = (first + last) / 2, max((last - first) / 2, 6)
        box += [max(0.0, middle - reach), min(length - 1.0, middle + reach)]
    top, bottom, left, right = box
    draw = ImageDraw.Draw(picture)
    for width, colour in ((4, PAPER), (2, POSITIVE)):
        draw.rectangle((left, top, right, bottom), outline=colour, width=width)
    return Figure(framed(picture), name, "the pixels that are read, framed")


def _union(ranges: Sequence[range]) -> range:
    """From the first to the last of several ranges; an empty one where all are."""
    filled = [one for one in ranges if one]
    return range(min(one.start for one in filled), max(one.stop for one in filled)) if filled else range(0)


def steps_picture(names: Sequence[str], steps: Iterable[Step]) -> Image.Image:
    """The steps as a table."""
    lines = [("", *names)]
    lines += [(step, *(number_text(value) for value in values)) for step, values in steps]
    widths = [int(max(font().getlength(line[index]) for line in lines)) for index in range(len(names) + 1)]
    gap, height = 18, 26
    picture = Image.new("RGB", (sum(widths) + len(names) * gap, height * len(lines)), PAPER)
    draw = ImageDraw.Draw(picture)
    for index, (name, *values) in enumerate(lines):
        top = index * height
        draw.text((0, top), name, fill=INK, font=font())
        right = widths[0]
        for value, width in zip(values, widths[1:], strict=True):
            right += gap + width
            draw.text((right, top), value, fill=INK, font=font(), anchor="ra")
    return picture
