"""Values become pixels: the display rule as a straight line, then rounding to the pixel type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
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
        if self.factor != 1.0:
            with np.errstate(invalid="ignore"):  # inf times 0
                # In float64: many values lie halfway between two pixels, and must not be pushed off.
                scaled = scaled * np.float64(self.factor)
        return scaled + self.offset if self.offset else scaled


UNSCALED = PixelScale()


def finite_range(values: Numbers, extremes: tuple[Any, Any] | None = None) -> tuple[float, float]:
    """The smallest and the largest finite value; inf and -inf where there is none. extremes: as `quantize`."""
    low, high = map(float, (values.min(), values.max()) if extremes is None else extremes)
    if isfinite(low) and isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (inf, -inf)


@cache
def _whole_limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The smallest and the largest number of an integer type: perhaps beyond the digits of a float64."""
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


@cache
def pixel_limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The smallest and the largest pixel: of the integer type, or 0 and 1 for floats and truth values."""
    if dtype.kind in "bf":
        return 0.0, 1.0
    darkest, whole = _whole_limits(dtype)
    brightest = float(whole)
    # 2^63 - 1 is not a float64: the one below it is.
    return float(darkest), brightest if int(brightest) == whole else float(np.nextafter(brightest, 0))


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
    value to the end of the range. Values that lie less than some 1e-306 apart are equal to both.
    """
    darkest, brightest = pixel_limits(dtype)
    match display:
        case Display.CLIP:
            return PixelScale(unit)
        case Display.ABSOLUTE:
            return PixelScale(unit, absolute=True)
        case Display.RESCALE:
            # Halves: what lies between the largest numbers of either sign is more than float64 holds.
            factor = _slope((brightest - darkest) / 2, high / 2 - low / 2)
            return PixelScale(factor, darkest - low * factor if factor else darkest)
        case Display.SIGNED:
            # Integer ranges have no middle: 128 of 0..255 leaves 127 steps on either side.
            reach = (brightest - darkest) / 2 if dtype.kind == "f" else (brightest - darkest - 1) / 2
            peak = max(abs(low), abs(high))
            return PixelScale(_slope(reach, peak), brightest - reach)


def _slope(rise: float, run: float) -> float:
    return rise / run if run > 0 and isfinite(rise / run) else 0.0


def quantize(
    values: Numbers,
    dtype: np.dtype[Any],
    *,
    out: NDArray[Any] | None = None,
    extremes: tuple[Any, Any] | None = None,
) -> tuple[NDArray[Any], int]:
    """Round to the pixel type, half to even, saturating; and count the pixels that saturated.

    values (rows, columns, channels). nan becomes 0 and counts. Float types take the values as they are. out: where the
    pixels go. extremes: the smallest and the largest value as min() and max() give them, where they are known.
    """
    pixels = np.empty(values.shape, dtype) if out is None else out
    if dtype.kind == "f":
        with np.errstate(over="ignore"):  # beyond the type a value is infinite
            pixels[...] = values
        return pixels, 0
    low, high = (values.min(), values.max()) if extremes is None else extremes
    if values.dtype.kind == "i":
        return pixels, _clip_whole(values, int(low), int(high), pixels)
    darkest, brightest = pixel_limits(dtype)
    values = _wide_enough(values, dtype)
    # Casting as it rounds takes half the time of rounding, looking at what came out, and casting.
    if darkest - 0.5 <= low and high < brightest + 0.5:
        np.rint(values, out=pixels, casting="unsafe")
        return pixels, 0
    rounded = np.rint(values)
    outside = rounded < darkest
    outside |= rounded > brightest
    if np.isnan(low):
        outside |= np.isnan(rounded)
        np.nan_to_num(rounded, copy=False, nan=0.0)
    np.clip(rounded, darkest, brightest, out=pixels, casting="unsafe")
    return pixels, count_pixels(outside)


def _clip_whole(values: Numbers, low: int, high: int, pixels: NDArray[Any]) -> int:
    """Fill pixels with whole values from low to high, saturating; and count those that did."""
    (darkest, brightest), own = _whole_limits(pixels.dtype), _whole_limits(values.dtype)
    darkest, brightest = max(darkest, own[0]), min(brightest, own[1])
    np.clip(values, darkest, brightest, out=pixels, casting="unsafe")
    if darkest <= low and high <= brightest:
        return 0
    if darkest == 0:  # taken as unsigned numbers, those below 0 are the largest
        return count_pixels(values.view(f"u{values.dtype.itemsize}") > brightest)
    return count_pixels((values < darkest) | (values > brightest))


def round_quotients(sums: Numbers, divisor: int) -> None:
    """Replace whole sums by their quotients, rounded half to even; sums and divisor together stay within the type."""
    if divisor % 2:
        sums += divisor // 2
    else:
        # One more for odd quotients, so that halves go up to the even one, and stay there otherwise.
        odd = sums // divisor
        odd &= 1
        sums += odd
        sums += divisor // 2 - 1
    sums //= divisor


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
    return scaled_pixels(values, pixel_scale(display, low, high, target, unit_factor(source, target)), target)


def scaled_pixels(
    values: NDArray[Any],
    scale: PixelScale,
    target: np.dtype[Any],
    *,
    out: NDArray[Any] | None = None,
    extremes: tuple[Any, Any] | None = None,
) -> tuple[NDArray[Any], int]:
    """Values on the scale of the pixels, as pixels of type target; and how many of them saturated.

    out, extremes: as `quantize`.
    """
    if scale == UNSCALED:
        return quantize(values, target, out=out, extremes=extremes)
    return quantize(scale(_wide_enough(values, target)), target, out=out)


def _wide_enough(values: Numbers, dtype: np.dtype[Any]) -> Numbers:
    # 2^31 - 1 is not a float32: compared or scaled to it there, values would round up and wrap round.
    too_coarse = values.dtype.kind == "f" and dtype.kind in "iu" and dtype.itemsize > 2
    return values.astype(np.float64, copy=False) if too_coarse else values
