"""corrconv spectrum: what a kernel does to frequencies, and whether it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from corrconv.commands.answer import answer, save_drawing, say_notes
from corrconv.commands.options import force_option, json_option, quiet_option, without_effect
from corrconv.commands.parameters import FiniteRange, ImageType, KernelType

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture


@click.command()
@click.argument("kernel", type=KernelType())
@click.argument("image", type=ImageType(), required=False)
@click.option("--correlate/--convolve", "correlation", default=True, help="Which operation filters IMAGE.")
@click.option("--inverse", is_flag=True, help="Can it be undone? Zeros, noise, and a regularised inverse of IMAGE.")
@click.option(
    "--noise",
    type=FiniteRange(min=0),
    default=1.0,
    metavar="X",
    help="Standard deviation of what is added to the filtered IMAGE before --inverse.",
)
@click.option("-o", "--output", metavar="FILE", help="Draw gain, phases, cuts, and the theorem on IMAGE.")
@json_option
@force_option
@quiet_option
@without_effect("force", unless=("output",))
@without_effect("noise", unless=("inverse",))
@click.pass_context
def command(
    ctx: click.Context,
    /,
    kernel: Kernel,
    image: Picture | None,
    correlation: bool,
    inverse: bool,
    noise: float,
    output: str | None,
    as_json: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Say which waves KERNEL lets pass, and how far it moves them: its frequency response.

    Both operations change the strength of waves alike and move them in opposite directions. With an
    IMAGE, the convolution theorem is checked on it (in gray, wrapped around). With --inverse: what is
    lost for good, how much noise grows, and IMAGE filtered and restored.

    \b
    corrconv spectrum box
    corrconv spectrum box:size=5 photo.png -o spectrum.png
    corrconv spectrum gaussian:sigma=2 photo.png --inverse --noise 2 -o undone.png
    """
    from corrconv.commands.spectrum.pictures import spectrum_picture
    from corrconv.commands.spectrum.study import (
        PLANE,
        check_theorem,
        judge_inverse,
        measure_spectrum,
        restore,
        transfer,
    )
    from corrconv.commands.spectrum.view import spectrum_document, spectrum_view
    from corrconv.core.terms import Operation
    from corrconv.files.images import to_gray

    given = ctx.get_parameter_source
    if image is None and given("correlation") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--correlate and --convolve filter a picture; without one, both are shown anyway")
    if given("noise") is ParameterSource.COMMANDLINE and image is None:
        raise click.UsageError("--noise is added to a picture before it is undone; give a picture too")
    operation = Operation.CORRELATION if correlation else Operation.CONVOLUTION
    found = measure_spectrum(kernel)
    pixels = None
    if image is not None:
        say_notes(image, quiet=quiet)
        pixels = to_gray(image).planes[:, :, 0]
    theorem = None if pixels is None else check_theorem(kernel, operation, pixels)
    undone = restored = None
    if inverse:
        response = transfer(kernel, operation, pixels.shape if pixels is not None else (PLANE, PLANE))
        undone = judge_inverse(response)
        restored = None if pixels is None else restore(kernel, operation, pixels, noise)
    parts = (found, theorem, undone, restored)
    save_drawing(output, lambda: spectrum_picture(*parts), force=force, quiet=quiet)
    answer(lambda: spectrum_document(*parts), lambda: spectrum_view(*parts), as_json=as_json)
