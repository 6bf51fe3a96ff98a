"""The explanation of a pixel as text and as a document for scripts."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.console import Group
from rich.table import Table
from rich.text import Text

from corrconv.core.arrays import size_words
from corrconv.core.pixels import pixel_limits
from corrconv.core.terms import Operation
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite, options_document
from corrconv.drawing.matrices import factor_text, matrix_text
from corrconv.drawing.numbers import number_text
from corrconv.drawing.words import kernel_words, options_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from corrconv.commands.explain.reading import Contribution, Reading
    from corrconv.commands.explain.study import Account, Explanation
    from corrconv.core.kernel import Cell, Kernel

MOST_ROWS = 25  # of the table: a kernel of 5x5 is shown whole
FOLDED_ROWS = 12  # of larger ones
MOST_TERMS = 25  # of a sum that is spelled out
FOLDED_TERMS = 6
MATRIX_WIDTH = 36  # of each of two matrices beside each other

LAID = {Operation.CORRELATION: "correlation", Operation.CONVOLUTION: "convolution, turned by 180°"}


def explanation_view(explanation: Explanation, image: str) -> Group:
    """The kernel as each operation lays it, every product, both sums, and the steps to the pixel."""
    readings = {str(account.operation): account.reading for account in explanation.accounts}
    laid = [LAID[account.operation] for account in explanation.accounts]
    return Group(
        Text(title(explanation, image), style="bold"),
        Text(),
        *products_view(readings, laid),
        Text(),
        steps_table(list(readings), pixel_steps(explanation)),
    )


def products_view(readings: Mapping[str, Reading], laid: Sequence[str]) -> list[Text | Table]:
    """Each reading's kernel as it is laid, every product, and the sum spelled out."""
    parts: list[Text | Table] = []
    if max(_matrix_width(reading.kernel) for reading in readings.values()) <= MATRIX_WIDTH:
        parts.append(_matrices(list(readings.values()), laid))
    rows, folded = _places(list(readings.values()))
    sums = [Text(f"{name}: {_spelled_sum(reading)}") for name, reading in readings.items()]
    return [
        *parts,
        _products_table(readings, rows, folded),
        *_legend(list(readings.values()), bool(folded)),
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
        **reading_document(account.reading),
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
        "source_rows": [None if row < 0 else row for row in reading.source_rows],
        "source_columns": [None if column < 0 else column for column in reading.source_columns],
        "anchor": list(reading.kernel.anchor) if reading.anchored else None,
        "values": [[finite(value) for value in row] for row in reading.values.tolist()],
        "weights": reading.kernel.weights.tolist(),
        "products": [[finite(product) for product in row] for row in reading.products.tolist()],
        "sum": finite(reading.sum),
    }


# Text


def title(explanation: Explanation, image: str) -> str:
    """The output pixel, the kernel and the options."""
    where = place_words(explanation.at, explanation.channel, image, explanation.image_shape)
    return f"{where}; {kernel_words(explanation.kernel)}, {options_words(explanation.options)}"


def place_words(at: Cell, channel: int, image: str, image_shape: tuple[int, int, int]) -> str:
    """The output pixel, and on the next line the size of the image."""
    channel_name = _channel_name(channel, image_shape[2])
    return f"output pixel at row {at[0]}, column {at[1]}{channel_name}\n{image} ({size_words(image_shape)})"


def _channel_name(channel: int, channels: int) -> str:
    if channels == 1:
        return ""
    names = ("red", "green", "blue", "alpha")[:channels] if channels in {3, 4} else ()
    return f", channel {channel}{f' = {names[channel]}' if names else ''}"


def _matrix_width(kernel: Kernel) -> int:
    return max(len(line) for line in matrix_text(kernel).plain.split("\n"))


def _matrices(readings: Sequence[Reading], laid: Sequence[str]) -> Table:
    grid = Table.grid(padding=(0, 4))
    grid.add_row(*(Text(f"{name}{factor_text(reading.kernel)}:") for name, reading in zip(laid, readings, strict=True)))
    grid.add_row(*(matrix_text(reading.kernel, framed=reading.anchored) for reading in readings))
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
        heading = f"{name}\nweight" if len(readings) > 1 else "\nweight"
        table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("\nproduct", justify="right", no_wrap=True)
    anchors = [reading.kernel.anchor if reading.anchored else None for reading in readings.values()]
    is_spread = any(reading.spread != (1, 1) for reading in readings.values())
    for row in rows:
        one = next(contribution for contribution in row if contribution is not None)
        cells: list[Text] = []
        for contribution, anchor in zip(row, anchors, strict=True):
            cells.extend(_product_cells(contribution, anchor))
        table.add_row(_place_text(one, is_spread=is_spread), number_text(one.value), *cells)
    if folded:
        totals = [sum(one.product for one in column if one is not None) for column in zip(*folded, strict=True)]
        more = Text(f"... {len(folded)} more", style="dim")
        table.add_row(more, "", *(cell for total in totals for cell in ("", number_text(total))))
    return table


def _place_text(contribution: Contribution, *, is_spread: bool) -> Text:
    row, column = contribution.place
    text = Text(f"{row},{column}")
    if contribution.between:
        text.append(" <- between", style="dim")
    elif contribution.source is None:
        text.append(" <- fill", style="yellow")
    elif contribution.outside or is_spread:
        style = "yellow" if contribution.outside else ""
        text.append(f" <- {contribution.source[0]},{contribution.source[1]}", style=style)
    return text


def _product_cells(contribution: Contribution | None, anchor: Cell | None) -> tuple[Text, Text]:
    if contribution is None:
        return Text("not read", style="dim"), Text()
    style = "dim" if contribution.weight == 0 else ""
    weight = number_text(contribution.weight)
    shown_weight = f"[{weight}]" if contribution.cell == anchor else f"{weight} "
    return Text(shown_weight, style=style), Text(number_text(contribution.product), style=style)


def _legend(readings: Sequence[Reading], folded: bool) -> list[Text]:
    notes = ["[ ] the anchor, over the output pixel"] if any(reading.anchored for reading in readings) else []
    spread = next((reading.spread for reading in readings if reading.spread != (1, 1)), None)
    if spread is not None:
        notes.append(f"a pixel stands every {spread[0]},{spread[1]} places, <- that one; between them 0")
    elif any(reading.reaches_out for reading in readings):
        notes.append("<- outside, taken from there")
    if folded:
        notes.append("the largest products first")
    return [Text("; ".join(notes), "dim")] if notes else []


def _spelled_sum(reading: Reading) -> str:
    """The sum term by term, weights of one common divisor taken together: (1·2 + 3) / 9 = 0.555556.

    The sign is = where the numbers that stand there give the one that is shown, all of them as written.
    """
    cells, divisor = common_form(reading.kernel)
    terms = [
        (float(cells[one.cell]), one.value) for one in reading.contributions if one.weight != 0 and not one.between
    ]
    if not terms:
        return f"no weight but 0 = {number_text(reading.sum)}"
    rest: list[float] = []
    if len(terms) > MOST_TERMS:
        terms.sort(key=lambda term: -abs(term[0] * term[1]))
        rest = [weight * value for weight, value in terms[FOLDED_TERMS:]]
        terms = terms[:FOLDED_TERMS]
    text = "".join(_term(weight, value) for weight, value in terms)
    text = text.removeprefix(" + ") if text.startswith(" + ") else "-" + text.removeprefix(" - ")
    written = [as_written(weight) * as_written(value) for weight, value in terms]
    if rest:
        text = f"{text} {'-' if sum(rest) < 0 else '+'} {number_text(abs(sum(rest)))} ({len(rest)} more)"
        written.append(as_written(sum(rest)))
    if divisor != 1:
        text = f"({text}) / {divisor}"
    return f"{text} {equal_sign(sum(written) / divisor, reading.sum)} {number_text(reading.sum)}"


def _term(weight: float, value: float) -> str:
    size = number_text(abs(weight))
    factor = "" if size == "1" else f"{size}·"
    return f" {'-' if weight < 0 else '+'} {factor}{f'({number_text(value)})' if value < 0 else number_text(value)}"


def as_written(value: float) -> float:
    """What the digits of a number say."""
    return float(number_text(value))


def equal_sign(written: float, exact: float) -> str:
    """= where a sum of written numbers is the written sum; ≈ where their rounding shows."""
    same = number_text(written) == number_text(exact) or not isfinite(exact)
    return "=" if same else "≈"


def common_form(kernel: Kernel) -> tuple[NDArray[Any], int]:
    """Whole-number cells and their divisor where the weights are shown so, or the weights and 1."""
    form = kernel.integer_form
    return form if form is not None and factor_text(kernel) else (kernel.weights, 1)


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


def pixel_steps(explanation: Explanation) -> Iterable[Step]:
    """Each step from the sum to the pixel, with its value under both operations."""
    accounts, rendering = explanation.accounts, explanation.rendering
    yield "sum of the products", [account.reading.sum for account in accounts]
    if any(account.opacity != 1 for account in accounts):
        yield "divided by the opacity", [account.reading.sum / account.opacity for account in accounts]
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
