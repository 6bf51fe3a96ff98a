"""Which sigma, size, border and rounding has the Gaussian blur that made a result of an image?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice, product
from math import ceil, exp, log
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.diagnose.evidence import PRECISIONS, Evidence, check_numbers
from corrconv.commands.diagnose.selection import merged
from corrconv.commands.diagnose.treatments import explaining
from corrconv.commands.diagnose.way import Treatment, Way
from corrconv.core.convention.filtering import raw_sums, replace_border_results
from corrconv.core.convention.gaussian import (
    box_passes,
    box_profile,
    eight_bit_passes,
    in_units,
    profile,
    scipy_profile,
    truncated_passes,
)
from corrconv.core.convention.model import BorderRule, Borders, Convention
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.minimum import lowest_place
from corrconv.core.terms import Boundary, OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.opencv import OPENCV_PROFILES, opencv_sigma
from corrconv.libraries.registry import blur_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals

# The part of the result that sigma and size are fitted to: so many pixels a side, in the middle.
WINDOW = 96

# What lies outside where nothing outside is looked at.
ANY = Borders.uniform(Boundary.EDGE)

# The longest kernel that is fitted.
LARGEST_SIZE = 121

# The narrowest blur that is sought.
SMALLEST_SIGMA = 0.2

# Sizes whose fits are within this factor of the best one are held against all pixels.
GOOD_FIT = 1.5
MOST_SIZES = 8


PLAIN_SIGMAS = (*(tenths / 10 for tenths in range(5, 31)), 3.5, 4.0, 5.0, 6.0, 8.0, 10.0)

# What rounding after each of two passes, and weights of 8 bits, change at most.
MOST_ROUNDED = 3.0

# Pictures of more numbers take too long.
MOST_PIXELS = 4_000_000


def size_rules(sigma: float) -> dict[str, int]:
    """How many weights along an axis libraries take for a sigma, if no size is given; and our own Gaussian."""
    return {**blur_sizes(sigma), "corrconv's gaussian": 2 * ceil(3 * sigma) + 1}


@dataclass(frozen=True, kw_only=True)
class Blur:
    """One Gaussian blur that gives the whole result, or the nearest. sigma: None for OpenCV's own table of a size."""

    sigma: float | None
    size: int
    kernel: Kernel
    way: Way

    @property
    def rules(self) -> tuple[str, ...]:
        """The libraries that take this size for the sigma, or this sigma for the size, by themselves."""
        if self.way.treatment is Treatment.BOXES:
            return (f"ImageFilter.GaussianBlur({self.sigma:g})",)
        if self.way.treatment is Treatment.TRUNCATED_PASSES:
            return tuple(
                name for name, size in size_rules(self.sigma or 0).items() if "scipy" in name and size == self.size
            )
        if self.way.convention.borders.top.rule is BorderRule.UNFILTERED:
            return ("no blur's: these borders are those of PIL.ImageFilter.Kernel",)
        if self.sigma is None:
            return (f"cv2.GaussianBlur(image, ({self.size}, {self.size}), 0)",)
        found = [name for name, size in size_rules(self.sigma).items() if size == self.size]
        if abs(opencv_sigma(self.size) - self.sigma) < 1e-9:
            found.append(f"cv2.GaussianBlur(image, ({self.size}, {self.size}), 0)")
        return tuple(found)


@dataclass(frozen=True)
class BlurDiagnosis:
    """All blurs that give the result; and the sigma that comes nearest, with how far it is off on the average."""

    blurs: tuple[Blur, ...]
    nearest_sigma: float
    nearest_size: int
    off: float

    @property
    def explained(self) -> bool:
        """Whether any blur gives the result."""
        return bool(self.blurs)


def diagnose_blur(image: NDArray[Any], result: NDArray[Any]) -> BlurDiagnosis:
    """Search the Gaussian blur that turned an image (H, W) or (H, W, C) into a result of the same shape.

    Raises CorrconvError for other shapes, and for pictures that are too large or too small.
    """
    if image.shape != result.shape:
        raise CorrconvError(f"the image has shape {image.shape} and the result {result.shape}; a blur keeps it")
    if image.size > MOST_PIXELS or min(image.shape[:2]) < 8:
        raise CorrconvError(
            f"a blur is sought in pictures of 8x8 pixels to {MOST_PIXELS // 1_000_000} million numbers, and these have"
            f" {image.shape[0]} rows of {image.shape[1]}; blur a part of such a picture, or a larger one"
        )
    image, result = (it.astype(np.uint8) if it.dtype.kind == "b" else it for it in (image, result))
    for name, values in (("image", image), ("result", result)):
        check_numbers(name, values)
    # skimage takes whole-number pixels as shares of the brightest.
    shares = image.dtype.kind == "u" and result.dtype.kind == "f" and float(result.max()) <= 1
    gain = 1 / float(np.iinfo(image.dtype).max) if shares else 1.0
    fits = _fits(image * gain, result)
    off, size, sigma = fits[0]
    found = list(_boxes(image, result, sigma)) or list(_held(image, result, _candidates(fits), gain))
    if not found and result.dtype.kind in "iu":
        # What rounding took from a picture that hardly varies misleads the fit; of plain sigmas one alone may do.
        plain = list(_held(image, result, _plain_candidates(image, result), gain))
        found = plain if len({blur.sigma for blur in plain}) == 1 else []
    # The plainest sigma, then the shortest kernel.
    found.sort(key=lambda blur: (len(f"{blur.sigma or 0:g}"), blur.size))
    plainest = [blur for blur in found if blur.sigma == found[0].sigma]
    return BlurDiagnosis(tuple(plainest), sigma, size, off)


def _held(
    image: NDArray[Any], result: NDArray[Any], candidates: Iterator[tuple[Kernel, float | None, int]], gain: float
) -> Iterator[Blur]:
    """The candidates that give the whole result."""
    for kernel, sigma, size in candidates:
        ways = merged(list(_ways(Evidence(image, kernel, result), sigma, size, gain)))
        yield from (Blur(sigma=sigma, size=size, kernel=kernel, way=way) for way in ways[:1])


def _plain_candidates(image: NDArray[Any], result: NDArray[Any]) -> Iterator[tuple[Kernel, float | None, int]]:
    """Sigmas that people write, with the sizes that libraries take for them, where a window is met but for rounding."""
    for sigma in PLAIN_SIGMAS:
        for size in sorted(set(size_rules(sigma).values())):
            if size >= min(image.shape[:2]):
                continue
            weights = profile(sigma, size)
            part, seen = _window(image, result, size)
            if np.abs(_blurred(part.astype(np.float64), weights) - seen).max() <= MOST_ROUNDED:
                yield Kernel(np.outer(weights, weights)), sigma, size


def _fits(image: NDArray[Any], result: NDArray[Any]) -> list[tuple[float, int, float]]:
    """For the sizes that come near: the root mean square of what is left, the size, and the fitted sigma."""
    longest = min(LARGEST_SIZE, min(image.shape[:2]) // 2 * 2 - 5)
    whole = result.dtype.kind in "iu"

    def off(sigma: float, size: int) -> float:
        part, seen = _window(image, result, size)
        left = _blurred(part.astype(np.float64), profile(sigma, size)) - seen
        if whole:
            left -= left.mean()  # fractions that were cut off darken all pixels alike
        return float(np.sqrt((left**2).mean()))

    def enough(sigma: float) -> int:
        return int(min(2 * ceil(4 * sigma) + 1, longest))

    rough = exp(
        lowest_place(lambda place: off(exp(place), enough(exp(place))), log(SMALLEST_SIGMA), log(longest / 6 + 1), 30)
    )
    found = []
    for size in range(3, min(2 * ceil(5 * rough) + 3, longest) + 1, 2):
        sigma = exp(
            lowest_place(lambda place: off(exp(place), size), log(rough / 3), log(3 * rough), 40)  # noqa: B023
        )
        found.append((off(sigma, size), size, sigma))
    found.sort()
    # Rounded results leave many sizes equally good.
    return [fit for fit in found if fit[0] <= GOOD_FIT * found[0][0] + 1e-9][:MOST_SIZES]


def _blurred(image: Reals, weights: Reals) -> Reals:
    """The valid part, one axis after the other."""
    for axis in (0, 1):
        length = image.shape[axis] - len(weights) + 1
        parts = (
            weight * np.take(image, np.arange(first, first + length), axis=axis) for first, weight in enumerate(weights)
        )
        image = np.sum(list(parts), axis=0)
    return image


def _candidates(fits: list[tuple[float, int, float]]) -> Iterator[tuple[Kernel, float | None, int]]:
    """The kernels worth a look at all pixels: of each size with plain sigmas near the fitted one, and OpenCV's own."""
    for size, table in OPENCV_PROFILES.items():
        if any(abs(size - fitted) <= 2 for _, fitted, _ in fits):
            yield Kernel(np.outer(table, table)), None, size
    sigmas = dict.fromkeys(float(f"{sigma:.{figures}g}") for figures in range(1, 7) for _, _, sigma in fits)
    sizes = {size for _, size, _ in fits}
    best = fits[0][2]
    near = [it for it in sigmas if abs(it - best) <= 0.02 * best]
    for size in sorted(sizes | {opencv for it in near for opencv in size_rules(it).values()}):
        for sigma in dict.fromkeys((*near, opencv_sigma(size))):
            if abs(sigma - best) <= 0.02 * best:
                weights = profile(sigma, size)
                yield Kernel(np.outer(weights, weights)), sigma, size


def _window(image: NDArray[Any], result: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The middle of the result, and the pixels that a kernel of this size reads for it."""
    margin = size // 2
    rows, columns = (
        slice(max(margin, (length - WINDOW) // 2), min(length - margin, (length + WINDOW) // 2))
        for length in image.shape[:2]
    )
    part = image[rows.start - margin : rows.stop + margin, columns.start - margin : columns.stop + margin]
    return part, result[rows, columns]


def _ways(evidence: Evidence, sigma: float | None, size: int, gain: float) -> Iterator[Way]:
    """The borders and numbers with which a kernel gives the whole result; a window decides what is worth a look."""
    if size > 2 * min(evidence.image.shape[:2]) - 1:
        return
    part, seen = _window(evidence.image, evidence.result, size)
    kept = slice(size // 2, -(size // 2))
    line = evidence.kernel.weights.sum(axis=1)
    if evidence.whole and evidence.image.dtype.kind in "iu" and sigma is not None:
        lines = (scipy_profile(sigma, size),) * 2
        if np.array_equal(truncated_passes(part, lines, ANY, exact=False)[kept, kept], seen):
            yield from _passes(evidence, lines)
    if evidence.whole and evidence.image.dtype == np.uint8:
        units = (in_units(line),) * 2
        if np.abs(eight_bit_passes(part, units, ANY)[kept, kept] - seen).max() <= 0.5:
            found = list(_eight_bit(evidence, units))
            yield from found
            if found:
                return
    slack = 1 + 1e-6 if evidence.whole else 2 * evidence.slack
    if np.abs(_blurred(part.astype(np.float64), line) * gain - seen).max() > slack:
        return
    for boundary in (*Boundary, BorderRule.UNFILTERED):
        plain = Convention(borders=Borders.uniform(boundary), output_size=OutputSize.SAME, gain=gain)
        sums = raw_sums(evidence.image, evidence.kernel, plain)
        values = replace_border_results(sums, evidence.image, evidence.kernel.shape, plain) * gain
        ways = (
            way
            for precision, numbers in product(PRECISIONS, _numbers(evidence))
            for way in explaining(evidence, replace(plain, numbers=numbers), values, Treatment.NONE, precision)
        )
        yield from islice(ways, 1)


def _eight_bit(evidence: Evidence, units: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Iterator[Way]:
    """The borders with which weights of 8 bits give the whole result."""
    numbers = NumberRule(evidence.held.name, Rounding.HALF_UP, Overflow.SATURATE)
    for boundary in Boundary:
        plain = Convention(borders=Borders.uniform(boundary), output_size=OutputSize.SAME, numbers=numbers)
        values = eight_bit_passes(evidence.image, units, plain.borders)
        yield from explaining(evidence, plain, values, Treatment.EIGHT_BIT_WEIGHTS)


def _passes(evidence: Evidence, lines: tuple[Reals, Reals]) -> Iterator[Way]:
    """The borders with which sums that are cut off after each axis give the whole result."""
    numbers = NumberRule(evidence.held.name, Rounding.TRUNCATE, Overflow.SATURATE)
    for boundary in Boundary:
        cut = Convention(borders=Borders.uniform(boundary), output_size=OutputSize.SAME, numbers=numbers)
        values = truncated_passes(evidence.image, lines, cut.borders, exact=False)
        yield from explaining(evidence, cut, values, Treatment.TRUNCATED_PASSES)


def _numbers(evidence: Evidence) -> list[NumberRule]:
    if not evidence.whole:
        return [NumberRule(evidence.result.dtype.name)]
    return [
        NumberRule(evidence.held.name, rounding, Overflow.SATURATE)
        for rounding in (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.TRUNCATE)
    ]


def _boxes(image: NDArray[Any], result: NDArray[Any], sigma: float) -> Iterator[Blur]:
    """The radius of Pillow's GaussianBlur, near a fitted sigma, that gives the whole result; the plainest alone."""
    if image.dtype != np.uint8 or result.dtype != np.uint8:
        return
    near = {round(sigma * share, digits) for share in np.linspace(0.95, 1.05, 201) for digits in (0, 1, 2)}
    part = tuple(slice(0, WINDOW) for _ in (0, 1))
    numbers = NumberRule("uint8", Rounding.HALF_UP, Overflow.SATURATE)
    plain = Convention(borders=Borders.uniform(Boundary.EDGE), output_size=OutputSize.SAME, numbers=numbers)
    for radius in sorted((it for it in near if it > 0), key=lambda it: (len(f"{it:g}"), abs(it - sigma))):
        weights = box_profile(radius)
        reach = len(weights) // 2
        seen = tuple(slice(0, max(1, min(length, WINDOW) - reach)) for length in image.shape[:2])
        if not np.array_equal(box_passes(image[part], radius)[seen], result[seen]):
            continue
        kernel = Kernel(np.outer(weights, weights))
        for way in explaining(Evidence(image, kernel, result), plain, box_passes(image, radius), Treatment.BOXES):
            yield Blur(sigma=radius, size=len(weights), kernel=kernel, way=way)
            return
