"""Where the system starts no threads, commands do the same work alone."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from shell import run, write_picture

from corrconv.core import threads

if TYPE_CHECKING:
    from click.testing import Result

LARGE = np.random.default_rng(2).integers(0, 256, (400, 300, 3), dtype=np.uint8)
CALLABLE = """
import time
from fakes import correlation

def hanging_for_even(image, kernel):
    time.sleep(60 * (kernel.shape == (2, 2)))
    return correlation(image, kernel)
"""
LINES = {
    "apply": "apply a.png b.png c.png sobel -o out/",
    "apply, one picture": "apply large.png gaussian:sigma=6 -o out.png",
    "match": "match large.png part.png --map scores.npy",
    "learn": "learn large.png sharper.png --size 3 --save k.csv",
    "probe": "probe fakes:correlation",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in "abc":
        write_picture(f"{name}.png", LARGE[ord(name) - 90 :: 4])
    write_picture("large.png", LARGE)
    write_picture("part.png", LARGE[50:70, 30:60])
    run("apply", "large.png", "sharpen", "-o", "sharper.png")
    Path("callable.py").write_text(CALLABLE)


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every thread, and let none be left from before."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads._pool_of.cache_clear()
    monkeypatch.setattr(threading.Thread, "start", refuse)


def left(result: Result) -> dict[str, bytes]:
    written = {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    return {**written, "answer": result.stdout_bytes}


@pytest.mark.parametrize("name", LINES)
def test_a_command_without_threads_gives_what_it_gives_with_them(name: str, request: pytest.FixtureRequest) -> None:
    usual = run(*LINES[name].split())
    assert usual.exit_code == 0, usual.output
    expected = left(usual)
    request.getfixturevalue("no_thread")
    alone = run(*LINES[name].split())
    assert alone.exit_code == 0, alone.output
    assert left(alone) == expected


@pytest.mark.usefixtures("no_thread")
def test_what_hangs_is_ended_without_a_thread_too() -> None:
    result = run("probe", "callable:hanging_for_even", "--timeout", "1")
    assert result.exit_code == 0, result.output
    assert "took longer than 1 second" in result.output
