"""Notations: what is read, forth and back to the last bit, and everything that is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import kernels

from corrconv.core.kernel import Kernel
from corrconv.core.notation import kernel_from_array, parse_json, parse_kernel, parse_vips, write_kernel
from corrconv.core.terms import Notation
from corrconv.core.zoo import ZOO, zoo_kernel
from corrconv.errors import KernelError, NotationError

COUNTED = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
NINTHS = [[1 / 9, 2 / 9], [3 / 9, 4 / 9]]


def read_back(text, notation):
    """Read a text as a file of that notation would be."""
    if notation is Notation.VIPS:
        return parse_vips(text, where="kernel.mat")
    if notation is Notation.JSON:
        return parse_json(text, where="kernel.json")
    return parse_kernel(text)


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        # plain rows
        ("1 2 3\n4 5 6\n7 8 9\n", COUNTED),
        ("1, 2, 3\n4, 5, 6\n7, 8, 9", COUNTED),
        ("1\t2\t3\n4\t5\t6\n7\t8\t9", COUNTED),
        ("1 2 3; 4 5 6; 7 8 9", COUNTED),
        ("1,2,3;4,5,6;7,8,9", COUNTED),
        ("1;2;3\n4;5;6\n7;8;9", COUNTED),
        ("1 ; 2\n3 ; 4", [[1, 2], [3, 4]]),
        ("  1   2 \r\n\r\n  3   4 \r\n", [[1, 2], [3, 4]]),
        ("1 2\r3 4", [[1, 2], [3, 4]]),
        ("\ufeff1 2", [[1, 2]]),
        ("# a kernel; with, signs: [(\n1 2 # first\n# between\n3 4", [[1, 2], [3, 4]]),
        ("3 3\n1 2", [[3, 3], [1, 2]]),  # never a header
        ("5", [[5]]),
        ("1\n2", [[1], [2]]),
        # numbers
        ("1/16 -3/4 +1/2", [[1 / 16, -3 / 4, 1 / 2]]),
        ("0.1 1e-3 -2.5E+2 .5 5.", [[0.1, 1e-3, -250, 0.5, 5]]),
        ("1/3 0.5/3", [[1 / 3, 0.5 / 3]]),
        ("-0", [[0]]),
        ("1e-400 0e999999999", [[0, 0]]),
        ("4.9e-324 1.7976931348623157e308", [[5e-324, 1.7976931348623157e308]]),
        ("0.1000000000000000055511151231257827021181583404541015625", [[0.1]]),
        # a factor in front, a divisor behind
        ("1/9 * 1 2; 3 4", NINTHS),
        ("1/9*1 2\n3 4", NINTHS),
        ("1/9 *\n1 2\n3 4", NINTHS),
        ("1/9 * [1 2; 3 4]", NINTHS),
        ("1/9 * [[1, 2], [3, 4]]", NINTHS),
        ("[1 2; 3 4] / 9", NINTHS),
        ("[1 2; 3 4]/9", NINTHS),
        ("2 * [1 2] / 3", [[2 / 3, 4 / 3]]),
        ("0.5 * [1 -1]", [[0.5, -0.5]]),
        # MATLAB
        ("[1 2 3; 4 5 6; 7 8 9]", COUNTED),
        ("[1, 2, 3; 4, 5, 6; 7, 8, 9]", COUNTED),
        ("[1 2 3\n 4 5 6\n 7 8 9]", COUNTED),
        ("[1 2 3;\n 4 5 6;\n 7 8 9;\n]", COUNTED),
        ("[1; 2]", [[1], [2]]),
        ("[1 -2]", [[1, -2]]),
        ("[7]", [[7]]),
        # NumPy, Python, JSON
        ("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]", COUNTED),
        (str(np.array(COUNTED)), COUNTED),
        (repr(np.array(COUNTED)), COUNTED),
        (repr(np.array([[0.1, 2]], dtype=np.float32)), [[0.1, 2]]),
        ("np.array([[1, 2], [3, 4]]) / 9", NINTHS),
        ("numpy.array([\n    [1, 2],\n    [3, 4],\n])", [[1, 2], [3, 4]]),
        ("[[1, 2],\n [3, 4]]", [[1, 2], [3, 4]]),
        ('{"kernel": [[1, 2], [3, 4]], "scale": "1/9"}', NINTHS),
        # G'MIC
        ("(1,2,3;4,5,6;7,8,9)", COUNTED),
        ("( 1, 2 ; 3, 4 )", [[1, 2], [3, 4]]),
        ("(1)", [[1]]),
        # ImageMagick
        ("3x3: 1,2,3 4,5,6 7,8,9", COUNTED),
        ("3: 1 2 3\n4 5 6\n7 8 9", COUNTED),
        ("3x1: 1 , 2 , 3", [[1, 2, 3]]),
        ("1x3:1 2 3", [[1], [2], [3]]),
        ("3x1: nan 1 -", [[0, 1, 0]]),
        ("3x1:-,NaN,-1", [[0, 0, -1]]),
        # ffmpeg: divided by the sum, unless that is 0
        ("ffmpeg:0 -1 0 -1 5 -1 0 -1 0", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("ffmpeg: 1 1 1|1 1 1|1 1 1", [[1 / 9] * 3] * 3),
        ("ffmpeg:-1 0 1 -2 0 2 -1 0 1", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
        ("ffmpeg:1 1 1 1 1 1 1 1 1:0rdiv=1/3", [[1 / 3] * 3] * 3),
        ("ffmpeg:" + "2 " * 25, [[1 / 25] * 5] * 5),
        ("ffmpeg:" + "2 " * 49, [[1 / 49] * 7] * 7),
    ],
)
def test_texts_that_are_read(text, weights):
    assert parse_kernel(text).weights.tolist() == weights


def test_products_are_rounded_once():
    """1/49 * 49 in floating point is not 1."""
    assert 1 / 49 * 49 != 1
    assert parse_kernel("1/49 * [49]").weights.tolist() == [[1]]
    assert parse_kernel("[3] / 10").weights.tolist() == [[0.3]]


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("2x2: 1 2 3 4", (0, 0)),  # ((W - 1) // 2, (H - 1) // 2)
        ("4x2: 1 2 3 4 5 6 7 8", (0, 1)),
        ("3x3: 1 2 3 4 5 6 7 8 9", (1, 1)),
        ("3x2+2+0: 1 2 3 4 5 6", (0, 2)),  # column first
        ("2x3+0+2: 1 2 3 4 5 6", (2, 0)),
        # Elsewhere the notation says nothing about it.
        ("(1,2;3,4)", (1, 1)),
        ("[1 2; 3 4]", (1, 1)),
        ("1 2\n3 4", (1, 1)),
    ],
)
def test_the_anchor_is_the_centre_unless_the_notation_says_one(text, anchor):
    assert parse_kernel(text).anchor == anchor


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("2 1\n1 2\n", [[1, 2]]),  # width, then height
        ("1 2\n1\n2", [[1], [2]]),
        ("2 2 9\n1 2\n3 4", NINTHS),
        ("2 2 9 0\n1 2\n3 4", NINTHS),
        ("2 2 -0.5 0.0\r\n1,2\r\n3,4\r\n", [[-2, -4], [-6, -8]]),
        ("3 1\n0.1 1e-3 1/3", [[0.1, 1e-3, 1 / 3]]),
    ],
)
def test_vips_matrices(text, weights):
    kernel = parse_vips(text, where="kernel.mat")
    assert kernel.weights.tolist() == weights
    assert kernel.anchor == Kernel(weights).anchor


def test_json_objects():
    kernel = parse_json(
        '{"kernel": [[1, 2.5e0], [3, 4]], "anchor": [0, 1], "scale": 0.5, "name": "mine", "source": "here"}',
        where="k.json",
    )
    assert kernel.weights.tolist() == [[0.5, 1.25], [1.5, 2]]
    assert (kernel.anchor, kernel.name, kernel.source) == ((0, 1), "mine", "here")
    assert parse_json('{"kernel": [[1, 2]], "anchor": "lower"}', where="k.json").anchor == (0, 0)
    assert parse_json("\ufeff[[1, 2]]", where="k.json").anchor == (0, 1)


def test_arrays():
    assert kernel_from_array(np.array([[1, 2]], np.uint8), where="k.npy").weights.tolist() == [[1, 2]]
    assert kernel_from_array(np.array([[True]]), where="k.npy").weights.tolist() == [[1]]


# --- forth and back -----------------------------------------------------------------------------

ANY_FINITE = st.floats(allow_nan=False, allow_infinity=False)
WITH_ANCHOR = (Notation.IMAGEMAGICK, Notation.JSON)
OF_ANY_SHAPE = (Notation.VIPS, Notation.GMIC, Notation.MATLAB, Notation.NUMPY, Notation.CSV)


def assert_same(back, kernel):
    assert np.array_equal(back.weights, kernel.weights)
    assert back.anchor == kernel.anchor


@pytest.mark.parametrize("notation", WITH_ANCHOR)
@given(kernel=st.one_of(kernels(), kernels(ANY_FINITE)), divisor=st.sampled_from([1, 9, 10, 273]))
def test_forth_and_back_with_every_anchor(notation, kernel, divisor):
    kernel = kernel.scaled(1 / divisor)
    assert_same(read_back(write_kernel(kernel, notation), notation), kernel)


@pytest.mark.parametrize("notation", OF_ANY_SHAPE)
@given(
    kernel=st.one_of(kernels(anchored_anywhere=False), kernels(ANY_FINITE, anchored_anywhere=False)),
    divisor=st.sampled_from([1, 9, 10, 273]),
)
def test_forth_and_back_in_every_shape(notation, kernel, divisor):
    kernel = Kernel(kernel.weights / divisor)
    assert_same(read_back(write_kernel(kernel, notation), notation), kernel)


@given(st.sampled_from([3, 5, 7]).flatmap(lambda n: st.lists(st.integers(-9, 9), min_size=n * n, max_size=n * n)),
)  # fmt: skip
def test_forth_and_back_through_ffmpeg(cells):
    side = int(len(cells) ** 0.5)
    kernel = Kernel(np.array(cells).reshape(side, side) / (sum(cells) or 1))
    assert_same(read_back(write_kernel(kernel, Notation.FFMPEG), Notation.FFMPEG), kernel)


@pytest.mark.parametrize("name", ZOO)
def test_the_zoo_forth_and_back(name):
    kernel = zoo_kernel(name)
    for notation in (*WITH_ANCHOR, *OF_ANY_SHAPE):
        assert_same(read_back(write_kernel(kernel, notation), notation), kernel)


def test_json_keeps_name_and_source():
    kernel = zoo_kernel("sobel")
    back = parse_json(write_kernel(kernel, Notation.JSON), where="k.json")
    assert (back.name, back.source) == (kernel.name, kernel.source)


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        (Notation.IMAGEMAGICK, "3x1+1+0: 0.25,0.5,0.25"),
        (Notation.VIPS, "3 1 4 0\n1 2 1"),
        (Notation.GMIC, "(0.25,0.5,0.25)"),
        (Notation.MATLAB, "[1 2 1] / 4"),
        (Notation.NUMPY, "np.array([[1, 2, 1]]) / 4"),
        (Notation.CSV, "0.25,0.5,0.25"),
    ],
)
def test_what_is_written(notation, text):
    assert write_kernel(Kernel([[1 / 4, 2 / 4, 1 / 4]]), notation) == text


def test_what_is_written_for_ffmpeg_is_what_it_computes():
    """It divides by the sum of the whole numbers, unless that is 0; version 5.1.9 ignores any other divisor."""
    assert write_kernel(zoo_kernel("box"), Notation.FFMPEG) == "ffmpeg:1 1 1 1 1 1 1 1 1"
    assert write_kernel(zoo_kernel("sobel"), Notation.FFMPEG) == "ffmpeg:-1 0 1 -2 0 2 -1 0 1"
    for weights, message in [
        (np.full((3, 3), 0.5), "here by 9, and kernel needs 2"),
        (-np.ones((3, 3)), "here by -9, and kernel needs 1"),
        (zoo_kernel("sobel").weights / 8, "here by 1, and kernel needs 8"),
    ]:
        with pytest.raises(KernelError, match=message):
            write_kernel(Kernel(weights), Notation.FFMPEG)


def test_numpys_notation_is_python():
    kernel = zoo_kernel("binomial")
    assert np.array_equal(eval(write_kernel(kernel, Notation.NUMPY), {"np": np}), kernel.weights)


@pytest.mark.parametrize("notation", [*OF_ANY_SHAPE, Notation.FFMPEG])
def test_an_anchor_is_not_lost_in_silence(notation):
    with pytest.raises(
        KernelError, match=f"{notation} holds no anchor, and that of kernel is 0,2.*imagemagick or json"
    ):
        write_kernel(Kernel(COUNTED, (0, 2)), notation)


@pytest.mark.parametrize(
    ("kernel", "notation", "message"),
    [
        (Kernel([[1, 2, 1]]), Notation.FFMPEG, "ffmpeg holds 3x3, 5x5 and 7x7 kernels, and kernel is 1x3"),
        (Kernel(np.ones((9, 9))), Notation.FFMPEG, "and kernel is 9x9"),
        (zoo_kernel("gaussian"), Notation.FFMPEG, "ffmpeg holds whole numbers"),
        (Kernel(np.full((3, 3), 2.0**31)), Notation.FFMPEG, "whole numbers below 2147483648"),
        (Kernel([[1]]), Notation.NPY, "npy is not text"),
    ],
)
def test_what_a_notation_cannot_hold_is_refused(kernel, notation, message):
    with pytest.raises(KernelError, match=message):
        write_kernel(kernel, notation)


# --- what is refused ----------------------------------------------------------------------------

PLACE = "k.txt, line {}, column {}: "

REFUSED_TEXTS = [
    # empty, or no text
    ("", None, "empty; expected a kernel"),
    (" \n\t\n", None, "empty"),
    ("# only a comment", None, "empty"),
    ("\ufeff", None, "empty"),
    ("1 2\n3 \x004", (2, 3), "'\\x00' is not text"),
    ("\x89PNG\r\n\x1a\n", (2, 1), "'\\x1a' is not text"),
    ("1 \ufffd", (1, 3), "'\\ufffd' is not text"),
    # not a number
    ("1 two 3", (1, 3), "'two' is not a number; expected one such as 2, -0.5, 1e-3 or 1/16"),
    ("1_000", (1, 1), "'1_000' is not a number"),
    ("\u0661 \u0662", (1, 1), "'\\u0661' is not a number"),
    ("1\u00a02", (1, 1), "'1\\xa02' is not a number"),
    ("0 \u22121", (1, 3), "typographic minus sign or dash; write the plain -"),
    ("1 -", (1, 3), "'-' is not a number"),
    ("1//2", (1, 1), "'1//2' is not a number"),
    ("1 2 * 3", (1, 5), "'*' is not a number"),
    ("0x10", (1, 1), "'0x10' is not a number"),
    ("9" * 1001, (1, 1), "'99999999999999999999...' is not a number"),
    ("1 nan", (1, 3), "'nan' is not finite"),
    ("1\n-Infinity", (2, 1), "'-Infinity' is not finite"),
    ("1e400", (1, 1), "'1e400' is too large for float64"),
    ("-1e999999999", (1, 1), "is too large for float64"),
    ("1e300/1e-300", (1, 1), "the weight is too large for float64"),
    ("1e300 * [1 1e300]", (1, 12), "the weight is too large for float64"),
    ("1+2j 0", (1, 1), "'1+2j' is complex"),
    ("[1 2i]", (1, 4), "'2i' is complex"),
    ("1/0", (1, 1), "'1/0' divides by zero"),
    ("1 2/0.0", (1, 3), "'2/0.0' divides by zero"),
    ("1/0 * [1 2]", (1, 1), "'1/0' divides by zero"),
    ("[1 2] / 0", (1, 9), "0 divides by zero"),
    ("x * [1 2]", (1, 1), "'x' is not a number"),
    ("1/9 *", (1, 5), "nothing after the factor"),
    # rows
    ("1 2 3\n4 5", (2, 3), "2 cells where the rows above have 3; every row needs the same number"),
    ("1 2\n3 4 5", (2, 5), "3 cells where the rows above have 2"),
    ("1 2 3\n4", (2, 1), "1 cell where the rows above have 3"),
    ("[1 2; 3]", (1, 7), "1 cell where the rows above have 2"),
    ("[[1, 2], [3]]", (1, 11), "1 cell where the rows above have 2"),
    ("(1,2;3)", (1, 6), "1 cell where the rows above have 2"),
    ("1 2;", (1, 5), "an empty row"),
    ("1,,2", (1, 3), "a cell is missing beside ','"),
    ("1,2,\n3,4,", (1, 5), "a cell is missing beside ','"),
    (",1", (1, 1), "a cell is missing beside ','"),
    ("1;;2\n3;4;5", (1, 3), "a cell is missing beside ';'"),
    # the separator `;`: a row's end in one line, a cell's end in several
    ("1;2;3", (1, 2), "';' could separate rows or cells here; write [1; 2; 3] for a column, 1 2 3 for a row"),
    ("1;2;3\n", (1, 2), "';' could separate rows or cells here"),
    ("0,5;0,25\n1;2", (1, 4), "';' in lines with commas"),
    ("0;1\n0,5;1", (1, 2), "';' in lines with commas"),
    ("1 2;\n3 4", (1, 3), "'2' follows a space where ';' separates the cells; use one kind of separator"),
    ("1, 2 3", (1, 6), "'3' follows a space where ',' separates the cells"),
    ("0,5 0,25", (1, 5), "follows a space where ',' separates the cells"),
    # brackets
    ("[]", (1, 1), "empty brackets"),
    ("[[]]", (1, 2), "an empty row"),
    ("[1 2; ; 3 4]", (1, 7), "an empty row before ';'"),
    ("[1 2", (1, 1), "'[' is never closed"),
    ("[[1, 2], [3, 4]", (1, 16), "the text ends between the rows; expected '[' or ']'"),
    ("[1 2]]", (1, 6), "']' after the kernel; expected the end"),
    ("[1 2] [3 4]", (1, 7), "'[3' after the kernel; expected the end"),
    ("[1 2]\nabc", (2, 1), "'abc' after the kernel; expected the end"),
    ("[[[1]]]", (1, 3), "'[' inside a row; a kernel has two dimensions"),
    ("[[1, [2]]]", (1, 6), "'[' inside a row"),
    ("[[1, 2], 3]", (1, 10), "'3' between the rows"),
    ("[[1 2]; [3 4]]", (1, 7), "';' between the rows"),
    ("[[1; 2]]", (1, 4), "';' inside nested brackets"),
    ("[[1 2 ... 8 9]]", (1, 7), "'...' stands where NumPy left cells out"),
    ("array([1, 2])", (1, 7), "an array needs rows in brackets of their own"),
    ("array([[1, 2]]", (1, 15), "expected ')' after the rows of the array"),
    ("array([[1]], foo=1)", (1, 12), "expected ')' after the rows of the array"),
    # G'MIC
    ("()", (1, 1), "empty parentheses"),
    ("(1,2", (1, 1), "'(' is never closed"),
    ("(1,2^3,4)", (1, 5), "'^' separates further axes in G'MIC"),
    ("(1,2/3,4)", (1, 5), "'/' separates further axes in G'MIC"),
    ("(1 2;3 4)", (1, 4), "'2' follows a space where ',' separates the cells"),
    ("(1,2):P", (1, 6), "':P' after the kernel; expected the end"),
    # ImageMagick
    ("2x2: 1 2 3", (1, 11), "the header says 2x2, which is 4 cells, and 3 follow"),
    ("2x2: 1 2 3 4\n5", (2, 1), "the header says 2x2, which is 4 cells, and 5 follow"),
    ("1x1:", (1, 5), "which is 1 cell, and 0 follow"),
    ("0x0:", (1, 1), "a kernel of no cells"),
    ("100000x100000: 1", (1, 17), "which is 10000000000 cells, and 1 follow"),
    ("9999999999: 1", (1, 1), "not a header before ':'"),
    ("2x2: 1,,2,3,4", (1, 7), "a comma without a cell beside it"),
    ("2x1: 1,2,", (1, 9), "a comma without a cell beside it"),
    ("2x1: ,1,2", (1, 4), "a comma without a cell beside it"),
    ("2x2+2+0: 1 2 3 4", (1, 5), "the origin +2+0 (column, then row) lies outside 2x2"),
    ("3x3+1: 1", (1, 1), "not a header before ':'; ImageMagick's is WxH: or WxH+X+Y:"),
    ("3x3@: 1", (1, 1), "not a header before ':'"),
    ("Sobel:45", (1, 1), "not a header before ':'"),
    ("3: 1 2 3; 3: 4 5 6", (1, 9), "';' separates several kernels in ImageMagick"),
    ("2x1: 1 foo", (1, 8), "'foo' is not a number"),
    ("1/9 * 1x1: 1", (1, 1), "a factor in front of ImageMagick's notation"),
    # ffmpeg
    ("ffmpeg:1 2 3", (1, 8), "3 numbers; ffmpeg takes 9, 25 or 49"),
    ("ffmpeg:", (1, 8), "0 numbers"),
    ("ffmpeg:" + "1 " * 81, (1, 8), "81 numbers"),
    ("ffmpeg:1 1 1 1 1.5 1 1 1 1", (1, 16), "'1.5' is not a whole number"),
    ("ffmpeg:" + "1 " * 9 + ":" + "1 " * 9, (1, 26), "':' separates planes in ffmpeg"),
    ("ffmpeg:" + "1 " * 9 + ":0rdiv=0", (1, 33), "a factor of 0"),
    ("ffmpeg:" + "1 " * 9 + ":0rdiv=1 :1", (1, 35), "':1' after the kernel; expected the end"),
]

REFUSED_VIPS = [
    ("", None, "empty"),
    ("MATLAB 5.0 MAT-file\x00", None, "a MATLAB binary file"),
    ("1 2 3\n4 5 6\n7 8 9", (2, 1), "3 cells where the header says 1 (width, then height)"),
    ("3\n1 2 3", (1, 1), "a header of 1; libvips wants width height [scale [offset]]"),
    ("1 1 1 0 0\n1", (1, 1), "a header of 5"),
    ("1.5 1\n1", (1, 1), "'1.5' is not a number of columns or rows"),
    ("0 1\n", (1, 1), "'0' is not a number of columns or rows"),
    ("99999999999 1\n1", (1, 1), "'99999999999' is not a number of columns or rows"),
    ("100000 100000\n1 2", (1, 8), "the header says 100000 rows and 1 follow"),
    ("2 1 0\n1 2", (1, 5), "the scale 0 divides by zero"),
    ("2 1 1 128\n1 2", (1, 7), "an offset of 128, which no kernel has; write 0 here and add a bias to the results"),
    ("2 1 x\n1 2", (1, 5), "'x' is not a number"),
    ("2 2\n1 2", (1, 3), "the header says 2 rows and 1 follow"),
    ("2 1\n1 2\n3 4", (1, 3), "the header says 1 row and 2 follow"),
    ("2 1", (1, 3), "the header says 1 row and 0 follow"),
    ("2 2\n1 2 3\n4 5 6", (2, 1), "3 cells where the header says 2 (width, then height)"),
    ("2 2\n1 2\n3", (3, 1), "1 cell where the rows above have 2"),
    ("2 1\n1 nan", (2, 3), "'nan' is not finite"),
]

REFUSED_JSON = [
    ("", "k.txt: ", "empty"),
    ("{", "k.txt, line 1, column 2: ", "not JSON: expecting property name"),
    ("[[1, 2],\n [3 4]]", "k.txt, line 2, column 5: ", "not JSON"),
    ("[[1]] x", "k.txt, line 1, column 7: ", "not JSON: extra data"),
    ("[[1_0]]", "k.txt, line 1, column 4: ", "not JSON"),
    ("5", "k.txt: ", "5 instead of a list of rows"),
    ("null", "k.txt: ", "null instead of a list of rows"),
    ("[]", "k.txt: ", "an empty list"),
    ("[[]]", "k.txt, row 1: ", "an empty row"),
    ("[1, 2]", "k.txt, row 1: ", "1 instead of a list of cells; one row is [[1, 2, 1]]"),
    ("[[1, 2], [3]]", "k.txt, row 2: ", "1 cell where the rows above have 2"),
    ("[[1, true]]", "k.txt, row 1, cell 2: ", "true or false instead of a number"),
    ('[["1"]]', "k.txt, row 1, cell 1: ", "a text instead of a number"),
    ("[[1], [null]]", "k.txt, row 2, cell 1: ", "null instead of a number"),
    ("[[[1]]]", "k.txt, row 1, cell 1: ", "a list inside a row; a kernel has two dimensions"),
    ("[" * 100_000, "k.txt: ", "brackets nested too deeply"),
    ("[[NaN]]", "k.txt: ", "'NaN' is not finite"),
    ("[[-Infinity]]", "k.txt: ", "'-Infinity' is not finite"),
    ("[[1e400]]", "k.txt: ", "'1e400' is too large for float64"),
    ("{}", "k.txt: ", "the key 'kernel' is missing"),
    ('{"kernel": [[1]], "kernel": [[2]]}', "k.txt: ", "the key 'kernel' stands there twice"),
    ('{"kernel": [[1]], "weights": 1}', "k.txt: ", "the key 'weights' is unknown; the keys are kernel, anchor, scale"),
    ('{"kernel": [[1]], "scale": 0}', "k.txt: ", "scale is 0; expected a number"),
    ('{"kernel": [[1]], "scale": "1/0"}', "k.txt: ", "scale: "),
    ('{"kernel": [[1]], "scale": true}', "k.txt: ", "scale is true or false; expected a number"),
    ('{"kernel": [[1e300]], "scale": 1e300}', "k.txt, row 1, cell 1: ", "too large for float64"),
    ('{"kernel": [[1]], "anchor": [0, 1]}', "k.txt: ", "anchor 0,1 lies outside the 1x1 kernel"),
    ('{"kernel": [[1]], "anchor": [0.5, 0]}', "k.txt: ", "anchor is not [row, column]"),
    ('{"kernel": [[1]], "anchor": [false, 0]}', "k.txt: ", "anchor is not [row, column]"),
    ('{"kernel": [[1]], "anchor": "middle"}', "k.txt: ", "anchor is not [row, column]"),
    ('{"kernel": [[1]], "name": 3}', "k.txt: ", "name is 3; expected a text"),
    ('{"kernel": [[1]], "source": ["x"]}', "k.txt: ", "source is a list"),
]

REFUSED_ARRAYS = [
    (np.ones(3), "the kernel has 1 dimension"),
    (np.ones((3, 3, 3)), "the kernel has 3 dimensions"),
    (np.ones((0, 3)), "the kernel is empty"),
    (np.array([[1, np.nan]]), "the kernel holds nan at row 0, column 1"),
    (np.array([[1j]]), "the kernel is complex"),
    (np.array([["1"]]), "not numbers"),
    (np.array([[object()]]), "not numbers"),
    (np.array([[np.longdouble("1e4000")]]), "the kernel holds inf"),
]


def place(position):
    return "k.txt: " if position is None else PLACE.format(*position)


def assert_refused(read, opening, message):
    with pytest.raises(NotationError) as caught:
        read()
    error = caught.value
    assert str(error).startswith(opening), str(error)
    assert message in error.problem
    assert "\n" not in str(error)
    assert str(error).isascii() or str(error).isprintable()


@pytest.mark.parametrize(("text", "position", "message"), REFUSED_TEXTS)
def test_texts_that_are_refused(text, position, message):
    assert_refused(lambda: parse_kernel(text, where="k.txt"), place(position), message)


@pytest.mark.parametrize(("text", "position", "message"), REFUSED_VIPS)
def test_vips_matrices_that_are_refused(text, position, message):
    assert_refused(lambda: parse_vips(text, where="k.txt"), place(position), message)


@pytest.mark.parametrize(("text", "opening", "message"), REFUSED_JSON)
def test_json_that_is_refused(text, opening, message):
    assert_refused(lambda: parse_json(text, where="k.txt"), opening, message)


@pytest.mark.parametrize(("array", "message"), REFUSED_ARRAYS)
def test_arrays_that_are_refused(array, message):
    assert_refused(lambda: kernel_from_array(array, where="k.npy"), "k.npy: ", message)


def outcome(read, text):
    try:
        return read(text, where="k.txt")
    except NotationError as error:
        return error


NEAR_KERNELS = st.text(alphabet="0123456789.eE+-/*;,:x[]() \n#|{}\"nafm'pgry=j", max_size=40)


@pytest.mark.parametrize("read", [parse_kernel, parse_vips, parse_json])
@given(text=st.one_of(NEAR_KERNELS, st.text(max_size=30)))
def test_any_text_is_a_kernel_or_one_clear_line(read, text):
    found = outcome(read, text)
    if isinstance(found, Kernel):
        assert np.isfinite(found.weights).all()
    else:
        assert str(found).startswith("k.txt")
        assert str(found).isprintable()
