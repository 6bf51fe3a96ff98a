"""corrconv demo: the guided tour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shell import files, program, read_pixels, run, trouble

from corrconv.commands.demo import command as demo

if TYPE_CHECKING:
    import pytest


def test_the_tour_prints_the_table_names_its_pictures_and_answers_the_question() -> None:
    done = program("demo")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text.startswith("correlation and convolution of sample:chelsea")
    for answer in ("= for every image", "± equal but for sign", "≠ no"):
        assert answer in text
    assert "why are CNNs called convolutional" in text
    assert max(map(len, text.splitlines())) <= 80
    panels = [line.strip() for line in text.splitlines() if line.strip().endswith("panel.png")]
    assert len(panels) == 6
    for panel in panels:
        assert panel.startswith("corrconv-demo/")
        assert read_pixels(panel).ndim == 3
        for name in ("correlation", "convolution", "difference"):
            assert read_pixels(Path(panel).with_name(f"{name}.png")).ndim == 3
    named = text[: text.index(panels[0])]
    for made in ("corrconv-demo/page.html", "corrconv-demo/turn.gif"):
        assert made in named
        assert 0 < Path(made).stat().st_size < 2**20
    assert len(files()) == 4 * len(panels) + 2


def test_the_folder_can_be_chosen_and_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "KERNELS", ("[1 2]", "[3]"))
    monkeypatch.setattr(demo, "SAMPLE", "impulse")
    for _ in range(2):
        done = run("demo", "some/where")
        assert done.exit_code == 0
        assert "some/where/01-1-2/panel.png" in done.stdout
    assert len(files()) == 8 + 2
    assert all(name.startswith("some/where/") for name in files())


def test_a_file_in_the_way_is_trouble() -> None:
    Path("taken").write_text("mine")
    assert "taken" in trouble(run("demo", "taken"))
    assert "taken/deeper" in trouble(run("demo", "taken/deeper"))
    assert Path("taken").read_text() == "mine"
