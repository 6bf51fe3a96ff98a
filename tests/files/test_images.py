"""Pictures forth and back in every mode and format, and every way in which a file can be wrong."""

from __future__ import annotations

import io
import os
import random
import struct
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from corrconv.errors import CorrconvError, FileError, InputTypeError
from corrconv.files import decoding, limits
from corrconv.files.images import Picture, format_names, format_of, read_image, storable_dtype, to_gray, write_image

RANDOM = np.random.default_rng(7)
GRAY = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
GRAY_ALPHA = RANDOM.integers(0, 256, (5, 7, 2), dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGBA = RANDOM.integers(0, 256, (5, 7, 4), dtype=np.uint8)
GRAY16 = RANDOM.integers(0, 65536, (5, 7), dtype=np.uint16)
INT32 = RANDOM.integers(-(2**31), 2**31, (5, 7), dtype=np.int32)
FLOAT32 = RANDOM.normal(size=(5, 7)).astype(np.float32)

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture_of(pixels, **others):
    return Picture(pixels, has_alpha=pixels.ndim == 3 and pixels.shape[2] in (2, 4), **others)


def png(width, height, depth, colour_type, rows, *chunks):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))
    extra = b"".join(chunk(*each) for each in chunks)
    end = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + end


def tiff(pixels, **tags):
    """An uncompressed little-endian TIFF of one strip; tags override or add short ones by number."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    content = pixels.tobytes()
    shorts = {256: [width], 257: [height], 258: [pixels.itemsize * 8] * channels, 259: [1], 277: [channels]}
    shorts |= {262: [2 if channels == 3 else 1], 278: [height], 339: [1] * channels}
    shorts |= {int(number[1:]): value for number, value in tags.items()}
    count = len(shorts) + 2
    behind = 8 + 2 + 12 * count + 4
    entries, more = {}, b""
    for number, values in shorts.items():
        packed = struct.pack(f"<{len(values)}H", *values)
        if len(packed) > 4:
            packed, more = struct.pack("<I", behind + len(more)), more + packed
        entries[number] = struct.pack("<HHI", number, 3, len(values)) + packed.ljust(4, b"\0")
    entries[273] = struct.pack("<HHII", 273, 4, 1, behind + len(more))
    entries[279] = struct.pack("<HHII", 279, 4, 1, len(content))
    directory = struct.pack("<H", count) + b"".join(entries[number] for number in sorted(entries)) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + more + content


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read_bytes(content):
    return read_image("-", stdin=io.BytesIO(content))


# Forth and back


@pytest.mark.parametrize(
    ("suffix", "pixels"),
    [
        *[("png", pixels) for pixels in (GRAY, GRAY_ALPHA, RGB, RGBA, GRAY16)],
        *[("tif", pixels) for pixels in (GRAY, GRAY_ALPHA, RGB, RGBA, GRAY16, INT32, FLOAT32)],
        *[("bmp", pixels) for pixels in (GRAY, RGB)],
        *[("pgm", pixels) for pixels in (GRAY, GRAY16)],
        *[("ppm", pixels) for pixels in (GRAY, RGB, GRAY16)],
        ("pnm", RGB),
        ("pfm", FLOAT32),
        *[("webp", pixels) for pixels in (RGB, RGBA)],
        ("gif", GRAY),
    ],
)
def test_what_a_format_holds_comes_back_to_the_last_bit(suffix, pixels):
    assert write_image(f"out.{suffix}", picture_of(pixels)) == ()
    again = read_image(f"out.{suffix}")
    assert again.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(again.pixels, pixels)
    assert again.has_alpha == (pixels.ndim == 3 and pixels.shape[2] in (2, 4))
    assert (again.name, again.path) == ("out", Path(f"out.{suffix}"))
    assert again.notes == (("palette expanded to gray",) if suffix == "gif" else ())
    assert os.listdir() == [f"out.{suffix}"]  # noqa: PTH208


@pytest.mark.parametrize("dtype", ["bool", "uint8", ">u2", "int8", "int64", "float16", ">f4", "float64", "uint64"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1), (3, 4, 2), (3, 4, 3), (3, 4, 4)])
def test_npy_carries_the_exact_numbers(dtype, shape):
    pixels = (RANDOM.normal(size=shape) * 50).astype(dtype)
    assert write_image("out.npy", Picture(pixels)) == ()
    again = read_image("out.npy")
    np.testing.assert_array_equal(again.pixels, pixels)
    assert again.pixels.dtype == np.dtype(dtype).newbyteorder("=")
    assert (again.has_alpha, again.format) == (False, "NPY")


def test_webp_holds_gray_as_colour():
    write_image("out.webp", Picture(GRAY))
    np.testing.assert_array_equal(read_image("out.webp").pixels, np.dstack([GRAY] * 3))


@pytest.mark.parametrize("pixels", [GRAY, RGB])
def test_jpeg_comes_back_nearly(pixels):
    smooth = np.zeros_like(pixels) + np.arange(7, dtype=np.uint8).reshape((1, 7) + (1,) * (pixels.ndim - 2)) * 20
    write_image("out.jpg", Picture(smooth))
    again = read_image("out.jpg").pixels
    assert again.shape == smooth.shape
    assert np.abs(again.astype(int) - smooth).max() <= 6


@pytest.mark.parametrize("kind", ["png", "tiff", "jpg", "webp", "bmp", "ppm", "gif", "npy"])
def test_standard_output_and_input(kind):
    stream = io.BytesIO()
    write_image("-", Picture(RGB), format=kind, stdout=stream)
    again = read_bytes(stream.getvalue())
    assert again.pixels.shape == RGB.shape
    assert (again.name, again.path) == ("stdin", None)


def test_a_pipe_gets_what_a_file_gets(folder):
    for suffix in ("tif", "npy", "png"):
        write_image(f"out.{suffix}", Picture(GRAY16))
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "wb") as writer:
            write_image("-", Picture(GRAY16), format=suffix, stdout=writer)
            writer.close()
            assert reader.read() == (folder / f"out.{suffix}").read_bytes()


def test_large_pictures_are_copied_in_bands():
    pixels = RANDOM.integers(0, 256, (700, 1001, 3), dtype=np.uint8)
    write_image("out.bmp", Picture(pixels))
    np.testing.assert_array_equal(read_image("out.bmp").pixels, pixels)


def test_png_level_changes_the_size_only(folder):
    smooth = Picture(np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8))
    write_image("small.png", smooth, png_level=9)
    write_image("fast.png", smooth, png_level=0)
    assert (folder / "small.png").stat().st_size < (folder / "fast.png").stat().st_size
    np.testing.assert_array_equal(read_image("fast.png").pixels, smooth.pixels)


# What reading converts, and says


def test_one_bit_becomes_black_and_white():
    picture = read_bytes(saved(Image.fromarray(GRAY > 127), "PNG"))
    np.testing.assert_array_equal(picture.pixels, np.where(GRAY > 127, 255, 0))
    assert (picture.pixels.dtype, picture.notes) == (np.uint8, ())


def test_palettes_are_expanded():
    palette = Image.fromarray(RGB).quantize(16)
    picture = read_bytes(saved(palette, "PNG"))
    np.testing.assert_array_equal(picture.pixels, np.asarray(palette.convert("RGB")))
    assert picture.notes == ("palette expanded to RGB",)


@pytest.mark.parametrize("transparency", [3, bytes(range(16))])
def test_transparent_palettes_become_rgba(transparency):
    palette = Image.fromarray(RGB).quantize(16)
    picture = read_bytes(saved(palette, "PNG", transparency=transparency))
    indices = np.asarray(palette)
    alpha = np.where(indices == 3, 0, 255) if transparency == 3 else indices
    assert picture.has_alpha
    np.testing.assert_array_equal(picture.pixels[..., 3], alpha)


def test_a_transparent_colour_becomes_an_alpha_channel():
    picture = read_bytes(png(2, 1, 8, 0, b"\0\7\5", (b"tRNS", b"\0\7")))
    assert picture.pixels.tolist() == [[[7, 0], [5, 255]]]
    picture = read_bytes(png(2, 1, 8, 2, b"\0\1\2\3\4\5\6", (b"tRNS", b"\0\1\0\2\0\3")))
    assert picture.pixels.tolist() == [[[1, 2, 3, 0], [4, 5, 6, 255]]]
    picture = read_bytes(png(2, 1, 16, 0, b"\0\0\7\0\5", (b"tRNS", b"\0\7")))
    assert picture.pixels.tolist() == [[7, 5]]
    assert "transparent gray value is left out" in picture.notes[0]


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "TIFF"), ("LAB", "TIFF")])
def test_other_colour_spaces_become_rgb(mode, kind):
    source = Image.new("RGB", (16, 16), (200, 100, 50))
    if mode == "LAB":
        source = ImageCms.profileToProfile(
            source, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    picture = read_bytes(saved(source.convert(mode), kind))
    assert np.abs(picture.pixels.astype(int) - (200, 100, 50)).max() <= 3
    assert not picture.has_alpha
    assert picture.notes[0] == f"{mode} converted to RGB"


SIXTEEN = np.arange(12, dtype=np.uint16).reshape(2, 2, 3) * 5000
REDUCED = "16 bits a channel reduced to 8"


@pytest.mark.parametrize(
    "content",
    [
        png(2, 2, 16, 2, b"".join(b"\0" + row.astype(">u2").tobytes() for row in SIXTEEN)),
        tiff(SIXTEEN),
        b"P6 2 2 65535\n" + SIXTEEN.astype(">u2").tobytes(),
        b"P3 2 2 65535\n" + b" ".join(b"%d" % value for value in SIXTEEN.ravel().tolist()),
    ],
    ids=["png", "tiff", "ppm", "plain ppm"],
)
def test_sixteen_bit_colour_is_reduced_and_said(content):
    picture = read_bytes(content)
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels - SIXTEEN / 257).max() <= 1
    assert picture.notes[0].startswith(REDUCED)


def test_sixteen_bit_alpha_is_said_too():
    assert read_bytes(png(1, 1, 16, 6, bytes(9))).notes[0].startswith(REDUCED)
    assert read_bytes(png(1, 1, 16, 4, bytes(5))).notes[0].startswith(REDUCED)
    assert read_bytes(tiff(np.dstack([SIXTEEN, SIXTEEN[..., :1]]), t262=[2], t338=[2])).notes[0].startswith(REDUCED)


@pytest.mark.parametrize(
    "content",
    [
        png(2, 1, 16, 0, b"\0" + struct.pack(">2H", 258, 65535)),
        b"P5 2 1 65535\n" + struct.pack(">2H", 258, 65535),
        b"P2 2 1 65535\n258 65535\n",
        tiff(np.array([[258, 65535]], "<u2")),
        tiff(65535 - np.array([[258, 65535]], "<u2"), t262=[0]),
        saved(Image.fromarray(np.array([[258, 65535]], np.uint16)), "TIFF", compression="tiff_lzw"),
        saved(Image.fromarray(np.array([[258, 65535]], ">u2")), "TIFF"),
    ],
)
def test_sixteen_bit_gray_stays(content):
    picture = read_bytes(content)
    assert picture.pixels.dtype == np.uint16
    assert picture.pixels.dtype.isnative
    assert picture.pixels.tolist() == [[258, 65535]]
    assert picture.notes == ()


@pytest.mark.parametrize("dtype", ["uint32", "int32", "int8"])
def test_tiff_integers_keep_their_sign(dtype):
    limits = np.iinfo(dtype)
    pixels = np.array([[limits.min, 1, limits.max]], dtype)
    picture = read_bytes(tiff(pixels, t339=[2 if limits.min else 1]))
    assert picture.pixels.dtype == dtype
    assert picture.pixels.tolist() == pixels.tolist()


def test_signed_sixteen_bits_come_as_int32():
    assert read_bytes(tiff(np.array([[-5, 300]], "<i2"), t339=[2])).pixels.tolist() == [[-5, 300]]


def test_separate_sixteen_bit_planes_are_refused_rather_than_misread():
    with pytest.raises(FileError, match="16-bit channels in separate planes, which Pillow misreads"):
        read_bytes(tiff(SIXTEEN, t284=[2]))


@pytest.mark.parametrize("maximum", [1, 9, 100, 254, 256, 1000, 65534])
def test_values_of_a_pgm_are_taken_as_they_are_whatever_its_maximum(maximum):
    values = np.arange(maximum + 1)
    cells = values.astype(">u2" if maximum > 255 else "u1").tobytes()
    picture = read_bytes(f"P5 {values.size} 1 {maximum}\n".encode() + cells)
    assert picture.pixels.tolist() == [values.tolist()]
    assert picture.pixels.dtype == (np.uint16 if maximum > 255 else np.uint8)
    assert picture.notes == (f"values run from 0 to the file's own maximum {maximum}, and are taken as they are",)


def test_values_of_a_plain_ppm_are_taken_as_they_are():
    assert read_bytes(b"P3 2 1 9\n0 5 9 1 2 3\n").pixels.tolist() == [[[0, 5, 9], [1, 2, 3]]]


@pytest.mark.parametrize("content", [b"P4 2 2\n\x80\x40", b"P1 2 2\n1 0\n0 1\n"])
def test_pbm_has_no_notes(content):
    picture = read_bytes(content)
    assert picture.pixels.tolist() == [[0, 255], [255, 0]]
    assert picture.notes == ()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("GIF", "animated GIF: only the first of 3 frames is read"),
        ("PNG", "animated PNG: only the first of 3 frames is read"),
        ("WEBP", "animated WEBP: only the first of 3 frames is read"),
        ("TIFF", "TIFF with 3 pages: only the first is read"),
        ("MPO", "JPEG with 3 pictures in it: only the first is read"),
    ],
)
def test_further_frames_are_said(kind, said):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = read_bytes(saved(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert said in picture.notes
    assert np.abs(picture.pixels[0, 0].astype(int) - (255, 0, 0)).max() <= 2
    assert picture.format == ("JPEG" if kind == "MPO" else kind)


def test_many_pages_are_not_all_counted():
    pages = [Image.new("L", (1, 1))] * 1001
    picture = read_bytes(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert "TIFF with more than 1000 pages: only the first is read" in picture.notes
    assert picture.pixels.tolist() == [[0]]


def test_exactly_so_many_pages_are_counted(monkeypatch):
    monkeypatch.setattr(decoding, "_MOST_PAGES", 3)
    pages = [Image.new("L", (1, 1), value) for value in (7, 0, 0)]
    picture = read_bytes(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert "TIFF with 3 pages: only the first is read" in picture.notes
    assert picture.pixels.tolist() == [[7]]


# What travels along


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(folder, kind, orientation):
    upright = np.kron(np.array([[0, 60, 120], [180, 240, 30]], np.uint8), np.ones((16, 16), np.uint8))
    # How a camera stores it: the inverse of what the orientation asks to be done.
    undo = {
        1: lambda array: array,
        2: np.fliplr,
        3: lambda array: np.rot90(array, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda array: np.rot90(array, 1),
        7: lambda array: np.rot90(array, 2).T,
        8: lambda array: np.rot90(array, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(np.ascontiguousarray(undo(upright))).convert("RGB")
    (folder / "in").write_bytes(saved(stored, kind, exif=exif, dpi=(100, 200)))
    picture = read_image("in")
    assert picture.pixels.shape == (*upright.shape, 3)
    assert np.abs(picture.pixels[8::16, 8::16, 0].astype(int) - upright[8::16, 8::16]).max() <= 8
    if kind != "WEBP":
        expected = (200, 100) if orientation > 4 else (100, 200)
        assert picture.dpi == pytest.approx(expected, abs=0.01)
    write_image("out.png", picture)
    assert read_image("out.png").pixels.shape == picture.pixels.shape
    assert Image.open("out.png").getexif().get(274) is None


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_profile_and_resolution_are_carried_over(suffix):
    write_image(f"out.{suffix}", Picture(RGB, icc_profile=SRGB, dpi=(150.0, 300.0)))
    again = read_image(f"out.{suffix}")
    assert again.icc_profile == SRGB
    if suffix != "webp":
        assert again.dpi == pytest.approx((150, 300), abs=0.02)  # PNG counts whole pixels a metre


def test_a_profile_that_no_longer_fits_is_left_out_and_said():
    picture = to_gray(Picture(RGB, icc_profile=SRGB))
    assert picture.icc_profile is None
    assert picture.notes == ("the colour profile (RGB) does not fit these pixels and is left out",)
    notes = write_image("out.png", Picture(GRAY, icc_profile=SRGB))
    assert notes == picture.notes
    assert read_image("out.png").icc_profile is None
    cmyk = bytearray(SRGB)
    cmyk[16:20] = b"CMYK"
    picture = read_bytes(saved(Image.new("CMYK", (8, 8)), "JPEG", icc_profile=bytes(cmyk)))
    assert picture.icc_profile is None
    assert picture.notes[-1] == "the colour profile (CMYK) does not fit these pixels and is left out"


@pytest.mark.parametrize("dpi", [(0, 0), (float("nan"), 1), (1e9, 1), 72, "x", None, (72,)])
def test_a_senseless_resolution_is_none(dpi):
    image = Image.new("L", (1, 1))
    image.info["dpi"] = dpi
    assert decoding._resolution(image) is None


def test_damaged_metadata_become_a_note_and_no_warning():
    head = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0"
    picture = read_bytes(saved(Image.fromarray(RGB), "JPEG", exif=head))
    assert picture.pixels.shape == RGB.shape
    assert any("EXIF" in note for note in picture.notes)


# What writing converts, says or refuses


@pytest.mark.parametrize(
    ("kind", "dtype", "channels", "stored"),
    [
        ("PNG", "uint8", 1, "uint8"),
        ("PNG", "uint16", 1, "uint16"),
        ("PNG", "uint16", 3, "uint8"),
        ("PNG", "int32", 1, "uint16"),
        ("PNG", "float32", 1, "uint8"),
        ("PNG", "bool", 1, "uint8"),
        ("TIFF", "uint16", 1, "uint16"),
        ("TIFF", "uint16", 3, "uint8"),
        ("TIFF", "int8", 1, "int32"),
        ("TIFF", "int64", 1, "int32"),
        ("TIFF", "float16", 1, "float32"),
        ("TIFF", "float64", 1, "float32"),
        ("TIFF", "float64", 3, "uint8"),
        ("JPEG", "uint16", 1, "uint8"),
        ("JPEG", "float64", 3, "uint8"),
        ("PPM", "uint16", 1, "uint16"),
        ("PFM", "uint8", 1, "float32"),
        ("PFM", "int64", 1, "float32"),
        ("NPY", ">f8", 3, "float64"),
    ],
)
def test_storable_dtype(kind, dtype, channels, stored):
    assert storable_dtype(kind, dtype, channels) == np.dtype(stored)


@pytest.mark.parametrize("kind", format_names())
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"])
@pytest.mark.parametrize("value", ["min", "max"])
def test_integers_of_any_width_are_written_within_range(kind, dtype, value):
    limits = (False, True) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    pixels = np.full((16, 16), limits[value == "max"], dtype)
    notes = write_image("out", Picture(pixels), format=kind)
    again = read_image("out").pixels
    stored = storable_dtype(format_of("out", kind), dtype)
    if stored.kind == "f" or kind in {"npy", "csv"}:
        expected = pixels.astype(stored)
    elif dtype == "bool" or (dtype == "uint16" and stored == np.uint8):
        expected = np.full(pixels.shape, 255 if value == "max" else 0)
    else:
        expected = np.clip(pixels.astype(object), np.iinfo(stored).min, np.iinfo(stored).max)
    assert (again[0, 0] == expected[0, 0]).all()
    assert bool(notes) == (dtype not in (stored, "bool") and not np.can_cast(dtype, stored))


def test_sixteen_bits_to_eight_keep_the_range():
    notes = write_image("out.bmp", Picture(np.array([[0, 128, 129, 65535]], np.uint16)))
    assert read_image("out.bmp").pixels.tolist() == [[0, 0, 1, 255]]
    assert notes == ("16-bit pixels reduced to 8 bits for BMP; .png or .tif or .npy would keep them",)


def test_floats_are_rounded_half_to_even_clipped_and_counted():
    pixels = np.array([[0.5, 1.5, -3, 300, np.nan, np.inf, -np.inf, 7]])
    notes = write_image("out.png", Picture(pixels))
    assert read_image("out.png").pixels.tolist() == [[0, 2, 0, 255, 0, 255, 0, 7]]
    assert notes == ("float64 pixels rounded to uint8 (5 values clipped) for PNG; .npy would keep them",)


def test_float32_is_kept_by_tiff_and_float64_rounded_with_a_note():
    assert write_image("out.tif", Picture(np.array([[0.1]]))) == (
        "float64 pixels rounded to float32 for TIFF; .npy would keep them",
    )
    assert read_image("out.tif").pixels[0, 0] == np.float32(0.1)


@pytest.mark.parametrize("suffix", ["jpg", "bmp", "ppm"])
@pytest.mark.parametrize("pixels", [GRAY_ALPHA, RGBA])
def test_transparency_is_not_thrown_away(suffix, pixels):
    with pytest.raises(FileError, match=rf"out\.{suffix}: .* holds no transparency; write \.png"):
        write_image(f"out.{suffix}", picture_of(pixels))
    assert os.listdir() == []  # noqa: PTH208
    opaque = pixels.copy()
    opaque[..., -1] = 255
    (note,) = write_image(f"out.{suffix}", picture_of(opaque))
    assert "opaque everywhere" in note
    assert read_image(f"out.{suffix}").channels == pixels.shape[2] - 1


def test_gif_says_that_it_keeps_256_colours():
    (note,) = write_image("out.gif", Picture(RGB))
    assert "at most 256 colours" in note


@pytest.mark.parametrize("suffix", ["pgm", "pfm"])
def test_gray_formats_refuse_colour(suffix):
    with pytest.raises(FileError, match=r"holds gray pictures only; use \.ppm or \.png, or --gray"):
        write_image(f"out.{suffix}", Picture(RGB))


@pytest.mark.parametrize("channels", [2, 4])
def test_channels_that_are_no_colours_go_to_npy_only(channels):
    with pytest.raises(FileError, match=f"{channels} channels of plain numbers .* write them as .npy"):
        write_image("out.png", Picture(np.zeros((2, 2, channels))))


def test_one_channel_is_gray():
    write_image("out.png", Picture(GRAY[..., None]))
    np.testing.assert_array_equal(read_image("out.png").pixels, GRAY)


def test_what_pillow_cannot_write_is_one_clear_error():
    with pytest.raises(FileError, match="20000 x 1 pixels are more than WEBP holds, 16383 along each side"):
        write_image("out.webp", Picture(np.zeros((1, 20000), np.uint8)))
    assert os.listdir() == []  # noqa: PTH208


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("kind", format_names())
def test_a_full_disk_is_named_in_every_format(kind):
    pixels = RANDOM.integers(0, 256, (300, 300), dtype=np.uint8)
    with pytest.raises(FileError, match="/dev/full: no space is left"):
        write_image("/dev/full", Picture(pixels), format=kind)


@pytest.mark.parametrize(
    ("target", "name", "found"),
    [
        ("a.PNG", None, "PNG"),
        ("a.jpeg", None, "JPEG"),
        ("a.png", "tiff", "TIFF"),
        ("-", "JPG", "JPEG"),
        ("-", ".webp", "WEBP"),
        ("a.b.pnm", None, "PPM"),
    ],
)
def test_format_of(target, name, found):
    assert format_of(target, name) == found


@pytest.mark.parametrize(
    ("target", "name", "message"),
    [
        ("out.xyz", None, "pictures cannot be written as .xyz; use .png"),
        ("out", None, "no suffix to tell the format"),
        ("-", None, "add --format png"),
        ("out.png", "xyz", "'xyz' is not a format that can be written; use png"),
    ],
)
def test_unknown_formats(target, name, message):
    with pytest.raises(FileError, match=message):
        write_image(target, Picture(GRAY), format=name)


# Gray


@pytest.mark.parametrize(("pixels", "mode"), [(RGB, "L"), (RGBA, "LA"), (GRAY, "L"), (GRAY_ALPHA, "LA")])
def test_gray_is_pillows(pixels, mode):
    expected = np.asarray(Image.fromarray(pixels).convert(mode))
    gray = to_gray(picture_of(pixels))
    np.testing.assert_array_equal(gray.pixels, expected)
    assert gray.has_alpha == (mode == "LA")


def test_gray_of_all_eight_bit_colours_in_steps():
    levels = np.array([*range(0, 256, 5), 254, 1], np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, len(levels), 3)
    np.testing.assert_array_equal(to_gray(Picture(cube)).pixels, np.asarray(Image.fromarray(cube).convert("L")))


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32", "float64"])
def test_gray_of_other_dtypes(dtype):
    pixels = np.array([[[65535, 65535, 65535], [1000, 0, 0], [0, 1000, 0], [0, 0, 1000]]], dtype)
    gray = to_gray(Picture(pixels)).pixels
    assert gray.dtype == dtype
    # 0.299, 0.587 and 0.114 within the 1/65536 that Pillow's own weights are rounded to
    np.testing.assert_allclose(gray, [[65535, 299, 587, 114]], atol=0.02)


def test_gray_needs_three_colours():
    with pytest.raises(FileError, match="4 channels, of which none is known"):
        to_gray(Picture(np.zeros((2, 2, 4))))
    assert to_gray(Picture(np.zeros((2, 2, 1)))).pixels.shape == (2, 2)


# Everything that can be wrong


def picture_or_error(content):
    """Whatever the bytes are, one of the two comes out, never another exception or a warning."""
    try:
        return read_bytes(content)
    except CorrconvError as error:
        return error


CONTENTS = {
    "PNG": saved(Image.fromarray(RGB), "PNG", icc_profile=SRGB[:200], dpi=(72, 72)),
    "palette": saved(Image.fromarray(RGB).quantize(8), "PNG", transparency=1),
    "JPEG": saved(Image.fromarray(RGB), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
    "TIFF": saved(Image.fromarray(RGB), "TIFF"),
    "LZW": saved(Image.fromarray(GRAY16), "TIFF", compression="tiff_lzw"),
    "WEBP": saved(Image.fromarray(RGBA), "WEBP", lossless=True),
    "BMP": saved(Image.fromarray(RGB), "BMP"),
    "PPM": saved(Image.fromarray(RGB), "PPM"),
    "GIF": saved(Image.fromarray(GRAY), "GIF"),
    "animation": saved(Image.fromarray(GRAY), "GIF", save_all=True, append_images=[Image.fromarray(255 - GRAY)]),
    "NPY": b"\x93NUMPY\x01\0v\0"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }".ljust(117)
    + b"\n"
    + np.ones((3, 4)).tobytes(),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_truncated_anywhere_is_a_picture_or_one_clear_error(kind):
    content = CONTENTS[kind]
    assert isinstance(picture_or_error(content), Picture)
    outcomes = [picture_or_error(content[:length]) for length in range(1, len(content))]
    assert isinstance(outcomes[len(content) // 3], FileError)


@pytest.mark.parametrize("kind", CONTENTS)
def test_damaged_anywhere_is_a_picture_or_one_clear_error(kind):
    dice = random.Random(kind)
    for _ in range(150):
        content = bytearray(CONTENTS[kind])
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        picture_or_error(bytes(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bad.png: the file is empty"),
        (b"just some text\n", "bad.png: is not a picture; corrconv reads PNG, JPEG"),
        (CONTENTS["PNG"][:-40], "bad.png: is a damaged PNG"),
        (CONTENTS["JPEG"][: len(CONTENTS["JPEG"]) // 2], "bad.png: is a damaged JPEG"),
        (png(0, 2, 8, 0, b"\0\0"), "bad.png: is a damaged PNG"),
        (b"P5 0 2 255\n", "bad.png: is a damaged PPM"),
        (b"P7\nWIDTH 1\n", "is a PAM file, which Pillow does not read; convert it with pamtopnm"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
        (tiff(np.zeros((2, 2)), t339=[3]), "is a damaged TIFF, or one of a kind that Pillow does not read; .* .npy"),
    ],
)
def test_bad_files(folder, content, message):
    (folder / "bad.png").write_bytes(content)
    with pytest.raises(FileError, match=message):
        read_image("bad.png")


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (np.zeros((2, 2), complex), InputTypeError, "the numbers are complex; save the .real"),
        (np.array([["a"]]), InputTypeError, "holds <U1, not numbers"),
        (np.array([[None]], object), InputTypeError, "holds Python objects, not numbers"),
        (np.zeros(()), FileError, "shape no dimensions is not a picture"),
        (np.zeros((2, 2, 5)), FileError, "shape 2 x 2 x 5 is not a picture"),
        (np.zeros((2, 2, 3, 1)), FileError, "shape 2 x 2 x 3 x 1 is not a picture"),
        (np.zeros((0, 3)), FileError, "shape 0 x 3 holds no pixel"),
        (np.zeros((2, 3, 0)), FileError, "shape 2 x 3 x 0 holds no pixel"),
    ],
)
def test_bad_arrays(array, error, message):
    np.save("bad.npy", array)
    with pytest.raises(error, match=rf"bad\.npy: {message}"):
        read_image("bad.npy")


def test_an_array_that_claims_to_be_huge():
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9000000, 900000000), }".ljust(117) + b"\n"
    with pytest.raises(FileError, match=r"damaged \.npy file"):
        read_bytes(b"\x93NUMPY\x01\0v\0" + head + bytes(80))


def test_a_webp_too_large_for_its_decoder_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "_MAX_WEBP_PIXELS", 1)
    with pytest.raises(
        FileError, match=r"2 x 1 pixels are more than the 1 .* WebP; convert it with dwebp to PNG first"
    ):
        read_bytes(saved(Image.new("RGB", (2, 1)), "WEBP", lossless=True))
    assert read_bytes(saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True)).channels == 3


def test_decompression_bombs_are_refused_with_the_limit(monkeypatch):
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(FileError, match="30000 x 20000 pixels are more than the 500 million that are read at once"):
        read_bytes(png(30000, 20000, 1, 0, b""))
    assert limit == Image.MAX_IMAGE_PIXELS
    # Between Pillow's own limit, which warns, and ours a picture is read; here it is only cut short.
    with pytest.raises(FileError, match="is a damaged PNG"):
        read_bytes(png(20000, 9000, 1, 0, b""))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    assert read_bytes(CONTENTS["TIFF"]).pixels.shape == RGB.shape
    assert Image.MAX_IMAGE_PIXELS == 4


def test_paths_that_cannot_be_read(folder, monkeypatch):
    with pytest.raises(FileError, match=r"no\.png: no such file; check the name"):
        read_image("no.png")
    with pytest.raises(FileError, match="is a directory; name a file in it"):
        read_image(str(folder))
    with pytest.raises(FileError, match="cannot be read: File name too long"):
        read_image("x" * 300)
    with pytest.raises(FileError, match="cannot be read: embedded null"):
        read_image("nul\0l")

    def deny(self, how):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(FileError, match=r"secret\.png: permission to read it is denied; check its owner and rights"):
        read_image("secret.png")


def test_named_pipes_are_read(folder):
    os.mkfifo("pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(CONTENTS["PNG"],), daemon=True)
    writer.start()
    np.testing.assert_array_equal(read_image("pipe").pixels, RGB)
    writer.join(5)


class FakeTerminal(io.BytesIO):
    def isatty(self):
        return True


def test_standard_input_that_cannot_be_read(monkeypatch):
    with pytest.raises(FileError, match="standard input is empty"):
        read_image("-", stdin=io.BytesIO())
    with pytest.raises(FileError, match="standard input is a terminal; pipe a file into it"):
        read_image("-", stdin=FakeTerminal())
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(FileError, match="standard input is closed"):
        read_image("-", stdin=closed)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(FileError, match="standard input is closed"):
        read_image("-")


def test_a_named_format_must_be_that_of_the_content():
    for name, kind in (("png", "PNG"), ("jpg", "JPEG"), ("pgm", "PPM"), ("tif", "TIFF"), ("npy", "NPY")):
        read_image("-", format=name, stdin=io.BytesIO(CONTENTS[kind]))
    with pytest.raises(FileError, match="the content is PNG, not TIFF"):
        read_image("-", format="tiff", stdin=io.BytesIO(CONTENTS["PNG"]))


def test_notes_of_reading_are_not_repeated_on_writing():
    assert write_image("out.png", replace(Picture(GRAY), notes=("said before",))) == ()


def test_upright_matches_pillow():
    exif = Image.Exif()
    exif[274] = 6
    content = saved(Image.fromarray(RGB), "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    np.testing.assert_array_equal(read_bytes(content).pixels, expected)


@pytest.mark.parametrize("name", ["camera", "chelsea", "coins", "corner-text", "letter", "stripes", "gradient16"])
def test_png_default_is_hardly_larger_than_pillows(name, folder):
    picture = read_image(f"sample:{name}")
    write_image("default.png", picture)
    write_image("pillow.png", picture, png_level=6)
    assert Path("default.png").stat().st_size <= 1.05 * Path("pillow.png").stat().st_size
    np.testing.assert_array_equal(read_image("default.png").pixels, picture.pixels)


def test_png_of_a_pattern_is_not_left_to_run_lengths(folder):
    rows, columns = np.indices((600, 800))
    write_image("pattern.png", Picture(((rows + columns) // 8 % 256).astype(np.uint8)))
    write_image("pillow.png", Picture(((rows + columns) // 8 % 256).astype(np.uint8)), png_level=6)
    assert Path("pattern.png").stat().st_size <= 1.05 * Path("pillow.png").stat().st_size


def test_png_is_judged_by_rows_that_a_regular_pattern_does_not_all_meet(folder):
    pixels = np.random.default_rng(1).integers(0, 256, (2000, 300), dtype=np.uint8)
    for top in range(0, 2000, 498):
        pixels[top : top + 8] = np.arange(300) // 8
    write_image("noise.png", Picture(pixels))
    data = Path("noise.png").read_bytes()
    assert data[data.index(b"IDAT") + 4 :][:2] == b"\x78\x01"  # zlib's mark of its quickest level


def test_sixteen_bit_gray_with_alpha_stays_gray(tmp_path):
    rows = b"".join(b"\0" + struct.pack(">4H", 65535, 65535, 0x8000, 0x4000) for _ in range(2))
    header = struct.pack(">2I5B", 2, 2, 16, 4, 0, 0, 0)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    picture = read_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    assert picture.pixels.tolist() == [[[255, 255], [128, 64]]] * 2
    assert picture.has_alpha
    assert picture.notes == ("16 bits a channel reduced to 8: Pillow reads 16 bits in gray pictures only",)
