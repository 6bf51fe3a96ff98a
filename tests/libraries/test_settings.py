"""Settings behind a name: the convention with them computes what the function does with them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from corrconv.commands.port.study import port, run_port
from corrconv.commands.port.view import snippet
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import convention_named, function_named, library_functions, parse_function

IMAGE = np.random.default_rng(0).integers(0, 20, (11, 13)).astype(float)
SHAPES = ((3, 3), (2, 2), (4, 3), (2, 5), (5, 4))
PLAIN = [
    "cv2.filter2D ddepth=CV_64F",
    "cv2.filter2D anchor=(0,1) borderType=BORDER_REPLICATE delta=3",
    "kornia.filters.filter2d behaviour=conv",
    "kornia.filters.filter2d border_type=circular",
    "astropy.convolution.convolve boundary=extend",
    "astropy.convolution.convolve fill_value=3 normalize_kernel=False nan_treatment=fill",
    "scipy.ndimage.convolve mode=mirror origin=-1",
    "scipy.ndimage.correlate mode=constant cval=4 origin=(0,-1)",
    "scipy.signal.convolve2d mode=full boundary=symm",
    "scipy.signal.correlate mode=valid",
    "skimage.filters.correlate_sparse mode=nearest",
    "jax.lax.conv padding=SAME_LOWER",
    "onnxruntime.Conv auto_pad=VALID",
    "mahotas.convolve mode=mirror",
    "dask_image.ndfilters.convolve mode=nearest",
    "dask_image.ndfilters.correlate origin=(0,-1)",
    "SimpleITK.Convolution boundaryCondition=PERIODIC_PAD",
    "cv2.filter2D anchor=(-1,0)",
    "cv2.filter2D anchor=(1,-1)",
    "torch.nn.functional.conv2d dilation=2",
]
STRIDED = [
    "torch.nn.functional.conv2d padding=1 stride=2 dilation=2",
    "torch.nn.functional.conv2d padding=(2,1) stride=(1,3)",
    "torch.nn.functional.conv_transpose2d stride=2 padding=1 output_padding=1",
    "torch.nn.functional.conv_transpose2d stride=3 dilation=2",
    "onnxruntime.Conv pads=(1,0,2,1) strides=2 dilations=2",
    "onnxruntime.ConvTranspose strides=2 pads=(1,0,0,1) output_padding=1",
]
HALVED = [
    "jax.lax.conv window_strides=2",
    "jax.lax.conv window_strides=(2,3) padding=SAME_LOWER",
    "onnxruntime.Conv strides=2",
    "onnxruntime.Conv strides=2 auto_pad=SAME_LOWER",
]


def cases(text):
    """Kernels that the function takes with these settings, what it gives with them, and its convention."""
    function, settings = parse_function(text)
    pytest.importorskip(function.runner.module)
    convention = convention_named(text)
    target = function.runner.target(function.name, settings)
    random = np.random.default_rng(1)
    for shape in SHAPES:
        if convention.accepts(shape):
            weights = random.integers(1, 9, shape).astype(float)
            with warnings.catch_warnings(action="ignore"):  # torch has words for even kernels
                yield Kernel(weights), target.run(IMAGE.copy(), weights), convention


@pytest.mark.peer
@pytest.mark.parametrize("text", [*PLAIN, *STRIDED, *HALVED])
def test_a_configured_convention_computes_what_the_function_does(text):
    for kernel, result, convention in cases(text):
        made = apply_convention(IMAGE, kernel, convention)
        assert made.shape == result.shape
        assert np.allclose(made, result, rtol=1e-5)


@pytest.mark.peer
@pytest.mark.parametrize("text", STRIDED)
@pytest.mark.parametrize("name", ["scipy.signal.convolve2d", "torch.nn.functional.conv2d", "cv2.filter2D"])
def test_strided_and_transposed_convolutions_are_ported(text, name):
    """By the model, and by running what is printed."""
    pytest.importorskip(function_named(name).runner.module)
    for kernel, result, convention in cases(text):
        ported = port(kernel, convention, function_named(name))
        assert np.allclose(run_port(IMAGE, ported), result, rtol=1e-5)
        names = {"image": IMAGE}
        with warnings.catch_warnings(action="ignore"):
            exec(snippet(ported), names)
        assert names["result"].shape == result.shape
        assert np.allclose(names["result"], result, rtol=1e-5)


def test_a_port_says_strides_where_the_function_has_them():
    kernel = Kernel([[1, 2, 3], [4, 5, 6]])
    source = convention_named("onnxruntime.Conv pads=(1,2,1,2) strides=2 dilations=(2,1)")
    ported = port(kernel, source, function_named("torch.nn.functional.conv2d"))
    assert ported.direct
    assert ported.settings == {"padding": (1, 2), "stride": (2, 2), "dilation": (2, 1)}
    assert port(kernel, convention_named("onnxruntime.Conv strides=2"), function_named("jax.lax.conv")).direct
    transposed = convention_named("onnxruntime.ConvTranspose strides=2 pads=(1,0,1,0)")
    assert port(kernel, transposed, function_named("torch.nn.functional.conv_transpose2d")).direct


def test_what_settings_cannot_be_is_said():
    for text, message in {
        "scipy.ndimage.convolve mod=mirror": r"has no setting 'mod' here; there are mode, cval, origin",
        "scipy.ndimage.convolve mode=replicate": r"mode=replicate is no border there; it has reflect, constant",
        "scipy.ndimage.convolve mirror": r"takes its settings as NAME=VALUE",
        "matlab.imfilter replicated": r"imfilter has no option 'replicated'; it has replicate, symmetric",
        "torch.nn.functional.conv2d stride=2": r"no padding=same with a stride",
        "torch.nn.functional.conv_transpose2d stride=2 output_padding=2": r"output_padding=2 must be smaller than the",
        "onnxruntime.Conv dilations=2": r"has no auto_pad=SAME_UPPER with dilations; say pads",
        "jax.lax.conv padding=same": r"same is no padding that is known here; there are SAME, SAME_LOWER, VALID",
        "vips.conv precision=integer": r"is known without settings",
        "cv2.sepFilter2D": r"follows no convention of ours",
    }.items():
        with pytest.raises(CorrconvError, match=message):
            convention_named(text)


def test_words_of_matlab():
    assert str(convention_named("matlab.imfilter replicate conv").borders) == "edge"
    assert convention_named("matlab.imfilter replicate conv").operation == "convolution"
    assert str(convention_named("matlab.imfilter 7").borders) == "constant 7"
    assert convention_named("matlab.conv2 full").output_size == "full"


def test_every_word_for_a_border_is_one_that_its_function_takes():
    """Each of them chosen by its setting, against the function itself."""
    for function in library_functions().values():
        words = function.borders
        if words is None or function.configure is None or not hasattr(function.runner, "module"):
            continue
        if not function.installed:
            continue
        for word in words.words:
            settings = {words.option: word}
            if function.name == "astropy.convolution.convolve":
                settings |= {"normalize_kernel": False, "nan_treatment": "fill"}
            if "scipy.signal" in function.name:
                settings |= {"mode": "same"}
            kernel = Kernel([[1, 2, 0], [3, 4, 1], [0, 2, 5]])
            made = apply_convention(IMAGE, kernel, function.configured(settings))
            result = function.runner.target(function.name, settings).run(IMAGE.copy(), kernel.weights.copy())
            assert np.allclose(made, result, rtol=1e-5), (function.name, word)
