"""Pictures in motion: frames of one shared palette, as GIF, WebP or APNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from corrconv.drawing.pictures import FAINT_INK, FRAME, INK, NEGATIVE, PAPER, POSITIVE, Colour
from corrconv.errors import CorrconvError

FORMATS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}

# Told apart by all eyes, and by being solid and dashed: correlation and convolution.
TEAL: Colour = (0, 109, 119)
BROWN: Colour = (147, 72, 0)

# Steps from black to white, and from white to each end of the diverging colours.
GRAY_STEPS = 63
DIVERGING_STEPS = 32
BLEND_STEPS = 6  # of letters into what they stand on

UNKNOWN = 256


@dataclass(frozen=True)
class Frame:
    """One picture in the colours of the palette, and how long it is seen."""

    picture: Image.Image
    milliseconds: int


def gray(share: float) -> Colour:
    """Black at 0, white at 1, in steps that the palette has."""
    level = round(round(min(max(share, 0.0), 1.0) * GRAY_STEPS) * 255 / GRAY_STEPS)
    return level, level, level


def signed(share: float) -> Colour:
    """Blue at -1, white at 0, red at 1, in steps that the palette has."""
    steps = round(min(max(share, -1.0), 1.0) * DIVERGING_STEPS)
    return _between(PAPER, POSITIVE if steps > 0 else NEGATIVE, abs(steps) / DIVERGING_STEPS)


def _between(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(start, end, strict=True))
    return red, green, blue


def _palette() -> list[Colour]:
    """Every colour that is drawn, and blends of the inks for the edges of letters."""
    colours = [gray(step / GRAY_STEPS) for step in range(GRAY_STEPS + 1)]
    colours += [signed(step / DIVERGING_STEPS) for step in range(-DIVERGING_STEPS, DIVERGING_STEPS + 1)]
    colours += [INK, FAINT_INK, FRAME, TEAL, BROWN]
    for ink in (INK, FAINT_INK, TEAL, BROWN):
        colours += [_between(PAPER, ink, step / BLEND_STEPS) for step in range(1, BLEND_STEPS)]
    return list(dict.fromkeys(colours))


class SharedPalette:
    """One palette for all frames, built by construction, since quantizing would change the colours of cells."""

    def __init__(self) -> None:
        self._colours = np.array(_palette(), dtype=np.int64)
        self._index = np.full(2**24, UNKNOWN, dtype=np.uint16)
        self._flat = self._colours.astype(np.uint8).ravel().tolist()

    def map(self, picture: Image.Image) -> Image.Image:
        """The picture in the palette's colours: its own where they are in it, otherwise the nearest."""
        packed = np.asarray(picture.convert("RGBA")).view("<u4")[:, :, 0] & 0xFFFFFF  # blue, green, red
        indices = self._index[packed]
        if (indices == UNKNOWN).any():
            new = np.unique(packed[indices == UNKNOWN])
            parts = np.stack([new & 255, new >> 8 & 255, new >> 16], axis=1).astype(np.int64)
            distances = ((parts[:, np.newaxis] - self._colours) ** 2).sum(axis=2)
            self._index[new] = distances.argmin(axis=1)
            indices = self._index[packed]
        mapped = Image.fromarray(indices.astype(np.uint8), "P")
        mapped.putpalette(self._flat)
        return mapped


def film_format(target: str) -> str:
    """Pillow's name of an animation's format, by the ending of a file. Raises CorrconvError for others."""
    suffix = Path(target).suffix.lower()
    if suffix not in FORMATS:
        raise CorrconvError(f"{target}: an animation is a .gif, .webp or .png (APNG); choose such an ending")
    return FORMATS[suffix]


def encode(frames: Sequence[Frame], format_name: str, loops: int) -> bytes:
    """The file of an animation that is shown so many times (0: for ever)."""
    first, *others = (frame.picture for frame in frames)
    options: dict[str, Any] = {"duration": [frame.milliseconds for frame in frames], "loop": loops}
    if format_name == "WEBP":
        options |= {"lossless": True, "method": 2, "quality": 20}
        first, others = first.convert("RGB"), [picture.convert("RGB") for picture in others]
    if format_name == "GIF":
        # A GIF counts how often it is repeated; without the word it is shown once.
        options |= {"loop": None} if loops == 1 else {"loop": max(loops - 1, 0)}
        options |= {"optimize": True}  # what stays as it was becomes transparent
    options = {name: value for name, value in options.items() if value is not None}
    file = BytesIO()
    first.save(file, format_name, save_all=True, append_images=others, **options)
    return file.getvalue()


def contact_sheet(pictures: Iterable[Image.Image], columns: int = 2) -> Image.Image:
    """Pictures of one size beside and below each other."""
    rows = list(pictures)
    width, height = rows[0].size
    sheet = Image.new("RGB", (columns * width, -(-len(rows) // columns) * height), PAPER)
    for index, picture in enumerate(rows):
        sheet.paste(picture, (index % columns * width, index // columns * height))
    return sheet
