"""Tables where the terminal is too narrow for them: each row as lines, so that no digit is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

NARROW = 70  # columns; all tables are made for 80

WIDTH = 80


def hanging(start: str, words: str) -> str:
    """Words after a start, in lines of 80 columns that go on under the first word."""
    lines = wrap(words, WIDTH - len(start), break_long_words=False, break_on_hyphens=False)
    return start + f"\n{' ' * len(start)}".join(lines)


def copied(start: str, line: str) -> str:
    """A command line after a start, in one piece so that it can be copied: below the start where it is long."""
    joined = f"{start}{line}"
    return joined if len(joined) <= WIDTH else f"{start.rstrip()}\n  {line}"


def folded(shown: RenderableType, width: int) -> RenderableType:
    """What is to be shown, its tables row by row where they do not fit into so many columns."""
    if width >= NARROW:
        return shown
    if isinstance(shown, Group):
        return Group(*(folded(part, width) for part in shown.renderables))
    if isinstance(shown, Table) and (needed := sum(map(_narrowest, shown.columns))) > width:
        return Text("\n").join(_lines(shown, needed))
    return shown


def _narrowest(column: Column) -> int:
    """The columns that the cells need when lines are broken between words, or not at all; padding included."""
    texts = [_plain(cell) for cell in (column.header, *column.cells)]
    pieces = [piece for text in texts for piece in (text.splitlines() if column.no_wrap else text.split())]
    return max([*map(cell_len, pieces), column.min_width or 0]) + 1


def _lines(table: Table, needed: int) -> Iterator[Text]:
    if table.title:
        yield Text(_plain(table.title), "bold")
    yield Text(f"(row by row, as the table needs {needed} columns)", "dim")
    headings = [" ".join(_plain(column.header).split()) for column in table.columns]
    for row in zip(*(column.cells for column in table.columns), strict=True):
        yield Text()
        for heading, cell in zip(headings, row, strict=True):
            if plain := " ".join(_plain(cell).split()):
                text = Text(plain, cell.style if isinstance(cell, Text) else "")
                yield Text(f"{heading}: ", "dim").append_text(text) if heading else text


def _plain(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
