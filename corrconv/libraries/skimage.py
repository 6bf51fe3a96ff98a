"""scikit-image."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from corrconv.core.convention.model import BorderRule
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.contest import matching
from corrconv.libraries.function import (
    Array,
    LibraryFunction,
    PythonFunction,
    PythonText,
    Run,
    Settings,
    call_without_kernel,
    plain_call,
)
from corrconv.libraries.own_kernel import ALL_TYPES, DerivativeRule, Gaussian, GaussianRule, MagnitudeRule, OwnKernel
from corrconv.libraries.scipy import derivative_of, radius_of
from corrconv.libraries.shared import CORRELATION, EDGE, SYMMETRIC

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


def _contest(image: Array, weights: Array, _: int) -> Run | None:
    filters = import_module("skimage.filters")
    if weights.size > 1000:
        return None
    taps = matching(image, weights)
    return lambda: filters.correlate_sparse(image.astype(taps.dtype, copy=False), taps, mode="mirror")


def _read_blur(settings: Settings) -> Gaussian:
    sigma, truncate = settings.get("sigma"), settings.get("truncate")
    size = None if not sigma or truncate is None else 2 * radius_of(sigma, truncate) + 1
    return Gaussian(sigma or None, size)


SHARES = "pixels of whole numbers are taken as shares of the brightest: 255 is 1"
BLUR = GaussianRule(
    words={
        "size": "2 r + 1, with r = int(truncate sigma + 0.5)",
        "sigma": "1, if it is not said; truncate is 4",
        "weights": "a sampled Gaussian divided by its sum",
        "beware": f"{SHARES}, unless preserve_range=True",
    },
    names=("sigma", "truncate"),
    shares=True,
    read=_read_blur,
    write=lambda sigma, size: {"sigma": sigma, **({} if size is None else {"truncate": size // 2 / sigma})},
    sizes={ALL_TYPES: lambda sigma: 2 * radius_of(sigma) + 1},
)


def _derivative_rule(smoothing: tuple[float, ...], axis: int, written: str) -> DerivativeRule:
    return DerivativeRule(
        words={
            "weights": f"{written}, laid as they stand: positive where it gets brighter"
            f" {'downwards; it finds horizontal edges' if axis == 0 else 'to the right; it finds vertical edges'}",
            "beware": SHARES,
        },
        shares=True,
        weights=lambda: derivative_of(smoothing, axis),
    )


DERIVATIVES = {
    "sobel_h": _derivative_rule((0.25, 0.5, 0.25), 0, "1/4 [-1 -2 -1; 0 0 0; 1 2 1]"),
    "sobel_v": _derivative_rule((0.25, 0.5, 0.25), 1, "1/4 [-1 0 1; -2 0 2; -1 0 1]"),
    "scharr_h": _derivative_rule((3 / 16, 10 / 16, 3 / 16), 0, "1/16 [-3 -10 -3; 0 0 0; 3 10 3]"),
    "scharr_v": _derivative_rule((3 / 16, 10 / 16, 3 / 16), 1, "1/16 [-3 0 3; -10 0 10; -3 0 3]"),
    "prewitt_h": _derivative_rule((1 / 3, 1 / 3, 1 / 3), 0, "1/3 [-1 -1 -1; 0 0 0; 1 1 1]"),
    "prewitt_v": _derivative_rule((1 / 3, 1 / 3, 1 / 3), 1, "1/3 [-1 0 1; -1 0 1; -1 0 1]"),
    "laplace": DerivativeRule(
        words={
            "weights": "[0 -1 0; -1 4 -1; 0 -1 0], positive in the middle: the sign of others is the opposite",
            "beware": SHARES,
        },
        shares=True,
        weights=lambda: np.array([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]]),
    ),
}


MAGNITUDES = {
    name: MagnitudeRule(
        words={
            "weights": f"h of {name}_h and v of {name}_v, joined: sqrt((h^2 + v^2) / 2), which is never negative",
            "beware": f"{SHARES}; with axis=0 it is {name}_h, with axis=1 {name}_v",
        },
        shares=True,
        parts=(f"skimage.filters.{name}_h", f"skimage.filters.{name}_v"),
        formula="sqrt((h^2 + v^2) / 2)",
    )
    for name in ("sobel", "scharr", "prewitt")
}


def _own(name: str, own: OwnKernel, configure: Callable[..., dict[str, Any]] | None, **changes: Any) -> LibraryFunction:
    return LibraryFunction(
        name=f"skimage.filters.{name}",
        computes=CORRELATION.changed(borders=SYMMETRIC).changed(**changes),
        configure=configure,
        borders=WORDS if configure else None,
        runner=PythonFunction(module="skimage", call=call_without_kernel(f"skimage.filters.{name}")),
        text=PythonText("from skimage import filters", f"filters.{name}(padded{{settings}})"),
        own=own,
    )


def _gaussian(*, mode: str = "nearest", cval: float = 0.0) -> dict[str, Any]:
    return {"borders": WORDS.borders(mode, cval)}


FUNCTIONS = (
    LibraryFunction(
        name="skimage.filters.correlate_sparse",
        aliases=("skimage.correlate_sparse",),
        computes=CORRELATION.changed(borders=SYMMETRIC, odd_sides=True, skips_zeros=True),
        configure=_correlate_sparse,
        borders=WORDS,
        runner=PythonFunction(module="skimage", call=plain_call("skimage.filters.correlate_sparse")),
        text=PythonText("from skimage import filters", "filters.correlate_sparse(padded, kernel{settings})"),
        contest=_contest,
    ),
    _own("gaussian", BLUR, _gaussian, borders=EDGE),
    *(_own(name, rule, None) for name, rule in (*DERIVATIVES.items(), *MAGNITUDES.items())),
)
