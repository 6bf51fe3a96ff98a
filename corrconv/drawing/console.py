"""The two streams of a command: what it is for goes to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from corrconv.drawing.documents import without_nan
from corrconv.drawing.folding import folded


def show(*renderables: RenderableType, soft_wrap: bool = False) -> None:
    """Print tables and text to standard output, in colour only on a terminal.

    soft_wrap: lines stay whole however long they are, so that commands among them can be copied.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    parts = [folded(part, console.width) for part in renderables]
    if console.is_terminal:
        console.print(*parts, sep="\n", soft_wrap=soft_wrap)
        return
    with console.capture() as capture:
        console.print(*parts, sep="\n", soft_wrap=soft_wrap)
    # Cells are padded with blanks, which are noise in a file.
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def show_document(document: dict[str, Any]) -> None:
    """Print one JSON document to standard output; nan and infinities, which JSON has no words for, as null."""
    sys.stdout.write(json.dumps(without_nan(document), indent=2, allow_nan=False) + "\n")


def plain_table(title: str | None = None) -> Table:
    """A table with one line under its headings and no frame, the look of all our tables."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=0,
    )


def progress(*, quiet: bool = False) -> Progress:
    """A progress bar on standard error: shown only on a terminal, and gone when the work is done."""
    console = Console(stderr=True)
    disable = quiet or not console.is_terminal or console.is_dumb_terminal
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=disable,
        auto_refresh=not disable and _can_start_threads(),  # a thread redraws the bar
    )


def _can_start_threads() -> bool:
    from corrconv.core.threads import start  # noqa: PLC0415  (only where there is a bar)

    return start(bool) is not None


@contextmanager
def counting(description: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar for work that tells how many of its parts are done, as studies do."""
    with progress(quiet=quiet) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
