"""Every form in which strangers' callables want an image and a kernel is found by trying, and said."""

from __future__ import annotations

import json
import sys

import fakes
import numpy as np
import pytest
from shell import run, trouble

from corrconv.errors import CorrconvError
from corrconv.libraries.calling import parse_arguments
from corrconv.libraries.process import CallableProcess, HostProcess

ARRAYS = """
import numpy as np
from fakes import correlation

def plain(image, kernel): return correlation(image, kernel)
def swapped(a, b): return correlation(b, a)
def lists(image, kernel): return correlation(image, kernel).tolist()
def by_name(*, photo, taps): return correlation(photo, taps)
def behind_others(photo, size=3, kernel=None): return correlation(photo, kernel)
def positions(photo, /, kernel, size=3): return correlation(photo, kernel)
def make(kernel): return lambda image: correlation(image, kernel)
def batched(x, w):
    assert x.shape[:2] == w.shape[:2] == (1, 1)
    return correlation(x[0, 0], w[0, 0])[None, None]
def channels_last(x, w):
    assert (x.shape[0], x.shape[3], *w.shape[2:]) == (1, 1, 1, 1)
    return correlation(x[0, :, :, 0], w[:, :, 0, 0])[None, :, :, None]
def one_channel(x, w):
    assert (x.ndim, w.ndim, x.shape[2]) == (3, 2, 1)
    return correlation(x[:, :, 0], w)[:, :, None]
def full(kernel, image):
    (h, w), (rows, columns) = kernel.shape, image.shape
    result = np.zeros((rows + h - 1, columns + w - 1))
    for row, column in np.ndindex(h, w):
        top, left = h - 1 - row, w - 1 - column
        result[top : top + rows, left : left + columns] += kernel[row, column] * image
    return result
def odd_only(a, b):
    if len(a) % 2 == 0:
        raise ValueError("even")
    return correlation(b, a)

class Filter:
    def __init__(self, kernel, times=1): self.kernel = kernel * times
    def __call__(self, image): return correlation(image, self.kernel)
"""
TENSORS = """
import torch
from torch import nn
from torch.nn import functional

def conv2d(x, w): return functional.conv2d(x, w, padding="same")
def single(w, x): return functional.conv2d(x, w + torch.zeros(1), padding="same") if x.dtype == torch.float32 else w.no
def flat(image, kernel): return functional.conv2d(image[None, None], kernel[None, None], padding="same")[0, 0] * 1
def learning(image, kernel): return conv2d(image, kernel).requires_grad_()
layer = nn.Conv2d(3, 8, 3, padding=1)
grouped = nn.Conv2d(4, 4, 3, padding=1, groups=2)
network = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 1, 3))
two = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
class Fixed(nn.Conv2d):
    def __init__(self): super().__init__(1, 1, 3, padding=1)
class Given(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel
    def forward(self, image): return conv2d(image, self.kernel)
"""
# As Keras has them: a layer is built for its input, and its weights are assigned.
KERAS = """
import numpy as np
from types import SimpleNamespace
from fakes import correlation

class Weights:
    def __init__(self, *shape): self.shape = shape
    def assign(self, values):
        assert values.shape == self.shape
        self.values = values

class Layer:
    built, data_format = False, "channels_last"
    def __call__(self, x):
        if self.data_format == "channels_first": x = np.moveaxis(x, 1, -1)
        result = sum(correlation(x[0, :, :, at], self.weights[0].values[:, :, at, 0]) for at in range(x.shape[3]))
        result = (result + self.weights[1].values[0])[None, :, :, None]
        return np.moveaxis(result, -1, 1) if self.data_format == "channels_first" else result

class Conv2D(Layer):
    def __init__(self, filters, kernel_size, strides=1, data_format="channels_last"):
        assert strides == 1
        self.filters, self.kernel_size, self.data_format = filters, kernel_size, data_format
    def build(self, shape):
        channels = shape[1] if self.data_format == "channels_first" else shape[3]
        self.weights, self.built = [Weights(*self.kernel_size, channels, self.filters), Weights(self.filters)], True

class DepthwiseConv2D(Conv2D):
    def __init__(self, kernel_size, strides=1): super().__init__(1, kernel_size, strides)

layers = SimpleNamespace(Layer=Layer)
layer = Conv2D(4, (3, 3))
colour = Conv2D(2, (3, 3))
colour.build((None, None, None, 3))
two = Conv2D(1, (3, 3))
two.build((None, None, None, 1))
two.weights = [*two.weights, Weights(3, 3, 1, 1)]
"""
IMAGE = np.random.default_rng(5).normal(0, 9, (20, 23))
KERNEL = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, -9]])
LAID = {"batched": "images (1, 1, H, W), kernels (1, 1, h, w)", "last": "images (1, H, W, 1), kernels (h, w, 1, 1)"}


@pytest.fixture(scope="module")
def host():
    """One process for all of them."""
    return HostProcess()


@pytest.fixture(autouse=True)
def modules(tmp_path, monkeypatch):
    (tmp_path / "arrays.py").write_text(ARRAYS)
    (tmp_path / "tensors.py").write_text(TENSORS)
    (tmp_path / "keras.py").write_text(KERAS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def called(host, name, settings=None, arguments=""):
    order = parse_arguments(arguments) if arguments else None
    return CallableProcess(name, settings or {}, 60.0, order, host)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain", "f(image, kernel)"),
        ("swapped", "f(kernel, image)"),
        ("lists", "f(image, kernel)"),
        ("by_name", "f(photo=image, taps=kernel)"),
        ("behind_others", "f(photo=image, kernel=kernel)"),
        ("positions", "f(image, kernel)"),
        ("make", "f(kernel)(image)"),
        ("Filter", "f(kernel)(image)"),
        ("batched", f"f(image, kernel) with {LAID['batched']}"),
        ("channels_last", f"f(image, kernel) with {LAID['last']}"),
        ("one_channel", "f(image, kernel) with images (H, W, 1), kernels (h, w)"),
    ],
)
def test_arrays(host, name, words):
    function = called(host, f"arrays:{name}")
    for weights in (KERNEL, KERNEL[:, :2]):
        assert np.array_equal(function(IMAGE, weights), fakes.correlation(IMAGE, weights))
    assert function.words == words


def test_names_say_which_is_the_kernel_where_results_do_not(host):
    """Both orders give results of one size, and one is the other turned."""
    function = called(host, "arrays:full")
    assert np.array_equal(function(IMAGE, KERNEL)[1:-1, 1:-1], fakes.correlation(IMAGE, KERNEL))
    assert function.words == "f(kernel, image)"


def test_a_refused_kernel_decides_nothing(host):
    function = called(host, "arrays:odd_only")
    with pytest.raises(CorrconvError, match="even"):
        function(IMAGE, KERNEL[:2])
    assert function.words == ""
    assert np.array_equal(function(IMAGE, KERNEL), fakes.correlation(IMAGE, KERNEL))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conv2d", f"f(image, kernel) with tensors of float64, {LAID['batched']}"),
        ("single", f"f(kernel, image) with tensors of float32, {LAID['batched']}"),
        ("flat", "f(image, kernel) with tensors of float64"),
        ("learning", f"f(image, kernel) with tensors of float64, {LAID['batched']}"),
        ("Given", f"f(kernel)(image) with tensors of float64, {LAID['batched']}"),
        ("layer", "a module, its weights set, its bias 0"),
        ("grouped", "a module, its weights set, its bias 0"),
        ("network", "a module, its weights set, its bias 0"),
        ("Fixed", "a class of modules, weights set, bias 0"),
        ("nn.Conv2d", "a class of modules, weights set, bias 0"),
    ],
)
def test_tensors_and_modules(host, name, words):
    pytest.importorskip("torch")
    function = called(host, f"tensors:{name}", {"padding": "same"} if name == "nn.Conv2d" else None)
    assert np.allclose(function(IMAGE, KERNEL), fakes.correlation(IMAGE, KERNEL), rtol=1e-5, atol=1e-4)
    assert function.words == words


def test_modules_that_cannot_be_probed_say_why(host):
    pytest.importorskip("torch")
    for name, settings, message in (
        ("layer", {}, "its kernel is 3x3"),
        ("two", {}, "2 layers with kernels of two dimensions"),
        ("layer", {"padding": 1}, "takes no settings"),
    ):
        with pytest.raises(CorrconvError, match=message):
            called(host, f"tensors:{name}", settings)(IMAGE, KERNEL[:2])


@pytest.mark.parametrize("name", ["layer", "colour", "Conv2D", "Conv2D first", "DepthwiseConv2D"])
def test_layers_of_keras(name):
    name, _, first = name.partition(" ")
    function = called(None, f"keras:{name}", {"data_format": "channels_first"} if first else None)
    assert np.array_equal(function(IMAGE, KERNEL), fakes.correlation(IMAGE, KERNEL))
    made = name in {"layer", "colour"}
    assert function.words == (
        "a layer, its weights set, its bias 0" if made else "a class of layers, weights set, bias 0"
    )


def test_layers_of_keras_that_cannot_be_probed_say_why():
    for name, message in (("layer", "its kernel is 3x3"), ("two", "it has 2 kernels of two dimensions")):
        with pytest.raises(CorrconvError, match=message):
            called(None, f"keras:{name}")(IMAGE, KERNEL[:2])


def test_settings_and_several_callables_in_one_process(host):
    plain, times = called(host, "arrays:swapped"), called(host, "arrays:Filter", {"times": 2})
    for _ in range(2):
        assert np.array_equal(plain(IMAGE, KERNEL) * 2, times(IMAGE, KERNEL))


def test_an_order_that_is_given_is_kept(host):
    given = called(host, "arrays:swapped", arguments="b=image,a=kernel")
    assert np.array_equal(given(IMAGE, KERNEL), fakes.correlation(IMAGE, KERNEL))
    assert given.words == "f(b=image, a=kernel)"
    # The image as a kernel: sizes would tell that, but they are not asked.
    assert called(host, "arrays:swapped", arguments="image,kernel")(IMAGE, KERNEL).shape == (3, 3)
    assert [str(it) for it in parse_arguments("w=kernel, image")] == ["image", "w=kernel"]
    for text in ("kernel", "kernel,kernel", "image,mask", "1=image,kernel", "kernel,image,image"):
        with pytest.raises(CorrconvError, match="write kernel,image"):
            parse_arguments(text)


def test_a_file_is_imported_with_its_folder_and_the_answer_says_the_form(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "neighbour.py").write_text("from fakes import correlation\n")
    (tmp_path / "sub" / "mine.py").write_text("import neighbour\ndef f(w, x): return neighbour.correlation(x, w)\n")
    said = run("probe", "sub/mine.py:f").stdout
    assert "called as   f(kernel, image): it takes the kernel first" in said
    assert "computes    correlation" in said
    assert json.loads(run("probe", "sub/mine.py:f", "--args", "kernel,image", "--json").stdout)["called_as"] == (
        "f(kernel, image)"
    )
    assert "is no file that is there" in trouble(run("probe", "sub/absent.py:f"))
    assert "needs a TARGET" in trouble(run("probe", "--args", "kernel,image"))
    assert "placeholders" in trouble(run("probe", "--command", "x {image} {kernel}", "--args", "kernel,image"))
    assert "leave out the order" in trouble(run("probe", "PIL.ImageFilter.Kernel", "--args", "kernel,image"))


def test_forms_that_end_the_process_are_passed_over(tmp_path):
    (tmp_path / "fragile.py").write_text(
        "import ctypes\nfrom fakes import correlation\n"
        "def crashing(a, b):\n    if len(a) > len(b): ctypes.string_at(0)\n    return correlation(b, a)\n"
    )
    function = called(None, "fragile:crashing")
    assert np.array_equal(function(IMAGE, KERNEL), fakes.correlation(IMAGE, KERNEL))
    assert function.words == "f(kernel, image)"
