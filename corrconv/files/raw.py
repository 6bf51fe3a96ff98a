"""Files whose pixels lie in them as they are, .npy and plain TIFF: mapped into memory, read and written in parts."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin, TiffTags

from corrconv.errors import FileError
from corrconv.files.formats import NPY

with suppress(ImportError):  # only where files can be mapped and replaced at the same time
    import fcntl
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile

# Formats that are written as a header and the pixels.
RAW_FORMATS = frozenset({NPY, "TIFF"})

# Smaller pictures are copied, which is as quick: nobody can change or cut off the file under our hands then.
SMALLEST_MAPPED = 1 << 26

# What Pillow calls the samples of uncompressed pixels that need no conversion.
_PLAIN_SAMPLES = {
    "L": "u1",
    "LA": "u1",
    "RGB": "u1",
    "RGBA": "u1",
    "I;16": "<u2",
    "I;32S": "<i4",
    "I;32N": "=i4",
    "F;32F": "<f4",
}
_PLAIN_MODES = {"L", "LA", "RGB", "RGBA", "I;16", "I", "F"}
_NPY_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}

# A TIFF counts its bytes in 32 bits, unless it is a BigTIFF.
_LARGEST_TIFF = 2**32 - 1
_TIFF_START, _BIG_TIFF_START = b"II\x2a\0" + bytes(4), b"II\x2b\0" + bytes(12)
_BYTE_ORDER = b"II" if sys.byteorder == "little" else b"MM"
_STRIP_BYTES, _MOST_STRIPS = 1 << 18, 4096
_ALIGNMENT = 16


def map_npy(file: BinaryIO) -> NDArray[Any] | None:
    """The array in a large .npy file on the disk, read where it is looked at; None for any other file.

    Raises what NumPy does for a damaged header, and EOFError for a file that is cut off.
    """
    header = _read_npy_header(file)
    if header is None or header[2].hasobject:
        return None
    shape, by_columns, dtype = header
    return _mapped(file, dtype, shape, file.tell(), "F" if by_columns else "C")


def is_whole_npy(file: BinaryIO) -> bool:
    """Whether a .npy file holds all numbers that its header tells of. Raises what NumPy does for a damaged header."""
    header = _read_npy_header(file)
    if header is None:
        return False
    begin = file.tell()
    return file.seek(0, os.SEEK_END) - begin >= prod(header[0]) * header[2].itemsize


def _read_npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]] | None:
    """Shape, whether it lies column by column, and type; None where another version of NumPy's format says them."""
    read_header = _NPY_HEADERS.get(np.lib.format.read_magic(file))
    return None if read_header is None else read_header(file)


def map_picture(image: ImageFile, file: BinaryIO, tags: dict[int, Any]) -> NDArray[Any] | None:
    """The pixels of a large uncompressed picture that Pillow has opened, not yet loaded; None for any other.

    tags: those of a TIFF, where it is one. Raises EOFError for a file that is cut off.
    """
    upright = tags.get(ExifTags.Base.Orientation, 1) == 1
    white_is_zero = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0
    if not upright or white_is_zero or image.mode not in _PLAIN_MODES or not image.tile:
        return None
    codec, _, start, arguments = image.tile[0]
    sample = arguments[0] if isinstance(arguments, tuple) else arguments
    if codec != "raw" or sample not in _PLAIN_SAMPLES:
        return None
    dtype, channels = np.dtype(_PLAIN_SAMPLES[sample]), len(image.getbands())
    row_bytes = image.width * channels * dtype.itemsize
    whole = (0, 0, image.width, image.height)
    bounds = [(tile.extents or whole, tile.offset) for tile in image.tile]
    # Strips of whole rows, one behind the other, without a gap between them or between rows.
    in_order = all(
        upper[3] == lower[1] and after - before == (upper[3] - upper[1]) * row_bytes
        for (upper, before), (lower, after) in pairwise(bounds)
    )
    full_width = all((left, right) == (0, image.width) for (left, _, right, _), _ in bounds)
    is_whole = (bounds[0][0][1], bounds[-1][0][3]) == (0, image.height)
    alike = all((tile.codec_name, tile.args) == (codec, arguments) for tile in image.tile)
    if not (in_order and full_width and is_whole and alike and arguments in (sample, (sample, 0, 1))):
        return None
    shape = (image.height, image.width, channels) if channels > 1 else (image.height, image.width)
    return _mapped(file, dtype, shape, start)


def watch(pixels: NDArray[Any], path: Path | None) -> Callable[[], None]:
    """What raises FileError as soon as the file at a path has changed, if the pixels are read where they lie in it.

    The result would be of two pictures; and where it was cut off, reading on would end the program. A file that took
    its place changes nothing: the old one stays as long as it is mapped.
    """
    while isinstance(pixels, np.ndarray) and not isinstance(pixels, np.memmap):
        pixels = pixels.base  # type: ignore[assignment]
    if pixels is None or path is None:
        return lambda: None
    begin = path.stat()

    def check() -> None:
        with suppress(FileNotFoundError):
            now = path.stat()
            if os.path.samestat(begin, now) and (begin.st_size, begin.st_mtime_ns) != (now.st_size, now.st_mtime_ns):
                raise FileError(f"{path}: was changed while it was read; filter it again when it is whole")

    return check


def header_of(kind: str, shape: tuple[int, ...], dtype: np.dtype[Any], options: dict[str, Any]) -> bytes:
    """All that stands before the pixels (rows, columns, ...) in a file of a kind of RAW_FORMATS.

    options: what Pillow is to write beside them, such as dpi.
    """
    if kind != NPY:
        return _tiff_header(shape, dtype, options)
    header = BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    return header.getvalue()


def is_large(array: NDArray[Any]) -> bool:
    """Whether an array is so large that it is better left in its file."""
    return array.nbytes >= SMALLEST_MAPPED


def reserve(file: BinaryIO, header: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Write the header into an empty file, and map the pixels (rows, columns, ...) that are to follow.

    Their place is taken on the disk: where none is left, writing to a map would end the program. Raises OSError where
    there is not enough. None, and nothing written, for what is no file of the disk that may be read too.
    """
    if not _can_be_mapped(file) or fcntl.fcntl(file, fcntl.F_GETFL) & (os.O_WRONLY | os.O_RDWR) != os.O_RDWR:
        return None
    file.write(header)
    file.flush()
    _reserve(file.fileno(), len(header), prod(shape) * dtype.itemsize)
    try:
        return np.asarray(np.memmap(file, dtype, "r+", len(header), shape))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise MemoryError from error  # not the disk's, but a limit to our addresses


def _mapped(
    file: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, ...], start: int, order: Literal["C", "F"] = "C"
) -> NDArray[Any] | None:
    size = prod(shape) * dtype.itemsize
    if size < SMALLEST_MAPPED or not dtype.isnative or not _can_be_mapped(file):
        return None
    held = os.fstat(file.fileno()).st_size
    if held < start + size:
        raise EOFError(f"{held:,} of the {start + size:,} bytes that its header promises")
    try:
        return np.asarray(np.memmap(file, dtype, "r", start, shape, order))
    except OSError:
        return None


def _can_be_mapped(file: BinaryIO) -> bool:
    """Whether a file is one of the disk, on a system that lets a file be replaced while it is mapped."""
    try:
        return os.name == "posix" and stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (OSError, AttributeError):  # not a file at all, but something that reads like one
        return False


def _reserve(descriptor: int, start: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, start, size)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:
                raise
        else:
            return
    os.lseek(descriptor, start, os.SEEK_SET)
    zeros = memoryview(bytes(1 << 22))
    while size > 0:
        size -= os.write(descriptor, zeros[:size])


def _tiff_header(shape: tuple[int, ...], dtype: np.dtype[Any], options: dict[str, Any]) -> bytes:
    """The directory that Pillow writes for a single pixel, with the places of all."""
    rows, columns = shape[:2]
    row_bytes = prod(shape[1:]) * dtype.itemsize
    sample = BytesIO()
    Image.fromarray(np.zeros((1, 1, *shape[2:]), dtype)).save(sample, "TIFF", **options)
    with Image.open(sample) as opened:
        tags = dict(opened.tag_v2)  # type: ignore[attr-defined]
        types = dict(opened.tag_v2.tagtype)  # type: ignore[attr-defined]
    step = min(rows, max(1, _STRIP_BYTES // row_bytes, rows // _MOST_STRIPS))
    starts = range(0, rows, step)
    # The place and the length of each strip take 16 bytes at most.
    is_big = rows * row_bytes + 16 * len(starts) + len(sample.getvalue()) > _LARGEST_TIFF
    number = TiffTags.LONG8 if is_big else TiffTags.LONG
    places = {
        TiffImagePlugin.IMAGEWIDTH: columns,
        TiffImagePlugin.IMAGELENGTH: rows,
        TiffImagePlugin.ROWSPERSTRIP: step,
        TiffImagePlugin.STRIPBYTECOUNTS: tuple((min(start + step, rows) - start) * row_bytes for start in starts),
    }
    tags |= places
    types |= dict.fromkeys(places, number)

    def written(gap: int) -> bytes:
        directory = TiffImagePlugin.ImageFileDirectory_v2(_BIG_TIFF_START if is_big else _TIFF_START, _BYTE_ORDER)
        directory.tagtype.update(types | {TiffImagePlugin.STRIPOFFSETS: number})
        for tag, value in tags.items():
            directory[tag] = value
        # Counted from the end of the directory, as Pillow wants it.
        directory[TiffImagePlugin.STRIPOFFSETS] = tuple(gap + start * row_bytes for start in starts)
        buffer = BytesIO()
        directory.save(buffer)
        return buffer.getvalue() + bytes(gap)

    return written(-len(written(0)) % _ALIGNMENT)
