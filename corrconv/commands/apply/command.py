"""corrconv apply: filter pictures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.answer import report
from corrconv.commands.options import (
    FilterChoices,
    filter_options,
    force_option,
    like_option,
    quiet_option,
    without_effect,
)
from corrconv.commands.parameters import KernelType, SourceType, inputs_of_command
from corrconv.commands.show import show_option
from corrconv.core.terms import Display, Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel


@click.command()
@click.argument("images", metavar="IMAGE...", type=SourceType(), nargs=-1, required=True)
@click.argument("kernel", type=KernelType())
@click.option("--correlate/--convolve", "correlation", default=True, help="Which operation to apply.")
@click.option("--magnitude", is_flag=True, help="Edge strength: sqrt(a² + b²) of KERNEL and KERNEL transposed.")
@click.option("--direction", is_flag=True, help="Its direction as hue and its strength as brightness.")
@click.option("-o", "--output", metavar="OUT", help="A file, a folder (there already, or ending in /), or -.")
@click.option("--format", "format_name", metavar="NAME", help="Output format, such as png, tiff or npy.")
@click.option("--png-level", type=click.IntRange(0, 9), metavar="0-9", help="PNG compression: 0 is quick, 9 is small.")
@click.option("-v", "--verbose", is_flag=True, help="Say how the sums were computed, and why so.")
@show_option
@filter_options
@like_option
@force_option
@without_effect("verbose", "show", when=("like",))
@without_effect("like", "show", when=("magnitude", "direction"))
@without_effect("magnitude", "bias", "display", when=("direction",))
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    images: tuple[str, ...],
    kernel: Kernel,
    correlation: bool,
    magnitude: bool,
    direction: bool,
    output: str | None,
    show: bool,
    choices: FilterChoices,
    like: Convention | None,
    quiet: bool,
    **writing: Any,
) -> None:
    """Filter each IMAGE with KERNEL.

    IMAGE is a path, - or sample:NAME. KERNEL is a file, a name such as sobel or gaussian:sigma=2
    ('corrconv kernel list' shows them), an inline literal such as "[1 0 -1; 2 0 -2; 1 0 -1]", or -.
    Without -o, the result is STEM-correlation.EXT (or STEM-convolution.EXT) in this folder.
    --direction says which hue is which side; as .npy or .csv it gives the angle in degrees.

    \b
    corrconv apply photo.jpg gaussian:sigma=2
    corrconv apply photo.png sobel --convolve --display signed -o edges.png
    corrconv apply *.png sharpen -o sharp/
    corrconv apply photo.png sobel --magnitude --display rescale -o edges.png
    corrconv apply photo.png sobel --direction -o hues.png
    corrconv apply photo.png sobel --like scipy.ndimage.convolve -o as-scipy.png
    cat photo.png | corrconv apply - box --format png -o - > blurred.png
    """
    from corrconv.commands.apply.files import FileFilter
    from corrconv.files.names import name_outputs
    from corrconv.files.outputs import InputFiles

    inputs = InputFiles(inputs_of_command())
    operation = Operation.CORRELATION if correlation else Operation.CONVOLUTION
    filter_file = FileFilter(choices.kernel(kernel), operation, choices, inputs, **writing)
    label = str(operation)
    if magnitude or direction:
        from corrconv.commands.apply.gradient import DirectionFilter, MagnitudeFilter

        if choices.rendering.display is Display.ABSOLUTE and not choices.rendering.bias:
            raise click.UsageError("--display absolute has no effect beside --magnitude, which is never below 0", ctx)
        gradient_filter = DirectionFilter if direction else MagnitudeFilter
        filter_file = gradient_filter(choices.kernel(kernel), operation, choices, inputs, **writing)
        label = "direction" if direction else "magnitude"
    if like is not None:
        from corrconv.commands.apply.like import LikeFilter
        from corrconv.commands.like import refuse_beside_like

        refuse_beside_like(ctx)
        if len(images) == 1 and choices.options.threads is not None:
            raise click.UsageError("--threads has no effect beside --like with one picture", ctx)
        filter_file = LikeFilter(kernel, operation, choices, inputs, convention=like, **writing)
        label = like.name
    targets = name_outputs(images, label, output, writing["format_name"])
    say = report(quiet=quiet)
    if show and len(images) > 1:
        raise click.UsageError("--show draws one picture; give one", ctx)
    if len(images) == 1:
        for line in filter_file(images[0], targets[0]):
            say(line)
        if show:
            _show(images[0], choices.kernel(kernel), operation, choices)
        return
    failures: list[Exception] = []
    for lines, error in _with_progress(filter_file.many(images, targets), len(images), quiet=quiet):
        for line in lines:
            say(line)
        if error is not None:
            failures.append(error)
    if failures:
        listed = "; ".join(str(error) for error in failures)
        raise CorrconvError(f"{len(failures)} of {len(images)} pictures failed: {listed}")


def _show(image: str, kernel: Kernel, operation: Operation, choices: FilterChoices) -> None:
    from corrconv.commands.show import filtered_shots
    from corrconv.drawing import console
    from corrconv.files.images import read_image

    console.show(filtered_shots(choices.picture(read_image(image)), kernel, choices, (str(operation),)))


def _with_progress(results: Iterator[Any], count: int, *, quiet: bool) -> Iterator[Any]:
    if quiet or not sys.stderr.isatty():
        yield from results
        return
    from corrconv.drawing.console import progress

    with progress() as bar:
        yield from bar.track(results, total=count, description="filtering")
