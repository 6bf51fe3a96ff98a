"""corrconv diagnose: which operation, anchor, border ... gave that result?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer, say_notes
from corrconv.commands.options import exit_code_option, json_option, quiet_option
from corrconv.commands.parameters import AnchorType, BoundaryType, EnumChoice, ImageType, KernelType
from corrconv.core.terms import Boundary, Operation

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernel", type=KernelType())
@click.argument("result", type=ImageType())
@click.option("--expect", "operation", type=EnumChoice(Operation), help="Judge the result as this operation.")
@click.option("--boundary", type=BoundaryType(), help="With --expect: the border that was asked for.")
@click.option("--fill", type=float, default=0.0, help="With --boundary constant: its value.")
@click.option("--anchor", type=AnchorType(), default="center", help="With --expect: the cell that was asked for.")
@click.option("--gray", is_flag=True, help="Make image and result gray first.")
@json_option
@exit_code_option
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    image: Picture,
    kernel: Kernel,
    result: Picture,
    operation: Operation | None,
    boundary: Boundary | None,
    fill: float,
    anchor: str | tuple[int, int],
    gray: bool,
    as_json: bool,
    exit_code: bool,
    quiet: bool,
) -> None:
    """Find out how RESULT was made of IMAGE and KERNEL.

    RESULT is a picture, a .npy or a .csv file. With --expect, the likely mistake is named. --exit-code
    gives 1 if the result is not as expected or, without --expect, if nothing explains it.

    \b
    corrconv diagnose photo.png sobel my_result.npy
    corrconv diagnose photo.png sobel answer.csv --expect convolution --boundary constant --exit-code
    """
    from corrconv.commands.diagnose.study import Expectation, diagnose
    from corrconv.commands.diagnose.view import diagnosis_document, diagnosis_text
    from corrconv.core.convention.model import Borders
    from corrconv.core.kernel import resolve_anchor
    from corrconv.files.images import to_gray

    if operation is None and boundary is not None:
        raise click.UsageError("--boundary is judged with --expect only", ctx)
    expected = None
    if operation is not None:
        borders = (
            None if boundary is None else Borders.uniform(boundary, fill if boundary is Boundary.CONSTANT else 0.0)
        )
        expected = Expectation(operation=operation, anchor=resolve_anchor(anchor, kernel.shape), borders=borders)
    pictures = [to_gray(picture) if gray else picture for picture in (image, result)]
    say_notes(*pictures, quiet=quiet)
    diagnosis = diagnose(pictures[0].pixels, kernel, pictures[1].pixels, expected=expected)
    answer(
        lambda: diagnosis_document(diagnosis, expected),
        lambda: diagnosis_text(diagnosis, expected),
        as_json=as_json,
        soft_wrap=True,
    )
    wrong = not diagnosis.explained if expected is None else bool(diagnosis.mistakes(expected))
    if exit_code and wrong:
        ctx.exit(1)
