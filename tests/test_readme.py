"""Every session in the README is run, in order, in one empty folder, and must print what stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

# Training amplifies the last bits of sums, which differ from processor to processor.
VARYING = {"corrconv train": re.compile(r"\d+\.\d+%?|\d+%")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture called photo.png, as the README assumes."""
    place = tmp_path_factory.mktemp("readme")
    Image.open(ROOT / "sample_images" / "chelsea.png").save(place / "photo.png")
    return place


def run(command: str, folder: Path) -> str:
    """What a command line prints, both streams, as on a screen of 80 columns."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": paths, "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def lines_of(text: str, command: str) -> list[str]:
    """The lines without what may vary for the command."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    for start, varying in VARYING.items():
        if command.startswith(start):
            lines = [varying.sub("#", line) for line in lines]
    return lines


def steps(session: str) -> list[tuple[str, str]]:
    """The commands of a session, with what stands under each."""
    parts = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.split("\n")[0][:60])
def test_a_session_prints_what_the_readme_shows(session: str, folder: Path) -> None:
    assert steps(session)
    for command, expected in steps(session):
        assert lines_of(run(command, folder), command) == lines_of(expected, command)


@pytest.mark.parametrize("example", PYTHON)
def test_a_python_example_runs(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    exec(compile(example, "README.md", "exec"), {})


def test_the_readme_names_every_command() -> None:
    from corrconv.commands.group import COMMANDS

    assert [name for name in COMMANDS if f"corrconv {name}" not in README] == []


def test_the_picture_is_what_the_demo_draws(folder: Path) -> None:
    run("corrconv demo picture", folder)
    drawn = np.asarray(Image.open(folder / "picture" / "04-emboss" / "panel.png"), dtype=float)
    shown = np.asarray(Image.open(ROOT / ".readme" / "panel.jpg"), dtype=float)
    assert drawn.shape == shown.shape
    # JPEG costs 1.9 gray levels on average; fonts may be rendered a little differently elsewhere.
    assert np.abs(drawn - shown).mean() < 3
