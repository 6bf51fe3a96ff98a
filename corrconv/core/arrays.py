"""Arrays and axes from what people pass: refused where something would be lost without a word."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrconv.core.ragged_rows import ragged_words
from corrconv.errors import CorrconvError, InputTypeError

# Arrays that would be loaded whole, in silence, and what to do instead.
_LOADED = {
    "dask": "let it compute: {0}.compute()",
    "xarray": "filter {0}.data where dask holds it, or load it yourself: {0}.to_numpy()",
    "zarr": "filter dask.array.from_zarr({0}), or load it yourself: {0}[...]",
    "h5py": "filter dask.array.from_array({0}), or load it yourself: {0}[...]",
    "netCDF4": "filter dask.array.from_array({0}), or load it yourself: {0}[...]",
    "tensorstore": "filter dask.array.from_array({0}), or load it yourself: {0}[...]",
}

# What `__dlpack_device__` says of memory that the processor reads.
_HOST_DEVICE = 1

Reals: TypeAlias = "NDArray[np.float64]"


def as_array(values: ArrayLike, what: str, *, error: type[CorrconvError] = CorrconvError) -> NDArray[Any]:
    """The array of an image or a kernel (what).

    Raises the error for rows that differ in length, and InputTypeError for a masked array, whose mask would be lost,
    for lazy arrays, which may be larger than memory, and for those on another device.
    """
    kind = type(values)
    package = kind.__module__.partition(".")[0]
    if package in _LOADED:
        remedy = _LOADED[package].format(what)
        raise InputTypeError(f"the {what} is a {package} {kind.__name__}, which would be loaded whole; {remedy}")
    if isinstance(values, np.ndarray) and hasattr(values, "mask"):
        raise InputTypeError(f"the {what} is a masked array, whose mask would be lost; fill it first: {what}.filled(0)")
    if isinstance(values, (np.ndarray, list, tuple)):
        return _converted(values, what, error)
    if hasattr(values, "chunks"):
        raise InputTypeError(
            f"the {what} is a {package} {kind.__name__} in chunks, which would be loaded whole; load it yourself"
        )
    try:
        device = values.__dlpack_device__()[0] if hasattr(values, "__dlpack_device__") else _HOST_DEVICE
        if device == _HOST_DEVICE:
            return _converted(values, what, error)
    except CorrconvError:
        raise
    except Exception as trouble:  # whatever the package raises where it has no numbers to give
        raise InputTypeError(
            f"the {what} is a {package} {kind.__name__} that gives NumPy no numbers ({' '.join(str(trouble).split())});"
            " convert it to a NumPy array yourself"
        ) from trouble
    raise InputTypeError(
        f"the {what} is a {package} {kind.__name__} in the memory of another device; copy it to a NumPy array yourself"
    )


def is_lazy(image: object) -> bool:
    """Whether an image is a dask array."""
    return type(image).__module__ == "dask.array.core"


def _converted(values: ArrayLike, what: str, error: type[CorrconvError]) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as trouble:
        ragged = ragged_words(values) if isinstance(values, (list, tuple)) else ""
        raise error(f"the {what}'s {ragged}" if ragged else f"the {what} makes no array: {trouble}") from None


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
