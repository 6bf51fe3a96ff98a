"""Every option of every command acts, or is refused with the reason: none is accepted and ignored."""

from __future__ import annotations

import re
import shutil
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pytest
from shell import NOISE, files, run, trouble, write_picture

from corrconv import correlate
from corrconv.commands.group import COMMANDS, corrconv
from corrconv.core.zoo import zoo_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.walk

# A short command line for each command, and further ones in which options show that they act.
LINES: dict[str, list[str]] = {
    "apply": [
        "apply photo.png [1,2;3,4] -o out.png",
        "apply photo.png [1,2;3,4] --boundary constant -o out.png",
        "apply photo.png [1,2;3,4] -o photo.png",
        "apply photo.png [-2,3;-1,2] --magnitude --scale 0.3 -o out.png",
        "apply photo.png [-2,3;-1,2] --direction -o out.png",
    ],
    "compare": [
        "compare photo.png [1,2;3,4]",
        "compare photo.png [1,2;3,4] --boundary constant",
        "compare photo.png [1,2;3,4] -o out",
        "compare panel.png [1,2;3,4] -o .",
    ],
    "explain": [
        "explain photo.png [1,2;3,4] --at 0,3",
        "explain photo.png [1,2;3,4] --at 0,3 --boundary constant",
        "explain photo.png [1,2;3,4] --at 0,3 --stride 2 -o photo.png",
        "explain photo.png [1,2;3,4]",
        "explain photo.png [1,2;3,4] --all",
    ],
    "match": ["match photo.png part.png --min-score 0.2", "match photo.png part.png -o photo.png"],
    "laws": [
        "laws photo.png emboss box:size=2",
        "laws photo.png emboss box --output-size same --boundary constant",
        "laws photo.png emboss box -o photo.png",
    ],
    "page": [
        "page photo.png [1,2;3,4] -o page.html",
        "page photo.png [1,2;3,4] -o page.html --boundary constant",
        "page photo.png [1,2;3,4] -o photo.png",
    ],
    "animate": [
        "animate photo.png [1,2;3,4] -o film.gif --side 3",
        "animate photo.png [1,2;3,4] -o film.gif --boundary constant --crop 0,0,4,4",
        "animate photo.png [1,2;3,4] -o sheet.png --crop 0,0,4,3 --still",
        "animate photo.png [1,2;3,4] -o photo.png --crop 0,0,4,3",
    ],
    "demo": ["demo"],
    "train": ["train --steps 2 --pictures 20"],
    "kernel list": ["kernel list"],
    "kernel show": ["kernel show emboss"],
    "kernel convert": ["kernel convert k.csv --to imagemagick", "kernel convert k.csv --to csv -o k.csv"],
    "kernel combine": ["kernel combine k.csv emboss", "kernel combine k.csv emboss -o k.csv"],
    "kernel split": ["kernel split log"],
    "port": [
        "port emboss --from cv2.filter2D --to scipy.ndimage.convolve",
        "port gaussian:sigma=2 --from cv2.GaussianBlur --to scipy.ndimage.convolve",
    ],
    "conventions": ["conventions"],
    "layer": [
        "layer photo.png [1,2;3,4] [5,6;7,8] [1,1;1,2]",
        "layer photo.png [1,2;3,4] [5,6;7,8] [1,1;1,2] --at 0,3",
        "layer [1,2,3;4,5,6;7,8,9] [1,2;3,4] --transposed --stride 3",
        "layer [1,2,3;4,5,6;7,8,9] [1,2;3,4] --backward",
        "layer 3x3 2x2 --matrix",
        "layer photo.png [1,2;3,4] -o photo.png",
    ],
    "spectrum": [
        "spectrum emboss",
        "spectrum emboss photo.png",
        "spectrum emboss photo.png --inverse",
        "spectrum emboss photo.png -o photo.png",
    ],
    "weights": ["weights net.npy", "weights net.npy -o net.npy"],
    "learn": [
        "learn photo.png other.png --size 2",
        "learn photo.png other.png --size 2 --steps 2",
        "learn photo.png emboss --correlate",
        "learn photo.png other.png --size 2 -o photo.png",
    ],
    "questions": ["questions flip", "questions history", "questions"],
    "diagnose": [
        "diagnose part.png [1,2;3,4] filtered.npy",
        "diagnose part.png [1,2;3,4] filtered.npy --expect convolution --boundary constant",
        "diagnose part.png [1,2;3,4] filtered.npy --expect correlation",
        "diagnose noise.png blurred.png --function gaussian",
        "diagnose noise.png blurred.png",  # which lacks a kernel
    ],
    "probe": [
        "probe numpy.correlate",
        "probe --command env␣K={kernel}␣cp␣{image}␣{output}",  # ␣: a blank within a word
        "probe --timeout 20",  # which lacks a target
    ],
    "bench": [
        "bench --sizes 9x8 --kernels 3 --repeats 1 --peers none",
        "bench --sizes 9x8 --kernels kernel.png --repeats 1 --peers none -o kernel.png",
        "bench --sizes 9x8 --kernels 3 --repeats 1 --planner --json",
    ],
}
# --show draws on a terminal only, and so does compare's --at.
UNSEEN = {
    # Of lists of pictures and of outputs that are there already, and tested with these.
    *("--files-from", "--null", "--parents", "--no-clobber", "--skip-existing"),
    *("--scheduler", "--scheduler-file"),  # which need a cluster, and are tested with one
    "--max-pixels",  # which refuses or admits, and is tested with large pictures
    "--show",
    "compare --at",
    "page --open",  # which starts a browser
    "--threads",
    "--engine",
    "--precision",
    "--quiet",
    "--exit-code",
    "--help",
    "probe --markdown",  # of all functions, which takes long and is tested with fakes
    "probe --args",  # of a callable
    "probe --timeout",  # of what takes so long
    "probe --image-format",  # of what takes no other
    "bench --repeats",  # of which the clock, which never hesitates here, tells nothing
}

# Options for what happens now and then: an output that is an input, many matches.
AT_TIMES = {
    "--magnitude",
    "--direction",
    "--transposed",
    "--backward",
    "--matrix",
    "--inverse",
    "--still",
    "--all",
    "--force",
    "--count",
    "--min-score",
    "--alpha",
    "--gray",
    "--keep-clipped",
    "--function",
    "--dtype",
    "--planner",
}

# What is tried of an option, beside what its type suggests.
VALUES: dict[str, list[str]] = {
    "--boundary": ["wrap"],
    "--output-size": ["full", "same"],
    "--fill": ["9"],
    "--anchor": ["0,0"],
    "--scale": ["3"],
    "--bias": ["7"],
    "--like": ["scipy.ndimage.convolve", "cv2.filter2D --like scipy.ndimage.convolve"],
    "--at": ["2,2"],
    "--crop": ["0,0,2,3"],
    "--min-score": ["0.9"],
    "--map": ["scores.npy"],
    "--count": ["1"],
    "--output": ["written.png", "written", "written.csv"],
    "--format": ["tiff"],
    "--from": ["matlab.conv2"],
    "--to": ["csv", "matlab.conv2"],
    "--png-level": ["0"],
    "--terms": ["1"],
    "--then": ["max:2"],
    "--gradients": ["g.npz"],
    "--upstream": ["up.npy"],
    "--size": ["1,2"],
    "--save": ["written.csv"],
    "--sizes": ["7x6"],
    "--kernels": ["5"],
    "--peers": ["scipy.ndimage.correlate"],
    "--set": ["mode=full"],
    "--image-format": ["pgm"],
    "--command": ["env␣K={kernel:json}␣cp␣{image}␣{output}"],
}


# A page says which line made it, so that every option would seem to act.
MADE_BY = re.compile(rb"<code>corrconv page [^<]*</code>")


def leaves(group: click.Group = corrconv, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command, by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


LEAVES = dict(leaves())
OPTIONS = [
    (name, option)
    for name, command in LEAVES.items()
    if name in LINES
    for option in command.params
    if isinstance(option, click.Option)
]


def tried(option: click.Option) -> list[list[str]]:
    """Words that give an option a value other than its default."""
    name = max(option.opts, key=len)
    if option.is_flag:
        return [[word] for word in (name, *option.secondary_opts)]
    if name in VALUES:
        return [[name, *value.split()] for value in VALUES[name]]
    match option.type:
        case click.Choice(choices=choices):
            return [[name, str(choice)] for choice in choices]
        case click.IntRange(min=least):
            return [[name, str((least or 0) + 2)]]
    return [[name, "2"]]


@pytest.fixture(autouse=True)
def _even_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times differ from run to run, so that all of bench would seem to act."""
    ticks = count()
    monkeypatch.setattr("corrconv.commands.bench.study.perf_counter", lambda: next(ticks) / 1000)


def outcome(line: list[str]) -> tuple[int, Any]:
    """The status, and everything that a command line leaves behind."""
    for left in Path.cwd().iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    picture = np.dstack([NOISE, NOISE[:, :, 1]])
    write_picture("photo.png", picture)
    write_picture("panel.png", picture)
    write_picture("other.png", picture[::-1])
    write_picture("part.png", NOISE[2:6, 3:7])
    Path("k.csv").write_text("1,2,3\n4,5,6\n")
    np.save("net.npy", NOISE[:9, :8].reshape(4, 3, 6, 3)[:, :, :3] - 128.0)
    np.save("up.npy", np.arange(4).reshape(1, 1, 2, 2))
    np.save("filtered.npy", correlate(NOISE[2:6, 3:7], [[1, 2], [3, 4]], channel_axis=-1))
    write_picture("noise.png", NOISE)
    write_picture("kernel.png", NOISE[:3, :3, 0])
    blurred = correlate(NOISE, zoo_kernel("gaussian:sigma=1,size=7"), channel_axis=-1)
    write_picture("blurred.png", np.rint(blurred).astype(np.uint8))
    result = run(*(word.replace("␣", " ") for word in line))
    if result.exit_code == 2:
        assert result.stderr.splitlines()[-1].startswith("Error: ")
    found = {name: MADE_BY.sub(b"", Path(name).read_bytes()) for name in files()}
    return result.exit_code, (result.stdout, result.stderr, found)


@cache
def plain_outcome(line: str) -> tuple[int, Any]:
    """That of a line to which nothing was added."""
    return outcome(line.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all lines, so that those to which something was added differ from the plain ones by that alone."""
    return tmp_path_factory.mktemp("walked")


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda each: each if isinstance(each, str) else each.name)
def test_every_option_acts_somewhere_and_is_ignored_nowhere(
    name: str, option: click.Option, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    spelled = max(option.opts, key=len)
    if {spelled, f"{name} {spelled}"} & UNSEEN:
        return
    acted = []
    for line in LINES[name]:
        _, plain = plain_outcome(line)
        changed = [outcome([*line.split(), *added]) for added in tried(option)]
        acted.append(any(status == 0 and left != plain for status, left in changed))
        refused = {status for status, _ in changed} == {2}
        at_times = max(option.opts, key=len) in AT_TIMES
        assert acted[-1] or refused or at_times, f"{line} {option.opts[0]} is accepted and ignored"
    assert any(acted), f"{option.opts[0]} acts nowhere"


def test_every_command_is_walked() -> None:
    assert set(LEAVES) == set(LINES)
    assert {name.split()[0] for name in LEAVES} == set(COMMANDS)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("compare photo.png box --bias 3", "--bias has no effect without -o"),
        ("compare photo.png box --display signed", "--display has no effect without -o"),
        ("compare photo.png box --force", "--force has no effect without -o"),
        ("compare photo.png box --like cv2.filter2D --like cv2.filter2D --threads 2", "no effect beside --like"),
        ("compare photo.png box --like cv2.filter2D --like cv2.filter2D --force", "no effect without -o"),
        ("apply photo.png box -v --like cv2.filter2D", "-v has no effect beside --like"),
        ("apply photo.png sobel --magnitude --like cv2.filter2D", "--like has no effect beside --magnitude"),
        ("apply photo.png sobel --magnitude --show", "--show"),
        ("apply photo.png sobel --magnitude --direction", "--magnitude has no effect beside --direction"),
        ("apply photo.png sobel --direction --display signed", "--display has no effect beside --direction"),
        ("apply photo.png sobel --direction --bias 3", "--bias has no effect beside --direction"),
        ("apply photo.png sobel --magnitude --display absolute", "--display absolute has no effect beside"),
        ("apply photo.png box --threads 2 --like cv2.filter2D", "--threads has no effect"),
        ("explain photo.png box --at 1,1 --force", "--force has no effect without -o"),
        ("explain photo.png box --at 1,1 --threads 2 --like cv2.filter2D", "--threads has no effect beside --like"),
        ("laws photo.png box box --force", "--force has no effect without -o"),
        ("laws photo.png box box --anchor 0,0", "--anchor has no effect with output size full"),
        ("compare photo.png box --boundary all -o out --bias 3", "--bias has no effect beside --boundary all"),
        ("match photo.png photo.png --raw", "--raw has no effect on the offset of two whole pictures"),
        (
            "match photo.png photo.png --crop 0,0,3,3 --offset --raw",
            "--raw has no effect on the offset of two whole pictures",
        ),
        ("match photo.png photo.png --force", "--force has no effect without -o or --map"),
        ("learn photo.png photo.png --size 3 --force", "--force has no effect without -o or --save"),
        ("bench --force", "--force has no effect without -o"),
        ("bench --planner --peers none", "leave out --peers"),
        ("diagnose photo.png box photo.png --boundary wrap", "--boundary is judged with --expect only"),
        ("diagnose photo.png photo.png --function gaussian --tolerance 2", "--tolerance has no effect with --function"),
        ("kernel convert box --to csv --force", "--force has no effect without -o"),
        ("probe cv2.filter2D --image-format pgm", "--image-format has no effect without --command"),
        ("animate photo.png box -o s.png --still --loop 2", "--loop has no effect beside --still"),
        ("animate photo.png box -o s.png --still --speed 2", "--speed has no effect beside --still"),
        ("probe --timeout 3", "--timeout has no effect without TARGET or --command"),
        ("probe -v", "-v has no effect without TARGET or --command"),
        *(
            (f"{command} {words}", reason)
            for command in ("apply photo.png box", "compare photo.png box", "explain photo.png box --at 1,1")
            for words, reason in (
                ("--fill 3", "--fill is the pixel value outside for --boundary constant"),
                ("--boundary wrap --output-size valid", "--boundary has no effect with --output-size valid"),
                ("--anchor 0,0 --output-size valid", "--anchor has no effect with output size valid"),
                ("--anchor 0,0 --output-size full", "--anchor has no effect with output size full"),
            )
        ),
    ],
)
def test_what_would_be_ignored_is_refused_with_the_reason(line: str, reason: str) -> None:
    write_picture("photo.png")
    assert reason in trouble(run(*line.split()))
    assert files() == ["photo.png"]
