"""Files that are mapped into memory: read and written in parts, and no number differs."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corrconv.errors import FileError
from corrconv.files import raw
from corrconv.files.decoding import read_image
from corrconv.files.encoding import image_writer, write_image
from corrconv.files.picture import Picture
from corrconv.files.raw import header_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files are mapped only where they can be replaced meanwhile")

RANDOM = np.random.default_rng(5)
SHAPES = [(7, 5), (700, 500), (1, 1), (3, 90_000), (40, 30, 3), (40, 30, 4), (40, 30, 2)]
DTYPES = ["uint8", "uint16", "int32", "float32"]


@pytest.fixture(autouse=True)
def _small_files_are_mapped(monkeypatch, tmp_path):
    monkeypatch.setattr(raw, "SMALLEST_MAPPED", 1)
    monkeypatch.chdir(tmp_path)


def is_mapped(pixels):
    while pixels is not None and not isinstance(pixels, np.memmap):
        pixels = pixels.base if isinstance(pixels, np.ndarray) else None
    return pixels is not None


def noise(shape, dtype):
    return (RANDOM.random(shape) * 250).astype(dtype)


def picture(shape, dtype="uint8"):
    return Picture(noise(shape, dtype), has_alpha=len(shape) == 3 and shape[2] in (2, 4), dpi=(72.0, 30.0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_written_as_tiff_is_what_pillow_reads_and_what_is_mapped(shape, dtype):
    if len(shape) == 3 and dtype != "uint8":
        return
    given = picture(shape, dtype)
    write_image("out.tif", given)
    with Image.open("out.tif") as image:
        np.testing.assert_array_equal(np.asarray(image), given.pixels)
        assert image.info["dpi"] == given.dpi
    read = read_image("out.tif")
    assert is_mapped(read.pixels)
    assert (read.pixels.dtype, read.has_alpha, read.dpi) == (given.pixels.dtype, given.has_alpha, given.dpi)
    np.testing.assert_array_equal(read.pixels, given.pixels)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_single_strip_has_the_tags_that_pillow_writes(dtype):
    pixels, file = noise((7, 5), dtype), BytesIO()
    Image.fromarray(pixels).save(file, "TIFF", dpi=(72, 30))
    header = header_of("TIFF", pixels.shape, pixels.dtype, {"dpi": (72, 30)})
    with Image.open(file) as expected, Image.open(BytesIO(header + pixels.tobytes())) as image:
        places = {273}
        assert {k: v for k, v in image.tag_v2.items() if k not in places} == {
            k: v for k, v in expected.tag_v2.items() if k not in places
        }
    assert len(header) % 16 == 0


@pytest.mark.parametrize(("rows", "is_big"), [(2**16 - 64, False), (2**16, True), (10**6, True)])
def test_beyond_4_gib_a_tiff_becomes_a_big_one(rows, is_big):
    columns = 2**16
    header = header_of("TIFF", (rows, columns), np.dtype("uint8"), {})
    assert header[2] == (43 if is_big else 42)
    size = len(header) + rows * columns
    with Path("out.tif").open("wb") as file:  # the pixels are a hole
        file.write(header)
        file.truncate(size)
        file.seek(size - 3)
        file.write(b"abc")
    read = read_image("out.tif")
    assert is_mapped(read.pixels)
    assert read.pixels.shape == (rows, columns)
    assert bytes(read.pixels[-1, -4:]) == b"\0abc"


@pytest.mark.parametrize("options", [{"compression": "tiff_lzw"}, {"compression": "packbits"}])
def test_a_compressed_tiff_is_decoded(options):
    pixels = noise((70, 50), "uint8")
    Image.fromarray(pixels).save("out.tif", **options)
    read = read_image("out.tif").pixels
    assert not is_mapped(read)
    np.testing.assert_array_equal(read, pixels)


LAYOUTS = {
    "big-endian": {"dtype": ">u2", "byteorder": ">"},
    "planes": {"shape": (3, 60, 50), "photometric": "rgb", "planarconfig": "separate"},
    "tiles": {"shape": (64, 96), "tile": (32, 32)},
    "tiles as wide as the picture": {"shape": (64, 32), "tile": (16, 32)},
    "tiles beyond the end": {"shape": (50, 40), "tile": (32, 48)},
    "white is zero": {"photometric": "miniswhite"},
    "white is zero, 16 bits": {"dtype": "u2", "photometric": "miniswhite"},
    "strips": {"rowsperstrip": 7},
    "signed": {"dtype": "i1"},
    "signed, 16 bits": {"dtype": "i2"},
    "32 bits": {"dtype": "u4"},
    "64 bits": {"dtype": "f8"},
    "turned": {"extratags": [(274, "H", 1, 6, True)]},
    "upright": {"extratags": [(274, "H", 1, 1, True)]},
    "BigTIFF": {"bigtiff": True},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_of_a_tiff_is_read_as_without_mapping(name, monkeypatch):
    tifffile = pytest.importorskip("tifffile")
    options = dict(LAYOUTS[name])
    pixels = noise(options.pop("shape", (60, 50)), options.pop("dtype", "u1"))
    tifffile.imwrite("out.tif", pixels, **options)

    def read():
        try:
            picture = read_image("out.tif")
        except FileError as error:
            return str(error)
        return picture.pixels.dtype, picture.pixels.tolist(), picture.notes, picture.dpi

    mapped = read()
    monkeypatch.setattr(raw, "SMALLEST_MAPPED", 2**62)
    assert mapped == read()


def test_a_tiff_that_is_cut_short_is_damaged():
    write_image("out.tif", picture((70, 50)))
    os.truncate("out.tif", 3000)
    with pytest.raises(FileError, match="damaged TIFF"):
        read_image("out.tif")


@pytest.mark.parametrize("kind", ["PGM", "PPM"])
def test_other_files_that_hold_plain_pixels_are_mapped_too(kind):
    pixels = noise((40, 30) if kind == "PGM" else (40, 30, 3), "uint8")
    write_image(f"out.{kind.lower()}", Picture(pixels))
    read = read_image(f"out.{kind.lower()}").pixels
    assert is_mapped(read)
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["bool", "int64", "float16", "float64", ">f4"])
def test_npy_files_are_mapped_unless_their_bytes_are_swapped(dtype, order):
    pixels = np.array(noise((7, 5), dtype), order=order)
    np.save("in.npy", pixels)
    read = read_image("in.npy").pixels
    assert is_mapped(read) == pixels.dtype.isnative
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("pixels", [noise((7, 5), "float64"), noise((7, 5, 1), "uint16"), noise((9, 8, 4), "bool")])
def test_npy_files_are_those_of_numpy(pixels):
    np.save("numpy.npy", pixels)
    for order in ("C", "F"):
        write_image("out.npy", Picture(np.array(pixels, order=order)))
        assert Path("out.npy").read_bytes() == Path("numpy.npy").read_bytes()


@pytest.mark.parametrize("target", ["out.npy", "out.tif"])
def test_pixels_are_filled_into_the_file_itself(target):
    given = picture((30, 20))
    with image_writer(target, {"npy": "NPY", "tif": "TIFF"}[target[4:]]) as writer:
        pixels = writer.allocate(given)
        assert is_mapped(pixels)
        assert not Path(target).exists()
        pixels[...] = given.pixels
        writer.write(Picture(pixels, dpi=given.dpi))
    np.testing.assert_array_equal(read_image(target).pixels, given.pixels)
    assert list(Path().iterdir()) == [Path(target)]


def test_a_disk_without_space_for_the_result_is_told_before_the_work(monkeypatch):
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(FileError, match=r"out\.tif: no space is left"), image_writer("out.tif", "TIFF") as writer:
        writer.allocate(picture((30, 20)))
    assert list(Path().iterdir()) == []


def test_where_space_cannot_be_reserved_it_is_written(monkeypatch):
    def unable(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "unable")

    monkeypatch.setattr(os, "posix_fallocate", unable)
    given = picture((3000, 2000))
    with image_writer("out.tif", "TIFF") as writer:
        pixels = writer.allocate(given)
        (temporary,) = Path().iterdir()
        assert temporary.stat().st_blocks * 512 >= given.pixels.nbytes
        pixels[...] = given.pixels
        writer.write(given)
    np.testing.assert_array_equal(read_image("out.tif").pixels, given.pixels)


def test_what_is_no_file_of_the_disk_is_written_whole(tmp_path):
    given = picture((30, 20))
    with Path("redirected").open("wb") as file:
        target = f"/dev/fd/{file.fileno()}"
        if not Path(target).exists():
            pytest.skip("no /dev/fd here")
        for name in ("/dev/null", target):
            with image_writer(name, "NPY") as writer:
                pixels = writer.allocate(given)
                assert not is_mapped(pixels)
                pixels[...] = given.pixels
                writer.write(Picture(pixels))
    np.testing.assert_array_equal(np.load("redirected"), given.pixels)


def test_a_failure_leaves_nothing():
    with suppress(RuntimeError), image_writer("out.tif", "TIFF") as writer:
        writer.allocate(picture((30, 20)))
        raise RuntimeError
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("target", "shape", "said"),
    [
        ("out.webp", (1, 16384), "16384 x 1 pixels are more than WEBP holds, 16383 along each side"),
        ("out.jpg", (65501, 1), "1 x 65501 pixels are more than JPEG holds"),
        ("out.gif", (65536, 1), "more than GIF holds"),
        ("out.bmp", (40000, 40000, 3), "more than BMP holds, 4 GiB"),
        ("out.csv", (3, 3, 3), "text holds one channel"),
        ("out.pgm", (3, 3, 3), "PGM holds gray pictures only"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_the_work(target, shape, said):
    blank = Picture(np.broadcast_to(np.uint8(255), shape))
    with pytest.raises(FileError, match=said), image_writer(target, raw_kind(target)) as writer:
        writer.allocate(blank)
    assert list(Path().iterdir()) == []


def raw_kind(target):
    return {"jpg": "JPEG", "tif": "TIFF"}.get(target[4:], target[4:].upper())


@pytest.mark.parametrize(
    ("target", "shape"), [("out.webp", (1, 16383)), ("out.jpg", (65500, 1)), ("out.gif", (65535, 1))]
)
def test_the_largest_that_a_format_holds_is_written(target, shape):
    write_image(target, Picture(np.zeros(shape, np.uint8)))
    assert read_image(target).pixels.shape[:2] == shape


@pytest.mark.parametrize("name", ["in.npy", "in.tif", "in.png"])
def test_a_limit_that_is_asked_for_holds_for_every_file(name):
    write_image(name, Picture(noise((7, 5), "uint8")))
    assert read_image(name, max_pixels=35).pixels.shape == (7, 5)
    with pytest.raises(FileError, match="5 x 7 pixels are more than the 34 that are read at once"):
        read_image(name, max_pixels=34)


def test_what_is_not_decoded_has_no_limit_unless_one_is_asked_for(monkeypatch):
    monkeypatch.setattr("corrconv.files.limits.MAX_PIXELS", 34)
    for name in ("in.npy", "in.tif"):
        write_image(name, Picture(noise((7, 5), "uint8")))
        assert read_image(name).pixels.shape == (7, 5)
    write_image("in.png", Picture(noise((7, 5), "uint8")))
    with pytest.raises(FileError, match="more than the 34"):
        read_image("in.png")
    assert read_image("in.png", max_pixels=35).pixels.shape == (7, 5)
