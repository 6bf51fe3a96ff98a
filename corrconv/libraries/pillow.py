"""Pillow."""

from __future__ import annotations

from math import floor, sqrt
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from corrconv.core.convention.model import Orientation, Scale, ZeroSum
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.libraries.contest import inside, padded
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Run, Wanted
from corrconv.libraries.own_kernel import ALL_TYPES, Gaussian, GaussianRule
from corrconv.libraries.shared import CORRELATION, EDGE, TO_SIXTEEN_BITS, UNFILTERED


def _kernel(*, scale: float | None = None, offset: float = 0.0) -> dict[str, Any]:
    changes: dict[str, Any] = {"bias": float(offset)}
    if scale is None:
        return changes
    return {**changes, "scale": Scale.RAW, "zero_sum": ZeroSum.RAW, "gain": 1 / scale}


def _place(_: Wanted) -> dict[str, Any]:
    return {"scale": 1}


def _call(image: Array, kernel: Array, **settings: Any) -> Array:
    rows, columns = kernel.shape
    pillow_filter = ImageFilter.Kernel((columns, rows), kernel.ravel().tolist(), **settings)
    return np.asarray(Image.fromarray(image).filter(pillow_filter))


def _contest(image: Array, weights: Array, _: int) -> Run | None:
    if image.dtype != np.uint8 or weights.shape not in {(3, 3), (5, 5)}:
        return None
    rows, columns = weights.shape
    # Pillow lays the kernel upside down.
    upside_down = ImageFilter.Kernel((columns, rows), weights[::-1].ravel().tolist(), scale=1)

    def run() -> Array:
        filtered = Image.fromarray(padded(image, weights)).filter(upside_down)
        return inside(np.asarray(filtered), image, weights)

    return run


def box_passes(sigma: float, size: int | None = None) -> Array:
    """The weights along an axis of three equal boxes in turn, whose ends are a part of a pixel, of this deviation.

    size: with zeros beside them, or what they cover. Source: _gaussian_blur_radius in Pillow's BoxBlur.c.
    """
    variance = sigma * sigma / 3
    whole = floor((sqrt(12 * variance + 1) - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) ** 2))
    box = np.array([part, *[1.0] * (2 * whole + 1), part]) / (2 * (whole + part) + 1)
    weights = np.convolve(np.convolve(box, box), box)
    return np.pad(weights, 0 if size is None else (size - len(weights)) // 2)


BLUR = GaussianRule(
    words={
        "size": "that of three boxes in turn, each about 2 sigma wide, whatever size is wanted",
        "sigma": "must be said, as radius",
        "weights": "no Gaussian: three boxes in turn, their ends a part of a pixel, with the same standard deviation",
        "beware": "each pass rounds to 8 bits and repeats the edge of what the one before gave",
    },
    names=("radius",),
    read=lambda settings: Gaussian(settings.get("radius") or None),
    write=lambda sigma, _: {"radius": sigma},
    sizes={ALL_TYPES: lambda sigma: len(box_passes(sigma))},
    weights=box_passes,
)


def _call_blur(image: Array, _: Array, **settings: Any) -> Array:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(**settings)))


FUNCTIONS = (
    LibraryFunction(
        name="PIL.ImageFilter.Kernel",
        aliases=("pillow.kernel",),
        computes=CORRELATION.changed(
            orientation=Orientation.TOP_BOTTOM,
            borders=UNFILTERED,
            scale=Scale.SUM,
            zero_sum=ZeroSum.ZERO,
            numbers=NumberRule(
                "image",
                Rounding.HALF_UP,
                Overflow.SATURATE,
                Summing(
                    dtype="float32",
                    divided_first=True,
                    divided_exactly=True,
                    as_given=True,
                    by_rows=True,
                    half_first=True,
                ),
            ),
            pixels=TO_SIXTEEN_BITS,
            kernel_shapes=((3, 3), (5, 5)),
        ),
        configure=_kernel,
        place=_place,
        runner=PythonFunction(module="PIL", call=_call, image_dtypes=("uint8",)),
        text=PythonText(
            "from PIL import Image, ImageFilter",
            "np.asarray(\n    Image.fromarray(padded.astype(np.uint8)).filter(\n"
            "        ImageFilter.Kernel(kernel.shape[::-1], kernel.ravel().tolist(){settings})\n    )\n).astype(float)",
        ),
        contest=_contest,
    ),
    LibraryFunction(
        name="PIL.ImageFilter.GaussianBlur",
        aliases=("pillow.gaussianblur",),
        computes=CORRELATION.changed(
            borders=EDGE,
            numbers=NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE),
            inexact="each of its six passes rounds to whole numbers",
        ),
        runner=PythonFunction(module="PIL", call=_call_blur, image_dtypes=("uint8",)),
        text=PythonText(
            "from PIL import Image, ImageFilter",
            "np.asarray(\n    Image.fromarray(padded.astype(np.uint8)).filter(ImageFilter.GaussianBlur({arguments}))\n"
            ").astype(float)",
        ),
        own=BLUR,
    ),
)
