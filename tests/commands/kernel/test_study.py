"""Kernels made of kernels: combined, chained, split."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from hypothesis import given
from strategies import kernels

from corrconv import Kernel, convolve, correlate
from corrconv.commands.kernel.study import Combining, combine, split
from corrconv.core.terms import Boundary
from corrconv.core.zoo import ZOO
from corrconv.errors import KernelError
from corrconv.files.kernels import read_kernel

SKEW, CORNER = Kernel([[1, 2, 0], [3, -1, 4]]), Kernel([[1, 2], [3, 5]], (0, 1))


@pytest.mark.parametrize("by", Combining)
@pytest.mark.parametrize("boundary", Boundary)
def test_one_pass_gives_inside_what_two_passes_give(by, boundary):
    image = np.random.default_rng(1).integers(0, 50, (14, 15))
    merged = combine(SKEW, CORNER, by, boundary).merged
    inside = slice(4, -4), slice(4, -4)

    def by_loops(kernel, turned, picture=image):
        function = oracle.convolve if turned else oracle.correlate
        result = function(picture.tolist(), kernel.weights.tolist(), boundary=str(boundary), anchor=kernel.anchor)
        return np.array(result)

    for turned in (False, True):
        first = by_loops(SKEW, turned)
        if by in {Combining.CONVOLVE, Combining.CORRELATE}:
            expected = by_loops(CORNER, turned != (by is Combining.CORRELATE), first)
        else:
            expected = first + (1 if by is Combining.ADD else -1) * by_loops(CORNER, turned)
        assert (by_loops(merged, turned)[inside] == expected[inside]).all()


def test_a_check_counts_what_differs_and_how_far_from_the_border():
    for check in combine(SKEW, CORNER, Combining.CONVOLVE, Boundary.REFLECT).passes:
        assert 0 < check.differing < check.pixels / 2
        assert 1 <= check.margin <= 2
        assert check.exact
    for check in combine(SKEW, CORNER, Combining.CONVOLVE, Boundary.WRAP).passes:
        assert (check.differing, check.margin) == (0, 0)


@pytest.mark.parametrize("by", [Combining.ADD, Combining.SUBTRACT])
@pytest.mark.parametrize("boundary", Boundary)
def test_sums_and_differences_of_kernels_are_the_same_in_one_pass_up_to_the_border(by, boundary):
    for check in combine(SKEW, CORNER, by, boundary).passes:
        assert (check.differing, check.margin, check.exact) == (0, 0, True)


def test_what_only_rounding_tells_apart_is_not_counted_however_large():
    real = [Kernel(1e6 * np.random.default_rng(seed).normal(size=(3, 4))) for seed in (1, 2)]
    for check in combine(*real, Combining.CONVOLVE, Boundary.WRAP).passes:
        assert (check.differing, check.exact) == (0, False)


def test_a_wrong_merging_would_be_counted(monkeypatch):
    from corrconv.commands.kernel import study

    monkeypatch.setattr(study, "convolved", study.correlated)
    assert all(check.margin > 5 for check in combine(SKEW, CORNER, Combining.CONVOLVE, Boundary.WRAP).passes)


def test_what_takes_minutes_to_check_is_not_combined():
    wide, high = Kernel(np.ones((1, 1100))), Kernel(np.ones((1000, 1)))
    with pytest.raises(KernelError, match=r"together span 1001 rows and 1101 columns, and .* up to 1,000,000 cells"):
        combine(wide, high, Combining.CONVOLVE, Boundary.REFLECT)
    assert combine(wide, wide, Combining.ADD, Boundary.REFLECT).merged.shape == (1, 1100)


def test_kernels_that_cancel_each_other_are_refused():
    with pytest.raises(KernelError, match="cancel each other"):
        combine(SKEW, SKEW, Combining.SUBTRACT, Boundary.REFLECT)


@pytest.mark.parametrize("text", ["sobel+box", "[1 2; 3 4]+[1 0 -1]", "gaussian:sigma=1,size=3+sobel:axis=y+box"])
def test_a_chain_is_applied_in_turn(text):
    image = np.random.default_rng(2).integers(0, 256, (20, 21))
    parts = [read_kernel(part) for part in text.split("+")]
    chain = read_kernel(text)
    assert chain.name == "+".join(part.name for part in parts)
    for operation in (correlate, convolve):
        in_turn = image
        for part in parts:
            in_turn = operation(in_turn, part, boundary="wrap")
        assert np.allclose(operation(image, chain, boundary="wrap"), in_turn, rtol=0, atol=1e-9)


def test_a_plus_within_a_number_or_a_geometry_is_no_chain():
    assert read_kernel("[1e+3 2]").weights.tolist() == [[1000, 2]]
    assert read_kernel("2x2+1+1: 1 2 3 4").anchor == (1, 1)


@pytest.mark.parametrize("name", ZOO)
def test_products_add_up_to_every_named_kernel(name):
    kernel = read_kernel(name)
    parts = split(kernel)
    total = sum(product.weights for product in parts.products) / parts.divisor
    assert np.allclose(total, kernel.weights, rtol=0, atol=1e-14 * np.abs(kernel.weights).max())
    assert len(parts.products) == kernel.rank
    assert parts.residual == 0


@given(kernels())
def test_whole_kernels_split_exactly_into_as_many_products_as_their_rank(kernel):
    parts = split(kernel)
    cells = sum((product.weights for product in parts.products), np.zeros(kernel.shape))
    assert (cells == kernel.weights * parts.divisor).all()
    assert len(parts.products) == np.linalg.matrix_rank(kernel.weights)


def test_sobel_is_its_two_vectors_as_everybody_writes_them():
    (product,) = split(read_kernel("sobel")).products
    assert (product.column.tolist(), product.row.tolist()) == ([1, 2, 1], [-1, 0, 1])


def test_fewer_products_leave_the_smallest_rest():
    kernel = read_kernel("log")
    parts = split(kernel, 1)
    values = np.linalg.svd(kernel.weights, compute_uv=False)
    assert np.isclose(np.linalg.norm(parts.rest.weights), np.linalg.norm(values[1:]))
    assert parts.residual == np.abs(parts.rest.weights).max() > 0
