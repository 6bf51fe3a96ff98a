"""corrconv train: the table, the document and the picture of a short training."""

from __future__ import annotations

import json

import pytest
from shell import files, program, read_pixels, run, trouble

SHORT = ("--steps", "4", "--pictures", "60", "--filters", "2")


def test_the_program_trains_three_times():
    done = program("train", *SHORT)
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    losses = [line.split() for line in lines[4:8]]
    assert [row[0] for row in losses] == ["0", "1", "2", "3"]
    assert all(row[1] == row[2] != row[3] for row in losses)
    assert any("test accuracy" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert done.stderr == b""


def test_json_has_the_documented_keys():
    document = json.loads(run("train", *SHORT, "--json").stdout)
    assert document["version"] == 1
    assert document["max_loss_difference"] <= 1e-12
    assert document["max_filter_difference"] <= 1e-12
    assert document["same_start_loss_difference"] > 1e-6
    accuracy = document["test_accuracy"]
    assert accuracy["correlation"] == accuracy["convolution"]
    assert len(document["losses"]["correlation"]) == 4
    assert json.loads(run("train", *SHORT, "--json", "--seed", 1).stdout)["losses"] != document["losses"]


def test_the_picture_is_drawn():
    result = run("train", *SHORT, "-o", "trained.png")
    assert "trained.png: " in result.stderr
    assert read_pixels("trained.png").shape[1] > 600


@pytest.mark.parametrize("arguments", [("--steps", "0"), ("--pictures", "3"), ("--filters", "0"), ("extra",)])
def test_misuse_is_one_clear_line(arguments):
    trouble(run("train", *arguments))
    assert files() == []
