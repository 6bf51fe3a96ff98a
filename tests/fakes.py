"""Filters that do one thing differently, and some that are none: what a probe must tell apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def padded_correlation(image: Array, kernel: Array, *pads: tuple[str, float]) -> Array:
    """Correlation as shifted sums; the pads are (numpy mode, constant) for top, bottom, left, right."""
    rows, columns = kernel.shape
    top, left = rows // 2, columns // 2
    sides = [((top, 0), (0, 0)), ((0, rows - 1 - top), (0, 0)), ((0, 0), (left, 0)), ((0, 0), (0, columns - 1 - left))]
    padded = image.astype(np.float64)
    # Top and bottom first, so that a constant on the left is not made part of what they repeat.
    for widths, (mode, constant) in zip(sides, pads or [("constant", 0.0)] * 4, strict=True):
        if mode == "constant":
            padded = np.pad(padded, widths, constant_values=constant)
        else:
            padded = np.pad(padded, widths, mode=mode)
    height, width = image.shape
    return sum(
        kernel[i, j] * padded[i : i + height, j : j + width] for i in range(rows) for j in range(columns)
    ) + np.zeros(image.shape)


def correlation(image: Array, kernel: Array) -> Array:
    return padded_correlation(image, kernel)


def shifted(image: Array, kernel: Array) -> Array:
    """Zeros outside, and everything one pixel further right."""
    wide = padded_correlation(np.pad(image.astype(float), 6), kernel)
    return wide[6:-6, 5:-7]


def four_borders(image: Array, kernel: Array) -> Array:
    return padded_correlation(image, kernel, ("edge", 0), ("reflect", 0), ("constant", 7), ("symmetric", 0))


def unfiltered_border(image: Array, kernel: Array) -> Array:
    result = image.astype(np.float64)
    top, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    inside = correlation(image, kernel)
    bottom, right = image.shape[0] - (kernel.shape[0] - 1 - top), image.shape[1] - (kernel.shape[1] - 1 - left)
    result[top:bottom, left:right] = inside[top:bottom, left:right]
    return result


def wrapped_around(image: Array, kernel: Array) -> Array:
    return np.mod(np.floor(correlation(image, kernel)), 256).astype(np.uint8)


def truncated(image: Array, kernel: Array) -> Array:
    return np.clip(correlation(image, kernel), 0, 255).astype(np.uint8)


def median(image: Array, kernel: Array) -> Array:
    rows, columns = kernel.shape
    padded = np.pad(image, ((rows // 2, rows - 1 - rows // 2), (columns // 2, columns - 1 - columns // 2)), mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, kernel.shape), axis=(2, 3))


def brighter_to_the_right(image: Array, kernel: Array) -> Array:
    return correlation(image, kernel) * (1 + np.arange(image.shape[1]) / 1000)


def half_and_half(image: Array, kernel: Array) -> Array:
    middle = image.shape[1] // 2
    left, right = correlation(image, kernel), correlation(image, kernel[::-1, ::-1])
    return np.hstack([left[:, :middle], right[:, middle:]])


def changing_input(image: Array, kernel: Array) -> Array:
    result = correlation(image, kernel)
    image += 1
    return result


def one_dead_pixel(image: Array, kernel: Array) -> Array:
    result = correlation(image, kernel)
    result[3, 3] = 0
    return result


def flipped_when_negative(image: Array, kernel: Array) -> Array:
    return correlation(image, kernel if kernel.min() >= 0 else kernel[::-1, ::-1])


def slightly_bent(image: Array, kernel: Array) -> Array:
    """Off by a thousandth, as float32 arithmetic might be, but returned as float64."""
    return correlation(image, kernel) + 1e-3 * np.sin(image.astype(np.float64))


def raising(image: Array, kernel: Array) -> Array:
    raise ZeroDivisionError("no luck today")


def zero_for_columns(image: Array, kernel: Array) -> Array:
    """Loses kernels of one column."""
    return correlation(image, kernel * (kernel.shape[1] > 1))


def flipped_from_seven_rows(image: Array, kernel: Array) -> Array:
    """Of the kernel, where it has seven rows or more."""
    return correlation(image, kernel[::-1, ::-1] if len(kernel) >= 7 else kernel)


def flipped_for_low_pictures(image: Array, kernel: Array) -> Array:
    """Where the picture has fewer than seven rows, though the kernel fits."""
    return correlation(image, kernel[::-1, ::-1] if len(image) < 7 else kernel)


def odd_sides_only(image: Array, kernel: Array) -> Array:
    if not all(side % 2 for side in kernel.shape):
        raise ValueError("odd sides only")
    return correlation(image, kernel)


def every_second(image: Array, kernel: Array) -> Array:
    return correlation(image, kernel)[::2, ::2]


def nan_border(image: Array, kernel: Array) -> Array:
    result = correlation(image, kernel)
    top, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    inside = np.full(image.shape, np.nan)
    bottom, right = image.shape[0] - (kernel.shape[0] - 1 - top), image.shape[1] - (kernel.shape[1] - 1 - left)
    inside[top:bottom, left:right] = result[top:bottom, left:right]
    return inside


_buffer = np.zeros((500, 500))


def returning_views(image: Array, kernel: Array) -> Array:
    """Of one array, which the next call fills anew."""
    view = _buffer[: image.shape[0], : image.shape[1]]
    view[:] = correlation(image, kernel)
    return view
