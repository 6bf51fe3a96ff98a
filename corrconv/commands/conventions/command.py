"""corrconv conventions: what the well-known libraries and tools compute."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer
from corrconv.commands.options import json_option

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command()
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the conventions of well-known libraries and tools, or all about one.

    Each was measured on the library itself, or is said to be documented only. NAME may be followed by the
    function's own settings; a part of a name lists all that hold it, a language or a program those that belong to
    it. 'borders' is a dictionary of everybody's words for borders.

    \b
    corrconv conventions
    corrconv conventions "scipy.ndimage.convolve mode=mirror origin=1"
    corrconv conventions cv2.GaussianBlur
    corrconv conventions sobel
    corrconv conventions julia
    corrconv conventions borders
    """
    from corrconv.commands.conventions import view
    from corrconv.libraries.registry import (
        convention_named,
        conventions,
        function_names,
        homes,
        library_functions,
        own_kernel_functions,
        parse_function,
    )

    if name in BORDER_WORDS:
        functions = library_functions().values()
        answer(lambda: view.borders_document(functions), lambda: view.borders_table(functions), as_json=as_json)
        return
    known, own = conventions(), own_kernel_functions()
    if name is not None:
        word = name.strip().lower()
        alike = [each for each in (*known, *own) if word and word in each.lower()]
        alike = alike or [each for each, home in homes().items() if word and _words(word) <= _words(home)]
        if len(alike) < 2 or name in function_names():
            asked = alike[0] if len(alike) == 1 else name
            (function, _), convention = parse_function(asked, own=True), convention_named(asked, own=True)
            answer(
                lambda: view.conventions_document([] if function.own else [convention], [function]),
                lambda: view.convention_parts(function, convention),
                as_json=as_json,
            )
            return
        known = {each: it for each, it in known.items() if each in alike}
        own = {each: it for each, it in own.items() if each in alike}
    parts: list[RenderableType] = []
    if known:
        parts += [view.conventions_table(known.values()), ""]
    if own:
        parts += [view.own_kernels_table(own.values()), ""]
    parts.append(view.patterns_text() if known else "`corrconv conventions NAME` tells all about one of them.")
    answer(lambda: view.conventions_document(known.values(), own.values()), lambda: parts, as_json=as_json)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


# What people type for the dictionary of borders.
BORDER_WORDS = ("borders", "border", "boundary", "boundaries", "padding")
