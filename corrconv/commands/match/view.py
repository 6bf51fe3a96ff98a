"""The matches of a template as a table, as rows for scripts, and as an annotated picture."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Group

from corrconv.core.arrays import size_words
from corrconv.core.terms import Operation
from corrconv.drawing.charts import signal_chart
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    PAPER,
    POSITIVE,
    Figure,
    fitted,
    font,
    framed,
    panel,
    shown,
    signed_map,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from corrconv.commands.match.study import Match, Matching


# The annotated picture is the largest of the panel.
ANNOTATED_SIDE = 800

LABEL_SIZE = 14


def matching_view(matching: Matching, title: str) -> Group:
    """The table of the matches, where there are any, and what it says."""
    verdict = matching_verdict(matching)
    return Group(matching_table(matching, title), "", verdict) if matching.peaks else Group(verdict)


def matching_table(matching: Matching, title: str) -> Table:
    """One row a match, best first: score, top-left pixel and centre."""
    table = plain_table(title)
    table.add_column("\nmatch", justify="right")
    for heading in ("\nscore", "\nrow", "\ncolumn", "center\nrow", "center\ncolumn"):
        table.add_column(heading, justify="right", min_width=10, no_wrap=True)
    for number, peak in enumerate(matching.peaks, start=1):
        center = peak.center(matching.template_shape)
        table.add_row(str(number), _score(matching, peak), *map(str, (peak.row, peak.column, *center)))
    return table


def matching_verdict(matching: Matching) -> str:
    """What the table says, and what the chosen operation or the raw sums do to it."""
    best = matching.best
    sentences = []
    if not matching.peaks:
        sentences.append(
            f"No match: the best window, at row {best.row}, column {best.column}, scores"
            f" {_score(matching, best)}, below {short_number(matching.min_score or 0)}."
        )
    if matching.raw:
        sentences.append("These are plain sums of products: bright windows score high, whatever they show.")
    if matching.operation is Operation.CONVOLUTION:
        sentences.append("Convolution turns the template by 180 degrees, so what it finds are half-turned copies.")
    if _are_signals(matching) and matching.peaks and matching.operation is Operation.CORRELATION:
        sentences.append(
            f"The template begins at sample {best.column} of the signal: it lies {best.column} further on."
            if best.column
            else "The template begins where the signal does."
        )
    if not sentences or (_are_signals(matching) and not matching.raw):
        exact = (
            "an exact copy, but for brightness and contrast" if best.score > 1 - 1e-6 else "1 would be an exact copy"
        )
        sentences.append(f"The best score is {_score(matching, best)}: {exact}.")
    return "\n".join(sentences)


def matching_document(matching: Matching, image: str, template: str) -> dict[str, Any]:
    """The matches for scripts; row and column are those of a window's top-left pixel."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "template": template,
        "template_shape": list(matching.template_shape),
        "operation": str(matching.operation),
        "raw": matching.raw,
        "min_score": matching.min_score,
        "peaks": [
            {**_place(peak), "score": peak.score, "center": list(peak.center(matching.template_shape))}
            for peak in matching.peaks
        ],
        "best": {**_place(matching.best), "score": matching.best.score},
        **({"lag": -matching.best.column} if _are_signals(matching) else {}),
    }


def _are_signals(matching: Matching) -> bool:
    return len(matching.scores) == 1 and matching.template_shape[0] == 1


def matching_rows(matching: Matching) -> str:
    """The matches as comma-separated values, with a heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "column", "score", "center_row", "center_column"])
    for peak in matching.peaks:
        writer.writerow([peak.row, peak.column, repr(peak.score), *peak.center(matching.template_shape)])
    return text.getvalue()


def matching_panel(
    matching: Matching, image: NDArray[Any], template: NDArray[Any], image_name: str, template_name: str
) -> Image.Image:
    """The picture with its matches framed and numbered, the template, and the map of the scores.

    image and template: (H, W, C).
    """
    if len(image) == 1 and image.shape[2] == 1:
        return _signal_panel(matching, image[0, :, 0], template[0, :, 0], image_name, template_name)
    count = len(matching.peaks)
    found = "no match" if count == 0 else f"{count} match{'es' if count > 1 else ''}"
    kind = "sums of products" if matching.raw else "normalized scores"
    return panel(
        f"{template_name} in {image_name}: {found}",
        [
            Figure(_annotated(matching, image), "matches, best first", f"by {matching.operation}, {kind}"),
            Figure(framed(fitted(shown(template))), "template", size_words(matching.template_shape)),
            _score_tile(matching),
        ],
    )


def _signal_panel(
    matching: Matching, signal: NDArray[Any], template: NDArray[Any], image_name: str, template_name: str
) -> Image.Image:
    """A signal with the template where it fits best, and the scores, as curves."""
    placed = {image_name: (0, signal), template_name: (matching.best.column, template)}
    return panel(
        f"{template_name} in {image_name}",
        [
            Figure(signal_chart(placed), "the template where it fits best"),
            Figure(signal_chart({"score": (0, matching.scores[0])}), "score at the template's first sample"),
        ],
        columns=1,
    )


def _annotated(matching: Matching, image: NDArray[Any]) -> Image.Image:
    picture = shown(image).convert("RGB")
    longest = max(picture.size)
    # Small pictures grow by whole multiples, so that their pixels stay square.
    factor = ANNOTATED_SIDE / longest if longest > ANNOTATED_SIDE else max(1, ANNOTATED_SIDE // longest)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    picture = picture.resize(size, Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    frames = [_frame(peak, matching.template_shape, factor) for peak in matching.peaks]
    # The best frame is drawn last, so that none lies over it.
    for left, top, right, bottom in reversed(frames):
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=PAPER, width=4)
        draw.rectangle((left, top, right, bottom), outline=POSITIVE, width=2)
    taken: list[tuple[float, float, float, float]] = []
    for number, (peak, frame) in enumerate(zip(matching.peaks, frames, strict=True), start=1):
        text = str(number) if matching.raw else f"{number}: {peak.score:.2f}"
        box = _free_place(text, frame, picture.size, [*taken, *frames[: number - 1]], taken)
        if box is not None:
            taken.append(box)
            draw.rectangle(box, fill=POSITIVE)
            draw.text((box[0] + 3, box[1] + 1), text, fill=PAPER, font=font(LABEL_SIZE))
    return picture


def _frame(peak: Match, template_shape: tuple[int, int], factor: float) -> tuple[float, float, float, float]:
    left, top = peak.column * factor, peak.row * factor
    return left, top, left + template_shape[1] * factor - 1, top + template_shape[0] * factor - 1


def _free_place(
    text: str,
    frame: tuple[float, float, float, float],
    size: tuple[int, int],
    obstacles: list[tuple[float, float, float, float]],
    labels: list[tuple[float, float, float, float]],
) -> tuple[float, float, float, float] | None:
    """A box for a label at its frame that stays in the picture and covers no other label, if there is one.

    A place that also keeps clear of the better frames is preferred.
    """
    width, height = font(LABEL_SIZE).getlength(text) + 6, LABEL_SIZE + 5
    left, top, right, bottom = frame
    corners = [
        (left, top - height - 1),
        (left, bottom + 2),
        (right - width, top - height - 1),
        (right - width, bottom + 2),
        (right + 2, top),
        (left - width - 2, top),
        (left + 2, top + 2),
    ]
    boxes = [(x, y, x + width, y + height) for x, y in corners]
    inside = [box for box in boxes if box[0] >= 0 and box[1] >= 0 and box[2] < size[0] and box[3] < size[1]]
    for avoided in (obstacles, labels):
        for box in inside:
            if not any(_overlap(box, other) for other in avoided):
                return box
    return None


def _overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> bool:
    return first[0] <= second[2] and second[0] <= first[2] and first[1] <= second[3] and second[1] <= first[3]


def _score_tile(matching: Matching) -> Figure:
    scores = matching.scores
    caption = "score of each window, at its top-left pixel"
    best = f"largest {_score(matching, matching.best)}"
    if matching.raw:
        gray = shown(scores[:, :, np.newaxis])
        return Figure(framed(fitted(gray)), caption, f"{best}, smallest {short_number(float(scores.min()))}")
    return Figure(signed_map(scores, 1.0), caption, best)


def _score(matching: Matching, peak: Match) -> str:
    return short_number(peak.score) if matching.raw else f"{peak.score:.4f}"


def _place(peak: Match) -> dict[str, int]:
    return {"row": peak.row, "column": peak.column}
