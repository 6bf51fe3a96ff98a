"""corrconv bench: engines and installed peers, side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.answer import answer, save_drawing
from corrconv.commands.options import force_option, json_option, quiet_option, without_effect
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corrconv.commands.bench.study import Work
    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options

PIXEL_TYPES = ("float32", "float64", "uint8")

# What --planner times unless other works are given: 3 pixel types times 4 sizes times 17 kernels.
PLANNER_SIZES = "64x64,256x256,600x900,1024x1024"
PLANNER_KERNELS = "2 3 4 5 7 9 11 13 15 21 31 sobel laplacian sharpen gaussian:size=5 gaussian:size=15 gaussian:size=31"


@click.command()
@click.option("--sizes", default="1024x1024", help="Picture sizes, ROWSxCOLUMNS, with commas between.")
@click.option(
    "--kernels",
    default="3 7 15 31 gaussian:size=31",
    help="Kernels, with spaces between: a number is the side of a dense random one.",
)
@click.option("--dtype", type=click.Choice(PIXEL_TYPES), default="float32", help="Pixel type.")
@click.option("--peers", default="all", help="Libraries to compare with: all, none, or names such as cv2,torch.")
@click.option("--engines", is_flag=True, help="Time every engine, not only the planner's choice.")
@click.option("--planner", is_flag=True, help="See whether the planner's engine is the quickest, on some 200 works.")
@click.option("--repeats", type=click.IntRange(1, 1000), default=5, help="Runs of each, of which the median counts.")
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads for everyone. [all cores]")
@click.option("-o", "--output", metavar="FILE", help="Draw time over the kernels, one line a contestant.")
@force_option
@json_option
@quiet_option
@without_effect("force", unless=("output",))
def command(
    sizes: str,
    kernels: str,
    dtype: str,
    peers: str,
    engines: bool,
    planner: bool,
    repeats: int,
    threads: int | None,
    output: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Time corrconv beside the libraries that are installed here.

    All compute the same correlation, which is checked first; a library whose numbers are others is
    marked, not timed. Runs take turns, medians count, and "extra MB" is our memory beside input and
    output at its highest.

    --json holds machine, works[].{name, engine, peak_bytes, timings[].{contestant, seconds, ratio}}.

    \b
    corrconv bench
    corrconv bench --sizes 3000x4000 --kernels "3 gaussian:size=31" --dtype uint8
    corrconv bench --kernels "3 5 7 9 11 15 31" -o times.png
    corrconv bench --peers none --engines
    corrconv bench --planner
    """
    from corrconv.commands.bench.picture import draw_times
    from corrconv.commands.bench.study import benchmark
    from corrconv.commands.bench.view import benchmark_document, benchmark_view, machine
    from corrconv.core.options import Options
    from corrconv.core.threads import available_cores
    from corrconv.drawing.console import progress
    from corrconv.files.outputs import check_targets, refuse_overwrite
    from corrconv.libraries.registry import contestant_versions, contestants

    count, options = threads or available_cores(), Options(threads=threads)
    facts = machine(contestant_versions(), count)
    if planner:
        _judge_planner(options, facts, repeats=repeats, as_json=as_json, quiet=quiet)
        return
    if output is not None:
        if "," in sizes:
            raise CorrconvError("-o draws the times of one picture size; give --sizes only one")
        check_targets(output)
        refuse_overwrite(output, kernels.split(), force=force)
    works = _works(sizes, kernels, [dtype])
    timed = benchmark(works, _chosen(peers, contestants(count)), options, engines=engines, repeats=repeats)
    with progress(quiet=quiet) as bar:
        results = list(bar.track(timed, total=len(works), description="timing"))
    save_drawing(output, lambda: draw_times(results), force=force, quiet=quiet)
    answer(lambda: benchmark_document(results, facts), lambda: benchmark_view(results, facts), as_json=as_json)


def _judge_planner(options: Options, facts: dict[str, Any], *, repeats: int, as_json: bool, quiet: bool) -> None:
    from corrconv.commands.bench.planner_study import engine_choices
    from corrconv.commands.bench.planner_view import planner_document, planner_view
    from corrconv.drawing.console import progress

    context = click.get_current_context()
    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    }
    ignored = [f"--{name}" for name in ("peers", "engines", "output", "force") if name in given]
    if ignored:
        raise CorrconvError(f"--planner times our own engines and draws nothing; leave out {', '.join(ignored)}")
    dtypes = [given["dtype"]] if "dtype" in given else list(PIXEL_TYPES)
    works = _works(given.get("sizes", PLANNER_SIZES), given.get("kernels", PLANNER_KERNELS), dtypes)
    with progress(quiet=quiet) as bar:
        timed = engine_choices(works, options, repeats=repeats)
        choices = list(bar.track(timed, total=len(works), description="timing"))
    answer(lambda: planner_document(choices, facts), lambda: planner_view(choices, facts), as_json=as_json)


def _works(sizes: str, kernels: str, dtypes: Sequence[str]) -> list[Work]:
    import numpy as np

    from corrconv.commands.bench.study import make_work

    chosen = _parse_kernels(kernels)
    return [
        make_work(*size, kernel, np.dtype(dtype))
        for dtype in dtypes
        for size in _parse_sizes(sizes)
        for kernel in chosen
    ]


def _parse_sizes(text: str) -> list[tuple[int, int]]:
    sizes = []
    for word in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,5})x([0-9]{1,5})\s*", word)
        if match is None or 0 in map(int, match.groups()):
            raise CorrconvError(f"--sizes: {word!r} is not ROWSxCOLUMNS, such as 768x1024")
        sizes.append((int(match[1]), int(match[2])))
    return sizes


def _parse_kernels(text: str) -> list[Kernel]:
    from corrconv.files.kernels import read_kernel

    kernels = [_dense(word) if word.isdecimal() else read_kernel(word) for word in text.split()]
    if not kernels:
        raise CorrconvError("--kernels is empty; name at least one, such as 3")
    return kernels


def _dense(word: str) -> Kernel:
    from corrconv.commands.bench.study import dense_kernel
    from corrconv.core.notation.numbers import quoted

    if not re.fullmatch(r"[1-9][0-9]{0,3}", word):
        raise CorrconvError(f"--kernels: {quoted(word)} is no side of a kernel; use one from 1 to 9999")
    return dense_kernel(int(word))


def _chosen(peers: str, installed: dict[str, Any]) -> dict[str, Any]:
    from corrconv.libraries.registry import contestant_names

    if peers in {"all", "none"}:
        return installed if peers == "all" else {}
    chosen: dict[str, Any] = {}
    for word in (word.strip() for word in peers.split(",")):
        names = [name for name in contestant_names() if name == word or name.startswith(f"{word}.")]
        if not names:
            raise CorrconvError(f"--peers: {word!r} is not known; there are {', '.join(contestant_names())}")
        missing = [name for name in names if name not in installed]
        if missing:
            raise CorrconvError(f"--peers: {missing[0]} is not installed here; install it, or leave it out")
        chosen |= {name: installed[name] for name in names}
    return chosen
