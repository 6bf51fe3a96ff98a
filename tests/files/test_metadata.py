"""EXIF, XMP and texts: kept where they stay true, told where they are left out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from corrconv.files.images import read_image, write_image
from corrconv.files.metadata import XMP_KEY

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'
NOISE = np.random.default_rng(8).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def photo(path, **options):
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ansel"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] = 9
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FNumber] = 8.0
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    Image.fromarray(NOISE).save(path, exif=exif, **options)
    return str(path)


@pytest.mark.parametrize("source", ["photo.jpg", "photo.png", "photo.webp"])
@pytest.mark.parametrize("target", ["out.jpg", "out.png", "out.webp"])
def test_exif_and_gps_stay_without_what_is_no_longer_true(tmp_path, source, target):
    picture = read_image(photo(tmp_path / source))
    assert picture.pixels.shape == (9, 6, 3)  # turned upright
    assert write_image(tmp_path / target, picture) == ()
    with Image.open(tmp_path / target) as written:
        exif = written.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
        assert exif[ExifTags.Base.Artist] == "Ansel"
        assert ExifTags.Base.Orientation not in exif
        assert details[ExifTags.Base.FNumber] == 8
        assert ExifTags.Base.ExifImageWidth not in details
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert np.array_equal(read_image(str(tmp_path / target)).pixels.shape, picture.pixels.shape)


@pytest.mark.parametrize("target", ["out.jpg", "out.png", "out.webp"])
def test_xmp_stays(tmp_path, target):
    Image.fromarray(NOISE).save(tmp_path / "photo.jpg", xmp=XMP)
    write_image(tmp_path / target, read_image(str(tmp_path / "photo.jpg")))
    assert read_image(str(tmp_path / target)).metadata.xmp == XMP


def test_texts_of_a_png_stay_and_are_told_where_they_cannot(tmp_path):
    texts = PngInfo()
    texts.add_text("Title", "a cat")
    texts.add_itxt("Comment", "schön")
    Image.fromarray(NOISE).save(tmp_path / "photo.png", pnginfo=texts)
    picture = read_image(str(tmp_path / "photo.png"))
    write_image(tmp_path / "out.png", picture)
    with Image.open(tmp_path / "out.png") as written:
        written.load()
        assert dict(written.text) == {"Title": "a cat", "Comment": "schön"}
        assert XMP_KEY not in written.text
    assert write_image(tmp_path / "out.jpg", picture) == (
        "the texts Comment, Title left out: JPEG has no place for them; .png has",
    )


def test_what_a_format_has_no_place_for_is_told(tmp_path):
    notes = write_image(tmp_path / "out.bmp", read_image(photo(tmp_path / "photo.jpg", xmp=XMP)))
    assert notes == ("EXIF and XMP left out: BMP has no place for them; .png has",)


def test_gamma_is_left_out_aloud(tmp_path):
    data = bytearray()
    Image.fromarray(NOISE).save(tmp_path / "plain.png")
    data += (tmp_path / "plain.png").read_bytes()
    chunk = b"gAMA" + (45455).to_bytes(4, "big")
    import zlib

    header = 8 + 25  # the signature and IHDR
    gamma = (4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    (tmp_path / "gamma.png").write_bytes(bytes(data[:header]) + gamma + bytes(data[header:]))
    assert read_image(str(tmp_path / "gamma.png")).notes == (
        "the gamma of 0.45455 is left out: values are filtered as they are",
    )
