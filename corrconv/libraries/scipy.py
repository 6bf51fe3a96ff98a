"""SciPy: ndimage and signal."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from corrconv.core.convention.model import BorderRule, Convention
from corrconv.core.convention.numbers import CAST, NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.terms import OutputSize
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.contest import matching, padded
from corrconv.libraries.function import (
    Array,
    LibraryFunction,
    PythonFunction,
    PythonText,
    Run,
    Settings,
    Wanted,
    call_without_kernel,
    plain_call,
)
from corrconv.libraries.own_kernel import ALL_TYPES, DerivativeRule, Gaussian, GaussianRule, OwnKernel
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


def radius_of(sigma: float, truncate: float = 4.0) -> int:
    """How far a blur reaches."""
    return int(truncate * sigma + 0.5)


def _read_blur(settings: Settings) -> Gaussian:
    sigma, radius = settings.get("sigma"), settings.get("radius")
    if radius is None and sigma and "truncate" in settings:
        radius = radius_of(sigma, settings["truncate"])
    return Gaussian(sigma or None, None if radius is None else 2 * radius + 1)


BLUR = GaussianRule(
    words={
        "size": "2 r + 1, with r = radius, or int(truncate sigma + 0.5)",
        "sigma": "must be said; truncate is 4",
        "weights": "a sampled Gaussian divided by its sum",
    },
    names=("sigma", "truncate", "radius"),
    read=_read_blur,
    write=lambda sigma, size: {"sigma": sigma, **({} if size is None else {"radius": size // 2})},
    sizes={ALL_TYPES: lambda sigma: 2 * radius_of(sigma) + 1},
)


def derivative_of(smoothing: tuple[float, ...], axis: int) -> Array:
    """Differences [-1 0 1] along an axis, smoothed along the other."""
    weights = np.outer(smoothing, [-1.0, 0.0, 1.0])
    return weights if axis in {1, -1} else weights.T


def _derivative_rule(smoothing: tuple[float, ...], written: str) -> DerivativeRule:
    return DerivativeRule(
        words={
            "weights": f"axis=1 or -1, the default: {written}, laid as they stand: positive where it gets brighter to"
            " the right; axis=0: transposed, positive where it gets brighter downwards; not divided by anything",
            "beware": "8 bits hold no negative slopes, which wrap around: -3 becomes 253; filter image.astype(float)",
        },
        names=("axis",),
        weights=lambda *, axis=-1: derivative_of(smoothing, axis),
        choices=({"axis": 1}, {"axis": 0}, {"axis": -1}),
    )


LAPLACE = DerivativeRule(
    words={
        "weights": "[0 1 0; 1 -4 1; 0 1 0], negative in the middle; not divided by anything",
        "beware": "8 bits hold no negative numbers, which wrap around: -3 becomes 253; filter image.astype(float)",
    },
    weights=lambda: np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]),
)


def configure_border(*, mode: str = "reflect", cval: float = 0.0) -> dict[str, Any]:
    """What the setting of the border changes."""
    return {"borders": NDIMAGE_WORDS.borders(mode, cval)}


def _own(name: str, own: OwnKernel, **changes: Any) -> LibraryFunction:
    return LibraryFunction(
        name=f"scipy.ndimage.{name}",
        computes=CORRELATION.changed(borders=SYMMETRIC, numbers=CAST, **changes),
        configure=configure_border,
        borders=NDIMAGE_WORDS,
        runner=PythonFunction(module="scipy", call=call_without_kernel(f"scipy.ndimage.{name}")),
        text=PythonText("from scipy import ndimage", f"ndimage.{name}(padded{{settings}})"),
        own=own,
    )


SPOILED = "a transform spreads one pixel that is not finite over all results"
BLOCK_SPOILED = "transforms spread one pixel that is not finite over all results of its block"

FUNCTIONS = (
    _of_ndimage(
        "correlate",
        CORRELATION.changed(borders=SYMMETRIC, numbers=CAST_IN_ORDER, skips_zeros=True),
        contest=_contest_ndimage,
    ),
    _of_ndimage("convolve", CONVOLUTION.changed(borders=SYMMETRIC, numbers=CAST_IN_ORDER, skips_zeros=True)),
    _of_signal("correlate2d", LOWER_CORRELATION),
    _of_signal("convolve2d", LOWER_CONVOLUTION),
    _of_signal("correlate", CORRELATION.changed(not_finite=f"where it chooses to transform, {SPOILED}")),
    _of_signal("convolve", LOWER_CONVOLUTION.changed(not_finite=f"where it chooses to transform, {SPOILED}")),
    _of_signal("fftconvolve", LOWER_CONVOLUTION.changed(not_finite=SPOILED), contest=_contest_signal("fftconvolve")),
    _of_signal(
        "oaconvolve",
        LOWER_CONVOLUTION.changed(not_finite=BLOCK_SPOILED),
        contest=_contest_signal("oaconvolve"),
    ),
    _own("gaussian_filter", BLUR, inexact="whole numbers are truncated after each of its two passes"),
    _own("sobel", _derivative_rule((1.0, 2.0, 1.0), "[-1 0 1; -2 0 2; -1 0 1]")),
    _own("prewitt", _derivative_rule((1.0, 1.0, 1.0), "[-1 0 1; -1 0 1; -1 0 1]")),
    _own("laplace", LAPLACE),
)
