"""Writing: whole or not at all, never over an input unless told to, never binary to a terminal."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import stat
import sys
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from corrconv.errors import FileError
from corrconv.files.inputs import STANDARD_STREAM
from corrconv.files.samples import PREFIX, sample_path

with suppress(ImportError):  # Windows has no such locks
    import fcntl
from collections.abc import Callable, Iterable, Iterator

# Where the system shows open files by their numbers: Linux, and others.
_DESCRIPTORS = re.compile(r"/proc/(self|thread-self|\d+)(/task/\d+)?/fd|/dev/fd")


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
    says. Devices, pipes and open descriptors (/dev/stdout) are written directly, since nothing can
    take their place. Within `written_together` it takes its place when that block ends well.
    Raises FileError where the target cannot be written.
    """
    try:
        status = _status(target)
    except (OSError, ValueError) as error:
        raise FileError(f"{target}: {_trouble(error)}") from error
    try:
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        opened = _replacing(Path(target), status) if _is_replaceable(target, status) else _direct(Path(target))
        with opened as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"{target}: {_trouble(error)}") from error


# Finished temporary files, the places that they are to take, and what releases them, while several belong together.
_waiting: ContextVar[list[tuple[Path, Path, Callable[[], None]]] | None] = ContextVar("waiting", default=None)


@contextmanager
def written_together(*well: type[BaseException]) -> Iterator[None]:
    """All files that are written in this block, or none: they take their places when it ends well.

    well: exceptions that are no failure, such as the one by which a command ends with a status.
    """
    waiting: list[tuple[Path, Path, Callable[[], None]]] = []
    token = _waiting.set(waiting)
    try:
        yield
    except well:
        _take_places(waiting)
        raise
    except BaseException:
        for temporary, _, release in waiting:
            temporary.unlink(missing_ok=True)
            release()
        raise
    else:
        _take_places(waiting)
    finally:
        _waiting.reset(token)


def _take_places(waiting: list[tuple[Path, Path, Callable[[], None]]]) -> None:
    for temporary, final, release in waiting:
        temporary.replace(final)
        release()


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


class InputFiles:
    """The files behind the inputs of a command, looked up once, however many outputs there are."""

    def __init__(self, inputs: Iterable[str | Path | None]) -> None:
        found = (_identity(source, standard_descriptor=0) for source in inputs if source is not None)
        self._identities = {identity for identity in found if identity is not None}

    def add(self, source: str | Path) -> None:
        """Count one more file among them."""
        if (identity := _identity(source)) is not None:
            self._identities.add(identity)

    def hold(self, target: str | Path) -> bool:
        """Whether a target is one of them, by any name or link, or through a redirected stream."""
        return _identity(target, standard_descriptor=1) in self._identities


def refuse_overwrite(
    target: str | Path, inputs: InputFiles | Iterable[str | Path | None], *, force: bool = False
) -> None:
    """Raise FileError if the target is one of the inputs, by any name or link, unless forced.

    Standard streams count as the files that they were redirected to. Inputs that are no files (zoo
    names, None) are passed over.
    """
    if force:
        return
    files = inputs if isinstance(inputs, InputFiles) else InputFiles(inputs)
    if files.hold(target):
        raise FileError(f"{target} is an input and would be overwritten; choose another output with -o, or add --force")


def check_targets(*targets: str | Path | None) -> None:
    """Raise FileError, before anything is written, for two outputs in one file and for folders that are missing.

    None and `-` are passed over.
    """
    places: list[tuple[int, int] | Path] = []
    for target in targets:
        if target is None or str(target) == STANDARD_STREAM:
            continue
        path = Path(os.path.realpath(target))
        place = _identity(path) or path  # two hard links are one file too
        if place in places and _is_replaceable(path, _status(path)):
            raise FileError(f"{target}: two outputs cannot go to one file; name another for one of them")
        if not is_folder(path.parent):
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
    return (status is None or stat.S_ISREG(status.st_mode)) and not _is_descriptor(Path(target).absolute())


def _is_descriptor(path: Path) -> bool:
    """Whether a path is an open file by its number: replacing the file behind /dev/stdout would lose it."""
    for _ in range(10):  # links to links
        if _DESCRIPTORS.fullmatch(os.path.realpath(path.parent)):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


@contextmanager
def _direct(target: Path) -> Iterator[BinaryIO]:
    with target.open("wb") as file:
        yield file


@contextmanager
def _replacing(target: Path, status: os.stat_result | None) -> Iterator[BinaryIO]:
    final = target.resolve()
    if status is not None and not os.access(final, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    _clear_stale(final.parent)
    temporary, descriptor, release = _create(final)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        if status is not None:
            temporary.chmod(stat.S_IMODE(status.st_mode))
        waiting = _waiting.get()
        if waiting is None:
            temporary.replace(final)
            release()
        else:
            waiting.append((temporary, final, release))
    except BaseException:
        temporary.unlink(missing_ok=True)
        release()
        raise


@contextmanager
def temporary_folder(final: Path) -> Iterator[Path]:
    """An empty folder beside a target, to take its place; what is left of it is removed at the end."""
    _clear_stale(final.parent)
    folder = _temporary_name(final)
    folder.mkdir()
    locked = os.open(folder, os.O_RDONLY) if os.name == "posix" else None
    try:
        if locked is not None:
            with suppress(OSError):  # a disk without locks: then nobody clears it either
                fcntl.flock(locked, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if locked is not None:
            os.close(locked)


def _temporary_name(final: Path) -> Path:
    return final.with_name(f".corrconv-{_host()}-{os.getpid()}-{os.urandom(8).hex()}.tmp")


def _create(final: Path) -> tuple[Path, int, Callable[[], None]]:
    """A new file beside the final one, its descriptor, and what releases it: until then nobody takes it for stale."""
    while True:
        temporary = _temporary_name(final)
        # 0o666 less the umask, as any new file; tempfile's 0o600 would hide pictures from others.
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if os.name != "posix":
            return temporary, descriptor, lambda: None
        with suppress(OSError):  # a disk without locks: then nobody clears it either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Before it was locked, it looked like one that was left behind.
        if temporary.exists():
            held = os.dup(descriptor)
            return temporary, descriptor, partial(os.close, held)
        os.close(descriptor)


def _host() -> str:
    """This machine in a file name: in a shared folder, others have processes of the same numbers."""
    return sha256(platform.node().encode()).hexdigest()[:8]


@cache
def _clear_stale(folder: Path) -> None:
    """Remove, once for each folder, what programs of ours left there that were killed on this machine.

    The system releases their locks when a program ends, however it ends.
    """
    if os.name != "posix":
        return
    with suppress(OSError):
        for path in folder.glob(f".corrconv-{_host()}-*-*.tmp"):
            if path.is_dir():
                _clear_stale_folder(path)
                continue
            with suppress(OSError), path.open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def _clear_stale_folder(folder: Path) -> None:
    locked = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # somebody fills it
        return
    finally:
        os.close(locked)


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


def _identity(path: str | Path, standard_descriptor: int | None = None) -> tuple[int, int] | None:
    """What tells a regular file from all others, whatever its names; None for what is no such file."""
    text = str(path)
    try:
        if text == STANDARD_STREAM and standard_descriptor is not None:
            status = os.fstat(standard_descriptor)
        else:
            status = (sample_path(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else Path(path)).stat()
    except (OSError, ValueError, FileError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


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
