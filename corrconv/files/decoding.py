"""Reading pictures: what Pillow and NumPy decode, checked, turned upright and described."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from corrconv.errors import FileError, InputTypeError
from corrconv.files.formats import CSV, FORMATS, NPY, format_of
from corrconv.files.inputs import STANDARD_STREAM, is_file, open_input
from corrconv.files.limits import MAX_PIXELS, check_size
from corrconv.files.metadata import read_metadata
from corrconv.files.numbers import holds_numbers, inline_picture, is_inline, read_numbers
from corrconv.files.picture import Picture, without_unfit_profile
from corrconv.files.raw import is_whole_npy, map_npy, map_picture
from corrconv.files.samples import PREFIX, sample_path
from corrconv.files.silence import c_silence

# Pillow walks a TIFF page by page, each time through a list of all pages before.
_MOST_PAGES = 1000

# Pillow knows more formats, but some of them start other programs (EPS), and results could not be written back.
# JPEG includes MPO. Pillow loads the plugins of the last two only when it gets there.
_READABLE = ("PNG", "JPEG", "BMP", "PPM", "GIF", "TIFF", "WEBP")
_READABLE_TEXT = "PNG, JPEG, TIFF, WebP, BMP, PBM/PGM/PPM/PFM, GIF or .npy"

NPY_SIGNATURE = b"\x93NUMPY"
_PAM_SIGNATURE = b"P7\n"
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"GIF8": "GIF",
    b"RIFF": "WEBP",
    b"BM": "BMP",
    **{b"P" + kind: "PPM" for kind in (b"1", b"2", b"3", b"4", b"5", b"6", b"f")},
}

_BITS_PER_SAMPLE, _PHOTOMETRIC, _PLANES, _SAMPLE_FORMAT = 258, 262, 284, 339
_WHITE_IS_ZERO, _SEPARATE_PLANES, _SIGNED = 0, 2, 2

_ALPHA_MODES = ("LA", "RGBA")
_PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "F")
_FRAMES_CALLED = {
    "TIFF": "TIFF with {} pages: only the first is read",
    "MPO": "JPEG with {} pictures in it: only the first is read",
}

# Orientations that lay rows down as columns: the horizontal resolution becomes the vertical one.
_LAID_DOWN = (5, 6, 7, 8)

# Pixels copied at once from Pillow to NumPy, so that no second copy of the whole picture is held.
_PIXELS_AT_ONCE = 1 << 15

_pillow_settings = threading.RLock()


def read_image(
    source: str,
    *,
    format: str | None = None,  # noqa: A002
    stdin: BinaryIO | None = None,
    max_pixels: int | None = None,
) -> Picture:
    """The first picture in a path, in standard input (`-`), in `sample:NAME` or typed as numbers, upright.

    The content tells what it is, not the name; with `format` it must be of that one. What filters
    cannot work on (palettes, CMYK ...) is converted, and what was changed is told in the notes.
    The channels of a .npy are plain numbers, none of them transparency. A large .npy, or picture that is not
    compressed, is read where its pixels are looked at, which cannot be changed. max_pixels: see `check_size`.
    Raises FileError for what cannot be read, InputTypeError for a .npy of other than real numbers.
    """
    if is_inline(source) and not is_file(source):
        return inline_picture(source)
    path = _path_of(source)
    with open_input(path or STANDARD_STREAM, stdin=stdin) as file:
        picture = decode_image(file, source, max_pixels)
    if format is not None:
        _check_format(picture, format, source)
    return replace(picture, name=path.stem if path else "stdin", path=path)


def decode_image(file: BinaryIO, where: str, max_pixels: int | None = None) -> Picture:
    """The first picture in an open, seekable file; `where` opens the messages. See `read_image`."""
    start = file.read(16)
    file.seek(0)
    if not start:
        raise FileError(f"{where}: the file is empty")
    if start.startswith(NPY_SIGNATURE):
        array = read_array(file, where)
        picture = Picture(pixels=array[np.newaxis] if array.ndim == 1 else array, format=NPY)
        _check_shape(picture.pixels, where)
        check_size(picture.pixels.shape, where, max_pixels, decoded_as=None)
        return picture
    if holds_numbers(start) or (Path(where).suffix.lower() in FORMATS[CSV].suffixes and not is_picture(start)):
        return read_numbers(file.read(), where)
    return without_unfit_profile(_read_with_pillow(file, where, start, max_pixels))


def read_array(file: BinaryIO, where: str) -> NDArray[Any]:
    """The array in a .npy file: real numbers in native byte order, never a pickle.

    Raises FileError for a damaged file and InputTypeError for other than real numbers.
    """
    try:
        start = file.tell()
        mapped = map_npy(file)
        file.seek(start)
        array = np.lib.format.read_array(file, allow_pickle=False) if mapped is None else mapped
    except Exception as error:
        if isinstance(error, MemoryError):
            file.seek(start)
            if is_whole_npy(file):
                raise
        if "allow_pickle" in str(error):
            raise InputTypeError(f"{where}: holds Python objects, not numbers; save an array of numbers") from error
        raise FileError(f"{where}: damaged .npy file ({_one_line(error)}); save it again") from error
    if array.dtype.kind == "c":
        raise InputTypeError(f"{where}: the numbers are complex; save the .real or .imag part")
    if array.dtype.kind not in "biuf":
        raise InputTypeError(f"{where}: holds {array.dtype}, not numbers; save an array of numbers")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def is_picture(start: bytes) -> bool:
    """Whether a file that starts like this is, or was meant to be, a picture for Pillow."""
    return any(start.startswith(signature) for signature in _SIGNATURES)


def _path_of(source: str) -> Path | None:
    if source == STANDARD_STREAM:
        return None
    return sample_path(source.removeprefix(PREFIX)) if source.startswith(PREFIX) else Path(source)


def _check_shape(pixels: NDArray[Any], where: str) -> None:
    shape = " x ".join(map(str, pixels.shape)) or "no dimensions"
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] > 4):
        raise FileError(f"{where}: shape {shape} is not a picture; rows x columns, or rows x columns x 1 to 4 channels")
    if pixels.size == 0:
        raise FileError(f"{where}: shape {shape} holds no pixel; there is nothing to filter")


def _check_format(picture: Picture, name: str, where: str) -> None:
    wanted = format_of(where, name)
    # Pillow calls the whole family PPM.
    if picture.format != ("PPM" if wanted in ("PGM", "PFM") else wanted):
        raise FileError(f"{where}: the content is {picture.format}, not {wanted}; correct or leave out the format")


def _read_with_pillow(file: BinaryIO, where: str, start: bytes, max_pixels: int | None) -> Picture:
    notes: list[str] = []
    with _translated_errors(where, start), _pillow_without_limit(notes):
        image = Image.open(file, formats=_READABLE)
        frames = _frames_of(image)
        tags = dict(getattr(image, "tag_v2", {}))  # a TIFF's, before load() changes them
    with _translated_errors(where, start):
        mapped = map_picture(image, file, tags)
    check_size((image.height, image.width), where, max_pixels, decoded_as=image.format if mapped is None else None)
    _refuse_misread_tiff(tags, where)
    notes += _frame_notes(image, frames)
    notes += _depth_notes(image)
    own_maximum = _own_maximum(image)
    is_gray = any(tile[3] == "LA;16B" for tile in image.tile)  # which Pillow makes RGBA
    with _translated_errors(where, start):
        # Pillow turns a TIFF while loading it, and then drops the tag: nothing is turned twice.
        orientation = tags.get(ExifTags.Base.Orientation)
        if mapped is None:
            _load(image, notes)
            orientation = orientation or _turn_upright(image, notes)
        metadata = read_metadata(image, notes)
        filterable = _filterable(image.convert("LA") if is_gray else image, notes)
        pixels = _pixels(filterable) if mapped is None else mapped
    resolution = _resolution(image)
    return Picture(
        pixels=_unstretched(_reinterpreted(pixels, filterable.mode, image.format, tags), own_maximum),
        has_alpha=filterable.mode in _ALPHA_MODES,
        format="JPEG" if image.format == "MPO" else image.format,
        icc_profile=image.info.get("icc_profile") or None,
        dpi=resolution[::-1] if resolution and orientation in _LAID_DOWN else resolution,
        metadata=metadata,
        notes=tuple(notes),
    )


@contextmanager
def _translated_errors(where: str, start: bytes) -> Iterator[None]:
    try:
        with c_silence():
            yield
    # Pillow's plugins raise a dozen types for damaged files, SyntaxError and IndexError among them.
    except Exception as error:
        raise FileError(f"{where}: {_explain(error, start)}") from error


def _explain(error: Exception, start: bytes) -> str:
    kind = next((name for signature, name in _SIGNATURES.items() if start.startswith(signature)), None)
    if isinstance(error, MemoryError):
        return "does not fit into memory; cut or shrink the picture first"
    if start.startswith(_PAM_SIGNATURE):
        return "is a PAM file, which Pillow does not read; convert it with pamtopnm"
    if kind is None:
        return f"is not a picture; corrconv reads {_READABLE_TEXT}"
    if isinstance(error, UnidentifiedImageError):
        return f"is a damaged {kind}, or one of a kind that Pillow does not read; save it again, as .png or .npy"
    return f"is a damaged {kind} ({_one_line(error)}); get or save it again"


@contextmanager
def _pillow_without_limit(notes: list[str]) -> Iterator[None]:
    # Both the limit and the warning filters belong to the whole process: held briefly, and put back.
    with _pillow_settings, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    notes.extend(dict.fromkeys(_one_line(warning.message) for warning in caught))


def _frames_of(image: Image.Image) -> str:
    """How many frames or pages there are, in words; many pages are not all counted."""
    if image.format != "TIFF":
        return str(getattr(image, "n_frames", 1))
    try:
        for page in range(1, _MOST_PAGES + 1):  # each by itself: Pillow miscounts after a leap past the end
            image.seek(page)
    except EOFError:
        return str(page)
    finally:
        image.seek(0)
    return f"more than {_MOST_PAGES}"


def _refuse_misread_tiff(tags: dict[int, Any], where: str) -> None:
    # Pillow 13 takes the bytes of uncompressed 16-bit planes for 8-bit pixels, without a word.
    bits = tags.get(_BITS_PER_SAMPLE, (8,))
    if len(bits) > 1 and max(bits) > 8 and tags.get(_PLANES) == _SEPARATE_PLANES:
        raise FileError(
            f"{where}: is a TIFF with {max(bits)}-bit channels in separate planes, which Pillow misreads;"
            " save it with interleaved channels, or as .npy"
        )


def _frame_notes(image: Image.Image, frames: str) -> list[str]:
    if frames == "1":
        return []
    called = _FRAMES_CALLED.get(image.format or "", f"animated {image.format}: only the first of {{}} frames is read")
    return [called.format(frames)]


def _depth_notes(image: ImageFile) -> list[str]:
    arguments = [argument for tile in image.tile for argument in _as_tuple(tile[3])]
    is_colour = image.mode in ("LA", "RGB", "RGBA", "CMYK")
    if is_colour and (max(_maxima(image), default=0) > 255 or any(";16" in str(argument) for argument in arguments)):
        return ["16 bits a channel reduced to 8: Pillow reads 16 bits in gray pictures only"]
    own = _own_maximum(image)
    return [f"values run from 0 to the file's own maximum {own}, and are taken as they are"] if own else []


def _maxima(image: ImageFile) -> list[int]:
    """The largest value that a PGM or PPM names: Pillow's decoders called ppm and ppm_plain are told it."""
    tiles = [tile for tile in image.tile if tile[0].startswith("ppm")]
    return [part for tile in tiles for part in _as_tuple(tile[3]) if isinstance(part, int)]


def _own_maximum(image: ImageFile) -> int | None:
    """That value, where Pillow stretches the numbers to another one; colours of 16 bits are reduced instead."""
    most = 255 if image.mode == "RGB" else 65534
    return next((maximum for maximum in _maxima(image) if maximum != 255 and maximum <= most), None)


def _unstretched(pixels: NDArray[Any], own: int | None) -> NDArray[Any]:
    """The values as they stand in the file: Pillow's are multiplied and rounded, and none of them is lost."""
    if own is None:
        return pixels
    largest = 65535 if own > 255 else 255
    return np.rint(pixels * (own / largest)).astype(np.uint16 if own > 255 else np.uint8)


def _as_tuple(argument: object) -> tuple[object, ...]:
    return argument if isinstance(argument, tuple) else (argument,)


def _load(image: Image.Image, notes: list[str]) -> None:
    if image.width * image.height > (Image.MAX_IMAGE_PIXELS or MAX_PIXELS):
        with _pillow_without_limit(notes):
            image.load()
    else:
        image.load()


def _turn_upright(image: Image.Image, notes: list[str]) -> int | None:
    """Turn the loaded image as its EXIF orientation says; return that orientation."""
    with _pillow_without_limit(notes):
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        ImageOps.exif_transpose(image, in_place=True)
    return orientation


def _filterable(image: Image.Image, notes: list[str]) -> Image.Image:
    """The image in a mode whose pixels are numbers to filter; what the change means goes to the notes."""
    transparent = image.has_transparency_data
    match image.mode:
        case "L" | "RGB" if transparent:
            return image.convert(image.mode + "A" if image.mode == "RGB" else "LA")
        case "1":
            return image.convert("LA" if transparent else "L")
        case "P" | "PA":
            gray = _has_gray_palette(image)
            notes.append(f"palette expanded to {'gray' if gray else 'RGB'}")
            return image.convert(("LA" if gray else "RGBA") if transparent else ("L" if gray else "RGB"))
        case "La" | "RGBa":
            return image.convert(image.mode.upper())
        case mode if mode in _PLAIN_MODES or mode.startswith("I"):
            if transparent and mode not in _ALPHA_MODES:
                notes.append("the transparent gray value is left out: 16-bit pixels have no transparency here")
            return image
        case mode:
            notes.append(f"{mode} converted to RGB")
            return image.convert("RGB")


def _has_gray_palette(image: Image.Image) -> bool:
    entries = np.array(image.getpalette("RGB") or [0, 0, 0], dtype=np.uint8).reshape(-1, 3)
    return bool((entries == entries[:, :1]).all())


def _pixels(image: Image.Image) -> NDArray[Any]:
    """The image's pixels, copied in bands."""
    rows = max(1, _PIXELS_AT_ONCE // image.width)
    if rows >= image.height:
        return np.array(image)
    bands = (
        np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        for top in range(0, image.height, rows)
    )
    first = next(bands)
    pixels = np.empty((image.height, *first.shape[1:]), dtype=first.dtype)
    pixels[:rows] = first
    for number, band in enumerate(bands, start=1):
        pixels[number * rows : (number + 1) * rows] = band
    return pixels


def _reinterpreted(pixels: NDArray[Any], mode: str, kind: str | None, tags: dict[int, Any]) -> NDArray[Any]:
    """The numbers that the file means, where Pillow's dtype says something else."""
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if mode == "I" and kind in ("PPM", "PNG"):
        return native.astype(np.uint16)
    if not tags:
        return native
    signed = set(tags.get(_SAMPLE_FORMAT, (1,))) == {_SIGNED}
    if mode == "I" and not signed and native.dtype == np.int32:
        native = native.view(np.uint32)
    elif mode == "L" and signed:
        native = native.view(np.int8)
    # Pillow honours "white is zero" for 8 bits only.
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and mode.startswith("I") and native.dtype.kind == "u":
        return ~native
    return native


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(number) for number in image.info.get("dpi", ()))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    # Formats store 16 bits of it; nan and 0 stand for "unknown".
    return (horizontal, vertical) if all(1 <= number < 65536 for number in (horizontal, vertical)) else None


def _one_line(error: object) -> str:
    return " ".join(str(error).split()) or type(error).__name__
