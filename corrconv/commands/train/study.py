"""Does it matter whether a network correlates or convolves? A small one is trained under both conventions.

The network: one layer of filters, ReLU, the mean over small blocks, a linear layer, softmax.
Pictures (count, height, width); a batch travels through the core as one image with a channel for
each picture, so that one filtering serves the whole batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Engine, Operation, OutputSize, Precision
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals
    from corrconv.core.progress import Progress

    Labels = NDArray[np.intp]

# Pictures this small are filtered sooner than a second thread is started.
VALID = Options(output_size=OutputSize.VALID, precision=Precision.FLOAT64, threads=1)

# A kernel of errors has many cells and few places: what matrix products are made for. Left to itself,
# the choice would hang on how many errors ReLU happens to make 0.
FEW_PLACES = replace(VALID, engine=Engine.MATMUL)


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """How the network is built and trained; the same seed gives the same training."""

    filters: int = 8
    filter_side: int = 5
    pool: int = 2
    steps: int = 200
    batch: int = 50
    learning_rate: float = 0.02
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Network:
    """The network's parameters, and the operation that lays its filters.

    filters (n, k, k), offsets (n,), weights (classes, features), biases (classes,); pool: the side of
    the blocks whose mean is taken.
    """

    operation: Operation
    pool: int
    filters: Reals
    offsets: Reals
    weights: Reals
    biases: Reals

    @property
    def parameters(self) -> tuple[Reals, ...]:
        """All that is trained."""
        return self.filters, self.offsets, self.weights, self.biases

    def with_parameters(self, parameters: Sequence[Reals]) -> Network:
        """The same network with other parameters."""
        filters, offsets, weights, biases = parameters
        return replace(self, filters=filters, offsets=offsets, weights=weights, biases=biases)

    def under(self, operation: Operation) -> Network:
        """The same parameters under an operation: another network, unless the filters are symmetric."""
        return replace(self, operation=operation)

    def mirrored(self) -> Network:
        """The network with its filters turned by 180 degrees and the other operation: it computes the same."""
        other = Operation.CONVOLUTION if self.operation is Operation.CORRELATION else Operation.CORRELATION
        return replace(self, operation=other, filters=self.filters[:, ::-1, ::-1].copy())

    def responses(self, images: Reals) -> Reals:
        """What each filter makes of each picture, without its offset: (n, height, width, count)."""
        batch = np.moveaxis(images, 0, -1)
        return np.stack(
            [filter_array(batch, Kernel(weights), self.operation, VALID, channel_axis=-1) for weights in self.filters]
        )

    def predict(self, images: Reals) -> Labels:
        """The most likely class of each picture."""
        labels: Labels = self._forward(images)[2].argmax(axis=0)
        return labels

    def loss_and_gradients(self, images: Reals, labels: Labels) -> tuple[float, tuple[Reals, ...]]:
        """The mean cross-entropy, and its gradient with respect to each of the parameters."""
        active, features, scores = self._forward(images)
        count = len(images)
        log_shares = scores - np.log(np.exp(scores).sum(axis=0))
        loss = -float(log_shares[labels, np.arange(count)].mean())

        score_errors = np.exp(log_shares)
        score_errors[labels, np.arange(count)] -= 1
        score_errors /= count
        pooled_errors = (self.weights.T @ score_errors).reshape(self._pooled_shape(active.shape))
        errors = _spread(pooled_errors, self.pool, active.shape) * active
        return loss, (
            self._filter_gradients(images, errors),
            errors.sum(axis=(1, 2, 3)),
            score_errors @ features.T,
            score_errors.sum(axis=1),
        )

    def _forward(self, images: Reals) -> tuple[NDArray[np.bool_], Reals, Reals]:
        """Where ReLU let the responses pass, the features (features, count) and the scores (classes, count)."""
        responses = self.responses(images) + self.offsets[:, np.newaxis, np.newaxis, np.newaxis]
        active = responses > 0
        features = _block_means(responses * active, self.pool).reshape(-1, len(images))
        scores = self.weights @ features + self.biases[:, np.newaxis]
        return active, features, scores - scores.max(axis=0)

    def _pooled_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[0], shape[1] // self.pool, shape[2] // self.pool, shape[3]

    def _filter_gradients(self, images: Reals, errors: Reals) -> Reals:
        """The gradient with respect to the filters: the pictures correlated with the errors.

        All pictures stand below each other in one image, and their errors likewise in one kernel,
        with zeros where a filter would reach from one picture into the next: so one filtering gives
        the sum over the batch. Convolution lays its filters turned, so its gradient is turned.
        """
        count, height, width = images.shape
        stack = images.reshape(count * height, width)
        gradients = np.empty(self.filters.shape)
        for index, own in enumerate(errors):
            laid = np.zeros((count, height, own.shape[1]))
            laid[:, : own.shape[0]] = np.moveaxis(own, -1, 0)
            rows = count * height - self.filters.shape[1] + 1
            seen = Kernel(laid.reshape(count * height, -1)[:rows])
            gradients[index] = filter_array(stack, seen, Operation.CORRELATION, FEW_PLACES)
        return gradients if self.operation is Operation.CORRELATION else gradients[:, ::-1, ::-1]


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """One network, trained: its loss before every step, and how often it is right on new pictures."""

    network: Network
    losses: tuple[float, ...]
    test_accuracy: float


@dataclass(frozen=True, eq=False)
class Training:
    """The same training three times.

    correlation: the usual network. convolution: true convolution, started from the filters turned by
    180 degrees. same_start: true convolution, started from the very same filters. swapped_accuracy:
    of the filters that correlation learned, when convolution lays them unturned.
    """

    plan: TrainingPlan
    correlation: TrainingRun
    convolution: TrainingRun
    same_start: TrainingRun
    swapped_accuracy: float

    @property
    def max_loss_difference(self) -> float:
        """The largest difference between the losses of one step, started from turned filters."""
        return _largest_difference(self.correlation.losses, self.convolution.losses)

    @property
    def max_filter_difference(self) -> float:
        """The largest difference between one network's filters and the half-turn of the other's."""
        turned = self.convolution.network.mirrored()
        return float(np.abs(self.correlation.network.filters - turned.filters).max())

    @property
    def same_start_loss_difference(self) -> float:
        """The largest difference between the losses of one step, started from the same filters."""
        return _largest_difference(self.correlation.losses, self.same_start.losses)


def train_both(
    images: Reals,
    labels: Labels,
    test_images: Reals,
    test_labels: Labels,
    plan: TrainingPlan | None = None,
    *,
    progress: Progress | None = None,
) -> Training:
    """Train the network with correlation and with convolution, on the same batches.

    Pictures (count, height, width), all of one size, and their classes from 0 on. Raises
    CorrconvError for pictures that the filters and blocks do not fit into.
    """
    chosen = plan or TrainingPlan()
    start = new_network(images.shape[1:], int(labels.max()) + 1, chosen)
    networks = [start, start.mirrored(), start.under(Operation.CONVOLUTION)]
    runs = [_train(network, images, labels, chosen) for network in networks]
    losses: list[list[float]] = [[] for _ in networks]
    for step in range(chosen.steps):
        for index, run in enumerate(runs):
            loss, networks[index] = next(run)
            losses[index].append(loss)
        if progress is not None:
            progress(step + 1, chosen.steps)
    correlation, convolution, same_start = (
        TrainingRun(network, tuple(curve), accuracy(network, test_images, test_labels))
        for network, curve in zip(networks, losses, strict=True)
    )
    swapped_accuracy = accuracy(networks[0].under(Operation.CONVOLUTION), test_images, test_labels)
    return Training(chosen, correlation, convolution, same_start, swapped_accuracy)


def new_network(image_shape: tuple[int, ...], classes: int, plan: TrainingPlan) -> Network:
    """A correlating network with small random parameters, for pictures of this many rows and columns.

    Source of the scale: K. He et al., "Delving Deep into Rectifiers" (2015).
    """
    sides = [side - plan.filter_side + 1 for side in image_shape]
    if min(sides) < plan.pool or any(side % plan.pool for side in sides):
        raise CorrconvError(
            f"pictures of {image_shape[0]}x{image_shape[1]} leave {sides[0]}x{sides[1]} under filters of"
            f" {plan.filter_side}x{plan.filter_side}, which blocks of {plan.pool}x{plan.pool} do not fill;"
            " choose another block size"
        )
    random = np.random.default_rng(plan.seed)
    features = plan.filters * (sides[0] // plan.pool) * (sides[1] // plan.pool)
    return Network(
        Operation.CORRELATION,
        plan.pool,
        filters=random.normal(scale=np.sqrt(2) / plan.filter_side, size=(plan.filters, *[plan.filter_side] * 2)),
        offsets=np.zeros(plan.filters),
        weights=random.normal(scale=np.sqrt(2 / features), size=(classes, features)),
        biases=np.zeros(classes),
    )


def accuracy(network: Network, images: Reals, labels: Labels) -> float:
    """The share of pictures whose class the network finds."""
    return float((network.predict(images) == labels).mean())


def _train(network: Network, images: Reals, labels: Labels, plan: TrainingPlan) -> Iterator[tuple[float, Network]]:
    """The loss before each step and the network after it, by Adam.

    Source: D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015).
    """
    momentum_decay, scale_decay, smallest = 0.9, 0.999, 1e-8
    momenta: list[Reals | float] = [0.0] * 4
    squares: list[Reals | float] = [0.0] * 4
    for step, chosen in enumerate(islice(_batches(len(images), plan), plan.steps), start=1):
        loss, gradients = network.loss_and_gradients(images[chosen], labels[chosen])
        moved = list(network.parameters)
        for index, gradient in enumerate(gradients):
            momenta[index] = momentum_decay * momenta[index] + (1 - momentum_decay) * gradient
            squares[index] = scale_decay * squares[index] + (1 - scale_decay) * gradient**2
            scale = np.sqrt(squares[index] / (1 - scale_decay**step)) + smallest
            moved[index] = moved[index] - plan.learning_rate / (1 - momentum_decay**step) * momenta[index] / scale
        network = network.with_parameters(moved)
        yield loss, network


def _batches(count: int, plan: TrainingPlan) -> Iterator[NDArray[np.intp]]:
    """Which pictures each step sees: all of them in random order, then again in another."""
    random = np.random.default_rng(plan.seed)
    size = min(plan.batch, count)
    while True:
        order = random.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


def _block_means(values: Reals, side: int) -> Reals:
    """The mean of every block of side x side: (n, height, width, count) gives (n, height / side, ...)."""
    filters, height, width, count = values.shape
    means: Reals = values.reshape(filters, height // side, side, width // side, side, count).mean(axis=(2, 4))
    return means


def _spread(pooled: Reals, side: int, shape: tuple[int, ...]) -> Reals:
    """The gradient of `_block_means`: each cell of a block has its share."""
    filters, height, width, count = shape
    spread = np.broadcast_to(
        pooled[:, :, np.newaxis, :, np.newaxis] / side**2, (filters, height // side, side, width // side, side, count)
    )
    return spread.reshape(shape)


def _largest_difference(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    return float(np.abs(np.subtract(first, second)).max())
