"""Kernels and signals that begin with a minus are arguments, not options; and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest
from shell import read_pixels, run, trouble, write_picture

from corrconv import correlate
from corrconv.commands.parameters import places_of_arguments

COMMAND = click.Command(
    "toy",
    params=[
        click.Argument(["words"], nargs=-1),
        click.Option(["-o", "--output"]),
        click.Option(["--bias"], type=float),
        click.Option(["-q", "--quiet"], is_flag=True),
        click.Option(["-0", "--null"], is_flag=True),
    ],
)


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("a -1,0,1 -.5 -", "a -1,0,1 -.5 -"),
        ("a -1 --bias -2 -3", "a -1 -3"),
        ("-o -1 -q a --output -2 --bias=-3 b", "a b"),
        ("-qo x -1", "-1"),
        ("-ox -1", "-1"),
        ("-0 a -0,1 -x --wrong -1x b", "a -0,1 b"),
        ("a -- -q -o b", "a -q -o b"),
    ],
)
def test_arguments_are_told_from_options_and_their_values(line: str, arguments: str) -> None:
    words = line.split()
    assert [words[place] for place in places_of_arguments(COMMAND, words)] == arguments.split()


@pytest.mark.parametrize(
    "line",
    [
        "compare photo.png -1,0,1",
        "compare photo.png box -.5,2 --bias -3 -o out",
        "compare -1,2,3 -1,0",
        "explain photo.png -1,0,1 --at 2,2",
        "page photo.png -1,0,1 --bias -2",
        "animate photo.png -1,0,1 -o sheet.png --still",
        "kernel show -1,0,1",
        "kernel convert -1,0,1 --to csv",
        "kernel combine -1,0,1 -1",
        "laws photo.png -1,0,1 -1",
        "spectrum -1,2",
        "port -1,2 --from cv2.filter2D --to scipy.ndimage.correlate",
    ],
)
def test_a_kernel_may_begin_with_a_minus(line: str) -> None:
    write_picture("photo.png")
    assert run(*line.split()).exit_code == 0


def test_the_numbers_are_those_that_were_typed() -> None:
    run("apply", "-1,2,3", "-1,0,2", "-qo", "out.npy")
    assert read_pixels("out.npy").tolist() == correlate([[-1, 2, 3]], [[-1, 0, 2]]).tolist()
    Path("-5").write_text("1,2\n")  # a file wins over numbers, and keeps its name
    assert run("kernel", "show", "-5").stdout.startswith("-5, 1x2")
    np.save("photo.npy", np.eye(3))
    assert "No such option '-1'" in trouble(run("compare", "photo.npy", "-1x"))
    assert "No such option" in trouble(run("questions", "-1"))


@pytest.mark.parametrize("options", [[], ["-o", "out.png"]])
def test_apply_names_the_argument_that_is_missing(options: list[str]) -> None:
    write_picture("photo.png")
    assert trouble(run("apply", "photo.png", *options)).startswith("Missing argument 'KERNEL': photo.png is the only")
    for words in ([], ["box"]):
        assert trouble(run("apply", *words, *options)).startswith("Missing argument 'IMAGE...'")
