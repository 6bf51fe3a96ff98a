"""How large a picture may be, to be read and to be written."""

from __future__ import annotations

from pathlib import Path

from corrconv.errors import FileError
from corrconv.files.formats import FORMATS

# Larger pictures would need gigabytes; a small file that claims such a size is most likely an attack.
MAX_PIXELS = 500_000_000

# The WebP decoder takes 16 bytes a pixel, whatever the channels, and a file of 10 KB may hold the most it can.
_MAX_WEBP_PIXELS = 50_000_000


def check_size(shape: tuple[int, ...], where: str, max_pixels: int | None, *, decoded_as: str | None) -> None:
    """Raise FileError for a picture (rows, columns, ...) of too many pixels to be read.

    max_pixels: how many there may be; None for a limit to what is decoded, and none to files whose pixels lie in
    them as they are. decoded_as: the format that is to be decoded, if any.
    """
    rows, columns = shape[:2]
    limit, reading, remedy = max_pixels, "at once", "cut or shrink the picture first"
    if max_pixels is None and decoded_as == "WEBP":
        limit, reading, remedy = _MAX_WEBP_PIXELS, "of a WebP", "convert it with dwebp to PNG first"
    elif max_pixels is None and decoded_as is not None:
        limit, remedy = MAX_PIXELS, "save it as a TIFF without compression or as .npy, which are read in parts"
    if limit is not None and rows * columns > limit:
        raise FileError(
            f"{where}: {columns} x {rows} pixels are more than the {_in_words(limit)} that are read {reading};"
            f" {remedy} ('corrconv apply' takes --max-pixels)"
        )


def check_holds(shape: tuple[int, ...], kind: str, target: str | Path) -> None:
    """Raise FileError for a picture (rows, columns, ...) that is larger than a format (a key of FORMATS) can be."""
    facts, (rows, columns) = FORMATS[kind], shape[:2]
    limit = None
    if facts.longest_side is not None and max(rows, columns) > facts.longest_side:
        limit = f"{facts.longest_side} along each side"
    elif facts.most_bytes is not None and rows * columns * (shape[2] if len(shape) > 2 else 1) > facts.most_bytes:
        limit = "4 GiB"
    if limit is not None:
        raise FileError(
            f"{target}: {columns} x {rows} pixels are more than {kind} holds, {limit}; use .tif, .png or .npy"
        )


def _in_words(number: int) -> str:
    return f"{number // 1_000_000} million" if number % 1_000_000 == 0 else f"{number:,}"
