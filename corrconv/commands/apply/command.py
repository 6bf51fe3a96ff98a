"""corrconv apply: filter pictures."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from corrconv.commands.answer import report
from corrconv.commands.like import refuse_beside_like
from corrconv.commands.options import (
    FilterChoices,
    filter_options,
    force_option,
    like_option,
    quiet_option,
    without_effect,
)
from corrconv.commands.parameters import (
    ARGUMENTS,
    KernelType,
    SourceType,
    inputs_of_command,
    places_of_arguments,
)
from corrconv.commands.show import show_option
from corrconv.core.progress import Progress, ignore_progress
from corrconv.core.terms import Display, Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from corrconv.commands.apply.cluster import Cluster
    from corrconv.commands.apply.files import FileFilter
    from corrconv.commands.apply.outcome import Leaving, Log, Outcome
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.files.outputs import InputFiles

# Seconds after which a single picture gets a bar.
MOMENT = 1.0


def _some_images(ctx: click.Context, param: click.Parameter, images: tuple[str, ...]) -> tuple[str, ...]:
    if images or ctx.params.get("files_from"):
        return images
    from corrconv.files.kernels import is_picture_file

    words = ctx.meta[ARGUMENTS][1:]
    named = [words[place] for place in places_of_arguments(ctx.command, words)]
    if named and is_picture_file(named[0]):
        raise click.UsageError(f"Missing argument 'KERNEL': {named[0]} is the only argument, and a picture", ctx)
    raise click.MissingParameter(ctx=ctx, param=param)


@click.command()
@click.argument("images", metavar="IMAGE...", type=SourceType(), nargs=-1, callback=_some_images)
@click.argument("kernel", type=KernelType())
@click.option("--correlate/--convolve", "correlation", default=True, help="Which operation to apply.")
@click.option("--magnitude", is_flag=True, help="Edge strength: sqrt(a² + b²) of KERNEL and KERNEL transposed.")
@click.option("--direction", is_flag=True, help="Its direction as hue and its strength as brightness.")
@click.option("-o", "--output", metavar="OUT", help="A file, a folder (there already, or ending in /), or -.")
@click.option(
    "--files-from",
    metavar="FILE",
    type=SourceType(),
    is_eager=True,
    help="Filter the pictures that FILE (or -) names, one a line, too.",
)
@click.option("-0", "--null", is_flag=True, help="The names in that list end in NUL, as those of find -print0.")
@click.option("--parents", is_flag=True, help="Keep the folders of the inputs below -o, as cp does.")
@click.option("--no-clobber", is_flag=True, help="Leave outputs alone that are there already.")
@click.option("--log", metavar="FILE", help="Add a JSON line for each picture to FILE: what became of it.")
@click.option("--skip-existing", is_flag=True, help="Skip what --log says was made of the same in the same way.")
@click.option("--format", "format_name", metavar="NAME", help="Output format, such as png, tiff or npy.")
@click.option("--png-level", type=click.IntRange(0, 9), metavar="0-9", help="PNG compression: 0 is quick, 9 is small.")
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    metavar="N",
    help="Refuse larger pictures (500 million where they are decoded whole: all but .npy, zarr and plain TIFF).",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    envvar="DASK_SCHEDULER_ADDRESS",
    help="Filter on the workers of this dask scheduler, such as tcp://host:8786.",
)
@click.option("--scheduler-file", metavar="FILE", help="On those of the scheduler that wrote FILE.")
@click.option("-v", "--verbose", is_flag=True, help="Say how the sums were computed, and why so.")
@show_option
@filter_options
@like_option
@force_option
@without_effect("verbose", "show", when=("like",))
@without_effect("like", "show", when=("magnitude", "direction"))
@without_effect("magnitude", "bias", "display", when=("direction",))
@without_effect("null", unless=("files_from",))
@without_effect("parents", unless=("output",))
@without_effect("skip_existing", unless=("log",))
@without_effect("no_clobber", when=("force", "skip_existing"))
@without_effect("scheduler_file", "threads", when=("scheduler",))
@without_effect("threads", when=("scheduler_file",))
@refuse_beside_like
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
    files_from: str | None,
    null: bool,
    parents: bool,
    no_clobber: bool,
    log: str | None,
    skip_existing: bool,
    scheduler: str | None,
    scheduler_file: str | None,
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
    corrconv apply huge.zarr gaussian -o smooth.zarr --scheduler tcp://host:8786
    find scans -name "*.tif" -print0 | corrconv apply --files-from - -0 box -o out/ --parents
    corrconv apply photo.png sobel --like scipy.ndimage.convolve -o as-scipy.png
    cat photo.png | corrconv apply - box --format png -o - > blurred.png
    """
    from corrconv.commands.apply.files import FileFilter
    from corrconv.commands.apply.outcome import keep_existing
    from corrconv.files.kernels import is_picture_file
    from corrconv.files.names import name_outputs
    from corrconv.files.outputs import InputFiles
    from corrconv.files.stores import is_zarr

    say = report(quiet=quiet)
    named = inputs_of_command()
    kernel_is_picture = is_picture_file(named[-1])
    if files_from is not None:
        from corrconv.files.lists import read_names

        images = (*images, *read_names(files_from, null=null))
    inputs = InputFiles((*named, *images))
    operation = Operation.CORRELATION if correlation else Operation.CONVOLUTION
    writing["kernel_is_picture"] = kernel_is_picture
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

        if len(images) == 1 and choices.options.threads is not None:
            raise click.UsageError("--threads has no effect beside --like with one picture", ctx)
        filter_file = LikeFilter(kernel, operation, choices, inputs, convention=like, **writing)
        label = like.name
    if any(is_zarr(image) for image in images):
        _refuse_beside_zarr(ctx, images, like=like, magnitude=magnitude, direction=direction, show=show, **writing)
        filter_file = _zarr_filter(choices.kernel(kernel), operation, choices, inputs, **writing)
    if show and len(images) > 1:
        raise click.UsageError("--show draws one picture; give one", ctx)
    targets = name_outputs(images, label, output, writing["format_name"], parents=parents)
    if targets == ("-",) and (no_clobber or skip_existing):
        raise click.UsageError("standard output is never there already; name a file or a folder with -o", ctx)
    if kernel_is_picture:
        say(f"the kernel is the picture {named[-1]}; to filter it too, name a kernel behind it, such as sharpen")
    where = None if scheduler_file is not None else scheduler, scheduler_file
    with _log(log, filter_file, inputs) as book, _cluster(*where, images, targets) as cluster:
        leaving = [keep_existing] if no_clobber else [book.skip_made] if book is not None and skip_existing else []
        outcomes = _outcomes(cluster, filter_file, images, targets, leaving, quiet=quiet)
        _tell(outcomes, len(images), book, say)
    if show:
        _show(images[0], choices.kernel(kernel), operation, choices)


def _zarr_filter(*same: Any, **writing: Any) -> FileFilter:
    from corrconv.commands.apply.stores import ZarrFilter

    return ZarrFilter(*same, **writing)


def _refuse_beside_zarr(ctx: click.Context, images: Sequence[str], **options: Any) -> None:
    """Raise click's UsageError for what cannot be done with zarr arrays, which are never in memory as a whole."""
    from corrconv.files.stores import is_zarr

    if not all(is_zarr(image) for image in images):
        raise click.UsageError("zarr arrays and other pictures need a command each", ctx)
    for name in ("like", "magnitude", "direction", "show", "format_name", "png_level"):
        if options[name]:
            spelled = {"format_name": "format"}.get(name, name).replace("_", "-")
            raise click.UsageError(f"--{spelled} does not go with zarr arrays; leave it out", ctx)


@contextmanager
def _cluster(
    address: str | None, scheduler_file: str | None, images: Sequence[str], targets: Sequence[str]
) -> Iterator[Cluster | None]:
    """The cluster to work on, if there is to be one: a single picture is not worth the way that a variable names."""
    from corrconv.files.stores import is_zarr

    context = click.get_current_context()
    by_variable = context.get_parameter_source("scheduler") is ParameterSource.ENVIRONMENT
    small = len(images) == 1 and not is_zarr(images[0])
    if (address is None and scheduler_file is None) or (small and by_variable and scheduler_file is None):
        yield None
        return
    if "-" in (*images, *targets):
        raise click.UsageError("workers cannot reach standard input and output; name files", context)
    from corrconv.commands.apply.cluster import connected

    with connected(address, scheduler_file) as cluster:
        yield cluster


def _outcomes(
    cluster: Cluster | None,
    filter_file: FileFilter,
    images: Sequence[str],
    targets: Sequence[str],
    leaving: Sequence[Leaving],
    *,
    quiet: bool,
) -> Iterator[Outcome]:
    """What becomes of each picture: here, or on the workers of a cluster."""
    from corrconv.commands.apply.stores import ZarrFilter

    if isinstance(filter_file, ZarrFilter):
        with _bar(quiet=quiet) as progress:
            yield from replace(filter_file, cluster=cluster, progress=progress).many(images, targets, leaving)
    elif cluster is not None:
        from corrconv.commands.apply.cluster import filter_on

        yield from _with_progress(filter_on(cluster, filter_file, images, targets, leaving), len(images), quiet=quiet)
    elif len(images) == 1:
        with _bar(quiet=quiet) as progress:
            yield replace(filter_file, progress=progress).attempt(images[0], targets[0], leaving)
    else:
        yield from _with_progress(filter_file.many(images, targets, leaving), len(images), quiet=quiet)


@contextmanager
def _log(path: str | None, filter_file: FileFilter, inputs: InputFiles) -> Iterator[Log | None]:
    """The log to write to, which no output may replace, if there is to be one."""
    if path is None:
        yield None
        return
    from corrconv.commands.apply.outcome import Log
    from corrconv.files.outputs import refuse_overwrite

    refuse_overwrite(path, inputs)
    with Log(path, filter_file.digest()) as log:
        inputs.add(path)
        yield log


def _tell(outcomes: Iterator[Outcome], count: int, log: Log | None, say: Callable[[str], None]) -> None:
    """Say and log what becomes of each picture, as soon as it is known. Raises CorrconvError where some failed."""
    tell = report(quiet=False)
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts[outcome.status] += 1
        if log is not None:
            log.add(outcome)
        for line in outcome.lines:
            say(line)
        if outcome.error is not None and count == 1:
            raise outcome.error
        if outcome.error is not None:
            tell(f"Error: {' '.join(str(outcome.error).split())}")
    if counts["skipped"]:
        say(f"{counts['skipped']:,} of {counts.total():,} pictures skipped: the log says that they are made already")
    if counts["failed"]:
        raise CorrconvError(f"{counts['failed']:,} of {count:,} pictures failed")


def _show(image: str, kernel: Kernel, operation: Operation, choices: FilterChoices) -> None:
    from corrconv.commands.show import filtered_shots
    from corrconv.drawing import console
    from corrconv.files.images import read_image

    console.show(filtered_shots(choices.picture(read_image(image)), kernel, choices, (str(operation),)))


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Progress]:
    """What shows on a terminal how far a single picture has come, if that takes longer than a moment."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield ignore_progress
        return
    begin, one_by_one, furthest = monotonic(), Lock(), 0
    shown: list[Progress] = []

    def progress(done: int, tiles: int) -> None:
        nonlocal furthest
        with one_by_one:
            if not shown and monotonic() - begin > MOMENT:
                from corrconv.drawing.console import counting

                shown.append(stack.enter_context(counting("filtering")))
            # Threads may overtake each other on their way here.
            furthest = max(furthest, done)
            if shown:
                shown[0](furthest, tiles)

    with ExitStack() as stack:
        yield progress


def _with_progress(results: Iterator[Any], count: int, *, quiet: bool) -> Iterator[Any]:
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield from results
        return
    from corrconv.drawing.console import progress

    with progress() as bar:
        yield from bar.track(results, total=count, description="filtering")
