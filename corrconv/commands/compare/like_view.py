"""What two conventions differ by, as a table and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.drawing.console import plain_table
from corrconv.drawing.conventions import operation_words
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.numbers import short_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from corrconv.commands.compare.like_study import Blame


def blame_table(blames: Sequence[Blame], title: str) -> Table:
    """One row a kernel: whether they coincide, and the share that each factor alone explains."""
    table = plain_table(title)
    table.add_column("kernel", overflow="fold")
    for heading in ("max\n|diff|", "\ndiffer", *(f"{entry.factor} alone" for entry in blames[0].factors)):
        table.add_column(heading, justify="right", min_width=6)
    for found in blames:
        shares = [_share(entry.share) if entry.differs else "same" for entry in found.factors]
        table.add_row(found.kernel.name, short_number(found.max_difference), f"{found.differing_share:.1%}", *shares)
    return table


def _share(share: float | None) -> str:
    if share is None:
        return "-"
    # Only everything is 100%.
    return f"{share:z.0%}" if share == 1 or share < 0.99 else f"{min(share, 0.9999):.2%}"


def blame_verdict(found: Blame) -> str:
    """One sentence: they coincide, or which factor is to blame."""
    if found.coincide:
        return f"{found.kernel.name}: {found.first.name} and {found.second.name} give the same."
    ranked = sorted((it for it in found.factors if it.differs), key=lambda it: -(it.share or 0.0))
    best = ranked[0]
    words = f"{found.kernel.name}: {found.first.name} computes {operation_words(found.first)},"
    words += f" {found.second.name} {operation_words(found.second)};"
    if best.share == 1:
        return f"{words} the {best.factor} alone explains the whole difference."
    return f"{words} the {best.factor} alone explains most, {_share(best.share)} of the difference."


def blame_document(blames: Sequence[Blame], image: str) -> dict[str, Any]:
    """The comparison for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "like": [blames[0].first.name, blames[0].second.name],
        "kernels": [
            {
                "name": found.kernel.name,
                "coincide": found.coincide,
                "max_abs_difference": found.max_difference,
                "mean_abs_difference": found.mean_difference,
                "differing_share": found.differing_share,
                "blame": {str(it.factor): {"differs": it.differs, "share": it.share} for it in found.factors},
            }
            for found in blames
        ],
    }
