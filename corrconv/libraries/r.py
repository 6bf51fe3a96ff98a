"""R: the package EBImage; from its documents."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.model import BorderRule, Borders
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.shared import CONVOLUTION

WORDS = BorderWords("boundary", {"circular": BorderRule.WRAP, "replicate": BorderRule.EDGE})


def _filter2(*, boundary: str = "circular") -> dict[str, Any]:
    return {"borders": WORDS.borders(boundary)}


FUNCTIONS = (
    LibraryFunction(
        name="EBImage.filter2",
        computes=CONVOLUTION.changed(borders=Borders.uniform(BorderRule.WRAP), odd_sides=True),
        documented="filter2",
        configure=_filter2,
        borders=WORDS,
    ),
)
