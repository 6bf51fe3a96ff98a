"""Results that somebody computed elsewhere: pictures, .npy, or numbers as text."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.errors import FileError
from corrconv.files.images import Picture, read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXT_SUFFIXES = (".csv", ".txt")


def read_result(path: str) -> Picture:
    """A result with its exact numbers. Raises FileError for what cannot be read or is no table of numbers."""
    if Path(path).suffix.lower() not in TEXT_SUFFIXES:
        return read_image(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise FileError(f"{path}: cannot be read: {reason}; check the path") from error
    if not text.strip():
        raise FileError(f"{path}: holds no numbers; it is empty")
    try:
        values: NDArray[Any] = np.loadtxt(StringIO(text.replace(",", " ")), ndmin=2)
    except ValueError as error:
        problem = str(error).partition(";")[0]
        raise FileError(f"{path}: {problem}; every row needs the same number of numbers") from error
    if values.size == 0:
        raise FileError(f"{path}: holds no numbers")
    return Picture(values, name=Path(path).name)
