"""Julia: the packages ImageFiltering, DSP and NNlib, which Flux calls; from their documents."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.geometry import Pads
from corrconv.core.convention.model import BorderRule, Orientation
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.shared import CONVOLUTION, CORRELATION, EDGE, Pair, pair

WORDS = BorderWords(
    "border",
    {
        "replicate": BorderRule.EDGE,
        "circular": BorderRule.WRAP,
        "reflect": BorderRule.REFLECT,
        "symmetric": BorderRule.SYMMETRIC,
    },
)


def _imfilter(*, border: str = "replicate") -> dict[str, Any]:
    return {"borders": WORDS.borders(border)}


TURNS = {"false": Orientation.HALF_TURN, "true": Orientation.AS_IS}


def _conv(*, flipped: bool | str = False, pad: int = 0, stride: Pair = 1, dilation: Pair = 1) -> dict[str, Any]:
    if str(flipped).lower() not in TURNS:
        raise CorrconvError(f"flipped={flipped} is not known here; false convolves, true correlates")
    return {
        "orientation": TURNS[str(flipped).lower()],
        "pads": Pads(pad, pad, pad, pad),
        "stride": pair(stride),
        "dilation": pair(dilation),
    }


FUNCTIONS = (
    LibraryFunction(
        name="ImageFiltering.imfilter",
        computes=CORRELATION.changed(borders=EDGE, odd_sides=True),
        documented="imfilter with a centered kernel",
        borders=WORDS,
        configure=_imfilter,
    ),
    LibraryFunction(
        name="DSP.conv",
        computes=CONVOLUTION.changed(output_size=OutputSize.FULL),
        documented="conv",
    ),
    LibraryFunction(
        name="NNlib.conv",
        computes=CONVOLUTION.changed(output_size=OutputSize.VALID),
        # Its text said the opposite of flipped before 2026.
        documented="conv, and the results shown in FluxML/NNlib.jl#755",
        configure=_conv,
    ),
)
