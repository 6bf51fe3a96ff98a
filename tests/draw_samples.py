"""Draw the sample pictures that the project makes itself: python tests/draw_samples.py"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def draw_letter() -> Image.Image:
    """A white F on black, 256x256: no mirror and no turn leaves it as it is."""
    picture = Image.new("L", (256, 256))
    font = ImageFont.load_default(size=240)
    ImageDraw.Draw(picture).text((128, 128), "F", fill=255, font=font, anchor="mm")
    return picture


def draw_impulse() -> Image.Image:
    """One white pixel in the middle of 33x33 black ones: filtering it shows the kernel."""
    pixels = np.zeros((33, 33), dtype=np.uint8)
    pixels[16, 16] = 255
    return Image.fromarray(pixels)


def draw_stripes() -> Image.Image:
    """Vertical stripes of one white and one black column, 64x64: period 2, so wrapped flips coincide."""
    pixels = np.zeros((64, 64), dtype=np.uint8)
    pixels[:, ::2] = 255
    return Image.fromarray(pixels)


def draw_gradient16() -> Image.Image:
    """A 16-bit ramp that uses all values from 0 to 65535, with a bright disc on its dark side, 256x256."""
    rows, columns = np.mgrid[:256, :256]
    ramp = columns * 256 + rows
    in_disc = (rows - 104) ** 2 + (columns - 88) ** 2 < 56**2
    return Image.fromarray(np.where(in_disc, 57344, ramp).astype(np.uint16))


DRAWN = {
    "letter": draw_letter,
    "impulse": draw_impulse,
    "stripes": draw_stripes,
    "gradient16": draw_gradient16,
}

if __name__ == "__main__":
    for name, draw in DRAWN.items():
        draw().save(Path(__file__).parents[1] / "sample_images" / f"{name}.png", optimize=True)
