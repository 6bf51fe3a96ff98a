"""The explanation of a pixel as text, as a document for scripts, and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from rich.console import Group
from rich.table import Table
from rich.text import Text

from corrconv.core.boundary import OUTSIDE
from corrconv.core.kernel import Kernel
from corrconv.core.pixels import pixel_limits
from corrconv.core.terms import Boundary, Operation, OutputSize
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite, options_document
from corrconv.drawing.matrices import matrix_text, weight_texts
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    FRAME,
    INK,
    LARGEST_SIDE,
    PAPER,
    POSITIVE,
    SMALLEST_SIDE,
    Tile,
    fitted,
    font,
    framed,
    heat_map,
    panel,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from corrconv.commands.explain.study import Account, Contribution, Explanation, Reading
    from corrconv.core.kernel import Cell

MOST_ROWS = 25  # of the table: a kernel of 5x5 is shown whole
FOLDED_ROWS = 12  # of larger ones
MOST_TERMS = 25  # of a sum that is spelled out
FOLDED_TERMS = 6
MATRIX_WIDTH = 36  # of each of two matrices beside each other
OUTSIDE_COLOUR = (230, 119, 0)

LAID = {Operation.CORRELATION: "correlation", Operation.CONVOLUTION: "convolution, turned by 180°"}


def explanation_view(explanation: Explanation, image: str) -> Group:
    """The kernel as each operation lays it, every product, both sums, and the steps to the pixel."""
    readings = {str(account.operation): account for account in explanation.accounts}
    laid = [LAID[account.operation] for account in explanation.accounts]
    return Group(
        Text(_title(explanation, image), style="bold"),
        Text(),
        *products_view(readings, laid),
        Text(),
        steps_table(list(readings), _steps(explanation)),
    )


def products_view(readings: Mapping[str, Reading], laid: Sequence[str]) -> list[Text | Table]:
    """Each reading's kernel as it is laid, every product, and the sum spelled out."""
    parts: list[Text | Table] = []
    if max(_matrix_width(reading.kernel) for reading in readings.values()) <= MATRIX_WIDTH:
        parts.append(_matrices(list(readings.values()), laid))
    rows, folded = _places(list(readings.values()))
    sums = [Text(f"{name}: {_spelled_sum(reading)} = {number_text(reading.sum)}") for name, reading in readings.items()]
    return [
        *parts,
        _products_table(readings, rows, folded),
        _legend(list(readings.values()), bool(folded)),
        Text(),
        *sums,
    ]


def explanation_document(explanation: Explanation, image: str) -> dict[str, Any]:
    """The explanation for scripts; a source is null where the fill value stands, a number where it is not finite."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "shape": list(explanation.image_shape),
        "kernel": {
            "name": explanation.kernel.name,
            "weights": explanation.kernel.weights.tolist(),
            "anchor": list(explanation.kernel.anchor),
        },
        "options": options_document(explanation.options),
        "bias": explanation.rendering.bias,
        "display": str(explanation.rendering.display),
        "dtype": str(explanation.dtype),
        "at": list(explanation.at),
        "channel": explanation.channel,
        **{str(account.operation): _account_document(account) for account in explanation.accounts},
    }


def _account_document(account: Account) -> dict[str, Any]:
    return {
        **reading_document(account),
        "opacity": finite(account.opacity),
        "value": finite(account.value),
        "displayed": finite(account.displayed),
        "pixel": finite(account.pixel),
    }


def reading_document(reading: Reading) -> dict[str, Any]:
    """What is read, the weights, the products and their sum, for scripts."""
    return {
        "rows": list(reading.rows),
        "columns": list(reading.columns),
        "source_rows": [None if row == OUTSIDE else row for row in reading.source_rows],
        "source_columns": [None if column == OUTSIDE else column for column in reading.source_columns],
        "anchor": list(reading.kernel.anchor),
        "values": [[finite(value) for value in row] for row in reading.values.tolist()],
        "weights": reading.kernel.weights.tolist(),
        "products": [[finite(product) for product in row] for row in reading.products.tolist()],
        "sum": finite(reading.sum),
    }


# Text


def _title(explanation: Explanation, image: str) -> str:
    options = explanation.options
    facts = [f"boundary {options.boundary}"]
    if options.boundary is Boundary.CONSTANT:
        facts[0] += f" {options.fill:g}"
    if options.output_size is not OutputSize.SAME:
        facts.append(f"output size {options.output_size}")
    for name, pair in (("stride", options.stride), ("dilation", options.dilation)):
        if pair != (1, 1):
            facts.append(f"{name} {pair[0]},{pair[1]}")
    where = place_words(explanation.at, explanation.channel, image, explanation.image_shape)
    return f"{where}\n{kernel_words(explanation.kernel)}, {', '.join(facts)}"


def place_words(at: Cell, channel: int, image: str, image_shape: tuple[int, int, int]) -> str:
    """The output pixel, and the image with its size."""
    rows, columns, channels = image_shape
    return (
        f"output pixel at row {at[0]}, column {at[1]} of {image} ({columns}x{rows}{_channel_name(channel, channels)})"
    )


def kernel_words(kernel: Kernel) -> str:
    """The kernel's name and size."""
    return f"{kernel.name} ({kernel.shape[0]}x{kernel.shape[1]})"


def _channel_name(channel: int, channels: int) -> str:
    if channels == 1:
        return ""
    names = ("red", "green", "blue", "alpha")[:channels] if channels in {3, 4} else ()
    return f", channel {channel}{f' = {names[channel]}' if names else ''}"


def _matrix_width(kernel: Kernel) -> int:
    return max(len(line) for line in matrix_text(kernel).plain.split("\n"))


def _matrices(readings: Sequence[Reading], laid: Sequence[str]) -> Table:
    grid = Table.grid(padding=(0, 4))
    grid.add_row(
        *(Text(f"{name}{weight_texts(reading.kernel)[0]}:") for name, reading in zip(laid, readings, strict=True))
    )
    grid.add_row(*(matrix_text(reading.kernel) for reading in readings))
    return grid


# What stands at one place, by reading; None where a reading does not read it.
Row: TypeAlias = "tuple[Contribution | None, ...]"


def _places(readings: Sequence[Reading]) -> tuple[list[Row], list[Row]]:
    """What stands at each place that any reading reads: rows to be shown, and those to be folded."""
    found: dict[Cell, list[Contribution | None]] = {}
    for index, reading in enumerate(readings):
        for contribution in reading.contributions:
            found.setdefault(contribution.place, [None] * len(readings))[index] = contribution
    in_order = [tuple(row) for _, row in sorted(found.items())]
    if len(in_order) <= MOST_ROWS:
        return in_order, []
    by_size = sorted(in_order, key=lambda row: -max(abs(one.product) for one in row if one is not None))
    return by_size[:FOLDED_ROWS], by_size[FOLDED_ROWS:]


def _products_table(readings: Mapping[str, Reading], rows: list[Row], folded: list[Row]) -> Table:
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("pixel at\nrow,column")
    table.add_column("\nvalue", justify="right")
    for name in readings:
        table.add_column(f"{name}\nweight", justify="right", no_wrap=True)
        table.add_column("\nproduct", justify="right", no_wrap=True)
    anchors = [reading.kernel.anchor for reading in readings.values()]
    for row in rows:
        one = next(contribution for contribution in row if contribution is not None)
        cells: list[Text] = []
        for contribution, anchor in zip(row, anchors, strict=True):
            cells.extend(_product_cells(contribution, anchor))
        table.add_row(_place_text(one), number_text(one.value), *cells)
    if folded:
        totals = [sum(one.product for one in column if one is not None) for column in zip(*folded, strict=True)]
        more = Text(f"... {len(folded)} more", style="dim")
        table.add_row(more, "", *(cell for total in totals for cell in ("", number_text(total))))
    return table


def _place_text(contribution: Contribution) -> Text:
    row, column = contribution.place
    text = Text(f"{row},{column}")
    if contribution.source is None:
        text.append(" <- fill", style="yellow")
    elif contribution.source != contribution.place:
        text.append(f" <- {contribution.source[0]},{contribution.source[1]}", style="yellow")
    return text


def _product_cells(contribution: Contribution | None, anchor: Cell) -> tuple[Text, Text]:
    if contribution is None:
        return Text("not read", style="dim"), Text()
    style = "dim" if contribution.weight == 0 else ""
    weight = number_text(contribution.weight)
    shown_weight = f"[{weight}]" if contribution.cell == anchor else f"{weight} "
    return Text(shown_weight, style=style), Text(number_text(contribution.product), style=style)


def _legend(readings: Sequence[Reading], folded: bool) -> Text:
    notes = ["[ ] the anchor, over the output pixel"]
    if any(one.source != one.place for reading in readings for one in reading.contributions):
        notes.append("<- outside, taken from there")
    if folded:
        notes.append("the largest products first")
    return Text("; ".join(notes), "dim")


def _spelled_sum(reading: Reading) -> str:
    """The sum term by term, weights of one common divisor taken together: (1·2 + 3) / 9."""
    cells, divisor = _common_form(reading.kernel)
    terms = [(float(cells[one.cell]), one.value) for one in reading.contributions if one.weight != 0]
    if not terms:
        return "no weight but 0"
    rest = 0
    if len(terms) > MOST_TERMS:
        terms.sort(key=lambda term: -abs(term[0] * term[1]))
        rest = len(terms) - FOLDED_TERMS
        terms = terms[:FOLDED_TERMS]
    text = ""
    for weight, value in terms:
        size = number_text(abs(weight))
        factor = "" if size == "1" else f"{size}·"
        text += (
            f" {'-' if weight < 0 else '+'} {factor}{f'({number_text(value)})' if value < 0 else number_text(value)}"
        )
    text = text.removeprefix(" + ") if text.startswith(" + ") else "-" + text.removeprefix(" - ")
    text = f"{text} + ... ({rest} more)" if rest else text
    return text if divisor == 1 else f"({text}) / {divisor}"


def _common_form(kernel: Kernel) -> tuple[NDArray[Any], int]:
    form = kernel.integer_form
    return form if form is not None and weight_texts(kernel)[0] else (kernel.weights, 1)


def steps_table(names: Sequence[str], steps: Iterable[Step]) -> Table:
    """Each step from the sums to the pixels: its name, and the value under each of the names."""
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for step, values in steps:
        style = "bold" if step.startswith("pixel") else ""
        table.add_row(Text(step, style=style), *(Text(number_text(value), style=style) for value in values))
    return table


Step: TypeAlias = "tuple[str, list[float]]"


def _steps(explanation: Explanation) -> Iterable[Step]:
    """Each step from the sum to the pixel, with its value under both operations."""
    accounts, rendering = explanation.accounts, explanation.rendering
    yield "sum of the products", [account.sum for account in accounts]
    if any(account.opacity != 1 for account in accounts):
        yield "divided by the opacity", [account.sum / account.opacity for account in accounts]
    if rendering.bias:
        yield f"plus bias {rendering.bias:g}", [account.value for account in accounts]
    if any(account.displayed != account.value for account in accounts):
        yield f"displayed by {rendering.display}", [account.displayed for account in accounts]
    yield pixel_step(explanation.dtype), [account.pixel for account in accounts]


def pixel_step(dtype: np.dtype[Any]) -> str:
    """What the last step is called, with the limits of the pixels' type."""
    if dtype.kind == "f":
        return f"pixel ({dtype})"
    low, high = pixel_limits(dtype)
    return f"pixel ({dtype}, within {low:g}..{high:g})"


def number_text(value: float) -> str:
    """A number with up to six figures; whole ones with all of theirs."""
    return f"{value + 0.0:.0f}" if float(value).is_integer() and abs(value) < 1e12 else f"{value:.6g}"


# Picture


def explanation_picture(explanation: Explanation, image: NDArray[Any], name: str) -> Image.Image:
    """The place in the picture, and for each operation the pixels, the weights and the products."""
    correlation, convolution = explanation.accounts
    names = [str(account.operation) for account in explanation.accounts]
    tiles = [
        Tile(marked_picture(image, explanation.accounts), name, "the pixels that are read, framed"),
        *reading_tiles(correlation, names[0], "the anchor framed", image.dtype),
        Tile(steps_picture(names, _steps(explanation)), "from the sum to the pixel"),
        *reading_tiles(convolution, names[1], "turned by 180°, anchor framed", image.dtype),
    ]
    return panel(_title(explanation, name), tiles, columns=4, footer=_picture_footer(explanation))


def reading_tiles(reading: Reading, name: str, note: str, dtype: np.dtype[Any]) -> list[Tile]:
    """The pixels, the weights and the products."""
    rows, columns = reading.rows, reading.columns
    place = f"rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}"
    products = Kernel(np.nan_to_num(reading.products), reading.kernel.anchor)
    return [
        Tile(_patch_picture(reading, dtype), f"{name}: pixels", place),
        Tile(heat_map(reading.kernel), f"{name}: weights", note),
        Tile(heat_map(products), f"{name}: products", f"sum {short_number(reading.sum)}"),
    ]


def _picture_footer(explanation: Explanation) -> str:
    if all(one.source == one.place for account in explanation.accounts for one in account.contributions):
        return ""
    return f"Framed in orange: outside the picture, from boundary {explanation.options.boundary}."


def _patch_picture(reading: Reading, dtype: np.dtype[Any]) -> Image.Image:
    """The pixels below the kernel as gray cells with their values; those from outside framed in orange."""
    values = np.nan_to_num(reading.values)
    rows, columns = values.shape
    cell = max(1, SMALLEST_SIDE // max(rows, columns))
    low, high = pixel_limits(dtype) if dtype.kind == "u" else (float(values.min()), float(values.max()))
    grays = np.rint(255 * np.clip((values - low) / ((high - low) or 1), 0, 1)).astype(np.uint8)
    picture = Image.fromarray(grays).convert("RGB")
    picture = picture.resize((columns * cell, rows * cell), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    texts = [short_number(one.value) for one in reading.contributions]
    size = next((size for size in (16, 13, 11) if max(map(font(size).getlength, texts)) <= cell - 8), None)
    for one, text in zip(reading.contributions, texts, strict=True):
        row, column = one.cell
        box = (column * cell, row * cell, (column + 1) * cell - 1, (row + 1) * cell - 1)
        if one.source != one.place:
            draw.rectangle(box, outline=OUTSIDE_COLOUR, width=max(1, min(3, cell // 16)))
        elif cell >= 8:
            draw.rectangle(box, outline=FRAME)
        if size is not None:
            centre = ((column + 0.5) * cell, (row + 0.5) * cell)
            draw.text(centre, text, fill=INK if grays[one.cell] > 127 else PAPER, font=font(size), anchor="mm")
    return picture


def marked_picture(image: NDArray[Any], readings: Sequence[Reading]) -> Image.Image:
    """The picture with a frame around all pixels that are read, large enough to be seen."""
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
