"""The frequency response as pictures with axes: gain, phase of both operations, cuts, the theorem, the inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from corrconv.commands.spectrum.study import GRID, LOST, ZERO, gaussian_beside
from corrconv.commands.spectrum.view import inverse_lines, theorem_words
from corrconv.core.terms import Operation
from corrconv.drawing.cells import heat_map
from corrconv.drawing.charts import signal_chart
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    FAINT_INK,
    INK,
    PAPER,
    Figure,
    below,
    colour_bar,
    diverging,
    fitted,
    font,
    framed,
    panel,
    shown,
    telling_peak,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.spectrum.study import Inverse, Restoration, Spectrum, Theorem

    MapValues = NDArray[np.float64]

MAP_SIDE = 240
LEFT, BOTTOM = 46, 36
EVERY = GRID // 720  # of a cut's frequencies, enough for a chart
LARGEST_INVERSE = 20.0  # gains beyond it have its colour


def spectrum_picture(
    spectrum: Spectrum,
    theorem: Theorem | None = None,
    inverse: Inverse | None = None,
    restoration: Restoration | None = None,
) -> Image.Image:
    """Everything that was asked for, in rows of tiles."""
    tiles = [*_response_tiles(spectrum), *(_theorem_tiles(theorem) if theorem else ())]
    lines = [theorem_words(theorem)] if theorem else []
    if inverse is not None:
        tiles += _inverse_tiles(spectrum, restoration)
        lines += inverse_lines(inverse, restoration)
    title = f"{spectrum.kernel.name}: it lets pass {spectrum.passing}"
    footer = "Maps: frequencies in cycles per pixel, flat parts (0) in the middle. " + " ".join(lines)
    return panel(title, tiles, columns=5, footer=footer)


def frequency_map(values: MapValues, peak: float, *, signed: bool = False, unit: str = "") -> Image.Image:
    """A plane of frequencies (as numpy.fft orders them), 0 in the middle, with axes from -0.5 to 0.5 and a scale."""
    centred = np.fft.fftshift(values)
    drawn = diverging(centred, peak).resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BOX)
    page = Image.new("RGB", (LEFT + MAP_SIDE + 12, MAP_SIDE + BOTTOM + 8), PAPER)
    page.paste(framed(drawn), (LEFT, 8))
    draw = ImageDraw.Draw(page)
    for share, text in ((0.0, "-0.5"), (0.5, "0"), (1.0, "0.5")):
        x, y = LEFT + share * (MAP_SIDE - 1), 8 + share * (MAP_SIDE - 1)
        draw.line((x, 8 + MAP_SIDE, x, 12 + MAP_SIDE), fill=INK)
        draw.text((x, 13 + MAP_SIDE), text, fill=FAINT_INK, font=font(13), anchor="ma")
        draw.line((LEFT - 4, y, LEFT, y), fill=INK)
        draw.text((LEFT - 6, y), text, fill=FAINT_INK, font=font(13), anchor="rm")
    draw.text((LEFT + MAP_SIDE // 4, 13 + MAP_SIDE), "across", fill=FAINT_INK, font=font(13), anchor="ma")
    draw.text((LEFT - 6, 8 + MAP_SIDE // 4), "down", fill=FAINT_INK, font=font(13), anchor="rm")
    bar = Image.new("RGB", (LEFT + MAP_SIDE, 36), PAPER)
    bar.paste(colour_bar(peak, MAP_SIDE, signed=signed), (LEFT, 0))
    if unit:
        ImageDraw.Draw(bar).text((LEFT + MAP_SIDE * 3 // 4, 18), unit, fill=FAINT_INK, font=font(13), anchor="ma")
    return below(page, bar)


def _response_tiles(spectrum: Spectrum) -> list[Figure]:
    peak = float(spectrum.gain.max()) or 1.0
    phase = np.degrees(np.angle(np.where(spectrum.gain > ZERO * peak, spectrum.response, 0)))
    # -180° and 180° are one angle; rounding must not make a checkerboard of it.
    phase = np.where(np.isclose(np.abs(phase), 180, atol=1e-4), 180.0, np.where(np.abs(phase) < 1e-4, 0.0, phase))
    turned = np.where(phase == 180, 180.0, -phase)
    return [
        Figure(heat_map(spectrum.kernel), "the kernel", "its anchor framed"),
        Figure(frequency_map(spectrum.gain, peak), "gain, both operations"),
        Figure(frequency_map(phase, 180, signed=True, unit="degrees"), f"phase, {Operation.CORRELATION}"),
        Figure(frequency_map(turned, 180, signed=True, unit="degrees"), f"phase, {Operation.CONVOLUTION}"),
        Figure(_cuts_chart(spectrum), "gain along the axes"),
    ]


def _cuts_chart(spectrum: Spectrum) -> Image.Image:
    curves = {
        name: (0, np.abs(cut.response[::EVERY])) for name, cut in (("across", spectrum.across), ("down", spectrum.down))
    }
    beside = gaussian_beside(spectrum.kernel)
    if beside is not None:
        curves["across, a Gaussian as wide"] = (0, np.abs(beside.response[::EVERY]))
    return signal_chart(curves, unit="cycles per pixel", height=300, apart=EVERY / GRID)


def _theorem_tiles(theorem: Theorem) -> list[Figure]:
    """Above: picture and result; below what: their transforms, with the response between."""
    before, after = (_log_power(values) for values in (theorem.picture, theorem.result))
    peak = float(max(before.max(), after.max())) or 1.0
    gain = np.abs(theorem.response)
    return [
        Figure(_gray(theorem.picture), "the picture"),
        Figure(frequency_map(before, peak, unit="log10"), "its transform, size"),
        Figure(frequency_map(gain, float(gain.max()) or 1.0), "times the gain"),
        Figure(frequency_map(after, peak, unit="log10"), "= the result's transform"),
        Figure(_gray(theorem.result), f"the result ({theorem.operation})", _ends(theorem.result)),
    ]


def _inverse_tiles(spectrum: Spectrum, restoration: Restoration | None) -> list[Figure]:
    gain = spectrum.gain
    lost = gain <= LOST * gain.max()
    inverse = np.where(lost, LARGEST_INVERSE, 1 / np.where(lost, 1, gain))
    peak = float(min(inverse.max(), LARGEST_INVERSE)) or 1.0
    tiles = [Figure(frequency_map(inverse, peak), "gain of the inverse", f"darkest: {short_number(peak)} and more")]
    if restoration is None:
        return tiles
    low, high = float(restoration.original.min()), float(restoration.original.max())
    for values, caption in (
        (restoration.original, "the picture"),
        (restoration.filtered, f"filtered, noise {restoration.noise:g}"),
        (restoration.plain, "undone by division"),
        (restoration.wiener, "undone by Wiener's filter"),
    ):
        error = f"off by {short_number(restoration.error(values))} (RMSE)" if values is not restoration.original else ""
        tiles.append(Figure(_gray(np.clip(values, low, high)), caption, error))
    return tiles


def _log_power(values: MapValues) -> MapValues:
    logs: MapValues = np.log10(1 + np.abs(np.fft.fft2(values)))
    return logs


def _gray(values: MapValues) -> Image.Image:
    drawn = diverging(values, telling_peak(values) or None) if values.min() < 0 else shown(values[:, :, np.newaxis])
    return framed(_smaller(fitted(drawn)))


def _ends(values: MapValues) -> str:
    """Where the colours of signed values end, in words."""
    return (
        f"blue below 0, red above; full colour from {short_number(telling_peak(values))} on" if values.min() < 0 else ""
    )


def _smaller(picture: Image.Image) -> Image.Image:
    picture.thumbnail((MAP_SIDE + LEFT, MAP_SIDE + LEFT))
    return picture
