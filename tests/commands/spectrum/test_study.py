"""The frequency response against its definition, the convolution theorem, and inverses."""

from __future__ import annotations

import numpy as np
import pytest

from corrconv.commands.spectrum.study import (
    PLANE,
    Passing,
    check_theorem,
    gaussian_beside,
    judge_inverse,
    measure_spectrum,
    restore,
    transfer,
)
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Operation
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError

RANDOM = np.random.default_rng(51)
SKEW = Kernel([[1, 2, 0], [-3, 4, 5]], anchor=(0, 2))
PICTURE = RANDOM.integers(0, 256, (24, 30))


def response_by_loops(kernel, sign, down, across):
    """What is left of the wave exp(2πi(down·y + across·x)): Σ K[i, j] · the wave at sign·(i - a), sign·(j - b)."""
    (rows, columns), (a, b) = kernel.shape, kernel.anchor
    return sum(
        kernel.weights[i, j] * np.exp(2j * np.pi * sign * (down * (i - a) + across * (j - b)))
        for i in range(rows)
        for j in range(columns)
    )


@pytest.mark.parametrize("kernel", [SKEW, zoo_kernel("sobel"), zoo_kernel("box:size=2")])
def test_the_response_is_what_the_operation_does_to_a_wave(kernel):
    for operation, sign in ((Operation.CORRELATION, 1), (Operation.CONVOLUTION, -1)):
        found = transfer(kernel, operation, (6, 8))
        for row, column in np.ndindex(6, 8):
            expected = response_by_loops(kernel, sign, row / 6, column / 8)
            assert found[row, column] == pytest.approx(expected, abs=1e-12), (operation, row, column)


def test_the_operations_have_one_gain_and_opposite_phases():
    correlation, convolution = (transfer(SKEW, operation, (16, 20)) for operation in Operation)
    assert np.abs(correlation - convolution.conj()).max() < 1e-12
    assert np.abs(correlation - convolution).max() > 1
    spectrum = measure_spectrum(SKEW)
    assert spectrum.conjugate < 1e-13
    assert spectrum.flat == pytest.approx(9)


def test_cuts_are_the_axes_of_the_plane():
    spectrum = measure_spectrum(SKEW)
    every = (len(spectrum.across.frequencies) - 1) // (PLANE // 2)
    half = PLANE // 2 + 1
    np.testing.assert_allclose(spectrum.across.response[::every], spectrum.response[0, :half], atol=1e-12)
    np.testing.assert_allclose(spectrum.down.response[::every], spectrum.response[:half, 0], atol=1e-12)


def test_a_box_rings_and_a_gaussian_does_not():
    for side in (2, 3, 5, 7):
        across = measure_spectrum(zoo_kernel(f"box:size={side}")).across
        assert across.zeros == pytest.approx([n / side for n in range(1, side // 2 + 1)])
    across = measure_spectrum(zoo_kernel("box:size=3")).across
    assert across.side_lobe == pytest.approx(1 / 3)  # (1 - 1 + ... 1) / 3 at 0.5
    # sin(3πf) / (3 sin(πf)) = (1 + 2 cos 2πf) / 3 = 1/2 at cos 2πf = 1/4
    assert across.half == pytest.approx(np.arccos(0.25) / (2 * np.pi), abs=3e-4)
    gaussian = measure_spectrum(zoo_kernel("gaussian:sigma=1,size=9")).across
    assert gaussian.zeros == ()
    assert gaussian.side_lobe < 1e-3
    beside = gaussian_beside(zoo_kernel("gaussian:sigma=1.5"))
    np.testing.assert_allclose(
        beside.response, measure_spectrum(zoo_kernel("gaussian:sigma=1.5")).across.response, atol=0.01
    )
    assert gaussian_beside(zoo_kernel("sobel")) is None


@pytest.mark.parametrize(
    ("kernel", "passing"),
    [
        ("box", Passing.LOW),
        ("gaussian", Passing.LOW),
        ("laplacian", Passing.HIGH),
        ("sobel", Passing.HIGH),
        ("identity", Passing.ALL),
        ("shift:dy=1,dx=2", Passing.ALL),
        ("sharpen", Passing.SHARP),
        ("emboss", Passing.OTHER),
        ("prewitt", Passing.HIGH),
    ],
)
def test_what_passes(kernel, passing):
    assert measure_spectrum(zoo_kernel(kernel)).passing is passing


def test_strongest_and_weakest():
    laplacian = measure_spectrum(zoo_kernel("laplacian"))
    assert laplacian.strongest == (pytest.approx(8), (0.5, 0.5))
    assert laplacian.weakest == (pytest.approx(0, abs=1e-12), (0, 0))


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("kernel", [SKEW, zoo_kernel("gaussian:sigma=9")])  # one larger than the picture too
def test_the_convolution_theorem(kernel, operation):
    assert check_theorem(kernel, operation, PICTURE).deviation < 1e-13
    other = transfer(kernel, Operation.CONVOLUTION if operation is Operation.CORRELATION else operation, PICTURE.shape)
    found = check_theorem(kernel, operation, PICTURE)
    if operation is Operation.CORRELATION and kernel is SKEW:  # the wrong phase would be seen
        product = np.fft.fft2(PICTURE) * other
        assert np.abs(np.fft.fft2(found.result) - product).max() > 0.01 * np.abs(product).max()


def test_what_an_inverse_takes():
    exact = judge_inverse(np.array([[1, 2], [4j, -0.5]]))
    assert (exact.lost, exact.frequencies, exact.worst) == (0, 4, 2)
    assert exact.noise_gain == pytest.approx(np.sqrt((1 + 1 / 4 + 1 / 16 + 4) / 4))
    assert judge_inverse(np.array([[1, 0], [1e-9, 2]])).lost == 2
    # A box of 3 loses every third frequency on either axis of a picture of 24 by 30.
    lost = judge_inverse(transfer(zoo_kernel("box"), Operation.CORRELATION, (24, 30))).lost
    assert lost == 2 * 30 + 2 * 24 - 4
    assert judge_inverse(transfer(zoo_kernel("box"), Operation.CORRELATION, (25, 31))).lost == 0


@pytest.mark.parametrize("operation", Operation)
def test_without_noise_and_zeros_a_picture_comes_back(operation):
    kernel = Kernel([[0, 1, 0], [0, 4, 2], [0, 0, 0]])
    restored = restore(kernel, operation, PICTURE, 0.0)
    assert restored.error(restored.plain) < 1e-10
    assert restored.error(restored.wiener) < 1e-3
    assert restored.error(restored.filtered) > 10


def test_with_noise_wieners_filter_is_better_than_division_and_than_nothing():
    y, x = np.mgrid[0:64, 0:64]
    picture = 100 + 80 * np.sin(x / 5) * np.cos(y / 7) + 20 * ((x // 8 + y // 8) % 2)
    restored = restore(zoo_kernel("box:size=5"), Operation.CONVOLUTION, picture, 1.0)
    assert restored.error(restored.wiener) < restored.error(restored.filtered) < restored.error(restored.plain)
    again = restore(zoo_kernel("box:size=5"), Operation.CONVOLUTION, picture, 1.0)
    assert (again.filtered == restored.filtered).all()


def test_a_kernel_of_zeros_and_a_flat_picture_have_answers():
    nothing = Kernel([[0, 0], [0, 0]])
    assert measure_spectrum(nothing).strongest[0] == 0
    assert measure_spectrum(nothing).passing is Passing.NOTHING
    assert judge_inverse(transfer(nothing, Operation.CORRELATION, (4, 4))).lost == 16
    restored = restore(zoo_kernel("box"), Operation.CORRELATION, np.full((9, 9), 7), 1.0)
    assert np.isfinite(restored.wiener).all()


def test_what_would_be_too_large_when_undone_is_lost():
    restored = restore(Kernel([[5e-324]]), Operation.CORRELATION, np.arange(12.0).reshape(3, 4), 1.0)
    assert not restored.plain.any()
    assert np.isfinite(restored.wiener).all()


@pytest.mark.parametrize(("weight", "pixel"), [(1e-3, 2e140), (2e140, 0.5), (1.0, -2e140)])
def test_numbers_too_large_to_square_are_refused(weight, pixel):
    with pytest.raises(CorrconvError, match=r"make numbers above 1e\+140, too large to square"):
        check_theorem(Kernel([[weight]]), Operation.CORRELATION, np.full((2, 3), pixel))
