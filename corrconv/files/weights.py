"""The weights of a layer from .npy, .npz and .json, and arrays written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.ragged_rows import ragged_words
from corrconv.errors import FileError
from corrconv.files.decoding import NPY_SIGNATURE, read_array
from corrconv.files.inputs import is_file, open_input
from corrconv.files.outputs import open_output

# The names under which people keep the two arrays of a layer.
_WEIGHT_NAMES = ("weights", "weight", "kernel", "W", "w")
_BIAS_NAMES = ("bias", "biases", "b")
_ZIP_SIGNATURE = b"PK"
_SUFFIXES = {".npy", ".npz", ".json"}


def holds_layer(source: str) -> bool:
    """Whether a file is one that keeps the weights of a layer: an array of 4 dimensions, or several arrays."""
    if not is_file(source) or Path(source).suffix.lower() not in _SUFFIXES:
        return False
    if Path(source).suffix.lower() == ".npz":
        return True
    try:
        return _read(source)["weights"].ndim == 4
    except (FileError, KeyError):
        return False


def read_layer_weights(source: str) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The weights (4 dimensions) and the bias, if any, of a layer.

    .npz and JSON objects keep them under `weights` (or weight, kernel, W) and `bias`; an array alone is the weights.
    Raises FileError for what is neither.
    """
    arrays = _read(source)
    weights = next((arrays[name] for name in _WEIGHT_NAMES if name in arrays), None)
    if weights is None:
        found = [array for array in arrays.values() if array.ndim == 4]
        if len(found) != 1:
            raise FileError(
                f"{source}: holds {', '.join(arrays) or 'nothing'}; name the weights 'weights' and the biases 'bias'"
            )
        weights = found[0]
    if weights.ndim != 4:
        raise FileError(
            f"{source}: the weights have {weights.ndim} dimensions; a layer's have 4: out, in, rows, columns"
        )
    bias = next((arrays[name] for name in _BIAS_NAMES if name in arrays), None)
    if bias is not None and bias.ndim != 1:
        raise FileError(f"{source}: the bias has {bias.ndim} dimensions; it needs one number for each filter")
    return weights, bias


def read_pictures(source: str) -> NDArray[Any] | None:
    """Pictures (N, C, H, W) of a .npy file with 4 dimensions, or None for anything else."""
    if not is_file(source):
        return None
    with open_input(source) as file:
        if file.read(len(NPY_SIGNATURE)) != NPY_SIGNATURE:
            return None
        file.seek(0)
        array = read_array(file, source)
    return array if array.ndim == 4 else None


def write_arrays(target: str, arrays: NDArray[Any] | Mapping[str, NDArray[Any]]) -> None:
    """Write one array as .npy, or several as .npz. Raises FileError where the target cannot be written."""
    content = BytesIO()
    if isinstance(arrays, np.ndarray):
        np.save(content, arrays, allow_pickle=False)
    else:
        np.savez(content, **dict(arrays))  # type: ignore[arg-type]
    with open_output(target) as file:
        file.write(content.getbuffer())


def read_npz(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    """All arrays of a .npz, never a pickle. Raises FileError for a damaged one."""
    # NumPy takes anything but a zip archive for a pickle.
    if not content.startswith(_ZIP_SIGNATURE):
        raise FileError(f"{where}: damaged .npz file; save it again")
    try:
        with np.load(BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:
        if "allow_pickle" in str(error):
            raise FileError(f"{where}: holds Python objects, not numbers; save arrays of numbers") from error
        raise FileError(f"{where}: damaged .npz file; save it again") from error


def _read(source: str) -> dict[str, NDArray[Any]]:
    with open_input(source) as file:
        content = file.read()
    if content.startswith(NPY_SIGNATURE):
        return {"weights": read_array(BytesIO(content), source)}
    if Path(source).suffix.lower() == ".npz":
        return read_npz(content, source)
    return _read_json(content, source)


def _read_json(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise FileError(f"{where}: not JSON: {error}") from None
    arrays = document if isinstance(document, dict) else {"weights": document}
    return {name: _numbers(values, f"{where}, {name}") for name, values in arrays.items() if isinstance(values, list)}


def _numbers(values: list[Any], where: str) -> NDArray[Any]:
    try:
        array = np.array(values)
    except ValueError as error:
        raise FileError(f"{where}: {ragged_words(values) or error}") from None
    if array.dtype.kind not in "if":
        raise FileError(f"{where}: holds other things than numbers")
    return array
