"""Ports to command-line tools and to MATLAB: the printed script, run where the tool is, gives what the source gives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from corrconv.commands.port.matlab_script import matlab_places
from corrconv.commands.port.study import port
from corrconv.commands.port.view import snippet
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.model import BorderRule, Side
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.function import ShellText
from corrconv.libraries.registry import conventions, function_named, library_functions

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


@pytest.mark.parametrize("target", ["matlab.conv2", "matlab.filter2"])
def test_matlab_scripts_run(target, tmp_path):
    octave = shutil.which("octave-cli") or shutil.which("octave")
    if octave is None:
        pytest.skip("Octave is not installed")
    Image.fromarray(IMAGE).save(tmp_path / "in.png")
    for source in ("cv2.filter2D", "scipy.signal.convolve2d", "torch.nn.functional.conv_transpose2d"):
        script = snippet(port(EVEN, conventions()[source], function_named(target)))
        script += "\ndlmwrite('out.csv', result);"
        subprocess.run([octave, "--eval", script], cwd=tmp_path, check=True, env=dict(os.environ))
        result = np.loadtxt(tmp_path / "out.csv", delimiter=",")
        assert np.array_equal(result, apply_convention(IMAGE.astype(float), EVEN, conventions()[source]))
