"""The checked laws as a table, as a document for scripts, and as a picture of where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps
from rich.text import Text

from corrconv.commands.laws.study import Place, largest_of_blocks
from corrconv.drawing.cells import heat_map
from corrconv.drawing.charts import signal_chart
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, options_document
from corrconv.drawing.matrices import fits, matrices_view, numbers_text
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    LARGEST_SIDE,
    SMALLEST_SIDE,
    Figure,
    colour_bar,
    diverging,
    fitted,
    framed,
    panel,
    shown,
)
from corrconv.drawing.words import boundary_words, kernel_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from rich.console import RenderableType
    from rich.table import Table

    from corrconv.commands.laws.sides_study import LawSides
    from corrconv.commands.laws.study import Law, Laws

PANEL_COLUMNS = 4
COARSE_MAP = 60  # cells along the longer side

PLACES = {
    Place.NOWHERE: "",
    Place.BORDER: "at the border",
    Place.INTERIOR: "inside too",
    Place.TOTAL: "in total",
}


def laws_table(laws: Laws, image: str) -> Table:
    """One row a law: what it says, what theory expects and why, what was measured, and the verdict."""
    table = plain_table(laws_title(laws, image))
    table.add_column("law", min_width=34, no_wrap=True)
    table.add_column("theory", max_width=60)
    table.add_column("deviation", min_width=15, no_wrap=True)
    for law in laws.laws:
        name = Text(law.name, style="bold")
        name.append(f"\n{law.statement}", style="not bold")
        table.add_row(name, f"{'holds' if law.expected else 'fails'}: {law.why}", _measured(law))
    return table


def laws_title(laws: Laws, image: str) -> str:
    """What the laws were checked on."""
    return (
        f"F = {image} (gray), G = {kernel_words(laws.first)}, H = {kernel_words(laws.second)}\n"
        f"output size {laws.options.output_size}, {boundary_words(laws.options)}"
    )


def _measured(law: Law) -> Text:
    # The digits of a rounding differ from machine to machine and mean nothing.
    size, style = ("0", "green") if law.holds else (short_number(law.max_relative_deviation), "yellow")
    remark = PLACES[law.where]
    if law.accident:
        remark, style = "by accident", "cyan"
    if not law.agrees:
        remark, style = f"{remark}\nAGAINST THEORY".strip(), "bold red"
    return Text(f"{'=' if law.holds else '≠'} {size}\n  {remark}", style=style)


def sides_view(laws: Laws, image: NDArray[Any], sides: tuple[LawSides, ...]) -> Iterator[RenderableType]:
    """F, G and H and both sides in numbers; nothing where they are too many to be read."""
    given = (image, laws.first.weights, laws.second.weights)
    if not sides or not all(map(fits, (*given, *(values for law in sides for values in (law.left, law.right))))):
        return
    names = ("F", "G", "H")
    yield ""
    yield matrices_view(*((name, numbers_text(values)) for name, values in zip(names, given, strict=True)))
    for law in sides:
        words = f"{'=' if law.equal else '≠'} {law.right_words}"
        yield matrices_view((law.left_words, numbers_text(law.left)), (words, numbers_text(law.right)))


LEGEND = """\
∗ is convolution, ⋆ correlation, E another picture, 1 a kernel of one 1.
⟨A, B⟩ is the sum of A·B, ‖A‖ the root of ⟨A, A⟩, DFT the Fourier transform.
The odd part of G is (G - turned G) / 2; turned is by 180°."""


def laws_verdict(laws: Laws) -> str:
    """What the table says, in plain language."""
    sentences = []
    holding = [law for law in laws.laws if law.holds and not law.accident and law.agrees]
    failing = [law.name for law in laws.laws if not law.holds and law.agrees]
    lucky = [law.name for law in laws.laws if law.accident]
    contrary = [law.name for law in laws.laws if not law.agrees]
    sentences.append(f"{len(holding)} of {len(laws.laws)} laws hold, as they must.")
    if failing:
        sentences.append(f"These fail, as theory says: {', '.join(failing)}.")
    if lucky:
        sentences.append(f"These hold on this picture by accident; noise breaks them: {', '.join(lucky)}.")
    if contrary:
        sentences.append(f"These came out AGAINST THEORY: {', '.join(contrary)}.")
    sentences.append(LEGEND)
    sentences.append("F and G change places on canvases of one shape, with the middle of F.")
    tolerance = max(law.tolerance for law in laws.laws)
    sentences.append(
        "Deviations are |left - right| as a share of the largest value that the sides could have;"
        f" up to {tolerance:.0e}, which rounding explains, counts as 0."
    )
    return "\n".join(sentences)


def laws_document(laws: Laws, image: str) -> dict[str, Any]:
    """The laws for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "kernels": [
            {"name": kernel.name, "weights": kernel.weights.tolist(), "anchor": list(kernel.anchor)}
            for kernel in (laws.first, laws.second)
        ],
        "options": options_document(laws.options),
        "agree": laws.agree,
        "laws": [
            {
                "name": law.name,
                "statement": law.statement,
                "expected": law.expected,
                "why": law.why,
                "holds": law.holds,
                "max_relative_deviation": law.max_relative_deviation,
                "tolerance": law.tolerance,
                "where": str(law.where),
                "accident": law.accident,
                "agrees": law.agrees,
            }
            for law in laws.laws
        ],
    }


def laws_picture(laws: Laws, image: NDArray[np.generic], name: str) -> Image.Image:
    """The picture and both kernels, and for each law that fails a map of where: white holds, red deviates.

    One colour is one deviation on all maps.
    """
    tiles = [
        Figure(_plane_picture(image), f"F = {name}"),
        Figure(heat_map(laws.first), f"G = {laws.first.name}"),
        Figure(heat_map(laws.second), f"H = {laws.second.name}"),
    ]
    broken = [law for law in laws.laws if not law.holds]
    mapped = [law for law in broken if law.where is not Place.TOTAL]
    if mapped:
        peak = max(law.max_relative_deviation for law in mapped)
        tiles.append(Figure(colour_bar(peak, SMALLEST_SIDE, signed=False), "deviation, on all maps"))
        tiles += [_map_tile(law, peak) for law in mapped]
    totals = [f"{law.name} ({short_number(law.max_relative_deviation)})" for law in broken if law.where is Place.TOTAL]
    footer = "Where the laws fail: white where both sides are equal. Commutativity is checked on the middle of F."
    if not broken:
        footer = "Every law holds here, so there is nothing to map."
    if totals:
        footer += f"\nFailing in total, so without a map: {', '.join(totals)}."
    return panel(laws_title(laws, name), tiles, columns=PANEL_COLUMNS, footer=footer)


def _map_tile(law: Law, peak: float) -> Figure:
    # Deviations at the border alone are lines too thin to be seen, unless each cell is enlarged.
    deviation = largest_of_blocks(law.deviation, COARSE_MAP) if law.where is Place.BORDER else law.deviation
    is_signal = len(deviation) == 1
    curve = {"deviation": (0, deviation[0])}
    picture = signal_chart(curve) if is_signal else framed(_small(fitted(diverging(deviation, peak))))
    return Figure(picture, law.name, f"{short_number(law.max_relative_deviation)} at most, {PLACES[law.where]}")


def _plane_picture(image: NDArray[Any]) -> Image.Image:
    """F as a picture, or as a curve where it has one row."""
    return signal_chart({"F": (0, image[0])}) if len(image) == 1 else _small(fitted(shown(image[:, :, None])))


def _small(picture: Image.Image) -> Image.Image:
    return ImageOps.contain(picture, (LARGEST_SIDE, SMALLEST_SIDE))
