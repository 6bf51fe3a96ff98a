"""Pictures of characters, drawn with Pillow's own font: data to train on that need no download."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

# None of these is its own half-turn or mirror image; L and 7 are nearly each other's half-turn.
CHARACTERS = "FGJLPQR47a"

SIDE = 20
FONT_SIZES = (13, 18)
LARGEST_SHIFT = 2.5
FAINTEST = 0.6
NOISE = 0.15

# Glyphs are drawn larger and reduced, so that sizes and shifts may be fractions of a pixel.
ENLARGEMENT = 4


def draw_glyphs(count: int, seed: int, characters: str = CHARACTERS) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """So many pictures (count, SIDE, SIDE) from 0 to 1, bright on dark, and which character each shows.

    Size, place and brightness are random and there is noise; the same seed draws the same pictures.
    Each character is drawn equally often, up to one.
    """
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % len(characters))
    images = np.array([_draw_glyph(characters[label], random) for label in labels])
    images += random.normal(scale=NOISE, size=images.shape)
    return np.clip(images, 0, 1), labels


def _draw_glyph(character: str, random: np.random.Generator) -> NDArray[np.float64]:
    canvas = Image.new("L", (SIDE * ENLARGEMENT, SIDE * ENLARGEMENT))
    font = _font(round(random.uniform(*FONT_SIZES) * ENLARGEMENT))
    left, top, right, bottom = font.getbbox(character)
    shift_x, shift_y = random.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, size=2) * ENLARGEMENT
    corner = round((canvas.width - left - right) / 2 + shift_x), round((canvas.height - top - bottom) / 2 + shift_y)
    ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font)
    return np.asarray(canvas.reduce(ENLARGEMENT)) / 255 * random.uniform(FAINTEST, 1)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
