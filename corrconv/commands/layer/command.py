"""corrconv layer: what a layer of a network computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.answer import answer, report, save_drawing
from corrconv.commands.layer.parse import LayerInputType, layer_options, plan_layer, plan_next
from corrconv.commands.options import all_or_none, force_option, json_option, quiet_option, without_effect
from corrconv.commands.parameters import CellType, inputs_of_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.Image import Image
    from rich.console import RenderableType

    from corrconv.commands.layer.study import LayerInput, Stack


@click.command()
@click.argument("image", metavar="IMAGE|SHAPE", type=LayerInputType())
@click.argument("weights", metavar="WEIGHTS|SHAPE...", nargs=-1, required=True)
@layer_options
@click.option("--then", "following", metavar="LAYER", multiple=True, help="A next layer: its weights and options.")
@click.option("--at", type=CellType(), help="Spell out this one output.")
@click.option("--filter", "filter_index", type=click.IntRange(min=0), default=0, metavar="N", help="Of this filter.")
@click.option("--backward", is_flag=True, help="The gradients for input, weights and bias, checked.")
@click.option("--upstream", metavar="FILE.npy", help="The gradient that comes back.  [default: ones]")
@click.option("--gradients", metavar="FILE.npz", help="Write the gradients.")
@click.option("--matrix", is_flag=True, help="The layer as one sparse matrix.")
@click.option("-o", "--output", metavar="FILE", help="The maps as numbers (.npy), or a picture of them.")
@json_option
@force_option
@quiet_option
@without_effect("force", unless=("output", "gradients"))
@without_effect("filter_index", unless=("at",))
@without_effect("upstream", unless=("backward", "gradients"))
@without_effect("output", when=("at", "backward", "gradients"))
@all_or_none
def command(
    image: LayerInput,
    weights: tuple[str, ...],
    choices: dict[str, Any],
    following: tuple[str, ...],
    at: tuple[int, int] | None,
    filter_index: int,
    backward: bool,
    upstream: str | None,
    gradients: str | None,
    matrix: bool,
    output: str | None,
    as_json: bool,
    force: bool,
    quiet: bool,
) -> None:
    """What a layer of a network computes: sizes, maps, single outputs and gradients.

    IMAGE is a picture, numbers, or only a size (ROWSxCOLUMNS, CHANNELSxROWSxCOLUMNS). WEIGHTS are a
    size (ROWSxCOLUMNS, FILTERSxROWSxCOLUMNS, FILTERSxREADSxROWSxCOLUMNS), a .npy, .npz or .json,
    kernels, one for each filter (`sobel`, or `[1]@0+[2]@1` for what it reads of which channel), or
    pooling: `max:2`, `mean:2`.

    \b
    corrconv layer 8x8 3x5 --padding 0,1 --stride 3,4
    corrconv layer 16x1x100 32x1x3            (one dimension: one row, channels first)
    corrconv layer 3x32x32 16x3x3 --padding 1 --then "max:2" --then "32x3x3 --stride 2"
    corrconv layer photo.png "[.3]@0+[.6]@1+[.1]@2" --at 0,0
    corrconv layer photo.png sobel box laplacian --groups 3 -o maps.png
    corrconv layer "[1 2; 3 4]" "[1 2; 3 4]" --transposed --stride 2 --matrix
    corrconv layer "[1 2 3; 4 5 6]" "[1 2]" --backward
    """
    from corrconv.commands.layer.study import stack_layers

    if sum((at is not None, backward or gradients is not None, matrix)) > 1:
        raise click.UsageError("--at, --backward and --matrix are different answers; ask for one at a time")
    say = report(quiet=quiet)
    for note in image.notes:
        say(note)
    stack = stack_layers(image, [plan_layer(weights, choices), *map(plan_next, following)])
    if at is not None:
        _answer_at(stack, at, filter_index, as_json=as_json)
    elif backward or gradients is not None:
        _answer_backward(stack, upstream, gradients, as_json=as_json, force=force, quiet=quiet)
    elif matrix:
        _answer_matrix(stack, output, as_json=as_json, force=force, quiet=quiet)
    else:
        _answer_forward(stack, output, as_json=as_json, force=force, quiet=quiet)


def _answer_forward(stack: Stack, output: str | None, *, as_json: bool, force: bool, quiet: bool) -> None:
    from corrconv.commands.layer.pictures import lying_picture, maps_picture
    from corrconv.commands.layer.study import Pooling
    from corrconv.commands.layer.view import stack_document, stack_view
    from corrconv.errors import CorrconvError

    known = all(layer.weights is not None or layer.pooling is Pooling.MAX for layer in stack.layers)
    result = stack.run() if stack.input.images is not None and known else None
    if output is not None and output.lower().endswith(".npy"):
        if result is None:
            stack.run()  # which says what is missing
        assert result is not None
        _write(output, result, force=force, quiet=quiet)
    elif output is not None and result is None and len(stack.layers) > 1:
        raise CorrconvError("several layers without numbers have no picture; give a picture and weights")
    elif output is not None:
        drawing: Callable[[], Image] = (
            (lambda: maps_picture(stack, result)) if result is not None else (lambda: lying_picture(stack.layers[0]))
        )
        save_drawing(output, drawing, force=force, quiet=quiet)
    answer(lambda: stack_document(stack), lambda: stack_view(stack, result), as_json=as_json)


def _answer_at(stack: Stack, at: tuple[int, int], filter_index: int, *, as_json: bool) -> None:
    from corrconv.commands.layer.output import spell_output
    from corrconv.commands.layer.output_view import output_document, output_view

    found = spell_output(stack, at, filter_index)
    _answer(stack, lambda: {"output_at": output_document(found)}, lambda: output_view(found, stack.input.name), as_json)


def _answer_backward(
    stack: Stack, upstream: str | None, gradients: str | None, *, as_json: bool, force: bool, quiet: bool
) -> None:
    from corrconv.commands.layer.backward import go_back
    from corrconv.commands.layer.backward_view import backward_view, gradients_document
    from corrconv.errors import FileError
    from corrconv.files.weights import read_pictures

    errors = None
    if upstream is not None:
        errors = read_pictures(upstream)
        if errors is None:
            raise FileError(f"{upstream}: is no .npy with 4 dimensions: pictures, filters, rows, columns")
    found = go_back(stack, errors)
    if gradients is not None:
        if not gradients.lower().endswith(".npz"):
            raise FileError(f"{gradients}: the gradients are several arrays; name a .npz")
        arrays = {"images": found.gradients.images, "weights": found.gradients.weights, "bias": found.gradients.bias}
        _write(gradients, arrays, force=force, quiet=quiet)
    _answer(
        stack, lambda: {"gradients": gradients_document(found)}, lambda: backward_view(found, stack.input.name), as_json
    )


def _answer_matrix(stack: Stack, output: str | None, *, as_json: bool, force: bool, quiet: bool) -> None:
    from corrconv.commands.layer.matrix import layer_matrix
    from corrconv.commands.layer.matrix_view import matrix_document, matrix_picture, matrix_view

    found, name = layer_matrix(stack), stack.input.name
    if output is not None and output.lower().endswith(".npy"):
        _write(output, found.values, force=force, quiet=quiet)
    else:
        save_drawing(output, lambda: matrix_picture(found, name), force=force, quiet=quiet)
    _answer(stack, lambda: {"matrix": matrix_document(found)}, lambda: matrix_view(found, name), as_json)


def _answer(
    stack: Stack, more: Callable[[], dict[str, Any]], view: Callable[[], RenderableType], as_json: bool
) -> None:
    from corrconv.commands.layer.view import stack_document

    answer(lambda: {**stack_document(stack), **more()}, view, as_json=as_json)


def _write(target: str, arrays: NDArray[Any] | dict[str, NDArray[Any]], *, force: bool, quiet: bool) -> None:
    from corrconv.commands.layer.view import shape_text
    from corrconv.files.outputs import refuse_overwrite
    from corrconv.files.weights import write_arrays

    refuse_overwrite(target, inputs_of_command(), force=force)
    write_arrays(target, arrays)
    named = arrays if isinstance(arrays, dict) else {"": arrays}
    shapes = ", ".join(f"{name} {shape_text(array.shape)}".strip() for name, array in named.items())
    report(quiet=quiet)(f"{target}: {shapes}")
