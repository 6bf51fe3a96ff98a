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

    from corrconv.commands.explain.study import Explanation, Reading
    from corrconv.commands.explain.view import Step

OUTSIDE_COLOUR = (230, 119, 0)


def explanation_picture(explanation: Explanation, image: NDArray[Any], name: str) -> Image.Image:
    """The place in the picture, and for each operation the pixels, the weights and the products."""
    correlation, convolution = explanation.accounts
    names = [str(account.operation) for account in explanation.accounts]
    tiles = [
        Figure(marked_picture(image, explanation.accounts), name, "the pixels that are read, framed"),
        *reading_tiles(correlation, names[0], "the anchor framed", image.dtype),
        Figure(steps_picture(names, pixel_steps(explanation)), "from the sum to the pixel"),
        *reading_tiles(convolution, names[1], "turned by 180°, anchor framed", image.dtype),
    ]
    return panel(title(explanation, name), tiles, columns=4, footer=_footer(explanation))


def reading_tiles(reading: Reading, name: str, note: str, dtype: np.dtype[Any]) -> list[Figure]:
    """The pixels, the weights and the products; the cells of a dilated kernel apart, as they read the picture."""
    rows, columns = reading.rows, reading.columns
    spread = _step(rows), _step(columns)
    place = f"rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}"
    if spread != (1, 1):
        place += f", {spread[0]},{spread[1]} apart"
    cells, divisor = common_form(reading.kernel)
    anchor, factor = reading.kernel.anchor, "" if divisor == 1 else f", times 1/{divisor}"
    # The three in one size, which more cells than this need for their texts.
    longest = LARGEST_SIDE if max(rows[-1] - rows[0], columns[-1] - columns[0]) > 3 else SMALLEST_SIDE
    products = Kernel(np.nan_to_num(reading.values) * cells, anchor)
    weights = heat_map(Kernel(cells, anchor), spread=spread, longest=longest)
    product_cells = heat_map(products, spread=spread, longest=longest)
    return [
        Figure(_patch_picture(reading, dtype, spread, longest), f"{name}: pixels", place),
        Figure(weights, f"{name}: weights{factor}", note),
        Figure(product_cells, f"{name}: products{factor}", _sum_words(products, divisor, reading)),
    ]


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
    if all(one.source == one.place for account in explanation.accounts for one in account.contributions):
        return ""
    return f"Framed in orange: outside the picture, from {boundary_words(explanation.options)}."


def _patch_picture(reading: Reading, dtype: np.dtype[Any], spread: tuple[int, int], longest: int) -> Image.Image:
    """The pixels below the kernel as gray cells with their values; those from outside framed in orange."""
    values = np.nan_to_num(reading.values)
    low, high = pixel_limits(dtype) if dtype.kind == "u" else (float(values.min()), float(values.max()))
    grays, _ = to_pixels(values[:, :, np.newaxis], values.dtype, np.dtype(np.uint8), Display.RESCALE, (low, high))
    texts = [[short_number(value) for value in row] for row in reading.values.tolist()]
    outside = {one.cell: OUTSIDE_COLOUR for one in reading.contributions if one.source != one.place}
    return cell_picture(np.repeat(grays, 3, axis=2), texts, outside, spread=spread, longest=longest)


def marked_picture(image: NDArray[Any], readings: Sequence[Reading]) -> Image.Image:
    """The picture with a frame around all pixels that are read, large enough to be seen; a signal as a curve."""
    if image.shape[0] == image.shape[2] == 1:
        places = [place for reading in readings for place in reading.columns if 0 <= place < image.shape[1]]
        first, last = min(places, default=0), max(places, default=0)
        signal = image[0, :, 0]
        return signal_chart({"signal": (0, signal), "read": (first, signal[first : last + 1])})
    picture = ImageOps.contain(fitted(shown(image)), (LARGEST_SIDE, SMALLEST_SIDE))
    box: list[float] = []
    for axis, (side, length) in enumerate(zip(image.shape[:2], (picture.height, picture.width), strict=True)):
        read = [(reading.rows, reading.columns)[axis] for reading in readings]
        first, last = (length / side * edge for edge in (min(map(min, read)), max(map(max, read)) + 1))
        middle, reach = (first + last) / 2, max((last - first) / 2, 6)
        box += [max(0.0, middle - reach), min(length - 1.0, middle + reach)]
    top, bottom, left, right = box
    draw = ImageDraw.Draw(picture)
    for width, colour in ((4, PAPER), (2, POSITIVE)):
        draw.rectangle((left, top, right, bottom), outline=colour, width=width)
    return framed(picture)


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
