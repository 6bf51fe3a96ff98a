"""The picture: pixels and what travels with them from file to file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.names import shown_name
from corrconv.errors import FileError
from corrconv.files.metadata import NO_METADATA, Metadata

# An ICC profile names the colour space of its pixels in these bytes of its header (ICC.1:2022, 7.2.6).
_PROFILE_SPACE = slice(16, 20)
_CHANNELS_OF_SPACE = {b"GRAY": 1, b"RGB ": 3}

# ITU-R 601-2 luma in 1/65536, as Pillow's own conversion to L computes it for 8 bits.
_LUMA = (19595, 38470, 7471)


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels (H, W) or (H, W, C) with what should be said, and carried over, when they are written.

    has_alpha: the last channel is transparency. name: for messages and output stems. format: Pillow's
    name of the format, NPY, or CSV for plain numbers. dpi: horizontal and vertical pixels an inch.
    metadata: what the file told beside. notes: what people should be told about the reading. path:
    where it was read from, unless that was standard input.
    """

    pixels: NDArray[Any]
    has_alpha: bool = False
    name: str = "picture"
    format: str | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    metadata: Metadata = NO_METADATA
    notes: tuple[str, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", shown_name(self.name))

    @property
    def planes(self) -> NDArray[Any]:
        """The pixels as (H, W, C), those of a gray picture too."""
        return self.pixels[:, :, np.newaxis] if self.pixels.ndim == 2 else self.pixels

    @property
    def colours(self) -> NDArray[Any]:
        """The channels (H, W, C) that are compared: all but transparency."""
        return self.planes[:, :, :-1] if self.has_alpha else self.planes

    @property
    def channels(self) -> int:
        """Channels, transparency included; 1 for a gray picture."""
        return 1 if self.pixels.ndim == 2 else self.pixels.shape[2]

    @property
    def colour_channels(self) -> int:
        """Channels without transparency: 1 for gray, 3 for colour."""
        return self.channels - self.has_alpha


def profile_fits(profile: bytes, colour_channels: int) -> bool:
    """Whether an ICC profile speaks of pixels with this many colour channels."""
    return _CHANNELS_OF_SPACE.get(profile[_PROFILE_SPACE]) == colour_channels


def without_unfit_profile(picture: Picture) -> Picture:
    """The picture; its colour profile left out, with a note, where it is not one for its channels."""
    profile = picture.icc_profile
    if profile is None or profile_fits(profile, picture.colour_channels):
        return picture
    space = profile[_PROFILE_SPACE].decode("ascii", "replace").strip()
    note = f"the colour profile ({space or 'unknown'}) does not fit these pixels and is left out"
    return replace(picture, icc_profile=None, notes=(*picture.notes, note))


def without_opaque_alpha(picture: Picture) -> Picture:
    """The picture; its alpha channel left out where it is opaque everywhere."""
    if not picture.has_alpha or picture.pixels.dtype.kind != "u":
        return picture
    alpha = picture.pixels[..., -1]
    if not (alpha == np.iinfo(alpha.dtype).max).all():
        return picture
    visible = picture.pixels[..., 0] if picture.channels == 2 else picture.pixels[..., :-1]
    return replace(picture, pixels=visible, has_alpha=False)


def without_equal_colours(picture: Picture) -> Picture:
    """The picture; one channel only, with a note, where it is opaque and all of its colours are gray."""
    opaque = without_opaque_alpha(picture)
    pixels = opaque.pixels
    if opaque.has_alpha or pixels.ndim == 2 or not (pixels == pixels[..., :1]).all():
        return picture
    return replace(opaque, pixels=pixels[..., 0], notes=(*opaque.notes, "all of its colours are gray: one is taken"))


def to_gray(picture: Picture) -> Picture:
    """The picture as luma, of the same dtype, its transparency kept.

    Eight-bit pixels become what Pillow's convert("L") gives, to the last bit; other integers are
    rounded, floats are not. Raises FileError for channels that are not red, green and blue.
    Source: ITU-R Recommendation BT.601-2.
    """
    if picture.colour_channels == 1:
        return picture if picture.channels > 1 or picture.pixels.ndim == 2 else _with_pixels(picture, 0)
    if picture.colour_channels != 3:
        raise FileError(
            f"{picture.name} has {picture.channels} channels, of which none is known to be red, green or blue;"
            " --gray needs 3 of them"
        )
    gray = _luma(picture.pixels)
    if picture.has_alpha:
        gray = np.stack([gray, picture.pixels[..., 3]], axis=-1)
    return without_unfit_profile(replace(picture, pixels=gray))


def _with_pixels(picture: Picture, channel: int) -> Picture:
    return replace(picture, pixels=picture.pixels[..., channel])


def _luma(pixels: NDArray[Any]) -> NDArray[Any]:
    red, green, blue = (pixels[..., channel] for channel in range(3))
    if pixels.dtype in (np.uint8, np.uint16):
        # At most 65535 * 65536 + 32768 < 2**32: the sum fits, and the shift rounds half up.
        total = red * np.uint32(_LUMA[0])
        total += green * np.uint32(_LUMA[1])
        total += blue * np.uint32(_LUMA[2])
        total += np.uint32(1 << 15)
        return (total >> 16).astype(pixels.dtype)
    weights = [weight / (1 << 16) for weight in _LUMA]
    luma = red * weights[0] + green * weights[1] + blue * weights[2]
    if pixels.dtype.kind in "iu":
        luma = np.rint(luma)
    return luma if pixels.dtype.kind == "b" else luma.astype(pixels.dtype)
