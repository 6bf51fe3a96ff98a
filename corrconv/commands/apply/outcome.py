"""What became of each picture, and the log that keeps it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.errors import FileError
from corrconv.files.inputs import STANDARD_STREAM
from corrconv.files.samples import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    # Says of a source and a target why they are to be left alone, if they are.
    Leaving = Callable[[str, str], "Outcome | None"]

# What every line of a log begins with.
_START = b'{"version": '

# Size and time of the last change: what tells a file from its later self.
FileState = tuple[int, int]


class Status(StrEnum):
    """What became of one picture."""

    WRITTEN = "written"
    FAILED = "failed"
    KEPT = "kept"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """What became of one picture, what is to be said of it, and why it failed, if it did.

    source_state: that of the file before it was read.
    """

    source: str
    target: str
    status: Status
    lines: tuple[str, ...] = ()
    error: Exception | None = None
    source_state: FileState | None = None


def file_state(path: str) -> FileState | None:
    """The state of a file; None for what is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def keep_existing(source: str, target: str) -> Outcome | None:
    """Leave a target alone that is there already."""
    if not os.path.lexists(target):
        return None
    return Outcome(source, target, Status.KEPT, (f"{source}: {target} is there already, and is left as it is",))


class Log:
    """One JSON line for each picture, added to the end of a file as soon as it is known.

    digest: of everything but the picture that decides about a result. Raises FileError for a file that
    cannot be written, or that is no such log.
    """

    def __init__(self, path: str, digest: str) -> None:
        self._path, self._digest = path, digest
        try:
            # Unbuffered: each line arrives whole, also where several programs write to one log.
            self._file = Path(path).open("ab+", buffering=0)  # noqa: SIM115  (closed on exit)
        except OSError as error:
            raise FileError(f"{path}: the log cannot be written: {error.strerror}; name another file") from error
        try:
            self._written = self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Write what became of a picture. Raises FileError where that is impossible."""
        is_written = outcome.status is Status.WRITTEN
        entry = {
            "version": DOCUMENT_VERSION,
            "source": _absolute(outcome.source),
            "target": _absolute(outcome.target),
            "status": outcome.status,
            "error": None if outcome.error is None else str(outcome.error),
            "digest": self._digest,
            "source_state": outcome.source_state,
            "target_state": file_state(outcome.target) if is_written else None,
        }
        try:
            self._file.write(json.dumps(entry).encode() + b"\n")
        except OSError as error:
            raise FileError(f"{self._path}: the log cannot be written: {error.strerror}") from error

    def skip_made(self, source: str, target: str) -> Outcome | None:
        """Leave a target alone that was made of this source in the same way; neither has changed since."""
        states = file_state(source), file_state(target)
        if None in states or self._written.get(_absolute(target)) != (_absolute(source), self._digest, *states):
            return None
        return Outcome(source, target, Status.SKIPPED)

    def _read(self) -> dict[str, tuple[Any, ...]]:
        """What was written last to each target: from which source, how, and the states of both."""
        self._file.seek(0)
        *lines, rest = self._file.readall().split(b"\n")
        if rest:
            # A killed program left half a line; what it would have told was perhaps not done.
            if not rest.startswith(_START):
                raise self._foreign(len(lines) + 1)
            self._file.write(b"\n")
        entries = [self._entry(line, number) for number, line in enumerate(lines, start=1) if line]
        return {
            entry["target"]: (entry["source"], entry["digest"], *_states(entry))
            for entry in entries
            if entry.get("status") == Status.WRITTEN
        }

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        if not line.startswith(_START):
            raise self._foreign(number)
        try:
            entry: dict[str, Any] = json.loads(line)
        except ValueError:
            return {}  # half a line again, ended by the run that came after it
        return entry

    def _foreign(self, number: int) -> FileError:
        return FileError(f"{self._path}, line {number}: this is no log of corrconv apply; name another file")


def _states(entry: dict[str, Any]) -> tuple[FileState | None, ...]:
    """The states of source and target, in which JSON makes lists of pairs."""
    return tuple(None if state is None else tuple(state) for state in (entry["source_state"], entry["target_state"]))


def _absolute(path: str) -> str:
    return path if path == STANDARD_STREAM or path.startswith(PREFIX) else str(Path(path).absolute())
