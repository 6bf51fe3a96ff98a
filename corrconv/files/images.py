"""Pictures in and out: the one door to reading and writing them."""

from __future__ import annotations

from corrconv.files.decoding import read_image
from corrconv.files.encoding import COMPRESSION, ImageWriter, image_writer, write_image
from corrconv.files.formats import format_names, format_of, pixel_dtype, storable_dtype
from corrconv.files.limits import MAX_PIXELS
from corrconv.files.picture import Picture, to_gray, without_equal_colours

__all__ = [
    "COMPRESSION",
    "MAX_PIXELS",
    "ImageWriter",
    "Picture",
    "format_names",
    "format_of",
    "image_writer",
    "pixel_dtype",
    "read_image",
    "storable_dtype",
    "to_gray",
    "without_equal_colours",
    "write_image",
]
