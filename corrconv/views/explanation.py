"""The explanation of a pixel as text, as a document for scripts, and as a picture."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from rich.console import Group
from rich.table import Table
from rich.text import Text

from corrconv.core.boundary import OUTSIDE
from corrconv.core.kernel import Kernel
from corrconv.core.rendering import pixel_limits
from corrconv.core.terms import Boundary, Operation, OutputSize
from corrconv.views.comparison import options_document
from corrconv.views.console import plain_table
from corrconv.views.drawing import (
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
    short_number,
    shown,
)
from corrconv.views.kernels import matrix_text, weight_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from corrconv.core.kernel import Cell
    from corrconv.studies.explain import Account, Contribution, Explanation

DOCUMENT_VERSION = 1
MOST_ROWS = 25  # of the table: a kernel of 5x5 is shown whole
FOLDED_ROWS = 12  # of larger ones
MOST_TERMS = 25  # of a sum that is spelled out
FOLDED_TERMS = 6
MATRIX_WIDTH = 36  # of each of two matrices beside each other
OUTSIDE_COLOUR = (230, 119, 0)

LAID = {Operation.CORRELATION: "correlation", Operation.CONVOLUTION: "convolution, turned by 180°"}


def explanation_view(explanation: Explanation, image: str) -> Group:
    """The kernel as each operation lays it, every product, both sums, and the steps to the pixel."""
    parts: list[Text | Table] = [Text(_title(explanation, image), style="bold"), Text()]
    if max(_matrix_width(account.kernel) for account in explanation.accounts) <= MATRIX_WIDTH:
        parts.append(_matrices(explanation))
    rows, folded = _places(explanation)
    return Group(
        *parts,
        _products_table(explanation, rows, folded),
        *_legend(explanation, bool(folded)),
        Text(),
        *_sums(explanation),
    )


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
        "rows": list(account.rows),
        "columns": list(account.columns),
        "source_rows": [None if row == OUTSIDE else row for row in account.source_rows],
        "source_columns": [None if column == OUTSIDE else column for column in account.source_columns],
        "anchor": list(account.kernel.anchor),
        "values": [[_number(value) for value in row] for row in account.values.tolist()],
        "weights": account.kernel.weights.tolist(),
        "products": [[_number(product) for product in row] for row in account.products.tolist()],
        "sum": _number(account.sum),
        "opacity": _number(account.opacity),
        "value": _number(account.value),
        "displayed": _number(account.displayed),
        "pixel": _number(account.pixel),
    }


def _number(value: float) -> float | None:
    """A number that JSON has, or None for nan and inf."""
    return value if isfinite(value) else None


# Text


def _title(explanation: Explanation, image: str) -> str:
    (row, column), (rows, columns, channels) = explanation.at, explanation.image_shape
    kernel_rows, kernel_columns = explanation.kernel.shape
    options = explanation.options
    where = f"{image} ({columns}x{rows}{_channel_name(explanation.channel, channels)})"
    facts = [f"boundary {options.boundary}"]
    if options.boundary is Boundary.CONSTANT:
        facts[0] += f" {options.fill:g}"
    if options.output_size is not OutputSize.SAME:
        facts.append(f"output size {options.output_size}")
    for name, pair in (("stride", options.stride), ("dilation", options.dilation)):
        if pair != (1, 1):
            facts.append(f"{name} {pair[0]},{pair[1]}")
    kernel = f"{explanation.kernel.name} ({kernel_rows}x{kernel_columns})"
    return f"output pixel at row {row}, column {column} of {where}\n{kernel}, {', '.join(facts)}"


def _channel_name(channel: int, channels: int) -> str:
    if channels == 1:
        return ""
    names = ("red", "green", "blue", "alpha")[:channels] if channels in {3, 4} else ()
    return f", channel {channel}{f' = {names[channel]}' if names else ''}"


def _matrix_width(kernel: Kernel) -> int:
    return max(len(line) for line in matrix_text(kernel).plain.split("\n"))


def _matrices(explanation: Explanation) -> Table:
    grid = Table.grid(padding=(0, 4))
    grid.add_row(
        *(Text(f"{LAID[account.operation]}{weight_texts(account.kernel)[0]}:") for account in explanation.accounts)
    )
    grid.add_row(*(matrix_text(account.kernel) for account in explanation.accounts))
    return grid


Pair: TypeAlias = "tuple[Contribution | None, Contribution | None]"


def _places(explanation: Explanation) -> tuple[list[Pair], list[Pair]]:
    """What stands at each place that either operation reads: rows to be shown, and those to be folded."""
    found: dict[Cell, list[Contribution | None]] = {}
    for index, account in enumerate(explanation.accounts):
        for contribution in account.contributions:
            found.setdefault(contribution.place, [None, None])[index] = contribution
    in_order = [(pair[0], pair[1]) for _, pair in sorted(found.items())]
    if len(in_order) <= MOST_ROWS:
        return in_order, []
    by_size = sorted(in_order, key=lambda pair: -max(abs(one.product) for one in pair if one is not None))
    return by_size[:FOLDED_ROWS], by_size[FOLDED_ROWS:]


def _products_table(explanation: Explanation, rows: list[Pair], folded: list[Pair]) -> Table:
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("pixel at\nrow,column")
    table.add_column("\nvalue", justify="right")
    for account in explanation.accounts:
        table.add_column(f"{account.operation}\nweight", justify="right", no_wrap=True)
        table.add_column("\nproduct", justify="right", no_wrap=True)
    anchors = [account.kernel.anchor for account in explanation.accounts]
    for pair in rows:
        one = next(contribution for contribution in pair if contribution is not None)
        cells: list[Text] = []
        for contribution, anchor in zip(pair, anchors, strict=True):
            cells.extend(_product_cells(contribution, anchor))
        table.add_row(_place_text(one), number_text(one.value), *cells)
    if folded:
        totals = [sum(one.product for one in column if one is not None) for column in zip(*folded, strict=True)]
        more = Text(f"... {len(folded)} more", style="dim")
        table.add_row(more, "", "", number_text(totals[0]), "", number_text(totals[1]))
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


def _legend(explanation: Explanation, folded: bool) -> Iterable[Text]:
    contributions = [one for account in explanation.accounts for one in account.contributions]
    outside = any(one.source != one.place for one in contributions)
    notes = ["[ ] the anchor, over the output pixel"]
    if outside:
        notes.append("<- outside, taken from there")
    if folded:
        notes.append("the largest products first")
    yield Text("; ".join(notes), "dim")


def _sums(explanation: Explanation) -> Iterable[Text | Table]:
    for account in explanation.accounts:
        yield Text(f"{account.operation}: {_spelled_sum(account)} = {number_text(account.sum)}")
    yield Text()
    yield _steps_table(explanation)


def _spelled_sum(account: Account) -> str:
    """The sum term by term, weights of one common divisor taken together: (1·2 + 3) / 9."""
    cells, divisor = _common_form(account.kernel)
    terms = [(float(cells[one.cell]), one.value) for one in account.contributions if one.weight != 0]
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


def _steps_table(explanation: Explanation) -> Table:
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("")
    for account in explanation.accounts:
        table.add_column(str(account.operation), justify="right")
    for name, values in _steps(explanation):
        style = "bold" if name.startswith("pixel") else ""
        table.add_row(Text(name, style=style), *(Text(number_text(value), style=style) for value in values))
    return table


def _steps(explanation: Explanation) -> Iterable[tuple[str, list[float]]]:
    """Each step from the sum to the pixel, with its value under both operations."""
    accounts, rendering = explanation.accounts, explanation.rendering
    yield "sum of the products", [account.sum for account in accounts]
    if any(account.opacity != 1 for account in accounts):
        yield "divided by the opacity", [account.sum / account.opacity for account in accounts]
    if rendering.bias:
        yield f"plus bias {rendering.bias:g}", [account.value for account in accounts]
    if any(account.displayed != account.value for account in accounts):
        yield f"displayed by {rendering.display}", [account.displayed for account in accounts]
    limits = ""
    if explanation.dtype.kind != "f":
        low, high = pixel_limits(explanation.dtype)
        limits = f", within {low:g}..{high:g}"
    yield f"pixel ({explanation.dtype}{limits})", [account.pixel for account in accounts]


def number_text(value: float) -> str:
    """A number with up to six figures; whole ones with all of theirs."""
    return f"{value + 0.0:.0f}" if float(value).is_integer() and abs(value) < 1e12 else f"{value:.6g}"


# Picture


def explanation_picture(explanation: Explanation, image: NDArray[Any], name: str) -> Image.Image:
    """The place in the picture, and for each operation the pixels, the weights and the products."""
    tiles = [
        Tile(_marked(explanation, image), name, "the pixels that are read, framed"),
        *_tiles(explanation.correlation, image.dtype),
    ]
    tiles += [
        Tile(_steps_picture(explanation), "from the sum to the pixel"),
        *_tiles(explanation.convolution, image.dtype),
    ]
    return panel(_title(explanation, name), tiles, columns=4, footer=_picture_footer(explanation))


def _tiles(account: Account, dtype: np.dtype[Any]) -> list[Tile]:
    rows, columns = account.rows, account.columns
    place = f"rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]}"
    products = Kernel(np.nan_to_num(account.products), account.kernel.anchor)
    return [
        Tile(_patch_picture(account, dtype), f"{account.operation}: pixels", place),
        Tile(heat_map(account.kernel), f"{account.operation}: weights", _weights_note(account)),
        Tile(heat_map(products), f"{account.operation}: products", f"sum {short_number(account.sum)}"),
    ]


def _weights_note(account: Account) -> str:
    return "turned by 180°, anchor framed" if account.operation is Operation.CONVOLUTION else "the anchor framed"


def _picture_footer(explanation: Explanation) -> str:
    if all(one.source == one.place for account in explanation.accounts for one in account.contributions):
        return ""
    return f"Framed in orange: outside the picture, from boundary {explanation.options.boundary}."


def _patch_picture(account: Account, dtype: np.dtype[Any]) -> Image.Image:
    """The pixels below the kernel as gray cells with their values; those from outside framed in orange."""
    values = np.nan_to_num(account.values)
    rows, columns = values.shape
    cell = max(1, SMALLEST_SIDE // max(rows, columns))
    low, high = pixel_limits(dtype) if dtype.kind == "u" else (float(values.min()), float(values.max()))
    grays = np.rint(255 * np.clip((values - low) / ((high - low) or 1), 0, 1)).astype(np.uint8)
    picture = Image.fromarray(grays).convert("RGB")
    picture = picture.resize((columns * cell, rows * cell), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    texts = [short_number(one.value) for one in account.contributions]
    size = next((size for size in (16, 13, 11) if max(map(font(size).getlength, texts)) <= cell - 8), None)
    for one, text in zip(account.contributions, texts, strict=True):
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


def _marked(explanation: Explanation, image: NDArray[Any]) -> Image.Image:
    """The picture with a frame around all pixels that either operation reads, large enough to be seen."""
    picture = ImageOps.contain(fitted(shown(image)), (LARGEST_SIDE, SMALLEST_SIDE))
    box: list[float] = []
    for axis, (side, length) in enumerate(zip(image.shape[:2], (picture.height, picture.width), strict=True)):
        read = [(account.rows, account.columns)[axis] for account in explanation.accounts]
        first, last = (length / side * edge for edge in (min(map(min, read)), max(map(max, read)) + 1))
        middle, reach = (first + last) / 2, max((last - first) / 2, 6)
        box += [max(0.0, middle - reach), min(length - 1.0, middle + reach)]
    top, bottom, left, right = box
    draw = ImageDraw.Draw(picture)
    for width, colour in ((4, PAPER), (2, POSITIVE)):
        draw.rectangle((left, top, right, bottom), outline=colour, width=width)
    return framed(picture)


def _steps_picture(explanation: Explanation) -> Image.Image:
    lines = [("", *(str(account.operation) for account in explanation.accounts))]
    lines += [(name, *(number_text(value) for value in values)) for name, values in _steps(explanation)]
    widths = [int(max(font().getlength(line[index]) for line in lines)) for index in range(3)]
    gap, height = 18, 26
    picture = Image.new("RGB", (sum(widths) + 2 * gap, height * len(lines)), PAPER)
    draw = ImageDraw.Draw(picture)
    for index, (name, *values) in enumerate(lines):
        top = index * height
        draw.text((0, top), name, fill=INK, font=font())
        right = widths[0]
        for value, width in zip(values, widths[1:], strict=True):
            right += gap + width
            draw.text((right, top), value, fill=INK, font=font(), anchor="ra")
    return picture
