"""Kornia."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from corrconv.core.convention.model import LOWER, BorderRule, Orientation
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, attribute
from corrconv.libraries.shared import CONVOLUTION, LOWER_CORRELATION, REFLECT

if TYPE_CHECKING:
    from corrconv.libraries.function import Array, Wanted

WORDS = BorderWords(
    "border_type",
    {
        "reflect": BorderRule.REFLECT,
        "replicate": BorderRule.EDGE,
        "constant": BorderRule.CONSTANT,
        "circular": BorderRule.WRAP,
    },
)
# It pads for a correlation and turns the kernel only: the anchor of an even kernel moves.
BEHAVIOURS = {"corr": (Orientation.AS_IS, LOWER), "conv": (Orientation.HALF_TURN, CONVOLUTION.even_anchor)}


def _filter2d(*, border_type: str = "reflect", behaviour: str = "corr") -> dict[str, Any]:
    orientation, even = BEHAVIOURS[behaviour]
    return {"borders": WORDS.borders(border_type), "orientation": orientation, "even_anchor": even}


def _place(wanted: Wanted) -> dict[str, Any]:
    return WORDS.settings(wanted.borders)


def _call(image: Array, kernel: Array, **settings: Any) -> Any:
    torch = import_module("torch")
    pixels, weights = torch.from_numpy(image)[None, None].double(), torch.from_numpy(kernel)[None]
    return attribute("kornia.filters.filter2d")(pixels, weights, **settings)[0, 0].numpy()


FUNCTIONS = (
    LibraryFunction(
        name="kornia.filters.filter2d",
        aliases=("kornia.filter2d",),
        computes=LOWER_CORRELATION.changed(borders=REFLECT),
        configure=_filter2d,
        place=_place,
        borders=WORDS,
        runner=PythonFunction(module="kornia", call=_call),
        text=PythonText(
            "import torch\nfrom kornia import filters",
            "filters.filter2d(\n    torch.from_numpy(padded)[None, None], torch.from_numpy(kernel)[None]{settings}\n"
            ")[0, 0].numpy()",
        ),
    ),
)
