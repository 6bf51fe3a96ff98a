"""Astropy."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.model import BorderRule, Scale, ZeroSum
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, Wanted, plain_call
from corrconv.libraries.shared import CONVOLUTION

WORDS = BorderWords(
    "boundary",
    {"fill": BorderRule.CONSTANT, "wrap": BorderRule.WRAP, "extend": BorderRule.EDGE},
    fill="fill_value",
)
SMALLEST_SUM = 0.01


FILLED = "it fills pixels that are nan from those around"


def _convolve(
    *,
    boundary: str = "fill",
    fill_value: float = 0.0,
    normalize_kernel: bool = True,
    nan_treatment: str = "interpolate",
) -> dict[str, Any]:
    raw: dict[str, Any] = {"scale": Scale.RAW, "zero_sum": ZeroSum.RAW, "smallest_sum": None}
    nan = FILLED if nan_treatment == "interpolate" else "it takes nan for fill_value"
    return {"borders": WORDS.borders(boundary, fill_value), "not_finite": nan, **({} if normalize_kernel else raw)}


def _place(wanted: Wanted) -> dict[str, Any]:
    # Without this, it divides by the sum, and fills nan from the pixels around, which needs that too.
    return {**WORDS.settings(wanted.borders), "normalize_kernel": False, "nan_treatment": "fill"}


FUNCTIONS = (
    LibraryFunction(
        name="astropy.convolution.convolve",
        aliases=("astropy.convolve",),
        computes=CONVOLUTION.changed(
            scale=Scale.SUM, zero_sum=ZeroSum.REFUSED, smallest_sum=SMALLEST_SUM, odd_sides=True, not_finite=FILLED
        ),
        configure=_convolve,
        place=_place,
        borders=WORDS,
        runner=PythonFunction(module="astropy", call=plain_call("astropy.convolution.convolve")),
        text=PythonText("from astropy import convolution", "convolution.convolve(padded, kernel{settings})"),
    ),
)
