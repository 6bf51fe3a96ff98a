"""The engines at work on pictures and kernels large enough for strips, tiles and transforms."""

from __future__ import annotations

import multiprocessing
import os
import tracemalloc
import warnings
from dataclasses import replace
from threading import get_ident
from time import sleep

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from corrconv.core.decision import prepare_filtering
from corrconv.core.engines.direct import count_passes, list_passes
from corrconv.core.engines.ready import ENGINES
from corrconv.core.engines.strips import banded
from corrconv.core.engines.tiles import Scratch, Tile, TileLoader, fresh_memory
from corrconv.core.factors import Factors, factorize
from corrconv.core.filtering import filter_array
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
@pytest.mark.parametrize("columns", [3, 7])
def test_strides_and_dilations_of_three_channels(engine: Engine, stride: tuple, dilation: tuple, columns: int) -> None:
    kernel, image = Kernel(whole(5, columns)), whole(90, 111, 3)
    spread = np.zeros((4 * dilation[0] + 1, (columns - 1) * dilation[1] + 1))
    spread[:: dilation[0], :: dilation[1]] = kernel.weights
    options = Options(engine=engine, stride=stride, dilation=dilation)
    result = filter_array(image, kernel, Operation.CONVOLUTION, options, channel_axis=-1)
    for channel in range(3):
        expected = ndimage.convolve(image[:, :, channel].astype(float), spread, mode="mirror")
        assert_array_equal(result[:, :, channel], expected[:: stride[0], :: stride[1]])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weights", [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[1, -2, 1]], [[-3]], [[1], [-1]]])
def test_whole_sums_have_no_negative_zero(engine: Engine, weights: list[list[int]]) -> None:
    for image in (np.zeros((9, 40), int), whole(9, 40, low=-1, high=2) * 2**13):
        result = filter_array(image, Kernel(weights), Operation.CORRELATION, Options(engine=engine))
        assert not np.signbit(result[result == 0]).any()


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


def rebuilt(factors: Factors | None) -> np.ndarray:
    """The kernel whose factors these are."""
    assert factors is not None
    together = sum(np.outer(term.column.astype(float), term.row.astype(float)) for term in factors.terms)
    if factors.lone_cell is not None:
        together[factors.lone_cell] += factors.lone_weight
    return together


def test_terms_add_up_to_the_kernel() -> None:
    for weights in (whole(4, 6), np.outer(whole(5), whole(3)), np.zeros((2, 3)), RANDOM.standard_normal((5, 4))):
        assert_allclose(rebuilt(factorize(weights.astype(np.float64))), weights, rtol=0, atol=1e-14)
    one = factorize(np.outer([2.0, 4, 6], [3.0, 6, 9]))
    assert one is not None
    assert len(one.terms) == 1
    low_rank = RANDOM.standard_normal((9, 2)) @ RANDOM.standard_normal((2, 9))
    two = factorize(low_rank)
    assert two is not None
    assert (len(two.terms), two.lone_cell) == (2, None)
    assert factorize(RANDOM.standard_normal((9, 9)), most=3) is None


@pytest.mark.parametrize("cell", [(3, 4), (2, 1)])
@pytest.mark.parametrize("dtype", [np.float64, np.int16])
def test_a_product_but_for_one_cell_is_found(cell: tuple[int, int], dtype: type) -> None:
    product = np.outer([1, 2, 3, 3, 3, 2, 1], [1, 2, 3, -2, 3, 2, 1, 1, 1]).astype(dtype)
    weights = product * (0.5 if dtype is np.float64 else 1)
    # The largest cell stands out wherever it is, the centre however small it is.
    weights[cell] += -2 if cell == (3, 4) else 50
    factors = factorize(weights)
    assert factors is not None
    assert (len(factors.terms), factors.lone_cell) == (1, cell)
    assert_allclose(rebuilt(factors), weights, rtol=0, atol=1e-14)
    # Whole sums in float32 might not be exact on the way.
    assert factorize(np.rint(2 * weights).astype(np.float32), most=1) is None


@pytest.mark.parametrize(("stride", "dilation"), [((1, 1), (1, 1)), ((2, 3), (1, 2)), ((1, 2), (3, 1))])
@pytest.mark.parametrize("numbers", ["whole", "real"])
def test_the_lone_cell_is_added_where_it_lies(stride: tuple, dilation: tuple, numbers: str) -> None:
    weights = -np.outer([1, 2, 1, 1, 1], [1, 1, 3, 1, 2]).astype(float)
    weights[2, 2] = 12
    image: np.ndarray = whole(60, 70, 3, low=0, high=256).astype(np.uint8)
    if numbers == "real":
        weights, image = weights / 16.3, image / 255
    kernel = Kernel(weights, anchor=(1, 3))
    chosen, defined = (
        filter_array(
            image,
            kernel,
            Operation.CORRELATION,
            Options(engine=engine, stride=stride, dilation=dilation),
            channel_axis=2,
        )
        for engine in (Engine.SEPARABLE, Engine.DIRECT)
    )
    assert_allclose(chosen, defined, rtol=0, atol=0 if numbers == "whole" else 1e-12)


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
        with fresh_memory():
            filtering.run_into(output)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_memory_is_kept_for_the_next_work_of_a_thread_and_never_shared() -> None:
    def address(scratch: Scratch) -> int:
        return scratch.array((1000, 1000)).__array_interface__["data"][0]

    first, second = Scratch(np.dtype(np.float32)), Scratch(np.dtype(np.float64))
    used = {address(first), address(second)}
    assert len(used) == 2
    del second
    third, fourth = Scratch(np.dtype(np.int16)), Scratch(np.dtype(np.int16))
    assert address(third) in used - {address(first)}
    assert address(fourth) not in used
    del third
    with fresh_memory():
        assert address(Scratch(np.dtype(np.int16))) not in used


def test_a_picture_is_filtered_while_another_one_is() -> None:
    image, kernel = RANDOM.random((300, 300, 1)).astype(np.float32), Kernel(RANDOM.random((5, 5)))
    alone = filter_array(image, kernel, Operation.CORRELATION, Options(threads=1), channel_axis=2)
    seen = np.zeros_like(alone)

    def consume(tile: Tile, sums: np.ndarray) -> None:
        filter_array(1 - image, kernel, Operation.CONVOLUTION, Options(threads=1), channel_axis=2)
        seen[tile] = sums

    prepare_filtering(image, kernel, Operation.CORRELATION, Options(threads=1)).run(consume)
    assert_array_equal(seen, alone)


def test_a_tile_takes_no_memory_for_pixels_that_it_does_not_read() -> None:
    image = np.zeros((50, 100_000, 1), np.float32)
    layout = lay((50, 100_000), Kernel(np.ones((151, 3))), Operation.CORRELATION, Options())
    sources = layout.rows.sources(layout.boundary), layout.columns.sources(layout.boundary)
    loader = TileLoader(image, layout, image.dtype, sources)
    for tile in ((slice(0, 50), slice(0, 100)), (slice(0, 50), slice(500, 600))):
        tracemalloc.start()
        try:
            with fresh_memory():
                padded = loader.load(tile, writable=True)
            assert tracemalloc.get_traced_memory()[1] < 4 * padded.nbytes
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (8, 7), (7, 8), (9, 7), (60, 1), (61, 1)])
@pytest.mark.parametrize("rows", [1, 3, 4, 5, 75])
def test_heights_that_are_no_whole_number_of_strips_are_exact(shape: tuple[int, int], rows: int, dtype: type) -> None:
    kernel, image = Kernel(whole(*shape)), whole(rows, 90).astype(dtype)
    for engine in (Engine.MATMUL, Engine.SEPARABLE):
        result = filter_array(image, kernel, Operation.CORRELATION, Options(engine=engine))
        assert_array_equal(result, by_ndimage(image, kernel, Boundary.REFLECT))


@given(weights=arrays(np.int8, (3, 3), elements=st.integers(-20, 20)), data=st.data())
def test_8_bit_sums_in_16_bits_are_exact_up_to_their_limit(weights: np.ndarray, data: st.DataObject) -> None:
    room = 128 - int(np.abs(weights.astype(int)).sum())
    kernel = Kernel(np.where(np.arange(9).reshape(3, 3) == 4, weights.astype(float) + max(room, 0), weights))
    image = data.draw(arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 254, 255])))
    planned = prepare_filtering(image[:, :, np.newaxis], kernel, Operation.CORRELATION, Options(engine=Engine.DIRECT))
    assert planned.plan.precision == ("int16" if kernel.absolute_sum * 255 < 2**15 else "float32")
    result = filter_array(image, kernel, Operation.CORRELATION, Options(engine=Engine.DIRECT))
    assert_array_equal(result, by_ndimage(image, kernel, Boundary.REFLECT))


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize(
    ("stride", "dilation"), [((1, 1), (1, 1)), ((1, 1), (2, 3)), ((2, 3), (1, 1)), ((3, 1), (1, 2))]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_whole_numbers_of_few_bits_are_summed_along_columns_then_rows(
    boundary: Boundary, stride: tuple[int, int], dilation: tuple[int, int], channels: int
) -> None:
    for column, row in (([1, 2, 1], [-1, 0, 1]), ([1, 1, 1, 1], [1, 1, 1]), ([-3, 0, 2], [1, -2]), ([1, 0, 0], [0, 1])):
        kernel = Kernel(np.outer(column, row), anchor=(0, 1))
        image = whole(61, 47, channels, low=0, high=256).astype(np.uint8)
        options = Options(engine=Engine.SEPARABLE, boundary=boundary, fill=7, stride=stride, dilation=dilation)
        assert prepare_filtering(image, kernel, Operation.CORRELATION, options).plan.precision == "int16"
        for operation in Operation:
            result = filter_array(image, kernel, operation, options, channel_axis=-1)
            direct = replace(options, engine=Engine.DIRECT)
            assert_array_equal(result, filter_array(image, kernel, operation, direct, channel_axis=-1))


def test_zeros_of_a_kernel_count_in_the_tiles_that_hold_nan_and_in_no_other() -> None:
    image = whole(1200, 1800).astype(np.float32)[:, ::2]  # not in order: each tile is copied to the same memory
    image[600, 400] = np.nan
    kernel, options = Kernel([[0, 1, 0], [1, 0, 0]]), Options(engine=Engine.DIRECT, threads=1)
    planned = prepare_filtering(image[:, :, np.newaxis], kernel, Operation.CORRELATION, options)
    assert planned.tiles > 4
    result = filter_array(image, kernel, Operation.CORRELATION, options)
    assert_array_equal(np.isnan(result), by_ndimage(np.isnan(image), Kernel(np.ones((2, 3))), Boundary.REFLECT) > 0)


@pytest.mark.parametrize("weights", [np.outer([1, 2, 1], [1, 0, -1]), np.eye(3), np.eye(2, 5)])
@pytest.mark.parametrize("shape", [(700, 3000), (300, 9001)])
def test_tiles_of_many_shapes_in_the_same_memory_do_not_mix(weights: np.ndarray, shape: tuple[int, int]) -> None:
    image, kernel = whole(*shape, low=0, high=256).astype(np.uint8), Kernel(weights)
    options = Options(threads=2)
    planned = prepare_filtering(image[:, :, np.newaxis], kernel, Operation.CORRELATION, options)
    assert planned.plan.precision == "int16"
    assert planned.tiles > 4
    for _ in range(2):
        result = filter_array(image, kernel, Operation.CORRELATION, options)
        assert_array_equal(result, by_ndimage(image, kernel, Boundary.REFLECT))


@pytest.mark.parametrize(
    ("weights", "passes"),
    [
        ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], 6),  # a difference, doubled, and four added as they are
        ([[1, 1, 1]] * 3, 8),
        ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 10),  # 1 product, 3 sums, 1 product, 1 sum, 4 sums
        ([[0, 0], [0, 0]], 1),
        ([[-1]], 1),
    ],
)
def test_equal_weights_are_multiplied_once(weights: list[list[int]], passes: int) -> None:
    for dtype in (np.int16, np.float32):
        given_weights = np.array(weights, dtype)
        assert len(list_passes(given_weights)) == passes
        assert not given_weights.any() or passes <= count_passes(given_weights) + 1


def test_sums_that_would_overflow_before_they_are_multiplied_are_not_taken() -> None:
    image = np.full((4, 4), np.finfo(np.float32).max, np.float32)
    kernel = Kernel(np.full((2, 2), 0.25))
    assert_array_equal(filter_array(image, kernel, Operation.CORRELATION, Options(engine=Engine.DIRECT)), image)


def threads_at_work(image: np.ndarray, threads: int) -> int:
    """How many threads take tiles, where each tile takes a while."""
    seen = set()

    def linger(_tile: object, _sums: object) -> None:
        seen.add(get_ident())
        sleep(0.02)

    kernel = Kernel(np.arange(25.0).reshape(5, 5) ** 2)
    prepare_filtering(image, kernel, Operation.CORRELATION, Options(threads=threads)).run(linger)
    return len(seen)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_threads_that_are_kept_are_made_anew_after_a_fork() -> None:
    image = RANDOM.random((900, 900, 1))
    assert threads_at_work(image, 2) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, for any fork beside threads
        pool = multiprocessing.get_context("fork").Pool(1)
    with pool:
        assert pool.apply_async(threads_at_work, (image, 2)).get(timeout=60) == 2


def test_no_more_threads_work_than_were_asked_for() -> None:
    image = RANDOM.random((900, 900, 1))
    for threads in (1, 3, 2):  # threads that are kept from one call do not help in the next
        assert threads_at_work(image, threads) == threads


@pytest.mark.parametrize(("dtype", "side"), [(np.float32, 31), (np.float64, 91)])
def test_tails_too_small_to_count_make_no_subnormal_products(dtype: type, side: int) -> None:
    # A wide Gaussian of a small sigma ends far below the smallest normal number of its type.
    limits = np.finfo(dtype)
    taps = np.exp(-((np.arange(side) - side // 2) ** 2) / 2.0).astype(dtype)
    matrix = banded(taps, 4, 1, 1)
    kept = matrix[matrix > 0] * limits.eps
    assert taps.min() < limits.smallest_normal <= kept.min()
    assert_allclose(matrix.sum(1), taps.sum(dtype=np.float64), rtol=limits.eps)


@pytest.mark.parametrize("engine", [Engine.MATMUL, Engine.SEPARABLE])
def test_small_taps_that_count_are_kept(engine: Engine) -> None:
    # Of weights that are all small, and beside one that is not too large, none is negligible.
    for column in ([3e-38, 1e-38, 2e-38], [1e-25, 1e-38, 2e-30], [1.0, 1e-29, 2e-29]):
        kernel = Kernel(np.outer(column, [1.0, 2.0, 3.0]))
        image = np.zeros((9, 9), np.float32)
        image[4, 4] = 1e6
        result = filter_array(image, kernel, Operation.CONVOLUTION, Options(engine=engine))
        assert_allclose(result[3:6, 3:6], kernel.weights.astype(np.float32) * np.float32(1e6), rtol=1e-5)
