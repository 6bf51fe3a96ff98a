"""corrconv laws: which algebraic laws hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer, save_drawing, say_notes
from corrconv.commands.options import (
    exit_code_option,
    force_option,
    json_option,
    plane_options,
    quiet_option,
    without_effect,
)
from corrconv.commands.parameters import ImageType, KernelType

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options
    from corrconv.files.images import Picture

# Of a picture whose sides may be worth computing: more do not fit a screen.
MOST_NUMBERS = 1000


@click.command()
@click.argument("image", type=ImageType())
@click.argument("first", metavar="KERNEL", type=KernelType())
@click.argument("second", metavar="KERNEL", type=KernelType())
@click.option("-o", "--output", metavar="FILE", help="Draw a map of where laws fail.")
@plane_options
@json_option
@exit_code_option
@force_option
@without_effect("force", unless=("output",))
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    image: Picture,
    first: Kernel,
    second: Kernel,
    output: str | None,
    options: Options,
    as_json: bool,
    exit_code: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Check on IMAGE, made gray, and two KERNELs which algebraic laws hold.

    For each law: what theory expects under these options, and why; the largest deviation that was
    measured, and where. By default on the whole plane (full results, zeros outside), where theory is
    cleanest; there, both sides of commutativity and associativity are shown in numbers if IMAGE is small.
    --exit-code gives 1 only when measurement and theory disagree.

    --json holds laws[].{name, expected, why, holds, max_relative_deviation, where, agrees}.

    \b
    corrconv laws photo.jpg sobel emboss
    corrconv laws "[1 0 -1]" "[3 1 4]" "[1 2]"
    corrconv laws photo.png box gaussian --output-size same -o where.png
    corrconv laws photo.png "[1 2; 3 4]" box --boundary wrap --json
    """
    from corrconv.commands.laws.sides_study import sides_of
    from corrconv.commands.laws.study import check_laws
    from corrconv.commands.laws.view import laws_document, laws_picture, laws_table, laws_verdict, sides_view
    from corrconv.drawing.console import counting
    from corrconv.files.images import to_gray

    say_notes(image, quiet=quiet)
    pixels = to_gray(image).planes[:, :, 0]
    with counting("checking", quiet=quiet) as progress:
        laws = check_laws(pixels, first, second, options, progress=progress)
    save_drawing(output, lambda: laws_picture(laws, pixels, image.name), force=force, quiet=quiet)
    answer(
        lambda: laws_document(laws, image.name),
        lambda: (
            laws_table(laws, image.name),
            "",
            laws_verdict(laws),
            *sides_view(laws, pixels, sides_of(laws, pixels) if pixels.size <= MOST_NUMBERS else ()),
        ),
        as_json=as_json,
    )
    if exit_code and not laws.agree:
        ctx.exit(1)
