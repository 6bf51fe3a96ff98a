"""Where results go when nobody says: names made of those of the inputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from corrconv.errors import FileError
from corrconv.files.formats import FORMATS, SUFFIXES, format_of
from corrconv.files.inputs import STANDARD_STREAM
from corrconv.files.numbers import is_inline
from corrconv.files.outputs import is_folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence


def name_outputs(sources: Sequence[str], label: str, output: str | None, format_name: str | None) -> tuple[str, ...]:
    """Where each picture goes, by default STEM-label.EXT. Raises FileError where two would go to the same place."""
    if output is not None and not (output.endswith(("/", os.sep)) or is_folder(output)):
        if len(sources) > 1:
            raise FileError(f"-o {output} is one place for {len(sources)} pictures; name a folder, as in -o {output}/")
        return (output,)
    if output is None and len(sources) == 1 and is_inline(sources[0]):
        return (STANDARD_STREAM,)
    folder = Path(output) if output is not None else Path()
    targets = [str(folder / f"{_stem(source)}-{label}{_suffix(source, format_name)}") for source in sources]
    seen: dict[str, str] = {}
    for source, target in zip(sources, targets, strict=True):
        if target in seen:
            raise FileError(
                f"{seen[target]} and {source} would both be written to {target}; filter them one after the other"
            )
        seen[target] = source
    if output is not None:
        make_folder(folder)
    return tuple(targets)


def _stem(source: str) -> str:
    if source == STANDARD_STREAM or is_inline(source):
        return "stdin" if source == STANDARD_STREAM else "inline"
    return Path(source.removeprefix("sample:")).stem


def _suffix(source: str, format_name: str | None) -> str:
    if format_name is not None:
        return FORMATS[format_of(source, format_name)].suffixes[0]
    suffix = ".csv" if is_inline(source) else Path(source).suffix
    return suffix if suffix.lower() in SUFFIXES else ".png"
