"""What each output format can hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corrconv.errors import FileError
from corrconv.files.inputs import STANDARD_STREAM
from corrconv.files.picture import Picture


@dataclass(frozen=True)
class Format:
    """What Pillow can write in one format: suffixes, dtypes of gray pixels, transparency, colour.

    Colour is 8 bits a channel wherever Pillow writes it. gray_dtypes stand from narrow to wide. longest_side, in
    pixels, and most_bytes: where the format, or what writes it, ends.
    """

    suffixes: tuple[str, ...]
    gray_dtypes: tuple[str, ...] = ("uint8",)
    alpha: bool = False
    colour: bool = True
    longest_side: int | None = None
    most_bytes: int | None = None


NPY, CSV = "NPY", "CSV"

# Formats that hold numbers as they are, not pixels of some range.
NUMBERS = frozenset({NPY, CSV})

FORMATS = {
    "PNG": Format((".png",), ("uint8", "uint16"), alpha=True),
    "JPEG": Format((".jpg", ".jpeg", ".jpe"), longest_side=65500),  # libjpeg's limit; the format's own is 65535
    "TIFF": Format((".tif", ".tiff"), ("uint8", "uint16", "int32", "float32"), alpha=True),
    "WEBP": Format((".webp",), alpha=True, longest_side=16383),
    "BMP": Format((".bmp",), most_bytes=2**32 - 2048),
    "PGM": Format((".pgm",), ("uint8", "uint16"), colour=False),
    "PPM": Format((".ppm", ".pnm"), ("uint8", "uint16")),
    "PFM": Format((".pfm",), ("float32",), colour=False),
    "GIF": Format((".gif",), alpha=True, longest_side=65535),
    NPY: Format((".npy",), ()),
    CSV: Format((".csv", ".txt"), (), colour=False),
}

SUFFIXES = {suffix: name for name, facts in FORMATS.items() for suffix in facts.suffixes}


def format_names() -> tuple[str, ...]:
    """The names that `--format` takes."""
    return tuple(name.lower() for name in FORMATS)


def format_of(target: str | Path, name: str | None = None) -> str:
    """The output format by its name (`png`, `tif`, any case) or else by the target's suffix.

    Returns a key of FORMATS. Raises FileError where neither names a format that can be written.
    """
    if name is not None:
        found = name.upper() if name.upper() in FORMATS else SUFFIXES.get(f".{name.lower().lstrip('.')}")
        if found is None:
            raise FileError(f"{name!r} is not a format that can be written; use {', '.join(format_names())}")
        return found
    if str(target) == STANDARD_STREAM:
        raise FileError("standard output has no file name to tell the format; add --format png (or another)")
    suffix = Path(target).suffix.lower()
    if suffix not in SUFFIXES:
        said = f"pictures cannot be written as {suffix}" if suffix else "the name has no suffix to tell the format"
        raise FileError(f"{target}: {said}; use {', '.join(SUFFIXES)}, or --format")
    return SUFFIXES[suffix]


def storable_dtype(format: str, dtype: np.dtype | type | str, channels: int = 1) -> np.dtype:  # noqa: A002
    """The dtype in which a format (a key of FORMATS) stores pixels of this dtype: the same if it can.

    channels count transparency. Otherwise the narrowest dtype that holds all its values, and where
    there is none, the widest whole numbers for integers, float32 or else uint8 for floats.
    """
    wanted = np.dtype(dtype).newbyteorder("=")
    if format in NUMBERS:
        return wanted
    known = FORMATS[format].gray_dtypes if channels == 1 else ("uint8",)
    dtypes = [np.dtype(name) for name in known]
    for candidate in dtypes:
        if np.can_cast(wanted, candidate, "safe"):
            return candidate
    if wanted.kind == "f":
        return dtypes[-1] if dtypes[-1].kind == "f" else dtypes[0]
    return next((candidate for candidate in reversed(dtypes) if candidate.kind in "iu"), dtypes[-1])


def pixel_dtype(picture: Picture, kind: str) -> np.dtype[np.generic]:
    """The type to render to: what the format holds; for .npy and text the exact numbers."""
    if kind in NUMBERS:
        return np.dtype(np.float32 if picture.pixels.dtype == np.float32 else np.float64)
    return storable_dtype(kind, picture.pixels.dtype, picture.channels)
