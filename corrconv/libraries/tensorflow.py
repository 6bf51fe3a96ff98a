"""TensorFlow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.geometry import SameRule
from corrconv.core.terms import OutputSize
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText
from corrconv.libraries.shared import CORRELATION, FLOAT32, LOWER_CORRELATION, Pair, by_padding_word
from corrconv.libraries.target import FEW_KERNEL_SHAPES

if TYPE_CHECKING:
    from corrconv.libraries.function import Array, Wanted

PADDINGS = {
    "SAME": (LOWER_CORRELATION, SameRule.AFTER),
    "VALID": (CORRELATION.changed(output_size=OutputSize.VALID), SameRule.ANCHOR),
}


def _conv2d(*, padding: str = "SAME", strides: Pair = 1, dilations: Pair = 1) -> dict[str, Any]:
    return by_padding_word(PADDINGS, padding, strides, dilations)


def _place(wanted: Wanted) -> dict[str, Any]:
    spaced = {"strides": wanted.stride, "dilations": wanted.dilation}
    given = {name: value for name, value in spaced.items() if value != (1, 1)}
    return {"strides": 1, "padding": "VALID" if wanted.output_size is OutputSize.VALID else "SAME", **given}


def _call(image: Array, kernel: Array, **settings: Any) -> Array:
    tensorflow = import_module("tensorflow")
    pixels, weights = (np.asarray(values, np.float32) for values in (image, kernel))
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    made = tensorflow.nn.conv2d(pixels[None, :, :, None], weights[:, :, None, None], **given)
    result: Array = made.numpy()[0, :, :, 0]
    return result


FUNCTIONS = (
    LibraryFunction(
        name="tf.nn.conv2d",
        aliases=("tensorflow.nn.conv2d", "keras.layers.Conv2D"),
        computes=LOWER_CORRELATION.changed(numbers=FLOAT32),
        configure=_conv2d,
        place=_place,
        runner=PythonFunction(
            module="tensorflow",
            call=_call,
            settings={"strides": 1, "padding": "SAME"},
            proof_pictures=1,
            kernel_shapes=FEW_KERNEL_SHAPES,
        ),
        text=PythonText(
            "import tensorflow as tf",
            "tf.nn.conv2d(\n    padded[None, :, :, None].astype(np.float32),"
            " kernel[:, :, None, None].astype(np.float32){settings}\n).numpy()[0, :, :, 0]",
        ),
    ),
)
