"""Opening what is to be read: a path, a pipe or standard input, always as a seekable binary file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from corrconv.errors import FileError

STANDARD_STREAM = "-"


def is_file(source: str | Path) -> bool:
    """Whether something that is no folder lies at a path; a text too long for a file name is none."""
    try:
        return Path(source).exists() and not Path(source).is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def open_input(source: str | Path, *, stdin: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """The content of a path, or of standard input for `-`, as a seekable binary file.

    Pipes are read to their end first. Raises FileError for what cannot be opened or read.
    """
    if source == STANDARD_STREAM:
        yield BytesIO(_read_standard_input(stdin))
        return
    try:
        with Path(source).open("rb") as file:
            yield file if file.seekable() else BytesIO(file.read())
    except (OSError, ValueError) as error:
        raise FileError(f"{source}: {_trouble(error)}") from error


def _read_standard_input(stdin: BinaryIO | None) -> bytes:
    stream = stdin if stdin is not None else getattr(sys.stdin, "buffer", None)
    if stream is None or stream.closed:
        raise FileError("standard input is closed; pipe a file into it or name a path instead of -")
    if stream.isatty():
        raise FileError("standard input is a terminal; pipe a file into it or name a path instead of -")
    try:
        content = cast("bytes", stream.read())
    except OSError as error:
        raise FileError(f"standard input: {_trouble(error)}") from error
    if not content:
        raise FileError("standard input is empty; the command before the pipe wrote nothing")
    return content


def _trouble(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file; check the name and the folder"
    if isinstance(error, IsADirectoryError):
        return "is a directory; name a file in it"
    if isinstance(error, PermissionError):
        return "permission to read it is denied; check its owner and rights"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
