"""A comparison as a table, as a document for scripts, and as pictures."""

from __future__ import annotations

from math import inf, isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text

from corrconv.commands.compare.study import Coincidence
from corrconv.core.arrays import size_words
from corrconv.core.notation.numbers import counted
from corrconv.core.pixels import finite_range, pixel_limits, settled_range, to_pixels
from corrconv.core.terms import Display, Operation, Symmetry
from corrconv.drawing.cells import heat_map
from corrconv.drawing.charts import signal_chart
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite, options_document
from corrconv.drawing.matrices import MOST_ROWS, fits, matrices_view, matrix_text, numbers_text, weight_texts
from corrconv.drawing.numbers import share, short_number
from corrconv.drawing.pictures import (
    Figure,
    below,
    colour_bar,
    diverging,
    fitted,
    framed,
    panel,
    shown,
    telling_peak,
)
from corrconv.drawing.words import options_words, symmetry_words, weight_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image
    from rich.columns import Columns
    from rich.table import Table

    from corrconv.commands.compare.study import Comparison, KernelComparison, Results
    from corrconv.core.options import Options
    from corrconv.core.rendering import Rendering


DISPLAYED = {
    Display.RESCALE: "over the full range",
    Display.SIGNED: "0 as mid-gray",
    Display.ABSOLUTE: "as absolute values",
}

# Three numbers have room below a colour bar of this many pixels.
NARROWEST_BAR = 180

MEASURES = (
    "max_abs_difference",
    "mean_abs_difference",
    "rmse",
    "psnr_db",
    "psnr_peak",
    "differing_share",
    "odd_l1",
    "bound",
    "tolerance",
)
COLOURS = {
    Coincidence.EVERY_IMAGE: "green",
    Coincidence.THIS_IMAGE: "cyan",
    Coincidence.BUT_FOR_SIGN: "yellow",
    Coincidence.NO: "red",
}
MARKS = {
    Coincidence.EVERY_IMAGE: "=",
    Coincidence.THIS_IMAGE: "=",
    Coincidence.BUT_FOR_SIGN: "±",
    Coincidence.NO: "≠",
}


def comparison_table(comparison: Comparison, title: str) -> Table:
    """One row a kernel: its symmetry, whether the outputs coincide and why, and the measures."""
    table = plain_table(title)
    # Narrow enough for all measures to stand beside them in 80 columns, even as 1.23e-05.
    table.add_column("kernel", overflow="fold", min_width=15, max_width=16)
    table.add_column("do they coincide?", min_width=14)
    for heading in ("max\n|diff|", "\nmean", "\nRMSE", "PSNR\ndB", "\ndiffer", "\nbound"):
        table.add_column(heading, justify="right", no_wrap=True)
    for entry in comparison.kernels:
        rows, columns = entry.kernel.shape
        name = Text(f"{entry.kernel.name}\n")
        term = "" if entry.symmetry is Symmetry.NEITHER else f"\n{entry.symmetry}"
        name.append(f"{rows}x{columns}{term}", style="dim")
        table.add_row(
            name,
            Text(f"{MARKS[entry.coincidence]} {entry.reason}", style=COLOURS[entry.coincidence]),
            short_number(entry.max_abs_difference),
            short_number(entry.mean_abs_difference),
            short_number(entry.rmse),
            _decibels(entry.psnr_db),
            share(entry.differing_share),
            short_number(entry.bound),
        )
    return table


def _decibels(value: float) -> str:
    if value == inf:
        return "∞"
    return "-" if isnan(value) else f"{value:.1f}"


def comparison_verdict(comparison: Comparison) -> str:
    """What the table says, in plain language."""
    sentences = []
    for coincidence, template in (
        (Coincidence.EVERY_IMAGE, "{names}: correlation and convolution are the same operation, on every image."),
        (Coincidence.THIS_IMAGE, "{names}: the same on this image, by accident; another image can tell them apart."),
        (Coincidence.BUT_FOR_SIGN, "{names}: the same but for the sign of every pixel."),
        (Coincidence.NO, "{names}: they differ; which of the two you mean matters."),
    ):
        names = [entry.kernel.name for entry in comparison.kernels if entry.coincidence is coincidence]
        if names:
            sentences.append(template.format(names=", ".join(names)))
    if any(isfinite(entry.psnr_db) for entry in comparison.kernels):
        peak = short_number(comparison.kernels[0].psnr_peak)
        sentences.append(f"PSNR is against {peak}, the range of this image's pixels.")
    return "\n".join(sentences)


def numbers_view(image: NDArray[Any], entry: KernelComparison, results: Results) -> Columns | None:
    """The numbers themselves: input (H, W), the kernel as each operation lays it, both results; None where too many."""
    both = (results.correlation[:, :, 0], results.convolution[:, :, 0])
    if not all(fits(values) for values in (image, *both)) or max(entry.kernel.shape) > MOST_ROWS:
        return None
    factor, _ = weight_texts(entry.kernel)
    turned = Text("(the same)") if entry.coincidence is Coincidence.EVERY_IMAGE else matrix_text(entry.kernel.turned())
    return matrices_view(
        ("input", numbers_text(image)),
        (f"kernel as it is{factor}", matrix_text(entry.kernel)),
        ("correlation", numbers_text(both[0])),
        ("turned by 180°", turned),
        ("convolution", numbers_text(both[1])),
    )


def comparison_document(comparison: Comparison, image: str) -> dict[str, Any]:
    """The comparison for scripts; psnr_db is null where there is no difference, as is what is not finite."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "options": options_document(comparison.options),
        "kernels": [
            {
                "name": entry.kernel.name,
                "shape": list(entry.kernel.shape),
                "anchor": list(entry.kernel.anchor),
                "symmetry": str(entry.symmetry),
                "coincide": entry.coincidence.equal,
                "coincidence": str(entry.coincidence),
                "reason": entry.reason,
                **{name: finite(getattr(entry, name)) for name in MEASURES},
            }
            for entry in comparison.kernels
        ],
    }


def difference_picture(results: Results) -> tuple[Image.Image, float]:
    """Correlation minus convolution in diverging colours, and the value at which these end.

    Of several channels, the one that differs most.
    """
    strongest = _strongest(results.difference)
    peak = telling_peak(strongest)
    return diverging(strongest, peak or None), peak


def comparison_panel(
    entry: KernelComparison,
    results: Results,
    image: NDArray[Any],
    image_name: str,
    options: Options,
    rendering: Rendering,
) -> Image.Image:
    """Input and both results; below them the difference, and the kernel as each operation lays it."""
    title = f"{entry.kernel.name} on {image_name}, {options_words(options)}\nDo they coincide? {entry.reason}"
    is_signal = image.shape[0] == image.shape[2] == results.correlation.shape[0] == 1
    if is_signal:
        seen = _signal_tiles(results, image)
    else:
        correlation, convolution = _result_tiles(entry, results, image.dtype, rendering)
        seen = [
            Figure(fitted(shown(image)), "input", _size(image)),
            correlation,
            convolution,
            _difference_tile(entry, results),
        ]
    tiles = [
        *seen,
        Figure(
            heat_map(entry.kernel, spread=options.dilation),
            "kernel, as correlation lays it",
            _kernel_note(entry, options),
        ),
        Figure(
            heat_map(entry.kernel.turned(), spread=options.dilation),
            "turned by 180°, for convolution",
            _turned_note(entry),
        ),
    ]
    return panel(title, tiles, columns=2 if is_signal else 3)


def _signal_tiles(results: Results, image: NDArray[Any]) -> list[Figure]:
    """A signal and what becomes of it as curves: a picture of one row shows nothing."""
    both = {str(operation): (0, getattr(results, str(operation))[0, :, 0]) for operation in Operation}
    return [
        Figure(signal_chart({"input": (0, image[0, :, 0])}), "input"),
        Figure(signal_chart(both), "both results"),
        Figure(signal_chart({"difference": (0, results.difference[0, :, 0])}), "correlation minus convolution"),
    ]


def _result_tiles(
    entry: KernelComparison, results: Results, dtype: np.dtype[Any], rendering: Rendering
) -> tuple[Figure, Figure]:
    """Both results, by one display rule on one scale, so that equal grays are equal values."""
    # Half of what a kernel of sum 0 gives is negative: cut off, its two results would look unrelated.
    signed = rendering.display is Display.CLIP and weight_sum(entry.kernel) == 0
    display = Display.SIGNED if signed else rendering.display
    biased = results.correlation + rendering.bias, results.convolution + rendering.bias
    ranges = [finite_range(values) for values in biased]
    ends = settled_range((min(low for low, _ in ranges), max(high for _, high in ranges)), display, entry.tolerance)
    correlation, convolution = (
        _result_tile(str(operation), values, dtype, display, ends)
        for operation, values in zip(Operation, biased, strict=True)
    )
    return correlation, convolution


def _result_tile(
    name: str, values: NDArray[np.float64], dtype: np.dtype[Any], display: Display, ends: tuple[float, float]
) -> Figure:
    low, high = finite_range(values)
    pixels, clipped = to_pixels(values, dtype, dtype, display, ends)
    facts = [f"{short_number(low)} to {short_number(high)}"]
    if display in DISPLAYED:
        facts.append(DISPLAYED[display])
    if clipped:
        limits = " to ".join(f"{limit:g}" for limit in pixel_limits(dtype))
        facts.append(f"{share(clipped / (values.shape[0] * values.shape[1]))} of the pixels cut off to {limits}")
    return Figure(fitted(shown(pixels)), name, ", ".join(facts))


def _difference_tile(entry: KernelComparison, results: Results) -> Figure:
    picture, peak = difference_picture(results)
    drawn = framed(fitted(picture))
    caption = "correlation minus convolution"
    if not peak:
        return Figure(drawn, caption, "0 everywhere")
    largest = entry.max_abs_difference
    note = f"largest {short_number(largest)}, mean {short_number(entry.mean_abs_difference)}"
    if peak < largest:
        beyond = float(np.mean(np.abs(_strongest(results.difference)) > peak))
        note += f"; full colour from {short_number(peak)} on, which {share(beyond)} of the pixels exceed"
    return Figure(below(drawn, colour_bar(peak, max(drawn.width, NARROWEST_BAR))), caption, note)


def _strongest(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    strongest = np.abs(difference).argmax(axis=2)[:, :, np.newaxis]
    return np.take_along_axis(difference, strongest, axis=2)[:, :, 0]


def _kernel_note(entry: KernelComparison, options: Options) -> str:
    row, column = entry.kernel.anchor
    symmetry = symmetry_words(entry.kernel, options.output_size)
    return f"{symmetry}; sum {short_number(weight_sum(entry.kernel))}; anchor {row},{column}, framed"


def _turned_note(entry: KernelComparison) -> str:
    turned = entry.kernel.turned()
    row, column = turned.anchor
    same = "the same weights; " if np.array_equal(turned.weights, entry.kernel.weights) else ""
    return f"{same}anchor {row},{column}, framed"


def _size(image: NDArray[Any]) -> str:
    return f"{size_words(image.shape)}, {counted(image.shape[2], 'channel')}"
