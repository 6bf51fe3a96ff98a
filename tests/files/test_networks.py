"""The convolution layers of network files: each format gives back the very weights, and refuses what it cannot."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from corrconv.errors import FileError
from corrconv.files.networks import AxisOrder, read_network

WEIGHTS = np.random.default_rng(1).normal(size=(8, 3, 3, 5)).astype(np.float32)
VECTOR = np.ones(8, np.float32)


def h5py_alone():
    """h5py, unless another library has brought an HDF5 of its own into this process, which h5py warns of."""
    try:
        return importlib.import_module("h5py")
    except (ImportError, UserWarning) as error:
        pytest.skip(str(error))


def write_safetensors(path):
    pytest.importorskip("safetensors.numpy").save_file({"conv.weight": WEIGHTS, "conv.bias": VECTOR}, path)


def write_torch(path):
    torch = pytest.importorskip("torch")
    state = {"conv.weight": torch.from_numpy(WEIGHTS), "conv.bias": torch.from_numpy(VECTOR)}
    torch.save({"state_dict": state, "epoch": 3}, path)


def write_onnx(path):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    node = helper.make_node("Conv", ["x", "conv.weight"], ["y"])
    other = helper.make_node("Mul", ["y", "scale"], ["z"])
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in "xz"]
    arrays = [onnx.numpy_helper.from_array(WEIGHTS, "conv.weight")]
    arrays.append(onnx.numpy_helper.from_array(np.ones((1, 1, 2, 2), np.float32), "scale"))
    onnx.save(helper.make_model(helper.make_graph([node, other], "g", values[:1], values[1:], arrays)), path)


def write_h5(path):
    with h5py_alone().File(path, "w") as file:
        file["model_weights/conv/conv_1/kernel:0"] = WEIGHTS.transpose(2, 3, 1, 0)
        file["model_weights/conv/conv_1/bias:0"] = VECTOR
        file["optimizer_weights/conv/kernel:0"] = WEIGHTS.transpose(2, 3, 1, 0)


def write_keras(path):
    write_h5("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write("model.weights.h5")


def write_npz(path):
    np.savez(path, **{"conv.weight": WEIGHTS, "conv.bias": VECTOR})


WRITERS = {
    "net.safetensors": write_safetensors,
    "net.pt": write_torch,
    "net.onnx": write_onnx,
    "net.h5": write_h5,
    "net.keras": write_keras,
    "net.npz": write_npz,
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_back_the_convolutions_alone(name):
    WRITERS[name](name)
    found = read_network(name)
    assert list(found.layers) == ["conv_1" if name in {"net.h5", "net.keras"} else "conv.weight"]
    (weights,) = found.layers.values()
    assert np.array_equal(weights, WEIGHTS)


def test_numpy_files_say_how_their_axes_were_taken():
    np.save("torch.npy", WEIGHTS)
    np.save("keras.npy", np.zeros((3, 3, 16, 32)))
    found = read_network("torch.npy")
    assert found.layers["torch"].shape == (8, 3, 3, 5)
    assert found.notes == ("its axes are taken for oihw (o out, i in, h rows, w columns)",)
    assert read_network("keras.npy").layers["keras"].shape == (32, 16, 3, 3)
    assert read_network("torch.npy", AxisOrder.HWIO).layers["torch"].shape == (5, 3, 8, 3)
    assert read_network("torch.npy", AxisOrder.HWIO).notes == ()


def test_a_file_that_could_run_code_is_refused():
    torch = pytest.importorskip("torch")
    torch.save({"model": torch.nn.Conv2d(1, 1, 3)}, "model.pt")
    with pytest.raises(FileError, match=r"others can run code; save model.state_dict"):
        read_network("model.pt")
    np.save("dict.npy", np.array({"conv": WEIGHTS}), allow_pickle=True)
    with pytest.raises(Exception, match="Python objects"):
        read_network("dict.npy")


@pytest.mark.parametrize("name", ["net.safetensors", "net.pt", "net.onnx", "net.h5", "net.keras", "net.npz"])
def test_damaged_files_are_one_line(name):
    if name.endswith((".h5", ".keras")):
        h5py_alone()
    elif not name.endswith(".npz"):
        pytest.importorskip({"safetensors": "safetensors", "pt": "torch", "onnx": "onnx"}[name[4:]])
    Path(name).write_bytes(b"no network at all, whatever the name says")
    with pytest.raises(FileError, match=name) as caught:
        read_network(name)
    assert "\n" not in str(caught.value)


def test_what_holds_no_convolution_is_told():
    np.savez("net.npz", dense=np.ones((4, 4)))
    with pytest.raises(FileError, match="holds no convolution weights"):
        read_network("net.npz")
    Path("net.tflite").write_bytes(b"")
    with pytest.raises(FileError, match="networks are read from"):
        read_network("net.tflite")
    np.save("nan.npy", np.full((1, 1, 3, 3), np.nan))
    with pytest.raises(FileError, match="holds nan or inf"):
        read_network("nan.npy")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    Path("net.safetensors").write_bytes(b"x")
    with pytest.raises(FileError, match="pip install safetensors"):
        read_network("net.safetensors")
