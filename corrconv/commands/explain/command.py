"""corrconv explain: where one output pixel comes from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer, save_drawing, say_notes
from corrconv.commands.like import refuse_beside_like, say_caveats
from corrconv.commands.options import (
    FilterChoices,
    all_or_none,
    filter_options,
    force_option,
    json_option,
    like_option,
    quiet_option,
    without_effect,
)
from corrconv.commands.parameters import ImageType, KernelType, PlaceType, inputs_of_command
from corrconv.commands.show import filtered_shots, show_option
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    import numpy as np
    from rich.console import RenderableType

    from corrconv.commands.explain.like_study import LikeExplanation
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernel", type=KernelType())
@click.option("--at", type=PlaceType(), help="Row and column of the output pixel, from 0; of a signal, one number.")
@click.option("--all", "every", is_flag=True, help="Every output of a small picture: a page of arithmetic.")
@click.option("--blank", is_flag=True, help="With --all: leave the sums open; -o draws both pages.")
@click.option("--channel", type=click.IntRange(min=0), default=0, metavar="N", help="Colour channel; 0 is red.")
@click.option("-o", "--output", metavar="FILE", help="Draw it as a picture.")
@show_option
@filter_options
@like_option
@json_option
@force_option
@without_effect("like", "bias", "display", "alpha", "engine", "precision", "threads", when=("every",))
@without_effect("show", when=("every", "like", "as_json"))
@without_effect("blank", unless=("every",))
@without_effect("force", unless=("output",))
@without_effect("threads", when=("like",))
@refuse_beside_like
@quiet_option
@click.pass_context
@all_or_none
def command(
    ctx: click.Context,
    /,
    image: Picture,
    kernel: Kernel,
    at: tuple[int, ...] | None,
    every: bool,
    blank: bool,
    channel: int,
    output: str | None,
    show: bool,
    choices: FilterChoices,
    like: Convention | None,
    as_json: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Show how both operations arrive at the output pixel of IMAGE with KERNEL at --at ROW,COL.

    Every pixel that is read, every weight as it is laid, the products and their sum, then bias,
    display and the number that 'corrconv apply' writes there. With --like, how that library arrives
    at it instead: its flip, its border, its scale and its rounding.

    --json holds at, and under correlation and convolution the values, weights, products, sum and pixel.

    \b
    corrconv explain photo.jpg sobel --at 100,200
    corrconv explain photo.png "[1 2; 3 4]" --at 0,0 --boundary wrap --json
    corrconv explain photo.png gaussian:sigma=2 --at 7,9 --channel 2 -o pixel.png
    corrconv explain photo.png sobel --at 0,3 --like scipy.signal.convolve2d
    corrconv explain "[1 2 3; 4 5 6; 7 8 9]" "[0 1; 2 3]" --all -o homework.png
    """
    from corrconv.commands.explain.picture import explanation_picture
    from corrconv.commands.explain.study import explain_pixel
    from corrconv.commands.explain.view import explanation_document, explanation_view

    if (at is None) != every:
        raise click.UsageError("give --at ROW,COL for one output, or --all for every one", ctx)
    picture = choices.picture(image)
    say_notes(picture, quiet=quiet)
    if at is None:
        _explain_all(ctx, picture, choices.kernel(kernel), choices, blank=blank)
        return
    place = _place(at, picture)
    if like is not None:
        from corrconv.commands.explain.like_view import like_document, like_picture, like_view

        say_caveats(picture, [kernel], like, quiet=quiet)
        library = _explain_like(picture, kernel, like, place, channel)
        document, view = partial(like_document, library), partial(like_view, library)
        drawing = partial(like_picture, library)
    else:
        explanation = explain_pixel(
            picture.planes,
            choices.kernel(kernel),
            choices.options,
            choices.rendering,
            at=place,
            channel=channel,
            dtype=_written_dtype(picture),
            has_alpha=picture.has_alpha,
        )
        document, view = partial(explanation_document, explanation), partial(explanation_view, explanation)
        drawing = partial(explanation_picture, explanation)
    save_drawing(output, lambda: drawing(picture.planes, picture.name), force=force, quiet=quiet)
    shots: list[RenderableType] = (
        [filtered_shots(picture, choices.kernel(kernel), choices, tuple(Operation), place), ""] if show else []
    )
    answer(lambda: document(picture.name), lambda: (*shots, view(picture.name)), as_json=as_json)


def _place(at: tuple[int, ...], picture: Picture) -> tuple[int, int]:
    """Row and column, of which a signal needs the column only."""
    if len(at) == 2:
        return at[0], at[1]
    if picture.planes.shape[0] == 1:
        return 0, at[0]
    raise click.BadParameter(
        f"{at[0]} names a place of a signal, and {picture.name} has {picture.planes.shape[0]} rows; give ROW,COL",
        param_hint="'--at'",
    )


def _explain_like(
    picture: Picture, kernel: Kernel, like: Convention, at: tuple[int, int], channel: int
) -> LikeExplanation:
    from corrconv.commands.explain.like_study import explain_like
    from corrconv.commands.like import refuse_resized_transparency
    from corrconv.files.formats import NUMBERS

    colours = picture.planes
    if picture.has_alpha:
        refuse_resized_transparency(picture, like)
        colours = colours[:, :, :-1]
    dtype = None if _written_format(picture) in NUMBERS else _written_dtype(picture)
    return explain_like(colours, kernel, like, at=at, channel=channel, dtype=dtype)


def _written_format(picture: Picture) -> str:
    """The format that `apply` would write without -o."""
    from corrconv.files.images import format_of
    from corrconv.files.names import name_outputs

    (target,) = name_outputs(inputs_of_command()[:1], Operation.CORRELATION, None, None)
    return picture.format if target == "-" and picture.format else format_of(target)


def _written_dtype(picture: Picture) -> np.dtype[np.generic]:
    """The pixels that `apply` would write without -o."""
    from corrconv.files.images import pixel_dtype

    return pixel_dtype(picture, _written_format(picture))


def _explain_all(ctx: click.Context, picture: Picture, kernel: Kernel, choices: FilterChoices, *, blank: bool) -> None:
    from pathlib import Path

    from corrconv.commands.explain.sheet_study import explain_all
    from corrconv.commands.explain.sheet_view import sheet_document, sheet_picture, sheet_view

    given = ctx.params
    colours = picture.colours
    if not 0 <= given["channel"] < colours.shape[2]:
        raise CorrconvError(f"channel {given['channel']} does not exist in {picture.name}")
    sheet = explain_all(colours[:, :, given["channel"]], kernel, choices.options)
    output = given["output"]
    pages = {output: False}
    if output is not None and blank:
        pages[str(Path(output).with_stem(f"{Path(output).stem}-blank"))] = True
    for target, is_blank in pages.items():
        draw = partial(sheet_picture, sheet, picture.name, blank=is_blank)
        save_drawing(target, draw, force=given["force"], quiet=given["quiet"])
    answer(
        lambda: sheet_document(sheet, picture.name),
        lambda: sheet_view(sheet, picture.name, blank=blank),
        as_json=given["as_json"],
    )
