"""scikit-image."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from corrconv.core.convention.model import BorderRule
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.contest import matching
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, Run, plain_call
from corrconv.libraries.shared import CORRELATION, SYMMETRIC

if TYPE_CHECKING:
    from corrconv.libraries.function import Array, Wanted

# numpy.pad's words but for `reflect` and `mirror`, which are ndimage's.
WORDS = BorderWords(
    "mode",
    {
        "reflect": BorderRule.SYMMETRIC,
        "mirror": BorderRule.REFLECT,
        "nearest": BorderRule.EDGE,
        "constant": BorderRule.CONSTANT,
        "wrap": BorderRule.WRAP,
    },
)


def _correlate_sparse(*, mode: str = "reflect") -> dict[str, Any]:
    return {"borders": WORDS.borders(mode)}


def _place(wanted: Wanted) -> dict[str, Any]:
    return WORDS.settings(wanted.borders)


def _contest(image: Array, weights: Array, _: int) -> Run | None:
    filters = import_module("skimage.filters")
    if weights.size > 1000:
        return None
    taps = matching(image, weights)
    return lambda: filters.correlate_sparse(image.astype(taps.dtype, copy=False), taps, mode="mirror")


FUNCTIONS = (
    LibraryFunction(
        name="skimage.filters.correlate_sparse",
        aliases=("skimage.correlate_sparse",),
        computes=CORRELATION.changed(borders=SYMMETRIC, odd_sides=True),
        configure=_correlate_sparse,
        place=_place,
        borders=WORDS,
        runner=PythonFunction(module="skimage", call=plain_call("skimage.filters.correlate_sparse")),
        text=PythonText("from skimage import filters", "filters.correlate_sparse(padded, kernel{settings})"),
        contest=_contest,
    ),
)
