"""The one door: both operations against their definitions, and the promises of correlate and convolve."""

from __future__ import annotations

import gc
import random
import threading
import weakref
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import oracle
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from strategies import MODERATE_REALS, cases, kernels, operations, rank_one_kernels

from corrconv.commands.compare.study import compare
from corrconv.core.decision import _decide_once, prepare_filtering
from corrconv.core.engines.ready import ENGINES
from corrconv.core.filtering import convolve, correlate, filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Engine, Operation, OutputSize, Precision
from corrconv.core.threads import _pool_of
from corrconv.errors import CorrconvError, InputTypeError, KernelError

DOOR = {Operation.CORRELATION: correlate, Operation.CONVOLUTION: convolve}
DEFINITION = {Operation.CORRELATION: oracle.correlate, Operation.CONVOLUTION: oracle.convolve}

RAMP = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


# Against the definitions


def axis_layouts(boundary, output_size):
    """Every way to lay sides of up to 4 cells along up to 4 pixels: length, side, anchor, stride, dilation."""
    return [
        (length, side, anchor, stride, dilation)
        for length, side, stride, dilation in product((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3), (1, 2))
        for anchor in range(side)
        if output_size is not OutputSize.VALID or dilation * (side - 1) < length
    ]


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize("boundary", Boundary)
def test_every_small_layout_follows_the_definition(boundary, output_size, operation):
    rows = axis_layouts(boundary, output_size)
    columns = random.Random(1).sample(rows, len(rows))  # each layout once on either axis
    numbers = np.random.default_rng(2)
    for (height, kernel_rows, *along_rows), (width, kernel_columns, *along_columns) in zip(rows, columns, strict=True):
        image = numbers.integers(-9, 10, (height, width))
        kernel = numbers.integers(-9, 10, (kernel_rows, kernel_columns))
        anchor, stride, dilation = zip(along_rows, along_columns, strict=True)
        options = {"anchor": anchor, "stride": stride, "dilation": dilation, "boundary": boundary, "fill": 7}
        options["output_size"] = output_size
        expected = DEFINITION[operation](image.tolist(), kernel.tolist(), **options)
        found = DOOR[operation](image, kernel, engine="direct", **options)
        assert found.tolist() == expected, (image, kernel, options)


@pytest.mark.parametrize("engine", [Engine.AUTO, *ENGINES])
@given(data=st.data(), operation=operations)
def test_whole_numbers_follow_the_definition_exactly(engine, data, operation):
    case = data.draw(cases(kernels=rank_one_kernels() if engine is Engine.SEPARABLE else kernels()))
    expected = DEFINITION[operation](
        case.image.tolist(), case.kernel.weights.tolist(), anchor=case.kernel.anchor, **case.options
    )
    assert DOOR[operation](case.image, case.kernel, engine=engine, **case.options).tolist() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(case=cases(MODERATE_REALS, np.float64, kernels(MODERATE_REALS)), operation=operations)
def test_real_numbers_follow_the_definition_within_the_classical_bound(dtype, case, operation):
    # |computed - exact| <= n u / (1 - n u) * sum |weight * pixel|, one rounding more for the weights in this dtype
    # and another for the largest of the numbers that underflow.
    image, weights = case.image.astype(dtype), case.kernel.weights
    assume(not 0 < np.abs(weights).max() < np.finfo(dtype).tiny)  # which is refused
    options = case.options | {"anchor": case.kernel.anchor, "fill": float(dtype(case.options["fill"]))}
    exact_image = [[Fraction(pixel) for pixel in row] for row in image.tolist()]
    exact_kernel = [[Fraction(cell) for cell in row] for row in weights.tolist()]
    exact_fill = {"fill": Fraction(options["fill"])}
    exact = DEFINITION[operation](exact_image, exact_kernel, **(options | exact_fill))
    sizes = oracle_of_magnitudes(exact_image, exact_kernel, operation, options | {"fill": abs(exact_fill["fill"])})
    found = DOOR[operation](image, case.kernel, engine="direct", **options).tolist()
    roundings = (weights.size + 2) * float(np.finfo(dtype).eps) / 2
    underflow = Fraction(float(np.finfo(dtype).tiny)) * weights.size * 1001
    for found_row, exact_row, size_row in zip(found, exact, sizes, strict=True):
        for value, true_value, size in zip(found_row, exact_row, size_row, strict=True):
            assert abs(Fraction(value) - true_value) <= Fraction(roundings / (1 - roundings)) * size + underflow


def oracle_of_magnitudes(image, kernel, operation, options):
    """Σ |weight · pixel|: what the rounding of a sum is measured by."""
    absolute_image = [[abs(pixel) for pixel in row] for row in image]
    absolute_kernel = [[abs(cell) for cell in row] for row in kernel]
    return DEFINITION[operation](absolute_image, absolute_kernel, **options)


@given(case=cases(), operation=operations)
def test_no_option_means_reflect_same_and_the_centre(case, operation):
    expected = DEFINITION[operation](case.image.tolist(), case.kernel.weights.tolist())
    assert DOOR[operation](case.image, case.kernel.weights).tolist() == expected


def test_an_anchor_in_the_call_wins_over_the_kernels_own():
    impulse = [[0, 0, 0, 1, 0, 0, 0]]
    kernel = Kernel([[1, 2, 3, 4]], anchor=(0, 3))
    expected = {
        None: [[1, 2, 3, 4, 0, 0, 0]],
        (0, 0): [[0, 0, 0, 1, 2, 3, 4]],
        "center": [[0, 1, 2, 3, 4, 0, 0]],
        "lower": [[0, 0, 1, 2, 3, 4, 0]],
    }
    for anchor, response in expected.items():
        assert convolve(impulse, kernel, anchor=anchor, boundary="constant").tolist() == response
    assert correlate(impulse, kernel, boundary="constant").tolist() == [[0, 0, 0, 4, 3, 2, 1]]


def test_a_kernel_much_larger_than_the_image():
    ones = np.ones((41, 30))
    assert correlate([[3]], ones).tolist() == [[3 * 41 * 30]]
    assert correlate([[3]], ones, boundary="constant").tolist() == [[3]]
    assert convolve([[1, 2]], ones, boundary="wrap").tolist() == [[41 * (15 * 1 + 15 * 2)] * 2]


def test_fill_is_what_lies_outside():
    assert correlate([[1]], np.ones((3, 3)), boundary="constant", fill=10).tolist() == [[1 + 8 * 10]]
    assert correlate([[1]], np.ones((1, 3)), boundary="constant", fill=0.25).tolist() == [[1 + 2 * 0.25]]
    # Fills of the rows, of the columns and of the corners alike.
    padded = correlate([[0]], [[1, 2], [4, 8]], boundary="constant", fill=1, output_size="full")
    assert padded.tolist() == [[1 + 2 + 4, 1 + 2 + 8], [1 + 4 + 8, 2 + 4 + 8]]


# Tiles and threads


def run_in_tiles(filtering, tile, threads):
    """The result of a filtering computed with this many rows and columns in a tile."""
    result = np.full(filtering.output_shape, np.nan)

    def store(tile, values):
        assert np.isnan(result[tile]).all()  # no output is computed twice
        result[tile] = values

    decision = replace(filtering.decision, plan=replace(filtering.plan, tile=tile, threads=threads))
    replace(filtering, decision=decision).run(store)
    return result[:, :, 0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("options", [{}, {"stride": (2, 3), "dilation": (3, 1)}, {"output_size": OutputSize.FULL}])
def test_tiles_join_without_a_seam(engine, boundary, options):
    image = np.random.default_rng(3).integers(0, 256, (13, 9), dtype=np.uint8)
    kernel = Kernel(np.outer([3, -1, 0, 4, 1], [1, 5, -9]), anchor=(4, 0))  # of rank 1, for every engine
    choices = Options(boundary=boundary, fill=5, engine=engine, **options)
    for operation, define in DEFINITION.items():
        expected = define(
            image.tolist(), kernel.weights.tolist(), anchor=kernel.anchor, boundary=boundary, fill=5, **options
        )
        filtering = prepare_filtering(image[:, :, np.newaxis], kernel, operation, choices)
        for tile in [(1, 1), (1, 20), (2, 3), (3, 2), (4, 5), (7, 1), (20, 4), (20, 20)]:
            assert run_in_tiles(filtering, tile, threads=1 + tile[0] % 3).tolist() == expected, (operation, tile)


@pytest.mark.parametrize("engine", [Engine.AUTO, *ENGINES])
def test_threads_do_not_change_a_bit(engine):
    numbers = np.random.default_rng(4)
    image, kernel = numbers.random((300, 200, 1)), Kernel(np.outer(numbers.random(7), numbers.random(4)))
    filtering = prepare_filtering(image, kernel, Operation.CONVOLUTION, Options(engine=engine))
    results = {run_in_tiles(filtering, (24, 70), threads).tobytes() for threads in (1, 2, 5)}
    assert len(results) == 1


def test_an_error_in_a_tile_reaches_the_caller():
    image = np.zeros((2000, 200), np.uint8)
    image[-1, -1] = 255
    with pytest.raises(CorrconvError, match="do not fit uint8"):
        correlate(image, [[2]], dtype=np.uint8)


# Channels


@pytest.mark.parametrize("channel_axis", [0, 1, 2, -1, -2, -3])
def test_channels_are_filtered_one_by_one_on_any_axis(channel_axis):
    channels = np.random.default_rng(5).integers(0, 9, (4, 5, 6))
    image = np.moveaxis(channels, 0, channel_axis)
    found = correlate(image, RAMP, channel_axis=channel_axis, output_size="full")
    expected = np.stack([correlate(channel, RAMP, output_size="full") for channel in channels], axis=channel_axis)
    assert found.shape == expected.shape
    assert (found == expected).all()


@pytest.mark.parametrize(
    ("shape", "channel_axis", "words"),
    [
        ((), None, "shape \\(\\)"),
        ((4,), None, "2 dimensions"),
        ((4, 4, 3), None, "2 dimensions"),
        ((4, 4), -1, "3 dimensions"),
        ((4, 4, 3, 2), -1, "3 dimensions"),
        ((4, 4, 3), 3, "channel_axis 3"),
        ((4, 4, 3), -4, "channel_axis -4"),
        ((0, 4), None, "empty"),
        ((4, 0), None, "empty"),
        ((0, 0), None, "empty"),
        ((4, 4, 0), -1, "no channels"),
        ((0, 4, 3), -1, "empty"),
    ],
)
def test_shapes_that_are_no_image(shape, channel_axis, words):
    for filter_ in DOOR.values():
        with pytest.raises(CorrconvError, match=words):
            filter_(np.zeros(shape), RAMP, channel_axis=channel_axis)


# Types of numbers


@pytest.mark.parametrize(
    ("image_dtype", "result_dtype"),
    [(name, np.float64) for name in ("bool", "int8", "uint8", "int16", ">u2", "int32", "uint64", ">i8")]
    + [("float16", np.float64), ("float64", np.float64), (">f8", np.float64), ("longdouble", np.float64)]
    + [("float32", np.float32), (">f4", np.float32)],
)
def test_the_result_is_float64_and_float32_for_float32(image_dtype, result_dtype):
    image = np.array([[0, 1], [1, 1]], image_dtype)
    for kernel in ([[1, 2], [3, 4]], [[0.1, 0.2], [0.3, 0.4]]):
        found = correlate(image, kernel, boundary="constant")
        assert found.dtype == np.dtype(result_dtype)
        assert found.dtype.isnative
        expected = np.array(oracle.correlate(image.astype(float).tolist(), kernel, boundary="constant"))
        np.testing.assert_allclose(found, expected, rtol=4 * float(np.finfo(result_dtype).eps))


@pytest.mark.parametrize("asked", ["uint8", "int16", "int64", "uint64", "float16", "float32", "float64", ">i4", int])
def test_the_type_asked_for_is_the_type_given(asked):
    found = correlate(np.array([[1, 2], [3, 4]], np.uint8), [[1, 0], [0, 2]], boundary="constant", dtype=asked)
    assert found.dtype == np.dtype(asked)
    assert found.tolist() == [[2 * 1, 2 * 2], [2 * 3, 1 * 1 + 2 * 4]]


@pytest.mark.parametrize(
    ("image", "kernel", "asked", "words"),
    [
        ([[200]], [[2]], np.uint8, "results from 400 to 400 do not fit uint8 \\(0 to 255\\)"),
        ([[1]], [[-1]], np.uint8, "from -1 to -1"),
        ([[128]], [[1]], np.int8, "do not fit int8"),
        ([[2**62]], [[-1]], np.uint64, "do not fit uint64"),
        ([[3]], [[0.5]], np.int32, "fractions"),
        ([[2**60 + 1]], [[0.5]], np.int64, "cannot be checked for fractions"),
        ([[0.5]], [[1]], np.int32, "whole-number image and kernel"),
        ([[1.0]], [[1]], np.int32, "whole-number image and kernel"),
        ([[1]], [[np.pi]], np.int32, "whole-number image and kernel"),
        ([[70000]], [[1]], np.float16, "too large for float16"),
        ([[1e300]], [[1]], np.float32, "too large for float32"),
        ([[1e308]], [[-1]], np.float16, "too large for float16"),
    ],
)
def test_results_that_the_type_cannot_hold_are_refused(image, kernel, asked, words):
    with pytest.raises(CorrconvError, match=words):
        correlate(image, kernel, dtype=asked)


@pytest.mark.parametrize("asked", [bool, complex, object, str, "datetime64[s]"])
def test_types_that_hold_no_result(asked):
    with pytest.raises(InputTypeError, match="cannot hold the results"):
        correlate([[1]], [[1]], dtype=asked)


def test_limits_of_a_type_are_still_inside():
    assert correlate([[255, 0]], [[1]], dtype=np.uint8).tolist() == [[255, 0]]
    assert correlate([[128, -127]], [[-1]], dtype=np.int8).tolist() == [[-128, 127]]
    assert correlate([[2**63 - 1]], [[1]], dtype=np.int64).tolist() == [[2**63 - 1]]
    assert correlate([[10, 20]], [[0.1]], dtype=np.int8).tolist() == [[1, 2]]
    assert correlate(np.array([[np.inf, -np.inf]]), [[1]], dtype=np.float16).tolist() == [[np.inf, -np.inf]]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((2, 2), complex), "is complex; .* pass its .real"),
        (np.zeros((2, 2), np.complex64), "is complex; .* pass its .real"),
        ([[1j]], "is complex; .* pass its .real"),
        (np.zeros((2, 2), object), "object"),
        ([[2**70]], "object"),
        ([["a", "b"]], "not numbers"),
        (np.zeros((2, 2), "datetime64[s]"), "not numbers"),
        (np.zeros((2, 2), [("red", "u1")]), "not numbers"),
        (None, "not numbers"),
    ],
)
def test_images_that_are_not_real_numbers(image, words):
    for filter_ in DOOR.values():
        with pytest.raises(InputTypeError, match=words) as caught:
            filter_(image, RAMP)
        assert isinstance(caught.value, TypeError)


def test_a_mask_is_not_lost_silently():
    masked = np.ma.masked_array(np.ones((3, 3)), mask=np.eye(3))
    for image, kernel, what in ((masked, RAMP, "image"), (np.ones((3, 3)), masked, "kernel")):
        for filter_ in (*DOOR.values(), compare):
            with pytest.raises(InputTypeError, match=rf"the {what} is a masked array.*{what}.filled"):
                filter_(image, kernel)


def test_a_long_double_beyond_float64_is_refused():
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        beyond = np.full((2, 2), np.finfo(np.longdouble).max)
        with pytest.raises(CorrconvError, match="beyond float64"):
            correlate(beyond, [[1]])
        with pytest.raises(KernelError, match="holds inf"):
            correlate([[1]], beyond)


def test_an_anchor_may_be_an_array():
    image = np.arange(16).reshape(4, 4)
    assert correlate(image, RAMP, anchor=np.array([0, 1])).tolist() == correlate(image, RAMP, anchor=(0, 1)).tolist()


@pytest.mark.parametrize("axis", ["x", 1.0, None, 3])
def test_channel_axes_and_types_that_do_not_exist(axis):
    with pytest.raises(CorrconvError, match="channel_axis"):
        correlate(np.ones((3, 3, 3)), RAMP, channel_axis=axis)
    with pytest.raises(InputTypeError, match="dtype 'nope' does not exist"):
        correlate(np.ones((3, 3)), RAMP, dtype="nope")


def test_rows_of_different_lengths_are_no_image():
    with pytest.raises(CorrconvError, match="the image's row 2 has 1 cell where the rows above have"):
        correlate([[1, 2], [3]], RAMP)


@pytest.mark.parametrize("kernel", [[], [[]], [1, 2], [[[1]]], [[1, 2], [3]], [[np.nan]], [[np.inf]]])
def test_kernels_that_are_none(kernel):
    with pytest.raises(KernelError):
        correlate([[1]], kernel)


def test_a_complex_kernel_is_a_type_error():
    with pytest.raises(InputTypeError, match="kernel is complex"):
        convolve([[1]], [[1j]])


# Exactness


def test_whole_numbers_are_exact_up_to_the_limit_of_int64():
    # Sums beyond 2^24 leave float32, beyond 2^53 leave float64, and beyond 2^63 there is no exact type.
    for largest in (2**24 - 1, 2**24 + 1, 2**53 - 1, 2**53 + 1, 2**62 - 1):
        for dtype in (np.int64, np.uint64):
            image = np.array([[largest, 0, 1]], dtype)
            found = correlate(image, [[1, 1]], boundary="constant", dtype=dtype)
            assert found.tolist() == [[largest, largest, 1]]
    near_limit = np.array([[2**61 - 1, 2**61 + 3]], np.int64)
    assert correlate(near_limit, [[-2, 1]], output_size="valid", dtype=np.int64).tolist() == [[-(2**61) + 5]]
    assert correlate(near_limit, [[-2, 1]], output_size="valid").tolist() == [[float(-(2**61) + 5)]]
    lowest = np.array([[-(2**63)]], np.int64)
    with pytest.raises(CorrconvError, match="too large to be exact"):
        correlate(lowest, [[1]])
    assert correlate(lowest.astype(float), [[1]]).tolist() == [[-(2.0**63)]]


@pytest.mark.parametrize("image", [np.array([[2**63]], np.uint64), np.array([[2**62, 2**62]], np.int64)])
def test_sums_too_large_to_be_exact_are_refused(image):
    with pytest.raises(CorrconvError, match="too large to be exact"):
        correlate(image, [[1, 1]])


def test_cancellation_loses_nothing():
    image = np.array([[2**53, 1, 2**53]], np.int64)
    assert correlate(image, [[1, 1, -1]], output_size="valid").tolist() == [[1]]


def test_a_box_divides_the_exact_sum_once():
    image = np.random.default_rng(6).integers(0, 65536, (5, 5), dtype=np.uint16)
    found = correlate(image, np.full((3, 3), 1 / 9), boundary="constant")
    sums = oracle.correlate(image.tolist(), np.ones((3, 3), int).tolist(), boundary="constant")
    assert found.tolist() == [[sum_ / 9 for sum_ in row] for row in sums]


def test_a_fill_that_is_not_used_changes_nothing():
    assert correlate([[1, 2]], [[1, 1]], fill=0.5, dtype=np.int8).tolist() == [[3, 3]]
    with pytest.raises(CorrconvError, match="whole-number"):
        correlate([[1, 2]], [[1, 1]], boundary="constant", fill=0.5, dtype=np.int8)


def test_a_fill_beyond_the_pixels_counts_among_them():
    found = correlate(np.array([[1]], np.uint8), [[1, 1]], boundary="constant", fill=2.0**53 - 2, dtype=np.int64)
    assert found.tolist() == [[2**53 - 1]]


def test_weights_that_float32_cannot_hold_are_refused():
    with pytest.raises(CorrconvError, match="1e\\+300, more than float32 holds; convert the image to float64"):
        correlate(np.ones((1, 1), np.float32), [[1e300]])
    assert correlate(np.ones((1, 1)), [[1e300]]).tolist() == [[1e300]]
    with pytest.raises(CorrconvError, match="1e-200, less than float32 holds; convert the image to float64"):
        correlate(np.ones((3, 3), np.float32), [[1e-200]])
    assert correlate(np.ones((1, 1), np.float32), [[1e-200]], dtype="float64").tolist() == [[1e-200]]
    assert correlate(np.ones((1, 1)), [[1e-310]]).tolist() == [[1e-310]]
    # Beside a weight that it does hold, what float32 loses of a small one is less than a rounding.
    assert correlate(np.ones((1, 2), np.float32), [[1, 1e-200]], output_size="valid").tolist() == [[1]]
    assert correlate(np.ones((1, 1), np.float32), [[0]]).tolist() == [[0]]


def test_fills_that_no_type_holds_are_refused():
    for image in (np.ones((2, 2), np.uint8), np.ones((2, 2), np.int64)):
        with pytest.raises(CorrconvError, match=r"sums up to 1\.00e\+308 are too large to be exact"):
            correlate(image, [[1, 0]], boundary="constant", fill=1e308)
    with pytest.raises(CorrconvError, match=r"the fill value is 1e\+308, more than float32 holds"):
        correlate(np.ones((2, 2), np.float32), RAMP, boundary="constant", fill=1e308)


@pytest.mark.parametrize("step", [10**8, 2**62, 10**40])
def test_steps_beyond_every_picture(step):
    image = np.arange(16.0).reshape(4, 4)
    assert correlate(image, RAMP, stride=step).tolist() == correlate(image, RAMP)[:1, :1].tolist()
    for output_size in ("same", "full", "valid"):
        with pytest.raises(CorrconvError, match=r"the kernel spans .* use a smaller dilation"):
            correlate(image, RAMP, dilation=step, output_size=output_size)
    assert correlate(image, [[2]], dilation=step).tolist() == (2 * image).tolist()


def test_a_wide_kernel_is_refused_only_where_no_memory_holds_what_it_reads():
    image = np.ones((1, 1))
    assert correlate(image, np.ones((1, 3)), dilation=10**6).tolist() == [[3]]
    with pytest.raises(CorrconvError, match="spans 200001x200001 pixels"):
        correlate(image, RAMP, dilation=10**5)


@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf])
def test_a_fill_that_is_not_finite_has_no_peak(fill):
    options = Options(boundary=Boundary.CONSTANT, fill=fill)
    filtering = prepare_filtering(np.ones((2, 2, 1), np.uint8), Kernel(RAMP), Operation.CORRELATION, options)
    assert filtering.arithmetic.peak == np.inf
    assert not filtering.arithmetic.exact


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.FLOAT64])
def test_precision_is_the_type_of_the_sums(precision):
    filtering = prepare_filtering(
        np.ones((2, 2, 1), np.uint8), Kernel([[0.1]]), Operation.CORRELATION, Options(precision=precision)
    )
    assert filtering.arithmetic.dtype.name == filtering.plan.precision == precision


# nan and inf


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("engine", [Engine.AUTO, Engine.DIRECT])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kernel", [RAMP, [[0, 1], [2, 0]], [[0, 0, 0]]])
def test_nan_and_inf_reach_exactly_the_outputs_that_see_them(operation, engine, poison, kernel):
    image = np.arange(1.0, 43.0).reshape(6, 7)
    image[2, 3] = poison
    found = DOOR[operation](image, kernel, engine=engine)
    expected = np.array(DEFINITION[operation](image.tolist(), kernel))  # 0 times nan or inf is nan
    np.testing.assert_array_equal(found, expected)
    assert np.count_nonzero(~np.isfinite(found)) == np.size(kernel)


def test_inf_minus_inf_is_nan_without_a_warning():
    assert np.isnan(correlate(np.array([[np.inf, np.inf]]), [[1, -1]], output_size="valid")).all()


@pytest.mark.parametrize("engine", [Engine.AUTO, Engine.DIRECT])
@pytest.mark.parametrize("fill", [np.nan, np.inf])
def test_a_fill_that_is_not_finite_marks_the_outputs_that_see_outside(engine, fill):
    found = correlate(np.ones((5, 6), np.uint8), np.ones((3, 2)), boundary="constant", fill=fill, engine=engine)
    inside = np.zeros((5, 6), bool)
    inside[1:-1, 1:] = True
    assert (np.isfinite(found) == inside).all()
    assert (found[inside] == 6).all()


# The caller's arrays


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("engine", [Engine.AUTO, *ENGINES])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, ">f8"])
def test_any_memory_layout_and_no_change_to_the_input(dtype, engine, operation):
    base = np.random.default_rng(7).integers(0, 99, (8, 10)).astype(dtype)
    weights = np.outer([1, 2], [3, 4, 5])
    for image in (base[::-2, 1::3], base.T, np.asfortranarray(base), np.broadcast_to(base[0], (4, 10)), base):
        before = image.copy()
        frozen = image.view()
        frozen.flags.writeable = False
        for output_size in OutputSize:
            options = {"output_size": output_size, "boundary": "symmetric"}
            expected = DEFINITION[operation](image.tolist(), weights.tolist(), **options)
            found = DOOR[operation](frozen, weights[::-1, ::-1][::-1, ::-1], engine=engine, **options)
            # The true sums are whole; of float pixels, fft gives them to a few roundings.
            assert np.rint(found).tolist() == expected
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert (image == before).all()
    assert (weights == np.outer([1, 2], [3, 4, 5])).all()


def test_the_result_belongs_to_the_caller():
    image = np.ones((3, 3))
    found = correlate(image, [[1]])
    assert found.flags.writeable
    assert not np.shares_memory(found, image)


def test_the_kernel_that_was_given_may_change_afterwards():
    weights = np.ones((1, 1))
    kernel = Kernel(weights)
    weights[0, 0] = 5
    assert correlate([[1]], kernel).tolist() == [[1]]


# Options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"boundary": "mirror"}, "reflect = d c b .* symmetric = c b a"),
        ({"boundary": "nonsense"}, "choose by pattern"),
        ({"boundary": None}, "choose by pattern"),
        ({"output_size": "SAME"}, "output size 'SAME' does not exist; choose one of same, full, valid"),
        ({"engine": "gpu"}, "engine 'gpu' does not exist"),
        ({"stride": 0}, "stride 0 is not a whole number of at least 1"),
        ({"stride": (1, -1)}, "stride -1"),
        ({"stride": (1, 1, 1)}, "needs one number, or two"),
        ({"stride": 1.5}, "stride 1.5"),
        ({"stride": True}, "stride True"),
        ({"dilation": 0}, "dilation 0"),
        ({"dilation": "2"}, "dilation '2'"),
        ({"fill": "0"}, "fill '0' is not a real number"),
        ({"fill": 10**400}, "fill is too large for float64"),
        ({"fill": 1j}, "fill 1j is not a real number"),
        ({"anchor": (3, 0)}, "anchor 3,0 lies outside the 3x3 kernel"),
        ({"anchor": (-1, 0)}, "lies outside"),
        ({"anchor": (1.5, 0)}, "not 'center', 'lower' or a cell"),
        ({"anchor": (1, 1, 1)}, "not 'center', 'lower' or a cell"),
        ({"anchor": "middle"}, "not 'center', 'lower' or a cell"),
        ({"anchor": "11"}, "not 'center', 'lower' or a cell"),
        ({"anchor": 1}, "not 'center', 'lower' or a cell"),
        ({"output_size": "valid", "dilation": 2}, "spans 5 pixels where the image has 4"),
    ],
)
def test_options_that_do_not_exist(options, words):
    for filter_ in DOOR.values():
        with pytest.raises(CorrconvError, match=words):
            filter_(np.zeros((4, 4)), RAMP, **options)


def test_one_number_stands_for_both_axes():
    image = np.arange(42).reshape(6, 7)
    for name in ("stride", "dilation"):
        expected = correlate(image, RAMP, **{name: (2, 2)}).tolist()
        for both in (2, [2, 2], np.int64(2)):
            assert correlate(image, RAMP, **{name: both}).tolist() == expected


def test_valid_of_a_kernel_as_large_as_the_image_is_one_number():
    assert correlate(RAMP, RAMP, output_size="valid").tolist() == [[sum(cell * cell for cell in range(1, 10))]]
    turned = sum(cell * (10 - cell) for cell in range(1, 10))
    assert convolve(RAMP, RAMP, output_size="valid").tolist() == [[turned]]


def test_float32_images_are_summed_in_float64_where_that_is_asked_for():
    image = np.random.default_rng(4).random((9, 9), dtype=np.float32)
    kernel = np.random.default_rng(5).normal(size=(3, 3))
    wide = correlate(image, kernel, dtype="f8")
    assert_array_equal(wide, correlate(image.astype(np.float64), kernel))
    assert correlate(image, kernel).dtype == np.float32


def test_an_image_beyond_the_precision_that_was_asked_for_is_refused():
    options = Options(precision="float32")
    with pytest.raises(CorrconvError, match="the image holds numbers up to 1e\\+308, more than float32 holds"):
        filter_array(np.array([[1e308, np.inf]]), [[1.0]], Operation.CORRELATION, options)


@pytest.mark.parametrize("startable", [0, 1])
def test_where_no_thread_can_be_started_the_others_do_the_work(monkeypatch, startable):
    started = []
    begin = threading.Thread.start

    def start(thread):
        if len(started) == startable:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        begin(thread)

    image = np.random.default_rng(8).integers(0, 256, (700, 900, 1), dtype=np.uint8)
    kernel = Kernel(np.random.default_rng(9).integers(-9, 10, (9, 9)))
    alone = filter_array(image, kernel, Operation.CORRELATION, Options(threads=1), channel_axis=-1)
    _pool_of.cache_clear()
    monkeypatch.setattr(threading.Thread, "start", start)
    wanted = Options(threads=4)
    assert prepare_filtering(image, kernel, Operation.CORRELATION, wanted).plan.threads > 2
    assert_array_equal(filter_array(image, kernel, Operation.CORRELATION, wanted, channel_axis=-1), alone)
    assert len(started) == startable


def test_a_decision_that_is_kept_serves_no_other_question() -> None:
    image = np.arange(24.0).reshape(4, 6) * 0.7
    kernel = [[0.1, 2.3], [0.0, -1.1]]
    changes = [
        {},
        {"boundary": "constant"},
        {"boundary": "constant", "fill": 2.0},
        {"boundary": "constant", "fill": np.nan},
        {"anchor": (0, 0)},
        {"anchor": [0, 1]},
        {"anchor": "lower"},
        {"stride": (1, 2)},
        {"dilation": 2},
        {"output_size": "full"},
        {"dtype": np.float32},
        {"dtype": np.float64},
        {"engine": "direct"},
    ]
    works = [
        (filtered, picture, weights, change)
        for filtered in (correlate, convolve)
        for picture in (image, image.astype(np.float32), image.astype(np.uint8), image[:3], image.T)
        for weights in (kernel, np.transpose(kernel), np.reshape(kernel, (1, 4)), [[-0.0, 0.0]])
        for change in changes
    ]
    _decide_once.cache_clear()
    first = [filtered(picture, weights, **change) for filtered, picture, weights, change in works]
    for expected, (filtered, picture, weights, change) in zip(first, works, strict=True):
        _decide_once.cache_clear()
        for _ in range(2):
            again = filtered(picture, weights, **change)
            assert again.dtype == expected.dtype
            assert_array_equal(again, expected)
        assert _decide_once.cache_info().hits == 1


def test_signs_of_zero_are_not_mixed_up_by_a_decision_that_is_kept() -> None:
    image = np.zeros((2, 2))
    for zero in (0.0, -0.0, 0.0):
        result = correlate(image, [[0, 1.0]], boundary="constant", fill=zero, anchor=(0, 0))
        assert (np.signbit(result[:, 1]) == np.signbit(zero)).all()


def test_what_is_kept_holds_no_picture() -> None:
    image = np.ones((40, 40))
    watched = weakref.ref(image)
    correlate(image, [[1.5]])
    del image
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize(
    ("shape", "side", "kept"),
    [((300, 300), 3, 1), ((400, 400), 31, 1), ((400, 400), 33, 0), ((300, 300), 33, 1), ((9, 9), 65, 0)],
)
def test_what_is_decided_about_large_kernels_is_not_kept(shape: tuple[int, int], side: int, kept: int) -> None:
    _decide_once.cache_clear()
    correlate(np.ones(shape), np.ones((side, side)))
    assert _decide_once.cache_info().currsize == kept
