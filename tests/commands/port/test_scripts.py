"""Ports to command-line tools and to MATLAB: the printed script, run where the tool is, gives what the source gives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from corrconv.commands.port.matlab_script import matlab_places
from corrconv.commands.port.study import port
from corrconv.commands.port.view import snippet
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.model import BorderRule, Side
from corrconv.core.kernel import Kernel
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.function import ShellText
from corrconv.libraries.registry import conventions, function_named, library_functions

pytestmark = pytest.mark.peer

IMAGE = np.random.default_rng(3).integers(0, 10, (9, 11), dtype=np.uint8)
SKEW = Kernel([[1, 2, 0], [3, 4, 1], [0, 2, -1]])
SOBEL = Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]], name="sobel")
EVEN = Kernel([[1, 2], [3, 5]])
WIDE = Kernel([[1, 2, 3, 4], [0, 5, 6, -2]])
BLUR = Kernel(np.outer([1, 2, 1], [1, 2, 2]) / 20)
LARGE = Kernel([[1, 0, 2, 0, -1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [3, 0, 0, -4, 0], [0, 0, -3, 0, 0]])
TOOLS = {name: it for name, it in library_functions().items() if isinstance(it.text, ShellText)}
KERNELS = {
    "imagemagick.-convolve": (SOBEL,),
    "graphicsmagick.-convolve": (SOBEL,),
    "ffmpeg.convolution": (SOBEL, LARGE),
    "netpbm.pnmconvol": (SKEW, BLUR),
}
SOURCES = ("scipy.signal.convolve2d", "scipy.ndimage.correlate", "cv2.filter2D", "torch.nn.functional.conv_transpose2d")


def script_runner(target):
    """What runs a script in a folder, or a skip where the tool is not here."""
    shell = shutil.which("bash")
    program = TOOLS[target].runner.program
    if program is None or shell is None:
        pytest.skip(f"{target} is not installed")
    if target == "netpbm.pnmconvol" and shutil.which("pngtopnm") is None:
        pytest.skip("Netpbm's pngtopnm is not installed")

    def run(script, folder):
        script = script.replace("\nmagick ", f"\n{program} ").replace("python3 - ", f"{sys.executable} - ")
        done = subprocess.run([shell, "-ec", script], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return np.asarray(Image.open(next(folder.glob("out.*")))).astype(float)

    return run


@pytest.mark.parametrize("target", TOOLS)
def test_scripts_give_what_the_source_gives(target, tmp_path):
    run = script_runner(target)
    Image.fromarray(IMAGE).save(tmp_path / "in.png")
    kernels = KERNELS.get(target, (SKEW, WIDE, BLUR, EVEN))
    for index, source in enumerate(SOURCES):
        kernel = kernels[index % len(kernels)]
        expected = apply_convention(IMAGE.astype(float), kernel, conventions()[source])
        result = run(snippet(port(kernel, conventions()[source], function_named(target))), tmp_path)
        assert result.shape == expected.shape, source
        if TOOLS[target].text.suffix == "tif":
            assert np.allclose(result, expected, rtol=1e-6, atol=1e-4), source
        else:
            # 8-bit pictures hold whole numbers; ImageMagick cuts its 16 bits down to them
            tolerance = 0 if (expected % 1 == 0).all() else 1
            assert np.abs(result - np.clip(expected, 0, 255)).max() <= tolerance, source


def test_the_border_is_told_where_the_tool_knows_it():
    script = snippet(port(EVEN, conventions()["scipy.ndimage.convolve"], function_named("imagemagick.convolve")))
    assert script.splitlines()[-2:] == [
        "magick in.png -virtual-pixel Mirror \\",
        "  -morphology Convolve '2x2+1+1: 1,2 3,5' out.png",
    ]
    script = snippet(port(SOBEL, conventions()["vips.conv"], function_named("gmic.correlate")))
    assert script == "gmic -v 0 in.png '(1,0,-1;2,0,-2;1,0,-1)' \\\n  correlate[0] [1],1 keep[0] -output out.tif,float"


@pytest.mark.parametrize(
    ("kernel", "target", "message"),
    [
        (EVEN, "graphicsmagick.-convolve", "takes square kernels with odd sides, and kernel is 2x2"),
        (EVEN, "netpbm.pnmconvol", "takes kernels with odd sides"),
        (WIDE, "imagemagick.-convolve", "takes square kernels, and kernel is 2x4"),
        (SKEW, "imagemagick.-convolve", "cannot do this, because it divides by the kernel's sum"),
        (EVEN, "PIL.ImageFilter.Kernel", "takes kernels of 3x3, 5x5"),
        (SOBEL.scaled(0.1), "ffmpeg.convolution", "whole numbers only and divides by their sum"),
        (Kernel([[np.pi, 0, 0], [0, -np.pi, 0], [0, 0, 0]]), "ffmpeg.convolution", "whole numbers only"),
    ],
)
def test_what_a_tool_cannot_do_is_said(kernel, target, message):
    with pytest.raises(CorrconvError, match=message):
        snippet(port(kernel, conventions()["cv2.filter2D"], function_named(target)))


@pytest.mark.parametrize("rule", ["edge", "reflect", "symmetric", "wrap"])
def test_matlab_indices_are_numpys_padding(rule):
    side = Side(BorderRule(rule))
    written = matlab_places(2, 3, side, side)[1:-1].replace("1:end", " ".join(map(str, range(1, 7)))).split()
    places = [eval(word.replace("end", "6")) for word in written]
    assert places == np.pad(np.arange(1, 7), (2, 3), mode=rule).tolist()


def test_matlab_scripts():
    script = snippet(port(SKEW, conventions()["scipy.ndimage.convolve"], function_named("matlab.imfilter")))
    assert script.splitlines() == [
        "image = double(imread('in.png'));",
        "kernel = [-1 2 0; 1 4 3; 0 2 1];",
        "padded = image;",
        "result = imfilter(padded, kernel, 'symmetric', 'same');",
    ]
    script = snippet(port(EVEN, conventions()["cv2.filter2D"], function_named("matlab.conv2")))
    assert script.splitlines()[1:] == [
        "kernel = [5 3; 2 1];",
        "padded = image([2 1:end], [2 1:end]);",
        "result = conv2(padded, kernel, 'same');",
        "result = result(1:0+size(image, 1), 1:0+size(image, 2));",
    ]


@pytest.fixture(scope="module")
def octave():
    """Octave with its image package, or a skip."""
    program = shutil.which("octave-cli") or shutil.which("octave")
    if program is None:
        pytest.skip("Octave is not installed")
    done = subprocess.run([program, "--eval", "pkg load image"], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("Octave has no image package")
    return program


def by_octave(octave, scripts, folder):
    """The results of MATLAB scripts, run one after the other."""
    Image.fromarray(IMAGE).save(folder / "in.png")
    lines = ["pkg load image"]
    for number, script in enumerate(scripts):
        lines += [script, f"dlmwrite('out{number}.csv', double(result), 'precision', 17);"]
    (folder / "port.m").write_text("\n".join(lines))
    done = subprocess.run([octave, "port.m"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [np.loadtxt(folder / f"out{number}.csv", delimiter=",", ndmin=2) for number in range(len(scripts))]


def test_matlab_scripts_run(octave, tmp_path):
    asked = [
        (kernel, source, target)
        for target in ("matlab.conv2", "matlab.filter2", "matlab.imfilter")
        for source in ("cv2.filter2D", "scipy.signal.convolve2d", "torch.nn.functional.conv_transpose2d")
        for kernel in (EVEN, WIDE, SKEW)
    ]
    scripts = [snippet(port(kernel, conventions()[source], function_named(target))) for kernel, source, target in asked]
    for result, (kernel, source, target) in zip(by_octave(octave, scripts, tmp_path), asked, strict=True):
        expected = apply_convention(IMAGE.astype(float), kernel, conventions()[source])
        assert np.array_equal(result, expected), (target, source)


def test_matlab_numbers_run(octave, tmp_path):
    """Rounding and saturation of whole-number pictures, halves among them."""
    halves = Kernel([[0.5, 0, 0], [0, -3, 0], [0, 0, 40.25]])
    sources = ("cv2.filter2D", "matlab.imfilter", "scipy.ndimage.correlate")
    scripts = []
    for source in sources:
        ported = port(halves, conventions()[source], function_named("matlab.imfilter"))
        scripts.append(snippet(replace(ported, exact="uint8")))
    for result, source in zip(by_octave(octave, scripts, tmp_path), sources, strict=True):
        assert np.array_equal(result, apply_convention(IMAGE, halves, conventions()[source])), source


def test_matlab_gradients_run(octave, tmp_path):
    """Octave's border is another one than MATLAB's: the inside is compared."""
    sobel, down = zoo_kernel("sobel"), zoo_kernel("sobel:axis=y")
    source = conventions()["scipy.ndimage.correlate"]
    scripts = []
    for kernel in (sobel, down):
        function = function_named("matlab.imgradientxy", own=True)
        settings = function.own.settings(kernel, {})
        script = snippet(port(kernel, source, function, settings))
        # There real images lie between 0 and 1.
        scripts.append(script.replace("imread('in.png'));", "imread('in.png')) / 16;"))
    for result, kernel in zip(by_octave(octave, scripts, tmp_path), (sobel, down), strict=True):
        expected = apply_convention(IMAGE.astype(float), kernel, source)
        assert np.array_equal(16 * result[1:-1, 1:-1], expected[1:-1, 1:-1])
