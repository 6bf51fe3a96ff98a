"""Astropy."""

from __future__ import annotations

from corrconv.core.convention.model import Scale, ZeroSum
from corrconv.libraries.function import LibraryFunction, PythonFunction, plain_call
from corrconv.libraries.shared import CONVOLUTION

FUNCTIONS = (
    LibraryFunction(
        name="astropy.convolution.convolve",
        aliases=("astropy.convolve",),
        computes=CONVOLUTION.changed(scale=Scale.SUM, zero_sum=ZeroSum.REFUSED, odd_sides=True),
        runner=PythonFunction(module="astropy", call=plain_call("astropy.convolution.convolve")),
    ),
)
