"""corrconv explain: where one output pixel comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.cli.options import FilterChoices, filter_options, force_option, json_option, quiet_option
from corrconv.cli.parameters import CellType, ImageType, KernelType, inputs_of_command, report
from corrconv.core.terms import Operation

if TYPE_CHECKING:
    import numpy as np

    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernel", type=KernelType())
@click.option("--at", type=CellType(), required=True, help="Row and column of the output pixel, counted from 0.")
@click.option("--channel", type=click.IntRange(min=0), default=0, metavar="N", help="Colour channel; 0 is red.")
@click.option("-o", "--output", metavar="FILE", help="Draw it as a picture.")
@filter_options
@json_option
@force_option
@quiet_option
def command(
    image: Picture,
    kernel: Kernel,
    at: tuple[int, int],
    channel: int,
    output: str | None,
    choices: FilterChoices,
    as_json: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Show how both operations arrive at the output pixel of IMAGE with KERNEL at --at ROW,COL.

    Every pixel that is read, every weight as it is laid, the products and their sum, then bias,
    display and the number that 'corrconv apply' writes there.

    \b
    corrconv explain photo.jpg sobel --at 100,200
    corrconv explain photo.png "[1 2; 3 4]" --at 0,0 --boundary wrap --json
    corrconv explain photo.png gaussian:sigma=2 --at 7,9 --channel 2 -o pixel.png
    """
    from corrconv.studies.explain import explain_pixel
    from corrconv.views.console import show, show_document
    from corrconv.views.explanation import explanation_document, explanation_picture, explanation_view

    picture = choices.picture(image)
    say = report(quiet=quiet)
    for note in picture.notes:
        say(f"{picture.name}: {note}")
    explanation = explain_pixel(
        picture.planes,
        choices.kernel(kernel),
        choices.options,
        choices.rendering,
        at=at,
        channel=channel,
        dtype=_written_dtype(picture),
        has_alpha=picture.has_alpha,
    )
    if output is not None:
        from corrconv.cli.drawings import save_drawing

        for line in save_drawing(output, explanation_picture(explanation, picture.planes, picture.name), force=force):
            say(line)
    if as_json:
        show_document(explanation_document(explanation, picture.name))
    else:
        show(explanation_view(explanation, picture.name))


def _written_dtype(picture: Picture) -> np.dtype[np.generic]:
    """The pixels that `apply` would write without -o."""
    from corrconv.cli.filter_files import name_outputs, pixel_dtype
    from corrconv.files.images import format_of

    source = inputs_of_command()[:1]
    (target,) = name_outputs(source, Operation.CORRELATION, None, None)
    return pixel_dtype(picture, format_of(target))
