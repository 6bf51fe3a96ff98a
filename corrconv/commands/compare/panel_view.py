"""A comparison in pictures: both results, their difference, and all of it on one labelled panel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from corrconv.commands.compare.results import subtract
from corrconv.core.arrays import size_words
from corrconv.core.notation.numbers import counted
from corrconv.core.pixels import finite_range, pixel_limits, settled_range, to_pixels
from corrconv.core.terms import Display, Operation
from corrconv.drawing.cells import heat_map
from corrconv.drawing.charts import signal_chart
from corrconv.drawing.numbers import share, short_number
from corrconv.drawing.pictures import (
    Figure,
    TellingPeak,
    below,
    colour_bar,
    diverging_pixels,
    fitted,
    framed,
    panel,
    shown,
)
from corrconv.drawing.words import options_words, symmetry_words, weight_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import KernelComparison
    from corrconv.core.engines.tiles import Tile
    from corrconv.core.options import Options
    from corrconv.core.rendering import Rendering

    Range = tuple[float, float]
    Values = NDArray[np.float64]

DISPLAYED = {
    Display.RESCALE: "over the full range",
    Display.SIGNED: "0 as mid-gray",
    Display.ABSOLUTE: "as absolute values",
}

# Three numbers have room below a colour bar of this many pixels.
NARROWEST_BAR = 180


def comparison_panel(
    entry: KernelComparison,
    results: Results,
    image: NDArray[Any],
    image_name: str,
    options: Options,
    rendering: Rendering,
) -> Image.Image:
    """Input and both results; below them the difference, and the kernel as each operation lays it."""
    return ComparisonPictures(entry, results, image, rendering).panel(image_name, options)


@dataclass(frozen=True, eq=False)
class ShownResult:
    """One result as pixels (H', W', C), and the share of the pixels that were clipped."""

    pixels: NDArray[Any]
    clipped: float


class ComparisonPictures:
    """What can be drawn of an image (H, W, C) under one kernel; results are computed tile by tile, and none is kept.

    ranges: the smallest and the largest finite value of each result, bias included.
    """

    def __init__(self, entry: KernelComparison, results: Results, image: NDArray[Any], rendering: Rendering) -> None:
        self._entry, self._results, self._image, self._rendering = entry, results, image, rendering
        rows, columns, _ = results.shape
        ranges: tuple[list[Range], list[Range]] = ([], [])
        self._peak = TellingPeak(rows * columns)

        def survey(_tile: Tile, correlation: Values, convolution: Values) -> None:
            for values, own in zip((correlation, convolution), ranges, strict=True):
                own.append(finite_range(values + rendering.bias))
            self._peak.add(strongest_difference(correlation, convolution))

        results.each_tile(survey)
        self.ranges = tuple((min(low for low, _ in own), max(high for _, high in own)) for own in ranges)

    @cached_property
    def difference_peak(self) -> float:
        """The value at which the colours of the difference end; 0 where nothing differs."""
        return self._peak.value

    @cached_property
    def difference(self) -> Image.Image:
        """Correlation minus convolution in diverging colours: of several channels, the one that differs most."""
        pixels = np.empty((*self._results.shape[:2], 3), np.uint8)
        peak = self.difference_peak

        def fill(tile: Tile, correlation: Values, convolution: Values) -> None:
            pixels[tile] = diverging_pixels(strongest_difference(correlation, convolution), peak)

        self._results.each_tile(fill)
        return Image.fromarray(pixels)

    def results(self, dtype: np.dtype[Any]) -> tuple[ShownResult, ShownResult]:
        """Correlation and convolution as pixels of this type, each by the display rule for itself."""
        display = self._rendering.display
        return self._displayed(dtype, display, [self._settled(own, display) for own in self.ranges])

    def panel(self, image_name: str, options: Options) -> Image.Image:
        """All of it on one sheet, with words."""
        entry, image = self._entry, self._image
        title = f"{entry.kernel.name} on {image_name}, {options_words(options)}\nDo they coincide? {entry.reason}"
        is_signal = image.shape[0] == image.shape[2] == self._results.shape[0] == 1
        tiles = [
            *(_signal_tiles(self._results, image) if is_signal else self._picture_tiles()),
            *_kernel_tiles(entry, options),
        ]
        if is_signal:
            # In two columns, the kernel stands beside its turned twin; the difference, below them.
            tiles.append(tiles.pop(2))
        return panel(title, tiles, columns=2 if is_signal else 3)

    def _settled(self, ends: Range, display: Display) -> Range:
        return settled_range(ends, display, self._entry.tolerance)

    def _displayed(self, dtype: np.dtype[Any], display: Display, ends: list[Range]) -> tuple[ShownResult, ShownResult]:
        rows, columns, _ = self._results.shape
        pixels = [np.empty(self._results.shape, dtype) for _ in Operation]
        lost: list[list[int]] = [[] for _ in Operation]
        bias, source = self._rendering.bias, self._image.dtype

        def fill(tile: Tile, *both: Values) -> None:
            for values, own_ends, output, clipped in zip(both, ends, pixels, lost, strict=True):
                output[tile], count = to_pixels(values + bias, source, dtype, display, own_ends)
                clipped.append(count)

        self._results.each_tile(fill)
        correlation, convolution = (
            ShownResult(output, sum(clipped) / (rows * columns)) for output, clipped in zip(pixels, lost, strict=True)
        )
        return correlation, convolution

    def _picture_tiles(self) -> list[Figure]:
        image = self._image
        size = f"{size_words(image.shape)}, {counted(image.shape[2], 'channel')}"
        return [Figure(fitted(shown(image)), "input", size), *self._result_tiles(), self._difference_tile()]

    def _result_tiles(self) -> list[Figure]:
        """Both results, by one display rule on one scale, so that equal grays are equal values."""
        # Half of what a kernel of sum 0 gives is negative: cut off, its two results would look unrelated.
        signed = self._rendering.display is Display.CLIP and weight_sum(self._entry.kernel) == 0
        display = Display.SIGNED if signed else self._rendering.display
        ends = self._settled((min(low for low, _ in self.ranges), max(high for _, high in self.ranges)), display)
        dtype = self._image.dtype
        both = self._displayed(dtype, display, [ends, ends])
        return [
            Figure(fitted(shown(drawn.pixels)), str(operation), _result_note(drawn, own, display, dtype))
            for operation, drawn, own in zip(Operation, both, self.ranges, strict=True)
        ]

    def _difference_tile(self) -> Figure:
        entry, peak = self._entry, self.difference_peak
        drawn = framed(fitted(self.difference))
        caption = "correlation minus convolution"
        if not peak:
            return Figure(drawn, caption, "0 everywhere")
        largest = entry.max_abs_difference
        note = f"largest {short_number(largest)}, mean {short_number(entry.mean_abs_difference)}"
        if peak < largest:
            beyond = self._peak.beyond / (self._results.shape[0] * self._results.shape[1])
            note += f"; full colour from {short_number(peak)} on, which {share(beyond)} of the pixels exceed"
        return Figure(below(drawn, colour_bar(peak, max(drawn.width, NARROWEST_BAR))), caption, note)


def _result_note(drawn: ShownResult, ends: Range, display: Display, dtype: np.dtype[Any]) -> str:
    facts = [f"{short_number(ends[0])} to {short_number(ends[1])}"]
    if display in DISPLAYED:
        facts.append(DISPLAYED[display])
    if drawn.clipped:
        limits = " to ".join(f"{limit:g}" for limit in pixel_limits(dtype))
        facts.append(f"{share(drawn.clipped)} of the pixels cut off to {limits}")
    return ", ".join(facts)


def _signal_tiles(results: Results, image: NDArray[Any]) -> list[Figure]:
    """A signal and what becomes of it as curves: a picture of one row shows nothing."""
    both = {str(operation): (0, getattr(results, str(operation))[0, :, 0]) for operation in Operation}
    return [
        Figure(signal_chart({"input": (0, image[0, :, 0])}), "input"),
        Figure(signal_chart(both), "both results"),
        Figure(signal_chart({"difference": (0, results.difference[0, :, 0])}), "correlation minus convolution"),
    ]


def _kernel_tiles(entry: KernelComparison, options: Options) -> list[Figure]:
    """The kernel as each operation lays it."""
    kernel, turned = entry.kernel, entry.kernel.turned()
    symmetry = symmetry_words(kernel, options.output_size)
    same = "the same weights; " if np.array_equal(turned.weights, kernel.weights) else ""
    return [
        Figure(
            heat_map(kernel, spread=options.dilation),
            "kernel, as correlation lays it",
            f"{symmetry}; sum {short_number(weight_sum(kernel))}; {_anchor_words(kernel.anchor)}",
        ),
        Figure(
            heat_map(turned, spread=options.dilation),
            "turned by 180°, for convolution",
            f"{same}{_anchor_words(turned.anchor)}",
        ),
    ]


def _anchor_words(anchor: tuple[int, int]) -> str:
    return f"anchor {anchor[0]},{anchor[1]}, framed"


def strongest_difference(correlation: Values, convolution: Values) -> Values:
    """The difference (rows, columns), of the channel that differs most."""
    difference = subtract(correlation, convolution)
    if difference.shape[2] == 1:
        return difference[:, :, 0]
    strongest = np.abs(difference).argmax(axis=2)[:, :, np.newaxis]
    return np.take_along_axis(difference, strongest, axis=2)[:, :, 0]
