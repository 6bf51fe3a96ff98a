"""The frequency response as text and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.text import Text

from corrconv.commands.spectrum.study import GRID, LOST, ZERO
from corrconv.core.terms import Operation
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite
from corrconv.drawing.numbers import share, short_number

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from corrconv.commands.spectrum.study import Cut, Inverse, Restoration, Spectrum, Theorem

BAR = 7  # characters
STEPS = 10  # lines of the table from frequency 0 to 0.5
MOST_ZEROS = 4
EQUAL = 1e-12  # deviations below are those of transforms


def spectrum_view(
    spectrum: Spectrum,
    theorem: Theorem | None = None,
    inverse: Inverse | None = None,
    restoration: Restoration | None = None,
) -> Group:
    """Gains and phases along both axes, what they mean, and what was checked on a picture."""
    parts: list[RenderableType] = [
        Text(f"{spectrum.kernel.name}: it lets pass {spectrum.passing}", "bold"),
        Text(),
        _table(spectrum),
        Text("gain: by how much a wave becomes stronger; phase: how far it moves, 360° is a wave", "dim"),
        Text(),
        *(Text(line) for line in _facts(spectrum)),
    ]
    if theorem is not None:
        parts += [Text(), Text(theorem_words(theorem))]
    if inverse is not None:
        parts += [Text(), *(Text(line) for line in inverse_lines(inverse, restoration))]
    return Group(*parts)


def spectrum_document(
    spectrum: Spectrum,
    theorem: Theorem | None = None,
    inverse: Inverse | None = None,
    restoration: Restoration | None = None,
) -> dict[str, Any]:
    """The response for scripts; frequencies are in cycles per pixel, down before across."""
    (strongest, at_strongest), (weakest, at_weakest) = spectrum.strongest, spectrum.weakest
    document: dict[str, Any] = {
        "version": DOCUMENT_VERSION,
        "kernel": {
            "name": spectrum.kernel.name,
            "weights": spectrum.kernel.weights.tolist(),
            "anchor": list(spectrum.kernel.anchor),
        },
        "passing": str(spectrum.passing),
        "gain": {
            "flat": spectrum.flat,
            "strongest": strongest,
            "strongest_at": list(at_strongest),
            "weakest": weakest,
            "weakest_at": list(at_weakest),
        },
        "conjugate_deviation": spectrum.conjugate,
        "cuts": {"down": _cut_document(spectrum.down), "across": _cut_document(spectrum.across)},
    }
    if theorem is not None:
        document["theorem"] = {"operation": str(theorem.operation), "max_relative_deviation": theorem.deviation}
    if inverse is not None:
        document["inverse"] = {
            "lost": inverse.lost,
            "frequencies": inverse.frequencies,
            "worst_amplification": finite(inverse.worst),
            "noise_amplification": finite(inverse.noise_gain),
            "noise": None if restoration is None else restoration.noise,
            "rmse": None if restoration is None else _errors(restoration),
        }
    return document


def theorem_words(theorem: Theorem) -> str:
    """The convolution theorem with what was measured."""
    conjugate = "" if theorem.operation is Operation.CONVOLUTION else " (for correlation: its conjugate)"
    return (
        f"Convolution theorem: the transform of the result is that of the picture times the kernel's{conjugate}."
        f" Checked, wrapped around: {_agreement(theorem.deviation)}."
    )


def inverse_lines(inverse: Inverse, restoration: Restoration | None) -> list[str]:
    """Whether it can be undone, in numbers."""
    if inverse.lost:
        part = share(inverse.lost / inverse.frequencies)
        first = (
            f"It cannot be undone: at {inverse.lost} of {inverse.frequencies} frequencies ({part}) nothing is left"
            f" (gain below {LOST:.0e} of the largest)."
        )
    else:
        first = (
            f"None of the {inverse.frequencies} frequencies of this size is lost altogether, so that without noise it"
            " can be undone; with other numbers of rows and columns some may be."
        )
    second = (
        f"Dividing by the response makes the weakest wave that is left {short_number(inverse.worst)} times as strong,"
        f" and white noise {short_number(inverse.noise_gain)} times on average."
    )
    lines = [first, second]
    if restoration is not None:
        filtered, division, wiener = map(short_number, _errors(restoration).values())
        lines.append(
            f"On the picture, with noise of {restoration.noise:g}: filtered it is off by {filtered} (RMSE), undone by"
            f" division {division}, by Wiener's filter, which holds back where little is left, {wiener}."
        )
    return lines


def _errors(restoration: Restoration) -> dict[str, float]:
    return {
        "filtered": restoration.error(restoration.filtered),
        "division": restoration.error(restoration.plain),
        "wiener": restoration.error(restoration.wiener),
    }


def _table(spectrum: Spectrum) -> Table:
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("cycles\na pixel", justify="right", no_wrap=True)
    table.add_column("pixels\na wave", justify="right", no_wrap=True)
    table.add_column("gain\nacross", no_wrap=True)
    table.add_column("\ndown", no_wrap=True)
    table.add_column("phase\ncorrelation", justify="right", no_wrap=True)
    table.add_column("across\nconvolution", justify="right", no_wrap=True)
    peak = float(spectrum.gain.max()) or 1.0
    for step in range(STEPS + 1):
        frequency = step / STEPS / 2
        index = round(frequency * GRID)
        across, down = (complex(cut.response[index]) for cut in (spectrum.across, spectrum.down))
        table.add_row(
            f"{frequency:.2f}",
            "flat" if step == 0 else f"{1 / frequency:.3g}",
            _bar(abs(across), peak),
            _bar(abs(down), peak),
            _phase(across, peak),
            _phase(across.conjugate(), peak),
        )
    return table


def _bar(gain: float, peak: float) -> Text:
    length = round(BAR * gain / peak)
    shown = 0.0 if gain <= ZERO * peak else gain
    return Text("█" * length + " " * (BAR - length), "cyan").append(f" {short_number(shown)}", "default")


def _phase(response: complex, peak: float) -> str:
    if abs(response) <= ZERO * peak:
        return "-"
    degrees = round(float(np.degrees(np.angle(response))), 6) + 0.0
    return f"{180.0 if degrees == -180 else degrees:.0f}°"


def _facts(spectrum: Spectrum) -> list[str]:
    (strongest, at_strongest), (weakest, at_weakest) = spectrum.strongest, spectrum.weakest
    peak = strongest or 1.0
    lines = [
        f"Flat parts: times {short_number(0.0 if abs(spectrum.flat) <= ZERO * peak else spectrum.flat)} (the sum of the"
        f" weights). Strongest: {short_number(strongest)} at {_place(at_strongest)}. Weakest:"
        f" {short_number(0.0 if weakest <= ZERO * peak else weakest)} at {_place(at_weakest)} (down, across)."
    ]
    for name, cut in (("across", spectrum.across), ("down", spectrum.down)):
        words = []
        if cut.half is not None:
            words.append(f"half the gain of flat parts at {cut.half:.3f}")
        if cut.zeros:
            more = "" if len(cut.zeros) <= MOST_ZEROS else f" and {len(cut.zeros) - MOST_ZEROS} more"
            words.append(f"nothing passes at {', '.join(f'{zero:.3g}' for zero in cut.zeros[:MOST_ZEROS])}{more}")
        if cut.side_lobe > 0.001:
            words.append(f"beyond, up to {share(cut.side_lobe)} comes back (ringing)")
        if words:
            lines.append(f"{name.capitalize()}: {'; '.join(words)}.")
    lines.append(
        f"Both operations have these gains; their phases are opposite ({_agreement(spectrum.conjugate)}):"
        f" {_phase_words(spectrum)}"
    )
    return lines


def _agreement(deviation: float) -> str:
    return "equal but for rounding" if deviation < EQUAL else f"off by {deviation:.0e} of the largest"


def _place(frequencies: tuple[float, float]) -> str:
    return f"{frequencies[0]:.3g},{frequencies[1]:.3g}"


def _phase_words(spectrum: Spectrum) -> str:
    peak = float(spectrum.gain.max()) or 1.0
    if np.abs(spectrum.response.imag).max() <= ZERO * peak:
        return "0° or 180° here, where opposite is the same."
    if np.abs(spectrum.response.real).max() <= ZERO * peak:
        return "90° and -90° here, so the signs differ."
    return "waves move one way under correlation, the other way under convolution."


def _cut_document(cut: Cut) -> dict[str, Any]:
    every = GRID // 240
    return {
        "frequency": cut.frequencies[::every].tolist(),
        "gain": np.abs(cut.response[::every]).tolist(),
        "correlation_phase_degrees": np.degrees(np.angle(cut.response[::every])).tolist(),
        "half_gain": cut.half,
        "zeros": list(cut.zeros),
        "side_lobe": cut.side_lobe,
    }
