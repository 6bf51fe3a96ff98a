"""What every picture for people is made of: captions, heat maps, diverging colours, tiles side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, inf
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from corrconv.core.pixels import finite_range, pixel_scale, quantize
from corrconv.core.terms import Display
from corrconv.drawing.numbers import short_number

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

Colour: TypeAlias = "tuple[int, int, int]"

BLACK = (0, 0, 0)
INK = (33, 37, 41)
FAINT_INK = (108, 117, 125)
PAPER = (255, 255, 255)
FRAME = (206, 212, 218)

# Blue, white, red: told apart by every kind of colour vision, and by lightness from white.
# Source: the ends of ColorBrewer's RdBu (C. Brewer, 2003).
NEGATIVE = (33, 102, 172)
POSITIVE = (178, 24, 43)

COLOUR_STEPS = 4096  # from white to either end

GAP = 16
SMALLEST_SIDE = 240  # smaller pictures are enlarged, so that their pixels can be seen
LARGEST_SIDE = 400  # larger ones are reduced, so that a panel fits a screen


@dataclass(frozen=True)
class Figure:
    """One picture of a panel, with a caption above and a note below."""

    picture: Image.Image
    caption: str
    note: str = ""


@cache
def font(size: int = 15) -> Font:
    """Pillow's own font, so that pictures look the same on every machine."""
    return ImageFont.load_default(size)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever can be read better on a colour: always with a contrast of 4.5 to 1 or more.

    Source: relative luminance and contrast ratio of the Web Content Accessibility Guidelines 2.2; the two
    inks are equally readable where the luminance is sqrt(1.05 * 0.05) - 0.05.
    """
    shares = (value / 255 for value in colour)
    linear = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    luminance = sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return BLACK if luminance > (1.05 * 0.05) ** 0.5 - 0.05 else PAPER


class TellingPeak:
    """Finds the value at which colours are to end, among values that come part by part.

    It is the largest; or less where only a few reach that far: where fewer than 1 in 100 of the values other than
    0 exceed half of the largest, it is the value that 1 in 100 exceeds, so that most of a map is not nearly white.
    """

    def __init__(self, most: int) -> None:
        """Make it for so many values at most, of which it keeps the largest hundredth."""
        self._room = max(1, most - _rank_of_peak(most))
        self._kept = [np.empty(0)]
        self._least = 0.0  # those that are not larger need not be kept
        self._count = self._infinite = 0
        self._lock = Lock()

    def add(self, values: NDArray[np.floating[Any]]) -> None:
        """Take in values; threads may do so at the same time."""
        sizes = np.abs(values[np.isfinite(values) & (values != 0)])
        infinite = int(np.count_nonzero(np.isinf(values)))
        with self._lock:
            self._count += sizes.size
            self._infinite += infinite
            self._kept.append(sizes[sizes > self._least])
            if sum(part.size for part in self._kept) > 2 * self._room:
                self._drop()

    def _drop(self) -> None:
        kept = np.concatenate(self._kept)
        if kept.size > self._room:
            kept.partition(kept.size - self._room)
            kept = kept[kept.size - self._room :]
            self._least = float(kept[0])
        self._kept = [kept]

    @property
    def value(self) -> float:
        """The value at which colours are to end; 0 where there is none but 0."""
        if not self._count:
            return 0.0
        self._drop()
        sizes = np.sort(self._kept[0])
        largest, high = float(sizes[-1]), float(sizes[_rank_of_peak(self._count) - self._count])
        return high if high < largest / 2 else largest

    @property
    def beyond(self) -> int:
        """How many values exceed it."""
        end = self.value
        return sum(int(np.count_nonzero(part > end)) for part in self._kept) + self._infinite


def _rank_of_peak(count: int) -> int:
    """Which of so many sorted values 1 in 100 exceeds, at the most."""
    return ceil((count - 1) * 0.99)


def telling_peak(values: NDArray[np.floating[Any]]) -> float:
    """The value at which the colours of a map are to end; see `TellingPeak`."""
    peak = TellingPeak(values.size)
    peak.add(values)
    return peak.value


def diverging(values: NDArray[np.floating[Any]], peak: float | None = None) -> Image.Image:
    """Signed values (H, W) as colours: blue below 0, white at 0 and nan, red above; ±peak is the full colour."""
    return Image.fromarray(diverging_pixels(values, peak))


def diverging_pixels(values: NDArray[np.floating[Any]], peak: float | None = None) -> NDArray[np.uint8]:
    """Signed values (H, W) as the pixels (H, W, 3) of these colours."""
    largest = max(map(abs, finite_range(values))) if peak is None else peak
    scaled = np.divide(values, largest) if 0 < largest < inf else np.sign(values, dtype=np.float64)
    np.clip(scaled, -1, 1, out=scaled)
    if scaled.size and np.isnan(scaled.max()):
        np.nan_to_num(scaled, copy=False)
    steps = np.rint(scaled * COLOUR_STEPS).astype(np.intp)
    pixels: NDArray[np.uint8] = np.take(_diverging_colours(), steps + COLOUR_STEPS, axis=0, mode="clip")
    return pixels


@cache
def _diverging_colours() -> NDArray[np.uint8]:
    """The colours from -1 to 1: so many that no step can be seen, and looked up in a tenth of the time."""
    share = np.linspace(-1, 1, 2 * COLOUR_STEPS + 1)[:, np.newaxis]
    end = np.where(share < 0, np.array(NEGATIVE), np.array(POSITIVE))
    colours: NDArray[np.uint8] = np.rint(np.array(PAPER) + np.abs(share) * (end - np.array(PAPER))).astype(np.uint8)
    return colours


def shown(pixels: NDArray[Any]) -> Image.Image:
    """Pixels (H, W, C) of any type as a picture to look at: other than 8-bit ones over their own range."""
    if pixels.dtype != np.uint8:
        colours = pixels[:, :, : 3 if pixels.shape[2] >= 3 else 1]
        finite = np.nan_to_num(colours.astype(np.float64), posinf=0.0, neginf=0.0)
        scale = pixel_scale(Display.RESCALE, float(finite.min()), float(finite.max()), np.dtype(np.uint8))
        return shown(quantize(scale(finite), np.dtype(np.uint8))[0])
    if pixels.shape[2] == 1:
        return Image.fromarray(pixels[:, :, 0])
    modes = {2: "LA", 3: "RGB", 4: "RGBA"}
    picture = Image.frombytes(modes[pixels.shape[2]], pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
    if pixels.shape[2] == 3:
        return picture
    # Transparent places show as a light gray, which is neither black nor white.
    background = Image.new("RGBA", picture.size, (224, 224, 224, 255))
    return Image.alpha_composite(background, picture.convert("RGBA")).convert("RGB")


def fitted(picture: Image.Image) -> Image.Image:
    """The picture at a size to look at: whole multiples for small ones, so that pixels stay square."""
    longest = max(picture.size)
    if longest > LARGEST_SIDE:
        width, height = (max(1, round(side * LARGEST_SIDE / longest)) for side in picture.size)
        # Far larger ones are averaged on the way, which no eye sees and saves two thirds of the time.
        return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0).convert("RGB")
    factor = max(1, SMALLEST_SIDE // longest)
    return picture.convert("RGB").resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def framed(picture: Image.Image) -> Image.Image:
    """The picture with a thin line around it, so that white ones end somewhere."""
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width - 1, picture.height - 1), outline=FRAME)
    return picture


def colour_bar(peak: float, width: int, height: int = 14, *, signed: bool = True) -> Image.Image:
    """The diverging colours from -peak (or 0) to peak, with these numbers and the middle one below."""
    low = -1.0 if signed else 0.0
    bar = diverging(np.linspace(low, 1, width)[np.newaxis, :], 1.0).resize((width, height))
    legend = Image.new("RGB", (width, height + 22), PAPER)
    legend.paste(bar, (0, 0))
    draw = ImageDraw.Draw(legend)
    draw.rectangle((0, 0, width - 1, height - 1), outline=FRAME)
    for x, value, anchor in (
        (0, low * peak, "la"),
        (width // 2, (low + 1) / 2 * peak, "ma"),
        (width - 1, peak, "ra"),
    ):
        draw.text((x, height + 4), short_number(value), fill=FAINT_INK, font=font(13), anchor=anchor)
    return legend


def signed_map(values: NDArray[np.floating[Any]], peak: float) -> Image.Image:
    """Signed values (H, W) from -peak to peak as a framed map, with its colours and their numbers below."""
    picture = framed(fitted(diverging(values, peak)))
    return below(picture, colour_bar(peak, picture.width))


def below(picture: Image.Image, addition: Image.Image, gap: int = 6) -> Image.Image:
    """Two pictures, one below the other, flush left."""
    width = max(picture.width, addition.width)
    joined = Image.new("RGB", (width, picture.height + gap + addition.height), PAPER)
    joined.paste(picture, (0, 0))
    joined.paste(addition, (0, picture.height + gap))
    return joined


def panel(title: str, tiles: Sequence[Figure], *, columns: int | None = None, footer: str = "") -> Image.Image:
    """Tiles side by side under a title, in rows of so many columns (default: all in one row)."""
    per_row = columns or len(tiles)
    rows = [[_captioned(tile) for tile in tiles[start : start + per_row]] for start in range(0, len(tiles), per_row)]
    column_count = max(len(row) for row in rows)
    widths = [max(row[index].width for row in rows if index < len(row)) for index in range(column_count)]
    inner = sum(widths) + GAP * (len(widths) - 1)
    head = text_block(title, inner, size=20)
    foot = text_block(footer, inner, size=15) if footer else None
    parts = [head, *(_row_of(row, widths) for row in rows), *([foot] if foot else [])]
    width = max(part.width for part in parts)  # a long word of the title may be wider than the tiles
    page = Image.new("RGB", (width + 2 * GAP, sum(part.height for part in parts) + GAP * (len(parts) + 1)), PAPER)
    top = GAP
    for part in parts:
        page.paste(part, (GAP, top))
        top += part.height + GAP
    return page


def text_block(text: str, width: int, *, size: int = 15, colour: tuple[int, int, int] = INK) -> Image.Image:
    """Text wrapped to a width, on paper."""
    lines = _wrapped(text, width, size)
    line_height = size + size // 3
    widest = max(font(size).getlength(line) for line in lines)
    block = Image.new("RGB", (max(width, int(widest) + 1), line_height * len(lines)), PAPER)
    draw = ImageDraw.Draw(block)
    for index, line in enumerate(lines):
        draw.text((0, index * line_height), line, fill=colour, font=font(size))
    return block


def _wrapped(text: str, width: int, size: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font(size).getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _captioned(tile: Figure) -> Image.Image:
    width = max(tile.picture.width, 150)
    parts = [text_block(tile.caption, width), tile.picture]
    if tile.note:
        parts.append(text_block(tile.note, width, size=13, colour=FAINT_INK))
    height = sum(part.height for part in parts) + 6 * (len(parts) - 1)
    page = Image.new("RGB", (max(part.width for part in parts), height), PAPER)
    top = 0
    for part in parts:
        page.paste(part, (0, top))
        top += part.height + 6
    return page


def _row_of(tiles: list[Image.Image], widths: list[int]) -> Image.Image:
    row = Image.new("RGB", (sum(widths) + GAP * (len(widths) - 1), max(tile.height for tile in tiles)), PAPER)
    left = 0
    for tile, width in zip(tiles, widths, strict=False):
        row.paste(tile, (left, 0))
        left += width + GAP
    return row
