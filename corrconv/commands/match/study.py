"""Where does a template occur in an image? Similarity, what correlation is for."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log2, prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.arithmetic import check_real
from corrconv.core.arrays import as_array, check_channel_axis, size_words
from corrconv.core.decision import prepare_filtering
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.memory import require_memory
from corrconv.core.options import Options
from corrconv.core.shown import Shown
from corrconv.core.terms import Operation, OutputSize, Precision
from corrconv.core.threads import available_cores, in_order
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from corrconv.core.engines.signature import Numbers
    from corrconv.core.engines.tiles import Tile
    from corrconv.core.kernel import Cell

    Scores = NDArray[np.float64]

# Scores are normalized in strips of so many rows: enough that the rows a strip shares with the next
# cost little, few enough that its sums stay small beside the picture.
STRIP_ROWS = 128

# Squares of pixels up to this can be summed over any window.
LARGEST_PIXEL = 1e140

# A window is flat when its variation is below this many roundings of its energy: what is left then
# is mostly rounding, and dividing by it would make a match out of nothing.
FLAT_ROUNDINGS = 64


@dataclass(frozen=True)
class Match:
    """One place where the template fits: the window's top-left pixel, and its score."""

    row: int
    column: int
    score: float

    def center(self, template_shape: tuple[int, int]) -> Cell:
        """The pixel under the template's middle cell (the lower right of the two for even sides)."""
        return self.row + template_shape[0] // 2, self.column + template_shape[1] // 2


@dataclass(frozen=True, eq=False, repr=False)
class Matching(Shown):
    """A template sought in an image.

    scores (H - h + 1, W - w + 1): one for each window, at its top-left pixel. peaks: the best of them
    that reach min_score (None: whatever the score), none overlapping a better one by more than half
    its height and width; best first. raw: the scores are plain sums of products, not similarities.
    """

    template_shape: tuple[int, int]
    operation: Operation
    raw: bool
    min_score: float | None
    scores: Scores
    peaks: tuple[Match, ...]

    @property
    def best(self) -> Match:
        """The highest score of all windows, whether it reaches min_score or not."""
        row, column = np.unravel_index(int(self.scores.argmax()), self.scores.shape)
        return Match(int(row), int(column), float(self.scores[row, column]))


def match_template(
    image: ArrayLike,
    template: ArrayLike,
    *,
    operation: Operation | str = Operation.CORRELATION,
    raw: bool = False,
    count: int = 5,
    min_score: float | None = None,
    channel_axis: int | None = None,
    threads: int | None = None,
) -> Matching:
    """Find the windows of an image that look most like the template.

    image (H, W) and template (h, w), or both with channels along channel_axis; see
    `normalized_correlation` for the scores and the errors, and for raw `plain_correlation`. count:
    at most so many peaks. threads: None uses every core.
    """
    if count < 1:
        raise CorrconvError(f"{count} matches cannot be looked for; ask for at least 1")
    if min_score is not None and not isfinite(min_score):
        raise CorrconvError(f"the least score {min_score} is no number that a score could reach; use one such as 0.5")
    score_windows = plain_correlation if raw else normalized_correlation
    scores = score_windows(image, template, operation=operation, channel_axis=channel_axis, threads=threads)
    _, *template_shape = _planes(template, channel_axis).shape
    window = template_shape[0], template_shape[1]
    peaks = find_peaks(scores, window, count, min_score)
    return Matching(window, Operation(operation), raw, min_score, scores, peaks)


def normalized_correlation(
    image: ArrayLike,
    template: ArrayLike,
    *,
    operation: Operation | str = Operation.CORRELATION,
    channel_axis: int | None = None,
    threads: int | None = None,
) -> Scores:
    """Similarity of every window to the template, from -1 to 1 (no unit).

    image (H, W) and template (h, w) with h <= H, w <= W give (H - h + 1, W - w + 1); with
    channel_axis all channels are taken together, each about its own mean. Brightness and contrast of
    a window play no part. Windows without variation score 0. Under convolution the template is
    turned by 180 degrees, so its half-turned copies are found. Raises CorrconvError for a template
    that does not fit or has no variation, and for nan or inf.
    Source: J. P. Lewis, "Fast Normalized Cross-Correlation" (1995).
    """
    planes, patterns = _checked_pair(image, template, channel_axis)
    unit_patterns = _unit_patterns(patterns)
    # A shift of the image changes no score, since the pattern sums to 0, but it keeps the sums small,
    # and with them their rounding.
    offsets = planes.mean(axis=(1, 2), dtype=np.float64)
    options = Options(output_size=OutputSize.VALID, precision=Precision.FLOAT64, threads=threads)
    _, height, width = planes.shape
    _, rows, columns = patterns.shape
    scores = np.zeros((height - rows + 1, width - columns + 1))
    for plane, pattern, offset in zip(planes, unit_patterns, offsets, strict=True):
        _add_products(scores, plane, pattern, offset, Operation(operation), options)
    _divide_by_variation(scores, planes, offsets, (rows, columns), threads)
    return scores


def plain_correlation(
    image: ArrayLike,
    template: ArrayLike,
    *,
    operation: Operation | str = Operation.CORRELATION,
    channel_axis: int | None = None,
    threads: int | None = None,
) -> Scores:
    """The sum of products of every window with the template, summed over the channels.

    Shapes and errors are those of `normalized_correlation`, but a template without variation is
    accepted. Bright windows score high whatever they show.
    """
    planes, patterns = _checked_pair(image, template, channel_axis)
    options = Options(output_size=OutputSize.VALID, threads=threads)
    total: Scores = sum(  # type: ignore[assignment]
        filter_array(plane, Kernel(pattern), Operation(operation), options, dtype=float)
        for plane, pattern in zip(planes, patterns, strict=True)
    )
    return total


def find_peaks(
    scores: Scores, template_shape: tuple[int, int], count: int, min_score: float | None = None
) -> tuple[Match, ...]:
    """The highest local maxima of a score map, best first (equal scores from top to bottom).

    A maximum is dropped where its window overlaps that of a better one by more than half the
    template's height and more than half its width.
    """
    rows, columns = _local_maxima(scores, -np.inf if min_score is None else min_score)
    order = np.argsort(-scores[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    peaks: list[Match] = []
    while len(rows) and len(peaks) < count:
        row, column = int(rows[0]), int(columns[0])
        peaks.append(Match(row, column, float(scores[row, column])))
        apart = (2 * np.abs(rows - row) >= template_shape[0]) | (2 * np.abs(columns - column) >= template_shape[1])
        rows, columns = rows[apart], columns[apart]
    return tuple(peaks)


def _checked_pair(
    image: ArrayLike, template: ArrayLike, channel_axis: int | None
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Both as planes (channels, rows, columns)."""
    planes, patterns = (_planes(array, channel_axis) for array in (image, template))
    for array, what in ((planes, "image"), (patterns, "template")):
        if array.size == 0:
            raise CorrconvError(f"the {what} is empty; it needs at least one pixel")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise CorrconvError(f"the {what} holds nan or inf; replace those pixels before matching")
        if array.dtype.kind == "f" and max(float(array.max()), -float(array.min())) > LARGEST_PIXEL:
            raise CorrconvError(f"the {what} holds numbers above {LARGEST_PIXEL:g}, too large to square; scale it down")
    (channels, *sides), (pattern_channels, *pattern_sides) = planes.shape, patterns.shape
    if channels != pattern_channels:
        raise CorrconvError(
            f"the image has {channels} channels where the template has {pattern_channels}; make both gray"
        )
    if pattern_sides[0] > sides[0] or pattern_sides[1] > sides[1]:
        raise CorrconvError(
            f"the template ({size_words(pattern_sides)}) does not fit into the image"
            f" ({size_words(sides)}); use a smaller template"
        )
    require_memory(
        planes.nbytes + 10 * prod(sides), "a score for each place of a picture of this size", "take a part of it"
    )
    return planes, patterns.astype(np.float64)


def _planes(array: ArrayLike, channel_axis: int | None) -> NDArray[Any]:
    pixels = as_array(array, "image")
    check_real(pixels)
    if channel_axis is not None:
        check_channel_axis(channel_axis)
    expected = 2 if channel_axis is None else 3
    if pixels.ndim != expected:
        raise CorrconvError(f"an array of shape {pixels.shape} cannot be matched; {expected} dimensions are needed")
    # Interleaved channels are read with gaps, which takes twice the time.
    return pixels[np.newaxis] if channel_axis is None else np.ascontiguousarray(np.moveaxis(pixels, channel_axis, 0))


def _unit_patterns(patterns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The template less the mean of each channel, divided by its norm over all channels."""
    deviations: NDArray[np.float64] = patterns - patterns.mean(axis=(1, 2), keepdims=True)
    variation = float(np.square(deviations).sum())
    if variation <= _flatness(patterns.size) ** 2 * float(np.square(patterns).sum()):
        raise CorrconvError(
            "the template is flat: without variation it has no shape to look for, and every score would be 0/0;"
            " choose a template with some structure, or compare brightness by raw sums"
        )
    return deviations / sqrt(variation)


def _flatness(values: int) -> float:
    """The share of a window's energy that its variation may have by rounding alone."""
    return FLAT_ROUNDINGS * float(np.finfo(np.float64).eps) * (2 + log2(values))


def _add_products(
    scores: Scores,
    plane: NDArray[Any],
    pattern: NDArray[np.float64],
    offset: float,
    operation: Operation,
    options: Options,
) -> None:
    def shift(padded: Numbers) -> None:
        padded -= offset

    def add(place: Tile, products: Numbers) -> None:
        scores[place] += products[:, :, 0]

    prepare_filtering(plane[:, :, np.newaxis], Kernel(pattern), operation, options).run(add, shift)


def _divide_by_variation(
    scores: Scores,
    planes: NDArray[Any],
    offsets: NDArray[np.float64],
    window: tuple[int, int],
    threads: int | None,
) -> None:
    """Divide each score by the norm of its window's deviations from the window's own mean."""
    area = window[0] * window[1]
    flatness = _flatness(area * len(offsets))
    sum_dtype = _sum_dtype(planes, offsets, area)

    def divide(start: int) -> None:
        strip = scores[start : start + STRIP_ROWS]
        energy: NDArray[np.float64] | float = 0.0
        explained: NDArray[np.float64] | float = 0.0
        for plane, offset in zip(planes, offsets, strict=True):
            read = plane[start : start + len(strip) + window[0] - 1]
            # Whole numbers are shifted by a whole number, so that their sums are exact.
            values = np.subtract(read, offset.astype(sum_dtype), dtype=sum_dtype)
            sums = window_sums(values, window).astype(np.float64)
            explained += np.square(sums, out=sums)
            energy += window_sums(np.square(values, out=values), window)
        variation = np.asarray(energy - explained / area)
        # A score divided by inf is the 0 of a flat window.
        variation[variation <= flatness * energy] = np.inf
        strip /= np.sqrt(variation, out=variation)
        np.clip(strip, -1, 1, out=strip)

    for _ in in_order(divide, range(0, len(scores), STRIP_ROWS), threads or available_cores()):
        pass


def _sum_dtype(planes: NDArray[Any], offsets: NDArray[np.float64], area: int) -> np.dtype[Any]:
    """The narrowest type that holds the window sums of the squares: exactly, for whole numbers."""
    if planes.dtype.kind in "biu":
        extremes = (planes.min(axis=(1, 2)), planes.max(axis=(1, 2)))
        largest = max(int(np.abs(extreme - offsets).max()) + 1 for extreme in extremes)
        for name in (np.int32, np.int64):
            if area * largest**2 <= np.iinfo(name).max:
                return np.dtype(name)
    return np.dtype(np.float64)


def window_sums(values: NDArray[Any], window: tuple[int, int]) -> NDArray[Any]:
    """The sum of every window of so many rows and columns, (H - h + 1, W - w + 1), in the type of the values.

    Exact for whole numbers, as long as the type holds the sums. For others no sum is ever the
    difference of larger ones, so that the rounding is that of the window itself.
    """
    sum_columns = _slide_down if values.dtype.kind == "i" else _sum_by_doubling
    return _sum_by_doubling(sum_columns(values, window[0]).T, window[1]).T


def _slide_down(values: NDArray[Any], length: int) -> NDArray[Any]:
    """Sums of so many rows below each other: each is the last one with a row added and one taken away."""
    sums = np.empty((len(values) - length + 1, values.shape[1]), values.dtype)
    np.add.reduce(values[:length], axis=0, out=sums[0])
    changes = values[length:] - values[:-length]
    for row, change in enumerate(changes):
        np.add(sums[row], change, out=sums[row + 1])
    return sums


def _sum_by_doubling(values: NDArray[Any], length: int) -> NDArray[Any]:
    """Sums of so many rows below each other: those of 1, 2, 4, 8 ... rows are made from each other and put together."""
    outputs = len(values) - length + 1
    total: NDArray[Any] | None = None
    runs, run_length, done = values, 1, 0
    while True:
        if length & run_length:
            part = runs[done : done + outputs]
            total = part if total is None else total + part
            done += run_length
            if done == length:
                return total
        runs = runs[:-run_length] + runs[run_length:]
        run_length *= 2


def _local_maxima(scores: Scores, least: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the scores of at least this much that no neighbour exceeds, in reading order."""
    found: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for start in range(0, len(scores), STRIP_ROWS):
        strip = scores[start : start + STRIP_ROWS]
        if strip.max() < least:
            continue
        top = min(start, 1)
        around = scores[start - top : start + STRIP_ROWS + 1]
        highest = _highest_of_three(_highest_of_three(around).T).T[top : top + len(strip)]
        rows, columns = np.nonzero((strip >= highest) & (strip >= least))
        found.append((rows + start, columns))
    if not found:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    rows, columns = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, columns


def _highest_of_three(values: Scores) -> Scores:
    """Each value or its larger neighbour in the row before or after."""
    highest = np.copy(values)  # unlike values.copy(), it keeps the memory order of a transposed array
    np.maximum(highest[1:], values[:-1], out=highest[1:])
    np.maximum(highest[:-1], values[1:], out=highest[:-1])
    return highest
