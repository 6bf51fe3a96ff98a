"""Programs that are ended in the middle of their work: the old file stays, and nothing else does for long."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import numpy as np
import pytest
from shell import run, start_interruptible

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")

# Slow, by the definition.
KERNEL = "gaussian:sigma=6"


def _end_in_the_middle(number: int) -> subprocess.Popen[bytes]:
    """Start on a large picture, and send a signal when its result is half there."""
    np.save("in.npy", np.zeros((9000, 1000), np.uint8))
    Path("out.npy").write_bytes(b"old")
    process = start_interruptible("apply", "in.npy", KERNEL, "--engine", "direct", "--threads", "1", "-o", "out.npy")
    end = monotonic() + 60
    while not any(path.stat().st_size > 1_000_000 for path in Path().glob(".corrconv-*.tmp")):
        assert process.poll() is None, process.communicate()
        assert monotonic() < end
        sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert Path("out.npy").read_bytes() == b"old"
    return process


def test_after_a_kill_the_old_file_is_there_and_the_next_run_clears_up() -> None:
    process = _end_in_the_middle(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len(list(Path().glob(".corrconv-*.tmp"))) == 1
    assert run("apply", "in.npy", "box", "-o", "out.npy").exit_code == 0
    assert sorted(map(str, Path().iterdir())) == ["in.npy", "out.npy"]
    assert np.load("out.npy").shape == (9000, 1000)


def test_after_a_polite_signal_nothing_is_left() -> None:
    process = _end_in_the_middle(signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    assert sorted(map(str, Path().iterdir())) == ["in.npy", "out.npy"]
