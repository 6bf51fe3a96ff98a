"""Ctrl-C while the program begins: an end of its own, not Python's traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

INTERRUPTED_IMPORT = """
import signal
from corrconv.commands.exit_status import end_cleanly_on_signals, exit_after

signal.signal(signal.SIGINT, signal.default_int_handler)
end_cleanly_on_signals()

def run():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise SystemError("a library makes this of it") from None

exit_after(run)
"""


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)


def test_an_interrupt_that_a_library_makes_another_error_of_is_one_still() -> None:
    done = python("-c", INTERRUPTED_IMPORT)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


def test_nothing_is_imported_before_the_program_can_answer_an_interrupt() -> None:
    script = (
        "import sys; before = set(sys.modules); import corrconv.__main__; print(*sorted(set(sys.modules) - before))"
    )
    assert python("-c", script).stdout.split() == ["__future__", "corrconv", "corrconv.__main__"]
