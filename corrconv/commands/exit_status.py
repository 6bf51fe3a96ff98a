"""How the program ends: with which status, and with which one line on standard error."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from contextlib import contextmanager, suppress
from io import BufferedWriter, RawIOBase, TextIOBase, TextIOWrapper
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

import click

from corrconv.commands.help import hint_at_option
from corrconv.core.names import one_line
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

TROUBLE = 2
INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h: a 1 would read as "they differ"
INTERRUPTED = 128 + signal.SIGINT
CLOSED_PIPE = 128 + 13  # SIGPIPE, what the shell reports for programs that a closed pipe ends

# With this variable set, an internal error shows where it came from.
DEBUG_VARIABLE = "CORRCONV_DEBUG"

CLOSED_OUTPUT = "standard output is closed; redirect it to a file or to /dev/null"


class Ended(KeyboardInterrupt):
    """A signal asks the program to end; whatever cleans up after Ctrl-C does so after this too."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


class ClosedOutput(TextIOBase):
    """Stands where the shell's `>&-` left no standard output: what would be lost in silence is an error."""

    def write(self, _text: str, /) -> int:
        """Raise CorrconvError."""
        raise CorrconvError(CLOSED_OUTPUT)


class _ClosedPipe(Exception):  # noqa: N818  (the reader has seen enough: no error)
    """Whoever reads standard output has stopped; raised past click, which would make it status 1."""


@contextmanager
def own_closed_pipe() -> Iterator[None]:
    """Make a closed pipe an exception of our own, which no library answers with a status of its own."""
    try:
        yield
    except BrokenPipeError as error:
        raise _ClosedPipe from error
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # rich's answer, status 1 too
            raise _ClosedPipe from error
        raise


def own_standard_output() -> None:
    """Let standard output take all that is written to it, or be an error."""
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
        return
    usual, binary = sys.stdout, getattr(sys.stdout, "buffer", None)
    if isinstance(binary, RawIOBase):  # PYTHONUNBUFFERED: what a disk does not take at once would be dropped in silence
        sys.stdout = TextIOWrapper(BufferedWriter(binary), usual.encoding, usual.errors, line_buffering=True)


def own_standard_error() -> None:
    """Write our messages to a descriptor of their own, so that C libraries can be silenced at theirs."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):  # no file at all
        usual, own = sys.stderr, os.fdopen(os.dup(sys.stderr.fileno()), "wb", buffering=0)
        # Unbuffered: what a full disk does not take would be tried again at the end, and change the status.
        sys.stderr = TextIOWrapper(own, usual.encoding, usual.errors, line_buffering=True, write_through=True)


# Set as soon as Ctrl-C was pressed: a library that is just being imported may make another error of it.
_was_interrupted = Event()


def end_cleanly_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the program as Ctrl-C does; a second one ends it at once."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        _was_interrupted.set()
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Ended(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup's wish
            signal.signal(number, end)


def exit_after(run: Callable[[], Any]) -> NoReturn:
    """Run a command line and end the program: the one place where errors become a message and a status."""
    try:
        status = _status_of(run)
    except Exception as error:
        status = interrupted() if _was_interrupted.is_set() else _internal_error(error)
    if status in {CLOSED_PIPE, TROUBLE, INTERNAL_ERROR}:
        _silence_standard_output()
    sys.exit(status if isinstance(status, int) else 0)


def _status_of(run: Callable[[], Any]) -> Any:
    try:
        status = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return TROUBLE
    except click.ClickException as error:
        return _fail(_message(error))
    except CorrconvError as error:
        return _fail(str(error))
    except (click.Abort, KeyboardInterrupt) as error:
        ended = error.__cause__ if isinstance(error, click.Abort) else error
        return interrupted(ended if isinstance(ended, Ended) else None)
    except (_ClosedPipe, BrokenPipeError):
        return CLOSED_PIPE
    except MemoryError:
        return _fail("there is not enough memory for a picture or kernel of this size; use a smaller one")
    except ImportError as error:
        reasons = f"{error} {error.__cause__}"
        if "failed to map segment" not in reasons and "Cannot allocate memory" not in reasons:
            raise
        return _fail(
            "there is not enough memory to load a library; free some, or raise the limit (ulimit -v, ulimit -d)"
        )
    except OSError as error:
        # Files are dealt with where they are opened; what is left is standard output itself.
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}:
            raise
        return _fail(f"standard output cannot be written: {error.strerror}")
    return status


def interrupted(ended: Ended | None = None) -> int:
    """Say that the program was ended from outside; returns its status."""
    _say("Interrupted." if ended is None else "Ended by a signal.")
    return INTERRUPTED if ended is None else ended.status


def _internal_error(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        with suppress(OSError):
            traceback.print_exception(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    hint = "" if os.environ.get(DEBUG_VARIABLE) else f" with what {DEBUG_VARIABLE}=1 shows"
    _say(f"Error: internal error, please report it{hint}: {one_line(text)}")
    return INTERNAL_ERROR


def _silence_standard_output() -> None:
    """Python flushes standard output once more at its end, which would fail again, aloud."""
    with suppress(AttributeError, OSError, ValueError):  # none, closed, or not a file at all
        output = sys.stdout.fileno()
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), output)


def _message(error: click.ClickException) -> str:
    message = (hint_at_option(error) if isinstance(error, click.NoSuchOption) else None) or error.format_message()
    bad_value = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
    if isinstance(error, click.UsageError) and not bad_value:
        path = error.ctx.command_path if error.ctx else "corrconv"
        return f"{message} (see '{path} --help')"
    return message


def _fail(message: str) -> int:
    _say(f"Error: {one_line(' '.join(message.split()))}")
    return TROUBLE


def _say(line: str) -> None:
    with suppress(OSError):  # the status still tells
        click.echo(line, err=True)
