"""--like is equal to the last bit, at 8 and at 16 bits, by random kernels with fractional weights.

Where a library's sums depend on the processor, the claim is one unit, and the reason stands in the convention.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from measure_conventions import weights
from PIL import __version__ as pillow_version
from shell import run
from tool_runs import Work, results

from corrconv.commands.explain.like_study import explain_like
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.numbers import Doubt
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.command_lines import Tool
from corrconv.libraries.function import PythonFunction
from corrconv.libraries.registry import conventions, library_functions, target_named

pytestmark = pytest.mark.peer

SHAPES = ((3, 3), (5, 5), (3, 5), (1, 3), (3, 1), (2, 2), (2, 3), (4, 4), (7, 7))
WHOLE = [
    "scipy.ndimage.correlate",
    "scipy.ndimage.convolve",
    "dask_image.ndfilters.correlate",
    "dask_image.ndfilters.convolve",
    "cv2.filter2D",
    "PIL.ImageFilter.Kernel",
    "mahotas.convolve",
]
TOOLS = [
    "imagemagick.convolve",
    "imagemagick.correlate",
    "imagemagick.-convolve",
    "graphicsmagick.-convolve",
    "netpbm.pnmconvol",
    "ffmpeg.convolution",
    "sharp.convolve",
    "jimp.convolute",
    "image-js.directConvolution",
    "resvg.feConvolveMatrix",
    "java.awt.image.ConvolveOp",
]


def cases(name, dtype, count, seed=0):
    """Pictures and kernels that the function takes; some pictures are flat, where noise decides about each pixel."""
    random = np.random.default_rng(seed)
    shapes = [shape for shape in SHAPES if conventions()[name].accepts(shape)]
    for number in range(count):
        picture = random.integers(0, np.iinfo(dtype).max + 1, (13, 17)).astype(dtype)
        if number % 5 == 4:
            picture[:] = picture[0, 0]
        ours = weights(shapes[number % len(shapes)], random)
        yield picture, np.abs(ours) if doubtful(name, ours, picture) else ours


def largest_deviation(name, target, dtype, count):
    deviations = [
        np.abs(target.run(image, ours).astype(float) - apply_convention(image, Kernel(ours), conventions()[name])).max()
        for image, ours in cases(name, dtype, count)
    ]
    return max(deviations)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("name", WHOLE)
def test_python_functions_to_the_last_bit(name, dtype):
    pytest.importorskip(library_functions()[name].runner.module)
    if (name, dtype) == ("PIL.ImageFilter.Kernel", "uint16") and int(pillow_version.partition(".")[0]) < 13:
        pytest.skip("Pillow 13 was measured; older ones filter 8-bit pictures only")
    allowed = 1 if name == "cv2.filter2D" else 0
    assert largest_deviation(name, target_named(name, {}), dtype, 20 if name.startswith("dask") else 300) <= allowed


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("name", TOOLS)
def test_tools_to_the_last_bit(name, dtype):
    function, convention = library_functions()[name], conventions()[name]
    if not function.installed:
        pytest.skip(f"{name}: no {function.runner.needs} on PATH")
    if not convention.takes(np.dtype(dtype)):
        pytest.skip(f"{name} takes no {dtype} pictures")
    # A script filters all pictures in one process; a command takes one for each.
    given = cases(name, dtype, 25 if function.text else 150)
    whole = function.runner.command.whole_kernels
    works = [Work(picture, Kernel(np.rint(ours * 20) if whole else ours), {}) for picture, ours in given]
    works = [
        work for work in works if abs(work.kernel.sum) > 0.05 and not doubtful(name, work.kernel.weights, work.image)
    ]  # see below
    for work, made in zip(works, results(function, works), strict=True):
        off = np.abs(made.astype(float) - apply_convention(work.image, work.kernel, convention)).max()
        assert off <= (1 if name == "java.awt.image.ConvolveOp" else 0), (work.kernel, dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_imfilter_to_one_unit_and_whole_sums_to_the_last_bit(dtype):
    """By Octave, which stands in for MATLAB."""
    loads = ["octave-cli", "--eval", "pkg load image"]
    if shutil.which("octave-cli") is None or subprocess.run(loads, check=False).returncode:
        pytest.skip("no Octave with its image package")
    imfilter = library_functions()["matlab.imfilter"]
    works = [Work(picture, Kernel(ours), {}) for picture, ours in cases("matlab.imfilter", dtype, 200)]
    works += [replace(work, kernel=Kernel(np.rint(work.kernel.weights * 9) / 2)) for work in works]
    for work, made in zip(works, results(imfilter, works), strict=True):
        said = imfilter.convention.caveat(work.kernel, work.image.dtype)
        off = np.abs(made.astype(float) - apply_convention(work.image, work.kernel, imfilter.convention)).max()
        assert off <= ("one unit" in said)


def test_pixels_that_a_tool_does_not_take_are_refused_or_spoken_of():
    assert {name for name in TOOLS if conventions()[name].pixels == ("uint8",)} == {
        "sharp.convolve",
        "jimp.convolute",
        "resvg.feConvolveMatrix",
        "java.awt.image.ConvolveOp",
    }
    for name in TOOLS:
        convention, image = conventions()[name], np.full((9, 9), 200, dtype=np.uint8)
        kernel = Kernel(np.ones((3, 3)))
        assert apply_convention(image, kernel, convention).dtype == np.uint8
        assert not convention.caveat(Kernel([[1.0]]), image.dtype)
        for wide in [np.int16, np.int32, *([] if "uint16" in convention.pixels else [np.uint16])]:
            with pytest.raises(
                CorrconvError, match=rf"{name} takes uint8.* pictures, and these pixels are {wide.__name__}"
            ):
                apply_convention(image.astype(wide), kernel, convention)
        for numbers, shown in {"float64": "before they are rounded", "int64": "without the limits"}.items():
            assert shown in convention.caveat(kernel, np.dtype(numbers))
            apply_convention(image.astype(numbers), kernel, convention)


@pytest.mark.parametrize("command", ["apply", "explain", "compare"])
def test_numbers_that_a_tool_does_not_take_are_spoken_of(command, tmp_path):
    others = {
        "apply": ("-o", tmp_path / "out.npy"),
        "explain": ("--at", "1,1"),
        "compare": ("--like", "jimp.convolute"),
    }
    said = run(command, "[1 2 3; 4 5 6; 7 8 9]", "box", "--like", "sharp.convolve", *map(str, others[command])).stderr
    assert "sharp.convolve takes uint8 pictures only; of int64 numbers these are its sums without" in said


def doubtful(name, given, image):
    """Whether the convention says so for other reasons than the order of sums."""
    convention = conventions()[name]
    said = "itself may differ" in convention.caveat(Kernel(given), image.dtype)
    return convention.doubt is not Doubt.ROUNDED_SUMS and said


@pytest.mark.parametrize("suffix", ["pgm", "pgm16"])
def test_pnmconvol_takes_a_border_from_the_row_above_for_equal_rows(suffix):
    tool, convention = library_functions()["netpbm.pnmconvol"].runner, conventions()["netpbm.pnmconvol"]
    if not tool.installed:
        pytest.skip("no pnmconvol on PATH")
    dtype = np.dtype("uint16" if suffix == "pgm16" else "uint8")
    target = replace(tool, command=replace(tool.command, image_format=suffix)).target("pnmconvol", {})
    random = np.random.default_rng(5)
    for rows, columns in ((1, 3), (3, 3), (5, 3), (3, 5), (1, 7)):
        image = random.integers(0, np.iinfo(dtype).max + 1, (13, 17)).astype(dtype)
        given = Kernel(np.tile(random.dirichlet(np.ones(columns)) / rows, (rows, 1)))
        assert "row above" in convention.caveat(given, dtype)
        expected = apply_convention(image, given, convention)
        late = slice(rows // 2 + 1, 13 - rows // 2)
        above = np.roll(image, 1, axis=0)
        for border in (slice(0, columns // 2), slice(17 - columns // 2, 17)):
            expected[late, border] = above[late, border]
        assert np.array_equal(target.run(image, given.weights), expected)
    assert not convention.caveat(Kernel([[1.0], [2], [3]]), dtype)


def test_mahotas_is_doubtful_with_negative_weights_of_wide_pixels_only():
    mahotas, wide = conventions()["mahotas.convolve"], np.dtype("uint16")
    assert "negative weights become large ones" in mahotas.caveat(Kernel([[3.0, -1.5]]), wide)
    assert not mahotas.caveat(Kernel([[3.0, -0.5]]), wide)  # cut off to 0
    assert not any(mahotas.caveat(Kernel([[3.0, -1.5]]), np.dtype(name)) for name in ("uint8", "int16", "float64"))


def test_what_makes_no_difference_is_not_summed_again():
    """Whole weights are exact in any order: the sums of the fast engines are used as they are."""
    image = np.random.default_rng(1).integers(0, 256, (20, 30), dtype=np.uint8)
    for name in (*WHOLE, *TOOLS):
        summing = conventions()[name].numbers_of(image.dtype).summing
        if summing is None:  # sums of whole numbers
            assert conventions()[name].whole_weights
            continue
        assert summing.is_exact(np.array([[1.0, -2, 0.25]]), 255) or summing.steps > 1 or summing.unit > 1
        assert not summing.is_exact(np.array([[0.1, 0.2]]), 255)


def test_mahotas_cuts_weights_off_in_apply_and_in_explain():
    """With numbers of 64 bits, which a float64 cannot hold all: what fits is not wrapped around."""
    image, ours = np.array([[10, 20, 30], [40, 50, 60]]), Kernel([[1.5, 2, 0.5]])
    mahotas = conventions()["mahotas.convolve"]
    assert apply_convention(image, ours, mahotas).tolist() == [[30, 50, 80], [120, 140, 170]]
    assert explain_like(image[:, :, np.newaxis], ours, mahotas, at=(1, 1)).pixel == 40 + 2 * 50


def test_every_whole_number_convention_is_tested_here():
    ours = {
        name
        for name, function in library_functions().items()
        if function.computes and function.computes.numbers.dtype == "image" and function.runner
    }
    assert ours == {*WHOLE, *TOOLS}
    assert all(isinstance(library_functions()[name].runner, PythonFunction) for name in WHOLE)
    assert all(isinstance(library_functions()[name].runner, Tool) for name in TOOLS)
