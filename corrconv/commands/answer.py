"""How commands speak: notes and progress to standard error, the answer to standard output, drawings to files."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.parameters import inputs_of_command
from corrconv.core.names import one_line
from corrconv.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PIL.Image import Image
    from rich.console import RenderableType

    from corrconv.files.images import Picture


def report(*, quiet: bool) -> Callable[[str], None]:
    """A function that writes a line to standard error, or nothing."""

    def write(line: str) -> None:
        # Not err=True: that would write past a progress bar, into its line. `2>&-` leaves no stream at all.
        if not quiet and sys.stderr is not None:
            with suppress(OSError):  # nobody can be told, but the work is done
                click.echo(one_line(line), file=sys.stderr)

    return write


def say_notes(*pictures: Picture, quiet: bool) -> None:
    """Tell what reading the pictures brought to light."""
    say = report(quiet=quiet)
    for picture in pictures:
        for note in picture.notes:
            say(f"{picture.name}: {note}")


def answer(
    document: Callable[[], dict[str, Any]],
    view: Callable[[], RenderableType | Iterable[RenderableType]],
    *,
    as_json: bool,
    soft_wrap: bool = False,
) -> None:
    """Print what a command found: one JSON document, or a view of one or more parts."""
    from corrconv.drawing.console import show, show_document

    if as_json:
        show_document(document())
        return
    shown = view()
    parts = shown if isinstance(shown, (tuple, list)) else (shown,)
    show(*parts, soft_wrap=soft_wrap)


def save_drawing(target: str | None, drawing: Callable[[], Image], *, force: bool, quiet: bool) -> None:
    """Write the drawing of an answer where -o names a target, and say so."""
    import numpy as np

    from corrconv.core.arrays import size_words
    from corrconv.files.images import Picture, write_image
    from corrconv.files.outputs import refuse_overwrite

    if target is None:
        return
    if target == "-":
        raise FileError("standard output holds the answer itself; name a file for the picture, such as -o answer.png")
    refuse_overwrite(target, inputs_of_command(), force=force)
    say = report(quiet=quiet)
    drawn = drawing()
    for line in write_image(target, Picture(np.asarray(drawn.convert("RGB")))):
        say(line)
    say(f"{target}: {size_words((drawn.height, drawn.width))}")
