"""SimpleITK."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from corrconv.core.convention.geometry import Fits
from corrconv.core.convention.model import BorderRule
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText
from corrconv.libraries.shared import CONVOLUTION, EDGE

WORDS = BorderWords(
    "boundaryCondition",
    {
        "ZERO_FLUX_NEUMANN_PAD": BorderRule.EDGE,
        "ZERO_PAD": BorderRule.CONSTANT,
        "PERIODIC_PAD": BorderRule.WRAP,
    },
)


def _convolution(*, boundaryCondition: str = "ZERO_FLUX_NEUMANN_PAD") -> dict[str, Any]:  # noqa: N803 - its own name
    fits = Fits.OTHER_BEYOND if boundaryCondition == "PERIODIC_PAD" else Fits.ALWAYS
    return {"borders": WORDS.borders(boundaryCondition), "fits": fits}


def _call(image: Array, kernel: Array, **settings: Any) -> Any:
    sitk = import_module("SimpleITK")
    pixels, weights = (sitk.GetImageFromArray(values.astype(np.float64)) for values in (image, kernel))
    convolution = sitk.ConvolutionImageFilter()
    if WORDS.option in settings:
        convolution.SetBoundaryCondition(getattr(convolution, settings[WORDS.option]))
    return sitk.GetArrayFromImage(convolution.Execute(pixels, weights))


FUNCTIONS = (
    LibraryFunction(
        name="SimpleITK.Convolution",
        computes=CONVOLUTION.changed(borders=EDGE),
        configure=_convolution,
        borders=WORDS,
        runner=PythonFunction(module="SimpleITK", call=_call),
        text=PythonText(
            "import SimpleITK",
            "SimpleITK.GetArrayFromImage(\n    SimpleITK.Convolution(\n        SimpleITK.GetImageFromArray(padded),"
            " SimpleITK.GetImageFromArray(kernel){settings}\n    )\n)",
            lambda value: f"SimpleITK.ConvolutionImageFilter.{value}",
        ),
    ),
)
