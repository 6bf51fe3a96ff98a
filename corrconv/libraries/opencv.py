"""OpenCV."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.model import REAL_NUMBERS, BorderRule, NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.contest import matching
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, Run
from corrconv.libraries.shared import CORRELATION, FLOAT32, REFLECT, anchored_at

if TYPE_CHECKING:
    from corrconv.libraries.function import Array, Wanted

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
DEPTHS = {-1: SATURATED, "-1": SATURATED, "CV_32F": FLOAT32, "CV_64F": REAL_NUMBERS}


def _filter2d(
    *,
    ddepth: int | str = -1,
    anchor: tuple[int, int] = (-1, -1),
    delta: float = 0.0,
    borderType: str = "BORDER_DEFAULT",  # noqa: N803 - OpenCV's own name
) -> dict[str, Any]:
    word = str(borderType)
    changes: dict[str, Any] = {
        "borders": WORDS.borders(word if word.startswith("BORDER_") else f"BORDER_{word}"),
        "bias": float(delta),
    }
    if ddepth not in DEPTHS:
        raise CorrconvError(f"ddepth={ddepth} is not known here; there are {', '.join(map(str, DEPTHS))}")
    column, row = anchor
    return {
        **changes,
        "numbers": DEPTHS[ddepth],
        **(anchored_at(row, column) if (row, column) != (-1, -1) else {}),
    }


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


FUNCTIONS = (
    LibraryFunction(
        name="cv2.filter2D",
        computes=CORRELATION.changed(
            borders=REFLECT,
            numbers=SATURATED,
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
)
