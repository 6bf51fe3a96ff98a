"""Conventions in words, as a table, as a document, and as the line that gives the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.core.boundary import PATTERNS
from corrconv.core.convention.model import (
    BorderRule,
    Convention,
)
from corrconv.core.terms import Boundary, OutputSize
from corrconv.drawing.console import plain_table
from corrconv.drawing.conventions import (
    anchor_words,
    border_words,
    convention_document,
    number_words,
    operation_words,
    scale_words,
)
from corrconv.drawing.documents import DOCUMENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table


def conventions_table(conventions: Iterable[Convention]) -> Table:
    """One row a convention."""
    table = plain_table("what --like knows")
    # Names are there to be copied, and the shortest words must stay whole too.
    table.add_column("name", no_wrap=True)
    table.add_column("computes", min_width=11)
    table.add_column("even\ncell")
    table.add_column("border", min_width=10)
    table.add_column("scale; whole numbers")
    for convention in conventions:
        size = "" if convention.output_size is OutputSize.SAME else f", {convention.output_size}"
        table.add_row(
            Text(convention.name, style="bold"),
            operation_words(convention) + size,
            anchor_words(convention)[1] if convention.accepts((2, 2)) else "refused",
            border_words(convention),
            f"{scale_words(convention)}; {number_words(convention)}",
        )
    return table


def patterns_text() -> str:
    """What the names of the borders mean."""
    lines = [f"  {rule:<10} {PATTERNS[Boundary(rule)]}" for rule in BorderRule if rule.value in PATTERNS]
    return "\n".join(
        [
            "Borders, around the pixels a b c d:",
            *lines,
            "  unfiltered border pixels are copied as they are",
            "Even cell: the cell of an even-sided kernel over the output pixel: center k // 2, lower (k - 1) // 2.",
        ]
    )


def conventions_document(conventions: Iterable[Convention]) -> dict[str, Any]:
    """All of them for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "conventions": [{"name": it.name, "source": it.source, **convention_document(it)} for it in conventions],
    }
