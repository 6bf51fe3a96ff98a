"""The convolution layers of trained networks, from the files that people keep them in."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.errors import FileError
from corrconv.files.decoding import NPY_SIGNATURE, read_array
from corrconv.files.inputs import open_input
from corrconv.files.weights import read_npz

# Numpy's own files do not say which axes are which; kernels are square and small.
_LARGEST_KERNEL = 15

# What people call the state dict among the other things of a checkpoint.
_WRAPPERS = {"state_dict", "model_state_dict", "model"}


class AxisOrder(StrEnum):
    """Which axis of the weights is which: o output, i input, h rows, w columns."""

    OIHW = "oihw"
    HWIO = "hwio"


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """The weights of each convolution layer, (out, in, rows, columns), in the file's order, and what to say of it."""

    name: str
    layers: Mapping[str, NDArray[np.float64]]
    notes: tuple[str, ...] = field(default=())


def read_network(source: str, order: AxisOrder | None = None) -> NetworkFile:
    """The convolution layers in .npz, .npy, .safetensors, .onnx, .pt/.pth (state dict), .h5 or .keras.

    order: of the axes, where the file does not say it. Raises FileError for what cannot be read, holds
    no weights of 4 dimensions, or needs a package that is not installed.
    """
    suffix = Path(source).suffix.lower()
    if suffix not in _READERS:
        raise FileError(f"{source}: networks are read from {', '.join(_READERS)}; export the weights as one of these")
    with open_input(source) as file:
        content = file.read()
    known = AxisOrder.HWIO if suffix in _KERAS else None if suffix in _NUMPY else AxisOrder.OIHW
    layers: dict[str, NDArray[np.float64]] = {}
    notes = []
    for name, array in _READERS[suffix](content, source):
        chosen = order or known
        if chosen is None:
            chosen = _guessed(array.shape)
            notes.append(f"its axes are taken for {chosen} (o out, i in, h rows, w columns)")
        weights = np.asarray(array, dtype=np.float64)
        if not np.isfinite(weights).all():
            raise FileError(f"{source}: {name} holds nan or inf; trained weights are finite")
        layers[name or Path(source).stem] = weights if chosen is AxisOrder.OIHW else weights.transpose(3, 2, 0, 1)
    if not layers:
        raise FileError(f"{source}: holds no convolution weights (arrays of 4 dimensions)")
    return NetworkFile(Path(source).name, layers, tuple(dict.fromkeys(notes)))


def _guessed(shape: tuple[int, ...]) -> AxisOrder:
    first, last = shape[:2], shape[2:]
    keras = first[0] == first[1] <= _LARGEST_KERNEL and (last[0] != last[1] or last[0] > _LARGEST_KERNEL)
    return AxisOrder.HWIO if keras else AxisOrder.OIHW


def _needed(module: str, package: str, source: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise FileError(
            f"{source}: reading it needs {package}, which is not installed: pip install {package}"
        ) from None


def _of_four(arrays: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, array in arrays:
        if getattr(array, "ndim", 0) == 4 and array.size and np.asarray(array).dtype.kind in "fiu":
            yield name, np.asarray(array)


def _numpy(content: bytes, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    if content.startswith(NPY_SIGNATURE):
        return _of_four([("", read_array(BytesIO(content), source))])
    return _of_four(read_npz(content, source).items())


def _safetensors(content: bytes, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    reader = _needed("safetensors.numpy", "safetensors", source)
    try:
        arrays = reader.load(content)
    except Exception as error:
        raise FileError(f"{source}: cannot be read as safetensors ({_one_line(error)}); save it as float32") from error
    return _of_four(arrays.items())


def _onnx(content: bytes, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """The weights of the nodes that convolve: other arrays of 4 dimensions are none."""
    onnx = _needed("onnx", "onnx", source)
    helper = _needed("onnx.numpy_helper", "onnx", source)
    try:
        graph = onnx.load_from_string(content).graph
        constants = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant":
                constants.update((node.output[0], each.t) for each in node.attribute if each.name == "value")
        used = [node.input[1] for node in graph.node if node.op_type in {"Conv", "ConvTranspose"}]
        return _of_four([(name, helper.to_array(constants[name])) for name in dict.fromkeys(used) if name in constants])
    except Exception as error:
        raise FileError(f"{source}: cannot be read as ONNX ({_one_line(error)}); export it again") from error


def _torch(content: bytes, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """A state dict: tensors alone, so that nothing in the file is run."""
    torch = _needed("torch", "torch", source)
    try:
        loaded = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise FileError(
            f"{source}: is no file of tensors alone, and others can run code; save model.state_dict()"
        ) from error
    return _of_four((name, tensor.float().numpy()) for name, tensor in _tensors(loaded, torch.Tensor))


def _tensors(value: Any, kind: type, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, kind):
        yield name, value.detach()  # type: ignore[attr-defined]
    elif isinstance(value, dict):
        for key, inner in value.items():
            inside = name if key in _WRAPPERS else f"{name}.{key}" if name else str(key)
            yield from _tensors(inner, kind, inside)


def _keras(content: bytes, source: str) -> Iterator[tuple[str, NDArray[Any]]]:
    h5py = _needed("h5py", "h5py", source)
    try:
        if zipfile.is_zipfile(BytesIO(content)):
            with zipfile.ZipFile(BytesIO(content)) as archive:
                content = archive.read("model.weights.h5")
        found: list[tuple[str, NDArray[Any]]] = []

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.ndim == 4 and "optimizer" not in name:
                found.append((_short(name), item[()]))

        with h5py.File(BytesIO(content)) as file:
            file.visititems(visit)
    except FileError:
        raise
    except Exception as error:
        raise FileError(f"{source}: cannot be read as a Keras file ({_one_line(error)}); save it again") from error
    return _of_four(found)


def _short(name: str) -> str:
    """A path without the parts that Keras puts into every one, or repeats."""
    parts = [part.removesuffix(":0") for part in name.split("/")]
    telling = [part for part in parts if part not in {"model_weights", "layers", "vars", "kernel", "0"}]
    longest = [
        part for part, following in zip(telling, [*telling[1:], ""], strict=True) if not following.startswith(part)
    ]
    return "/".join(longest) or name


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


_NUMPY = (".npz", ".npy")
_KERAS = (".h5", ".hdf5", ".keras")
_READERS = {
    **dict.fromkeys(_NUMPY, _numpy),
    ".safetensors": _safetensors,
    ".onnx": _onnx,
    **dict.fromkeys((".pt", ".pth", ".bin"), _torch),
    **dict.fromkeys(_KERAS, _keras),
}
