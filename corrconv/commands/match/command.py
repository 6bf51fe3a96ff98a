"""corrconv match: find a template in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.answer import answer, report, save_drawing, say_notes
from corrconv.commands.options import (
    all_or_none,
    exit_code_option,
    force_option,
    json_option,
    quiet_option,
    without_effect,
)
from corrconv.commands.parameters import EnumChoice, ImageType, RectangleType
from corrconv.commands.show import show_option
from corrconv.core.terms import Operation

if TYPE_CHECKING:
    from corrconv.files.images import Picture

# Scores below this are seldom the thing that was sought.
LEAST_LIKENESS = 0.5


def _offset_words(
    *, image: Picture, template: Picture, crop: tuple[slice, slice] | None, offset: bool, **_: Any
) -> str:
    from corrconv.commands.crop import cropped
    from corrconv.commands.match.pictures import is_whole

    whole = offset or is_whole(image, template if crop is None else cropped(template, crop))
    return "on the offset of two whole pictures" if whole else ""


@click.command()
@click.argument("image", type=ImageType())
@click.argument("template", type=ImageType())
@click.option("--crop", type=RectangleType(), help="Take only this part of TEMPLATE.")
@click.option("--count", type=click.IntRange(min=1), default=5, metavar="N", help="Report at most N matches.")
@click.option(
    "--min-score", type=float, metavar="X", help="The least score of a match.  [default: 0.5; none with --raw]"
)
@click.option("--offset", is_flag=True, help="How far TEMPLATE lies behind IMAGE; by itself where both are as large.")
@click.option("--operation", type=EnumChoice(Operation), default="correlation", help="How to lay the template.")
@click.option("--raw", is_flag=True, help="Score by plain sums of products, not by likeness.")
@click.option("--gray", is_flag=True, help="Make both pictures gray first.")
@show_option
@click.option("-o", "--output", metavar="PICTURE", help="Draw the matches and the map of scores.")
@click.option("--map", "score_map", metavar="FILE", help="Write the scores, as .npy or as a picture.")
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads to use.")
@click.option("--csv", "as_rows", is_flag=True, help="Comma-separated values instead of the table.")
@json_option
@exit_code_option
@force_option
@without_effect("show", when=("as_json", "as_rows"))
@without_effect("force", unless=("output", "score_map"))
@without_effect("operation", "raw", "threads", "show", where=_offset_words)
@quiet_option
@click.pass_context
@all_or_none
def command(
    ctx: click.Context,
    image: Picture,
    template: Picture,
    crop: tuple[slice, slice] | None,
    count: int,
    offset: bool,
    min_score: float | None,
    operation: Operation,
    raw: bool,
    gray: bool,
    output: str | None,
    show: bool,
    score_map: str | None,
    threads: int | None,
    as_rows: bool,
    as_json: bool,
    exit_code: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Find TEMPLATE in IMAGE by normalized cross-correlation.

    Every window of IMAGE is scored by its likeness to TEMPLATE, from -1 to 1 for an exact copy,
    whatever its brightness and contrast. Where TEMPLATE is as large as IMAGE, or --offset is given, it is
    laid over IMAGE at every offset instead: how far does the one lie behind the other? Two signals are
    answered by their lag. --exit-code gives 1 if nothing reaches the least score.

    --json holds peaks[].{row, column, score} (of top-left pixels) and best.

    \b
    corrconv match page.png letter.png -o found.png
    corrconv match photo.jpg photo.jpg --crop 100,200,40,50
    corrconv match page.png letter.png --operation convolution
    corrconv match first.csv second.csv -o lag.png
    """
    from corrconv.commands.crop import cropped
    from corrconv.commands.match.pictures import alike, is_whole, match_shots, write_scores
    from corrconv.commands.match.study import match_template
    from corrconv.commands.match.view import (
        matching_document,
        matching_panel,
        matching_rows,
        matching_view,
    )
    from corrconv.files.outputs import check_targets

    if as_rows and as_json:
        raise click.UsageError("--csv and --json both stand in place of the table; give one of them", ctx)
    check_targets(output, score_map)
    image, template = alike(image, template if crop is None else cropped(template, crop), gray=gray)
    say_notes(image, template, quiet=quiet)
    if offset or is_whole(image, template):
        _answer_offset(ctx, image, template)
        return
    pixels, pattern = image.colours, template.colours
    least = LEAST_LIKENESS if min_score is None and not raw else min_score
    matching = match_template(
        pixels, pattern, operation=operation, raw=raw, count=count, min_score=least, channel_axis=-1, threads=threads
    )
    save_drawing(
        output,
        lambda: matching_panel(matching, pixels, pattern, image.name, template.name),
        force=force,
        quiet=quiet,
    )
    if score_map is not None:
        say = report(quiet=quiet)
        for line in write_scores(score_map, matching.scores, raw=raw, force=force):
            say(line)
    if as_rows:
        click.echo(matching_rows(matching), nl=False)
    else:
        answer(
            lambda: matching_document(matching, image.name, template.name),
            lambda: (
                *((match_shots(image, matching.scores, matching.best, matching.template_shape), "") if show else ()),
                matching_view(matching, f"{template.name} in {image.name}"),
            ),
            as_json=as_json,
        )
    if exit_code and not matching.peaks:
        ctx.exit(1)


def _answer_offset(ctx: click.Context, image: Picture, template: Picture) -> None:
    from corrconv.commands.match.offset_study import find_offsets
    from corrconv.commands.match.offset_view import offset_document, offset_picture, offset_rows, offset_view
    from corrconv.commands.match.pictures import write_scores
    from corrconv.files.images import to_gray

    given = ctx.params
    first, second = (to_gray(picture).planes[:, :, 0] for picture in (image, template))
    offsets = find_offsets(first, second, given["count"])
    writing = {"force": given["force"], "quiet": given["quiet"]}
    save_drawing(given["output"], lambda: offset_picture(offsets, first, second, image.name, template.name), **writing)
    if given["score_map"] is not None:
        say = report(quiet=given["quiet"])
        for line in write_scores(given["score_map"], offsets.known_scores, raw=False, force=given["force"]):
            say(line)
    if given["as_rows"]:
        click.echo(offset_rows(offsets), nl=False)
    else:
        answer(
            lambda: offset_document(offsets, image.name, template.name),
            lambda: offset_view(offsets, image.name, template.name),
            as_json=given["as_json"],
        )
    least = LEAST_LIKENESS if given["min_score"] is None else given["min_score"]
    if given["exit_code"] and offsets.best.score < least:
        ctx.exit(1)
