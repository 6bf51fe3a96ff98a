"""A comparison as a table, as a document for scripts, and as pictures."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text

from corrconv.commands.compare.study import Coincidence
from corrconv.core.kernel import ROUNDING
from corrconv.core.pixels import finite_range, settled_range, to_pixels
from corrconv.core.terms import Display, Symmetry
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite, options_document
from corrconv.drawing.matrices import MOST_ROWS, fits, matrices_view, matrix_text, numbers_text, weight_texts
from corrconv.drawing.numbers import share, short_number
from corrconv.drawing.pictures import Tile, below, colour_bar, diverging, fitted, framed, heat_map, panel, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image
    from rich.columns import Columns
    from rich.table import Table

    from corrconv.commands.compare.study import Comparison, KernelComparison, Results
    from corrconv.core.rendering import Rendering


DISPLAYED = {
    Display.CLIP: "cut off outside the range",
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
        name = Text(f"{entry.kernel.name}\n")
        name.append(f"{_shape(entry)}\n{entry.symmetry}", style="dim")
        table.add_row(
            name,
            Text(f"{MARKS[entry.coincidence]} {entry.reason}", style=COLOURS[entry.coincidence]),
            short_number(entry.max_abs_difference),
            short_number(entry.mean_abs_difference),
            short_number(entry.rmse),
            "∞" if entry.psnr_db == inf else f"{entry.psnr_db:.1f}",
            share(entry.differing_share),
            short_number(entry.bound),
        )
    return table


def _shape(entry: KernelComparison) -> str:
    rows, columns = entry.kernel.shape
    return f"{rows}x{columns}"


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


def difference_picture(results: Results) -> Image.Image:
    """Correlation minus convolution in diverging colours; of several channels, the one that differs most."""
    return diverging(_strongest(results.difference))


def comparison_panel(
    entry: KernelComparison, results: Results, image: NDArray[Any], image_name: str, rendering: Rendering
) -> Image.Image:
    """Input, kernel, correlation, convolution and difference side by side, labelled."""
    difference = framed(fitted(difference_picture(results)))
    peak = entry.max_abs_difference
    # Half of what a kernel of sum 0 gives is negative: cut off, its two results would look unrelated.
    signed = rendering.display is Display.CLIP and abs(entry.kernel.sum) <= ROUNDING * entry.kernel.absolute_sum
    display = Display.SIGNED if signed else rendering.display
    tiles = [
        Tile(fitted(shown(image)), "input", _size(image)),
        _result_tile("correlation", results.correlation + rendering.bias, image.dtype, display, entry.tolerance),
        _result_tile("convolution", results.convolution + rendering.bias, image.dtype, display, entry.tolerance),
        Tile(heat_map(entry.kernel), "kernel, its anchor framed", _kernel_note(entry)),
        Tile(
            below(difference, colour_bar(peak, max(difference.width, NARROWEST_BAR))) if peak else difference,
            "correlation minus convolution",
            f"largest {short_number(peak)}, mean {short_number(entry.mean_abs_difference)}" if peak else "0 everywhere",
        ),
    ]
    return panel(f"{entry.kernel.name} on {image_name}\nDo they coincide? {entry.reason}", tiles, columns=3)


def _result_tile(
    name: str, values: NDArray[np.float64], dtype: np.dtype[Any], display: Display, tolerance: float
) -> Tile:
    low, high = finite_range(values)
    pixels, _ = to_pixels(values, dtype, dtype, display, settled_range((low, high), display, tolerance))
    return Tile(fitted(shown(pixels)), name, f"{short_number(low)} to {short_number(high)}, {DISPLAYED[display]}")


def _strongest(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    strongest = np.abs(difference).argmax(axis=2)[:, :, np.newaxis]
    return np.take_along_axis(difference, strongest, axis=2)[:, :, 0]


def _kernel_note(entry: KernelComparison) -> str:
    symmetry = entry.symmetry if entry.symmetry is not Symmetry.NEITHER else "not symmetric about its anchor"
    row, column = entry.kernel.anchor
    return f"{symmetry}, sum {short_number(entry.kernel.sum)}, anchor {row},{column}"


def _size(image: NDArray[Any]) -> str:
    rows, columns, channels = image.shape
    return f"{columns}x{rows} pixels, {channels} channel{'s' if channels > 1 else ''}"
