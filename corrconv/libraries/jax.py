"""JAX."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from corrconv.core.convention.geometry import Fits, SameRule
from corrconv.core.convention.model import Convention
from corrconv.core.terms import OutputSize
from corrconv.libraries.contest import matching, padded
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Run, Wanted, attribute
from corrconv.libraries.shared import (
    CORRELATION,
    FLOAT32,
    LOWER_CONVOLUTION,
    LOWER_CORRELATION,
    by_output_size,
    by_padding_word,
    pair,
    placed_output_size,
)
from corrconv.libraries.target import FEW_KERNEL_SHAPES

PADDINGS = {
    "SAME": (LOWER_CORRELATION, SameRule.AFTER),
    "SAME_LOWER": (CORRELATION, SameRule.BEFORE),
    "VALID": (CORRELATION.changed(output_size=OutputSize.VALID), SameRule.ANCHOR),
}


def _conv(*, padding: str = "SAME", window_strides: int | tuple[int, int] = 1) -> dict[str, Any]:
    return by_padding_word(PADDINGS, padding, window_strides)


def _place_conv(wanted: Wanted) -> dict[str, Any]:
    words = {SameRule.BEFORE: "SAME_LOWER"}
    padding = "VALID" if wanted.output_size is OutputSize.VALID else words.get(wanted.same_rule, "SAME")
    return {"padding": padding, "window_strides": wanted.stride}


def _call_conv(image: Array, kernel: Array, padding: str = "SAME", window_strides: int | tuple[int, int] = 1) -> Array:
    lax = import_module("jax.lax")
    pixels, weights = (values.astype(np.float32)[None, None] for values in (image, kernel))
    result: Array = np.asarray(lax.conv(pixels, weights, pair(window_strides), padding, precision="highest"))[0, 0]
    return result


def _call_signal(path: str) -> Callable[..., Any]:
    def call(image: Array, kernel: Array, **settings: Any) -> Array:
        pixels, weights = (values.astype(np.float32) for values in (image, kernel))
        result: Array = np.asarray(attribute(path)(pixels, weights, precision="highest", **settings))
        return result

    return call


def _contest(image: Array, weights: Array, _: int) -> Run | None:
    jax = import_module("jax")
    if weights.size > 200 or image.dtype == np.float64:
        return None
    taps = matching(image, weights)[None, None]
    convolve = jax.jit(lambda pixels: jax.lax.conv(pixels, taps, (1, 1), "VALID", precision="highest"))
    return lambda: np.asarray(convolve(padded(image, weights).astype(np.float32)[None, None]))[0, 0]


def _of_signal(name: str, computes: Convention) -> LibraryFunction:
    path = f"jax.scipy.signal.{name}"
    return LibraryFunction(
        name=path,
        computes=computes.changed(numbers=FLOAT32, fits=Fits.NESTED),
        configure=by_output_size,
        place=placed_output_size,
        runner=PythonFunction(
            module="jax",
            call=_call_signal(path),
            settings={"mode": "same"},
            proof_pictures=1,
            kernel_shapes=FEW_KERNEL_SHAPES,
        ),
        text=PythonText(
            "from jax.scipy import signal",
            f'np.array(signal.{name}(padded, kernel, precision="highest"{{settings}}))',
        ),
    )


FUNCTIONS = (
    LibraryFunction(
        name="jax.lax.conv",
        computes=LOWER_CORRELATION.changed(numbers=FLOAT32),
        configure=_conv,
        place=_place_conv,
        runner=PythonFunction(
            module="jax",
            call=_call_conv,
            settings={"window_strides": (1, 1), "padding": "SAME"},
            proof_pictures=1,
            kernel_shapes=FEW_KERNEL_SHAPES,
        ),
        text=PythonText(
            "from jax import lax",
            "np.array(\n    lax.conv(padded[None, None].astype(np.float32), kernel[None, None].astype(np.float32),"
            ' precision="highest"{settings})\n)[0, 0]',
        ),
        contest=_contest,
    ),
    _of_signal("correlate2d", LOWER_CORRELATION),
    _of_signal("convolve2d", LOWER_CONVOLUTION),
)
