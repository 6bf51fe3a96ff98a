"""The planner's choices as a table, and as a document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from corrconv.commands.bench.planner_study import TOLERANCE
from corrconv.commands.bench.view import machine_line
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from corrconv.commands.bench.planner_study import EngineChoice

# Of choices that are not right, the worst are listed.
MOST_LISTED = 12


def planner_view(choices: Sequence[EngineChoice], facts: dict[str, Any]) -> list[Table | str]:
    """A row a kernel, the worst choices, and how many are right."""
    right = sum(choice.right for choice in choices)
    verdict = (
        f"the planner's engine is the quickest, or within {TOLERANCE:.0%} of it, for {right} of {len(choices)} works"
    )
    worst = sorted((choice for choice in choices if not choice.right), key=lambda choice: -choice.excess)
    listed: list[Table | str] = [_worst_table(worst[:MOST_LISTED], len(worst)), ""] if worst else []
    return [_kernel_table(choices), "", *listed, verdict, machine_line(facts)]


def planner_document(choices: Sequence[EngineChoice], facts: dict[str, Any]) -> dict[str, Any]:
    """The choices for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "machine": facts,
        "tolerance": TOLERANCE,
        "right": sum(choice.right for choice in choices),
        "works": [
            {
                "name": choice.work.name,
                "chosen": str(choice.chosen),
                "quickest": str(choice.quickest),
                "excess": choice.excess,
                "seconds": {str(engine): seconds for engine, seconds in choice.seconds.items()},
            }
            for choice in choices
        ],
    }


def _kernel_table(choices: Sequence[EngineChoice]) -> Table:
    table = plain_table("how often the planner chose well")
    for heading in ("kernel", "works", f"within {TOLERANCE:.0%}", "worst"):
        table.add_column(heading, justify="left" if heading == "kernel" else "right", no_wrap=True)
    table.add_column("chosen")
    groups: dict[str, list[EngineChoice]] = {}
    for choice in choices:
        rows, columns = choice.work.kernel.shape
        groups.setdefault(f"{choice.work.kernel.name} {rows}x{columns}", []).append(choice)
    for name, group in groups.items():
        engines = Counter(str(choice.chosen) for choice in group).most_common()
        table.add_row(
            name,
            str(len(group)),
            str(sum(choice.right for choice in group)),
            f"+{max(choice.excess for choice in group):.0%}",
            ", ".join(f"{engine} {count}" for engine, count in engines),
        )
    return table


def _worst_table(choices: Sequence[EngineChoice], count: int) -> Table:
    table = plain_table(f"the worst {len(choices)} of {count} choices that are not")
    table.add_column("work")
    for heading in ("chosen", "ms", "quickest", "ms"):
        table.add_column(heading, justify="right" if heading == "ms" else "left", no_wrap=True)
    for choice in choices:
        table.add_row(
            choice.work.name,
            str(choice.chosen),
            f"{choice.seconds[choice.chosen] * 1000:.2f}",
            str(choice.quickest),
            f"{choice.seconds[choice.quickest] * 1000:.2f}",
        )
    return table
