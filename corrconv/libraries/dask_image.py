"""dask-image, whose filters are SciPy's on blocks."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from corrconv.core.convention.geometry import Fits
from corrconv.core.convention.model import Convention
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, attribute
from corrconv.libraries.scipy import CAST_IN_ORDER, NDIMAGE_WORDS, configure_ndimage, place_ndimage
from corrconv.libraries.shared import CONVOLUTION, CORRELATION, SYMMETRIC


def _call(name: str) -> Callable[..., Any]:
    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        blocks = import_module("dask.array").from_array(image)
        return attribute(f"dask_image.ndfilters.{name}")(blocks, kernel, **settings).compute()

    return call


def _function(name: str, computes: Convention) -> LibraryFunction:
    return LibraryFunction(
        name=f"dask_image.ndfilters.{name}",
        computes=computes.changed(borders=SYMMETRIC, numbers=CAST_IN_ORDER, fits=Fits.REACH, skips_zeros=True),
        configure=configure_ndimage,
        place=place_ndimage,
        borders=NDIMAGE_WORDS,
        runner=PythonFunction(module="dask_image", call=_call(name), proof_pictures=1),
        text=PythonText(
            "import dask.array\nfrom dask_image import ndfilters",
            f"ndfilters.{name}(dask.array.from_array(padded), kernel{{settings}}).compute()",
        ),
    )


FUNCTIONS = (_function("correlate", CORRELATION), _function("convolve", CONVOLUTION))
