"""Writing: whole or not at all, never over an input unless told to, never binary to a terminal."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from corrconv.errors import FileError
from corrconv.files.inputs import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@contextmanager
def open_output(target: str | Path, *, stdout: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """A binary file to write to: standard output for `-`, otherwise `atomic_write` of the path."""
    opened = _standard_output(stdout) if str(target) == STANDARD_STREAM else atomic_write(target)
    with opened as file:
        yield file


@contextmanager
def atomic_write(target: str | Path) -> Iterator[BinaryIO]:
    """A binary file that takes the target's place when the block ends well; otherwise the old file stays.

    A symbolic link is followed and kept; the rights are those of the old file, or what the umask
    says. Devices, pipes and whatever lies under /dev are written directly, since nothing can take
    their place. Raises FileError where the target cannot be written.
    """
    try:
        status = _status(target)
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        opened = _replacing(Path(target), status) if _is_replaceable(target, status) else _direct(Path(target))
        with opened as file:
            yield file
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"{target}: {_trouble(error)}") from error


def write_text(target: str | Path, text: str) -> None:
    """Write a text file, UTF-8, atomically. Raises FileError where the target cannot be written."""
    with atomic_write(target) as file:
        file.write(text.encode())


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless it is there. Raises FileError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: the folder cannot be made: {error.strerror}; choose another place") from error


def refuse_overwrite(target: str | Path, inputs: Iterable[str | Path | None], *, force: bool = False) -> None:
    """Raise FileError if the target is one of the inputs, by any name or link, unless forced.

    Inputs that are no files (`-`, zoo names, None) are passed over.
    """
    if force or not _is(Path.is_file, target):
        return
    for source in inputs:
        if source is not None and _is_same_file(target, source):
            raise FileError(
                f"{target} is an input and would be overwritten; choose another output with -o, or add --force"
            )


def check_targets(*targets: str | Path | None) -> None:
    """Raise FileError, before anything is written, for two outputs in one file and for folders that are missing.

    None and `-` are passed over.
    """
    places: list[Path] = []
    for target in targets:
        if target is None or str(target) == STANDARD_STREAM:
            continue
        place = Path(os.path.realpath(target))
        if place in places and _is_replaceable(place, None):
            raise FileError(f"{target}: two outputs cannot go to one file; name another for one of them")
        if not is_folder(place.parent):
            raise FileError(f"{target}: its folder does not exist; create it first")
        places.append(place)


def is_folder(path: str | Path) -> bool:
    """Whether a path is a folder that can be looked at; a name too long for a file, or hidden from us, is none."""
    return _is(Path.is_dir, path)


def _is(kind: Callable[[Path], bool], path: str | Path) -> bool:
    try:
        return kind(Path(path))
    except (OSError, ValueError):
        return False


def _status(target: str | Path) -> os.stat_result | None:
    try:
        return Path(target).stat()
    except FileNotFoundError:
        return None


def _is_replaceable(target: str | Path, status: os.stat_result | None) -> bool:
    # /dev/stdout may lead to a regular file that the shell holds open: replacing it would lose it.
    under_dev = Path(target).absolute().parts[1:2] == ("dev",)
    return not under_dev and (status is None or stat.S_ISREG(status.st_mode))


@contextmanager
def _direct(target: Path) -> Iterator[BinaryIO]:
    with target.open("wb") as file:
        yield file


@contextmanager
def _replacing(target: Path, status: os.stat_result | None) -> Iterator[BinaryIO]:
    final = target.resolve()
    if status is not None and not os.access(final, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = final.with_name(f".corrconv-{secrets.token_hex(8)}.tmp")
    # 0o666 less the umask, as any new file; tempfile's 0o600 would hide pictures from others.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        if status is not None:
            temporary.chmod(stat.S_IMODE(status.st_mode))
        temporary.replace(final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _standard_output(stdout: BinaryIO | None) -> Iterator[BinaryIO]:
    stream = stdout if stdout is not None else getattr(sys.stdout, "buffer", None)
    if stream is None or stream.closed:
        raise FileError("standard output is closed; name a file with -o")
    if stream.isatty():
        raise FileError("standard output is a terminal; pipe it on, redirect it, or name a file with -o")
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"standard output: {_trouble(error)}") from error


def _is_same_file(target: str | Path, source: str | Path) -> bool:
    try:
        return Path(target).samefile(source)
    except (OSError, ValueError):
        return False


def _trouble(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "its folder does not exist; create it first"
    if isinstance(error, IsADirectoryError):
        return "is a directory; name a file in it"
    if isinstance(error, PermissionError):
        return "permission to write it is denied; choose another place or check the rights"
    if getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
        return "no space is left on the disk; free some or choose another place"
    return f"cannot be written: {getattr(error, 'strerror', None) or error}"
