"""OpenCV."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from corrconv.core.convention.model import BorderRule
from corrconv.core.convention.numbers import REAL_NUMBERS, NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.contest import matching
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Run, Settings, Wanted
from corrconv.libraries.own_kernel import EIGHT_BITS, OTHER_TYPES, DerivativeRule, Gaussian, GaussianRule, OwnKernel
from corrconv.libraries.shared import CORRELATION, FLOAT32, REFLECT, anchored_at

WORDS = BorderWords(
    "borderType",
    {
        "BORDER_REFLECT_101": BorderRule.REFLECT,
        "BORDER_REFLECT101": BorderRule.REFLECT,
        "BORDER_DEFAULT": BorderRule.REFLECT,
        "BORDER_REFLECT": BorderRule.SYMMETRIC,
        "BORDER_REPLICATE": BorderRule.EDGE,
        "BORDER_CONSTANT": BorderRule.CONSTANT,
    },
)
# Vectors of fused products; pixels that fill no vector, and large kernels by DFT, are summed otherwise.
SATURATED = NumberRule("image", Rounding.HALF_EVEN, Overflow.SATURATE, Summing(dtype="float32", fused=True))
PIXELS = ("uint8", "uint16", "int16", "float32", "float64")
# What results are made of which pixels; all others are refused.
DEPTHS = {
    -1: (SATURATED, PIXELS),
    "-1": (SATURATED, PIXELS),
    "CV_16S": (replace(SATURATED, dtype="int16"), ("uint8", "int16")),
    "CV_32F": (FLOAT32, ("uint8", "uint16", "int16", "float32")),
    "CV_64F": (REAL_NUMBERS, ("uint8", "uint16", "int16", "float64")),
}


def _filter2d(
    *,
    ddepth: int | str = -1,
    anchor: tuple[int, int] = (-1, -1),
    delta: float = 0.0,
    borderType: str = "BORDER_DEFAULT",  # noqa: N803 - OpenCV's own name
) -> dict[str, Any]:
    column, row = anchor
    return {
        "borders": _borders(borderType),
        "bias": float(delta),
        **_depth(ddepth),
        **anchored_at(*(None if place == -1 else place for place in (row, column))),
    }


def _depth(ddepth: int | str) -> dict[str, Any]:
    if ddepth not in DEPTHS:
        raise CorrconvError(f"ddepth={ddepth} is not known here; there are {', '.join(map(str, DEPTHS))}")
    return dict(zip(("numbers", "pixels"), DEPTHS[ddepth], strict=True))


def _borders(word: Any) -> Any:
    return WORDS.borders(word if str(word).startswith("BORDER_") else f"BORDER_{word}")


def _place_filter2d(wanted: Wanted) -> dict[str, Any]:
    settings = WORDS.settings(wanted.borders)
    # OpenCV refuses an anchor outside the kernel.
    moved = wanted.cell is not None and wanted.inside and any(wanted.shift)
    return {**settings, "anchor": wanted.cell[::-1]} if moved and wanted.cell else settings


def _constants(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings such as borderType=BORDER_REPLICATE, by OpenCV's own names."""
    cv2 = import_module("cv2")
    return {
        name: getattr(cv2, value) if isinstance(value, str) and hasattr(cv2, value) else value
        for name, value in settings.items()
    }


def _written(value: Any) -> str:
    return f"cv2.{value}" if isinstance(value, str) else repr(value)


def _call_filter2d(image: Array, kernel: Array, **settings: Any) -> Any:
    cv2 = import_module("cv2")
    given = _constants({"ddepth": -1, **settings})
    return cv2.filter2D(image, kernel=kernel, **given)


def _call_sep_filter2d(image: Array, kernel: Array, **settings: Any) -> Any:
    cv2 = import_module("cv2")
    row, column = (int(place) for place in np.argwhere(kernel)[0])
    factors = {"kernelX": kernel[row], "kernelY": kernel[:, column] / kernel[row, column]}
    return cv2.sepFilter2D(image, **_constants({"ddepth": -1, **settings}), **factors)


def _contest(image: Array, weights: Array, threads: int) -> Run:
    cv2, taps = import_module("cv2"), matching(image, weights)
    cv2.setNumThreads(threads)
    return lambda: cv2.filter2D(image, -1, taps, borderType=cv2.BORDER_REFLECT_101)


def opencv_sigma(size: int) -> float:
    """The sigma that is taken for a size, if none is given."""
    return 0.3 * ((size - 1) / 2 - 1) + 0.8


# What is taken for a size without a sigma, and so for GaussianBlur(image, (5, 5), 0); longer ones have a sigma.
# Source: getGaussianKernelBitExact in OpenCV's imgproc/src/smooth.dispatch.cpp.
OPENCV_PROFILES = {
    3: (0.25, 0.5, 0.25),
    5: (0.0625, 0.25, 0.375, 0.25, 0.0625),
    7: (0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125),
    9: tuple(weight / 256 for weight in (4, 13, 30, 51, 60, 51, 30, 13, 4)),
}


def _read_blur(settings: Settings) -> Gaussian:
    columns, rows = settings.get("ksize", (0, 0))
    if columns != rows:
        raise CorrconvError(f"ksize=({columns}, {rows}) blurs differently along rows and columns; give two equal sizes")
    return Gaussian(settings.get("sigmaX", 0) or None, rows or None)


BLUR = GaussianRule(
    words={
        "size": "from sigma, with ksize=(0, 0): round(6 sigma + 1) | 1 for 8 bits, round(8 sigma + 1) | 1 for others",
        "sigma": "from the size, with sigmaX=0: 0.3 ((size - 1) / 2 - 1) + 0.8, but tables of its own for 3, 5, 7, 9",
        "weights": "a sampled Gaussian divided by its sum; rounded to whole numbers of 1/256 for uint8, of 1/65536 for"
        " uint16",
    },
    names=("ksize", "sigmaX"),
    read=_read_blur,
    write=lambda sigma, size: {"ksize": (size or 0, size or 0), "sigmaX": sigma},
    sizes={EIGHT_BITS: lambda sigma: round(sigma * 6 + 1) | 1, OTHER_TYPES: lambda sigma: round(sigma * 8 + 1) | 1},
    sigma=opencv_sigma,
    tables=OPENCV_PROFILES,
    whole_weights={"uint8": 256, "uint16": 65536},
)


def _blur(*, borderType: str = "BORDER_DEFAULT") -> dict[str, Any]:  # noqa: N803
    return {"borders": _borders(borderType)}


def _derivative_weights(*, dx: int = 1, dy: int = 0, ksize: int = 3) -> Array:
    """Sobel's: differences along one axis, a binomial along the other.

    Source: getSobelKernels in OpenCV's imgproc/src/deriv.cpp.
    """

    def along(order: int) -> Array:
        taps = np.array([1.0])
        side = 3 if ksize == 1 and order else ksize
        for step in range(side - 1):
            taps = np.convolve(taps, [-1.0, 1.0] if step < order else [1.0, 1.0])
        return taps

    if ksize not in {1, 3, 5, 7} or not 0 < dx + dy < 3 or min(dx, dy) < 0:
        asked = f"dx={dx}, dy={dy}, ksize={ksize}"
        raise CorrconvError(f"{asked} is not known here; orders 1 and 2 and sizes 1, 3, 5, 7 are")
    return np.outer(along(dy), along(dx))


def _laplacian_weights(*, ksize: int = 1) -> Array:
    if ksize == 1:
        return np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    return _derivative_weights(dx=2, ksize=ksize) + _derivative_weights(dx=0, dy=2, ksize=ksize)


def _scharr_weights(*, dx: int = 1, dy: int = 0) -> Array:
    if {dx, dy} != {0, 1}:
        raise CorrconvError(f"dx={dx}, dy={dy} is refused there; one of them is 1 and the other 0")
    weights = np.outer([3.0, 10.0, 3.0], [-1.0, 0.0, 1.0])
    return weights if dx else weights.T


ORDERS = tuple({"dx": dx, "dy": dy} for dx, dy in ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1)))
SOBEL = DerivativeRule(
    words={
        "weights": "dx=1: [-1 0 1; -2 0 2; -1 0 1], laid as they stand: positive where it gets brighter to the right;"
        " dy=1: transposed, positive where it gets brighter downwards; not divided by anything, but times scale",
        "sizes": "ksize 3, 5, 7: differences times a binomial; 1: [-1 0 1] alone",
        "beware": "ddepth=-1 on 8 bits cuts off negative slopes at 0; take CV_16S, CV_32F or CV_64F",
    },
    names=("dx", "dy", "ksize"),
    weights=_derivative_weights,
    choices=tuple({**orders, "ksize": ksize} for ksize in (3, 1, 5, 7) for orders in ORDERS),
)
SCHARR = DerivativeRule(
    words={
        "weights": "dx=1: [-3 0 3; -10 0 10; -3 0 3], laid as they stand: positive where it gets brighter to the"
        " right; dy=1: transposed; not divided by anything, but times scale",
        "beware": SOBEL.words["beware"],
    },
    names=("dx", "dy"),
    weights=_scharr_weights,
    choices=ORDERS[:2],
)
LAPLACIAN = DerivativeRule(
    words={
        "weights": "ksize 1: [0 1 0; 1 -4 1; 0 1 0], negative in the middle; 3: [2 0 2; 0 -8 0; 2 0 2];"
        " 5, 7: Sobel's second derivatives added; not divided by anything, but times scale",
        "beware": SOBEL.words["beware"],
    },
    names=("ksize",),
    weights=_laplacian_weights,
    choices=tuple({"ksize": ksize} for ksize in (1, 3, 5, 7)),
)


def _derivative(
    *,
    ddepth: int | str = -1,
    scale: float = 1.0,
    delta: float = 0.0,
    borderType: str = "BORDER_DEFAULT",  # noqa: N803
) -> dict[str, Any]:
    return {
        "borders": _borders(borderType),
        **_depth(ddepth),
        "gain": float(scale),
        "bias": float(delta),
    }


def _call_own(name: str, usual: Settings) -> Any:
    def call(image: Array, _: Array, **settings: Any) -> Any:
        return getattr(import_module("cv2"), name)(image, **_constants({**usual, **settings}))

    return call


def _own(name: str, own: OwnKernel, configure: Any, usual: Settings, **parts: Any) -> LibraryFunction:
    return LibraryFunction(
        name=f"cv2.{name}",
        computes=CORRELATION.changed(**{"borders": REFLECT, "numbers": SATURATED, **parts}),
        configure=configure,
        # Slopes are negative as often as not.
        place=lambda wanted: {**({"ddepth": "CV_64F"} if "ddepth" in usual else {}), **WORDS.settings(wanted.borders)},
        borders=WORDS,
        runner=PythonFunction(module="cv2", call=_call_own(name, usual)),
        text=PythonText("import cv2", f"cv2.{name}(padded{{settings}})", _written),
        own=own,
    )


FUNCTIONS = (
    LibraryFunction(
        name="cv2.filter2D",
        computes=CORRELATION.changed(
            skips_zeros=True,
            borders=REFLECT,
            numbers=SATURATED,
            pixels=PIXELS,
            inexact="the order of its single-precision sums depends on the processor",
        ),
        configure=_filter2d,
        place=_place_filter2d,
        borders=WORDS,
        runner=PythonFunction(module="cv2", call=_call_filter2d),
        text=PythonText("import cv2", "cv2.filter2D(padded, -1, kernel{settings})", _written),
        contest=_contest,
    ),
    LibraryFunction(
        name="cv2.sepFilter2D",
        borders=WORDS,
        runner=PythonFunction(module="cv2", call=_call_sep_filter2d, image_dtypes=("float64",), separable=True),
    ),
    _own(
        "GaussianBlur",
        BLUR,
        _blur,
        {"ksize": (0, 0), "sigmaX": 0},
        numbers=NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE),
    ),
    _own("Sobel", SOBEL, _derivative, {"ddepth": -1}),
    _own("Scharr", SCHARR, _derivative, {"ddepth": -1}),
    _own("Laplacian", LAPLACIAN, _derivative, {"ddepth": -1}),
)
