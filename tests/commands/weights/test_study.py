"""Symmetry of filters: known ones, chance by simulation, and what real networks that packages ship show."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from corrconv.commands.weights.study import (
    TOLERANCE,
    chance_within,
    judge_network,
    odd_cells,
    odd_shares,
)
from corrconv.core.kernel import Kernel
from corrconv.core.layer.forward import layer
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import CorrconvError

RANDOM = np.random.default_rng(41)


def one_layer(*kernels):
    return {"layer": np.array([kernels])}


def test_the_odd_share_is_that_of_the_kernels_odd_part():
    for name in ("sobel", "box", "emboss", "laplacian", "gabor:size=7"):
        kernel = zoo_kernel(name)
        expected = (kernel.odd_part("full").weights ** 2).sum() / (kernel.weights**2).sum()
        assert odd_shares(kernel.weights[np.newaxis])[0] == pytest.approx(expected, abs=1e-15)


def test_symmetric_antisymmetric_and_neither_are_counted():
    sobel, laplacian, emboss = (zoo_kernel(name).weights for name in ("sobel", "laplacian", "emboss"))
    judged = judge_network(one_layer(sobel, sobel.T, laplacian, emboss, np.zeros((3, 3)))).layers[0]
    assert judged.shape == (1, 5, 3, 3)
    assert judged.filters == 4
    assert (judged.symmetric_filters, judged.antisymmetric_filters) == (1, 2)
    # Energies: sobel 12 twice, all odd; laplacian 20; emboss 13, of which its middle 1 is even.
    assert judged.odd_share == pytest.approx((12 + 12 + 12) / (12 + 12 + 20 + 13))
    assert judged.chance_odd_share == pytest.approx(4 / 9)


def test_nearly_symmetric_means_an_odd_part_of_a_tenth():
    even, odd = np.ones((3, 3)), np.zeros((3, 3))
    odd[0, 0], odd[2, 2] = 1, -1
    for size, counted in ((0.99 * TOLERANCE, 1), (1.02 * TOLERANCE, 0)):
        weights = even / np.linalg.norm(even) + size / np.sqrt(1 - size**2) * odd / np.linalg.norm(odd)
        assert judge_network(one_layer(weights)).layers[0].symmetric_filters == counted


@pytest.mark.parametrize("shape", [(3, 3), (2, 2), (1, 2), (5, 5), (1, 3)])
def test_chance_is_what_random_filters_give(shape):
    filters = RANDOM.normal(size=(60_000, *shape))
    odd = odd_cells(*shape)
    even = shape[0] * shape[1] - odd
    shares = odd_shares(filters)
    assert shares.mean() == pytest.approx(odd / (odd + even), abs=0.005)
    for share in (0.01, 0.1, 0.5):
        probability = chance_within(share, odd, even)
        assert (shares <= share).mean() == pytest.approx(probability, abs=4 * np.sqrt(probability / 60_000) + 1e-4)


def test_chance_agrees_with_scipy():
    beta = pytest.importorskip("scipy.stats").beta
    for odd, even in ((4, 5), (2, 2), (1, 1), (12, 13), (1, 2)):
        for share in (1e-4, 0.01, 0.3, 0.8):
            assert chance_within(share, odd, even) == pytest.approx(beta.cdf(share, odd / 2, even / 2), rel=1e-4)


def test_the_response_to_noise_changes_as_the_odd_share_says():
    weights = RANDOM.normal(size=(4, 2, 3, 3))
    noise = RANDOM.normal(size=(1, 2, 300, 300))
    correlated, convolved = (layer(noise, weights, operation=name) for name in ("correlation", "convolution"))
    measured = np.linalg.norm(correlated - convolved) / np.linalg.norm(correlated)
    assert judge_network({"layer": weights}).layers[0].response_change == pytest.approx(measured, rel=0.02)


def test_a_photo_is_filtered_by_layers_that_read_colours_or_gray():
    photo = RANDOM.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    judged = judge_network({"a": RANDOM.normal(size=(2, 3, 3, 3)), "b": RANDOM.normal(size=(2, 2, 3, 3))}, photo)
    assert judged.layers[0].photo_change > 0.1
    assert judged.layers[1].photo_change is None
    symmetric = judge_network(one_layer(Kernel(np.ones((3, 3))).weights), photo)
    assert symmetric.layers[0].photo_change == 0


def test_random_filters_are_as_symmetric_as_chance_and_others_are_not():
    random = RANDOM.normal(size=(32, 16, 3, 3))
    assert abs(judge_network({"layer": random}).standard_errors) < 4
    turned = random[:, :, ::-1, ::-1]
    assert judge_network({"layer": 1.5 * random + turned}).standard_errors < -4
    assert judge_network({"layer": 1.5 * random - turned}).standard_errors > 4
    # Filters with a mean are more symmetric for that alone.
    bright = judge_network({"layer": random + 1})
    assert bright.standard_errors < -4
    assert bright.without_mean == pytest.approx(bright.chance_without_mean, abs=0.03)


def test_the_filters_at_both_ends():
    sobel, box = zoo_kernel("sobel").weights, zoo_kernel("box").weights * 9
    judged = judge_network(one_layer(sobel, box, 0.001 * box), shown=1)
    assert [(each.channel, each.odd_share) for each in judged.most_symmetric] == [(1, 0)]
    assert [(each.channel, each.odd_share) for each in judged.least_symmetric] == [(0, 1)]


def test_kernels_of_one_cell_are_no_question():
    judged = judge_network({"mix": np.ones((2, 2, 1, 1)), "layer": np.ones((1, 1, 3, 3))})
    assert judged.single == ("mix",)
    with pytest.raises(CorrconvError, match="a half-turn changes nothing"):
        judge_network({"mix": np.ones((2, 2, 1, 1))})


# Networks that packages ship; what they showed is no law, but that their filters are not symmetric is.
SHIPPED = {
    "facenet_pytorch": ("data/pnet.pt", "torch", 702),
    "rapidocr_onnxruntime": ("models/ch_ppocr_mobile_v2.0_cls_infer.onnx", "onnx", 888),
    "fer": ("data/emotion_model.hdf5", "h5py", 1328),
}


@pytest.mark.parametrize("package", SHIPPED)
def test_filters_of_real_networks_are_hardly_ever_symmetric(package):
    from corrconv.files.networks import read_network

    path, reader, filters = SHIPPED[package]
    try:
        importlib.import_module(reader)
    except (ImportError, UserWarning) as error:  # h5py warns of another HDF5 in the process
        pytest.skip(str(error))
    home = find_spec(package)
    if home is None or home.origin is None:
        pytest.skip(f"{package} is not installed")
    judged = judge_network(read_network(str(Path(home.origin).parent / path)).layers)
    assert judged.filters == filters
    assert sum(each.symmetric_filters for each in judged.layers) < 0.05 * filters
    assert 0.4 < judged.mean_odd_share < 0.6
