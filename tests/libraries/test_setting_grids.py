"""Settings in many combinations, on real pictures and 8-bit ones: what the function itself gives."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
from PIL import Image
from tool_runs import Work, results

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.kernel import Kernel
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError
from corrconv.libraries.command_lines import run_command
from corrconv.libraries.gegl import AS_THEY_ARE
from corrconv.libraries.registry import convention_named, library_functions

pytestmark = pytest.mark.peer

IMAGE = np.random.default_rng(0).integers(0, 20, (11, 13)).astype(float)


def border_words(name):
    return list(library_functions()[name].borders.words)


OF_NDIMAGE = {
    "mode": border_words("scipy.ndimage.correlate"),
    "cval": [0.0, 3.0],
    "origin": [0, (0, -1), (1, 0), (-1, 1), -1],
}
OF_SIGNAL = {
    "mode": ["same", "full", "valid"],
    "boundary": border_words("scipy.signal.convolve2d"),
    "fillvalue": [0.0, 4.0],
}
GRIDS = {
    "scipy.ndimage.correlate": OF_NDIMAGE,
    "scipy.ndimage.convolve": OF_NDIMAGE,
    "dask_image.ndfilters.correlate": OF_NDIMAGE,
    "dask_image.ndfilters.convolve": OF_NDIMAGE,
    "scipy.signal.correlate2d": OF_SIGNAL,
    "scipy.signal.convolve2d": OF_SIGNAL,
    "numpy.correlate": {"mode": ["same", "full", "valid"]},
    "numpy.convolve": {"mode": ["same", "full", "valid"]},
    "torch.nn.functional.conv2d": {
        "padding": ["same", "valid", 0, 1, (2, 1), 3],
        "stride": [1, 2, (1, 3)],
        "dilation": [1, 2, (3, 1)],
    },
    "torch.nn.functional.conv_transpose2d": {
        "stride": [1, 2, (3, 2)],
        "padding": [0, 1, (2, 0)],
        "output_padding": [0, 1, (1, 0)],
        "dilation": [1, 2, (1, 3)],
    },
    "onnxruntime.Conv": {
        "auto_pad": ["SAME_UPPER", "SAME_LOWER", "VALID"],
        "strides": [1, 2, (2, 3)],
        "dilations": [1, 2, (3, 1)],
    },
    "onnxruntime.ConvTranspose": {
        "strides": [1, 2, (3, 2)],
        "pads": [(0, 0, 0, 0), (1, 0, 2, 1)],
        "output_padding": [0, 1, (1, 0)],
        "dilations": [1, 2, (1, 3)],
    },
    "kornia.filters.filter2d": {"border_type": border_words("kornia.filters.filter2d"), "behaviour": ["corr", "conv"]},
    "mahotas.convolve": {"mode": border_words("mahotas.convolve")},
    "SimpleITK.Convolution": {"boundaryCondition": border_words("SimpleITK.Convolution")},
    "skimage.filters.correlate_sparse": {"mode": border_words("skimage.filters.correlate_sparse")},
    "cv2.filter2D": {
        "ddepth": [-1, "CV_16S", "CV_32F", "CV_64F"],
        "anchor": [(-1, -1), (0, 1), (1, 0), (2, 2), (-1, 0)],
        "delta": [0.0, 3.0],
        "borderType": border_words("cv2.filter2D"),
    },
}


def combinations(grid, count, random):
    """So many of all combinations of the settings of a grid."""
    every = list(product(*grid.values()))
    places = random.choice(len(every), min(count, len(every)), replace=False)
    return [dict(zip(grid, every[place], strict=True)) for place in places]


@pytest.mark.parametrize("name", GRIDS)
def test_a_function_gives_what_its_convention_says(name):
    """What the convention refuses is refused there too, but for kernels that cover no pixel of `valid`."""
    function, random, compared = library_functions()[name], np.random.default_rng(7), 0
    pytest.importorskip(function.runner.module)
    for settings in combinations(GRIDS[name], 24, random):
        run = function.runner.target(function.name, settings).run
        shape = (1 if name.startswith("numpy") else random.integers(1, 6), random.integers(1, 6))
        weights = random.integers(1, 9, shape) / (1 if name.startswith("mahotas") else 16)
        for dtype in ("float64", "uint8", *(["uint16", "float32"] if name == "cv2.filter2D" else [])):
            image = random.integers(0, 200, IMAGE.shape).astype(dtype)
            with warnings.catch_warnings(action="ignore"):
                try:
                    made = apply_convention(image, Kernel(weights), function.configured(settings))
                except CorrconvError:
                    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever a library raises
                        run(image, weights)
                    continue
                if not function.configured(settings).takes(image.dtype):
                    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever a library raises
                        run(image, weights)
                    continue
                result = np.asarray(run(image.copy(), weights.copy()))
            assert made.shape == result.shape, (settings, shape)
            assert np.allclose(made, result, rtol=1e-5, atol=1e-4), (settings, shape, dtype)
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize(
    "text", ["scipy.ndimage.correlate origin=(1,0)", "cv2.filter2D anchor=(0,1)", "imagemagick.correlate origin=(0,1)"]
)
def test_anchors_outside_the_kernel_are_refused(text):
    assert apply_convention(IMAGE, Kernel(np.ones((3, 3))), convention_named(text)).shape == IMAGE.shape
    with pytest.raises(CorrconvError, match="refuses anchors outside the kernel, and cell 1,"):
        apply_convention(IMAGE, Kernel(np.ones((1, 5))), convention_named(text))


@pytest.mark.parametrize("name", ["numpy.correlate", "numpy.convolve"])
def test_the_longer_vector_decides_in_numpy(name):
    kernel = Kernel(np.ones((1, 14)))
    assert apply_convention(IMAGE, kernel, convention_named(f"{name} mode=full")).shape == (11, 26)
    with pytest.raises(CorrconvError, match=r"another size where the kernel is larger than the picture: .* 1x14"):
        apply_convention(IMAGE, kernel, convention_named(name))


@pytest.mark.parametrize("boundary", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["gmic.correlate", "gmic.convolve"])
def test_even_kernels_in_gmic(name, boundary):
    """With zeros outside, correlations of 2x2 and 4x4 begin a pixel later than those of other shapes."""
    function, random = library_functions()[name], np.random.default_rng(boundary)
    if not function.installed:
        pytest.skip("no gmic on PATH")
    kernels = [Kernel(random.integers(1, 9, shape).astype(float)) for shape in ((2, 2), (2, 3), (4, 4))]
    works = [Work(IMAGE, kernel, {"boundary": boundary}) for kernel in kernels]
    for work, made in zip(works, results(function, works), strict=True):
        assert np.array_equal(made, apply_convention(IMAGE, work.kernel, function.configured(work.settings)))


@pytest.mark.parametrize("border", border_words("gegl.convolution-matrix"))
def test_the_grid_of_gimp(border, tmp_path):
    """Correlations of real numbers, whose kernel may lie anywhere in the grid; others are laid on linear light."""
    function, random = library_functions()["gegl.convolution-matrix"], np.random.default_rng(5)
    if not function.installed:
        pytest.skip("no gegl on PATH")
    Image.fromarray(IMAGE.astype(np.float32)).save(tmp_path / "in.tif")
    for shape, anchor in (((5, 5), (2, 2)), ((2, 3), (0, 1)), ((4, 1), (2, 0))):
        kernel = Kernel(random.integers(-9, 10, shape) / 8, anchor)
        cells = [*AS_THEY_ARE.split(), *write_kernel(kernel, Notation.GIMP).split(), f"border={border}"]
        run_command(["env", "GEGL_THREADS=1", "gegl", "in.tif", "-o", "out.npy", "--", *cells], tmp_path, 20)
        made = apply_convention(IMAGE, kernel, function.configured({"border": border, "anchor": anchor}))
        assert np.allclose(np.load(tmp_path / "out.npy")[:, :, 0], made, rtol=1e-5, atol=1e-4), (shape, anchor)
