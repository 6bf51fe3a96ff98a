"""corrconv diagnose: which operation, anchor, border ... gave that result?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from corrconv.commands.answer import answer, say_notes
from corrconv.commands.options import exit_code_option, json_option, quiet_option
from corrconv.commands.parameters import AnchorType, BoundaryType, EnumChoice, ImageType, KernelType
from corrconv.core.terms import Boundary, Operation

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from corrconv.commands.diagnose.study import Diagnosis
    from corrconv.commands.diagnose.way import Intended
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture


COMMAND_LINE = ParameterSource.COMMANDLINE

# How many explanations are run as `apply` lines.
MOST_LINES = 20


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernel", type=KernelType())
@click.argument("result", type=ImageType())
@click.option("--expect", "operation", type=EnumChoice(Operation), help="Judge the result as this operation.")
@click.option("--boundary", type=BoundaryType(), help="With --expect: the border that was asked for.")
@click.option("--fill", type=float, default=0.0, help="With --boundary constant: its value.")
@click.option("--anchor", type=AnchorType(), default="center", help="With --expect: the cell that was asked for.")
@click.option("--tolerance", type=click.FloatRange(min=0), metavar="N", help="Take results that are up to N off.")
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
    tolerance: float | None,
    gray: bool,
    as_json: bool,
    exit_code: bool,
    quiet: bool,
) -> None:
    """Find out how RESULT was made of IMAGE and KERNEL.

    Both are pictures, .npy or .csv files, or numbers such as "[1 2; 3 4]". With --expect, the likely
    mistake is named. --exit-code gives 1 if the result is not as expected or, without --expect, if
    nothing explains it. A RESULT that is a JPEG may be off by what its compression loses.

    \b
    corrconv diagnose photo.png sobel my_result.npy
    corrconv diagnose photo.png sobel answer.csv --expect convolution --boundary constant --exit-code
    corrconv diagnose "[1 2 3 4]" "[1 0 -1]" "[-2 -2 -2 3]"
    """
    from corrconv.commands.diagnose.lossy import recompression
    from corrconv.commands.diagnose.study import diagnose
    from corrconv.commands.diagnose.view import diagnosis_document, diagnosis_text
    from corrconv.drawing.console import counting
    from corrconv.files.images import to_gray

    intended = _intended(ctx, kernel, operation, boundary, fill, anchor)
    pixels = [(to_gray(picture) if gray else picture).pixels for picture in (image, result)]
    say_notes(image, result, quiet=quiet)
    recompress = recompression(result) if tolerance is None and not gray else None
    with counting("searching", quiet=quiet) as progress:
        diagnosis = diagnose(
            pixels[0],
            kernel,
            pixels[1],
            intended=intended,
            tolerance=tolerance or 0.0,
            recompress=recompress,
            progress=progress,
        )
    lines = {} if recompress is not None or tolerance else _lines(diagnosis, image, pixels[1], gray=gray)
    answer(
        lambda: diagnosis_document(diagnosis, lines, intended),
        lambda: diagnosis_text(diagnosis, lines, intended),
        as_json=as_json,
        soft_wrap=True,
    )
    wrong = not diagnosis.explained if intended is None else bool(diagnosis.mistakes(intended))
    if exit_code and wrong:
        ctx.exit(1)


def _intended(
    ctx: click.Context,
    kernel: Kernel,
    operation: Operation | None,
    boundary: Boundary | None,
    fill: float,
    anchor: str | tuple[int, int],
) -> Intended | None:
    """What the result should have been. Raises click's UsageError for what would have no effect."""
    from corrconv.commands.diagnose.way import Intended
    from corrconv.core.convention.model import Borders
    from corrconv.core.kernel import resolve_anchor

    given = {name for name in ("boundary", "fill", "anchor") if ctx.get_parameter_source(name) is COMMAND_LINE}
    if operation is None:
        for name in sorted(given):
            raise click.UsageError(f"--{name} is judged with --expect only", ctx)
        return None
    if "fill" in given and boundary is not Boundary.CONSTANT:
        raise click.UsageError("--fill is the pixel value outside for --boundary constant; add that option", ctx)
    borders = None if boundary is None else Borders.uniform(boundary, fill)
    return Intended(operation=operation, anchor=resolve_anchor(anchor, kernel.shape), borders=borders)


def _lines(diagnosis: Diagnosis, image: Picture, result: NDArray[Any], *, gray: bool) -> dict[int, str]:
    """For each explanation, by its number, the line that was run and gave the result."""
    from corrconv.commands.apply_line import proved_line
    from corrconv.commands.diagnose.way import DISPLAYS, Treatment

    found = {}
    for number, way in enumerate(diagnosis.ways[:MOST_LINES]):
        display = way.treatment.display
        if way.explains and way.treatment in {Treatment.NONE, Treatment.STRETCHED, Treatment.BY_LARGEST, *DISPLAYS}:
            lines = (
                proved_line(image, diagnosis.kernel, result, convention, display=display, gray=gray)
                for convention in way.conventions
                if convention.operation is not None
            )
            line = next(filter(None, lines), None)
            if line is not None:
                found[number] = line
    return found
