"""What every picture for people is made of: captions, heat maps, diverging colours, tiles side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from corrconv.core.pixels import finite_range, pixel_scale, quantize
from corrconv.core.terms import Display
from corrconv.drawing.numbers import short_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corrconv.core.kernel import Kernel

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

INK = (33, 37, 41)
FAINT_INK = (108, 117, 125)
PAPER = (255, 255, 255)
FRAME = (206, 212, 218)

# Blue, white, red: told apart by every kind of colour vision, and by lightness from white.
# Source: the ends of ColorBrewer's RdBu (C. Brewer, 2003).
NEGATIVE = (33, 102, 172)
POSITIVE = (178, 24, 43)

GAP = 16
SMALLEST_SIDE = 240  # smaller pictures are enlarged, so that their pixels can be seen
LARGEST_SIDE = 400  # larger ones are reduced, so that a panel fits a screen


@dataclass(frozen=True)
class Tile:
    """One picture of a panel, with a caption above and a note below."""

    picture: Image.Image
    caption: str
    note: str = ""


@cache
def font(size: int = 15) -> Font:
    """Pillow's own font, so that pictures look the same on every machine."""
    return ImageFont.load_default(size)


def diverging(values: NDArray[np.floating[Any]], peak: float | None = None) -> Image.Image:
    """Signed values (H, W) as colours: blue below 0, white at 0 and nan, red above; ±peak is the full colour."""
    largest = max(map(abs, finite_range(values))) if peak is None else peak
    scaled = values / largest if 0 < largest < inf else np.sign(values)
    share = np.nan_to_num(np.clip(scaled, -1, 1))[:, :, np.newaxis]
    end = np.where(share < 0, np.array(NEGATIVE), np.array(POSITIVE))
    colours = np.array(PAPER) + np.abs(share) * (end - np.array(PAPER))
    return Image.fromarray(np.rint(colours).astype(np.uint8))


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
        return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    factor = max(1, SMALLEST_SIDE // longest)
    return picture.convert("RGB").resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def framed(picture: Image.Image) -> Image.Image:
    """The picture with a thin line around it, so that white ones end somewhere."""
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width - 1, picture.height - 1), outline=FRAME)
    return picture


def heat_map(kernel: Kernel, side: int = SMALLEST_SIDE) -> Image.Image:
    """A kernel as coloured cells with their weights, where these can be read; the anchor is framed."""
    rows, columns = kernel.shape
    cell = max(1, side // max(rows, columns))
    picture = diverging(kernel.weights).resize((columns * cell, rows * cell), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    texts = [[short_number(weight) for weight in row] for row in kernel.weights.tolist()]
    size = next((size for size in (16, 13, 11) if _texts_fit(texts, size, cell)), None)
    peak = float(np.abs(kernel.weights).max())
    for row, column in np.ndindex(rows, columns):
        box = (column * cell, row * cell, (column + 1) * cell - 1, (row + 1) * cell - 1)
        if cell >= 8:
            draw.rectangle(box, outline=FRAME)
        if size is not None:
            strong = peak and abs(kernel.weights[row, column]) > 0.55 * peak
            centre = ((column + 0.5) * cell, (row + 0.5) * cell)
            draw.text(centre, texts[row][column], fill=PAPER if strong else INK, font=font(size), anchor="mm")
    row, column = kernel.anchor
    box = (column * cell, row * cell, (column + 1) * cell - 1, (row + 1) * cell - 1)
    draw.rectangle(box, outline=INK, width=max(1, min(3, cell // 6)))
    return picture


def colour_bar(peak: float, width: int, height: int = 14) -> Image.Image:
    """The diverging colours from -peak over 0 to +peak, with these three numbers below."""
    bar = diverging(np.linspace(-1, 1, width)[np.newaxis, :], 1.0).resize((width, height))
    legend = Image.new("RGB", (width, height + 22), PAPER)
    legend.paste(bar, (0, 0))
    draw = ImageDraw.Draw(legend)
    draw.rectangle((0, 0, width - 1, height - 1), outline=FRAME)
    for x, text, anchor in (
        (0, short_number(-peak), "la"),
        (width // 2, "0", "ma"),
        (width - 1, short_number(peak), "ra"),
    ):
        draw.text((x, height + 4), text, fill=FAINT_INK, font=font(13), anchor=anchor)
    return legend


def below(picture: Image.Image, addition: Image.Image, gap: int = 6) -> Image.Image:
    """Two pictures, one below the other, flush left."""
    width = max(picture.width, addition.width)
    joined = Image.new("RGB", (width, picture.height + gap + addition.height), PAPER)
    joined.paste(picture, (0, 0))
    joined.paste(addition, (0, picture.height + gap))
    return joined


def panel(title: str, tiles: Sequence[Tile], *, columns: int | None = None, footer: str = "") -> Image.Image:
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


def _texts_fit(texts: list[list[str]], size: int, cell: int) -> bool:
    if cell < size + 4:
        return False
    return max(font(size).getlength(text) for row in texts for text in row) <= cell - 6


def _captioned(tile: Tile) -> Image.Image:
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
