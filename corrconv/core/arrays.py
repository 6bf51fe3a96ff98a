"""Arrays and axes from what people pass: refused where something would be lost without a word."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from corrconv.errors import CorrconvError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

# Arrays that would be loaded whole, in silence, and how to say that this is wanted.
_LOADED = {"dask": ".compute()", "xarray": ".to_numpy()", "zarr": "[...]"}

Reals: TypeAlias = "NDArray[np.float64]"


def as_array(values: ArrayLike, what: str, *, error: type[CorrconvError] = CorrconvError) -> NDArray[Any]:
    """The array of an image or a kernel (what).

    Raises the error for rows that differ in length, and InputTypeError for a masked array, whose
    mask would be lost, and for lazy arrays, which may be larger than memory.
    """
    package = type(values).__module__.partition(".")[0]
    if package in _LOADED:
        raise InputTypeError(
            f"the {what} is a {package} array, which would be loaded whole; load it yourself: {what}{_LOADED[package]}"
        )
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


def check_out(
    out: NDArray[Any],
    image: NDArray[Any],
    shape: tuple[int, int, int],
    channel_axis: int | None,
    dtype: np.dtype[Any],
) -> None:
    """Raise CorrconvError where the results (rows, columns, channels) cannot be written into an array as they are."""
    if not isinstance(out, np.ndarray) or hasattr(out, "mask"):
        raise InputTypeError(f"out is a {type(out).__name__}; pass a numpy array or memory map")
    places = list(shape[:2])
    if channel_axis is not None:
        places.insert(channel_axis % 3, shape[2])
    if out.shape != tuple(places) or out.dtype != dtype:
        raise CorrconvError(
            f"out is {out.dtype} of shape {out.shape}; the results are {dtype} of shape {tuple(places)}"
        )
    if not out.flags.writeable:
        raise CorrconvError("out is read-only; pass an array that can be written")
    if np.may_share_memory(out, image):
        raise CorrconvError("out shares memory with the image, whose pixels are still needed; pass another array")


def size_words(shape: Sequence[int]) -> str:
    """The size of a picture or result (rows, columns, ...) in words: `300 rows x 451 columns`."""
    rows, columns = shape[:2]
    return f"{rows} row{'s' * (rows != 1)} x {columns} column{'s' * (columns != 1)}"
