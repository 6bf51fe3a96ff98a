"""A library is added by adding its file: then every command knows it."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from shell import run, write_picture

from corrconv import libraries
from corrconv.libraries.registry import all_functions

TOY = '''
"""A toy library: convolution with a border of its own word."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from corrconv.core.convention.model import BorderRule
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText
from corrconv.libraries.shared import CONVOLUTION, EDGE

WORDS = BorderWords("outside", {"clamped": BorderRule.EDGE, "around": BorderRule.WRAP})


def blur(image, kernel, outside="clamped"):
    rows, columns = kernel.shape
    sides = [(side - 1 - side // 2, side // 2) for side in kernel.shape]
    padded = np.pad(image.astype(float), sides, mode="edge" if outside == "clamped" else "wrap")
    return (sliding_window_view(padded, kernel.shape) * kernel[::-1, ::-1]).sum(axis=(2, 3))


def contest(image, weights, threads):
    padded = np.pad(image, [(side // 2, side - 1 - side // 2) for side in weights.shape], mode="reflect")
    return lambda: (sliding_window_view(padded, weights.shape) * weights).sum(axis=(2, 3))


FUNCTIONS = (
    LibraryFunction(
        name="toy.blur",
        aliases=("toy.old_blur",),
        computes=CONVOLUTION.changed(borders=EDGE),
        configure=lambda *, outside="clamped": {"borders": WORDS.borders(outside)},
        place=lambda wanted: WORDS.settings(wanted.borders),
        borders=WORDS,
        runner=PythonFunction(module="numpy", call=blur),
        text=PythonText("from corrconv.libraries import toy", "toy.blur(padded, kernel{settings})"),
        contest=contest,
    ),
)
'''
PICTURE = np.random.default_rng(8).integers(0, 256, (20, 24), dtype=np.uint8)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy library's file, as if it lay in the folder of libraries."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "toy.py").write_text(TOY)
    monkeypatch.setattr(libraries, "__path__", [*libraries.__path__, str(tmp_path / "added")])
    all_functions.cache_clear()
    all_functions()
    yield sys.modules["corrconv.libraries.toy"]
    all_functions.cache_clear()
    del sys.modules["corrconv.libraries.toy"], libraries.toy


@pytest.mark.usefixtures("toy")
def test_conventions_list_it():
    assert "toy.blur" in run("conventions").stdout
    names = [entry["name"] for entry in json.loads(run("conventions", "--json").stdout)["conventions"]]
    assert "toy.blur" in names
    assert "toy.old_blur" not in names


@pytest.mark.usefixtures("toy")
def test_probe_explains_it():
    found = json.loads(run("probe", "toy.old_blur", "--json").stdout)
    assert (found["explained"], found["operation"]) == (True, "convolution")
    assert "toy.blur" in found["known_as"]


def test_apply_filters_like_it(toy):
    image = write_picture("image.png", PICTURE)
    weights = np.array([[1.0, 2], [3, 5]])
    for settings, outside in {"": "clamped", " outside=around": "around"}.items():
        assert run("apply", image, "[1 2; 3 5]", "--like", f"toy.blur{settings}", "-o", "out.npy").exit_code == 0
        assert np.array_equal(np.load("out.npy").squeeze(), toy.blur(PICTURE, weights, outside))


def test_port_writes_calls_to_it_and_reads_them(toy):
    ndimage = pytest.importorskip("scipy.ndimage")
    ours = "[1 2 0; 3 4 1; 0 2 -1]"
    script = run("port", ours, "--from", "scipy.ndimage.correlate mode=grid-wrap", "--to", "toy.blur").stdout
    names = {"image": PICTURE}
    exec(script, names)
    assert 'toy.blur(padded, kernel, outside="around")' in script
    weights = np.array([[1.0, 2, 0], [3, 4, 1], [0, 2, -1]])
    assert np.array_equal(names["result"], ndimage.correlate(PICTURE.astype(float), weights, mode="wrap"))
    script = run("port", ours, "--from", "toy.blur outside=around", "--to", "scipy.ndimage.correlate").stdout
    exec(script, names)
    assert np.array_equal(names["result"], toy.blur(PICTURE, weights, "around"))


@pytest.mark.usefixtures("toy")
def test_bench_times_it():
    arguments = ("--sizes", "16x12", "--kernels", "3", "--repeats", "1", "--dtype", "float64")
    document = json.loads(run("bench", *arguments, "--peers", "toy", "--json").stdout)
    timed = {timing["contestant"]: timing["seconds"] for timing in document["works"][0]["timings"]}
    assert timed["toy.blur"] is not None
