"""Plain numbers as a picture: typed on the command line, or kept as text."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.notation import parse_kernel
from corrconv.core.notation.numbers import write_number
from corrconv.core.ragged_rows import REMEDY, ragged_words
from corrconv.errors import FileError
from corrconv.files.formats import CSV
from corrconv.files.picture import Picture

# Whole numbers up to here are kept as such, so that their sums stay exact.
_LARGEST_WHOLE = 2**53

_BRACKETS = re.compile(r"\s*(?:(?:np|numpy)\.)?(?:array\s*\(|[\[({])")
_FACTOR = re.compile(r"[\s0-9+\-.eE/]+\*")
_ROWS = re.compile(r"[\s0-9+\-.eE/;,]+")
_SEPARATED = re.compile(r"[\d.][\s;,]+[\d.+-]")
_NUMBERS_ONLY = re.compile(rb"[\s0-9+\-.eEnaif;,/*\[\](){}:#\xef\xbb\xbf]+")
_NEEDS_PARSING = re.compile(r"[\[({*/:]|;[^\n;]*[\s;][^\n]*;?")

# Inline numbers are called by their own text, unless that is longer than this.
_LONGEST_NAME = 24


def is_inline(text: str) -> bool:
    """Whether a text is numbers typed in place of a file: `[1 2; 3 4]`, `1/9 * [1 1]`, `1 2 3`."""
    if _BRACKETS.match(text) or _FACTOR.match(text):
        return True
    return bool(_ROWS.fullmatch(text) and _SEPARATED.search(text))


def holds_numbers(start: bytes) -> bool:
    """Whether a file that starts like this is a table of numbers, as text."""
    return bool(_NUMBERS_ONLY.fullmatch(start)) and any(48 <= byte <= 57 for byte in start)


def inline_picture(text: str) -> Picture:
    """The picture of numbers that were typed; one row is a signal. Raises NotationError for what is none."""
    pixels = as_whole(parse_kernel(text, where="inline numbers").weights)
    return Picture(pixels, name=text if len(text) <= _LONGEST_NAME else "inline", format=CSV)


def read_numbers(content: bytes, where: str) -> Picture:
    """The picture in a text of numbers: rows are lines, cells are apart by spaces, commas or semicolons.

    Raises FileError for what is no table of numbers.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{where}: is not text in UTF-8 (byte {error.start + 1}); save it as plain text") from None
    if not text.strip():
        raise FileError(f"{where}: holds no numbers; it is empty")
    rows = [line for line in text.splitlines() if line.partition("#")[0].strip()]
    if any(character in text for character in "[({*/:") or (len(rows) == 1 and ";" in text):
        return Picture(as_whole(parse_kernel(text, where=where).weights), format=CSV)
    return Picture(as_whole(_table(rows, where)), format=CSV)


def _table(rows: list[str], where: str) -> NDArray[np.float64]:
    separator = next((sign for sign in ";," if any(sign in row for row in rows)), None)
    try:
        return np.loadtxt(StringIO("\n".join(rows)), delimiter=separator, ndmin=2)
    except ValueError as error:
        if problem := ragged_words([row.partition("#")[0].split(separator) for row in rows]):
            raise FileError(f"{where}: {problem}") from error
        problem = str(error).partition(";")[0]
        raise FileError(f"{where}: {problem}; {REMEDY} of numbers") from error


def as_whole(values: NDArray[np.float64]) -> NDArray[Any]:
    """Whole numbers as integers, so that they are summed exactly; others as they are."""
    whole = np.isfinite(values).all() and (values == np.rint(values)).all()
    if whole and np.abs(values).max(initial=0) < _LARGEST_WHOLE:
        return values.astype(np.int64)
    return values


def write_numbers(pixels: NDArray[Any]) -> str:
    """The numbers (H, W) as comma-separated text that reads back to the last bit."""
    plain = pixels.astype(np.uint8) if pixels.dtype == bool else pixels
    return "".join(",".join(map(_written, row)) + "\n" for row in plain.tolist())


def _written(value: float) -> str:
    return str(value) if isinstance(value, int) else write_number(value)
