"""A few hundred random command lines with a fixed seed; `python tests/fuzz.py SECONDS` runs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fuzz import faults_of, fuzz, make_inputs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.walk


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_typed_is_answered_or_refused_in_one_line(seed: int) -> None:
    done, findings = fuzz(seed, count=100)
    assert done == 100
    # How long a line takes hangs on the machine: that is judged where `fuzz.py` runs on demand.
    assert [finding for finding in findings if not finding.fault.startswith("took ")] == []


def test_what_no_command_line_may_do_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    make_inputs()
    line = ["compare", "photo.png", "sobel"]
    assert list(faults_of(line)) == []
    monkeypatch.setattr("corrconv.commands.compare.view.comparison_verdict", lambda _: "\x1b[1m")
    assert list(faults_of(line)) == ["control characters on a stream"]
    monkeypatch.setattr("corrconv.commands.compare.view.comparison_verdict", lambda _: 1 // 0)
    assert "internal error" in next(faults_of(line))
