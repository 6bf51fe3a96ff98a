"""Kernels learned from pictures: the truth recovered, what is not determined said, both conventions alike."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import kernels

from corrconv.commands.learn import study as learning
from corrconv.commands.learn.nearest import nearest_zoo_kernel
from corrconv.commands.learn.size import size_advice
from corrconv.commands.learn.study import descend, learn_kernel
from corrconv.core.filtering import convolve, correlate, filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Operation, OutputSize, Symmetry
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError

ASYMMETRIC = Kernel([[1, 2, 3], [0, -4, 1], [2, 0, 5]])


def noise(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def as_8_bit(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@settings(max_examples=20)
@given(kernels())
def test_any_kernel_is_recovered_with_its_anchor(kernel):
    before = noise(24, 26)
    learned = learn_kernel(before, correlate(before, kernel), kernel.shape, anchor=kernel.anchor)
    np.testing.assert_allclose(learned.correlation_kernel.weights, kernel.weights, atol=1e-9)
    np.testing.assert_allclose(
        convolve(before, learned.convolution_kernel), correlate(before, kernel), atol=1e-6
    )  # borders included: the anchor was turned as well
    assert learned.determined
    assert learned.residual < 1e-8
    assert learned.clipped == 0


def test_the_convolution_kernel_is_what_convolution_was_given():
    before = noise(30, 31)
    learned = learn_kernel(before, convolve(before, ASYMMETRIC), (3, 3))
    np.testing.assert_allclose(learned.convolution_kernel.weights, ASYMMETRIC.weights, atol=1e-9)
    np.testing.assert_allclose(learned.correlation_kernel.weights, ASYMMETRIC.turned().weights, atol=1e-9)


def test_least_squares_of_numpy_gives_the_same(monkeypatch):
    monkeypatch.setattr(learning, "BLOCK_NUMBERS", 500)
    before, after = noise(20, 23), noise(20, 23, seed=2) / 7
    learned = learn_kernel(before, after, (3, 2), anchor=(2, 0))
    windows = np.lib.stride_tricks.sliding_window_view(before, (3, 2)).reshape(-1, 6).astype(float)
    targets = after[2:, :-1].ravel()
    weights, squared_error, rank, _ = np.linalg.lstsq(windows, targets)
    np.testing.assert_allclose(learned.correlation_kernel.weights.ravel(), weights, atol=1e-10)
    assert learned.rank == rank == 6
    assert learned.pixels == len(targets)
    assert learned.residual == pytest.approx(np.sqrt(squared_error[0] / len(targets)))
    assert learned.largest_residual == pytest.approx(np.abs(windows @ weights - targets).max())
    assert learned.r_squared == pytest.approx(1 - squared_error[0] / ((targets - targets.mean()) ** 2).sum())
    covariance = squared_error[0] / (len(targets) - 6) * np.linalg.inv(windows.T @ windows)
    assert learned.uncertainty == pytest.approx(np.sqrt(covariance.diagonal().max()))


def test_colours_share_one_kernel():
    before = noise(15, 16, 3)
    after = correlate(before, ASYMMETRIC, channel_axis=-1)
    learned = learn_kernel(before, after, (3, 3), channel_axis=-1)
    np.testing.assert_allclose(learned.correlation_kernel.weights, ASYMMETRIC.weights, atol=1e-9)
    assert learned.pixels == 13 * 14 * 3


def test_rounded_pixels_leave_what_rounding_leaves():
    before = noise(120, 130)
    kernel = zoo_kernel("gaussian:sigma=1,size=5")
    learned = learn_kernel(before, as_8_bit(correlate(before, kernel)), (5, 5))
    assert learned.residual == pytest.approx(1 / np.sqrt(12), rel=0.02)  # of a uniform error within half a level
    assert np.abs(learned.correlation_kernel.weights - kernel.weights).max() < 4 * learned.uncertainty < 1e-3
    assert learned.symmetry is Symmetry.POINT_SYMMETRIC
    assert learned.r_squared > 0.999


def test_clipped_pixels_are_left_out_or_the_kernel_is_wrong():
    before = noise(80, 81)
    after = as_8_bit(correlate(before, zoo_kernel("sobel")))
    learned = learn_kernel(before, after, (3, 3))
    np.testing.assert_allclose(learned.correlation_kernel.weights, zoo_kernel("sobel").weights, atol=1e-9)
    assert learned.largest_residual < 1e-9
    interior = after[1:-1, 1:-1]
    assert learned.clipped == ((interior == 0) | (interior == 255)).sum() > 1000
    kept = learn_kernel(before, after, (3, 3), keep_clipped=True)
    assert kept.clipped == 0
    assert np.abs(kept.correlation_kernel.weights - zoo_kernel("sobel").weights).max() > 0.1


def test_a_picture_that_does_not_determine_the_kernel_is_said_to():
    columns = np.tile(noise(1, 40).astype(float), (30, 1))  # nothing changes from row to row
    learned = learn_kernel(columns, correlate(columns, zoo_kernel("sobel")), (3, 3))
    assert learned.rank == 3
    assert not learned.determined
    assert learned.uncertainty == inf
    assert learned.residual < 1e-9  # yet the fit is perfect: it just is not the only one
    np.testing.assert_allclose(learned.correlation_kernel.weights.sum(axis=0), [-4, 0, 4], atol=1e-9)
    assert learn_kernel(np.zeros((9, 9)), noise(9, 9), (3, 3)).rank == 0


def test_a_constant_result_has_no_variance_to_explain():
    assert isnan(learn_kernel(noise(9, 9), np.zeros((9, 9)), (3, 3)).r_squared)


def test_what_is_no_filter_is_not_explained():
    before = noise(60, 60)
    learned = learn_kernel(before, 255 - before, (3, 3))
    assert learned.determined
    assert learned.r_squared < 0.9


@pytest.mark.parametrize("anchor", ["center", "lower"])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3)])
def test_descent_learns_mirrored_kernels_with_equal_losses(shape, anchor):
    before = noise(20, 22).astype(float)
    target = correlate(before, np.arange(np.prod(shape)).reshape(shape), anchor=anchor)
    descent = descend(before, target, shape, 60, anchor=anchor)
    losses = descent.losses[Operation.CORRELATION]
    assert len(losses) == len(descent.losses[Operation.CONVOLUTION]) == 61
    assert descent.max_loss_difference <= 1e-12 * losses[0]
    assert descent.max_kernel_difference <= 1e-12
    assert losses[-1] < 1e-3 * losses[0]
    first, second = (descent.kernels[operation] for operation in Operation)
    assert first.anchor == second.turned().anchor
    assert np.abs(first.weights - second.weights).max() > 1
    np.testing.assert_allclose(
        filter_array(before, first, Operation.CORRELATION, Options()),
        filter_array(before, second, Operation.CONVOLUTION, Options()),
        rtol=1e-9,
    )


def test_descent_comes_to_the_least_squares_kernel():
    before = noise(20, 22, 2)
    after = as_8_bit(correlate(before, zoo_kernel("binomial"), channel_axis=-1))
    best = learn_kernel(before, after, (3, 3), channel_axis=-1)
    descent = descend(before, after, (3, 3), 150, channel_axis=-1)
    assert descent.losses[Operation.CONVOLUTION][-1] == pytest.approx(best.residual**2, abs=1e-3)
    learned = descent.kernels[Operation.CONVOLUTION].turned()
    np.testing.assert_allclose(learned.weights, best.correlation_kernel.weights, atol=1e-3)


@pytest.mark.parametrize("operation", Operation)
def test_gradients_agree_with_finite_differences(operation):
    before, after = noise(9, 10, 2) / 255, noise(9, 10, 2, seed=2) / 255
    kernel = Kernel(np.random.default_rng(3).normal(size=(3, 2)))
    problem = learning._state_problem(before, after, kernel, -1, keep_clipped=False)

    def loss(weights):
        return float((problem.errors(Kernel(weights), operation) ** 2).sum()) / problem.pixels

    step = 1e-5
    for cell in np.ndindex(kernel.shape):
        nudge = np.zeros(kernel.shape)
        nudge[cell] = step
        slope = (loss(kernel.weights + nudge) - loss(kernel.weights - nudge)) / (2 * step)
        assert problem.gradient(kernel, operation)[cell] == pytest.approx(slope, rel=1e-6)


def test_large_pictures_are_descended_in_their_middle(monkeypatch):
    monkeypatch.setattr(learning, "DESCENT_SIDE", 20)
    before = noise(60, 70)
    target = correlate(before, ASYMMETRIC)
    target[:15], target[-15:], target[:, :15], target[:, -15:] = 0, 0, 0, 0
    descent = descend(before, target, (3, 3), 200)
    np.testing.assert_allclose(descent.kernels[Operation.CORRELATION].weights, ASYMMETRIC.weights, atol=1e-2)


def test_progress_is_told():
    told = []
    learn_kernel(noise(9, 9), noise(9, 9), (3, 3), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    told.clear()
    descend(noise(9, 9), noise(9, 9), (3, 3), 2, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("before", "after", "shape", "says"),
    [
        (noise(9, 9), noise(9, 8), (3, 3), "BEFORE is 9 rows x 9 columns .* AFTER 9 rows x 8 columns"),
        (noise(9, 9), noise(9, 9), (3, 10), "3x10 does not fit"),
        (noise(9, 9), noise(9, 9) * np.uint8(0), (3, 3), "every pixel of AFTER"),
        (noise(9, 9) * np.nan, noise(9, 9), (3, 3), "nan"),
        (noise(9, 9, 3), noise(9, 9, 3), (3, 3), "2 dimensions"),
    ],
)
def test_refusals(before, after, shape, says):
    with pytest.raises(CorrconvError, match=says):
        learn_kernel(before, after, shape)


def test_refusals_of_descent():
    with pytest.raises(CorrconvError, match="at least 1"):
        descend(noise(9, 9), noise(9, 9), (3, 3), 0)
    with pytest.raises(CorrconvError, match="black"):
        descend(np.zeros((9, 9)), noise(9, 9), (3, 3), 5)


@pytest.mark.parametrize(
    "name", ["box", "sobel", "emboss", "laplacian:neighbours=8", "gaussian:sigma=2", "shift", "kirsch:direction=sw"]
)
@pytest.mark.parametrize("operation", Operation)
def test_nearest_zoo_kernel_is_found_whichever_way_it_was_laid(name, operation):
    kernel = zoo_kernel(name)
    laid = kernel if operation is Operation.CORRELATION else kernel.turned()
    nearest = nearest_zoo_kernel(laid.scaled(0.25))
    assert nearest.similarity == pytest.approx(1)
    assert nearest.scale == pytest.approx(0.25)
    found = nearest.kernel if nearest.operation is Operation.CORRELATION else nearest.kernel.turned()
    np.testing.assert_allclose(found.embedded().weights, laid.embedded().weights, atol=1e-12)


def test_nearest_zoo_kernel_of_others():
    assert nearest_zoo_kernel(Kernel(np.zeros((3, 3)))) is None
    nearest = nearest_zoo_kernel(Kernel([[-1.1, 0, 1], [-2, 0.1, 2], [-1, 0, 0.9]]))
    assert (nearest.kernel.name, nearest.operation) == ("sobel", Operation.CORRELATION)
    assert 0.99 < nearest.similarity < 1
    # Correlation with robinson:direction=w would be the same; the better known name wins.
    turned = nearest_zoo_kernel(zoo_kernel("sobel").turned())
    assert (turned.kernel.name, turned.operation) == ("sobel", Operation.CONVOLUTION)
    assert nearest_zoo_kernel(zoo_kernel("sobel").scaled(-2).turned()).scale == pytest.approx(2)


def test_valid_is_all_that_counts():
    before, after = noise(20, 20), correlate(noise(20, 20), ASYMMETRIC, boundary="constant", fill=99)
    inner = correlate(before, ASYMMETRIC, output_size=OutputSize.VALID)
    assert (after[1:-1, 1:-1] == inner).all()
    assert learn_kernel(before, after, (3, 3)).residual < 1e-9


def test_a_kernel_of_more_cells_than_memory_is_refused_beforehand():
    for attempt in (
        lambda: learn_kernel(np.eye(4), np.eye(4), (10**11, 10**11)),
        lambda: descend(np.eye(4), np.eye(4), (10**11, 10**11), 3),
    ):
        with pytest.raises(CorrconvError, match="cannot be learned from 16 numbers; seek a smaller one"):
            attempt()


def blurred(*sigmas, seed=4, dtype=float):
    """A picture, and the same blurred by SciPy."""
    ndimage = pytest.importorskip("scipy.ndimage")
    before = np.random.default_rng(seed).integers(20, 230, (60, 64)).astype(float)
    after = before
    for sigma in sigmas:
        after = ndimage.gaussian_filter(after, sigma)
    return before.astype(np.uint8), np.rint(after).astype(dtype) if dtype is not float else after


def test_the_sigma_of_an_exact_gaussian_is_found():
    nearest = learn_kernel(*blurred(0.6), (5, 5)).nearest
    assert (nearest.kernel.name, nearest.similarity) == ("gaussian:sigma=0.6", pytest.approx(1, abs=1e-12))
    assert nearest.scale == pytest.approx(1, abs=1e-9)


def test_two_blurs_of_2_are_one_of_their_root_mean_square():
    # Variances add up: sqrt(2² + 2²) = 2.83.
    nearest = learn_kernel(*blurred(2, 2), (21, 21)).nearest
    assert nearest.kernel.name.startswith("gaussian:sigma=2.8")
    assert nearest.scale == pytest.approx(1, abs=2e-3)


def test_rounded_pixels_give_no_figures_to_a_sigma_and_no_factor():
    nearest = learn_kernel(*blurred(0.6, dtype=np.uint8), (5, 5)).nearest
    assert nearest.kernel.name == "gaussian:sigma=0.6"
    assert nearest.scale == 1


def test_kernels_that_take_too_long_are_refused_beforehand():
    image = np.zeros((512, 512), np.uint8)
    with pytest.raises(CorrconvError, match=r"100x100 cells takes too long.*up to 36x36"):
        learn_kernel(image, image, (100, 100))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("before", "after"), [(1e-150, 1e139), (1e139, 1e-150), (5e-324, 1e139), (1e139, 1e139)])
def test_numbers_of_far_apart_sizes_overflow_without_a_warning(before, after):
    first, second = (
        scale * np.random.default_rng(seed).normal(size=(9, 8)) / 9 for seed, scale in ((1, before), (2, after))
    )
    learned = learn_kernel(first, second, (3, 3))
    assert not isnan(learned.residual)


def test_numbers_too_large_to_square_are_refused():
    with pytest.raises(CorrconvError, match=r"above 1e\+140, too large to square; scale it down"):
        learn_kernel(np.full((5, 6), 1e308), np.ones((5, 6)), (3, 3))


def test_no_name_is_given_to_what_is_like_nothing():
    # The nearest of them has a likeness of 0.5 to 0.9, which is no help.
    for seed in range(3):
        assert nearest_zoo_kernel(Kernel(np.random.default_rng(seed).normal(size=(3, 3)))) is None
    assert nearest_zoo_kernel(Kernel([[1, 2, 1], [2, 5, 2], [1, 2, 1.2]])) is not None


def advised(kernel, shape, dtype=float, noise=0.0):
    """What is advised where this kernel, correlated, was sought in this shape."""
    rng = np.random.default_rng(4)
    before = rng.integers(0, 200, (50, 60)).astype(float)
    after = correlate(before, kernel, boundary="edge") + noise * rng.normal(size=before.shape)
    after = np.rint(after).astype(np.uint8) if dtype is np.uint8 else after
    return size_advice(learn_kernel(before, after, shape), before, after)


@pytest.mark.parametrize("dtype", [float, np.uint8])
def test_a_kernel_that_is_too_small_is_told_by_a_larger_one(dtype):
    box = np.full((5, 5), 1 / 25)
    advice = advised(box, (3, 3), dtype)
    assert advice.shape == (5, 5)
    assert advice.residual < 0.31
    assert advised(box, (5, 5), dtype) is None
    assert advised(np.full((1, 5), 0.2), (1, 3), dtype).shape == (1, 5)


def test_a_rim_of_zeros_is_too_much():
    emboss = [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    assert advised(emboss, (7, 7)).shape == (3, 3)
    assert advised(emboss, (7, 7)).residual is None
    assert advised([[0.2, 0.5, 0.3]], (3, 5), np.uint8).shape == (1, 3)
    assert advised(emboss, (3, 3)) is None


def test_noise_does_not_ask_for_a_larger_kernel():
    assert advised([[0.2, 0.5, 0.3]], (1, 3), noise=3.0) is None
