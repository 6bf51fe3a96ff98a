"""Lists of file names: what find and git ls-files print, a line or a NUL after each."""

from __future__ import annotations

import os

from corrconv.errors import FileError
from corrconv.files.inputs import STANDARD_STREAM, open_input


def read_names(source: str, *, null: bool = False) -> tuple[str, ...]:
    """The names in a file, or in standard input for `-`: one a line, or with null each before a NUL.

    Raises FileError for a list without names, and for one that names standard input.
    """
    with open_input(source) as file:
        content = file.read()
    parts = content.split(b"\0") if null else content.splitlines()
    names = tuple(os.fsdecode(part) for part in parts if part)
    shown = "standard input" if source == STANDARD_STREAM else source
    if not names:
        raise FileError(f"{shown}: names no picture; is it the right list?")
    if STANDARD_STREAM in names:
        raise FileError(f"{shown}: - in a list would be standard input; write ./- for a file of that name")
    if not null and b"\0" in content:
        raise FileError(f"{shown}: the names end in NUL, as those of find -print0; add -0")
    return names
