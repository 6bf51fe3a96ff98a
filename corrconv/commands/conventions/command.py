"""corrconv conventions: what the well-known libraries and tools compute."""

from __future__ import annotations

import click

from corrconv.commands.options import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the conventions of well-known libraries and tools.

    Each was measured by 'corrconv probe' on the library itself, or is said to be documented only.

    \b
    corrconv conventions
    corrconv conventions --json
    """
    from corrconv.commands.conventions.view import conventions_document, conventions_table, patterns_text
    from corrconv.drawing.console import show, show_document
    from corrconv.libraries.known_conventions import CONVENTIONS

    if as_json:
        show_document(conventions_document(CONVENTIONS.values()))
    else:
        show(conventions_table(CONVENTIONS.values()), "", patterns_text())
