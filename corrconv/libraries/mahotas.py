"""Mahotas."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.model import BorderRule
from corrconv.core.convention.numbers import CAST, Doubt
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, plain_call
from corrconv.libraries.shared import CORRELATION, SYMMETRIC

WORDS = BorderWords(
    "mode",
    {
        "reflect": BorderRule.SYMMETRIC,
        "nearest": BorderRule.EDGE,
        "wrap": BorderRule.WRAP,
        "mirror": BorderRule.REFLECT,
        "constant": BorderRule.CONSTANT,
    },
)


# Those of 8 bits stay below 31 bits.
UNDEFINED = "negative weights become large ones, and what C makes of sums past 31 bits is not defined"


def _convolve(*, mode: str = "reflect") -> dict[str, Any]:
    return {"borders": WORDS.borders(mode)}


FUNCTIONS = (
    LibraryFunction(
        name="mahotas.convolve",
        # Despite its name. It casts the weights to the picture's type, as it does the sums.
        computes=CORRELATION.changed(
            skips_zeros=True,
            borders=SYMMETRIC,
            numbers=CAST,
            whole_weights=True,
            inexact=UNDEFINED,
            doubt=Doubt.NEGATIVE_WEIGHTS,
        ),
        configure=_convolve,
        borders=WORDS,
        # Nothing but real pictures shows fractional weights.
        runner=PythonFunction(module="mahotas", call=plain_call("mahotas.convolve"), image_dtypes=("float64",)),
        text=PythonText("import mahotas", "mahotas.convolve(padded, kernel{settings})"),
    ),
)
