"""The small network: its gradients, its two mirrored trainings, and PyTorch as a witness."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from corrconv.commands.train.study import Network, TrainingPlan, accuracy, new_network, train_both
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

SHAPES = np.array(
    [
        [[1, 1, 1], [1, 0, 0], [1, 0, 0]],
        [[0, 0, 1], [0, 0, 1], [1, 1, 1]],  # the half-turn of the first: a flip would confuse them
        [[1, 0, 0], [1, 1, 0], [0, 1, 0]],
    ]
)
TINY = TrainingPlan(filters=6, filter_side=3, pool=2, steps=150, batch=20, learning_rate=0.05)


def pictures(count, seed=0):
    """8x8 pictures of the three shapes at random places, with noise, and which shape each shows."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(SHAPES), count)
    images = random.normal(scale=0.1, size=(count, 8, 8))
    for image, label in zip(images, labels, strict=True):
        row, column = random.integers(0, 6, 2)
        image[row : row + 3, column : column + 3] += SHAPES[label]
    return images, labels


@pytest.fixture(scope="module")
def training():
    return train_both(*pictures(300), *pictures(90, seed=1), TINY)


@pytest.mark.parametrize("operation", Operation)
def test_responses_are_the_definition(operation):
    images, _ = pictures(3)
    network = new_network((8, 8), 3, TINY).under(operation)
    responses = network.responses(images)
    define = {Operation.CORRELATION: oracle.correlate, Operation.CONVOLUTION: oracle.convolve}[operation]
    for index, weights in enumerate(network.filters):
        for number, picture in enumerate(images):
            expected = define(picture.tolist(), weights.tolist(), output_size="valid")
            np.testing.assert_allclose(responses[index, :, :, number], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("operation", Operation)
def test_gradients_agree_with_finite_differences(operation):
    images, labels = pictures(5)
    network = new_network((8, 8), 3, TINY).under(operation)
    network = network.with_parameters([values + 0.01 for values in network.parameters])
    _, gradients = network.loss_and_gradients(images, labels)
    step = 1e-6
    for index, gradient in enumerate(gradients):
        assert gradient.shape == network.parameters[index].shape
        for place in list(np.ndindex(gradient.shape))[:30]:
            losses = []
            for sign in (1, -1):
                moved = [values.copy() for values in network.parameters]
                moved[index][place] += sign * step
                losses.append(network.with_parameters(moved).loss_and_gradients(images, labels)[0])
            slope = (losses[0] - losses[1]) / (2 * step)
            assert gradient[place] == pytest.approx(slope, rel=1e-5, abs=1e-8), (index, place)


def test_mirrored_network_computes_the_same_and_another_operation_does_not():
    images, labels = pictures(20)
    network = new_network((8, 8), 3, TINY)
    mirrored, other = network.mirrored(), network.under(Operation.CONVOLUTION)
    assert mirrored.operation is other.operation is Operation.CONVOLUTION
    assert (mirrored.responses(images) == network.responses(images)).all()
    assert (mirrored.mirrored().filters == network.filters).all()
    loss, gradients = network.loss_and_gradients(images, labels)
    mirrored_loss, mirrored_gradients = mirrored.loss_and_gradients(images, labels)
    assert mirrored_loss == loss
    assert (mirrored_gradients[0][:, ::-1, ::-1] == gradients[0]).all()
    assert other.loss_and_gradients(images, labels)[0] != pytest.approx(loss, abs=1e-3)


def test_mirrored_starts_train_alike_to_the_last_bits(training):
    assert training.max_loss_difference <= 1e-12
    assert training.max_filter_difference <= 1e-12
    assert training.correlation.test_accuracy == training.convolution.test_accuracy
    filters = training.correlation.network.filters
    assert np.abs(filters - filters[:, ::-1, ::-1]).max() > 0.5  # it is not that the filters were symmetric
    assert training.convolution.network.operation is Operation.CONVOLUTION


def test_the_same_start_trains_differently_but_as_well(training):
    assert training.same_start_loss_difference > 1e-3
    assert training.same_start.network.operation is Operation.CONVOLUTION
    for run in (training.correlation, training.convolution, training.same_start):
        assert len(run.losses) == TINY.steps
        assert np.mean(run.losses[-10:]) < 0.3 * run.losses[0]
        assert run.test_accuracy > 0.9


def test_learned_filters_do_not_survive_the_other_operation(training):
    assert training.swapped_accuracy < 0.7
    test_images, test_labels = pictures(90, seed=1)
    swapped = training.correlation.network.under(Operation.CONVOLUTION)
    assert training.swapped_accuracy == accuracy(swapped, test_images, test_labels)


def test_training_is_repeatable_and_tells_its_progress():
    told = []
    plan = TrainingPlan(filters=2, filter_side=2, pool=7, steps=3, batch=50, seed=5)
    data = (*pictures(30), *pictures(10, seed=1))  # fewer pictures than a batch
    first = train_both(*data, plan, progress=lambda done, total: told.append((done, total)))
    again = train_both(*data, plan)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert first.same_start.losses == again.same_start.losses
    assert first.plan == plan
    assert train_both(*data, TrainingPlan(filters=2, filter_side=2, pool=7, steps=3, seed=6)).correlation.losses != (
        first.correlation.losses
    )


def test_pictures_need_not_be_square():
    images, labels = np.random.default_rng(0).normal(size=(6, 7, 9)), np.arange(6) % 2
    network = new_network((7, 9), 2, TrainingPlan(filters=2, filter_side=2, pool=2))
    assert network.responses(images).shape == (2, 6, 8, 6)
    assert network.loss_and_gradients(images, labels)[1][0].shape == (2, 2, 2)
    assert network.predict(images).shape == (6,)


@pytest.mark.parametrize(("shape", "pool"), [((8, 8), 4), ((2, 8), 1), ((8, 8), 7)])
def test_pictures_that_do_not_fit_are_refused(shape, pool):
    with pytest.raises(CorrconvError, match="do not fill"):
        new_network(shape, 2, TrainingPlan(filter_side=3, pool=pool))


def test_pytorch_correlates():
    torch = pytest.importorskip("torch")
    images, labels = pictures(12)
    network = new_network((8, 8), 3, TINY)
    layer = torch.nn.Conv2d(1, 6, 3, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(network.filters[:, np.newaxis]))
    theirs = layer(torch.from_numpy(images[:, np.newaxis]))
    np.testing.assert_allclose(theirs.detach().numpy(), np.moveaxis(network.responses(images), -1, 0), atol=1e-12)
    other = network.under(Operation.CONVOLUTION).responses(images)
    assert np.abs(theirs.detach().numpy() - np.moveaxis(other, -1, 0)).max() > 0.1

    features = torch.nn.functional.avg_pool2d(theirs.relu(), 2).flatten(1)
    loss = torch.nn.functional.cross_entropy(features @ torch.from_numpy(network.weights.T), torch.from_numpy(labels))
    loss.backward()
    our_loss, gradients = network.loss_and_gradients(images, labels)
    assert our_loss == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradients[0], layer.weight.grad.numpy()[:, 0], atol=1e-12)


def test_network_keeps_what_it_was_made_of():
    network = new_network((8, 8), 3, TINY)
    assert isinstance(network, Network)
    assert [values.shape for values in network.parameters] == [(6, 3, 3), (6,), (3, 54), (3,)]
