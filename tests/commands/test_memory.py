"""Where memory is limited, a command does its work or says in one line that it cannot; it never ends with status 1."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from shell import program, run, trouble, write_picture

from corrconv.core.memory import ROOM_OF_THREAD, affordable_threads, reserve_memory
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

resource = pytest.importorskip("resource", reason="no such limits on Windows")


def limit_to(megabytes: int) -> Callable[[], None]:
    """What a program does before it begins: take no more than so much."""
    size = megabytes << 20
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep this limit")
@pytest.mark.parametrize("megabytes", [90, 140, 200, 240, 260])
def test_a_command_that_gets_no_memory_says_so(megabytes: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    write_picture("before.png", picture)
    run("apply", "before.png", "sharpen", "-o", "after.png")
    done = program("learn", "before.png", "after.png", "--size", "5", preexec_fn=limit_to(megabytes))
    said = done.stderr.decode().splitlines()
    if done.returncode == 0:
        assert said == []
    else:
        assert done.returncode == 2
        assert done.stdout == b""
        assert len(said) == 1
        assert said[0].startswith("Error: the memory limit of " if megabytes < 240 else "Error: ")


def limited(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (size, resource.RLIM_INFINITY))


def test_threads_are_so_many_as_the_limit_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, resource.RLIM_INFINITY)
    assert affordable_threads(64) == 64
    for size, threads in ((1, 1), (2 * ROOM_OF_THREAD, 1), (5 * ROOM_OF_THREAD, 4), (999 * ROOM_OF_THREAD, 64)):
        limited(monkeypatch, size)
        assert affordable_threads(64) == threads
        assert affordable_threads(1) == 1


def test_a_limit_that_leaves_enough_is_let_pass_and_another_named(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 10**10)
    reserve_memory()
    monkeypatch.setattr("corrconv.core.memory.LEAST_ROOM", 2**60)
    with pytest.raises(CorrconvError, match=r"the memory limit of 9537 MB leaves less than .* raise it \(ulimit -v"):
        reserve_memory()


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("compare g.npy k.npy", "use a smaller one of either"),
        ("compare g.npy sobel --like cv2.filter2D --like scipy.ndimage.convolve", "take a part of it"),
        ("explain g.npy sobel --at 3,3 --like cv2.filter2D", "take a part of it, or explain the definition"),
        ("laws g.npy sobel box", "take a part of it"),
        ("spectrum sobel g.npy", "take a part of it"),
        ("spectrum sobel g.npy --inverse", "take a part of it"),
        ("match g.npy k.npy", "take a part of it"),
        ("match g.npy h.npy", "shrink both, or look for a part of one in the other"),
        ("diagnose g.npy sobel h.npy", "filter a part of it, of 1000x1000 say"),
        ("layer g.npy sobel", "take a part of them, or fewer filters"),
        ("layer g.npy sobel --backward", "take a part of them, or fewer filters"),
        ("animate g.npy sobel -o film.gif", "choose the part yourself"),
    ],
)
def test_what_takes_too_much_memory_is_refused_beforehand(
    monkeypatch: pytest.MonkeyPatch, line: str, remedy: str
) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (60, 70), dtype=np.uint8)
    np.save("g.npy", picture)
    np.save("h.npy", picture[::-1])
    np.save("k.npy", picture[:45, :50])
    assert run(*line.split()).exit_code == 0
    monkeypatch.setattr("corrconv.core.memory.MOST_BYTES", 30_000)
    said = trouble(run(*line.split()))
    assert "GB of memory, and may take 3e-05 GB; " in said
    assert remedy in said


def test_a_library_that_gets_no_memory_is_no_defect_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> None:
        raise ImportError("libtorch.so: failed to map segment from shared object")

    monkeypatch.setattr("corrconv.commands.bench.study.benchmark", load)
    assert "not enough memory to load a library" in trouble(run("bench", "--sizes", "9x9", "--kernels", "3"))
