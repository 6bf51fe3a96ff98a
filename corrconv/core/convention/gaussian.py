"""Gaussian blurs as libraries make them: which weights they take for a sigma and a size, and in which numbers."""

from __future__ import annotations

from math import floor, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.filtering import padded_window
from corrconv.core.convention.model import Borders
from corrconv.core.kernel import Kernel

# What 8-bit pixels are multiplied by is kept in units of 1/256.
EIGHT_BIT_UNIT = 256

# Sums that are less than this below a whole number are whole where nothing but rounding parts them.
WHOLE_SUM = 1e-9

# Pillow's boxes: how often each is laid along an axis, and the unit of its weights.
BOX_PASSES = 3
BOX_UNIT = 1 << 24

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


def truncated_passes(
    image: NDArray[Any], weights: tuple[NDArray[np.float64], NDArray[np.float64]], borders: Borders, *, exact: bool
) -> NDArray[np.float64]:
    """The sums along columns and then rows, cut off to whole numbers after each: scipy.ndimage on whole numbers.

    image (H, W) or (H, W, C); weights symmetric, anchored in the middle. exact: sums that are whole but for their
    rounding count as whole, as uniform_filter has them; else they are summed in the order of correlate1d.
    Source: NI_Correlate1D in SciPy's ndimage/src/ni_filters.c.
    """
    passed = image.astype(np.float64)
    for axis, line in enumerate(weights):
        half, length = len(line) // 2, image.shape[axis]
        first, reads = [0, 0], list(image.shape[:2])
        first[axis], reads[axis] = -half, length + 2 * half
        padded = padded_window(passed, (first[0], first[1]), (reads[0], reads[1]), borders)
        places = [np.take(padded, np.arange(place, place + length), axis=axis) for place in range(len(line))]
        total = places[half] * line[half]
        for place in range(half):
            total += (places[place] + places[-1 - place]) * line[place]
        passed = np.trunc(total + (WHOLE_SUM if exact else 0.0))
    return passed


def scipy_profile(sigma: float, size: int) -> NDArray[np.float64]:
    """The weights of scipy.ndimage.gaussian_filter along an axis, to the last bit."""
    places = np.arange(-(size // 2), size // 2 + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * places**2)
    normalized: NDArray[np.float64] = weights / weights.sum()
    return normalized


def box_radius(sigma: float) -> float:
    """The radius of the boxes that Pillow's GaussianBlur lays three times along each axis, in 32-bit floats.

    Source: _gaussian_blur_radius in Pillow's src/libImaging/BoxBlur.c.
    """
    single = np.float32
    variance = single(sigma) * single(sigma) / single(BOX_PASSES)
    whole = single(floor((single(sqrt(12.0 * float(variance) + 1.0)) - 1.0) / 2.0))
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) * (whole + 1)))
    return float(whole + part)


def box_profile(sigma: float) -> NDArray[np.float64]:
    """The weights along an axis of those three boxes together."""
    radius = box_radius(sigma)
    whole = int(radius)
    box = np.ones(2 * whole + 3)
    box[0] = box[-1] = radius - whole
    weights = np.ones(1)
    for _ in range(BOX_PASSES):
        weights = np.convolve(weights, box / (2 * radius + 1))
    return weights


def box_passes(image: NDArray[Any], sigma: float) -> NDArray[np.float64]:
    """What Pillow's GaussianBlur makes of 8-bit pixels: rounded after each of its boxes, rows first.

    image (H, W) or (H, W, C). Source: ImagingBoxBlur in Pillow's src/libImaging/BoxBlur.c.
    """
    radius = box_radius(sigma)
    whole = int(radius)
    inner = int(np.float32(BOX_UNIT) / (np.float32(radius) * 2 + 1))
    outer = (BOX_UNIT - (2 * whole + 1) * inner) // 2
    passed = image.astype(np.int64)
    for axis in (1, 0):
        length = image.shape[axis]
        for _ in range(BOX_PASSES):
            places = [
                np.take(passed, np.clip(np.arange(length) + shift, 0, length - 1), axis=axis)
                for shift in range(-whole - 1, whole + 2)
            ]
            total = inner * np.sum(places[1:-1], axis=0) + outer * (places[0] + places[-1])
            passed = (total + BOX_UNIT // 2) // BOX_UNIT
    return passed.astype(np.float64)
