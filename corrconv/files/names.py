"""Where results go when nobody says: names made of those of the inputs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from corrconv.errors import FileError
from corrconv.files.formats import FORMATS, SUFFIXES, format_of
from corrconv.files.inputs import STANDARD_STREAM
from corrconv.files.numbers import is_inline
from corrconv.files.outputs import is_folder, make_folder
from corrconv.files.samples import PREFIX
from corrconv.files.stores import SUFFIX, is_zarr


def name_outputs(
    sources: Sequence[str], label: str, output: str | None, format_name: str | None, *, parents: bool = False
) -> tuple[str, ...]:
    """Where each picture goes, by default STEM-label.EXT; parents: in the folders of its input, below the output's.

    Raises FileError where two would go to the same place.
    """
    if output is not None and not (output.endswith(("/", os.sep)) or (is_folder(output) and not _names_zarr(output))):
        if parents:
            raise FileError(f"-o {output} is no folder in which folders could be kept; write -o {output}/")
        if len(sources) > 1:
            raise FileError(f"-o {output} is one place for {len(sources)} pictures; name a folder, as in -o {output}/")
        return (output,)
    if output is None and len(sources) == 1 and is_inline(sources[0]):
        return (STANDARD_STREAM,)
    folder = Path(output) if output is not None else Path()
    folders = [folder / _folders(source) if parents else folder for source in sources]
    targets = [
        str(kept / f"{_stem(source)}-{label}{_suffix(source, format_name)}")
        for source, kept in zip(sources, folders, strict=True)
    ]
    seen: dict[str, str] = {}
    for source, target in zip(sources, targets, strict=True):
        if target in seen:
            remedy = (
                "filter them into different folders"
                if parents or Path(seen[target]).parent == Path(source).parent
                else "keep their folders with -o FOLDER/ --parents"
            )
            raise FileError(f"{seen[target]} and {source} would both be written to {target}; {remedy}")
        seen[target] = source
    if output is not None:
        for kept in dict.fromkeys(folders):
            make_folder(kept)
    return tuple(targets)


def _folders(source: str) -> Path:
    """The folders of an input, as they are kept below another one."""
    if source == STANDARD_STREAM or source.startswith(PREFIX) or is_inline(source):
        return Path()
    parent = Path(os.path.normpath(Path(source).parent))
    kept = parent.relative_to(parent.anchor)
    if ".." in kept.parts:
        raise FileError(
            f"{source} lies outside this folder, so its folders cannot be kept below another one; give its whole path"
        )
    return kept


def _stem(source: str) -> str:
    if source == STANDARD_STREAM or is_inline(source):
        return "stdin" if source == STANDARD_STREAM else "inline"
    return Path(source.removeprefix(PREFIX)).stem


def _names_zarr(path: str) -> bool:
    return path.endswith(SUFFIX) or is_zarr(path)


def _suffix(source: str, format_name: str | None) -> str:
    if is_zarr(source):
        return SUFFIX
    if format_name is not None:
        return FORMATS[format_of(source, format_name)].suffixes[0]
    suffix = ".csv" if is_inline(source) else Path(source).suffix
    return suffix if suffix.lower() in SUFFIXES else ".png"
