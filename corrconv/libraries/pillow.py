"""Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

from corrconv.core.convention.model import NumberRule, Orientation, Overflow, Rounding, Scale, ZeroSum
from corrconv.core.convention.summing import Summing
from corrconv.libraries.contest import inside, padded
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, Run
from corrconv.libraries.shared import CORRELATION, UNFILTERED

if TYPE_CHECKING:
    from corrconv.libraries.function import Array, Wanted


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
                Summing(dtype="float32", divided_first=True, divided_exactly=True, by_rows=True, half_first=True),
            ),
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
)
