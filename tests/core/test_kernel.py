"""The kernel: its anchor, what a half-turn does to it, and its exact whole-number form."""

from __future__ import annotations

import re
from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from strategies import MODERATE_REALS, kernels

from corrconv.core.kernel import Kernel, resolve_anchor
from corrconv.core.terms import OutputSize, Symmetry
from corrconv.errors import CorrconvError, InputTypeError, KernelError

SAME, FULL, VALID = OutputSize
EVEN, ODD, NEITHER = Symmetry


@pytest.mark.parametrize(
    ("anchor", "shape", "cell"),
    [
        ("center", (3, 3), (1, 1)),
        ("lower", (3, 3), (1, 1)),
        ("center", (2, 4), (1, 2)),
        ("lower", (2, 4), (0, 1)),
        ("center", (1, 1), (0, 0)),
        ("lower", (1, 1), (0, 0)),
        ((2, 0), (3, 5), (2, 0)),
        ([0, 4], (3, 5), (0, 4)),
        (np.array([1, 3]), (3, 5), (1, 3)),
    ],
)
def test_anchor_is_a_word_or_a_cell(anchor, shape, cell):
    if isinstance(anchor, np.ndarray):
        anchor = tuple(anchor)
    assert resolve_anchor(anchor, shape) == cell
    assert Kernel(np.ones(shape), anchor).anchor == cell


@pytest.mark.parametrize("anchor", ["middle", "11", (1,), (1, 1, 1), (0.5, 1), (3, 0), (0, -1), None, 1])
def test_anchor_that_is_no_cell_is_refused(anchor):
    with pytest.raises(KernelError, match="anchor"):
        Kernel(np.ones((3, 3)), anchor)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (
            [[1, 2], [3]],
            KernelError,
            "the kernel's row 2 has 1 cell where the rows above have 2",
        ),
        ([1, 2, 3], KernelError, "1 dimensions"),
        ([[[1]]], KernelError, "3 dimensions"),
        ([], KernelError, "1 dimensions"),
        ([[]], KernelError, "empty"),
        (np.ones((0, 3)), KernelError, "empty"),
        ([[1, float("nan")]], KernelError, "nan at row 0, column 1"),
        ([[1], [float("-inf")]], KernelError, "-inf at row 1, column 0"),
        ([[1j]], InputTypeError, "complex"),
        ([["1"]], InputTypeError, "not numbers"),
        ([[None]], InputTypeError, "not numbers"),
    ],
)
def test_weights_that_make_no_kernel_are_refused(weights, error, message):
    with pytest.raises(error, match=message) as caught:
        Kernel(weights)
    assert isinstance(caught.value, CorrconvError)


def test_weights_are_a_private_copy_that_cannot_be_written_to():
    given_weights = np.ones((2, 2))
    kernel = Kernel(given_weights)
    given_weights[0, 0] = 5
    assert kernel.weights[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        kernel.weights[0, 0] = 5


def test_turned_takes_the_anchor_along():
    turned = Kernel([[1, 2, 3], [4, 5, 6]], (0, 2)).turned()
    assert turned.weights.tolist() == [[6, 5, 4], [3, 2, 1]]
    assert turned.anchor == (1, 0)  # still the cell that holds 3


def test_mirrored_takes_the_anchor_along():
    kernel = Kernel([[1, 2, 3], [4, 5, 6]], (0, 2))
    assert kernel.mirrored(0).weights.tolist() == [[4, 5, 6], [1, 2, 3]]
    assert kernel.mirrored(0).anchor == (1, 2)
    assert kernel.mirrored(1).weights.tolist() == [[3, 2, 1], [6, 5, 4]]
    assert kernel.mirrored(1).anchor == (0, 0)


@given(kernels())
def test_two_half_turns_change_nothing(kernel):
    assert kernel.turned().turned().anchor == kernel.anchor
    assert np.array_equal(kernel.turned().turned().weights, kernel.weights)


def test_embedding_puts_zeros_around_until_the_anchor_is_the_middle():
    embedded = Kernel([[1, 2], [3, 4]], (1, 0)).embedded()
    assert embedded.weights.tolist() == [[0, 1, 2], [0, 3, 4], [0, 0, 0]]
    assert embedded.anchor == (1, 1)


@given(kernels(), st.sampled_from(OutputSize))
def test_even_and_odd_part_add_up_and_keep_their_parity(kernel, output_size):
    even, odd = kernel.even_part(output_size), kernel.odd_part(output_size)
    assert np.array_equal(even.weights + odd.weights, kernel.embedded(output_size).weights)
    assert np.array_equal(even.weights, even.weights[::-1, ::-1])
    assert np.array_equal(odd.weights, -odd.weights[::-1, ::-1])


@given(kernels())
def test_even_part_about_the_anchor_by_its_definition(kernel):
    """K[i, j] = K[2a - i, 2b - j] is asked cell by cell, with zeros outside the kernel."""
    (a, b), (rows, columns) = kernel.anchor, kernel.shape

    def weight(i, j):
        return kernel.weights[i, j] if 0 <= i < rows and 0 <= j < columns else 0

    cells = [(i, j) for i in range(rows) for j in range(columns)]
    coincide = all(weight(i, j) == weight(2 * a - i, 2 * b - j) for i, j in cells)
    opposite = all(weight(i, j) == -weight(2 * a - i, 2 * b - j) for i, j in cells)
    assert kernel.symmetry() == (EVEN if coincide else ODD if opposite else NEITHER)


@pytest.mark.parametrize(
    ("weights", "anchor", "under_same", "without_anchor"),
    [
        ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], "center", EVEN, EVEN),
        ([[1, 2, 3], [4, 5, 4], [3, 2, 1]], "center", EVEN, EVEN),
        ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], (0, 1), NEITHER, EVEN),
        ([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "center", ODD, ODD),
        ([[-1, 0, 1]], (0, 0), NEITHER, ODD),
        ([[1, 1], [1, 1]], "center", NEITHER, EVEN),  # an even box does not coincide under `same`
        ([[1, 1], [1, 1]], "lower", NEITHER, EVEN),
        ([[1, 0], [0, -1]], "center", NEITHER, ODD),
        ([[0, 0], [0, 1]], "center", EVEN, NEITHER),  # one 1 at the anchor: the identity
        ([[0, 0, 0], [0, 1, 0]], (1, 1), EVEN, NEITHER),
        ([[1, 2], [3, 4]], "center", NEITHER, NEITHER),
        ([[0, 0], [0, 0]], (0, 1), EVEN, EVEN),
        ([[5]], "center", EVEN, EVEN),
    ],
)
def test_symmetry_is_about_the_anchor_only_under_same(weights, anchor, under_same, without_anchor):
    kernel = Kernel(weights, anchor)
    assert kernel.symmetry() == kernel.symmetry(SAME) == under_same
    assert kernel.symmetry(FULL) == kernel.symmetry(VALID) == without_anchor


def test_symmetry_forgives_roundings_but_nothing_larger():
    rounding = float(np.spacing(0.1))
    assert Kernel([[0.1, 1, 0.1 + rounding]]).symmetry() == EVEN
    assert Kernel([[0.1, 1, 0.1 + 1e-12]]).symmetry() == NEITHER
    # Measured against the largest weight of all, not against 1.
    assert Kernel([[1e-20, 0, 2e-20]]).symmetry() == NEITHER


def test_mirror_symmetries():
    assert Kernel([[1, 2, 1]]).mirror_symmetries() == ("top to bottom", "left to right")
    assert Kernel([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]).mirror_symmetries() == ("top to bottom",)
    assert Kernel([[1, 1]]).mirror_symmetries() == ("top to bottom",)
    assert Kernel([[1, 1]]).mirror_symmetries(FULL) == ("top to bottom", "left to right")
    assert Kernel([[1, 2, 3], [4, 5, 4], [3, 2, 1]]).mirror_symmetries() == ()


@pytest.mark.parametrize(
    ("weights", "cells", "divisor"),
    [
        ([[1, -2], [0, 4]], [[1, -2], [0, 4]], 1),
        (np.full((3, 3), 1 / 9), [[1] * 3] * 3, 9),
        ([[1 / 16, 2 / 16, 1 / 16]], [[1, 2, 1]], 16),
        ([[1 / 2, 1 / 3]], [[3, 2]], 6),
        ([[0.1, 0.25]], [[2, 5]], 20),
        ([[0.0]], [[0]], 1),
        ([[1 / 999_999]], [[1]], 999_999),
        ([[2.0**53 - 1]], [[2**53 - 1]], 1),
    ],
)
def test_integer_form_is_found(weights, cells, divisor):
    found = Kernel(weights).integer_form
    assert found is not None
    assert found[0].tolist() == cells
    assert found[0].dtype == np.int64
    assert found[1] == divisor


@pytest.mark.parametrize("weights", [[[np.pi]], [[2.0**53]], [[1e-320]], [[1 / 997, 1 / 1009]], [[1 / 1_000_003]]])
def test_integer_form_is_none_where_nothing_exact_is_small(weights):
    assert Kernel(weights).integer_form is None


@given(kernels(), st.integers(1, 1000))
def test_integer_form_gives_the_weights_to_the_last_bit(kernel, divisor):
    weights = kernel.weights / divisor
    found = Kernel(weights).integer_form
    assert found is not None
    cells, found_divisor = found
    assert np.array_equal(cells / found_divisor, weights)
    assert divisor % found_divisor == 0  # lowest terms


def test_integer_form_of_many_weights_is_found_at_once():
    weights = np.random.default_rng(1).integers(-(10**9), 10**9, (300, 300)) / 48
    with patch("corrconv.core.kernel.Fraction", wraps=Fraction) as fraction:
        cells, divisor = Kernel(weights).integer_form
    assert_array_equal(cells / divisor, weights)
    assert divisor == 48
    assert fraction.call_count < 10


def test_integer_form_is_none_where_products_round_so_that_quotients_do_not_lead_back():
    weights = [[7372220045040680, 1 / 934]]  # 934 times the first has more bits than float64
    assert 7372220045040680.0 * 934 / 934 != 7372220045040680
    assert Kernel(weights).integer_form is None


@given(kernels(MODERATE_REALS))
def test_integer_form_of_any_weights_is_exact_or_none(kernel):
    found = kernel.integer_form
    assert found is None or np.array_equal(found[0] / found[1], kernel.weights)


@pytest.mark.parametrize(
    ("weights", "rank"),
    [([[1, 2, 1], [2, 4, 2]], 1), (np.eye(3), 3), ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], 2), ([[0, 0]], 0), ([[7]], 1)],
)
def test_rank_counts_separable_parts(weights, rank):
    assert Kernel(weights).rank == rank


def test_sums_scaling_and_names():
    kernel = Kernel([[1, -2, 4]], (0, 2), name="uneven", source="here")
    assert (kernel.sum, kernel.absolute_sum) == (1 - 2 + 4, 1 + 2 + 4)
    assert kernel.scaled(0.5).weights.tolist() == [[0.5, -1, 2]]
    assert kernel.normalized().weights.tolist() == [[1 / 3, -2 / 3, 4 / 3]]
    renamed = kernel.named("other")
    assert (renamed.name, renamed.source, renamed.anchor) == ("other", "here", (0, 2))
    assert kernel.with_anchor("lower").anchor == (0, 1)
    assert kernel.with_anchor("lower").name == "uneven"


@pytest.mark.parametrize("factor", [float("inf"), float("nan"), 1e306])
def test_a_factor_that_leaves_no_finite_weight_is_refused(factor):
    with pytest.raises(
        KernelError, match=rf"kernel times {re.escape(format(factor, 'g'))} has weights that are not finite"
    ):
        Kernel([[0, 2e300]]).scaled(factor)


@pytest.mark.parametrize("weights", [[[1e308, 1e308]], np.full((3, 3), 1.7e308), [[1e308]]])
def test_weights_whose_sums_overflow_are_not_summable(weights):
    with pytest.raises(KernelError, match=r"the weights of kernel, up to .* add up to more than float64 holds"):
        Kernel(weights).summable()


@pytest.mark.parametrize("weights", [[[1, -1]], [[0, 0]], [[0.1, 0.2, -0.3]]])
def test_a_zero_sum_cannot_be_normalized(weights):
    with pytest.raises(KernelError, match="sums to 0"):
        Kernel(weights).normalized()
