"""corrconv demo: the guided tour."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corrconv.commands.options import quiet_option

if TYPE_CHECKING:
    from corrconv.commands.options import FilterChoices
    from corrconv.files.images import Picture

SAMPLE = "chelsea"
FILM_KERNEL, FILM_SIDE = "emboss", 10

# The same, the same but for sign, and two that differ: one by shape, one by its anchor only.
KERNELS = ("gaussian:sigma=2", "laplacian", "sobel", "emboss", "box:size=2", "[0 0 0; 0 0 1; 0 0 0]")

ANSWER = """\
So why are CNNs called convolutional when they compute cross-correlation?
Convolution turns the kernel by 180 degrees before it lays it over the picture; \
correlation does not. If the kernel equals its half-turn, that changes nothing. \
If not, the two differ, as the pictures show. But a network learns its kernels: \
from turned starting values, the other operation learns the same ones, turned, with \
the same results ('corrconv train' proves it), so the name stuck. With a kernel that you did not learn but copied from \
a book or another library, it matters which of the two you use.

Now try it on a picture of yours:
  corrconv compare PHOTO sobel "[1 2; 3 4]" -o compared/
  corrconv apply PHOTO emboss --convolve -o embossed.png
  corrconv kernel list"""


@click.command()
@click.argument("folder", metavar="[DIR]", default="corrconv-demo", type=click.Path(file_okay=False))
@quiet_option
def command(folder: str, quiet: bool) -> None:
    """Show on a sample picture what the two operations do and when they coincide.

    The table is printed; the pictures go to DIR (corrconv-demo).
    """
    from corrconv.commands.compare.pictures import compare_and_draw
    from corrconv.commands.compare.view import comparison_table, comparison_verdict
    from corrconv.commands.options import FilterChoices
    from corrconv.core.options import Options
    from corrconv.core.rendering import Rendering
    from corrconv.drawing.console import show
    from corrconv.files.images import read_image
    from corrconv.files.kernels import read_kernel

    choices = FilterChoices(Options(), Rendering(), scale=1, normalize=False, gray=False)
    picture = read_image(f"sample:{SAMPLE}")
    kernels = [read_kernel(name) for name in KERNELS]
    kernels[-1] = kernels[-1].named("one cell, right")
    comparison, drawn = compare_and_draw(picture, kernels, choices, folder, quiet=quiet)
    page, film = Path(folder) / "page.html", Path(folder) / "turn.gif"
    _write_page(page, picture, choices)
    _write_film(film, picture, quiet=quiet)
    show(
        comparison_table(comparison, f"correlation and convolution of sample:{SAMPLE}"),
        "",
        comparison_verdict(comparison),
        "",
        "To step over in a browser, and to watch:",
        f"  {page}",
        f"  {film}",
        "Pictures to look at, and beside each correlation, convolution and difference.png:",
        *(f"  {entry.panel}" for entry in drawn),
        "",
        ANSWER,
    )


def _write_page(target: Path, picture: Picture, choices: FilterChoices) -> None:
    from corrconv.commands.page.files import write_page
    from corrconv.commands.page.study import make_page
    from corrconv.files.kernels import read_kernel

    page = make_page(picture.colours, [read_kernel(name) for name in KERNELS], choices.options)
    line = shlex.join(["corrconv", "page", f"sample:{SAMPLE}", *KERNELS, "-o", str(target)])
    write_page(target, page, picture.name, choices.rendering, line=line)


def _write_film(target: Path, picture: Picture, *, quiet: bool) -> None:
    """The kernel that differs most plainly, on a part of the picture that is small enough to be read."""
    from corrconv.commands.animate.files import write_film
    from corrconv.commands.animate.study import animate, structured_part
    from corrconv.core.options import Options
    from corrconv.files.images import to_gray
    from corrconv.files.kernels import read_kernel

    gray = to_gray(picture).colours[:, :, 0]
    animation = animate(gray[structured_part(gray, FILM_SIDE)], read_kernel(FILM_KERNEL), Options())
    write_film(target, animation, picture.name, quiet=quiet)
