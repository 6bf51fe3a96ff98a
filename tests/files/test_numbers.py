"""Plain numbers as pictures: typed, piped, kept as text or as .npy."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrconv.errors import CorrconvError, FileError
from corrconv.files.decoding import read_array
from corrconv.files.images import read_image
from corrconv.files.numbers import is_inline, read_numbers, write_numbers


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[1 2 3; 4 5 6]", [[1, 2, 3], [4, 5, 6]]),
        ("[1 0 -1]", [[1, 0, -1]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("np.array([[1, 2], [3, 4]])", [[1, 2], [3, 4]]),
        ("1 2 3", [[1, 2, 3]]),
        ("1,2,3", [[1, 2, 3]]),
        ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("1/2 * [1 2 3]", [[0.5, 1, 1.5]]),
        ("[-1.5 2]", [[-1.5, 2]]),
    ],
)
def test_numbers_are_typed_in_place_of_a_file(text, rows):
    picture = read_image(text)
    assert picture.pixels.tolist() == rows
    whole = all(float(value).is_integer() for row in rows for value in row)
    assert picture.pixels.dtype == (np.int64 if whole else np.float64)
    assert picture.name == text or len(text) > 24


@pytest.mark.parametrize("text", ["photo.png", "7", "sample:coins", "-", "2024-01-05.png", "a 1 2", "1.5", "-5", "1e5"])
def test_names_of_files_are_not_taken_for_numbers(text):
    assert not is_inline(text)


def test_a_path_wins_over_an_inline_reading(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1 2 3").write_text("9 8\n7 6\n")
    assert read_image("1 2 3").pixels.tolist() == [[9, 8], [7, 6]]


@pytest.mark.parametrize(
    "text",
    [
        "1 2\n3 4\n",
        "1,2\n3,4\n",
        "1;2\n3;4",
        "1\t2\r\n3\t4\r\n",
        "\ufeff1 2\n3 4",
        "# two rows\n1 2\n3 4",
        "[1 2; 3 4]",
    ],
)
@pytest.mark.parametrize("name", ["numbers.csv", "numbers.txt", "numbers", "numbers.png"])
def test_text_of_numbers_is_a_picture_whatever_its_name(tmp_path, text, name):
    if text.startswith("#") and name in {"numbers", "numbers.png"}:
        pytest.skip("a comment alone does not tell a table")
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert read_image(str(path)).pixels.tolist() == [[1, 2], [3, 4]]


def test_numbers_come_through_a_pipe():
    assert read_image("-", stdin=BytesIO(b"1 2\n3 4\n")).pixels.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 2\n3\n", "every row needs the same number"),
        ("1,,2\n3,4,5\n", "every row needs the same number"),
        ("1,5;2\n3;4\n", "every row needs the same number"),
        ("", "holds no numbers"),
        (" \n", "holds no numbers"),
    ],
)
def test_what_is_no_table_is_refused(text, problem):
    with pytest.raises(FileError, match=problem):
        read_numbers(text.encode(), "bad.csv")


def test_ragged_numbers_that_were_typed_name_their_place():
    with pytest.raises(CorrconvError, match="inline numbers, line 1, column 7: 1 cell where the rows above have 2"):
        read_image("[1 2; 3]")


def test_too_little_memory_is_no_damage(monkeypatch):
    def full(*_args, **_settings):
        raise MemoryError

    content = BytesIO()
    np.save(content, np.ones((2, 2)))
    content.seek(0)
    monkeypatch.setattr(np.lib.format, "read_array", full)
    with pytest.raises(MemoryError):
        read_array(content, "huge.npy")


def test_a_npy_with_one_dimension_is_one_row(tmp_path):
    np.save(tmp_path / "signal.npy", np.array([3.0, 1, 4]))
    assert read_image(str(tmp_path / "signal.npy")).pixels.tolist() == [[3, 1, 4]]


@given(st.lists(st.lists(st.floats(width=64), min_size=2, max_size=2), min_size=2, max_size=4))
def test_numbers_written_read_back_to_the_last_bit(rows):
    values = np.array(rows)
    read = read_numbers(write_numbers(values).encode(), "again.csv").pixels
    assert np.array_equal(read, values, equal_nan=True)
