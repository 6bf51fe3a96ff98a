"""corrconv page: both operations to step over, pixel by pixel, in a browser."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import report, say_notes
from corrconv.commands.crop import crop_option, cropped
from corrconv.commands.options import FilterChoices, filter_options_but, force_option, quiet_option
from corrconv.commands.parameters import ARGUMENTS, CellType, ImageType, KernelType, inputs_of_command
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture

# Equal, equal but for sign, different, and one that only looks symmetric.
TELLING_KERNELS = ("emboss", "sobel", "gaussian:sigma=1", "box:size=2")


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernels", metavar="[KERNEL]...", type=KernelType(), nargs=-1)
@click.option("-o", "--output", metavar="FILE", help="The HTML file, or -; NAME-page.html by default.")
@click.option("--at", type=CellType(), help="The output pixel to begin with; else where the results differ most.")
@crop_option
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
@filter_options_but("alpha", "precision")  # a page shows colours, and computes as scripts do
@force_option
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    image: Picture,
    kernels: tuple[Kernel, ...],
    output: str | None,
    at: tuple[int, int] | None,
    crop: tuple[slice, slice] | None,
    open_it: bool,
    choices: FilterChoices,
    force: bool,
    quiet: bool,
) -> None:
    """Make a page of IMAGE under each KERNEL, to step over pixel by pixel in a browser.

    One file that needs nothing else and asks for nothing: both operations beside each other, every
    product of the pixel under the pointer, the kernel turning, weights to edit. Without a KERNEL,
    a telling selection is shown. A large picture is reduced, which is said, unless --crop takes a part.

    \b
    corrconv page photo.jpg --open
    corrconv page photo.png sobel "[1 2; 3 4]" -o page.html --boundary wrap
    corrconv page photo.png emboss --crop 100,200,48,64 --at 3,5 -o part.html
    """
    from corrconv.commands.page.files import write_page
    from corrconv.commands.page.study import make_page
    from corrconv.core.arrays import size_words
    from corrconv.core.notation.numbers import counted
    from corrconv.files.kernels import read_kernel
    from corrconv.files.outputs import refuse_overwrite

    target = f"{image.name}-page.html" if output is None else output
    if open_it and target == "-":
        raise click.UsageError("--open needs a file to show; name one with -o", ctx)
    refuse_overwrite(target, inputs_of_command(), force=force)
    picture = choices.picture(image if crop is None else cropped(image, crop))
    say_notes(picture, quiet=quiet)
    chosen = kernels or tuple(read_kernel(name) for name in TELLING_KERNELS)
    page = make_page(picture.colours, [choices.kernel(kernel) for kernel in chosen], choices.options, at)
    line = shlex.join(["corrconv", *ctx.meta[ARGUMENTS]])
    write_page(target, page, picture.name, choices.rendering, line=line)
    say = report(quiet=quiet)
    if page.reduced > 1:
        say(
            f"{picture.name}: {page.reduced}x{page.reduced} pixels became one, to fit a page; --crop takes a part whole"
        )
    shown_target = "standard output" if target == "-" else target
    say(f"{shown_target}: {size_words(page.pixels.shape)}, {counted(len(page.kernels), 'kernel')}")
    if open_it:
        _open(target)


def _open(target: str) -> None:
    import webbrowser
    from pathlib import Path

    if not webbrowser.open(Path(target).resolve().as_uri()):
        raise CorrconvError(f"no browser was found; open {target} in one yourself")
