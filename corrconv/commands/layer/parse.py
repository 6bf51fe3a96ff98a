"""What the words of the command line mean: pictures or sizes, weights or shapes, padding."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.parameters import PairType, SourceType
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corrconv.commands.layer.study import LayerInput, LayerPlan
    from corrconv.core.kernel import Kernel

_SHAPE = re.compile(r"[0-9]{1,9}(x[0-9]{1,9}){1,3}")
_POOLING = re.compile(r"(max|mean):([0-9]{1,6})(?:x([0-9]{1,6}))?")
# The channels that a kernel reads, and what joins it to the next kernel of the same filter.
_CHANNELS = re.compile(r"@([0-9]{1,6}(?:,[0-9]{1,6})*)(?:\+|$)")
_LONGEST_NAME = 40


class LayerInputType(SourceType):
    """A picture, numbers, pictures in a .npy (N, C, H, W), or only a size: 8x8, 3x8x8."""

    name = "image or shape"

    def parse(self, text: str) -> LayerInput:
        """What goes in."""
        import numpy as np

        from corrconv.commands.layer.study import LayerInput
        from corrconv.files.images import read_image
        from corrconv.files.inputs import is_file
        from corrconv.files.weights import read_pictures

        if not is_file(text) and _SHAPE.fullmatch(text):
            return LayerInput(name=text, shape=_picture_shape(text))
        images = read_pictures(text)
        notes: tuple[str, ...] = ()
        if images is None:
            picture = read_image(text)
            notes = tuple(f"{picture.name}: {note}" for note in picture.notes)
            images = np.moveaxis(picture.planes[..., : picture.colour_channels], -1, 0)[np.newaxis]
            text = picture.name
        _, channels, rows, columns = images.shape
        return LayerInput(name=text, shape=(channels, rows, columns), images=images, notes=notes)


class PaddingType(click.ParamType[Any]):
    """Zeros on all sides, for rows and columns, or for each side; or a rule."""

    name = "n, rows,cols, top,bottom,left,right or rule"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Short, as the help explains the rest."""
        return "PADDING"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The rule, or the zeros of each side."""
        from corrconv.commands.layer.padding import PaddingRule

        if not isinstance(value, str):
            return value
        if value in list(PaddingRule):
            return PaddingRule(value)
        parts = value.split(",")
        if len(parts) in {1, 2, 4} and all(re.fullmatch(r"\s*[0-9]{1,9}\s*", part) for part in parts):
            numbers = [int(part) for part in parts]
            if len(numbers) == 4:
                return (numbers[0], numbers[1]), (numbers[2], numbers[3])
            return (numbers[0], numbers[0]), (numbers[-1], numbers[-1])
        rules = ", ".join(PaddingRule)
        return self.fail(f"{value!r} is not N, ROWS,COLUMNS or TOP,BOTTOM,LEFT,RIGHT, nor one of {rules}", param, ctx)


class NumbersType(click.ParamType[Any]):
    """Numbers apart by commas."""

    name = "b or b,b,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The numbers."""
        import numpy as np

        try:
            numbers = np.array([float(part) for part in value.split(",")])
        except ValueError:
            numbers = np.array([np.nan])
        if not np.isfinite(numbers).all():
            self.fail(f"{value!r} is not a number, or several apart by commas", param, ctx)
        whole = (numbers == np.rint(numbers)).all() and np.abs(numbers).max() < 2**53
        return numbers.astype(np.int64) if whole else numbers


LAYER_OPTIONS = (
    click.option("--stride", type=PairType(), help="Outputs lie this far apart.  [default: 1; pooling: its size]"),
    click.option(
        "--padding",
        type=PaddingType(),
        default="0",
        help="Zeros around: N, ROWS,COLUMNS, TOP,BOTTOM,LEFT,RIGHT, or valid, full, same, same:torch, same:tensorflow,"
        " same:onnx-upper, same:onnx-lower.",
    ),
    click.option("--dilation", type=PairType(), default="1", help="Spread the kernels' cells n pixels apart."),
    click.option("--groups", type=click.IntRange(min=1), default=1, help="Share the channels out; see depthwise."),
    click.option("--bias", type=NumbersType(), metavar="B,...", help="Added: one number, or one for each filter."),
    click.option("--transposed", is_flag=True, help="Each pixel writes the kernel, stride pixels apart."),
    click.option("--output-padding", type=PairType(), default="0", help="Rows and columns more, for --transposed."),
    click.option("--correlate/--convolve", "correlation", default=True, help="Which operation the layer is made of."),
)


def layer_options(function: Any) -> Any:
    """Give a command the options of one layer; it receives them as one `choices`."""
    from functools import wraps

    names = ("stride", "padding", "dilation", "groups", "bias", "transposed", "output_padding", "correlation")

    @wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        return function(*args, choices={name: values.pop(name) for name in names}, **values)

    for option in reversed(LAYER_OPTIONS):
        command = option(command)
    return command


def plan_layer(texts: Sequence[str], choices: dict[str, Any]) -> LayerPlan:
    """The layer that these weights and options ask for. Raises CorrconvError."""
    from corrconv.commands.layer.study import LayerPlan, Pooling
    from corrconv.core.terms import Operation
    from corrconv.files.inputs import is_file
    from corrconv.files.weights import holds_layer, read_layer_weights

    operation = Operation.CORRELATION if choices["correlation"] else Operation.CONVOLUTION
    shared = {name: value for name, value in choices.items() if name != "correlation"} | {"operation": operation}
    joined = " ".join(texts)
    shared["name"] = (
        joined if len(joined) <= _LONGEST_NAME else f"{len(texts)} kernels" if len(texts) > 1 else "weights"
    )
    first = texts[0]
    if len(texts) == 1 and not is_file(first):
        if pooling := _POOLING.fullmatch(first):
            kind, rows, columns = pooling.groups()
            rows, columns = _sides(f"{rows}x{columns or rows}")
            return LayerPlan(pooling=Pooling(kind), sides=(rows, columns), **shared)
        if _SHAPE.fullmatch(first):
            *outer, rows, columns = _sides(first)
            filters, reads = (*outer, None, None)[:2]
            return LayerPlan(filters=filters, reads=reads, sides=(rows, columns), **shared)
    if len(texts) == 1 and holds_layer(first):
        weights, bias = read_layer_weights(first)
        if bias is not None and shared["bias"] is None:
            shared["bias"] = bias
        return LayerPlan(weights=weights, sides=weights.shape[2:], **shared)
    readers = [_filter(text) for text in texts]
    shapes = {kernel.shape for parts in readers for kernel, _ in parts}
    if len(shapes) > 1:
        found = " and ".join(f"{rows}x{columns}" for rows, columns in sorted(shapes))
        raise CorrconvError(f"the kernels of a layer need one size, and these have {found}; add zeros around the small")
    return LayerPlan(
        readers=tuple(tuple((kernel.weights, channel) for kernel, channel in parts) for parts in readers),
        sides=next(iter(shapes)),
        **shared,
    )


def plan_next(text: str) -> LayerPlan:
    """The layer of a --then: its weights and options in one text."""
    try:
        words = shlex.split(text)
        values = _next_layer().make_context("--then", words).params
    except click.UsageError as error:
        raise click.BadParameter(f"{text!r}: {error.format_message()}", param_hint="--then") from None
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}", param_hint="--then") from None
    weights = values.pop("weights")
    return plan_layer(weights, values)


def _next_layer() -> click.Command:
    def nothing(**_: Any) -> None:
        """Only the parsing is wanted."""

    command: Callable[..., Any] = nothing
    for option in reversed(LAYER_OPTIONS):
        command = option(command)
    parsed = click.argument("weights", nargs=-1, required=True)(command)
    return click.command(add_help_option=False)(parsed)


def _sides(text: str) -> list[int]:
    sides = [int(side) for side in text.split("x")]
    if min(sides) < 1:
        raise CorrconvError(f"{text} has a side of 0; every side needs at least 1")
    return sides


def _picture_shape(text: str) -> tuple[int, int, int]:
    sides = _sides(text)
    if len(sides) == 4:
        raise CorrconvError(f"{text} has 4 sides; a picture is ROWSxCOLUMNS or CHANNELSxROWSxCOLUMNS, such as 3x32x32")
    rows, columns = sides[-2:]
    return (sides[0] if len(sides) == 3 else 1), rows, columns


def _filter(text: str) -> list[tuple[Kernel, int | None]]:
    """The kernels of one filter, each with the channel that it reads: `sobel`, `sobel@0`, `[1]@0+[2]@1,2`."""
    from corrconv.files.inputs import is_file
    from corrconv.files.kernels import read_kernel

    if is_file(text) or not _CHANNELS.search(text):
        return [(read_kernel(text), None)]
    pieces = _CHANNELS.split(text)
    if pieces.pop():
        raise CorrconvError(f"{text}: every kernel of this filter needs the channels that it reads, as in [1]@0+[2]@1")
    return [
        (read_kernel(kernel), int(channel))
        for kernel, channels in zip(pieces[::2], pieces[1::2], strict=True)
        for channel in channels.split(",")
    ]
