"""What the contestants of `bench` need around a call: padding where a library cannot pad by itself, and types."""

from __future__ import annotations

import numpy as np

from corrconv.libraries.function import Array


def padded(image: Array, weights: Array) -> Array:
    """The image with the pixels around it that a kernel of this shape reads, by `reflect`."""
    sides = [(side // 2, side - 1 - side // 2) for side in weights.shape]
    return np.pad(image, sides, mode="reflect")


def inside(filtered: Array, image: Array, weights: Array) -> Array:
    """The part of a filtered padded image that lies over the image itself."""
    top, left = (side // 2 for side in weights.shape)
    return filtered[top : top + image.shape[0], left : left + image.shape[1]]


def matching(image: Array, weights: Array) -> Array:
    """The weights in the precision that the image's type asks for."""
    return weights.astype(image.dtype if image.dtype.kind == "f" else np.float32)
