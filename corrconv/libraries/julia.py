"""Julia: the packages ImageFiltering and DSP; from their documents."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.model import BorderRule
from corrconv.core.terms import OutputSize
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.shared import CONVOLUTION, CORRELATION, EDGE

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
)
