"""Lists of file names, as find prints them."""

from __future__ import annotations

import os

import pytest

from corrconv.errors import FileError
from corrconv.files.lists import read_names


@pytest.mark.parametrize(
    ("content", "null", "names"),
    [
        (b"a.png\nb c.png\r\n\nd.png", False, ("a.png", "b c.png", "d.png")),
        (b"a\nb.png\0c.png\0", True, ("a\nb.png", "c.png")),
        ("grün.png\n".encode(), False, ("grün.png",)),
        (b"\xff.png\n", False, (os.fsdecode(b"\xff.png"),)),
    ],
)
def test_names_one_a_line_or_each_before_a_nul(tmp_path, content, null, names):
    (tmp_path / "list").write_bytes(content)
    assert read_names(str(tmp_path / "list"), null=null) == names


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "names no picture"), (b"\n\n", "names no picture"), (b"a\n-\n", "standard input"), (b"a\0b\0", "add -0")],
)
def test_lists_that_name_no_pictures(tmp_path, content, said):
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(FileError, match=said):
        read_names(str(tmp_path / "list"))
