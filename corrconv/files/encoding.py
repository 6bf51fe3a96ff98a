"""Writing pictures: what a format cannot hold is converted and told, or refused with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corrconv.errors import FileError
from corrconv.files.formats import CSV, FORMATS, NUMBERS, SUFFIXES, format_of, storable_dtype
from corrconv.files.inputs import STANDARD_STREAM
from corrconv.files.limits import check_holds
from corrconv.files.numbers import write_numbers
from corrconv.files.outputs import open_output
from corrconv.files.picture import Picture, without_opaque_alpha, without_unfit_profile
from corrconv.files.raw import RAW_FORMATS, header_of, is_large, reserve

# One place for how each format is compressed; only JPEG loses anything.
COMPRESSION: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 6},  # unless run lengths serve as well: see _png_compression
    "JPEG": {"quality": 95},
    "WEBP": {"lossless": True, "exact": True},
}

_RUN_LENGTHS = {"compress_level": 1, "compress_type": 3}  # zlib's Z_RLE strategy
_LARGEST_GROWTH = 1.03
_SAMPLE_STRIPS, _STRIP_ROWS = 5, 8
_SAMPLE_ROWS = _SAMPLE_STRIPS * _STRIP_ROWS
# Even steps between the strips would meet a pattern that repeats always at the same place.
_UNEVEN_STEP = 0.618

_BAND_BYTES = 1 << 22

_CARRY_PROFILE = ("PNG", "JPEG", "TIFF", "WEBP")
_CARRY_DPI = ("PNG", "JPEG", "TIFF", "BMP")
_PILLOW_NAMES = {"PGM": "PPM", "PFM": "PPM"}


def write_image(
    target: str | Path,
    picture: Picture,
    *,
    format: str | None = None,  # noqa: A002
    png_level: int | None = None,
    stdout: BinaryIO | None = None,
) -> tuple[str, ...]:
    """Write a picture whole or not at all, and return what people should be told about it.

    The format is the one named or that of the target's suffix; `-` is standard output. png_level:
    0 (fast) to 9 (small). Pixels that the format cannot hold are rounded, clipped or reduced, which
    the notes tell; see `storable_dtype`. Raises FileError where more than that would be lost, such
    as transparency, and where the target cannot be written.
    """
    with image_writer(target, format_of(target, format), png_level=png_level, stdout=stdout) as writer:
        return writer.write(picture)


@contextmanager
def image_writer(
    target: str | Path, kind: str, *, png_level: int | None = None, stdout: BinaryIO | None = None
) -> Iterator[ImageWriter]:
    """What writes one picture in a format (a key of FORMATS): its file takes its place when the block ends well."""
    with ExitStack() as stack:
        yield ImageWriter(target, kind, png_level, lambda: stack.enter_context(open_output(target, stdout=stdout)))


@dataclass
class ImageWriter:
    """Writes one picture: its pixels may be filled in, within the file, where `allocate` was asked for them."""

    target: str | Path
    kind: str
    png_level: int | None
    open: Callable[[], BinaryIO]
    _is_filled: bool = field(default=False, init=False)

    def check(self, picture: Picture) -> None:
        """Raise FileError where the format cannot hold a picture of this shape and type."""
        self._prepare(picture)

    def allocate(self, picture: Picture) -> NDArray[Any]:
        """An array to be filled with the pixels, before `write`: of the shape and type of those of this picture.

        It lies in the file itself where there are so many of them that this matters and the format keeps them as they
        are. Raises FileError where the target cannot be written, or not hold such a picture.
        """
        shape, dtype = picture.pixels.shape, picture.pixels.dtype
        prepared, options, _ = self._prepare(picture)
        if is_large(prepared.pixels) and self.kind in RAW_FORMATS and str(self.target) != STANDARD_STREAM:
            file = self.open()
            self.open = lambda: file
            mapped = reserve(file, self._header(prepared, options), shape, dtype)
            if mapped is not None:
                self._is_filled = True
                return mapped
        return np.empty(shape, dtype)

    def write(self, picture: Picture) -> tuple[str, ...]:
        """Write a picture; returns what is to be said. Raises FileError where that is impossible."""
        prepared, options, notes = self._prepare(picture)
        said = (*_at_odds(self.target, self.kind, self.png_level), *notes)
        if self._is_filled:
            return said
        if self.kind == CSV:
            self.open().write(write_numbers(prepared.planes[:, :, 0]).encode())
        elif self.kind in RAW_FORMATS:
            file = self.open()
            file.write(self._header(prepared, options))
            # In bands, since what is laid otherwise in memory is copied.
            rows = max(1, _BAND_BYTES * len(prepared.pixels) // max(1, prepared.pixels.nbytes))
            for top in range(0, len(prepared.pixels), rows):
                band = np.ascontiguousarray(prepared.pixels[top : top + rows])
                file.write(band.reshape(-1).view(np.uint8).data)
        else:
            self._encode(prepared, options)
        return said

    def _prepare(self, picture: Picture) -> tuple[Picture, dict[str, Any], tuple[str, ...]]:
        """The picture as the format holds it, what Pillow is to be told beside, and what is to be said."""
        if self.kind in NUMBERS:
            if self.kind == CSV and picture.channels > 1:
                raise FileError(
                    f"{self.target}: text holds one channel, not {picture.channels}; write .npy, or gray numbers"
                )
            return picture, {}, ()
        check_holds(picture.pixels.shape, self.kind, self.target)
        prepared = without_unfit_profile(_storable(replace(picture, notes=()), self.kind, self.target))
        options = dict(COMPRESSION.get(self.kind, {}))
        if self.kind in _CARRY_PROFILE and prepared.icc_profile:
            options["icc_profile"] = prepared.icc_profile
        if self.kind in _CARRY_DPI and prepared.dpi:
            options["dpi"] = prepared.dpi
        options |= prepared.metadata.options(self.kind)
        lost = prepared.metadata.lost_in(self.kind)
        return prepared, options, (*([lost] if lost else []), *prepared.notes)

    def _header(self, prepared: Picture, options: dict[str, Any]) -> bytes:
        return header_of(self.kind, prepared.pixels.shape, prepared.pixels.dtype, options)

    def _encode(self, prepared: Picture, options: dict[str, Any]) -> None:
        image = Image.fromarray(prepared.pixels)
        if self.kind == "PNG":
            level = self.png_level
            options = options | (_png_compression(image) if level is None else {"compress_level": level})
        file = self.open()
        # Pillow goes back in some files to fill in lengths; a stream takes them in order only.
        if str(self.target) == STANDARD_STREAM or not file.seekable():
            buffer = BytesIO()
            _encode(buffer, image, self.kind, options, self.target)
            file.write(buffer.getbuffer())
        else:
            # Without its descriptor, by which Pillow would write past what a nearly full disk takes only in part.
            whole = SimpleNamespace(write=file.write, seek=file.seek, tell=file.tell, flush=file.flush)
            _encode(cast("BinaryIO", whole), image, self.kind, options, self.target)


def _at_odds(target: str | Path, kind: str, png_level: int | None) -> Iterator[str]:
    """What was asked for beside the format, and does not go with it."""
    if png_level is not None and kind != "PNG":
        yield f"the PNG level {png_level} plays no part in {kind}"
    named = SUFFIXES.get(Path(target).suffix.lower(), kind)
    if named != kind:
        yield f"written as {kind}, although the name says {named}"


def _png_compression(image: Image.Image) -> dict[str, Any]:
    """The quick setting where it makes the file hardly larger, tried on a sample of the picture.

    On photographs run lengths took 0.16 to 0.4 of the time of Pillow's default for 0.97 to 1.00 of
    its size; on patterns they can take 40 times the space.
    """
    if image.height <= 2 * _SAMPLE_ROWS:
        return {}
    sample = Image.new(image.mode, (image.width, _SAMPLE_ROWS))
    for strip in range(_SAMPLE_STRIPS):
        top = round(strip * _UNEVEN_STEP % 1 * (image.height - _STRIP_ROWS))
        sample.paste(image.crop((0, top, image.width, top + _STRIP_ROWS)), (0, strip * _STRIP_ROWS))
    quick, thorough = (_png_size(sample, options) for options in (_RUN_LENGTHS, COMPRESSION["PNG"]))
    return _RUN_LENGTHS if quick <= _LARGEST_GROWTH * thorough else {}


def _png_size(image: Image.Image, options: dict[str, Any]) -> int:
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.tell()


def _encode(file: BinaryIO, image: Image.Image, kind: str, options: dict[str, Any], target: str | Path) -> None:
    try:
        image.save(file, _PILLOW_NAMES.get(kind, kind), **options)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        size = f"{image.width} x {image.height} pixels"
        raise FileError(f"{target}: {size} cannot be written as {kind} ({error}); use .tif, .png or .npy") from error


def _storable(picture: Picture, kind: str, target: str | Path) -> Picture:
    """The picture as the format holds it, with notes. Raises FileError where more than precision is lost."""
    picture = _with_storable_channels(picture, kind, target)
    dtype = storable_dtype(kind, picture.pixels.dtype, picture.channels)
    pixels, note = _as_dtype(picture.pixels, dtype)
    notes = [f"{note} for {kind}; {_keeping(picture)}"] if note else []
    if kind == "GIF" and picture.channels > 1:
        notes.append("GIF keeps at most 256 colours, and pixels that are transparent or not; .png keeps all")
    return replace(picture, pixels=pixels, notes=(*picture.notes, *notes))


def _keeping(picture: Picture) -> str:
    suffixes = [FORMATS[name].suffixes[0] for name in ("PNG", "TIFF") if _holds(name, picture)]
    return f"{' or '.join([*suffixes, '.npy'])} would keep them"


def _holds(kind: str, picture: Picture) -> bool:
    return storable_dtype(kind, picture.pixels.dtype, picture.channels) == picture.pixels.dtype


def _with_storable_channels(picture: Picture, kind: str, target: str | Path) -> Picture:
    facts = FORMATS[kind]
    if picture.pixels.ndim == 3 and picture.channels == 1:
        picture = replace(picture, pixels=picture.pixels[..., 0])
    if picture.colour_channels not in (1, 3):
        raise FileError(
            f"{target}: {picture.channels} channels of plain numbers are no gray or RGB picture; write them as .npy"
        )
    if picture.colour_channels == 3 and not facts.colour:
        raise FileError(f"{target}: {kind} holds gray pictures only; use .ppm or .png, or --gray")
    if not picture.has_alpha or facts.alpha:
        return picture
    visible = without_opaque_alpha(picture)
    if visible.has_alpha:
        raise FileError(f"{target}: {kind} holds no transparency; write .png, .tif or .webp, which do")
    note = f"the alpha channel, opaque everywhere, is left out: {kind} has none"
    return replace(visible, notes=(*picture.notes, note))


def _as_dtype(pixels: NDArray[Any], dtype: np.dtype[Any]) -> tuple[NDArray[Any], str | None]:
    """The pixels in another dtype, and what that did to them, or None if nothing was lost.

    True becomes the full range, 16 bits become 8 by the ratio of their ranges; other numbers keep
    their value as far as they can.
    """
    source = pixels.dtype
    if source.kind == "b" and dtype.kind == "u":
        return pixels * dtype.type(np.iinfo(dtype).max), None
    if np.can_cast(source, dtype, "safe"):
        return pixels.astype(dtype, copy=False), None
    if source == np.uint16 and dtype == np.uint8:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8), "16-bit pixels reduced to 8 bits"
    if dtype.kind == "f":
        return pixels.astype(dtype), f"{source} pixels rounded to {dtype}"
    rounded = np.rint(pixels) if source.kind == "f" else pixels
    lowest, highest = _common_limits(source, dtype)
    clipped = np.clip(np.nan_to_num(rounded), lowest, highest)
    beyond = np.count_nonzero(clipped != rounded)
    said = "rounded to" if source.kind == "f" else "stored as"
    return clipped.astype(dtype), f"{source} pixels {said} {dtype}{f' ({beyond} values clipped)' if beyond else ''}"


def _common_limits(source: np.dtype[Any], dtype: np.dtype[Any]) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    if source.kind == "f":
        return limits.min, limits.max
    own = np.iinfo(source)
    return max(limits.min, own.min), min(limits.max, own.max)
