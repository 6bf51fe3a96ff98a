"""Mahotas."""

from __future__ import annotations

from corrconv.libraries.function import LibraryFunction, PythonFunction, plain_call

FUNCTIONS = (
    LibraryFunction(
        name="mahotas.convolve", runner=PythonFunction(module="mahotas", call=plain_call("mahotas.convolve"))
    ),
)
