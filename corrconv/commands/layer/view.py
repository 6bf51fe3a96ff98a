"""Layers as text and as a document: sizes with their formulas, and how the kernel lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from corrconv.commands.layer.study import Pooling
from corrconv.core.layer.shape import places_read
from corrconv.core.terms import Operation
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.matrices import fits, matrices_view, numbers_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray
    from rich.console import RenderableType

    from corrconv.commands.layer.study import LaidLayer, Stack
    from corrconv.core.layout import AxisLayout

LINE_WIDTH = 78
MOST_MAPS = 6  # that are printed as numbers
MOST_LINES = 12  # of windows along an axis
# The layers that a table names by their own text, unless that is longer.
_LONGEST_NAME = 26


def stack_view(stack: Stack, result: NDArray[Any] | None = None) -> Group:
    """One layer with its formulas and a drawing, or several as a table; the numbers that come out, if few."""
    parts = _single(stack) if len(stack.layers) == 1 else _several(stack)
    return Group(*parts, *(maps_view(result) if result is not None else ()))


def stack_document(stack: Stack) -> dict[str, Any]:
    """The sizes for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "input": list(stack.input.shape),
        "output": list(stack.output),
        "parameters": stack.parameters,
        "multiplications": stack.multiplications,
        "receptive_field": list(stack.receptive_fields[-1]),
        "layers": [
            {
                "name": layer.name,
                "pooling": str(layer.pooling) if layer.pooling else None,
                "operation": str(layer.options.operation),
                "transposed": layer.options.transposed,
                "input": list(layer.shape.input),
                "weights": None if layer.pooling else list(layer.shape.weights),
                "kernel": list(layer.shape.kernel),
                "output": list(layer.shape.output),
                "stride": list(layer.options.stride),
                "padding": [list(sides) for sides in layer.options.padding],
                "dilation": list(layer.options.dilation),
                "groups": layer.options.groups,
                "output_padding": list(layer.options.output_padding),
                "parameters": layer.parameters,
                "multiplications": layer.multiplications,
                "receptive_field": list(field),
                "total_stride": [float(step) for step in strides],
                "never_read": {
                    "rows": _unread(layer.shape.rows).tolist(),
                    "columns": _unread(layer.shape.columns).tolist(),
                },
            }
            for layer, field, strides in zip(stack.layers, stack.receptive_fields, stack.strides, strict=True)
        ],
    }


def maps_view(result: NDArray[Any]) -> list[RenderableType]:
    """The channels of the first picture as numbers, where they are few and small."""
    maps = result[0]
    if len(maps) > MOST_MAPS or not all(fits(each) for each in maps):
        return []
    return [Text(), matrices_view(*((f"output {index}", numbers_text(each)) for index, each in enumerate(maps)))]


def shape_text(sides: Sequence[int]) -> str:
    """8x8, 3x8x8 ..."""
    return "x".join(map(str, sides))


def title_of(layer: LaidLayer) -> str:
    """What kind of layer it is, in a few words."""
    out, groups = layer.shape.output[0], layer.options.groups
    kernel = shape_text(layer.shape.kernel)
    if layer.pooling is Pooling.MAX:
        return f"max pooling over {kernel}: the largest of each window, which is not linear"
    if layer.pooling is Pooling.MEAN:
        return (
            f"mean pooling over {kernel}: a correlation, every weight 1/{layer.shape.kernel[0] * layer.shape.kernel[1]}"
        )
    words = [f"{out} filter{'s' * (out != 1)} of {kernel}"]
    if groups > 1:
        words.append(
            "one for each channel (depthwise)" if layer.shape.input[0] == groups == out else f"{groups} groups"
        )
    words.append("transposed " + layer.options.operation if layer.options.transposed else layer.options.operation)
    return ", ".join(words)


def _single(stack: Stack) -> list[RenderableType]:
    (layer,) = stack.layers
    shape = layer.shape
    sizes = Table.grid(padding=(0, 3))
    sizes.add_row("input", shape_text(shape.input), Text("channels x rows x columns", "dim"))
    if layer.pooling is None:
        order = "channels x filters of a group" if layer.options.transposed else "filters x channels that each reads"
        sizes.add_row("weights", shape_text(shape.weights), Text(f"{order} x rows x columns", "dim"))
    sizes.add_row("output", shape_text(shape.output), Text("one channel for each filter x rows x columns", "dim"))
    return [
        Text(f"{stack.input.name}: {title_of(layer)}", style="bold"),
        Text(),
        sizes,
        Text(),
        *_formulas(layer),
        Text(),
        Text(_counts(layer, stack.receptive_fields[0])),
        *_drawings(layer),
    ]


def _counts(layer: LaidLayer, field: tuple[int, int]) -> str:
    words = []
    if layer.pooling is None:
        biases = layer.shape.output[0]
        more = f"{layer.shape.parameters + biases} with a bias for each filter"
        given = f"{layer.shape.parameters} weights + {biases} biases"
        words.append(f"{layer.parameters} parameters ({more if layer.bias is None else given})")
    else:
        words.append("0 parameters: nothing is learned")
    words.append(f"{layer.multiplications} multiplications a picture (padded zeros counted)")
    return f"{'; '.join(words)}\neach output sees {field[0]}x{field[1]} pixels"


def _formulas(layer: LaidLayer) -> list[RenderableType]:
    options, shape = layer.options, layer.shape
    grid = Table.grid(padding=(0, 2))
    for name, axis, stride, added in zip(
        ("rows", "columns"), (shape.rows, shape.columns), options.stride, options.output_padding, strict=True
    ):
        grid.add_row(name, _formula(axis, stride, added, transposed=options.transposed))
    head = (
        "(input - 1) · stride + span - padding before - after + output padding"
        if options.transposed
        else "(input + padding before + after - span) // stride + 1   (// drops the rest)"
    )
    parts: list[RenderableType] = [Text(head, "dim"), grid]
    for name, axis in (("rows", shape.rows), ("columns", shape.columns)):
        if axis.dilation > 1:
            parts.append(Text(f"span of the {name}: {axis.dilation} · ({axis.side} - 1) + 1 = {axis.extent}", "dim"))
    return parts


def _formula(axis: AxisLayout, stride: int, added: int, *, transposed: bool) -> str:
    if transposed:
        return (
            f"({axis.outputs} - 1) · {stride} + {axis.extent} - {axis.before} - {axis.after} + {added} = {axis.length}"
        )
    room = axis.before + axis.length + axis.after - axis.extent
    return (
        f"({axis.length} + {axis.before} + {axis.after} - {axis.extent}) // {stride} + 1"
        f" = {room} // {stride} + 1 = {axis.outputs}"
    )


def _drawings(layer: LaidLayer) -> list[RenderableType]:
    rows, columns = layer.shape.rows, layer.shape.columns
    drawn = [
        (name, drawing)
        for name, axis in (("rows", rows), ("columns", columns))
        if (drawing := axis_drawing(axis, transposed=layer.options.transposed)) is not None
    ]
    if len(drawn) == 2 and drawn[0][1].plain == drawn[1][1].plain:
        drawn = [("rows and columns", drawn[0][1])]
    parts: list[RenderableType] = []
    for name, drawing in drawn:
        parts += [Text(), Text(f"{name}: ").append(_legend(layer), "dim"), drawing]
    if layer.options.transposed:
        return [*parts, *_uneven(layer)]
    return parts if drawn else [Text(), Text(_unread_words(layer))]


def _legend(layer: LaidLayer) -> str:
    if layer.options.transposed:
        return "each input writes (■); 'writes' counts them"
    return "■ read, · padding (0), no mark below a pixel: never read"


def _unread(axis: AxisLayout) -> Any:
    return (~places_read(axis)).nonzero()[0]


def _uneven(layer: LaidLayer) -> list[RenderableType]:
    """A warning where the stride does not divide the kernel: inside, some places are written more often than others."""
    axes = layer.shape.rows, layer.shape.columns
    if all(axis.side % axis.stride == 0 or axis.dilation > 1 or axis.outputs == 1 for axis in axes):
        return []
    return [
        Text(),
        Text(
            "The stride does not divide the kernel's side, so some places are written more often than others: even a"
            " flat picture comes out as a checkerboard, unless the weights make up for it."
        ),
    ]


def _unread_words(layer: LaidLayer) -> str:
    lost = {"rows": len(_unread(layer.shape.rows)), "columns": len(_unread(layer.shape.columns))}
    words = [f"{count} {name}" for name, count in lost.items() if count]
    return f"never read: {' and '.join(words)}" if words else "every pixel is read"


def axis_drawing(axis: AxisLayout, *, transposed: bool) -> Text | None:
    """Where the kernel lies for each output along an axis (or for each input, transposed); None where there is no room.

    Below the places, one line a window; at the end, the pixels that none reads or how often each place is written.
    """
    places = range(-axis.before, axis.length + axis.after)
    width = max(len(str(places[-1])), 1) + 1
    label = 12
    if label + width * len(places) > LINE_WIDTH or axis.outputs > MOST_LINES:
        return None
    text = Text(" " * label)
    for place in places:
        inside = 0 <= place < axis.length
        text.append(f"{place if inside else '×' if transposed else '·':>{width}}", "" if inside else "dim")
    word = "input" if transposed else "output"
    counts = dict.fromkeys(places, 0)
    for output in range(axis.outputs):
        first = output * axis.stride - axis.before
        own = {first + axis.dilation * cell for cell in range(axis.side)}
        for place in own:
            counts[place] += 1
        marks = "".join(f"{'■' if place in own else '':>{width}}" for place in places)
        text.append(f"\n{f'{word} {output}':<{label}}").append(marks.rstrip(), "cyan")
    if transposed:
        text.append(f"\n{'writes':<{label}}" + "".join(f"{counts[place]:>{width}}" for place in places))
    elif unread := [place for place in places if not counts[place] and 0 <= place < axis.length]:
        text.append("\nnever read: " + ", ".join(map(str, unread)), "yellow")
    return text


def _several(stack: Stack) -> list[RenderableType]:
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    for heading in ("", "layer"):
        table.add_column(heading)
    for heading in ("output", "sees", "apart", "parameters", "multiplications"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_row("", "input", shape_text(stack.input.shape), "1x1", "1", "", "")
    rows = zip(stack.layers, stack.receptive_fields, stack.strides, strict=True)
    for number, (layer, field, strides) in enumerate(rows, start=1):
        name = layer.name if len(layer.name) <= _LONGEST_NAME else f"{layer.name[: _LONGEST_NAME - 1]}…"
        words = [name, *(["transposed"] if layer.options.transposed else [])]
        if layer.options.groups > 1 and not layer.pooling:
            words.append(f"{layer.options.groups} groups")
        if layer.options.operation is Operation.CONVOLUTION:
            words.append("convolution")
        table.add_row(
            str(number),
            " ".join(words),
            shape_text(layer.shape.output),
            shape_text(field),
            _steps(strides),
            str(layer.parameters),
            str(layer.multiplications),
        )
    table.add_row("", "all", shape_text(stack.output), "", "", str(stack.parameters), str(stack.multiplications))
    return [
        table,
        Text(
            "sees: the input pixels that one output hangs on; apart: how many input pixels lie between neighbouring"
            " outputs; sizes are channels x rows x columns",
            "dim",
        ),
    ]


def _steps(strides: tuple[Fraction, Fraction]) -> str:
    rows, columns = map(str, strides)
    return rows if rows == columns else f"{rows},{columns}"
