"""Tables on narrow terminals: row by row rather than cut off."""

from __future__ import annotations

import re

import pytest
from rich.console import Console, Group
from rich.text import Text

from corrconv.drawing.console import plain_table
from corrconv.drawing.folding import NARROW, copied, folded, hanging

NUMBERS = ["-5.9", "1234567", "0.25", "-1e-05", "88.125"]


def shown(width: int) -> str:
    table = plain_table("numbers")
    table.add_column("name", max_width=16)
    for index in range(len(NUMBERS)):
        table.add_column(f"\nno. {index}", justify="right", no_wrap=True)
    table.add_row(Text("first row"), *NUMBERS)
    table.add_row("second", *reversed(NUMBERS))
    console = Console(width=width)
    with console.capture() as capture:
        console.print(folded(Group(table, "after"), width))
    return capture.get()


@pytest.mark.parametrize("width", [12, 20, 30, 39, 40, 60, 69, 70, 80])
def test_no_digit_is_cut_off_and_folding_is_said(width):
    text = shown(width)
    assert sorted(re.findall(r"(?<=\s)-?[0-9][0-9.e-]*(?=\s)", text.replace("no. ", ""))).count("-5.9") == 2
    for number in NUMBERS:
        assert len(re.findall(rf"(?<!\S){re.escape(number)}(?!\S)", text)) == 2
    assert ("row by row" in " ".join(text.split())) == (width < 42)
    assert "after" in text


def test_wide_terminals_get_the_table_as_it_is():
    table = plain_table()
    table.add_column("x" * 200, no_wrap=True)
    assert folded(table, NARROW) is table
    assert folded(table, NARROW - 1) is not table


def test_long_words_go_on_under_the_first_one_and_lines_to_copy_stay_whole():
    lines = hanging("    border    ", "wrap " * 30).splitlines()
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" " * 14 + "wrap") for line in lines[1:])
    assert copied("    the same  ", "corrconv apply A B") == "    the same  corrconv apply A B"
    assert copied("    the same  ", "x" * 70) == "    the same\n  " + "x" * 70
