"""A comparison as a table, as a document for scripts, and in numbers."""

from __future__ import annotations

from math import inf, isfinite, isnan
from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.commands.compare.study import Coincidence
from corrconv.core.terms import Symmetry
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite, options_document
from corrconv.drawing.matrices import MOST_ROWS, factor_text, fits, matrices_view, matrix_text, numbers_text
from corrconv.drawing.numbers import share, short_number

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.columns import Columns
    from rich.table import Table

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import Comparison, KernelComparison


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
    factor = factor_text(entry.kernel)
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
