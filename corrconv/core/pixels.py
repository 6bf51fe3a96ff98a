"""Values become pixels: the display rule as a straight line, then rounding to the pixel type."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.engines.signature import Numbers
from corrconv.core.terms import Display


@dataclass(frozen=True)
class PixelScale:
    """The straight line from values to pixels: pixel = (|value| or value) * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0
    absolute: bool = False

    def __call__(self, values: Numbers) -> Numbers:
        """The values on the scale of the pixels, not yet rounded."""
        scaled = np.abs(values) if self.absolute else values
        with np.errstate(invalid="ignore"):  # inf times 0
            if self.factor != 1.0:
                # In float64: many values lie halfway between two pixels, and must not be pushed off.
                scaled = scaled * np.float64(self.factor)
            return scaled + self.offset if self.offset else scaled


def finite_range(values: Numbers) -> tuple[float, float]:
    """The smallest and the largest finite value; inf and -inf where there is none."""
    low, high = float(values.min()), float(values.max())
    if isfinite(low) and isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (inf, -inf)


def pixel_limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The smallest and the largest pixel: of the integer type, or 0 and 1 for floats and truth values."""
    if dtype.kind in "bf":
        return 0.0, 1.0
    limits = np.iinfo(dtype)
    brightest = float(limits.max)
    # 2^63 - 1 is not a float64: the one below it is.
    return float(limits.min), brightest if int(brightest) == limits.max else float(np.nextafter(brightest, 0))


def unit_factor(source: np.dtype[Any], target: np.dtype[Any]) -> float:
    """What one gray level of the source is worth in the target: 1/257 from 16 to 8 bits.

    Truth values become black and white. Signed and float values have no natural full range, so they
    are taken as they are.
    """
    if source.kind in "bu" and target.kind == "u":
        return pixel_limits(target)[1] / pixel_limits(source)[1]
    return 1.0


def pixel_scale(display: Display, low: float, high: float, dtype: np.dtype[Any], unit: float = 1.0) -> PixelScale:
    """The line that a display rule draws through values from low to high.

    `clip` and `absolute` keep the values, in units of the target type. `rescale` takes low to the
    smallest pixel and high to the largest; `signed` takes 0 to mid-gray and the largest absolute
    value to the end of the range.
    """
    darkest, brightest = pixel_limits(dtype)
    match display:
        case Display.CLIP:
            return PixelScale(unit)
        case Display.ABSOLUTE:
            return PixelScale(unit, absolute=True)
        case Display.RESCALE:
            factor = (brightest - darkest) / (high - low) if high > low else 0.0
            return PixelScale(factor, darkest - low * factor if factor else darkest)
        case Display.SIGNED:
            # Integer ranges have no middle: 128 of 0..255 leaves 127 steps on either side.
            reach = (brightest - darkest) / 2 if dtype.kind == "f" else (brightest - darkest - 1) / 2
            peak = max(abs(low), abs(high))
            return PixelScale(reach / peak if peak else 0.0, brightest - reach)


def quantize(values: Numbers, dtype: np.dtype[Any]) -> tuple[Numbers, int]:
    """Round to the pixel type, half to even, saturating; and count the pixels that saturated.

    values (rows, columns, channels). nan becomes 0 and counts. Float types take the values as they are.
    """
    if dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond the type a value is infinite
            return values.astype(dtype, copy=False), 0
    if values.dtype.kind == "i":
        # Whole already, and perhaps beyond the digits of a float64.
        limits, own = np.iinfo(dtype), np.iinfo(values.dtype)
        kept = np.clip(values, max(limits.min, own.min), min(limits.max, own.max))
        return kept.astype(dtype), count_pixels(kept != values)
    darkest, brightest = pixel_limits(dtype)
    rounded = np.rint(_wide_enough(values, dtype))
    low, high = rounded.min(), rounded.max()
    if darkest <= low and high <= brightest:
        return rounded.astype(dtype), 0
    outside = rounded < darkest
    outside |= rounded > brightest
    if np.isnan(low):
        outside |= np.isnan(rounded)
        np.nan_to_num(rounded, copy=False, nan=0.0)
    return np.clip(rounded, darkest, brightest, out=rounded).astype(dtype), count_pixels(outside)


def count_pixels(chosen: NDArray[np.bool_]) -> int:
    """How many pixels are chosen in at least one channel."""
    channels = chosen.shape[2]
    if channels == 1:
        return int(np.count_nonzero(chosen))
    # Each value takes in those after it, in long runs: along the few channels of each pixel, or plane by plane,
    # it would take longer than all the rest.
    flat = chosen.reshape(-1)
    any_of_next = flat[: len(flat) - channels + 1].copy()
    for later in range(1, channels):
        any_of_next |= flat[later : later + len(any_of_next)]
    return int(np.count_nonzero(any_of_next[::channels]))


def settled_range(values: tuple[float, float], display: Display, noise: float) -> tuple[float, float]:
    """The range by which values are displayed: none where they differ by no more than rounding explains.

    Stretched over all pixels, rounding would look like a picture.
    """
    low, high = values
    if display is Display.SIGNED:
        return (0.0, 0.0) if max(abs(low), abs(high)) <= noise else (low, high)
    return (low, low) if high - low <= noise else (low, high)


def to_pixels(
    values: NDArray[Any],
    source: np.dtype[Any],
    target: np.dtype[Any],
    display: Display = Display.CLIP,
    ends: tuple[float, float] | None = None,
) -> tuple[NDArray[Any], int]:
    """Values (rows, columns, channels) made of pixels of type source, as pixels of type target.

    ends: the smallest and the largest value, where they are not those of the values themselves. Gives the pixels
    and how many of them saturated.
    """
    low, high = finite_range(values) if ends is None else ends
    scale = pixel_scale(display, low, high, target, unit_factor(source, target))
    return quantize(scale(_wide_enough(values, target)), target)


def _wide_enough(values: Numbers, dtype: np.dtype[Any]) -> Numbers:
    # 2^31 - 1 is not a float32: compared or scaled to it there, values would round up and wrap round.
    too_coarse = values.dtype.kind == "f" and dtype.kind in "iu" and dtype.itemsize > 2
    return values.astype(np.float64, copy=False) if too_coarse else values
