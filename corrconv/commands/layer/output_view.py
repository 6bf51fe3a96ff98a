"""One output of a layer as text and for scripts: pixels, weights and products, channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from corrconv.commands.layer.view import title_of
from corrconv.core.terms import Operation
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import finite

if TYPE_CHECKING:
    from rich.table import Table

    from corrconv.commands.layer.output import ChannelTerms, LayerOutput, LayerTerm

MOST_TERMS = 36  # of all channels, that stand in the table one by one
MOST_SPELLED = 10  # of a channel, in one line


def output_view(output: LayerOutput, name: str) -> Group:
    """Every product in a table, the sums of the channels, and what comes out under both operations."""
    row, column = output.at
    parts = [
        Text(f"output at row {row}, column {column} of filter {output.filter}: {name}", "bold"),
        Text(title_of(output.layer)),
        Text(),
    ]
    if sum(len(channel.terms) for channel in output.channels) <= MOST_TERMS:
        parts += [_terms_table(output), Text()]  # type: ignore[list-item]
    return Group(*parts, _sums_table(output), *_spelled(output))


def output_document(output: LayerOutput) -> dict[str, Any]:
    """The output for scripts."""
    names = [str(operation) for operation in Operation]
    return {
        "at": list(output.at),
        "filter": output.filter,
        "channels": [
            {
                "channel": channel.channel,
                "terms": [
                    {
                        "place": list(term.place),
                        "inside": term.inside,
                        "value": finite(term.value),
                        "weights": dict(zip(names, term.weights, strict=True)),
                        "products": dict(zip(names, map(finite, term.products), strict=True)),
                    }
                    for term in channel.terms
                ],
                "sums": dict(zip(names, map(finite, channel.sums), strict=True)),
            }
            for channel in output.channels
        ],
        "bias": output.bias,
        "results": dict(zip(names, map(finite, output.results), strict=True)),
    }


def _number(value: float) -> str:
    return f"{value + 0.0:.0f}" if float(value).is_integer() and abs(value) < 1e12 else f"{value:.5g}"


def _terms_table(output: LayerOutput) -> Table:
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("\nchannel", justify="right")
    table.add_column("pixel at\nrow,column")
    table.add_column("\nvalue", justify="right")
    for operation in Operation:
        table.add_column(f"{operation}\nweight", justify="right", no_wrap=True)
        table.add_column("\nproduct", justify="right", no_wrap=True)
    for channel in output.channels:
        for index, term in enumerate(channel.terms):
            cells = [_number(value) for pair in zip(term.weights, term.products, strict=True) for value in pair]
            table.add_row(str(channel.channel) if index == 0 else "", _place(term), _number(term.value), *cells)
    return table


def _place(term: LayerTerm) -> Text:
    text = Text(f"{term.place[0]},{term.place[1]}")
    return text if term.inside else text.append(" padding", "yellow")


def _sums_table(output: LayerOutput) -> Table:
    table = plain_table()
    table.padding = (0, 3, 0, 0)
    table.add_column("")
    for operation in Operation:
        table.add_column(str(operation), justify="right")
    for channel in output.channels:
        table.add_row(f"sum of channel {channel.channel}", *(_number(value) for value in channel.sums))
    if output.layer.bias is not None:
        table.add_row(f"bias of filter {output.filter}", *[_number(output.bias)] * 2)
    table.add_row("output", *(Text(_number(value), "bold") for value in output.results))
    return table


def _spelled(output: LayerOutput) -> list[Text]:
    """The sum in one line for each operation, where it is short; channels in brackets."""
    if sum(len(channel.terms) for channel in output.channels) > 2 * MOST_SPELLED:
        return []
    lines = [Text()]
    for index, operation in enumerate(Operation):
        sums = [_sum(channel, index) for channel in output.channels]
        text = sums[0] if len(sums) == 1 else " + ".join(f"({each})" for each in sums)
        bias = "" if output.layer.bias is None else f" + {_number(output.bias)}"
        lines.append(Text(f"{operation}: {text}{bias} = {_number(output.results[index])}"))
    return lines


def _sum(channel: ChannelTerms, index: int) -> str:
    terms = [f"{_signed(term.weights[index])}·{_signed(term.value)}" for term in channel.terms]
    return " + ".join(terms) or "0"


def _signed(value: float) -> str:
    text = _number(value)
    return f"({text})" if text.startswith("-") else text
