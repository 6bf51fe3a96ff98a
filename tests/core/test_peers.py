"""Other libraries as second witnesses: the same numbers under the names that they use."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from corrconv.core.filtering import convolve, correlate
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Boundary, Operation, OutputSize

DOOR = {Operation.CORRELATION: correlate, Operation.CONVOLUTION: convolve}

# Odd, even, mixed and single sides, up to the sides of the image below.
KERNEL_SHAPES = [(1, 1), (1, 2), (2, 2), (3, 3), (2, 3), (3, 4), (4, 1), (5, 6)]


@pytest.fixture
def image():
    return np.random.default_rng(11).integers(-99, 100, (6, 8)).astype(np.float64)


@pytest.fixture(params=KERNEL_SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def weights(request):
    return np.random.default_rng(12).integers(-9, 10, request.param).astype(np.float64)


def cells(weights):
    """Every cell, each a possible anchor."""
    return list(np.ndindex(*weights.shape))


NDIMAGE_NAMES = {
    Boundary.CONSTANT: "constant",
    Boundary.EDGE: "nearest",
    Boundary.REFLECT: "mirror",
    Boundary.SYMMETRIC: "reflect",
    Boundary.WRAP: "wrap",
}


@pytest.mark.parametrize("boundary", Boundary)
def test_scipy_ndimage_with_every_origin(image, weights, boundary):
    peers = {Operation.CORRELATION: scipy.ndimage.correlate, Operation.CONVOLUTION: scipy.ndimage.convolve}
    for (operation, peer), anchor in product(peers.items(), cells(weights)):
        # The cell over the output pixel is k // 2 + origin for both functions.
        origin = [cell - side // 2 for cell, side in zip(anchor, weights.shape, strict=True)]
        expected = peer(image, weights, mode=NDIMAGE_NAMES[boundary], cval=7, origin=origin)
        found = DOOR[operation](image, weights, boundary=boundary, fill=7, anchor=anchor)
        assert (found == expected).all(), (operation, anchor)


def test_scipy_ndimage_by_default_is_symmetric_and_centred(image, weights):
    assert (correlate(image, weights, boundary="symmetric") == scipy.ndimage.correlate(image, weights)).all()
    assert (convolve(image, weights, boundary="symmetric") == scipy.ndimage.convolve(image, weights)).all()


@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize(("boundary", "name"), [("constant", "fill"), ("symmetric", "symm"), ("wrap", "wrap")])
def test_scipy_signal_2d_puts_even_kernels_on_the_lower_cell(image, weights, boundary, name, output_size):
    peers = {Operation.CORRELATION: scipy.signal.correlate2d, Operation.CONVOLUTION: scipy.signal.convolve2d}
    for operation, peer in peers.items():
        expected = peer(image, weights, mode=output_size.value, boundary=name, fillvalue=7)
        options = {"boundary": boundary, "fill": 7, "output_size": output_size, "anchor": "lower"}
        assert (DOOR[operation](image, weights, **options) == expected).all(), operation


@pytest.mark.parametrize("output_size", OutputSize)
def test_scipy_signal_correlate_is_centred_where_its_convolve_is_lower(image, weights, output_size):
    options = {"boundary": "constant", "output_size": output_size}
    expected = scipy.signal.correlate(image, weights, mode=output_size.value, method="direct")
    assert (correlate(image, weights, anchor="center", **options) == expected).all()
    expected = scipy.signal.convolve(image, weights, mode=output_size.value, method="direct")
    assert (convolve(image, weights, anchor="lower", **options) == expected).all()


@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
def test_numpy_on_one_row(output_size, side):
    row, line = np.array([3, 1, 4, 1, 5, 9, 2]), np.arange(1, side + 1)
    options = {"boundary": "constant", "output_size": output_size}
    found = correlate([row], [line], anchor="center", **options)
    assert found[0].tolist() == np.correlate(row, line, output_size.value).tolist()
    found = convolve([row], [line], anchor="lower", **options)
    assert found[0].tolist() == np.convolve(row, line, output_size.value).tolist()


OPENCV_BORDERS = {
    Boundary.CONSTANT: cv2.BORDER_CONSTANT,
    Boundary.EDGE: cv2.BORDER_REPLICATE,
    Boundary.REFLECT: cv2.BORDER_REFLECT_101,
    Boundary.SYMMETRIC: cv2.BORDER_REFLECT,
}


@pytest.mark.parametrize("boundary", OPENCV_BORDERS)
def test_opencv_with_every_anchor(image, weights, boundary):
    border = OPENCV_BORDERS[boundary]
    for row, column in cells(weights):
        kernel = Kernel(weights, (row, column))
        expected = cv2.filter2D(image, -1, weights, anchor=(column, row), borderType=border)
        assert (correlate(image, kernel, boundary=boundary) == expected).all(), (row, column)
        # True convolution in OpenCV: the kernel flipped, and the anchor with it.
        rows, columns = weights.shape
        turned_anchor = (columns - 1 - column, rows - 1 - row)
        expected = cv2.filter2D(image, -1, cv2.flip(weights, -1), anchor=turned_anchor, borderType=border)
        assert (convolve(image, kernel, boundary=boundary) == expected).all(), (row, column)


def test_opencv_by_default_is_our_default(image, weights):
    assert (correlate(image, weights) == cv2.filter2D(image, -1, weights)).all()


def test_opencv_template_matching_is_valid_correlation(image, weights):
    expected = cv2.matchTemplate(image.astype(np.float32), weights.astype(np.float32), cv2.TM_CCORR)
    found = correlate(image, weights, output_size="valid")
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(weights).sum() * 99)  # OpenCV goes through a DFT


@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
@pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
def test_torch_conv2d_with_stride_and_dilation(image, weights, stride, dilation):
    torch = pytest.importorskip("torch")
    padded = np.pad(image, 8, mode="wrap")  # so that every dilated kernel fits
    both = {"stride": stride, "dilation": dilation}
    batch, filters = (torch.from_numpy(array)[None, None] for array in (padded, weights))
    expected = torch.nn.functional.conv2d(batch, filters, **both)[0, 0].numpy()
    assert (correlate(padded, weights, output_size="valid", **both) == expected).all()


TORCH_NAMES = {Boundary.EDGE: "replicate", Boundary.REFLECT: "reflect", Boundary.WRAP: "circular"}


@pytest.mark.parametrize("boundary", TORCH_NAMES)
def test_torch_padding_around_conv2d(image, weights, boundary):
    torch = pytest.importorskip("torch")
    (top, left), (rows, columns) = (side // 2 for side in weights.shape), weights.shape
    around = (left, columns - 1 - left, top, rows - 1 - top)
    batch, filters = (torch.from_numpy(array)[None, None] for array in (image, weights))
    padded = torch.nn.functional.pad(batch, around, mode=TORCH_NAMES[boundary])
    expected = torch.nn.functional.conv2d(padded, filters)[0, 0].numpy()
    assert (correlate(image, weights, boundary=boundary) == expected).all()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_torch_same_padding_puts_even_kernels_on_the_lower_cell(image, weights):
    torch = pytest.importorskip("torch")
    batch, filters = (torch.from_numpy(array)[None, None] for array in (image, weights))
    expected = torch.nn.functional.conv2d(batch, filters, padding="same")[0, 0].numpy()
    assert (correlate(image, weights, boundary="constant", anchor="lower") == expected).all()


def test_torch_transposed_conv2d_is_full_convolution(image, weights):
    torch = pytest.importorskip("torch")
    batch, filters = (torch.from_numpy(array)[None, None] for array in (image, weights))
    expected = torch.nn.functional.conv_transpose2d(batch, filters)[0, 0].numpy()
    assert (convolve(image, weights, boundary="constant", output_size="full") == expected).all()
