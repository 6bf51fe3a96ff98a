"""Hostile callables end, crash, hang, print and change their input in a process of their own, not in ours."""

from __future__ import annotations

import json
import sys

import fakes
import numpy as np
import pytest
from shell import run, trouble

from corrconv import libraries
from corrconv.errors import CorrconvError
from corrconv.libraries.process import CallableProcess
from corrconv.libraries.registry import all_functions
from corrconv.libraries.target import TimeoutExceededError

HOSTILE = """
import ctypes, os
import numpy as np
import fakes

def printing(image, kernel):
    os.write(1, b"hello\\n")
    print("hello")
    return fakes.correlation(image, kernel)

def crashing_for_even(image, kernel):
    if kernel.shape == (2, 2):
        ctypes.string_at(0)
    return fakes.correlation(image, kernel)

def ending(image, kernel):
    os._exit(3)

def hanging(image, kernel):
    while True:
        pass

def greedy(image, kernel):
    return np.zeros((1 << 20, 1 << 20))

def changing(image, kernel):
    image += 1
    return image
"""
KNOWN = """
import ctypes, os, time
import fakes
from corrconv.libraries.function import LibraryFunction, PythonFunction

def loud(image, kernel):
    os.write(1, b"hello\\n")
    if kernel.shape == (2, 2):
        ctypes.string_at(0)
    if kernel.shape == (4, 4):
        time.sleep(99)
    return fakes.correlation(image, kernel)

RUNNER = PythonFunction(module="numpy", call=loud, image_dtypes=("float64",))
FUNCTIONS = (LibraryFunction(name="toys.loud", runner=RUNNER),)
"""
IMAGE, KERNEL = np.arange(12.0).reshape(3, 4), np.ones((2, 2))


@pytest.fixture(autouse=True)
def hostile(tmp_path, monkeypatch):
    (tmp_path / "hostile.py").write_text(HOSTILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def process(name, timeout=20.0):
    return CallableProcess(f"hostile:{name}", {}, timeout)


@pytest.mark.parametrize(
    ("name", "message"),
    [("crashing_for_even", "crashed"), ("ending", "ended its process with status 3"), ("greedy", "MemoryError")],
)
def test_what_goes_wrong_there_is_one_line_here_and_the_next_call_works(name, message):
    called = process(name)
    for _ in range(2):
        with pytest.raises(CorrconvError, match=message):
            called(IMAGE, KERNEL)
    if name == "crashing_for_even":
        assert np.array_equal(called(IMAGE, np.ones((3, 3))), fakes.correlation(IMAGE, np.ones((3, 3))))


def test_a_hang_is_ended():
    called = process("hanging", timeout=0.3)
    with pytest.raises(TimeoutExceededError, match=r"longer than 0\.3 seconds"):
        called(IMAGE, KERNEL)
    assert called.host.process is None


def test_what_dies_in_its_import_is_one_line(tmp_path):
    (tmp_path / "stillborn.py").write_text("import os\nos._exit(4)\n")
    (tmp_path / "falling.py").write_text("import ctypes\nctypes.string_at(0)\n")
    assert trouble(run("probe", "stillborn:f")).endswith(
        "stillborn:f cannot be imported: it ended its process with status 4"
    )
    assert "falling:f cannot be imported: it crashed (SIG" in trouble(run("probe", "falling:f"))


def test_known_functions_are_kept_apart_too(tmp_path, monkeypatch):
    """One that prints from C, crashes and hangs for some kernels, found in a folder of libraries."""
    (tmp_path / "toys.py").write_text(KNOWN)
    monkeypatch.setattr(libraries, "__path__", [*libraries.__path__, str(tmp_path)])
    all_functions.cache_clear()
    found = json.loads(run("probe", "toys.loud", "--json", "--timeout", "3").stdout)
    all_functions.cache_clear()
    del sys.modules["corrconv.libraries.toys"], libraries.toys
    assert found["operation"] == "correlation"
    assert found["called_as"] is None
    messages = {tuple(it["shape"]): it["message"] for it in found["refused"]}
    assert "crashed" in messages[2, 2]
    assert "longer than 3 seconds" in messages[4, 4]


def test_what_is_changed_there_is_changed_here():
    image = IMAGE.copy()
    process("changing")(image, KERNEL)
    assert np.array_equal(image, IMAGE + 1)
    image.flags.writeable = False
    assert np.array_equal(process("changing")(image, KERNEL), IMAGE + 2)


def test_a_document_stays_whole_whatever_is_printed():
    found = json.loads(run("probe", "hostile:printing", "--json").stdout)
    assert found["explained"]
    assert found["operation"] == "correlation"
