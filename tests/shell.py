"""What the tests of the commands share: running them, in this process or as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from corrconv.commands.exit_status import DEBUG_VARIABLE, INTERNAL_ERROR
from corrconv.commands.group import corrconv

if TYPE_CHECKING:
    from collections.abc import Iterator

# The entry point of the environment that runs the tests.
PROGRAM = str(Path(sys.executable).with_name("corrconv"))

NOISE = np.random.default_rng(11).integers(0, 256, (12, 10, 3), dtype=np.uint8)


def run(*arguments: str | Path, input: bytes | None = None) -> Result:  # noqa: A002
    """A command in this process; a traceback fails the test."""
    result = CliRunner(env={DEBUG_VARIABLE: "1"}).invoke(
        corrconv, [str(argument) for argument in arguments], input=input
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code != INTERNAL_ERROR, result.stderr
    return result


# A job in the background of a shell ignores interrupts, and so would every program that it starts.
LISTENING = (
    "import os, signal, sys\n"
    "for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP: signal.signal(number, signal.SIG_DFL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def start_interruptible(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """A command as a program that an interrupt reaches, however the tests themselves were started."""
    words = [sys.executable, "-c", LISTENING, PROGRAM, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def program(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """A command as a program, run to its end."""
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **options}
    return subprocess.run([PROGRAM, *map(str, arguments)], check=False, **given)


def environment(**changes: str) -> dict[str, str]:
    """The environment with changes."""
    return {**os.environ, **changes}


def trouble(result: Result) -> str:
    """The one line that a command ended with: `Error: ...`, status 2, and nothing on standard output."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    assert "Traceback" not in result.output
    return lines[0].removeprefix("Error: ")


def write_picture(path: str | Path, pixels: Any = NOISE, **options: Any) -> Path:
    """A picture file, or a .npy."""
    path = Path(path)
    if path.suffix == ".npy":
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path, **options)
    return path


def read_pixels(path: str | Path) -> Any:
    """The pixels of a picture file, or the array of a .npy."""
    path = Path(path)
    if path.suffix == ".npy":
        return np.load(path)
    with Image.open(path) as picture:
        return np.asarray(picture)


def format_of(path: str | Path) -> str | None:
    """The format that a picture file really has."""
    with Image.open(path) as picture:
        return picture.format


def place_of(page: Any, part: Any) -> tuple[int, int]:
    """Row and column of the only place where a picture lies on a page, to the pixel."""
    rows, columns = (whole - side + 1 for whole, side in zip(page.shape[:2], part.shape[:2], strict=True))
    fits = np.ones((rows, columns), bool)
    # A few pixels leave few places, which are then compared whole.
    for row, column in np.random.default_rng(1).integers(0, part.shape[:2], (40, 2)):
        fits &= (page[row : row + rows, column : column + columns] == part[row, column]).all(axis=2)
    windows = np.lib.stride_tricks.sliding_window_view(page, part.shape)[:, :, 0]
    found = [(row, column) for row, column in np.argwhere(fits).tolist() if (windows[row, column] == part).all()]
    assert len(found) == 1
    return found[0]


def files() -> list[str]:
    """All files below the working directory."""
    return sorted(str(path.relative_to(Path.cwd())) for path in Path.cwd().rglob("*") if path.is_file())


def leaves(
    group: click.Group = corrconv, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


LEAVES = dict(leaves())
