"""Gaussian blurs as libraries make them: which weights they take for a sigma and a size, and in which numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.convention.filtering import padded_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.convention.model import Borders
    from corrconv.core.kernel import Kernel

# What 8-bit pixels are multiplied by is kept in units of 1/256.
EIGHT_BIT_UNIT = 256

# Weights that differ by less are equal: a row times a column, and rounding.
EQUAL = 1e-9


def profile(sigma: float, size: int) -> NDArray[np.float64]:
    """The weights of a normalized Gaussian along one axis."""
    places = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(places**2) / (2 * sigma**2))
    normalized: NDArray[np.float64] = weights / weights.sum()
    return normalized


def eight_bit_weights(kernel: Kernel) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The whole weights along rows and columns that a blur by this kernel takes in 1/256, or None for no blur."""
    weights = kernel.weights
    if weights.min() < 0 or abs(weights.sum() - 1) > EQUAL or any(side % 2 == 0 for side in weights.shape):
        return None
    down, across = weights.sum(axis=1), weights.sum(axis=0)
    product = np.outer(down, across)
    if np.abs(product - weights).max() > EQUAL or any(np.abs(it - it[::-1]).max() > EQUAL for it in (down, across)):
        return None
    return in_units(down), in_units(across)


def in_units(weights: NDArray[np.float64], unit: int = EIGHT_BIT_UNIT) -> NDArray[np.int64]:
    """Symmetric weights in whole units, the rounding of each carried over to the next, the middle what is left.

    Source: getGaussianKernelFixedPoint_ED in OpenCV's imgproc/src/smooth.dispatch.cpp.
    """
    half = len(weights) // 2
    whole = np.zeros(len(weights), np.int64)
    error = 0.0
    for place in range(half):
        wanted = weights[place] * unit + error
        whole[place] = whole[-1 - place] = round(wanted)
        error = wanted - whole[place]
    whole[half] = unit - whole.sum()
    return whole


def eight_bit_passes(
    image: NDArray[Any], weights: tuple[NDArray[np.int64], NDArray[np.int64]], borders: Borders
) -> NDArray[np.float64]:
    """The blurred pixels before they are rounded; exact, since whole weights lose nothing between the passes.

    image (H, W) or (H, W, C), anchored in the middle.
    """
    down, across = weights
    rows, columns = image.shape[:2]
    reach = len(down) // 2, len(across) // 2
    padded = padded_window(image, (-reach[0], -reach[1]), (rows + 2 * reach[0], columns + 2 * reach[1]), borders)
    passed = sum(weight * padded[place : place + rows].astype(np.int64) for place, weight in enumerate(down))
    total = sum(weight * passed[:, place : place + columns] for place, weight in enumerate(across))
    blurred: NDArray[np.float64] = total / float(down.sum() * across.sum())
    return blurred
