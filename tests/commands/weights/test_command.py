"""corrconv weights: the table, the verdict, the document and the picture."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image
from shell import program, run, trouble

RANDOM = np.random.default_rng(43).normal(size=(16, 3, 3, 3))


@pytest.fixture
def network():
    symmetric = RANDOM + RANDOM[:, :, ::-1, ::-1]
    np.savez("net.npz", first=RANDOM, second=symmetric, mix=np.ones((4, 16, 1, 1)))
    return "net.npz"


def test_the_document(network):
    found = json.loads(run("weights", network, "--json").stdout)
    assert found["version"] == 1
    assert found["layers_of_1x1"] == ["mix"]
    first, second = found["layers"]
    assert (first["name"], first["shape"], first["filters"]) == ("first", [16, 3, 3, 3], 48)
    assert first["chance_odd_share"] == pytest.approx(4 / 9)
    assert (first["symmetric_filters"], first["antisymmetric_filters"]) == (0, 0)
    assert (second["odd_share"], second["symmetric_filters"], second["response_change"]) == (0, 48, 0)
    assert second["photo_change"] == 0
    assert first["photo_change"] > 0.1


def test_the_table_and_the_verdict(network):
    result = run("weights", network)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    words = " ".join(result.stdout.split())
    assert "These filters are more symmetric than chance" in words
    assert "48 of 96 (50.00%) are symmetric within 10%" in words
    assert "1 layers of 1x1" in words
    assert "--order" in result.stderr
    assert run("weights", network, "-q").stderr == ""


def test_the_picture(network):
    result = run("weights", network, "-o", "filters.png", "-q")
    assert result.exit_code == 0
    with Image.open("filters.png") as drawn:
        assert drawn.width > 600
    assert "is an input" in trouble(run("weights", network, "-o", network, "-q"))


def test_order_is_obeyed(network):
    np.save("keras.npy", RANDOM.transpose(2, 3, 1, 0))
    document = json.loads(run("weights", "keras.npy", "--order", "hwio", "--json").stdout)
    assert document["layers"][0]["shape"] == [16, 3, 3, 3]


@pytest.mark.skipif(find_spec("h5py") is None, reason="h5py is not installed")
def test_a_keras_file_is_read_by_a_program_of_its_own():
    """In this process another library may have brought an HDF5 of its own."""
    lines = "import h5py, numpy; h5py.File('net.h5', 'w')['conv/kernel:0'] = numpy.ones((3, 3, 2, 4))"
    subprocess.run([sys.executable, "-c", lines], check=True)
    done = program("weights", "net.h5", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["layers"][0]["shape"] == [4, 2, 3, 3]


def test_what_is_no_network_is_one_line():
    np.savez("mix.npz", mix=np.ones((4, 16, 1, 1)))
    assert "a half-turn changes nothing" in trouble(run("weights", "mix.npz", "-q"))
    assert "networks are read from" in trouble(run("weights", "photo.png"))
    assert "no such file" in trouble(run("weights", "nowhere.npz"))
