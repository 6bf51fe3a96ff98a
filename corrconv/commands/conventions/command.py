"""corrconv conventions: what the well-known libraries and tools compute."""

from __future__ import annotations

import click

from corrconv.commands.answer import answer
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
    from corrconv.libraries.registry import conventions

    known = conventions().values()
    answer(
        lambda: conventions_document(known),
        lambda: (conventions_table(known), "", patterns_text()),
        as_json=as_json,
    )
