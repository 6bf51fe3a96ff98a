"""The offset between two pictures or signals: in words, as a table, as a correlogram and as a picture."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.text import Text

from corrconv.drawing.charts import signal_chart
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.pictures import Figure, fitted, framed, panel, shown, signed_map

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image
    from rich.console import RenderableType
    from rich.table import Table

    from corrconv.commands.match.offset_study import Offsets
    from corrconv.commands.match.study import Match

CORRELOGRAM_WIDTH = 64
LITTLE_LIKENESS = 0.5
BLOCKS = " ▁▂▃▄▅▆▇█"


def offset_view(offsets: Offsets, first: str, second: str) -> Group:
    """What was found, the best offsets, and for signals the correlogram."""
    parts: list[RenderableType] = [Text(offset_words(offsets, first, second)), "", _table(offsets)]
    if offsets.are_signals:
        parts += ["", correlogram(offsets)]
    return Group(*parts)


def offset_words(offsets: Offsets, first: str, second: str) -> str:
    """How far the second lies behind the first, in words."""
    best = offsets.best
    row, column = offsets.offset(best)
    if first == second:
        first, second = "the first", "the second"
    if offsets.are_signals:
        found = _lag_words(column, second, first)
    elif (row, column) == (0, 0):
        found = f"{second} lies where {first} does: no offset"
    else:
        moves = [
            f"{abs(number)} {unit}{'s' * (abs(number) != 1)} {more if number > 0 else less}"
            for number, unit, more, less in (
                (row, "row", "lower", "higher"),
                (column, "column", "further right", "further left"),
            )
            if number
        ]
        found = f"things lie {' and '.join(moves)} in {second} than in {first}"
    if offsets.repeats:
        found += ", or at any of the other offsets that fit as well, as what repeats does"
    elif best.score < LITTLE_LIKENESS:
        found += ", if that likeness is any"
    unit = "samples" if offsets.are_signals else "pixels"
    return f"{found}.\nLikeness {best.score:.4f} where {offsets.overlap(best):,} {unit} overlap (1 is an exact copy)."


def _lag_words(lag: int, second: str, first: str) -> str:
    samples = f"{abs(lag)} sample{'s' * (abs(lag) != 1)}"
    if lag == 0:
        return f"{second} lies where {first} does: no lag"
    return f"{second} lies {samples} {'behind' if lag > 0 else 'ahead of'} {first}"


def _table(offsets: Offsets) -> Table:
    table = plain_table("the best offsets")
    names = ("lag",) if offsets.are_signals else ("rows lower", "columns right")
    for name in (*names, "likeness", "overlap"):
        table.add_column(name, justify="right", min_width=10)
    for peak in offsets.peaks:
        offset = offsets.offset(peak)
        shown_offset = offset[1:] if offsets.are_signals else offset
        table.add_row(*(f"{part:+d}" for part in shown_offset), f"{peak.score:.4f}", f"{offsets.overlap(peak):,}")
    return table


def correlogram(offsets: Offsets) -> Text:
    """Likeness over the lag, from the most ahead to the most behind; each block is the best of its lags."""
    scores = np.nan_to_num(offsets.scores[0][::-1], nan=-1.0)
    edges = np.linspace(0, len(scores), min(CORRELOGRAM_WIDTH, len(scores)) + 1).astype(int)
    heights = [float(scores[start:stop].max()) for start, stop in pairwise(edges)]
    blocks = "".join(BLOCKS[max(0, round(height * (len(BLOCKS) - 1)))] for height in heights)
    low = offsets.second_shape[1] - 1 - (len(scores) - 1)
    high = offsets.second_shape[1] - 1
    line = Text(f"{blocks}\n", style="bold")
    labels = f"{low:+d}".ljust(len(blocks) - len(f"{high:+d}")) + f"{high:+d}"
    return Text("likeness over the lag (below 0 left blank)\n") + line + Text(labels, style="dim")


def offset_document(offsets: Offsets, first: str, second: str) -> dict[str, Any]:
    """The offsets for scripts, of the second behind the first: lag of signals, offset.row and .column of pictures."""
    best = offsets.best
    return {
        "version": DOCUMENT_VERSION,
        "image": first,
        "template": second,
        **_place(offsets, best),
        "score": best.score,
        "overlap": offsets.overlap(best),
        "best": [
            {**_place(offsets, peak), "score": peak.score, "overlap": offsets.overlap(peak)} for peak in offsets.peaks
        ],
    }


def offset_rows(offsets: Offsets) -> str:
    """The offsets as comma-separated values, with a heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "column", "score", "overlap"])
    for peak in offsets.peaks:
        writer.writerow([*offsets.offset(peak), repr(peak.score), offsets.overlap(peak)])
    return text.getvalue()


def _place(offsets: Offsets, peak: Match) -> dict[str, Any]:
    row, column = offsets.offset(peak)
    return {"lag": column} if offsets.are_signals else {"offset": {"row": row, "column": column}}


def offset_picture(
    offsets: Offsets, first: NDArray[Any], second: NDArray[Any], first_name: str, second_name: str
) -> Image.Image:
    """Both, one over the other as they fit best, and the map of the likeness; first and second: (H, W)."""
    title = offset_words(offsets, first_name, second_name)
    lag = offsets.offset(offsets.best)[1]
    if offsets.are_signals:
        aligned = {first_name: (0, first[0]), f"{second_name}, moved by {-lag:+d}": (-lag, second[0])}
        lags = offsets.second_shape[1] - 1 - np.arange(offsets.scores.shape[1] - 1, -1, -1)
        likeness = {"likeness": (int(lags[0]), offsets.scores[0][::-1])}
        tiles = [
            Figure(signal_chart({first_name: (0, first[0]), second_name: (0, second[0])}), "as they are"),
            Figure(signal_chart(aligned), "moved, so that they fit best"),
            Figure(signal_chart(likeness, unit="lag"), "likeness at each lag"),
        ]
        return panel(title, tiles, columns=1)
    scores = np.nan_to_num(offsets.scores[::-1, ::-1])
    return panel(
        title,
        [
            Figure(framed(fitted(shown(first[:, :, np.newaxis]))), first_name),
            Figure(framed(fitted(shown(second[:, :, np.newaxis]))), second_name),
            Figure(signed_map(scores, 1.0), "likeness at each offset", "the middle is no offset"),
        ],
    )
