"""Rows that differ in length are said to do so in the same words, wherever they stand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from corrconv.core.arrays import as_array
from corrconv.core.notation import parse_kernel
from corrconv.core.ragged_rows import ragged_words
from corrconv.errors import CorrconvError
from corrconv.files.numbers import read_numbers
from corrconv.files.weights import read_layer_weights

WORDS = "1 cell where the rows above have 2; every row needs the same number"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1, 2], [3]], f"row 2 has {WORDS}"),
        ([[1, 2], 3], f"row 2 has {WORDS}"),
        ([np.array([1, 2]), np.array([3, 4]), np.array(5)], f"row 3 has {WORDS}"),
        ([[[1, 2], [3, 4]], [[1, 2], [3]]], f"row 2 has {WORDS}"),
        ([[1], [2, 3]], "row 2 has 2 cells where the rows above have 1; every row needs the same number"),
        ([[1, 2], [3, 4]], ""),
        ([1, 2], ""),
        ([], ""),
    ],
)
def test_the_first_row_of_another_length_is_named(values, words):
    assert ragged_words(values) == words


def test_every_reader_says_it_in_these_words(tmp_path):
    path = tmp_path / "weights.json"
    path.write_text(json.dumps([[1, 2], [3]]))
    for read in (
        lambda: as_array([[1, 2], [3]], "image"),
        lambda: parse_kernel("[1 2; 3]", where="here"),
        lambda: parse_kernel('{"kernel": [[1, 2], [3]]}', where="here"),
        lambda: read_numbers(b"1 2\n3\n", "here"),
        lambda: read_layer_weights(str(path)),
    ):
        with pytest.raises(CorrconvError, match=WORDS):
            read()
