"""How far does one whole picture or signal lie behind another? Likeness at every offset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.match.study import FLAT_ROUNDINGS, LARGEST_PIXEL, Match, find_peaks
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.memory import require_memory
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation, OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.match.study import Scores

    Plane = NDArray[np.float64]

# Of the smaller of both, along each axis: fewer pixels are alike by chance.
LEAST_OVERLAP = 0.25

# What each score takes, measured.
BYTES_A_SCORE = 100

# Scores that differ less are equal.
TELLING_DIGITS = 9

WHOLE_PLANE = Options(boundary=Boundary.CONSTANT, output_size=OutputSize.FULL)


@dataclass(frozen=True, eq=False)
class Offsets:
    """Two pictures (H, W) and (h, w), one laid over the other at every offset.

    scores (H + h - 1, W + w - 1): the normalized correlation of what overlaps; nan where that is too
    little. peaks: the best local maxima, at rows and columns of scores.
    """

    first_shape: tuple[int, int]
    second_shape: tuple[int, int]
    scores: Scores
    peaks: tuple[Match, ...]

    @property
    def known_scores(self) -> Scores:
        """The scores, -1 where too little overlaps to tell."""
        return np.nan_to_num(self.scores, nan=-1.0)

    @property
    def best(self) -> Match:
        """The highest score."""
        return self.peaks[0]

    @property
    def repeats(self) -> bool:
        """Whether another offset fits as well as the best: what is compared repeats, or goes on evenly."""
        return int(np.count_nonzero(self.scores > self.best.score - 10.0**-TELLING_DIGITS)) > 1

    @property
    def are_signals(self) -> bool:
        """Whether both have one row."""
        return self.first_shape[0] == self.second_shape[0] == 1

    def offset(self, peak: Match) -> tuple[int, int]:
        """How many rows lower and columns further right things lie in the second than in the first."""
        return self.second_shape[0] - 1 - peak.row, self.second_shape[1] - 1 - peak.column

    def overlap(self, peak: Match) -> int:
        """How many pixels lie over each other there."""
        return int(
            np.prod(
                [
                    len(range(max(0, -shift), min(first, second - shift)))
                    for first, second, shift in zip(self.first_shape, self.second_shape, self.offset(peak), strict=True)
                ]
            )
        )


def find_offsets(first: NDArray[np.generic], second: NDArray[np.generic], count: int) -> Offsets:
    """Lay one gray picture (H, W) over another (h, w) at every offset, and score what overlaps.

    Only offsets at which a quarter of the smaller one's height and width overlap are scored; brightness
    and contrast play no part. Raises CorrconvError for too many pixels, and for others than finite ones.
    Source: D. Padfield, "Masked Object Registration in the Fourier Domain" (2012), without masks.
    """
    require_memory(
        BYTES_A_SCORE * prod(first.shape[axis] + second.shape[axis] - 1 for axis in (0, 1)),
        "laying pictures of these sizes over each other everywhere",
        "shrink both, or look for a part of one in the other",
    )
    planes = [_centred(picture, name) for picture, name in ((first, "first"), (second, "second"))]
    scores = _scores(*planes)
    window = tuple(max(1, min(sides) // 8) for sides in zip(planes[0].shape, planes[1].shape, strict=True))
    peaks = _peaks(scores, _overlapping(*planes)[2], (window[0], window[1]), count)
    shapes = [(plane.shape[0], plane.shape[1]) for plane in planes]
    return Offsets(shapes[0], shapes[1], scores, peaks)


def _peaks(scores: Scores, overlaps: Plane, window: tuple[int, int], count: int) -> tuple[Match, ...]:
    """The best offsets; of scores that are equal but for rounding, as of what repeats, the one where most overlaps."""
    known: Scores = np.nan_to_num(scores, nan=-2.0)
    rounded: Scores = known.round(TELLING_DIGITS)
    ranks: Scores = rounded + overlaps / overlaps.max() * (10.0**-TELLING_DIGITS / 2)
    found = find_peaks(ranks, window, count)
    return tuple(replace(peak, score=float(scores[peak.row, peak.column])) for peak in found)


def _centred(picture: NDArray[np.generic], name: str) -> Plane:
    plane = picture.astype(np.float64)
    if not np.isfinite(plane).all():
        raise CorrconvError(f"the {name} picture holds nan or inf; replace those pixels before matching")
    if np.abs(plane).max() > LARGEST_PIXEL:
        raise CorrconvError(f"the {name} picture holds numbers above {LARGEST_PIXEL:g}, too large to square")
    centred: Plane = plane - plane.mean()
    return centred


def _scores(first: Plane, second: Plane) -> Scores:
    peak = float(np.abs(second).max())
    if peak == 0 or not first.any():
        raise CorrconvError("one of both is flat, so that every offset is as good as any other")
    # Weights near 1 keep the sums of tiny or huge numbers within range; the score has no unit.
    products = filter_array(first, Kernel(second / peak), Operation.CORRELATION, WHOLE_PLANE) * peak
    sums, squares, counts = _overlapping(first, second)
    other_sums, other_squares, _ = (part[::-1, ::-1] for part in _overlapping(second, first))
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = products - sums * other_sums / counts
        variances = [squares - sums**2 / counts, other_squares - other_sums**2 / counts]
        scores = covariance / np.sqrt(variances[0] * variances[1])
        epsilon = float(np.finfo(np.float64).eps)
        for variance, energy in zip(variances, (squares, other_squares), strict=True):
            scores[variance <= FLAT_ROUNDINGS * epsilon * energy.max()] = 0
    scores[~_enough(first.shape, second.shape)] = np.nan
    return np.clip(scores, -1, 1)


def _overlapping(picture: Plane, other: Plane) -> tuple[Plane, Plane, Plane]:
    """For every offset of the other: sum, sum of squares and number of the picture's pixels under it."""
    bounds = []
    for side, reach in zip(picture.shape, other.shape, strict=True):
        starts = np.arange(side + reach - 1) - reach + 1
        bounds.append((np.maximum(starts, 0), np.minimum(starts + reach, side)))
    (top, bottom), (left, right) = bounds
    counts = np.outer(bottom - top, right - left).astype(np.float64)

    def summed(values: Plane) -> Plane:
        table = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
        table[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
        corners: Plane = (
            table[np.ix_(bottom, right)]
            - table[np.ix_(top, right)]
            - table[np.ix_(bottom, left)]
            + table[np.ix_(top, left)]
        )
        return corners

    return summed(picture), summed(picture**2), counts


def _enough(first: tuple[int, ...], second: tuple[int, ...]) -> NDArray[np.bool_]:
    enough = []
    for side, reach in zip(first, second, strict=True):
        starts = np.arange(side + reach - 1) - reach + 1
        common = np.minimum(starts + reach, side) - np.maximum(starts, 0)
        enough.append(common >= max(1, LEAST_OVERLAP * min(side, reach)))
    return np.logical_and.outer(enough[0], enough[1])
