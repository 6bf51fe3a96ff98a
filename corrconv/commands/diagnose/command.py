"""corrconv diagnose: which operation, anchor, border ... gave that result?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from corrconv.commands.answer import answer, say_notes
from corrconv.commands.options import exit_code_option, json_option, quiet_option
from corrconv.commands.parameters import AnchorType, BoundaryType, EnumChoice, FiniteRange, ImageType, KernelType
from corrconv.core.terms import Boundary, Operation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.diagnose.study import Diagnosis
    from corrconv.commands.diagnose.way import Intended
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture


COMMAND_LINE = ParameterSource.COMMANDLINE

# How many explanations are run as `apply` lines.
MOST_LINES = 20


class _KernelOrResult(KernelType):
    """The kernel; or the result, where a known function takes the kernel's place."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The kernel or the picture of a text."""
        if ctx is not None and isinstance(ctx.params.get("function"), str):
            return ImageType().convert(value, param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernel", type=_KernelOrResult())
@click.argument("result", type=ImageType(), required=False)
@click.option(
    "--function",
    type=click.Choice(["gaussian"]),
    is_eager=True,
    help="Without a KERNEL: a Gaussian blur made RESULT; find its sigma, size and border.",
)
@click.option("--expect", "operation", type=EnumChoice(Operation), help="Judge the result as this operation.")
@click.option("--boundary", type=BoundaryType(), help="With --expect: the border that was asked for.")
@click.option("--fill", type=float, default=0.0, help="With --boundary constant: its value.")
@click.option("--anchor", type=AnchorType(), default="center", help="With --expect: the cell that was asked for.")
@click.option("--tolerance", type=FiniteRange(min=0), metavar="N", help="Take results that are up to N off.")
@click.option("--gray", is_flag=True, help="Make image and result gray first.")
@json_option
@exit_code_option
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    image: Picture,
    kernel: Kernel | Picture,
    result: Picture | None,
    function: str | None,  # noqa: ARG001  # read by the type of KERNEL
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

    IMAGE and RESULT are pictures, .npy or .csv files, or numbers such as "[1 2; 3 4]". With --expect, the likely
    mistake is named. --exit-code gives 1 if the result is not as expected or, without --expect, if
    nothing explains it. A RESULT that is a JPEG may be off by what its compression loses.

    \b
    corrconv diagnose photo.png sobel my_result.npy
    corrconv diagnose photo.png sobel answer.csv --expect convolution --boundary constant --exit-code
    corrconv diagnose "[1 2 3 4]" "[1 0 -1]" "[-2 -2 -2 3]"
    corrconv diagnose photo.png --function gaussian blurred.png
    """
    from corrconv.core.kernel import Kernel

    if not isinstance(kernel, Kernel):
        _find_blur(ctx, image, kernel, gray=gray, as_json=as_json, exit_code=exit_code, quiet=quiet)
        return
    if result is None:
        raise click.UsageError("Missing argument 'RESULT'.", ctx)
    from corrconv.commands.diagnose.evidence import finite_parts
    from corrconv.commands.diagnose.lossy import recompression
    from corrconv.commands.diagnose.study import diagnose
    from corrconv.commands.diagnose.view import diagnosis_document, diagnosis_text
    from corrconv.drawing.console import counting
    from corrconv.files.images import to_gray, without_equal_colours

    one_gray = image.pixels.ndim != result.pixels.ndim
    image, result = ((without_equal_colours(it) if one_gray else it) for it in (image, result))
    if not gray and image.pixels.ndim != result.pixels.ndim:
        colour, plain = ("IMAGE", "RESULT") if image.pixels.ndim > result.pixels.ndim else ("RESULT", "IMAGE")
        raise click.UsageError(f"{colour} has colours and {plain} is gray; --gray makes both gray first", ctx)
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
    lines = {} if recompress is not None or tolerance else _lines(diagnosis, image, finite_parts(*pixels)[1], gray=gray)
    answer(
        lambda: diagnosis_document(diagnosis, lines, intended),
        lambda: diagnosis_text(diagnosis, lines, intended),
        as_json=as_json,
        soft_wrap=True,
    )
    wrong = not diagnosis.explained if intended is None else bool(diagnosis.mistakes(intended))
    if exit_code and wrong:
        ctx.exit(1)


def _find_blur(
    ctx: click.Context, image: Picture, result: Picture, *, gray: bool, as_json: bool, exit_code: bool, quiet: bool
) -> None:
    """Find the Gaussian blur that made the result."""
    from corrconv.commands.apply_line import proved_line
    from corrconv.commands.diagnose.gaussian_study import diagnose_blur
    from corrconv.commands.diagnose.gaussian_view import blur_document, blur_text
    from corrconv.commands.diagnose.way import Treatment
    from corrconv.core.zoo import zoo_kernel
    from corrconv.drawing.console import progress
    from corrconv.files.images import to_gray

    for name in ("operation", "boundary", "fill", "anchor", "tolerance"):
        if ctx.get_parameter_source(name) is COMMAND_LINE:
            shown = "--expect" if name == "operation" else f"--{name}"
            raise click.UsageError(f"{shown} has no effect with --function, which finds a blur by itself", ctx)
    if ctx.params["result"] is not None:
        raise click.UsageError("--function takes the place of KERNEL; give IMAGE and RESULT only", ctx)
    pixels = [(to_gray(picture) if gray else picture).pixels for picture in (image, result)]
    say_notes(image, result, quiet=quiet)
    with progress(quiet=quiet) as bar:
        bar.add_task("fitting", total=None)
        diagnosis = diagnose_blur(pixels[0], pixels[1])
    line = None
    if diagnosis.blurs and diagnosis.blurs[0].sigma is not None:
        blur = diagnosis.blurs[0]
        if blur.way.treatment is Treatment.NONE:
            name = f"gaussian:sigma={blur.sigma:g},size={blur.size}"
            line = proved_line(image, zoo_kernel(name), pixels[1], blur.way.convention, gray=gray)
            line = None if line is None else line.replace("KERNEL", name, 1)
    answer(lambda: blur_document(diagnosis, line), lambda: blur_text(diagnosis, line), as_json=as_json, soft_wrap=True)
    if exit_code and not diagnosis.explained:
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
    from corrconv.commands.apply_line import proved_like, proved_line
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
    if not found and diagnosis.explained and not image.has_alpha:
        line = proved_like(image, diagnosis.kernel, result, diagnosis.ways[0].conventions, gray=gray)
        return {} if line is None else {0: line}
    return found
