"""Kornia."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from corrconv.core.convention.geometry import Fits
from corrconv.core.convention.model import LOWER, BorderRule, Orientation
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Settings, attribute
from corrconv.libraries.own_kernel import Gaussian, GaussianRule
from corrconv.libraries.shared import CONVOLUTION, CORRELATION, LOWER_CORRELATION, REFLECT, pair

WORDS = BorderWords(
    "border_type",
    {
        "reflect": BorderRule.REFLECT,
        "replicate": BorderRule.EDGE,
        "constant": BorderRule.CONSTANT,
        "circular": BorderRule.WRAP,
    },
)
FITS = {"reflect": Fits.SHORTER_REACH, "circular": Fits.REACH}
# It pads for a correlation and turns the kernel only: the anchor of an even kernel moves.
BEHAVIOURS = {"corr": (Orientation.AS_IS, LOWER), "conv": (Orientation.HALF_TURN, CONVOLUTION.even_anchor)}


def _filter2d(*, border_type: str = "reflect", behaviour: str = "corr") -> dict[str, Any]:
    orientation, even = BEHAVIOURS[behaviour]
    fits = FITS.get(border_type, Fits.ALWAYS)
    return {"borders": WORDS.borders(border_type), "fits": fits, "orientation": orientation, "even_anchor": even}


def _call(image: Array, kernel: Array, **settings: Any) -> Any:
    torch = import_module("torch")
    pixels, weights = torch.from_numpy(image)[None, None].double(), torch.from_numpy(kernel)[None]
    return attribute("kornia.filters.filter2d")(pixels, weights, **settings)[0, 0].numpy()


def _read_blur(settings: Settings) -> Gaussian:
    columns, rows = pair(settings.get("kernel_size", (0, 0)))
    across, down = settings.get("sigma", (0.0, 0.0))
    if columns != rows or across != down:
        raise CorrconvError("a blur of one sigma and one size along both axes is known here; give equal ones")
    return Gaussian(down or None, rows or None)


BLUR = GaussianRule(
    words={
        "size": "must be said, as kernel_size",
        "sigma": "must be said, for both axes",
        "weights": "a sampled Gaussian divided by its sum, in the type of the image",
    },
    names=("kernel_size", "sigma"),
    read=_read_blur,
    write=lambda sigma, size: {"kernel_size": (size, size), "sigma": (float(sigma), float(sigma))},
)


def _gaussian(*, border_type: str = "reflect") -> dict[str, Any]:
    return {"borders": WORDS.borders(border_type)}


def _call_blur(image: Array, _: Array, **settings: Any) -> Any:
    pixels = import_module("torch").from_numpy(image)[None, None].double()
    return attribute("kornia.filters.gaussian_blur2d")(pixels, **settings)[0, 0].numpy()


FUNCTIONS = (
    LibraryFunction(
        name="kornia.filters.filter2d",
        aliases=("kornia.filter2d",),
        computes=LOWER_CORRELATION.changed(borders=REFLECT, fits=Fits.SHORTER_REACH),
        configure=_filter2d,
        borders=WORDS,
        runner=PythonFunction(module="kornia", call=_call),
        text=PythonText(
            "import torch\nfrom kornia import filters",
            "filters.filter2d(\n    torch.from_numpy(padded)[None, None], torch.from_numpy(kernel)[None]{settings}\n"
            ")[0, 0].numpy()",
        ),
    ),
    LibraryFunction(
        name="kornia.filters.gaussian_blur2d",
        aliases=("kornia.gaussian_blur2d",),
        computes=CORRELATION.changed(borders=REFLECT),
        configure=_gaussian,
        borders=WORDS,
        runner=PythonFunction(module="kornia", call=_call_blur),
        text=PythonText(
            "import torch\nfrom kornia import filters",
            "filters.gaussian_blur2d(\n    torch.from_numpy(padded)[None, None]{settings}\n)[0, 0].numpy()",
        ),
        own=BLUR,
    ),
)
