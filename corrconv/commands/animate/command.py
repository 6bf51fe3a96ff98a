"""corrconv animate: the kernel turns, both operations slide over a small picture, the results fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import report, save_drawing, say_notes
from corrconv.commands.crop import crop_option, cropped
from corrconv.commands.options import FilterChoices, filter_options_but, force_option, quiet_option, without_effect
from corrconv.commands.parameters import FiniteRange, ImageType, KernelType, inputs_of_command

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture

KERNEL = "emboss"
SIDE = 12  # of photos such films stay below a megabyte
LARGEST_SIDE = 64
MOST_BYTES = 2**20


@click.command()
@click.argument("image", type=ImageType(), required=False)
@click.argument("kernel", type=KernelType(), default=KERNEL)
@click.option("-o", "--output", metavar="FILE", required=True, help="A .gif, .webp or .png (APNG); or -, a GIF.")
@click.option("--side", type=click.IntRange(2, LARGEST_SIDE), help="Rows and columns of the part; 12 by default.")
@crop_option
@click.option("--speed", type=FiniteRange(0.1, 10), default=1.0, metavar="X", help="Play it X times as fast.")
@click.option("--loop", type=click.IntRange(0, 1000), default=3, metavar="N", help="Show it N times; 0: for ever.")
@click.option("--still", is_flag=True, help="Write six of its pictures on one sheet instead.")
@filter_options_but("gray", "bias", "display", "alpha", "engine", "precision", "threads")
@force_option
@without_effect("speed", "loop", when=("still",))
@quiet_option
def command(
    image: Picture | None,
    kernel: Kernel,
    output: str,
    side: int | None,
    crop: tuple[slice, slice] | None,
    speed: float,
    loop: int,
    still: bool,
    choices: FilterChoices,
    force: bool,
    quiet: bool,
) -> None:
    """Animate how both operations filter a small part of IMAGE with KERNEL.

    The kernel turns by 180 degrees, or changes nothing by it; then both results fill in, pixel by pixel,
    with every product; the verdict comes last. The part that varies most is taken, in gray, unless
    --crop names one. Without IMAGE it is a letter, without KERNEL emboss.

    \b
    corrconv animate -o turn.gif
    corrconv animate photo.jpg sobel -o turn.webp --side 16
    corrconv animate photo.png "[1 2; 3 4]" -o turn.png --crop 100,200,12,12 --boundary wrap
    corrconv animate photo.png emboss --still -o sheet.png
    """
    from corrconv.commands.animate.files import write_film
    from corrconv.commands.animate.study import animate
    from corrconv.commands.animate.view import HEIGHT, WIDTH
    from corrconv.commands.animate.view import still as still_pictures
    from corrconv.core.arrays import size_words
    from corrconv.drawing.films import contact_sheet, film_format
    from corrconv.files.outputs import check_targets, refuse_overwrite

    if side is not None and crop is not None:
        raise click.UsageError("--side and --crop both choose the part; give one of them")
    format_name = "GIF" if output == "-" else "" if still else film_format(output)
    check_targets(output)
    refuse_overwrite(output, inputs_of_command(), force=force)
    picture = _part(image, side or (LARGEST_SIDE if image is None else SIDE), crop)
    say_notes(picture, quiet=quiet)
    animation = animate(picture.colours[:, :, 0], choices.kernel(kernel), choices.options)
    if still:
        save_drawing(output, lambda: contact_sheet(still_pictures(animation, picture.name)), force=force, quiet=quiet)
        return
    frames, size = write_film(
        output, animation, picture.name, format_name=format_name, speed=speed, loops=loop, quiet=quiet
    )
    say = report(quiet=quiet)
    seconds = sum(frame.milliseconds for frame in frames) / 1000
    shown_target = "standard output" if output == "-" else output
    say(f"{shown_target}: {size_words((HEIGHT, WIDTH))}, {len(frames)} frames, {seconds:.1f} seconds")
    if size > MOST_BYTES:
        say(f"{shown_target}: {size / 2**20:.1f} MiB; a smaller --side, or a .webp, is smaller")


def _part(image: Picture | None, side: int, crop: tuple[slice, slice] | None) -> Picture:
    """The part to be animated, in gray. Raises CorrconvError for one that is too large to be seen."""
    from dataclasses import replace

    from corrconv.commands.animate.study import letter, structured_part
    from corrconv.errors import CorrconvError
    from corrconv.files.images import Picture, to_gray

    picture = Picture(letter(), name="the letter F") if image is None else image
    if crop is not None:
        picture = cropped(picture, crop)
    gray = to_gray(picture)
    if gray is not picture and picture.colour_channels > 1:
        gray = replace(gray, notes=(*picture.notes, "made gray, so that each pixel is one number"))
    if crop is None:
        part = structured_part(gray.colours[:, :, 0], side)
        gray = replace(gray, pixels=gray.pixels[part])
    rows, columns = gray.pixels.shape[:2]
    if max(rows, columns) > LARGEST_SIDE:
        raise CorrconvError(
            f"--crop takes {rows} rows and {columns} columns, and more than {LARGEST_SIDE} of either cannot be seen;"
            " take fewer"
        )
    return gray
