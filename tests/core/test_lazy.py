"""Filtering in blocks is filtering the whole: with the pixels in hand, and for dask arrays."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from blocks import BlockCase, random_case, same_bits

from corrconv import Kernel, convolve, correlate
from corrconv.core.arithmetic import integer_peak
from corrconv.core.decision import decide
from corrconv.core.filtering import filter_array
from corrconv.core.options import Options
from corrconv.core.results import compute_into
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError, InputTypeError

GRAY = np.random.default_rng(1).integers(0, 256, (40, 50), dtype=np.uint8)


def whole(case: BlockCase, image=None):
    return filter_array(
        case.image if image is None else image,
        case.kernel,
        case.operation,
        Options(**case.options),
        channel_axis=case.channel_axis,
        dtype=case.dtype,
    )


def check_part(seed: int) -> None:
    """A random block of the case of this number is that block of the whole."""
    case = random_case(seed)
    image = case.image[..., None] if case.channel_axis is None else np.moveaxis(case.image, case.channel_axis, -1)
    try:
        expected = filter_array(image, case.kernel, case.operation, Options(**case.options), channel_axis=-1)
    except CorrconvError:
        return
    decision = decide(
        image.shape,
        image.dtype,
        case.kernel,
        case.operation,
        Options(**case.options),
        peak=lambda: integer_peak(image),
        real_dtype=np.dtype(np.float64) if expected.dtype == np.float64 else None,
    )
    decision = pickle.loads(pickle.dumps(decision))
    rng = np.random.default_rng(seed)
    ends = [sorted(rng.choice(length + 1, 2, replace=False).tolist()) for length in decision.output_shape[:2]]
    outputs = slice(*ends[0]), slice(*ends[1])
    rows, columns = decision.reads(outputs)
    read = np.concatenate([image[run] for run in rows.runs])
    read = np.concatenate([read[:, run] for run in columns.runs], axis=1)
    part = decision.part(outputs, read)
    found = np.full(part.output_shape, 99, expected.dtype)
    compute_into(found, part)
    assert same_bits(found, expected[outputs]), seed


def check_lazy(seed: int) -> None:
    """The dask array of the case of this number is the whole, or refused as that is."""
    da = pytest.importorskip("dask.array")
    case = random_case(seed)
    try:
        expected = whole(case)
    except CorrconvError:
        with pytest.raises(CorrconvError):
            whole(case, da.from_array(case.image, case.chunks)).compute(scheduler="synchronous")
        return
    found = whole(case, da.from_array(case.image, case.chunks))
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    assert same_bits(found.compute(scheduler="synchronous"), expected), seed


@pytest.mark.parametrize("seed", range(120))
def test_a_block_is_that_block_of_the_whole(seed):
    check_part(seed)


@pytest.mark.parametrize("seed", range(1000, 1050))
def test_a_dask_array_is_filtered_as_the_whole(seed):
    check_lazy(seed)


def test_a_block_of_inexact_sums_is_computed_in_whole_tiles():
    decision = decide(
        (3000, 5000, 1),
        np.dtype(np.float64),
        Kernel(np.random.default_rng(2).normal(0, 1, (9, 9))),
        Operation.CORRELATION,
        Options(),
        peak=lambda: 0,
    )
    rows, columns = decision.step
    assert (rows, columns) == decision.plan.tile != (1, 1)
    first = decision.reads((slice(1, 2), slice(1, 2)))
    assert [axis.layout.outputs for axis in first] == [rows, columns]


def test_nothing_is_computed_before_it_is_asked_for():
    da = pytest.importorskip("dask.array")

    def refuse(block):
        raise AssertionError("computed")

    for dtype in ("uint8", "int32", "float32", "float64"):
        image = da.from_array(GRAY.astype(dtype), 20).map_blocks(refuse, dtype=dtype, meta=np.empty((0, 0), dtype))
        lazy = correlate(image, [[1, 2, 3]])
        if "int" in dtype:
            assert lazy.chunks == image.chunks
    with pytest.raises(AssertionError, match="computed"):
        lazy.compute(scheduler="synchronous")
    # The range of 64-bit integers decides what their sums are exact in.
    with pytest.raises(AssertionError, match="computed"):
        correlate(image.astype("int64"), [[1, 2, 3]])
    correlate(image.astype("int64"), [[0.1, 0.2, np.pi]])


def test_both_operations_take_dask_arrays_in_threads_and_processes():
    da = pytest.importorskip("dask.array")
    colour = np.stack([GRAY, GRAY[::-1], GRAY[:, ::-1]])
    lazy = da.from_array(colour, (1, 16, 17))
    for function in (correlate, convolve):
        found = function(lazy, [[1, 2], [3, 4]], channel_axis=0, stride=2, dtype="int32")
        assert found.dtype == np.int32
        expected = function(colour, [[1, 2], [3, 4]], channel_axis=0, stride=2, dtype="int32")
        assert same_bits(found.compute(scheduler="threads"), expected)
    assert pickle.loads(pickle.dumps(found)).name == found.name
    assert function(lazy, [[1, 2], [3, 4]], channel_axis=0, stride=2, dtype="int32").name == found.name
    assert function(lazy, [[1, 2], [3, 5]], channel_axis=0, stride=2, dtype="int32").name != found.name


def test_dask_arrays_that_cannot_be_filtered_are_refused():
    da = pytest.importorskip("dask.array")
    image = da.from_array(GRAY, 20)
    masked = da.ma.masked_array(image, image > 3)
    unknown = image[image[:, 0].astype(int) > 100]
    for wrong, error, said in [
        (masked, InputTypeError, "MaskedArray"),
        (unknown, CorrconvError, "compute_chunk_sizes"),
        (image[0], CorrconvError, "2 dimensions"),
        (image.astype(complex), InputTypeError, "complex"),
        (image[:0], CorrconvError, "empty"),
    ]:
        with pytest.raises(error, match=said):
            correlate(wrong, [[1, 2]])
    with pytest.raises(CorrconvError, match="3 dimensions"):
        correlate(image, [[1, 2]], channel_axis=0)
    with pytest.raises(InputTypeError, match="out takes results now"):
        correlate(image, [[1, 2]], out=np.empty((40, 50)))
    with pytest.raises(CorrconvError, match="do not fit uint8"):
        correlate(image, [[1, 2]], dtype="uint8").compute(scheduler="synchronous")
    lying = image.map_blocks(lambda block: block.astype(float), dtype="uint8", meta=np.empty((0, 0), "uint8"))
    with pytest.raises(InputTypeError, match="ndarray of float64 where uint8 was promised"):
        correlate(lying, [[1, 2]]).compute(scheduler="synchronous")
