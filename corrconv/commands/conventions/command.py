"""corrconv conventions: what the well-known libraries and tools compute."""

from __future__ import annotations

import click

from corrconv.commands.answer import answer
from corrconv.commands.options import json_option


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the conventions of well-known libraries and tools, or all about one.

    Each was measured by 'corrconv probe' on the library itself, or is said to be documented only. NAME may be
    followed by the function's own settings. 'borders' is a dictionary of everybody's words for borders.

    \b
    corrconv conventions
    corrconv conventions "scipy.ndimage.convolve mode=mirror origin=1"
    corrconv conventions borders
    """
    from corrconv.commands.conventions import view
    from corrconv.libraries.registry import convention_named, conventions, library_functions, parse_function

    if name == "borders":
        functions = library_functions().values()
        answer(lambda: view.borders_document(functions), lambda: view.borders_table(functions), as_json=as_json)
    elif name is not None:
        (function, _), convention = parse_function(name), convention_named(name)
        answer(
            lambda: view.conventions_document([convention]),
            lambda: (view.convention_text(function, convention),),
            as_json=as_json,
        )
    else:
        known = conventions().values()
        answer(
            lambda: view.conventions_document(known),
            lambda: (view.conventions_table(known), "", view.patterns_text()),
            as_json=as_json,
        )
