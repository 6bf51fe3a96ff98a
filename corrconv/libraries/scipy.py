"""SciPy: ndimage and signal."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.model import BorderRule, Convention, NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.terms import OutputSize
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.contest import matching, padded
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, Run, plain_call
from corrconv.libraries.shared import (
    CONVOLUTION,
    CORRELATION,
    LOWER_CONVOLUTION,
    LOWER_CORRELATION,
    SYMMETRIC,
    by_output_size,
    pair,
    placed_output_size,
    shifted_by,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from corrconv.libraries.function import Array, Wanted

NDIMAGE_WORDS = BorderWords(
    "mode",
    {
        "reflect": BorderRule.SYMMETRIC,
        "constant": BorderRule.CONSTANT,
        "nearest": BorderRule.EDGE,
        "mirror": BorderRule.REFLECT,
        "wrap": BorderRule.WRAP,
        "grid-mirror": BorderRule.SYMMETRIC,
        "grid-constant": BorderRule.CONSTANT,
        "grid-wrap": BorderRule.WRAP,
    },
    fill="cval",
)
SIGNAL_WORDS = BorderWords(
    "boundary",
    {"fill": BorderRule.CONSTANT, "symm": BorderRule.SYMMETRIC, "wrap": BorderRule.WRAP},
    fill="fillvalue",
)


# ndimage sums in float64, weight by weight, and casts: a box of ninths gives one less where noise lies below.
CAST_IN_ORDER = NumberRule("image", Rounding.TRUNCATE, Overflow.WRAP, Summing())


def configure_ndimage(*, mode: str = "reflect", cval: float = 0.0, origin: int | tuple[int, int] = 0) -> dict[str, Any]:
    """What ndimage's settings change."""
    rows, columns = pair(origin)
    return {"borders": NDIMAGE_WORDS.borders(mode, cval), **shifted_by(rows, columns)}


def place_ndimage(wanted: Wanted) -> dict[str, Any]:
    """ndimage's settings for a border and an anchor."""
    settings = NDIMAGE_WORDS.settings(wanted.borders)
    # ndimage refuses an origin that takes the anchor out of the kernel.
    return {**settings, "origin": wanted.shift} if wanted.inside and any(wanted.shift) else settings


def _signal2d(*, mode: str = "same", boundary: str = "fill", fillvalue: float = 0.0) -> dict[str, Any]:
    return {**by_output_size(mode=mode), "borders": SIGNAL_WORDS.borders(boundary, fillvalue)}


def _place_signal2d(wanted: Wanted) -> dict[str, Any]:
    settings = {} if wanted.output_size is OutputSize.VALID else SIGNAL_WORDS.settings(wanted.borders)
    return {**placed_output_size(wanted), **settings}


def _contest_ndimage(image: Array, weights: Array, _: int) -> Run | None:
    ndimage = import_module("scipy.ndimage")
    if weights.size > 1000:  # half a minute and more
        return None
    pixels = image if image.dtype.kind == "f" else image.astype(np.float32)
    return lambda: ndimage.correlate(pixels, weights, mode="mirror")


def _contest_signal(name: str) -> Callable[[Array, Array, int], Run]:
    def prepare(image: Array, weights: Array, _: int) -> Run:
        convolve, taps = getattr(import_module("scipy.signal"), name), matching(image, weights)[::-1, ::-1]
        return lambda: convolve(padded(image, taps).astype(taps.dtype, copy=False), taps, mode="valid")

    return prepare


def _of_ndimage(name: str, computes: Convention, **parts: Any) -> LibraryFunction:
    return LibraryFunction(
        name=f"scipy.ndimage.{name}",
        computes=computes,
        configure=configure_ndimage,
        place=place_ndimage,
        borders=NDIMAGE_WORDS,
        runner=PythonFunction(module="scipy", call=plain_call(f"scipy.ndimage.{name}")),
        text=PythonText("from scipy import ndimage", f"ndimage.{name}(padded, kernel{{settings}})"),
        **parts,
    )


def _of_signal(name: str, computes: Convention, **parts: Any) -> LibraryFunction:
    two_dimensional = name.endswith("2d")
    return LibraryFunction(
        name=f"scipy.signal.{name}",
        computes=computes,
        configure=_signal2d if two_dimensional else by_output_size,
        place=_place_signal2d if two_dimensional else placed_output_size,
        borders=SIGNAL_WORDS if two_dimensional else None,
        runner=PythonFunction(module="scipy", call=plain_call(f"scipy.signal.{name}"), settings={"mode": "same"}),
        text=PythonText("from scipy import signal", f"signal.{name}(padded, kernel{{settings}})"),
        **parts,
    )


FUNCTIONS = (
    _of_ndimage("correlate", CORRELATION.changed(borders=SYMMETRIC, numbers=CAST_IN_ORDER), contest=_contest_ndimage),
    _of_ndimage("convolve", CONVOLUTION.changed(borders=SYMMETRIC, numbers=CAST_IN_ORDER)),
    _of_signal("correlate2d", LOWER_CORRELATION),
    _of_signal("convolve2d", LOWER_CONVOLUTION),
    _of_signal("correlate", CORRELATION),
    _of_signal("convolve", LOWER_CONVOLUTION),
    _of_signal("fftconvolve", LOWER_CONVOLUTION, contest=_contest_signal("fftconvolve")),
    _of_signal("oaconvolve", LOWER_CONVOLUTION, contest=_contest_signal("oaconvolve")),
)
