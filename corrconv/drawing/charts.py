"""Curves over steps, with axes that can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import FAINT_INK, FRAME, INK, PAPER, font

# Told apart by every kind of colour vision, and by their dashes where they lie on each other.
# Source: the palette of M. Okabe and K. Ito, "Color Universal Design" (2008).
COLOURS = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (120, 120, 120),
    (0, 0, 0),
)

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, BOTTOM = 62, 14, 42
LEGEND_DASH, LEGEND_GAP, LEGEND_LINE = 22, 16, 20
DASH = 8


def curves(
    series: Mapping[str, Sequence[float]], *, steps: str = "step", labels: Sequence[str] | None = None
) -> Image.Image:
    """Positive values over steps 0, 1, 2 ... on a logarithmic scale; curves that coincide share the line in dashes.

    nan leaves a gap. labels name the steps, which are then few, and each has a dot; such curves do not coincide.
    """
    legend = _legend(list(series))
    ceiling = LEGEND_LINE * len(legend) + 6
    height = HEIGHT if labels is None else HEIGHT + ceiling
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(picture)
    values = np.array(list(series.values()), dtype=np.float64)
    positive = values[values > 0]
    low, high = (log10(positive.min()), log10(positive.max())) if positive.size else (0.0, 1.0)
    margin = max(0.05 * (high - low), 0.05)
    bottom, top = low - margin, high + margin
    last = max(1, values.shape[1] - 1) if labels is None else len(labels)

    def place(step: float, value: float) -> tuple[float, float]:
        share = (log10(value) - bottom) / (top - bottom) if value > 0 else 0.0
        across = step / last if labels is None else (step + 0.5) / last
        return LEFT + across * (WIDTH - LEFT - RIGHT), height - BOTTOM - share * (height - ceiling - BOTTOM)

    draw.rectangle((LEFT, ceiling, WIDTH - RIGHT, height - BOTTOM), outline=FRAME)
    for value in _levels(bottom, top):
        _, y = place(0, value)
        draw.line((LEFT, y, WIDTH - RIGHT, y), fill=FRAME)
        draw.text((LEFT - 6, y), _level_text(value), fill=FAINT_INK, font=font(13), anchor="rm")
    for step in _ticks(last) if labels is None else range(len(labels)):
        x, y = place(step, 0)
        draw.line((x, y, x, y + 4), fill=FAINT_INK)
        text = str(step) if labels is None else labels[step]
        draw.text((x, y + 6), text, fill=FAINT_INK, font=font(13), anchor="ma")
    draw.text((WIDTH - RIGHT, height - 2), steps, fill=FAINT_INK, font=font(13), anchor="rd")

    for index, curve in enumerate(values):
        points = [place(step, value) for step, value in enumerate(curve.tolist())]
        for stretch in _finite_stretches(curve):
            part = points[stretch.start : stretch.stop]
            if labels is None:
                _dashed(draw, part, COLOURS[index % len(COLOURS)], index, len(values))
            else:
                _dotted(draw, part, index)
    _draw_legend(draw, legend)
    return picture


def signal_chart(
    signals: Mapping[str, tuple[int, NDArray[np.number[Any]]]],
    *,
    unit: str = "sample",
    height: int = 220,
    apart: float = 1.0,
) -> Image.Image:
    """Signals over their samples on a linear scale; each begins at a sample of its own. nan leaves a gap.

    apart: how far samples lie apart, in the unit that the axis is labelled in.
    """
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(picture)
    legend = _legend(list(signals))
    ceiling = LEGEND_LINE * len(legend) + 6
    values = np.concatenate([values.astype(np.float64) for _, values in signals.values()])
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    margin = max(0.05 * (high - low), 1e-9 * max(abs(low), abs(high))) or 0.5
    bottom, top = low - margin, high + margin
    first = min(start for start, _ in signals.values())
    last = max(start + len(values) - 1 for start, values in signals.values())

    def place(sample: float, value: float) -> tuple[float, float]:
        across = (sample - first) / max(1, last - first)
        up = (value - bottom) / (top - bottom)
        return LEFT + across * (WIDTH - LEFT - RIGHT), height - BOTTOM - up * (height - ceiling - BOTTOM)

    draw.rectangle((LEFT, ceiling, WIDTH - RIGHT, height - BOTTOM), outline=FRAME)
    for value in _round_numbers(bottom, top, 5):
        x, y = place(first, value)
        draw.line((x, y, WIDTH - RIGHT, y), fill=FRAME)
        draw.text((x - 6, y), short_number(value), fill=FAINT_INK, font=font(13), anchor="rm")
    for mark in _round_numbers(first * apart, last * apart, 6):
        x, _ = place(mark / apart, bottom)
        draw.line((x, height - BOTTOM, x, height - BOTTOM + 4), fill=FAINT_INK)
        draw.text((x, height - BOTTOM + 6), short_number(mark), fill=FAINT_INK, font=font(13), anchor="ma")
    draw.text((WIDTH - RIGHT, height - 2), unit, fill=FAINT_INK, font=font(13), anchor="rd")
    for index, (start, curve) in enumerate(signals.values()):
        colour = COLOURS[index % len(COLOURS)]
        for stretch in _finite_stretches(curve):
            points = [place(start + sample, float(curve[sample])) for sample in stretch]
            _dashed(draw, points, colour, index, len(signals))
            if last - first <= 60:
                for x, y in points:
                    draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    _draw_legend(draw, legend)
    return picture


def _finite_stretches(curve: NDArray[np.number[Any]]) -> list[range]:
    """The samples between gaps."""
    edges = np.flatnonzero(np.diff(np.isfinite(curve), prepend=False, append=False))
    return [range(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _round_numbers(low: float, high: float, count: int) -> list[float]:
    """About so many round numbers within a range."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _dashed(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], colour: tuple[int, int, int], index: int, count: int
) -> None:
    """Draw every count-th dash of a curve, so that those of the others show where the curves coincide."""
    if len(points) == 1:
        x, y = points[0]
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
        return
    lengths = np.hypot(*np.diff(np.array(points), axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    xs, ys = np.array(points).T
    draw.line(points, fill=colour, width=1)
    for start in np.arange(index * DASH, at[-1], count * DASH):
        ends = np.array([start, min(start + DASH, at[-1])])
        inner = at[(at > ends[0]) & (at < ends[1])]
        along = np.concatenate([ends[:1], inner, ends[1:]])
        dash = zip(np.interp(along, at, xs).tolist(), np.interp(along, at, ys).tolist(), strict=True)
        draw.line(list(dash), fill=colour, width=3)


def _dotted(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], index: int) -> None:
    """Draw a curve with a dot at each step; in a second round through the colours it is dashed."""
    colour = COLOURS[index % len(COLOURS)]
    if index < len(COLOURS) and len(points) > 1:
        draw.line(points, fill=colour, width=2)
    else:
        _dashed(draw, points, colour, 0, 2)
    for x, y in points:
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)


def _legend(names: Sequence[str]) -> list[list[tuple[int, str]]]:
    """The curves' numbers and names, in lines that fit the width."""
    lines: list[list[tuple[int, str]]] = [[]]
    room = 0.0
    for index, name in enumerate(names):
        needed = LEGEND_DASH + 6 + font(13).getlength(name) + LEGEND_GAP
        if lines[-1] and needed > room:
            lines.append([])
        room = (room if lines[-1] else WIDTH - LEFT) - needed
        lines[-1].append((index, name))
    return lines


def _draw_legend(draw: ImageDraw.ImageDraw, lines: list[list[tuple[int, str]]]) -> None:
    for number, line in enumerate(lines):
        x, y = float(LEFT), 10 + LEGEND_LINE * number
        for index, name in line:
            colour, ends = COLOURS[index % len(COLOURS)], [(x, float(y)), (x + LEGEND_DASH, float(y))]
            if index < len(COLOURS):
                draw.line(ends, fill=colour, width=3)
            else:
                _dashed(draw, ends, colour, 0, 2)
            draw.text((x + LEGEND_DASH + 6, y), name, fill=INK, font=font(13), anchor="lm")
            x += LEGEND_DASH + 6 + font(13).getlength(name) + LEGEND_GAP


def _levels(bottom: float, top: float) -> list[float]:
    """Round values between two powers of 10: powers alone over a wide range, more of them over a narrow one."""
    span = top - bottom
    factors = (1, 1.5, 2, 3, 5, 7) if span < 1 else (1, 2, 5) if span < 3 else (1,)
    every = max(1, ceil((top - bottom) / 7))
    exponents = range(floor(bottom), ceil(top) + 1)
    levels = [factor * 10.0**exponent for exponent in exponents if exponent % every == 0 for factor in factors]
    return [level for level in levels if bottom <= log10(level) <= top]


def _level_text(value: float) -> str:
    return short_number(value) if 1e-3 <= value < 1e5 else f"{value:.0e}"


def _ticks(last: int) -> list[int]:
    """About five round numbers from 0 to the last step."""
    raw = last / 5
    unit = 10 ** floor(log10(raw)) if raw >= 1 else 1
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    return list(range(0, last + 1, step))


# The steps of a descent that its table shows, of however many there were.
TABLE_STEPS = 12


def telling_steps(last: int, count: int) -> list[int]:
    """The first and the last step and some between, at most count, closer together where more happens."""
    if last < count:
        return list(range(last + 1))
    spread = np.geomspace(1, last, count - 1)
    return sorted({0, *(round(step) for step in spread.tolist())})
