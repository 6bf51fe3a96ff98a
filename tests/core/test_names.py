"""Names from outside as they may be shown."""

from __future__ import annotations

import pytest

from corrconv.core.kernel import Kernel
from corrconv.core.names import LONGEST_NAME, one_line, shown_name
from corrconv.files.images import Picture


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ∗ and é", "plain, ∗ and é"),
        ("e\x1b]0;title\x07", "e\\x1b]0;title\\x07"),
        ("two\nlines", "two\\nlines"),
        ("turned\u202eback", "turned\\u202eback"),
        ("hard\xa0space", "hard\\xa0space"),
        ("no text \udcff", "no text \\udcff"),
    ],
)
def test_what_is_no_visible_sign_is_spelled_out(text, shown):
    assert one_line(text) == shown
    assert Kernel([[1]], name=text, source=text).name == shown
    assert Kernel([[1]], name=text, source=text).source == shown
    assert Picture(None, name=text).name == shown


def test_a_long_name_keeps_its_beginning_and_its_end():
    name = shown_name(f"begin{'x' * 300}end")
    assert len(name) == LONGEST_NAME - 1
    assert name.startswith("begin")
    assert name.endswith("end")
    assert "..." in name
    assert shown_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
