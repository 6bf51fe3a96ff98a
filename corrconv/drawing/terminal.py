"""Small parts of pictures in the terminal: two pixels a character, or their numbers where colours are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.table import Table
from rich.text import Text

from corrconv.core.engines.signature import Numbers
from corrconv.core.kernel import Cell
from corrconv.drawing.matrices import numbers_text

# Four of them fit 80 columns, and pixels are squares.
ROWS, COLUMNS = 24, 19
NUMBER_ROWS, NUMBER_COLUMNS = 7, 3  # where numbers stand in place of pixels
UPPER_HALF = "▀"


@dataclass(frozen=True, eq=False)
class Shot:
    """A part of a picture: its pixels (H, W, 3) of 8 bits, and the values (H, W) that they stand for."""

    caption: str
    pixels: Numbers
    values: Numbers


def part_around(shape: tuple[int, int], at: Cell, size: tuple[int, int] = (ROWS, COLUMNS)) -> tuple[slice, slice]:
    """The rows and columns of a part of this size at most, with a place as near to its middle as the edges let it."""
    starts = [
        min(max(0, middle - side // 2), max(0, length - side))
        for length, middle, side in zip(shape, at, size, strict=True)
    ]
    rows, columns = (slice(start, start + side) for start, side in zip(starts, size, strict=True))
    return rows, columns


@dataclass(frozen=True, eq=False)
class Beside:
    """Shots beside each other, under a title; at: the place within them whose numbers are shown without colours."""

    title: str
    shots: tuple[Shot, ...]
    at: Cell

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The pictures in half blocks; in gray with 256 colours; with fewer, numbers."""
        colours = console.color_system in {"truecolor", "256"}
        yield Text(self.title, style="bold")
        grid = Table.grid(padding=(0, 1))
        grid.add_row(*(Text(shot.caption) for shot in self.shots))
        if colours:
            grid.add_row(*(half_blocks(_reduced(shot.pixels, console.color_system)) for shot in self.shots))
        else:
            grid.add_row(*(numbers_text(self._near(shot.values)) for shot in self.shots))
        yield grid

    def _near(self, values: Numbers) -> Numbers:
        shape = (values.shape[0], values.shape[1])
        return values[part_around(shape, self.at, (NUMBER_ROWS, NUMBER_COLUMNS))]


def _reduced(pixels: Numbers, color_system: str | None) -> Numbers:
    # 256 colours have 24 grays but few colours: a photo in them would show differences that there are not.
    is_photo = color_system == "256" and not _is_diverging(pixels)
    return np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8) if is_photo else pixels


def _is_diverging(pixels: Numbers) -> bool:
    """Whether blue, white and red are all that there is: a map of differences."""
    return bool((pixels.max(axis=2) >= 0x98).all() and not (pixels[:, :, 0] == pixels[:, :, 2]).all())


def half_blocks(pixels: Numbers) -> Text:
    """Pixels (H, W, 3) of 8 bits, two rows in each line of characters."""
    text = Text(no_wrap=True)
    for row in range(0, len(pixels), 2):
        lower = pixels[row + 1] if row + 1 < len(pixels) else None
        for column, upper in enumerate(pixels[row].tolist()):
            below = None if lower is None else Color.from_rgb(*lower[column].tolist())
            text.append(UPPER_HALF, Style(color=Color.from_rgb(*upper), bgcolor=below))
        text.append("\n")
    return text


def as_colours(pixels: Any) -> Numbers:
    """Pixels (H, W, C) of 8 bits as (H, W, 3)."""
    colours: Numbers = pixels if pixels.shape[2] == 3 else np.repeat(pixels[:, :, :1], 3, axis=2)
    return colours
