"""What a kernel does to waves of every frequency, under both operations; the convolution theorem; the inverse.

Frequencies are in cycles per pixel, from 0 to 0.5 (black, white, black, white ...), first down, then across.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import hypot, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.filtering import filter_array
from corrconv.core.memory import require_memory
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Kernel

    Response = NDArray[np.complex128]
    Gains = NDArray[np.float64]

# Frequencies along each axis: a multiple of 1 to 10 and 12, so that the zeros of boxes are met.
GRID = 720 * 7

# A plane of frequencies is coarser: 1/9, 1/8, 1/5 of a cycle are met still.
PLANE = 360

# Gains below this share of the largest are zeros but for rounding; below the second, lost for an inverse.
ZERO = 1e-9
LARGEST = 1e140  # numbers up to this can be squared and summed over any picture
LOST = 1e-6

CYCLIC = Options(boundary=Boundary.WRAP)


class Passing(StrEnum):
    """Which waves a kernel lets pass."""

    NOTHING = "nothing"
    ALL = "all alike"
    LOW = "slow changes; it smooths"
    HIGH = "fast changes; flat parts become dark"
    SHARP = "everything, fast changes more: it sharpens"
    OTHER = "some directions or frequencies more than others"


@dataclass(frozen=True)
class Cut:
    """The response along one axis, from frequency 0 to 0.5.

    half: where the gain has fallen to half of that of flat parts (None: never, or flat parts vanish).
    zeros: where the gain is 0. side_lobe: the largest gain beyond the first minimum, as a share of that
    of flat parts; 0 where none rises again.
    """

    frequencies: Gains
    response: Response
    half: float | None
    zeros: tuple[float, ...]
    side_lobe: float


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The frequency response of a kernel.

    response: of correlation, at frequencies down and across as numpy.fft orders them. conjugate: the
    largest deviation between it and the conjugate of convolution's, as a share of the largest gain.
    """

    kernel: Kernel
    response: Response
    conjugate: float
    down: Cut
    across: Cut

    @property
    def gain(self) -> Gains:
        """By how much waves become stronger: the same for both operations."""
        return np.abs(self.response)

    @property
    def flat(self) -> float:
        """What flat parts are multiplied by: the sum of the weights."""
        return float(self.response[0, 0].real)

    @property
    def strongest(self) -> tuple[float, tuple[float, float]]:
        """The largest gain, and where."""
        return self._at(np.argmax(self._rounded()))

    @property
    def weakest(self) -> tuple[float, tuple[float, float]]:
        """The smallest gain, and where."""
        return self._at(np.argmin(self._rounded()))

    @property
    def passing(self) -> Passing:
        """What the kernel keeps, by its gain at both ends of each axis."""
        gain, half = self.gain, PLANE // 2
        ends = gain[half, 0], gain[0, half]
        if not self.kernel.weights.any():
            return Passing.NOTHING
        if np.ptp(gain) <= 1e-9 * gain.max():
            return Passing.ALL
        if gain[0, 0] >= gain.max() * (1 - 1e-9) and max(ends) < 0.9 * gain[0, 0]:
            return Passing.LOW
        if gain[0, 0] <= 1e-9 * gain.max():
            return Passing.HIGH
        return Passing.SHARP if min(ends) > 1.1 * gain[0, 0] else Passing.OTHER

    def _rounded(self) -> Gains:
        """Gains as shares of the largest, equal where only rounding tells them apart."""
        shares: Gains = np.round(self.gain / (float(self.gain.max()) or 1.0), 9)
        return shares

    def _at(self, place: np.intp) -> tuple[float, tuple[float, float]]:
        row, column = np.unravel_index(place, self.response.shape)
        frequencies = np.abs(np.fft.fftfreq(PLANE))
        return float(self.gain[row, column]), (float(frequencies[row]), float(frequencies[column]))


@dataclass(frozen=True, eq=False)
class Theorem:
    """The convolution theorem on a picture (H, W), wrapped around: DFT(result) = DFT(picture) · response.

    deviation: the largest, as a share of the largest side.
    """

    operation: Operation
    picture: Gains
    result: Gains
    response: Response
    deviation: float


@dataclass(frozen=True, eq=False)
class Inverse:
    """Whether the kernel can be undone.

    lost: frequencies at which (almost) nothing is left, of so many. worst: what the inverse multiplies
    the weakest of the others by. noise_gain: by how much white noise becomes stronger, on average (rms).
    """

    lost: int
    frequencies: int
    worst: float
    noise_gain: float


@dataclass(frozen=True, eq=False)
class Restoration:
    """A picture filtered, with noise added, and undone twice; all (H, W). noise: its standard deviation."""

    noise: float
    original: Gains
    filtered: Gains
    plain: Gains
    wiener: Gains

    def error(self, restored: Gains) -> float:
        """The root of the mean square of the difference from the original."""
        return sqrt(float(np.mean((restored - self.original) ** 2)))


def transfer(kernel: Kernel, operation: Operation, shape: tuple[int, int]) -> Response:
    """The response at the frequencies of a picture of this shape: the transform of what an impulse becomes."""
    impulse = np.zeros(shape)
    impulse[0, 0] = 1
    response: Response = np.fft.fft2(filter_array(impulse, kernel, operation, CYCLIC))
    return response


def measure_spectrum(kernel: Kernel) -> Spectrum:
    """The frequency response of a kernel about its anchor."""
    correlation, convolution = (transfer(kernel, operation, (PLANE, PLANE)) for operation in Operation)
    peak = float(np.abs(correlation).max()) or 1.0
    return Spectrum(
        kernel,
        correlation,
        float(np.abs(correlation - convolution.conj()).max()) / peak,
        _cut(kernel, axis=0),
        _cut(kernel, axis=1),
    )


def gaussian_beside(kernel: Kernel) -> Cut | None:
    """The cut across of a Gaussian as wide as the kernel, for kernels that only smooth; else None.

    Equally wide: the same variance along the axis. Its gain is that of the continuous Gaussian.
    """
    weights = kernel.weights.sum(axis=0)
    if kernel.weights.min() < 0 or kernel.sum <= 0 or len(weights) < 2:
        return None
    places = np.arange(len(weights))
    middle = float((weights * places).sum() / weights.sum())
    variance = float((weights * (places - middle) ** 2).sum() / weights.sum())
    frequencies = np.arange(GRID // 2 + 1) / GRID
    gain = kernel.sum * np.exp(-2 * np.pi**2 * variance * frequencies**2)
    return Cut(frequencies, gain.astype(np.complex128), None, (), 0.0)


def check_theorem(kernel: Kernel, operation: Operation, picture: NDArray[Any]) -> Theorem:
    """Filter a picture (H, W) and compare its transform with the product of the transforms.

    Raises CorrconvError for a picture of which there is no transform, and for one that is too large.
    """
    _check_transformable(kernel, picture, 80)
    result = filter_array(picture, kernel, operation, CYCLIC).astype(np.float64)
    rows, columns = picture.shape
    response = transfer(kernel, operation, (rows, columns))
    product = np.fft.fft2(picture.astype(np.float64)) * response
    transform = np.fft.fft2(result)
    peak = float(np.abs(transform).max()) or 1.0
    deviation = float(np.abs(transform - product).max()) / peak
    return Theorem(operation, picture.astype(np.float64), result, response, deviation)


def _check_transformable(kernel: Kernel, picture: NDArray[Any], bytes_a_pixel: int) -> None:
    require_memory(bytes_a_pixel * picture.size, "transforming a picture of this size", "take a part of it")
    if not np.isfinite(picture).all():
        raise CorrconvError("the picture holds nan or inf, of which there is no spectrum; replace them first")
    largest = max(map(abs, (float(picture.max()), float(picture.min()))))
    if max(largest, 1) * max(kernel.absolute_sum, 1) > LARGEST:
        raise CorrconvError(f"picture and kernel make numbers above {LARGEST:g}, too large to square; scale them down")


def judge_inverse(response: Response) -> Inverse:
    """What undoing a response would take."""
    gain = np.abs(response)
    kept = gain[gain > LOST * gain.max()]
    if not kept.size or kept.min() < 1 / LARGEST:
        return Inverse(int(gain.size - kept.size), int(gain.size), float("inf"), float("inf"))
    worst, rms = 1 / float(kept.min()), sqrt(float(np.mean(1 / kept**2)))
    return Inverse(int(gain.size - kept.size), int(gain.size), worst, rms)


def restore(kernel: Kernel, operation: Operation, picture: NDArray[Any], noise: float, *, seed: int = 0) -> Restoration:
    """Filter a picture (H, W) cyclically, add white noise, and undo it: by division, and by Wiener's filter.

    Wiener's filter weighs each frequency by how much of it is picture: pictures' power is taken to fall
    with the square of the frequency. Source: N. Wiener, "Extrapolation, Interpolation, and Smoothing of
    Stationary Time Series" (1949); D. J. Field, "Relations between the statistics of natural images and
    the response properties of cortical cells" (1987).
    """
    _check_transformable(kernel, picture, 210)
    if not 0 <= noise <= LARGEST:
        raise CorrconvError(f"noise {noise:g} is no standard deviation of pixels; use a number from 0 to {LARGEST:g}")
    original = picture.astype(np.float64)
    clean = filter_array(picture, kernel, operation, CYCLIC).astype(np.float64)
    filtered = clean + np.random.default_rng(seed).normal(scale=noise, size=clean.shape) if noise else clean
    rows, columns = original.shape
    response = transfer(kernel, operation, (rows, columns))
    transform, gain = np.fft.fft2(filtered), np.abs(response)
    # Lost is also what would become too large for float64, as with a kernel of 1e-320.
    lost = gain <= max(LOST * gain.max(), np.abs(transform).max() * 1e-300)
    plain = np.where(lost, 0, transform / np.where(lost, 1, response))
    power = _expected_power(original)
    weights = response.conj() / (gain**2 + (noise**2 * original.size + LOST * power.max() * 1e-6) / power)
    return Restoration(noise, original, filtered, np.fft.ifft2(plain).real, np.fft.ifft2(weights * transform).real)


def _expected_power(picture: Gains) -> Gains:
    """|DFT|² as natural pictures have it on average, scaled to this one's variance."""
    rows, columns = picture.shape
    down, across = np.fft.fftfreq(rows)[:, np.newaxis], np.fft.fftfreq(columns)
    slowest = hypot(1 / rows, 1 / columns)
    power = 1 / (down**2 + across**2 + slowest**2)
    scaled: Gains = power * (float(picture.var()) + 1e-12) * picture.size / power.mean()
    scaled[0, 0] += float(np.abs(picture.sum())) ** 2
    return scaled


def _cut(kernel: Kernel, axis: int) -> Cut:
    """The response along one axis: that of the weights summed across it."""
    weights = kernel.weights.sum(axis=1 - axis)
    frequencies = np.arange(GRID // 2 + 1) / GRID
    # Of correlation: a weight right of the anchor brings the pixel there, a wave that is ahead.
    places = np.arange(len(weights)) - kernel.anchor[axis]
    response = np.exp(2j * np.pi * np.outer(frequencies, places)) @ weights
    gain = np.abs(response)
    flat = gain[0]
    peak = float(gain.max()) or 1.0
    below = np.flatnonzero(gain < flat / 2)
    half = float(frequencies[below[0]]) if flat > ZERO * peak and below.size else None
    return Cut(frequencies, response, half, _zeros(frequencies, gain, peak), _side_lobe(gain, flat, peak))


def _zeros(frequencies: Gains, gain: Gains, peak: float) -> tuple[float, ...]:
    zero = gain <= ZERO * peak
    return tuple(frequencies[zero].tolist()) if zero.sum() <= len(gain) // 2 else ()


def _side_lobe(gain: Gains, flat: float, peak: float) -> float:
    if flat <= ZERO * peak or flat < peak * (1 - 1e-9):
        return 0.0
    rising = np.flatnonzero(np.diff(gain) > ZERO * peak)
    return float(gain[rising[0] :].max() / flat) if rising.size else 0.0
