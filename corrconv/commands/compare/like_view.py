"""What two conventions differ by, as a table and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.commands.compare.like_study import Factor
from corrconv.core.convention.model import Orientation
from corrconv.drawing.console import plain_table
from corrconv.drawing.conventions import border_words, number_words, operation_words, scale_words
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.numbers import share, short_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from corrconv.commands.compare.like_study import Change, Distance, LibraryComparison
    from corrconv.core.convention.geometry import Pads
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Cell, Kernel


def libraries_table(comparisons: Sequence[LibraryComparison], title: str) -> Table:
    """For each kernel, what differs as they are, and after each change."""
    table = plain_table(title)
    table.add_column("kernel", overflow="fold")
    table.add_column(f"to change in {comparisons[0].second.name}", overflow="fold", ratio=1)
    for heading in ("still\ndiffer", "max\n|diff|"):
        table.add_column(heading, justify="right", min_width=6)
    table.expand = True
    for found in comparisons:
        table.add_row(found.kernel.name, "as it is", *_distance(found.apart))
        for change in found.changes:
            table.add_row("", change_words(change, found.kernel), *_distance(change.left))
    return table


def _distance(distance: Distance) -> tuple[str, str]:
    return share(distance.differing_share), short_number(distance.largest)


def change_words(change: Change, kernel: Kernel) -> str:
    """What to do, as an order."""
    before, after = change.before, change.after
    match change.factor:
        case Factor.FLIP:
            return _flip_words(before, after, kernel)
        case Factor.ANCHOR:
            old, new = (convention.laid_anchor(kernel.shape) for convention in (before, after))
            return f"anchor: cell {new[0]},{new[1]} of the kernel as it lies, not {old[0]},{old[1]}"
        case Factor.PLACES:
            return _places_words(change)
        case Factor.WEIGHTS:
            return f"weights: {_WEIGHTS[after.whole_weights]}, not {_WEIGHTS[before.whole_weights]}"
        case Factor.BORDER:
            return f"border: {border_words(after)}, not {border_words(before)}"
        case Factor.SCALE:
            return f"scale: {scale_words(after)}, not {scale_words(before)}"
        case Factor.NUMBERS:
            return f"numbers: {number_words(after)}, not {number_words(before)}"


_WEIGHTS = {False: "as they are", True: "cut off to whole numbers"}


def _places_words(change: Change) -> str:
    """Which pixels are read from where, in the words of layers."""
    old, new = change.pads
    words = [] if old == new else [f"pads: {_pads_words(new)}, not {_pads_words(old)}"]
    for name in ("stride", "dilation", "spread"):
        now, then = getattr(change.after, name), getattr(change.before, name)
        words += [f"{name} {_step(now)}, not {_step(then)}"] if now != then else []
    return "; ".join(words)


def _step(step: Cell) -> str:
    return str(step[0]) if step[0] == step[1] else f"{step[0]},{step[1]}"


def _pads_words(pads: Pads) -> str:
    return f"top {pads.top}, left {pads.left}, bottom {pads.bottom}, right {pads.right}"


def _flip_words(before: Convention, after: Convention, kernel: Kernel) -> str:
    if {before.orientation, after.orientation} != {Orientation.AS_IS, Orientation.HALF_TURN}:
        return f"lay the kernel as: {operation_words(after)}"
    if after.anchor_cell(kernel.shape) == before.anchor_cell(kernel.shape):
        return "flip the kernel and its anchor"
    return "flip the kernel, but not its anchor"


def libraries_verdict(found: LibraryComparison) -> str:
    """One sentence: they coincide, or which changes lead from the second to the first."""
    first, second, kernel = found.first.name, found.second.name, found.kernel.name
    if found.coincide:
        shown = f"; {' and '.join(found.unnoticed)} differ, which does not show here" if found.unnoticed else ""
        return f"{kernel}: {first} and {second} give the same{shown}."
    changed = ", then ".join(change.factor for change in found.changes) or "nothing"
    if found.explained:
        return f"{kernel}: changed in {changed}, {second} gives what {first} does."
    return (
        f"{kernel}: not explained: changed in {changed}, {second} still differs from {first} at"
        f" {share(found.left.differing_share)} of the pixels."
    )


def libraries_document(comparisons: Sequence[LibraryComparison], image: str) -> dict[str, Any]:
    """The comparison for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "like": [comparisons[0].first.name, comparisons[0].second.name],
        "kernels": [
            {
                "name": found.kernel.name,
                "coincide": found.coincide,
                "explained": found.explained,
                **_distance_document(found.apart),
                "changes": [
                    {
                        "factor": str(change.factor),
                        "change": change_words(change, found.kernel),
                        **_distance_document(change.left),
                    }
                    for change in found.changes
                ],
                "unnoticed": list(map(str, found.unnoticed)),
            }
            for found in comparisons
        ],
    }


def _distance_document(distance: Distance) -> dict[str, float]:
    return {
        "max_abs_difference": distance.largest,
        "mean_abs_difference": distance.mean,
        "differing_share": distance.differing_share,
    }
