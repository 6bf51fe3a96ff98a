"""Kernels from files, the zoo, literals and pipes; every other content is refused by name."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from corrconv.core.kernel import Kernel
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError, FileError, InputTypeError, KernelError, NotationError
from corrconv.files.kernels import read_kernel, write_kernel_file

CELLS = np.arange(1, 7).reshape(2, 3)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("k.txt", "1 2 3\n4 5 6\n"),
        ("k", "1 2 3\n4 5 6\n"),
        ("k.csv", "1,2,3\n4,5,6\n"),
        ("k.json", "[[1, 2, 3], [4, 5, 6]]"),
        ("k.kernel", "3x2: 1,2,3 4,5,6"),
        ("k.mat", "3 2\n1 2 3\n4 5 6\n"),
        ("K.MAT", "3 2\n1 2 3\n4 5 6\n"),
        ("my kernel.txt", "\ufeff1 2 3\n4 5 6\n"),
    ],
)
def test_text_files(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    kernel = read_kernel(name)
    assert kernel.weights.tolist() == CELLS.tolist()
    assert kernel.name == name.rpartition(".")[0] or name


def test_a_header_is_data_unless_the_file_is_a_mat(folder):
    (folder / "k.txt").write_text("2 2\n1 2\n3 4\n")
    assert read_kernel("k.txt").shape == (3, 2)


def test_json_brings_its_own_name(folder):
    (folder / "k.json").write_text('{"kernel": [[1, 2]], "name": "edge"}')
    assert read_kernel("k.json").name == "edge"
    (folder / "k.json").write_text('{"kernel": [[1, 2]]}')
    assert read_kernel("k.json").name == "k"


def test_a_file_wins_over_a_zoo_name_and_a_folder_does_not(folder):
    assert read_kernel("sobel").shape == (3, 3)
    (folder / "sobel").mkdir()
    assert read_kernel("sobel").shape == (3, 3)
    (folder / "box").write_text("7")
    assert read_kernel("box").weights.tolist() == [[7]]


@pytest.mark.parametrize(
    ("literal", "weights"),
    [
        ("[1 2 3; 4 5 6]", CELLS),
        ("1/2 * [1 2 3; 4 5 6]", CELLS / 2),
        ("1/16 2/16; 3 4", [[1 / 16, 2 / 16], [3, 4]]),
        ("np.array([[1, 2, 3], [4, 5, 6]]) / 2", CELLS / 2),
        ("(1,2,3;4,5,6)", CELLS),
        ("3x2: 1,2,3,4,5,6", CELLS),
        ("ffmpeg:1 2 3 4 5 6 7 8 9", np.arange(1, 10).reshape(3, 3) / 45),
        ("-1 0 1", [[-1, 0, 1]]),
        ("[" + "1 " * 3000 + "]", np.ones((1, 3000))),
    ],
)
def test_inline_literals(folder, literal, weights):
    np.testing.assert_allclose(read_kernel(literal).weights, weights, rtol=1e-15)


def test_zoo_with_parameters(folder):
    assert read_kernel("gaussian:sigma=1/2,size=5").shape == (5, 5)
    with pytest.raises(KernelError, match="did you mean sobel"):
        read_kernel("sobell")


@pytest.mark.parametrize("name", ["nope.txt", "a/b", "./sobel", "../sobel", "/no/sobel", "~/k", "3x3.csv", "my k.json"])
def test_what_looks_like_a_path_is_missed_as_a_file(folder, name):
    with pytest.raises(FileError, match="no such file"):
        read_kernel(name)


def test_a_directory(folder):
    (folder / "kernels").mkdir()
    for name in ("kernels", "./kernels", str(folder)):
        with pytest.raises(FileError, match="is a directory"):
            read_kernel(name)


@pytest.mark.parametrize("dtype", ["float64", "int16", ">f4", "uint8"])
def test_npy(folder, dtype):
    np.save("k.npy", CELLS.astype(dtype))
    np.testing.assert_array_equal(read_kernel("k.npy").weights, CELLS)


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.ones((2, 2), complex), InputTypeError),
        (np.array([["a"]]), InputTypeError),
        (np.array([[None]]), InputTypeError),
        (np.ones(3), NotationError),
        (np.ones((3, 3, 3)), NotationError),
        (np.array([[np.nan]]), NotationError),
        (np.ones((0, 3)), NotationError),
    ],
)
def test_npy_refused(folder, array, error):
    np.save("k.npy", array)
    with pytest.raises(error, match=r"k\.npy"):
        read_kernel("k.npy")


def test_damaged_npy(folder):
    (folder / "k.npy").write_bytes(b"\x93NUMPY\x01\0")
    with pytest.raises(FileError, match=r"k\.npy: damaged"):
        read_kernel("k.npy")
    (folder / "k.npy").write_text("1 2 3")
    with pytest.raises(FileError, match=r"k\.npy: damaged"):
        read_kernel("k.npy")


@pytest.mark.parametrize("suffix", ["png", "pgm", "bmp", "tif", "txt"])
def test_pictures_are_told_by_content(folder, suffix):
    Image.fromarray(np.array([[0, 51], [102, 255]], np.uint8)).save(f"k.{suffix}", "PPM" if suffix == "txt" else None)
    kernel = read_kernel(f"k.{suffix}")
    np.testing.assert_array_equal(kernel.weights, np.array([[0, 51], [102, 255]]) / 255)
    assert kernel.name == "k"


def test_pictures_sixteen_bits_colour_and_transparency(folder):
    Image.fromarray(np.array([[0, 65535]], np.uint16)).save("k.png")
    assert read_kernel("k.png").weights.tolist() == [[0, 1]]
    Image.new("RGBA", (1, 1), (255, 0, 0, 255)).save("k.png")
    assert read_kernel("k.png").weights.tolist() == [[76 / 255]]
    Image.new("RGBA", (1, 1), (255, 0, 0, 9)).save("k.png")
    with pytest.raises(FileError, match="transparent pixels is no kernel"):
        read_kernel("k.png")
    Image.new("F", (1, 1), 0.5).save("k.tif")
    with pytest.raises(FileError, match="no white to divide by"):
        read_kernel("k.tif")


@pytest.mark.parametrize("content", [b"MATLAB 5.0 MAT-file, ...", b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["k.mat", "k"])
def test_binary_matlab_files_are_refused_by_name(folder, content, name):
    (folder / name).write_bytes(content + bytes(100))
    with pytest.raises(FileError, match="is a binary MATLAB file"):
        read_kernel(f"./{name}")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("k.txt", b"", "k.txt.*empty"),
        ("k.txt", b"1 2\n3", "k.txt, line 2"),
        ("k.txt", b"\xff\xfe1\0 \0", "neither a picture nor text"),
        ("k.mat", b"2 2\n1 2\n3\n", "k.mat"),
        ("k.json", b"{", "k.json"),
        ("k.png", b"\x89PNG\r\n\x1a\nrest", "is a damaged PNG"),
    ],
)
def test_bad_contents(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(CorrconvError, match=message):
        read_kernel(name)


def test_standard_input(folder):
    assert read_kernel("-", stdin=io.BytesIO(b"1 2\n3 4")).weights.tolist() == [[1, 2], [3, 4]]
    assert read_kernel("-", stdin=io.BytesIO(b'{"kernel": [[5]]}')).name == "stdin"
    buffer = io.BytesIO()
    np.save(buffer, CELLS)
    assert read_kernel("-", stdin=io.BytesIO(buffer.getvalue())).weights.tolist() == CELLS.tolist()
    with pytest.raises(NotationError, match="standard input, line 2"):
        read_kernel("-", stdin=io.BytesIO(b"1 2\n3"))
    with pytest.raises(FileError, match="standard input is empty"):
        read_kernel("-", stdin=io.BytesIO(b""))


@pytest.mark.parametrize("notation", [notation for notation in Notation if notation is not Notation.FFMPEG])
def test_written_kernels_read_back(folder, notation):
    # The origin of Java's Kernel is always the lower one.
    kernel = Kernel(np.array([[1, 2, 3], [4, 5, 6]]) / 7, "lower" if notation is Notation.JAVA else "center")
    name = {Notation.VIPS: "k.mat", Notation.NPY: "k.npy", Notation.JSON: "k.json"}.get(notation, "k.txt")
    write_kernel_file(name, kernel, notation)
    again = read_kernel(name)
    np.testing.assert_array_equal(again.weights, kernel.weights)
    assert again.anchor == kernel.anchor


def test_what_a_notation_cannot_hold_leaves_no_file(folder):
    kernel = Kernel(CELLS, anchor=(0, 0))
    for notation in (Notation.NPY, Notation.FFMPEG, Notation.CSV):
        with pytest.raises(KernelError):
            write_kernel_file("k", kernel, notation)
    assert list(folder.iterdir()) == []


def test_a_name_longer_than_any_file_is_one_line():
    with pytest.raises(CorrconvError):
        read_kernel("x" * 5000)


def test_weights_whose_sums_overflow_are_refused():
    with pytest.raises(CorrconvError, match="add up to more than float64 holds"):
        read_kernel("[1e308 1e308]")
