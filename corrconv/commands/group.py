"""The command line: one thin module a command, loaded only when it is called."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from corrconv import __version__
from corrconv.commands.answer import one_line
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TROUBLE = 2
INTERRUPTED = 130
CLOSED_PIPE = 141  # 128 + SIGPIPE, what the shell reports for programs that a closed pipe ends

# Each command stands in the module of its name, as the attribute `command`.
COMMANDS = {
    "apply": "Filter pictures with a kernel.",
    "compare": "Both operations side by side: when do they coincide?",
    "explain": "Where does this number come from? One output pixel, step by step.",
    "match": "Find a template in a picture by normalized correlation.",
    "learn": "Recover the kernel between two pictures; learn it under both conventions.",
    "train": "A small CNN, trained under both conventions.",
    "kernel": "List, show and convert kernels.",
    "laws": "Which algebraic laws hold, checked on real numbers.",
    "probe": "What does that function or command really compute?",
    "diagnose": "Which operation, anchor, border ... gave that result?",
    "port": "The same filter in another library's convention.",
    "conventions": "What well-known libraries and tools compute.",
    "bench": "Engines and installed libraries, side by side.",
    "demo": "A guided tour on a sample picture.",
}


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}


class _ClosedPipe(Exception):  # noqa: N818  (the reader has seen enough: no error)
    """Whoever reads standard output has stopped; raised past click, which would make it status 1."""


@contextmanager
def _own_closed_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ClosedPipe from error
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # rich's answer, status 1 too
            raise _ClosedPipe from error
        raise


class LazyGroup(click.Group):
    """A group that imports a command's module when it is called, so that help and version stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the design."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"corrconv.commands.{cmd_name}.command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **values: Any) -> click.Context:
        """Parse the arguments, which prints help and version."""
        with _own_closed_pipe():
            return super().make_context(*args, **values)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _own_closed_pipe():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; the one place where errors become a message and an exit status."""

        def run() -> Any:
            return super(LazyGroup, self).main(args, prog_name, complete_var, standalone_mode=False, **extra)

        return _exit_after(run) if standalone_mode else run()


def _exit_after(run: Callable[[], Any]) -> NoReturn:
    try:
        status = run()
        if sys.stdout is not None:  # the shell's `>&-` leaves none
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        status = TROUBLE
    except click.ClickException as error:
        status = _fail(_message(error))
    except CorrconvError as error:
        status = _fail(str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        status = INTERRUPTED
    except (_ClosedPipe, BrokenPipeError):
        status = CLOSED_PIPE
    except MemoryError:
        status = _fail("there is not enough memory for a picture or kernel of this size; use a smaller one")
    except OSError as error:
        # Files are dealt with where they are opened; what is left is standard output itself.
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF}:
            raise
        status = _fail(f"standard output cannot be written: {error.strerror}")
    if status in {CLOSED_PIPE, TROUBLE}:
        _silence_standard_output()
    sys.exit(status if isinstance(status, int) else 0)


def _silence_standard_output() -> None:
    """Python flushes standard output once more at its end, which would fail again, aloud."""
    with suppress(AttributeError, OSError, ValueError):  # none, closed, or not a file at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _message(error: click.ClickException) -> str:
    message = error.format_message()
    bad_value = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
    if isinstance(error, click.UsageError) and not bad_value:
        path = error.ctx.command_path if error.ctx else "corrconv"
        return f"{message} (see '{path} --help')"
    return message


def _fail(message: str) -> int:
    with suppress(OSError):  # the status still tells
        click.echo(f"Error: {one_line(' '.join(message.split()))}", err=True)
    return TROUBLE


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="corrconv")
def corrconv() -> None:
    """Correlation and convolution on images: see where they differ and when they coincide.

    Start with 'corrconv demo', or on your own picture: 'corrconv compare photo.jpg sobel box'.
    """
