"""The engines at work on pictures and kernels large enough for strips, groups, tiles and transforms."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from corrconv.core.engines.tiles import TileLoader
from corrconv.core.factors import factorize
from corrconv.core.filtering import ENGINES, filter_array, prepare_filtering
from corrconv.core.kernel import Kernel
from corrconv.core.layout import lay
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Engine, Operation, OutputSize
from corrconv.errors import CorrconvError

RANDOM = np.random.default_rng(7)
NDIMAGE_NAMES = {
    Boundary.CONSTANT: "constant",
    Boundary.EDGE: "nearest",
    Boundary.REFLECT: "mirror",
    Boundary.SYMMETRIC: "reflect",
    Boundary.WRAP: "grid-wrap",
}
SHAPES = [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3), (4, 7), (5, 5), (11, 11), (16, 16), (31, 31), (33, 8)]


def whole(*shape: int, low: int = -9, high: int = 10) -> np.ndarray:
    return RANDOM.integers(low, high, shape)


def by_ndimage(image: np.ndarray, kernel: Kernel, boundary: Boundary, fill: float = 0) -> np.ndarray:
    """Correlation by SciPy, whose origin is counted from side // 2."""
    origin = [cell - side // 2 for cell, side in zip(kernel.anchor, kernel.shape, strict=True)]
    return ndimage.correlate(
        image.astype(np.float64), kernel.weights, mode=NDIMAGE_NAMES[boundary], cval=fill, origin=origin
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_large_kernels_on_whole_numbers_are_exact(engine: Engine, shape: tuple[int, int]) -> None:
    kernel = Kernel(whole(*shape), anchor=(shape[0] // 3, shape[1] - 1))
    image = whole(70, 103, low=0, high=256).astype(np.uint8)
    for boundary in Boundary:
        options = Options(engine=engine, boundary=boundary, fill=5)
        result = filter_array(image, kernel, Operation.CORRELATION, options)
        assert_array_equal(result, by_ndimage(image, kernel, boundary, fill=5), err_msg=boundary)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 3), (6, 5), (15, 15), (31, 31)], ids=lambda shape: f"{shape[0]}x{shape[1]}")
def test_real_numbers_are_right_to_rounding(engine: Engine, dtype: type, shape: tuple[int, int]) -> None:
    kernel = Kernel(RANDOM.standard_normal(shape))
    image = RANDOM.random((130, 201)).astype(dtype)
    result = filter_array(image, kernel, Operation.CORRELATION, Options(engine=engine))
    assert result.dtype == dtype
    # Rounding grows with the square root of the number of additions on random numbers: 10 such steps.
    allowed = 10 * np.finfo(dtype).eps * np.sqrt(kernel.weights.size) * np.sqrt((kernel.weights**2).sum())
    assert_allclose(result, by_ndimage(image, kernel, Boundary.REFLECT), rtol=0, atol=allowed)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stride", [(1, 2), (2, 1), (3, 4)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
def test_strides_and_dilations_of_three_channels(engine: Engine, stride: tuple, dilation: tuple) -> None:
    kernel, image = Kernel(whole(5, 7)), whole(90, 111, 3)
    spread = np.zeros((4 * dilation[0] + 1, 6 * dilation[1] + 1))
    spread[:: dilation[0], :: dilation[1]] = kernel.weights
    options = Options(engine=engine, stride=stride, dilation=dilation)
    result = filter_array(image, kernel, Operation.CONVOLUTION, options, channel_axis=-1)
    for channel in range(3):
        expected = ndimage.convolve(image[:, :, channel].astype(float), spread, mode="mirror")
        assert_array_equal(result[:, :, channel], expected[:: stride[0], :: stride[1]])


@pytest.mark.parametrize("engine", ENGINES)
def test_wide_pictures_are_cut_into_columns_too(engine: Engine) -> None:
    image, kernel = whole(20, 9001, low=0).astype(np.uint8), Kernel(whole(7, 7))
    filtering = prepare_filtering(image[:, :, np.newaxis], kernel, Operation.CORRELATION, Options(engine=engine))
    assert filtering.plan.tile[1] < 9001
    result = filter_array(image, kernel, Operation.CORRELATION, Options(engine=engine))
    assert_array_equal(result, by_ndimage(image, kernel, Boundary.REFLECT))


@pytest.mark.parametrize("side", [3, 5, 9, 17, 41])
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_auto_leaves_what_sees_no_nan_untouched(side: int, poison: float) -> None:
    image = RANDOM.random((120, 130))
    kernel = Kernel(RANDOM.standard_normal((side, side)))
    clean = filter_array(image, kernel, Operation.CORRELATION, Options(boundary=Boundary.CONSTANT))
    image[60, 70] = poison
    result = filter_array(image, kernel, Operation.CORRELATION, Options(boundary=Boundary.CONSTANT))
    rows, columns = np.nonzero(~np.isfinite(result))
    reach = side // 2
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (60 - reach, 60 + reach, 70 - reach, 70 + reach)
    assert len(rows) == side * side
    assert_allclose(result[np.isfinite(result)], clean[np.isfinite(result)], rtol=0, atol=1e-11)


@pytest.mark.parametrize("engine", [Engine.MATMUL, Engine.SEPARABLE, Engine.FFT])
def test_an_engine_asked_for_refuses_nan(engine: Engine) -> None:
    image = np.array([[1.0, np.nan], [3.0, 4.0]])
    with pytest.raises(CorrconvError, match=f"engine {engine} needs finite numbers.*use engine auto or direct"):
        filter_array(image, Kernel([[1, 1], [1, 1]]), Operation.CORRELATION, Options(engine=engine))


def test_fft_of_whole_numbers_is_rounded_to_the_exact_sums_or_refused() -> None:
    image = whole(200, 200, low=0, high=2**16).astype(np.uint16)
    kernel = Kernel(whole(21, 21, low=-(2**10), high=2**10))
    exact = filter_array(image, kernel, Operation.CORRELATION, Options(engine=Engine.DIRECT))
    assert_array_equal(filter_array(image, kernel, Operation.CORRELATION, Options(engine=Engine.FFT)), exact)
    with pytest.raises(CorrconvError, match="engine fft cannot keep whole numbers this large exact"):
        filter_array(image, kernel.scaled(2**17), Operation.CORRELATION, Options(engine=Engine.FFT))


def test_terms_add_up_to_the_kernel() -> None:
    for weights in (whole(4, 6), np.outer(whole(5), whole(3)), np.zeros((2, 3)), RANDOM.standard_normal((5, 4))):
        terms = factorize(weights.astype(np.float64))
        assert terms is not None
        together = sum(np.outer(term.column, term.row) for term in terms)
        assert_allclose(together, weights, rtol=0, atol=1e-14)
    assert len(factorize(np.outer([2.0, 4, 6], [3.0, 6, 9])) or ()) == 1
    low_rank = RANDOM.standard_normal((9, 2)) @ RANDOM.standard_normal((2, 9))
    assert len(factorize(low_rank) or ()) == 2
    assert factorize(RANDOM.standard_normal((9, 9)), most=3) is None


@pytest.mark.parametrize("output_size", OutputSize)
def test_convolution_turns_the_kernel_and_its_anchor(output_size: OutputSize) -> None:
    image, kernel = whole(40, 50), Kernel(whole(4, 6), anchor=(0, 4))
    options = Options(output_size=output_size)
    assert_array_equal(
        filter_array(image, kernel, Operation.CONVOLUTION, options),
        filter_array(image, kernel.turned(), Operation.CORRELATION, options),
    )


@pytest.mark.parametrize("side", [3, 9, 31])
@pytest.mark.parametrize("channels", [1, 3])
def test_memory_beside_input_and_output_stays_small(side: int, channels: int) -> None:
    image = np.zeros((1000, 1500, channels), np.float32)
    kernel = Kernel(RANDOM.standard_normal((side, side)))
    filtering = prepare_filtering(image, kernel, Operation.CORRELATION, Options(threads=2))
    output = np.empty(filtering.output_shape, np.float32)
    tracemalloc.start()
    try:
        filtering.run_into(output)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_a_tile_takes_no_memory_for_pixels_that_it_does_not_read() -> None:
    image = np.zeros((50, 100_000, 1), np.float32)
    layout = lay((50, 100_000), Kernel(np.ones((151, 3))), Operation.CORRELATION, Options())
    sources = layout.rows.sources(layout.boundary), layout.columns.sources(layout.boundary)
    loader = TileLoader(image, layout, image.dtype, sources)
    for tile in ((slice(0, 50), slice(0, 100)), (slice(0, 50), slice(500, 600))):
        tracemalloc.start()
        try:
            padded = loader.load(tile, writable=True)
            assert tracemalloc.get_traced_memory()[1] < 4 * padded.nbytes
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (8, 7), (7, 8), (9, 7), (60, 1), (61, 1)])
def test_row_by_row_and_strips_are_exact_on_either_side_of_the_limit(shape: tuple[int, int], dtype: type) -> None:
    kernel, image = Kernel(whole(*shape)), whole(75, 90).astype(dtype)
    result = filter_array(image, kernel, Operation.CORRELATION, Options(engine=Engine.MATMUL))
    assert_array_equal(result, by_ndimage(image, kernel, Boundary.REFLECT))
