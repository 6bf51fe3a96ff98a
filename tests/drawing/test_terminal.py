"""Parts of pictures in the terminal: every pixel in its colour, grays with few colours, numbers with fewer."""

from __future__ import annotations

import re
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from corrconv.drawing.terminal import COLUMNS, ROWS, Beside, Shot, half_blocks, part_around

PIXELS = np.random.default_rng(3).integers(0, 256, (5, 4, 3), dtype=np.uint8)
PAIR = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+)(?:;48;2;(\d+);(\d+);(\d+))?m▀")


def printed(renderable: object, color_system: str | None) -> str:
    console = Console(file=StringIO(), force_terminal=True, color_system=color_system, width=80)
    console.print(renderable)
    return console.file.getvalue()


def test_every_pixel_has_its_colour() -> None:
    found = PAIR.findall(printed(half_blocks(PIXELS), "truecolor"))
    assert len(found) == 3 * 4
    for index, numbers in enumerate(found):
        row, column = 2 * (index // 4), index % 4
        assert tuple(map(int, numbers[:3])) == tuple(PIXELS[row, column])
        if row + 1 < 5:
            assert tuple(map(int, numbers[3:])) == tuple(PIXELS[row + 1, column])
        else:
            assert numbers[3:] == ("", "", "")


@pytest.mark.parametrize(
    ("at", "rows", "columns"), [((0, 0), 0, 0), ((50, 50), 38, 41), ((99, 99), 76, 81), ((50, 0), 38, 0)]
)
def test_the_part_lies_around_the_place_within_the_picture(at: tuple[int, int], rows: int, columns: int) -> None:
    part = part_around((100, 100), at)
    assert part == (slice(rows, rows + ROWS), slice(columns, columns + COLUMNS))
    assert part_around((3, 4), (2, 2))[0].start == 0


def test_with_256_colours_photos_are_gray_and_without_colours_there_are_numbers() -> None:
    values = np.arange(20).reshape(5, 4) + 100
    shots = (Shot("input", PIXELS, values), Shot("difference", PIXELS, values - 110))
    beside = Beside("rows 0 to 4, columns 0 to 3", shots, (2, 1))
    assert "▀" in printed(beside, "256")
    assert set(re.findall(r"38;5;(\d+)", printed(beside, "256"))) <= {
        "16",
        "59",
        "102",
        "145",
        "188",
        "231",
        *map(str, range(232, 256)),
    }
    for system in ("standard", None):
        text = re.sub(r"\x1b\[[0-9;]*m", "", printed(beside, system))
        assert "▀" not in text
        assert "100 101 102" in text
        assert "-10" in text
    assert printed(beside, "truecolor").splitlines()[0].endswith("rows 0 to 4, columns 0 to 3\x1b[0m")
