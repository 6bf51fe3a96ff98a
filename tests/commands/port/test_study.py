"""A port gives what the source gives: by the model for every pair, and by running the snippet where both are here."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from corrconv.commands.port.measure import measure
from corrconv.commands.port.sources import PortSource
from corrconv.commands.port.study import port, run_port
from corrconv.commands.port.view import snippet
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.geometry import AnchorRule, AxisAnchor
from corrconv.core.convention.model import BorderRule, Borders, Convention, Side
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.function import PythonText
from corrconv.libraries.registry import convention_named, conventions, function_named, library_functions

pytestmark = pytest.mark.peer

IMAGE = np.random.default_rng(3).integers(0, 256, (14, 17)).astype(float)
KERNELS = [Kernel([[1, 2, 3], [4, 5, 6], [7, 8, -9]]), Kernel([[1, 2], [3, 5]]), Kernel([[1, 2, 3, 4], [5, 6, 7, -8]])]
FUNCTIONS = library_functions()
PYTHON = [name for name, function in FUNCTIONS.items() if isinstance(function.text, PythonText)]
# Where results are single precision, and where they are whole numbers kept within 0..255.
SINGLE = (
    "onnxruntime.Conv",
    "jax.lax.conv",
    "jax.scipy.signal.correlate2d",
    "jax.scipy.signal.convolve2d",
    "pyvips.Image.conv",
)


@pytest.mark.parametrize("source", conventions())
@pytest.mark.parametrize("kernel", KERNELS, ids=["3x3", "2x2", "2x4"])
def test_every_pair_by_the_model(source, kernel):
    if not conventions()[source].accepts(kernel.shape):
        pytest.skip("a kernel that it does not take")
    expected = apply_convention(IMAGE, kernel, conventions()[source])
    targets = [target for target in conventions().values() if target.accepts(kernel.shape)]
    for target in targets:
        ported = port(kernel, conventions()[source], FUNCTIONS[target.name])
        assert np.allclose(run_port(IMAGE, ported), expected, rtol=1e-12, atol=1e-9), target.name


@pytest.mark.parametrize("target", PYTHON)
@pytest.mark.parametrize(
    "source", ["scipy.signal.convolve2d", "scipy.ndimage.correlate", "cv2.filter2D", "PIL.ImageFilter.Kernel"]
)
def test_snippets_run(source, target):
    """The printed Python, executed, against the source library itself where it takes real pictures."""
    pytest.importorskip(FUNCTIONS[target].runner.module)
    for kernel in KERNELS:
        if not conventions()[source].accepts(kernel.shape) or not conventions()[target].accepts(kernel.shape):
            continue
        names = {"image": IMAGE}
        with warnings.catch_warnings(action="ignore"):  # torch has words for even kernels
            exec(snippet(port(kernel, conventions()[source], FUNCTIONS[target])), names)
        if source != "PIL.ImageFilter.Kernel":
            module = FUNCTIONS[source].runner.module
            pytest.importorskip(module)
            import_module(module)
            expected = FUNCTIONS[source].runner.target(source, {}).run(IMAGE, kernel.weights)
        else:
            expected = apply_convention(IMAGE, kernel, conventions()[source])
        assert names["result"].shape == expected.shape
        rtol, atol = (1e-6, 1e-3) if target in SINGLE else (1e-9, 1e-7)
        if target == "PIL.ImageFilter.Kernel":
            # whole numbers within 0..255 but where the source's own border, real, was put back
            expected, atol = np.clip(expected, 0, 255), 0.5 + 1e-9
        assert np.allclose(names["result"], expected, rtol=rtol, atol=atol)


def test_snippet_with_another_border_on_each_side():
    pytest.importorskip("scipy")
    borders = Borders(
        Side(BorderRule.CONSTANT, 9), Side(BorderRule.EDGE), Side(BorderRule.REFLECT), Side(BorderRule.CONSTANT, 7)
    )
    source = Convention(
        name="mine", borders=borders, odd_anchor=AnchorRule(AxisAnchor(), AxisAnchor(shift=1)), bias=3, gain=0.5
    )
    for target in (
        FUNCTIONS["scipy.ndimage.convolve"],
        replace(FUNCTIONS["cv2.filter2D"], computes=convention_named("cv2.filter2D").changed(gain=2.0, bias=1)),
    ):
        ported = port(KERNELS[0], source, target)
        expected = apply_convention(IMAGE, KERNELS[0], source)
        assert np.allclose(run_port(IMAGE, ported), expected)
    names = {"image": IMAGE}
    exec(snippet(port(KERNELS[0], source, FUNCTIONS["scipy.ndimage.convolve"])), names)
    assert np.allclose(names["result"], expected)


def test_one_call_where_conventions_agree():
    ported = port(KERNELS[1], convention_named("matlab.filter2"), function_named("scipy.signal.correlate2d"))
    assert ported.direct
    assert not ported.flipped
    assert "np.pad" not in snippet(ported)


def test_what_cannot_be_ported():
    with pytest.raises(CorrconvError, match=r"PIL\.ImageFilter\.Kernel takes kernels of 3x3, 5x5"):
        port(KERNELS[1], convention_named("cv2.filter2D"), function_named("PIL.ImageFilter.Kernel"))
    sobel = Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    divides = r"graphicsmagick\.-convolve cannot do this, because it divides by the kernel's sum"
    with pytest.raises(CorrconvError, match=divides):
        snippet(
            port(
                Kernel([[1, 2, 3], [4, 5, 6], [7, 8, -9]]),
                convention_named("cv2.filter2D"),
                function_named("graphicsmagick.-convolve"),
            )
        )
    with pytest.raises(CorrconvError, match="no snippet is known"):
        snippet(port(sobel, convention_named("cv2.filter2D"), function_named("onnxruntime.ConvTranspose")))


@pytest.mark.parametrize("source", ["tf.nn.conv2d strides=2", "onnxruntime.Conv strides=(3,2) auto_pad=SAME_LOWER"])
@pytest.mark.parametrize("target", ["torch.nn.functional.conv2d", "scipy.ndimage.convolve", "scipy.signal.correlate2d"])
def test_pads_that_depend_on_the_size_are_made_for_each_size(source, target):
    """TensorFlow's SAME with a stride, in libraries that pad all sides alike: the lines serve pictures of any size."""
    pytest.importorskip(FUNCTIONS[target].runner.module)
    source = convention_named(source)
    for kernel in (*KERNELS, Kernel([[1, 2, 3]])):
        ported = port(kernel, source, FUNCTIONS[target])
        assert not ported.direct
        for rows, columns in ((14, 17), (13, 16), (15, 15)):
            image = np.arange(rows * columns).reshape(rows, columns) % 37 + 1.0
            expected = apply_convention(image, kernel, source)
            assert np.allclose(run_port(image, ported), expected, rtol=1e-12, atol=1e-9)
            names = {"image": image}
            exec(snippet(ported), names)
            assert np.allclose(names["result"], expected, rtol=1e-12, atol=1e-9)


def test_scripts_of_tools_cannot_make_pads_for_each_size():
    ported = port(KERNELS[0], convention_named("jax.lax.conv window_strides=2"), FUNCTIONS["matlab.imfilter"])
    with pytest.raises(CorrconvError, match=r"depends on the picture's size, .* or port to Python"):
        snippet(ported)


def test_a_source_that_fails_by_itself_is_one_line():
    """What a library refuses though its convention does not, as where it lacks what this processor has."""

    def failing(image, kernel):
        raise ValueError("no such instruction")

    usual = FUNCTIONS["scipy.ndimage.correlate"]
    function = replace(usual, runner=replace(usual.runner, call=failing))
    found = PortSource(function=function, settings={}, kernel=KERNELS[0], convention=function.convention)
    ported = port(KERNELS[0], function.convention, usual)
    with pytest.raises(CorrconvError, match="does not take this kernel: ValueError: no such instruction"):
        measure(found, ported, snippet(ported))
