"""Results into an array of the caller's, and arrays that are not loaded in silence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from corrconv import CorrconvError, convolve, correlate
from corrconv.errors import InputTypeError

GRID = np.random.default_rng(3).integers(0, 256, (3, 13, 11), dtype=np.uint8)
KERNEL = [[1, 2, 0], [0, -3, 5]]


@pytest.mark.parametrize("function", [correlate, convolve])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32"])
def test_out_holds_what_is_returned_without_it(function, axis, dtype):
    image = np.moveaxis(GRID, 0, axis)
    for order in ("C", "F"):
        whole = function(image, KERNEL, channel_axis=axis, dtype=dtype, stride=2)
        out = np.full(whole.shape, 99, dtype, order=order)
        assert function(image, KERNEL, channel_axis=axis, dtype=dtype, stride=2, out=out) is out
        assert_array_equal(out, whole)


def test_out_may_be_a_memory_map(tmp_path):
    out = np.lib.format.open_memmap(tmp_path / "out.npy", "w+", np.float64, (14, 13))
    correlate(GRID[0], KERNEL, output_size="full", out=out)
    out.flush()
    assert_array_equal(np.load(tmp_path / "out.npy"), correlate(GRID[0], KERNEL, output_size="full"))


def test_an_out_that_does_not_fit_is_refused():
    floats = GRID[0].astype(float)
    locked = np.empty((13, 11))
    locked.flags.writeable = False
    for out, said in [
        (np.empty((13, 10)), r"the results are float64 of shape \(13, 11\)"),
        (np.empty((13, 11), np.float32), "out is float32"),
        (locked, "read-only"),
        (floats, "shares memory"),
        ([[0.0]], "a list"),
    ]:
        with pytest.raises(CorrconvError, match=said):
            correlate(floats, KERNEL, out=out)


@pytest.mark.parametrize(("package", "make"), [("xarray", "DataArray"), ("zarr", "array")])
def test_lazy_arrays_are_refused_by_name(package, make):
    module = pytest.importorskip(package)
    with pytest.raises(InputTypeError, match=f"the image is a {package} .*loaded whole.*load it yourself"):
        correlate(getattr(module, make)(GRID[0]), KERNEL)


def test_a_lazy_kernel_is_refused_by_name():
    array = pytest.importorskip("dask.array")
    with pytest.raises(InputTypeError, match=r"the kernel is a dask Array.*kernel.compute\(\)"):
        correlate(GRID[0], array.ones((3, 3)))


class Foreign:
    """An array of somebody else's."""

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("loaded in silence")


class Chunked(Foreign):
    chunks = (4, 4)


class OnDevice(Foreign):
    def __dlpack_device__(self):
        return 2, 0


class Reluctant(Foreign):
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no numbers\nfor you")


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        (Chunked(), "Chunked in chunks, which would be loaded whole"),
        (OnDevice(), "OnDevice in the memory of another device"),
        (Reluctant(), r"gives NumPy no numbers \(no numbers for you\)"),
    ],
)
def test_arrays_of_others_are_refused_by_name(foreign, said):
    with pytest.raises(InputTypeError, match=said):
        correlate(foreign, KERNEL)
    with pytest.raises(InputTypeError, match=said):
        correlate(GRID[0], foreign)


def test_tensors_in_memory_are_filtered_as_they_are():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(GRID[0])
    assert_array_equal(correlate(tensor, KERNEL), correlate(GRID[0], KERNEL))
    with pytest.raises(InputTypeError, match=r"torch Tensor that gives NumPy no numbers .*detach"):
        correlate(tensor.to(torch.float32).requires_grad_(), KERNEL)
    with pytest.raises(InputTypeError, match="torch Tensor"):
        correlate(torch.empty((3, 3), device="meta"), KERNEL)
