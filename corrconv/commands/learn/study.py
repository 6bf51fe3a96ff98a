"""Which kernel turned one picture into another? Recovered by least squares, or learned step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.learn.nearest import ZooLikeness, nearest_zoo_kernel
from corrconv.core.arithmetic import check_real
from corrconv.core.arrays import as_array, check_channel_axis, size_words
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.notation.numbers import counted
from corrconv.core.options import Options
from corrconv.core.shown import Shown
from corrconv.core.terms import Operation, OutputSize, Precision, Symmetry
from corrconv.core.threads import available_cores, in_order
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from corrconv.core.arrays import Reals
    from corrconv.core.kernel import Cell
    from corrconv.core.progress import Progress

VALID = Options(output_size=OutputSize.VALID, precision=Precision.FLOAT64)

# Multiplications that a kernel may take: some ten seconds.
MOST_PRODUCTS = 5e11

# Squares of numbers up to this can be summed over any picture.
LARGEST_NUMBER = 1e140

BLOCK_NUMBERS = 2_000_000  # in one block of the equations: 16 MB, whatever the picture's size

# Weights that differ by less than so many standard errors may be equal.
NOTICEABLE_ERRORS = 4

# Weights that differ by less than this share of the largest are equal even in a perfect fit.
LEARNED_ROUNDING = 1e-9

# Gradient descent looks at the middle of larger pictures: there is nothing more to learn from the rest.
DESCENT_SIDE = 256


@dataclass(frozen=True, eq=False, repr=False)
class LearnedKernel(Shown):
    """The kernel that turns one picture into another, and how sure it is.

    convolution_kernel is the half-turn of correlation_kernel: with their own operation both do the
    same. symmetry: within what the fit leaves open. residual: root mean square of what the kernel
    does not explain, in gray levels; largest_residual likewise. r_squared: the share of AFTER's
    variance that it explains (nan where AFTER is constant). rank: how many of the weights the picture
    determines. uncertainty: the largest standard error of a weight, inf where rank is too small.
    pixels: values that were fitted; clipped: values left out because AFTER ends there.
    """

    correlation_kernel: Kernel
    convolution_kernel: Kernel
    symmetry: Symmetry
    nearest: ZooLikeness | None
    residual: float
    largest_residual: float
    r_squared: float
    rank: int
    uncertainty: float
    pixels: int
    clipped: int

    @property
    def determined(self) -> bool:
        """Whether the picture determines every weight."""
        return self.rank == self.correlation_kernel.weights.size


@dataclass(frozen=True, eq=False)
class Descent:
    """A kernel learned by gradient descent, once with each operation, from mirrored starts.

    losses: the mean squared error at the start and after each step; kernels: the last ones.
    """

    losses: dict[Operation, tuple[float, ...]]
    kernels: dict[Operation, Kernel]
    step_size: float

    @property
    def max_loss_difference(self) -> float:
        """The largest difference between the two losses of one step."""
        correlation, convolution = (np.array(self.losses[operation]) for operation in Operation)
        return float(np.abs(correlation - convolution).max())

    @property
    def max_kernel_difference(self) -> float:
        """The largest difference between one learned kernel and the other's half-turn."""
        correlation, convolution = (self.kernels[operation] for operation in Operation)
        return float(np.abs(correlation.weights - convolution.turned().weights).max())


@np.errstate(over="ignore", invalid="ignore")  # tiny numbers in BEFORE make a kernel too large to square
def learn_kernel(
    before: ArrayLike,
    after: ArrayLike,
    shape: tuple[int, int],
    *,
    anchor: Cell | str = "center",
    keep_clipped: bool = False,
    channel_axis: int | None = None,
    progress: Progress | None = None,
) -> LearnedKernel:
    """Recover the kernel (rows, columns of shape) that turned one picture into the other.

    before and after: (H, W), or with channels along channel_axis, which then share the kernel.
    Least squares over all pixels whose window lies inside the picture, so the boundary plays no
    part. Where AFTER holds integers, its pixels at either end of their range are left out, since the
    true value may lie beyond; keep_clipped takes them as they are. Raises CorrconvError for pictures
    that differ in shape, are too small, or leave no pixel.
    """
    _check_cells(before, shape)
    problem = _state_problem(before, after, Kernel(np.zeros(shape), anchor), channel_axis, keep_clipped=keep_clipped)
    products = _sum_of_products(problem, progress)
    gram, moments = products[:-1, :-1], products[:-1, -1]
    eigenvalues, directions = np.linalg.eigh(gram)
    kept = eigenvalues > eigenvalues[-1] * len(gram) * float(np.finfo(np.float64).eps)
    inverse = (directions[:, kept] / eigenvalues[kept]) @ directions[:, kept].T
    kernel = replace(problem.kernel, weights=(inverse @ moments).reshape(shape))

    squared_error, largest_error, variation = _measure_fit(problem, kernel)
    rank = int(kept.sum())
    freedom = problem.pixels - rank
    determined = rank == len(gram) and freedom > 0
    uncertainty = sqrt(squared_error / freedom * float(inverse.diagonal().max())) if determined else inf
    return LearnedKernel(
        correlation_kernel=kernel,
        convolution_kernel=kernel.turned(),
        symmetry=_symmetry(kernel, NOTICEABLE_ERRORS * uncertainty if determined else 0.0),
        nearest=nearest_zoo_kernel(kernel, NOTICEABLE_ERRORS * _noise(kernel, uncertainty)),
        residual=sqrt(squared_error / problem.pixels),
        largest_residual=largest_error,
        r_squared=1 - squared_error / variation if variation else nan,
        rank=rank,
        uncertainty=uncertainty,
        pixels=problem.pixels,
        clipped=problem.targets.size - problem.pixels,
    )


def descend(
    before: ArrayLike,
    after: ArrayLike,
    shape: tuple[int, int],
    steps: int,
    *,
    anchor: Cell | str = "center",
    keep_clipped: bool = False,
    channel_axis: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Descent:
    """Learn the kernel by gradient descent under both operations, from starts that are each other's half-turn.

    Arguments and errors are those of `learn_kernel`; of large pictures the middle is used. Accelerated
    descent with the longest step that is safe: 1 / (the largest curvature of the mean squared error).
    Source: Y. Nesterov, "A method of solving a convex programming problem with convergence rate
    O(1/k²)" (1983).
    """
    if steps < 1:
        raise CorrconvError(f"{steps} steps teach nothing; take at least 1")
    _check_cells(before, shape)
    random_weights = np.random.default_rng(seed).normal(size=shape) / (shape[0] * shape[1])
    start = Kernel(random_weights, anchor)
    problem = _state_problem(before, after, start, channel_axis, keep_clipped=keep_clipped).middle()
    curvature = 2 * np.linalg.eigvalsh(_sum_of_products(problem)[:-1, :-1])[-1] / problem.pixels
    if curvature == 0:
        raise CorrconvError("BEFORE is black wherever it would be learned from; choose another picture")
    step_size = float(1 / curvature)
    runs = {operation: _descent(problem, start, operation, step_size) for operation in Operation}
    losses: dict[Operation, list[float]] = {operation: [] for operation in Operation}
    kernels = {}
    for step in range(steps + 1):
        for operation, run in runs.items():
            loss, kernels[operation] = next(run)
            losses[operation].append(loss)
        if progress is not None:
            progress(step, steps)
    return Descent({operation: tuple(values) for operation, values in losses.items()}, kernels, step_size)


def _descent(
    problem: _Problem, start: Kernel, operation: Operation, step_size: float
) -> Iterator[tuple[float, Kernel]]:
    """The loss and the kernel at the start and after every step."""
    kernel = start if operation is Operation.CORRELATION else start.turned()
    momentum = np.zeros(kernel.shape)
    step = 0
    while True:
        yield float(np.square(problem.errors(kernel, operation)).sum()) / problem.pixels, kernel
        ahead = replace(kernel, weights=kernel.weights + step / (step + 3) * momentum)
        moved = ahead.weights - step_size * problem.gradient(ahead, operation)
        momentum = moved - kernel.weights
        kernel = replace(kernel, weights=moved)
        step += 1


@dataclass(frozen=True, eq=False)
class _Problem:
    """Pixels (H, W, C), the values (h, w, C) that a kernel should make of their windows, and which count."""

    image: NDArray[Any]
    targets: NDArray[Any]
    fitted: NDArray[np.bool_]
    kernel: Kernel

    @cached_property
    def pixels(self) -> int:
        """How many values are fitted."""
        return int(self.fitted.sum())

    def part(self, rows: slice, columns: slice) -> _Problem:
        """The same problem for some of the windows only."""
        height, width = (side - 1 for side in self.kernel.shape)
        return replace(
            self,
            image=self.image[rows.start : rows.stop + height, columns.start : columns.stop + width],
            targets=self.targets[rows, columns],
            fitted=self.fitted[rows, columns],
        )

    def middle(self) -> _Problem:
        """The problem for the middle of a large picture, in floating point."""
        starts = [max(0, length - DESCENT_SIDE) // 2 for length in self.targets.shape[:2]]
        middle = self.part(*(slice(start, start + DESCENT_SIDE) for start in starts))
        return replace(middle, image=middle.image.astype(np.float64))

    def errors(self, kernel: Kernel, operation: Operation) -> Reals:
        """What the kernel makes of the windows, less what it should; 0 where that does not count."""
        made = filter_array(self.image, kernel, operation, VALID, channel_axis=-1, dtype=np.float64)
        return np.where(self.fitted, made - self.targets, 0.0)

    def gradient(self, kernel: Kernel, operation: Operation) -> Reals:
        """The gradient of the mean squared error with respect to the weights: again a correlation.

        The weight at (i, j) moves the output (y, x) by the pixel it meets there, so its gradient is the
        sum of errors times those pixels: the image correlated with the errors. Convolution meets the
        pixels the other way round, so its gradient is the half-turn.
        """
        errors = self.errors(kernel, operation)
        total = np.zeros(kernel.shape)
        for channel in range(errors.shape[2]):
            seen = Kernel(errors[:, :, channel])
            total += filter_array(self.image[:, :, channel], seen, Operation.CORRELATION, VALID)
        laid = Kernel(2 / self.pixels * total)
        return (laid if operation is Operation.CORRELATION else laid.turned()).weights


def _check_cells(before: ArrayLike, shape: tuple[int, int]) -> None:
    """Raise CorrconvError for what would take too long, or fewer numbers than cells, before memory is taken."""
    cells, numbers = shape[0] * shape[1], np.size(before)
    if cells > numbers:
        raise CorrconvError(
            f"a kernel of {shape[0]}x{shape[1]} cells cannot be learned from {numbers} numbers; seek a smaller one"
        )
    # Every pair of cells is multiplied at every pixel, and the equations of all cells are solved.
    if numbers * cells**2 + 9 * cells**3 > MOST_PRODUCTS:
        side = 1
        while numbers * (side + 1) ** 4 + 9 * (side + 1) ** 6 <= MOST_PRODUCTS:
            side += 1
        raise CorrconvError(
            f"a kernel of {shape[0]}x{shape[1]} cells takes too long to learn from {numbers:,} numbers; seek one of up"
            f" to {side}x{side}, or learn from a part of the pictures"
        )


def _state_problem(
    before: ArrayLike, after: ArrayLike, kernel: Kernel, channel_axis: int | None, *, keep_clipped: bool
) -> _Problem:
    image, result = (_with_channels(as_array(picture, "picture"), channel_axis) for picture in (before, after))
    if image.shape != result.shape:
        raise CorrconvError(
            f"BEFORE is {_size(image)} and AFTER {_size(result)}; the kernel is sought pixel by pixel, so both need"
            " the same size and channels"
        )
    if any(length < side for length, side in zip(image.shape, kernel.shape, strict=False)):
        raise CorrconvError(
            f"a kernel of {kernel.shape[0]}x{kernel.shape[1]} does not fit into {_size(image)}; seek a smaller one"
        )
    interior = tuple(
        slice(cell, cell + length - side + 1)
        for cell, length, side in zip(kernel.anchor, image.shape, kernel.shape, strict=False)
    )
    targets = result[interior]
    fitted = np.ones(targets.shape, bool) if keep_clipped else _unclipped(targets)
    if not fitted.any():
        raise CorrconvError(
            "every pixel of AFTER is black or white, so each may have been clipped; keep clipped pixels if none was"
        )
    return _Problem(image, targets, fitted, kernel)


def _parts(problem: _Problem, numbers_a_window: int) -> list[_Problem]:
    """The problem cut into blocks of windows that need little memory each."""
    height, width, channels = problem.targets.shape
    columns = max(1, min(width, BLOCK_NUMBERS // (channels * numbers_a_window)))
    rows = max(1, BLOCK_NUMBERS // (channels * numbers_a_window * columns))
    return [
        problem.part(slice(top, top + rows), slice(left, left + columns))
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]


def _measure_fit(problem: _Problem, kernel: Kernel) -> tuple[float, float, float]:
    """Sum of squared errors, largest error, and the targets' squared deviations from their mean."""
    mean = float(problem.targets.mean(where=problem.fitted, dtype=np.float64))
    squared_error = largest = variation = 0.0
    for part in _parts(problem, 1):
        errors = part.errors(kernel, Operation.CORRELATION)
        squared_error += float(np.square(errors).sum())
        largest = max(largest, float(np.abs(errors).max()))
        variation += float(np.square(part.targets - mean).sum(where=part.fitted))
    return squared_error, largest, variation


def _sum_of_products(problem: _Problem, progress: Progress | None = None) -> Reals:
    """The normal equations: products of every pair of window cells, and of cells and target, summed.

    Shape (cells + 1, cells + 1); the last row and column belong to the target. Added up block by
    block, so the memory does not grow with the picture; whole numbers stay exact.
    """
    side = problem.kernel.weights.size + 1
    parts = _parts(problem, side)
    total = np.zeros((side, side))
    # Added in the order of the blocks, so that the sum does not depend on the number of threads.
    for done, products in enumerate(in_order(_products, parts, available_cores()), start=1):
        total += products
        if progress is not None:
            progress(done, len(parts))
    return total


def _products(part: _Problem) -> Reals:
    height, width = part.targets.shape[:2]
    columns = np.empty((part.kernel.weights.size + 1, *part.targets.shape))
    for cell, (row, column) in enumerate(np.ndindex(part.kernel.shape)):
        columns[cell] = part.image[row : row + height, column : column + width]
    columns[-1] = part.targets
    flat = columns.reshape(len(columns), -1)
    counted = flat if part.fitted.all() else flat[:, part.fitted.ravel()]
    products: Reals = counted @ counted.T
    return products


def _with_channels(picture: NDArray[Any], channel_axis: int | None) -> NDArray[Any]:
    check_real(picture)
    if channel_axis is not None:
        check_channel_axis(channel_axis)
    expected = 2 if channel_axis is None else 3
    if picture.ndim != expected:
        raise CorrconvError(
            f"a picture of shape {picture.shape} cannot be learned from; {expected} dimensions are needed"
        )
    if picture.dtype.kind == "f" and not np.isfinite(picture).all():
        raise CorrconvError("a picture holds nan or inf; replace those pixels before learning")
    if picture.dtype.kind == "f" and np.abs(picture).max() > LARGEST_NUMBER:
        raise CorrconvError(f"a picture holds numbers above {LARGEST_NUMBER:g}, too large to square; scale it down")
    return picture[:, :, np.newaxis] if channel_axis is None else np.moveaxis(picture, channel_axis, -1)


def _unclipped(targets: NDArray[Any]) -> NDArray[np.bool_]:
    if targets.dtype.kind not in "iu":
        return np.ones(targets.shape, bool)
    limits = np.iinfo(targets.dtype)
    return (targets > limits.min) & (targets < limits.max)


def _noise(kernel: Kernel, uncertainty: float) -> float:
    """How far off the weights are together, as a share of their own size; 0 where nothing is known of it."""
    size = float(np.linalg.norm(kernel.weights))
    return uncertainty * sqrt(kernel.weights.size) / size if size and uncertainty < inf else 0.0


def _symmetry(kernel: Kernel, noise: float) -> Symmetry:
    """The symmetry of a kernel whose weights are known up to some noise."""
    negligible = max(noise, LEARNED_ROUNDING * float(np.abs(kernel.weights).max()))
    if np.abs(kernel.odd_part().weights).max() <= negligible:
        return Symmetry.POINT_SYMMETRIC
    if np.abs(kernel.even_part().weights).max() <= negligible:
        return Symmetry.ANTISYMMETRIC
    return Symmetry.NEITHER


def _size(picture: NDArray[Any]) -> str:
    return f"{size_words(picture.shape)} with {counted(picture.shape[2], 'channel')}"
