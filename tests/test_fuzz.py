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


@pytest.mark.parametrize(
    "line",
    [
        ("layer", "99999x99999", "[1 2; 3 4]", "--then", "max:0"),
        ("layer", "large.npy", "[1 2; 3 4]", "--backward"),
        ("page", "real.npy", "[5e-324]", "-o", "out.html"),
        ("apply", "deep.png", "[1e200 -1e200]", "--magnitude", "-o", "out.gif"),
        ("animate", "real.npy", "emboss", "-o", "out.gif", "--speed", "nan"),
    ],
    ids=lambda line: line[0],
)
def test_what_was_found_stays_mended(line: tuple[str, ...]) -> None:
    make_inputs()
    assert list(faults_of(list(line))) == []


def test_what_no_command_line_may_do_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    make_inputs()
    line = ["compare", "photo.png", "sobel"]
    assert list(faults_of(line)) == []
    monkeypatch.setattr("corrconv.commands.compare.view.comparison_verdict", lambda _: "\x1b[1m")
    assert list(faults_of(line)) == ["control characters on a stream"]
    monkeypatch.setattr("corrconv.commands.compare.view.comparison_verdict", lambda _: 1 // 0)
    assert "internal error" in next(faults_of(line))
