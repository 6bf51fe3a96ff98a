"""Arrays and axes from what people pass: refused where something would be lost without a word."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from corrconv.errors import CorrconvError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

Reals: TypeAlias = "NDArray[np.float64]"


def as_array(values: ArrayLike, what: str, *, error: type[CorrconvError] = CorrconvError) -> NDArray[Any]:
    """The array of an image or a kernel (what).

    Raises the error for rows that differ in length, and InputTypeError for a masked array, whose
    mask would be lost.
    """
    if isinstance(values, np.ndarray) and hasattr(values, "mask"):
        raise InputTypeError(f"the {what} is a masked array, whose mask would be lost; fill it first: {what}.filled(0)")
    try:
        return np.asarray(values)
    except ValueError:
        raise error(f"the {what}'s rows differ in length; every row needs the same number of cells") from None


def check_channel_axis(channel_axis: int) -> None:
    """Raise CorrconvError for what is no axis of an image (H, W, C)."""
    try:
        exists = -3 <= index(channel_axis) < 3
    except TypeError:
        raise CorrconvError(f"channel_axis {channel_axis!r} is not a whole number; use -1 for the last axis") from None
    if not exists:
        raise CorrconvError(f"channel_axis {channel_axis} does not exist in an image of 3 dimensions")


def size_words(shape: Sequence[int]) -> str:
    """The size of a picture or result (rows, columns, ...) in words: `300 rows x 451 columns`."""
    rows, columns = shape[:2]
    return f"{rows} row{'s' * (rows != 1)} x {columns} column{'s' * (columns != 1)}"
