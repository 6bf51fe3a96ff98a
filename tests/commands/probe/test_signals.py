"""A signal ends a probe, the programs that it started and their temporary files."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from shell import start_interruptible

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")

# It starts a child of its own, as a shell script does, and both note who they are.
HANGING = """
import os, subprocess, sys, time
def hang(image, kernel):
    child = subprocess.Popen(["sleep", "60"])
    with open("started", "w") as file:
        file.write(f"{os.getpid()} {child.pid} ")
    time.sleep(60)
if __name__ == "__main__":
    hang(None, None)
"""


def runs(process: int) -> bool:
    """Whether a process is there, and is more than the entry of one that nobody has waited for."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(condition) -> None:
    """Wait for it, half a minute at most."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
@pytest.mark.parametrize(
    "words", [["--command", f"{sys.executable} hanging.py {{image}} {{kernel}}"], ["hanging:hang"]]
)
def test_a_signal_ends_a_probe_and_all_that_it_started(tmp_path, monkeypatch, words, number, status):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    script = HANGING.replace('"started"', repr(str(tmp_path / "started")))
    (tmp_path / "hanging.py").write_text(script)
    words = [word.replace("hanging.py", str(tmp_path / "hanging.py")) for word in words]
    probe = start_interruptible("probe", *words)
    started = tmp_path / "started"
    wait_until(lambda: started.exists() and len(started.read_text().split()) == 2)
    probe.send_signal(number)
    said = probe.communicate(timeout=30)[1].decode()
    assert probe.returncode == status
    assert said.strip() == ("Interrupted." if number == signal.SIGINT else "Ended by a signal.")
    assert list((tmp_path / "temporary").iterdir()) == []
    wait_until(lambda: not any(runs(int(each)) for each in started.read_text().split()))
