"""compare --boundary all and --output-size all: a row each, the core's numbers, and a sheet."""

from __future__ import annotations

import json

import numpy as np
import pytest
from shell import NOISE, files, read_pixels, run, trouble, write_picture

from corrconv import convolve, correlate
from corrconv.core.terms import Boundary, OutputSize

CORNER = [[1, 2], [3, 4]]


def test_every_boundary_has_a_row_with_the_core_s_numbers() -> None:
    write_picture("photo.png")
    document = json.loads(run("compare", "photo.png", "[1 2; 3 4]", "--boundary", "all", "--json").stdout)
    assert document["options"]["boundary"] == "all"
    assert [row["name"] for row in document["kernels"]] == [f"[1 2; 3 4] ({boundary})" for boundary in Boundary]
    for row, boundary in zip(document["kernels"], Boundary, strict=True):
        options = {"boundary": boundary, "channel_axis": -1}
        gap = np.abs(correlate(NOISE, CORNER, **options) - convolve(NOISE, CORNER, **options))
        assert row["max_abs_difference"] == gap.max()
        assert row["mean_abs_difference"] == pytest.approx(gap.mean(), rel=1e-12)


def test_both_can_be_all_and_an_even_box_coincides_where_no_anchor_plays_a_part() -> None:
    write_picture("photo.png")
    line = ["compare", "photo.png", "box:size=2", "--output-size", "all"]
    rows = json.loads(run(*line, "--json").stdout)["kernels"]
    assert {row["name"]: row["coincide"] for row in rows} == {
        f"box:size=2 ({size})": size is not OutputSize.SAME for size in OutputSize
    }
    assert run(*line, "--exit-code").exit_code == 1
    assert run("compare", "photo.png", "box", "--boundary", "all", "--exit-code").exit_code == 0
    assert len(json.loads(run(*line, "--boundary", "all", "--json").stdout)["kernels"]) == 15


def test_a_sheet_is_drawn_for_each_kernel() -> None:
    write_picture("photo.png")
    done = run("compare", "photo.png", "emboss", "--boundary", "all", "-o", "borders")
    assert done.stderr == "written: borders/sheet.png\n"
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert read_pixels("borders/sheet.png").ndim == 3
    run("compare", "photo.png", "emboss", "box", "--output-size", "all", "-o", "sizes")
    assert files() == ["borders/sheet.png", "photo.png", "sizes/01-emboss/sheet.png", "sizes/02-box/sheet.png"]
    assert "would be overwritten" in trouble(
        run("compare", "borders/sheet.png", "emboss", "--boundary", "all", "-o", "borders")
    )


@pytest.mark.parametrize(
    "pixels", [NOISE[:1, :1], NOISE[:, :, 0] / 7, NOISE > 99, np.array([[np.nan, 1.0], [np.inf, 2.0]])]
)
def test_every_kind_of_picture_has_a_sheet(pixels: np.ndarray) -> None:
    write_picture("data.npy", pixels)
    assert run("compare", "data.npy", "[1 2 3]", "--boundary", "all", "--fill", "3", "-o", "out").exit_code in {0, 2}
    assert run("compare", "data.npy", "[1 2 3]", "--boundary", "all", "-o", "out").exit_code == 0


def test_what_would_have_no_effect_is_refused() -> None:
    write_picture("photo.png")
    assert "--bias" in trouble(run("compare", "photo.png", "box", "--boundary", "all", "--bias", "3", "-o", "out"))
