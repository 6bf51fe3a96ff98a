"""The command line: one thin module a command, loaded only when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from corrconv import __version__
from corrconv.commands.exit_status import exit_after, own_closed_pipe
from corrconv.commands.help import HelpContext, with_whole_words
from corrconv.commands.parameters import ARGUMENTS, shield_negative_numbers
from corrconv.core.memory import reserve_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each command stands in the module of its name, as the attribute `command`.
COMMANDS = {
    "questions": "What people ask, and the command that answers it.",
    "apply": "Filter pictures with a kernel.",
    "compare": "Both operations side by side: when do they coincide?",
    "explain": "Where does this number come from? One output pixel, step by step.",
    "page": "All of it to step over in a browser, pixel by pixel.",
    "animate": "The kernel turns, slides, and the results fill in.",
    "match": "Find a template in a picture by normalized correlation.",
    "learn": "Recover the kernel between two pictures; learn it under both conventions.",
    "train": "A small CNN, trained under both conventions.",
    "kernel": "List, show and convert kernels.",
    "layer": "A layer of a CNN: sizes, channels, gradients, transposed.",
    "spectrum": "What a kernel does to frequencies; can it be undone?",
    "weights": "Are the filters of a trained network symmetric?",
    "laws": "Which algebraic laws hold, checked on real numbers.",
    "probe": "What does that function or command really compute?",
    "diagnose": "Which operation, anchor, border ... gave that result?",
    "port": "The same filter in another library's convention.",
    "conventions": "What well-known libraries and tools compute.",
    "bench": "Engines and installed libraries, side by side.",
    "demo": "A guided tour on a sample picture.",
}


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}


class LazyGroup(click.Group):
    """A group that imports a command's module when it is called, so that help and version stay quick."""

    context_class = HelpContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the design."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"corrconv.commands.{cmd_name}.command").command
        return with_whole_words(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **values: Any) -> click.Context:
        """Parse the arguments, which prints help and version."""
        with own_closed_pipe():
            return super().make_context(*args, **values)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and keep them for what says how it was made."""
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, and the words that follow it."""
        name, command, words = super().resolve_command(ctx, args)
        return name, command, words if command is None else shield_negative_numbers(command, words)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        reserve_memory()
        with own_closed_pipe():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command, and end the program with what came of it."""

        def run() -> Any:
            return super(LazyGroup, self).main(args, prog_name, complete_var, standalone_mode=False, **extra)

        return exit_after(run) if standalone_mode else run()


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="corrconv")
def corrconv() -> None:
    """Correlation and convolution on images: see where they differ and when they coincide.

    Start with 'corrconv demo', or on your own picture: 'corrconv compare photo.jpg sobel box'.
    What people ask, and the command for it: 'corrconv questions'.
    """
