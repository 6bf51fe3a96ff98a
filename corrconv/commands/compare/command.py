"""corrconv compare: both operations side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.answer import answer, report, say_notes
from corrconv.commands.compare.layouts import ALL, compare_layouts, every_layout
from corrconv.commands.like import refuse_beside_like, say_caveats
from corrconv.commands.options import (
    FilterChoices,
    all_or_none,
    exit_code_option,
    filter_options_but,
    force_option,
    json_option,
    likes_option,
    quiet_option,
    without_effect,
)
from corrconv.commands.parameters import CellType, ImageType, KernelType, inputs_of_command
from corrconv.commands.show import filtered_shots, show_option
from corrconv.core.terms import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import Comparison, KernelComparison
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture

# Kernels whose numbers are shown in full beside each other's.
MOST_SHOWN = 3

# Every answer once: equal, equal but for sign, different, and two that only look symmetric.
TELLING_KERNELS = ("box", "gaussian:sigma=2", "laplacian", "sobel", "box:size=2", "emboss", "motion:length=9,angle=0")


def _every_words(*, every: tuple[str, ...], **_: Any) -> str:
    return f"beside --{every[0].replace('_', '-')} all" if every else ""


@click.command()
@click.argument("image", type=ImageType())
@click.argument("kernels", metavar="[KERNEL]...", type=KernelType(), nargs=-1)
@click.option("-o", "--output", metavar="DIR", help="Write the pictures of each kernel to this folder.")
@click.option("--at", type=CellType(), help="With --show, the place to draw; else where the results differ most.")
@show_option
@every_layout
@filter_options_but("alpha", "precision", "boundary", "output_size")
@likes_option
@json_option
@exit_code_option
@force_option
@without_effect("force", unless=("output",))
@without_effect("bias", "display", unless=("output", "show"))
@without_effect("at", unless=("show",))
@without_effect("show", when=("likes", "as_json"))
@without_effect("threads", when=("likes",))
@without_effect("show", "at", "bias", "display", where=_every_words)
@refuse_beside_like
@quiet_option
@click.pass_context
@all_or_none
def command(
    ctx: click.Context,
    image: Picture,
    kernels: tuple[Kernel, ...],
    output: str | None,
    at: tuple[int, int] | None,
    show: bool,
    choices: FilterChoices,
    every: tuple[str, ...],
    likes: tuple[Convention, ...],
    as_json: bool,
    exit_code: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Filter IMAGE with each KERNEL both ways, and tell when the results coincide.

    Without a KERNEL, a telling selection is compared. With -o, each kernel gets the pictures
    correlation, convolution and difference, and one labelled panel; with --boundary all or
    --output-size all, one sheet.png instead. --exit-code gives 1 if any differ.

    --json holds image, options, kernels[].{name, shape, anchor, symmetry, coincide, reason,
    max_abs_difference, mean_abs_difference, rmse, psnr_db, psnr_peak, differing_share, odd_l1, bound,
    tolerance}; psnr_db is null where nothing differs.

    \b
    corrconv compare photo.jpg
    corrconv compare photo.jpg sobel "[1 2; 3 4]" -o compared/
    corrconv compare photo.png gaussian:sigma=2 --json --exit-code
    corrconv compare photo.png box:size=2 --boundary all -o borders/
    corrconv compare photo.png sobel --like scipy.signal.convolve2d --like cv2.filter2D
    """
    from corrconv.commands.compare.pictures import compare_and_draw
    from corrconv.commands.compare.view import comparison_document, comparison_table, comparison_verdict
    from corrconv.files.kernels import read_kernel

    picture = choices.picture(image)
    chosen = kernels or tuple(read_kernel(name) for name in TELLING_KERNELS)
    say_notes(picture, quiet=quiet)
    if likes:
        if len(likes) != 2 or output is not None:
            raise click.UsageError("--like is given twice, and without -o: two libraries are compared", ctx)
        _compare_libraries(ctx, picture, chosen, likes, as_json=as_json, exit_code=exit_code, quiet=quiet)
        return
    if every:
        _compare_layouts(ctx, picture, chosen, choices, every)
        return
    comparison, drawn = compare_and_draw(
        picture, chosen, choices, output, inputs=inputs_of_command(), force=force, quiet=quiet
    )
    say = report(quiet=quiet)
    for entry in drawn:
        say(f"written: {entry.panel}, and beside it correlation, convolution and difference.png")
        if entry.difference_peak:
            say(f"{entry.panel.parent}: difference.png is white at 0, red and blue at {entry.difference_peak:.6g}")
        if entry.clipped:
            shares = " and ".join(f"{share:.2%} in {name}" for name, share in entry.clipped.items())
            say(f"{entry.panel.parent}: pixels clipped: {shares}; see --display")
    answer(
        lambda: comparison_document(comparison, picture.name),
        lambda: (
            comparison_table(comparison, _title(picture, choices)),
            "",
            comparison_verdict(comparison),
            *(_shots(picture, comparison, choices, at) if show else _numbers(picture, comparison)),
        ),
        as_json=as_json,
    )
    if exit_code and not comparison.all_coincide:
        ctx.exit(1)


def _numbers(picture: Picture, comparison: Comparison) -> list[RenderableType]:
    """The numbers of a small picture, for as many kernels as one can take in."""
    from corrconv.commands.compare.study import compare
    from corrconv.commands.compare.view import numbers_view
    from corrconv.drawing.matrices import fits

    image = picture.colours
    parts: list[RenderableType] = []
    if image.shape[2] > 1 or not fits(image[:, :, 0]) or len(comparison.kernels) > MOST_SHOWN:
        return parts

    def add(entry: KernelComparison, results: Results) -> None:
        view = numbers_view(image[:, :, 0], entry, results)
        if view is not None:
            parts.extend(("", f"{entry.kernel.name}:", view))

    compare(image, *(entry.kernel for entry in comparison.kernels), options=comparison.options, consume=add)
    return parts


def _compare_layouts(
    ctx: click.Context, picture: Picture, kernels: tuple[Kernel, ...], choices: FilterChoices, every: tuple[str, ...]
) -> None:
    from corrconv.commands.compare.view import comparison_document, comparison_table, comparison_verdict

    given = ctx.params
    comparison, sheets = compare_layouts(
        picture, kernels, choices, every, given["output"], inputs=inputs_of_command(), force=given["force"]
    )
    say = report(quiet=given["quiet"])
    for sheet in sheets:
        say(f"written: {sheet}")
    document = comparison_document(comparison, picture.name)
    document["options"] |= dict.fromkeys(every, ALL)
    title = f"correlation and convolution of {picture.name}: every {' and '.join(every).replace('_', ' ')}"
    answer(
        lambda: document,
        lambda: (comparison_table(comparison, title), "", comparison_verdict(comparison)),
        as_json=given["as_json"],
    )
    if given["exit_code"] and not comparison.all_coincide:
        ctx.exit(1)


def _shots(
    picture: Picture, comparison: Comparison, choices: FilterChoices, at: tuple[int, int] | None
) -> Iterator[RenderableType]:
    """A part of the pictures, for as many kernels as one can take in."""
    for entry in comparison.kernels[:MOST_SHOWN]:
        yield from ("", filtered_shots(picture, entry.kernel, choices, tuple(Operation), at))


def _title(picture: Picture, choices: FilterChoices) -> str:
    from corrconv.core.arrays import size_words
    from corrconv.drawing.words import options_words

    size = size_words(picture.pixels.shape)
    return f"correlation and convolution of {picture.name} ({size})\n{options_words(choices.options)}"


def _compare_libraries(
    ctx: click.Context,
    picture: Picture,
    kernels: tuple[Kernel, ...],
    likes: tuple[Convention, ...],
    *,
    as_json: bool,
    exit_code: bool,
    quiet: bool,
) -> None:
    from corrconv.commands.compare.like_study import compare_libraries
    from corrconv.commands.compare.like_view import libraries_document, libraries_table, libraries_verdict

    comparisons = [compare_libraries(picture.colours, kernel, *likes) for kernel in kernels]
    say_caveats(picture, kernels, *likes, quiet=quiet)
    title = f"{likes[0].name} and {likes[1].name} on {picture.name}"
    answer(
        lambda: libraries_document(comparisons, picture.name),
        lambda: (libraries_table(comparisons, title), "", *map(libraries_verdict, comparisons)),
        as_json=as_json,
    )
    if exit_code and not all(found.coincide for found in comparisons):
        ctx.exit(1)
