"""Do both operations coincide, why, and by how much do they differ: against definitions and theory."""

from __future__ import annotations

from math import inf, isnan, log10, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from strategies import Case, cases

from corrconv.commands.compare.study import Coincidence, KernelComparison, compare
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Precision, Symmetry

if TYPE_CHECKING:
    from corrconv.commands.compare.results import Results

RANDOM = np.random.default_rng(7)
NOISE = RANDOM.integers(0, 256, (8, 10), dtype=np.uint8)
BOX = Kernel(np.ones((3, 3)) / 9, name="box")
SOBEL = Kernel([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], name="sobel")
EMBOSS = Kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], name="emboss")


def one(image: Any, kernel: Kernel, **options: Any) -> KernelComparison:
    """The comparison under one kernel."""
    return compare(image, kernel, options=Options(**options)).kernels[0]


def both(image: Any, kernel: Kernel, **options: Any) -> Results:
    """What both operations made of the image."""
    kept: list[Results] = []
    compare(image, kernel, options=Options(**options), consume=lambda _, results: kept.append(results))
    return kept[0]


# The four answers


def test_a_kernel_that_equals_its_half_turn_coincides_on_every_image() -> None:
    entry = one(NOISE, BOX)
    assert entry.coincidence is Coincidence.EVERY_IMAGE
    assert entry.reason == "for every image: the kernel equals its half-turn"
    assert (entry.max_abs_difference, entry.rmse, entry.psnr_db, entry.differing_share) == (0, 0, inf, 0)
    assert (entry.odd_l1, entry.bound) == (0, 0)


def test_an_antisymmetric_kernel_differs_by_the_sign_only() -> None:
    entry = one(NOISE, SOBEL)
    assert entry.coincidence is Coincidence.BUT_FOR_SIGN
    assert entry.reason == "equal but for sign: the half-turn negates the kernel"
    results = both(NOISE, SOBEL)
    assert_array_equal(results.correlation, -results.convolution)
    assert entry.odd_l1 == 8


def test_other_kernels_differ() -> None:
    entry = one(NOISE, EMBOSS)
    assert entry.coincidence is Coincidence.NO
    assert entry.symmetry is Symmetry.NEITHER
    assert entry.reason == "no: the kernel is not its half-turn"


@pytest.mark.parametrize(
    ("image", "kernel", "boundary"),
    [
        (np.full((5, 6), 77, np.uint8), EMBOSS, "reflect"),
        (np.full((5, 6), 0.1), Kernel([[0.1, 0.2], [0.3, 0.7]]), "edge"),
        (np.zeros((4, 4), np.uint8), SOBEL, "constant"),
        # one pixel is its own surroundings
        (np.full((1, 1), 9, np.uint8), EMBOSS, "symmetric"),
        # stripes of period 2: the neighbours on both sides are alike, in a ring of even length
        (np.tile([[10, 200]], (6, 3)).astype(np.uint8), Kernel([[1, 2, 3]]), "wrap"),
        (np.indices((6, 8)).sum(axis=0) % 2, Kernel([[1, 2], [3, 4], [5, 6]]), "wrap"),
        # the image varies along x only, where each column of the kernel sums to 6, 15, 6
        (np.tile(NOISE[:1], (5, 1)), Kernel([[1, 9, 3], [2, 4, 1], [3, 2, 2]]), "reflect"),
    ],
)
def test_images_that_hide_the_difference(image: Any, kernel: Kernel, boundary: str) -> None:
    entry = one(image, kernel, boundary=boundary)
    assert entry.coincidence is Coincidence.THIS_IMAGE
    assert entry.coincidence.equal
    assert entry.reason.startswith("on this image only")
    assert entry.max_abs_difference <= entry.tolerance
    assert entry.differing_share == 0


@pytest.mark.parametrize(
    ("image", "boundary"),
    [
        # a ring of odd length has a seam
        (np.tile([10, 200], 4)[np.newaxis, :7], "wrap"),
        # a single other pixel gives it away
        (np.pad(np.full((3, 3), 77), 1, constant_values=78), "edge"),
        # a constant image is not constant beyond its border
        (np.full((5, 6), 77), "constant"),
    ],
)
def test_images_that_nearly_hide_it(image: Any, boundary: str) -> None:
    entry = one(image.astype(np.uint8), Kernel([[1, 2, 3]]), boundary=boundary)
    assert entry.coincidence is Coincidence.NO
    assert entry.max_abs_difference > 0


def test_a_constant_image_in_a_border_of_the_same_value_hides_it_and_a_bound_says_so() -> None:
    image = np.full((5, 6), 77, np.uint8)
    hidden = one(image, EMBOSS, boundary="constant", fill=77.0)
    assert hidden.coincidence is Coincidence.THIS_IMAGE
    assert hidden.bound == 0
    assert one(image, EMBOSS, boundary="constant", fill=70.0).bound == EMBOSS.odd_part().absolute_sum * 7
    # `valid` never reads the fill value, nor does another boundary.
    assert one(image, EMBOSS, boundary="constant", fill=70.0, output_size="valid").bound == 0
    assert one(image, EMBOSS, boundary="edge", fill=70.0).bound == 0


# The anchor


def test_an_even_box_coincides_only_where_there_is_no_anchor() -> None:
    box = Kernel(np.ones((2, 2)) / 4)
    same = one(NOISE, box)
    assert same.coincidence is Coincidence.NO
    assert same.reason == "no: symmetric, but the anchor is not its middle"
    for size in ("full", "valid"):
        entry = one(NOISE, box, output_size=size)
        assert entry.coincidence is Coincidence.EVERY_IMAGE
        assert entry.max_abs_difference == 0


def test_an_anchor_off_the_middle_breaks_a_symmetric_kernel() -> None:
    for anchored in (one(NOISE, BOX, anchor=(0, 1)), one(NOISE, BOX.with_anchor((0, 1)))):
        assert anchored.coincidence is Coincidence.NO
        assert anchored.reason == "no: symmetric, but the anchor is not its middle"
        assert anchored.kernel.anchor == (0, 1)
    assert one(NOISE, BOX, anchor=(0, 1), output_size="full").coincidence is Coincidence.EVERY_IMAGE


def test_an_anchor_off_the_middle_breaks_antisymmetry_too() -> None:
    assert one(NOISE, SOBEL, anchor=(1, 0)).coincidence is Coincidence.NO
    assert one(NOISE, SOBEL, anchor=(1, 0), output_size="valid").coincidence is Coincidence.BUT_FOR_SIGN


def test_an_anchor_can_make_an_even_kernel_symmetric() -> None:
    shifted = Kernel([[0, 0, 0, 0], [0, 1, 2, 1]])
    assert one(NOISE, shifted, anchor=(1, 2)).coincidence is Coincidence.EVERY_IMAGE
    assert one(NOISE, shifted, anchor=(1, 1)).coincidence is Coincidence.NO


# Numbers


@given(cases())
def test_results_and_measures_are_those_of_the_definitions(case: Case) -> None:
    entry, results = one(case.image, case.kernel, **case.options), both(case.image, case.kernel, **case.options)
    options = {**case.options, "anchor": case.kernel.anchor}
    rows, weights = case.image.tolist(), case.kernel.weights.tolist()
    correlation = np.array(oracle.correlate(rows, weights, **options))
    convolution = np.array(oracle.convolve(rows, weights, **options))
    assert_array_equal(results.correlation[:, :, 0], correlation)
    assert_array_equal(results.convolution[:, :, 0], convolution)
    gap = correlation - convolution
    assert entry.tolerance == 0
    assert entry.max_abs_difference == np.abs(gap).max()
    assert_allclose(entry.mean_abs_difference, np.abs(gap).mean(), rtol=1e-12)
    assert_allclose(entry.rmse, sqrt((gap**2).mean()), rtol=1e-12)
    assert entry.differing_share == np.count_nonzero(gap) / gap.size
    assert entry.coincidence.equal == (not gap.any())
    peak = case.image.max() - case.image.min()
    assert entry.psnr_peak == peak
    if entry.rmse and peak:
        assert_allclose(entry.psnr_db, 10 * log10(float(peak) ** 2 / (gap**2).mean()), rtol=1e-12, atol=1e-12)
    else:
        assert isnan(entry.psnr_db) if entry.rmse else entry.psnr_db == inf
    # The difference is one filter: twice the correlation with the odd part.
    if case.options["output_size"] == "same":
        odd = case.kernel.odd_part()
        assert_allclose(results.difference, 2 * both(case.image, odd, **case.options).correlation, atol=1e-9)


@given(cases(st.floats(-1e3, 1e3, allow_subnormal=False), np.float64))
def test_no_difference_exceeds_the_bound(case: Case) -> None:
    entry = one(case.image, case.kernel, **case.options)
    assert entry.max_abs_difference <= entry.bound + 2 * entry.tolerance


def test_the_bound_is_reached() -> None:
    # [-1 0 1] over 0, x, 255 gives 255 one way and -255 the other; its odd part weighs 2.
    entry = one(np.array([[0, 9, 255]], np.uint8), Kernel([[-1, 0, 1]]), output_size="valid")
    assert entry.max_abs_difference == entry.bound == 510


def test_measures_by_hand() -> None:
    # The right neighbour less the left: 0 0 8 0 0 gives 0 8 0 -8 0 and its negative.
    image, kernel = np.array([[0, 0, 8, 0, 0]], np.uint8), Kernel([[-1, 0, 1]])
    entry, results = (it(image, kernel, boundary="constant") for it in (one, both))
    assert results.difference[0, :, 0].tolist() == [0, 16, 0, -16, 0]
    assert entry.max_abs_difference == 16
    assert entry.mean_abs_difference == 32 / 5
    assert_allclose(entry.rmse, sqrt(512 / 5))
    assert_allclose(entry.psnr_db, 20 * log10(8 / sqrt(512 / 5)))
    assert entry.differing_share == 2 / 5
    assert entry.bound == 2 * 8


def test_a_pixel_differs_if_any_of_its_channels_does() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[1, 1, 0] = image[1, 1, 2] = 50
    entry = one(image, Kernel([[0, 0, 1]]), boundary="wrap")
    assert both(image, Kernel([[0, 0, 1]]), boundary="wrap").correlation.shape == (4, 4, 3)
    assert entry.differing_share == 2 / 16


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int64, np.float32, float])
def test_psnr_depends_on_the_numbers_and_not_on_the_type_that_holds_them(dtype: Any) -> None:
    entry = one(NOISE.astype(dtype), SOBEL)
    assert entry.psnr_peak == int(NOISE.max()) - int(NOISE.min())
    assert_allclose(entry.psnr_db, 20 * log10(entry.psnr_peak / entry.rmse))
    assert entry.rmse == one(NOISE, SOBEL).rmse


def test_truth_values_range_over_1_and_one_gray_has_no_psnr() -> None:
    assert one(np.array([[False, True, True]]), SOBEL).psnr_peak == 1
    flat = one(np.full((3, 4), 9), SOBEL, boundary="constant")
    assert flat.rmse > 0
    assert isnan(flat.psnr_db)


# The tolerance


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, bool])
def test_whole_numbers_have_no_tolerance(dtype: Any) -> None:
    kernel = Kernel(np.array([[1, 2, 1.5]]) / 9)  # whole numbers over one divisor are exact too
    image = (NOISE % 2).astype(dtype)
    assert one(image, kernel).tolerance == 0


def test_a_difference_of_rounding_is_none() -> None:
    # Symmetric up to one rounding: 0.1 + 0.2 is not 0.3 as float64.
    kernel = Kernel([[0.1 + 0.2, 1 / 7, 0.3]])
    entry = one(RANDOM.random((20, 20)), kernel)
    assert 0 < entry.max_abs_difference <= entry.tolerance < 1e-13
    assert entry.coincidence is Coincidence.EVERY_IMAGE
    assert entry.differing_share == 0
    assert entry.symmetry is Symmetry.POINT_SYMMETRIC


def test_a_hidden_difference_is_found_equal_in_spite_of_rounding() -> None:
    kernel = Kernel(RANDOM.random((7, 7)))
    entry = one(np.full((12, 12), 0.1), kernel)
    assert entry.coincidence is Coincidence.THIS_IMAGE
    assert entry.differing_share == 0


@pytest.mark.parametrize("kernel", [Kernel([[1 / 7, 1 / 3, 1 / 7 + 1e-9]]), Kernel([[1, 1, 1 + 1e-9]])])
@pytest.mark.parametrize("dtype", [np.float64, np.uint8])
def test_a_real_difference_of_1e_9_is_one(kernel: Kernel, dtype: Any) -> None:
    image = (NOISE / 255).astype(dtype) if dtype is np.float64 else NOISE
    entry = one(image, kernel)
    assert entry.coincidence is Coincidence.NO
    assert entry.tolerance < 1e-10
    assert entry.differing_share > 0.5


def test_float32_pictures_are_compared_in_float64() -> None:
    image = RANDOM.random((9, 9)).astype(np.float32)
    for precision in Precision:
        entry, results = (it(image, Kernel([[1, 1, 1 + 1e-9]]), precision=precision) for it in (one, both))
        assert results.correlation.dtype == np.float64
        assert entry.coincidence is Coincidence.NO


# Pictures with holes


def test_places_where_both_are_nan_do_not_differ() -> None:
    image = NOISE.astype(float)
    image[4, 4] = np.nan
    entry = one(image, BOX)
    assert entry.coincidence is Coincidence.EVERY_IMAGE
    assert (entry.max_abs_difference, entry.differing_share) == (0, 0)
    assert np.isnan(both(image, BOX).correlation).sum() == 9
    whole = one(NOISE.astype(float), SOBEL)
    holed = one(image, SOBEL)
    assert holed.coincidence is Coincidence.BUT_FOR_SIGN
    assert 0 < holed.max_abs_difference <= whole.bound


def test_huge_numbers_do_not_overflow_the_measures() -> None:
    entry = one(NOISE * 1e290, SOBEL)
    small = one(NOISE.astype(float), SOBEL)
    assert_allclose(entry.rmse, small.rmse * 1e290)
    assert_allclose(entry.psnr_db, small.psnr_db)


# Several kernels


def test_both_are_computed_one_after_the_other_where_they_take_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for image in (NOISE, NOISE / 7, NOISE.astype(np.float32)):
        for kernel in (SOBEL, EMBOSS, Kernel(RANDOM.normal(size=(4, 5)))):
            results = both(image, kernel)
            with monkeypatch.context() as patch:
                patch.setattr("corrconv.core.decision.MEMORY_BYTES", 0)
                assert_array_equal(results.corner(99), [results.correlation, results.convolution])


def test_a_comparison_holds_one_entry_a_kernel_in_their_order() -> None:
    comparison = compare(NOISE, BOX, SOBEL, EMBOSS.weights.tolist())
    assert [entry.kernel.name for entry in comparison.kernels] == ["box", "sobel", "kernel"]
    assert comparison.options == Options()
    assert not comparison.all_coincide
    assert compare(NOISE, BOX).all_coincide
    assert not compare(NOISE, SOBEL).all_coincide
    assert compare([[5, 5], [5, 5]], SOBEL, EMBOSS, BOX).all_coincide


def test_gray_images_need_no_channel_axis() -> None:
    assert_array_equal(both(NOISE, EMBOSS).correlation, both(NOISE[:, :, np.newaxis], EMBOSS).correlation)


@given(arrays(np.float64, (5, 6), elements=st.floats(-1, 1)), st.sampled_from(Boundary))
def test_symmetric_kernels_coincide_on_every_image_and_border(image: Any, boundary: Boundary) -> None:
    gaussian = np.exp(-((np.arange(5) - 2.0) ** 2) / 3)
    entry = one(image, Kernel(np.outer(gaussian, gaussian)), boundary=boundary)
    assert entry.max_abs_difference <= entry.tolerance
    assert entry.differing_share == 0
