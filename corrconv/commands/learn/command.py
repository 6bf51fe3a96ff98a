"""corrconv learn: recover the kernel between two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer, report, save_drawing
from corrconv.commands.options import all_or_none, force_option, json_option, quiet_option, without_effect
from corrconv.commands.parameters import AnchorType, ImageType, PairType, SourceType

if TYPE_CHECKING:
    from corrconv.files.images import Picture


@click.command()
@click.argument("before", type=ImageType())
@click.argument("after", metavar="AFTER|KERNEL", type=SourceType())
@click.option("--size", type=PairType(), help="Rows and columns of the kernel that is sought.")
@click.option("--anchor", type=AnchorType(), default="center", help="Its cell over the output pixel, for correlation.")
@click.option("--correlate/--convolve", "make", default=None, help="Make AFTER with a KERNEL first, by this operation.")
@click.option(
    "--steps", type=click.IntRange(min=1), metavar="N", help="Learn it in N steps under both conventions too."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Chooses the start of --steps.")
@click.option("--keep-clipped", is_flag=True, help="Take black and white pixels of AFTER as they are.")
@click.option("--gray", is_flag=True, help="Make the pictures gray first.")
@click.option("--save", metavar="FILE", help="Write the kernel for correlation (.json, .csv, .npy, .mat).")
@click.option("-o", "--output", metavar="PICTURE", help="Draw the kernels, and the losses of --steps.")
@json_option
@force_option
@without_effect("force", unless=("output", "save"))
@without_effect("seed", unless=("steps",))
@without_effect(
    "anchor",
    where=lambda make, size, **_: "" if make is None or size is not None else "on a KERNEL, which brings its own",
)
@quiet_option
@all_or_none
def command(
    before: Picture,
    after: str,
    size: tuple[int, int] | None,
    anchor: str | tuple[int, int],
    make: bool | None,
    steps: int | None,
    seed: int,
    keep_clipped: bool,
    gray: bool,
    save: str | None,
    output: str | None,
    as_json: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Recover the kernel of --size that turned picture BEFORE into picture AFTER.

    It is found by least squares over all pixels whose window lies inside the picture, and shown as
    a kernel for correlation and as one for convolution. With --correlate or --convolve, the second
    argument is a KERNEL, and AFTER is made with it first. With --steps, the kernel is also learned
    step by step, once by correlation and once by convolution, from mirrored starts.

    --json holds correlation_kernel, convolution_kernel, residual; with --steps losses.{correlation,
    convolution}.

    \b
    corrconv learn photo.png filtered.png --size 5
    corrconv learn photo.png emboss --convolve --steps 100 -o learned.png
    """
    from corrconv.commands.learn.pictures import both_pictures, learn, save_kernel
    from corrconv.commands.learn.view import (
        descent_table,
        descent_verdict,
        learned_document,
        learned_picture,
        learned_view,
    )
    from corrconv.files.outputs import check_targets

    check_targets(save, output)
    say = report(quiet=quiet)
    task = both_pictures(before, after, make, size, anchor, gray=gray)
    for note in task.notes:
        say(note)
    learned, advice, descent = learn(task, steps, seed, keep_clipped=keep_clipped, quiet=quiet)
    saved = None if save is None else save_kernel(save, learned, force=force)
    save_drawing(output, lambda: learned_picture(learned, task.title, descent), force=force, quiet=quiet)
    if saved is not None:  # nothing is, where the other cannot be written
        say(saved)
    steps_taken = () if descent is None else ("", descent_table(descent), "", descent_verdict(descent))
    answer(
        lambda: learned_document(learned, descent, advice),
        lambda: (learned_view(learned, task.title, advice), *steps_taken),
        as_json=as_json,
    )
