"""What a probe found, as text, as a table of many targets, as Markdown and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.drawing.console import plain_table
from corrconv.drawing.conventions import (
    anchor_words,
    border_words,
    convention_document,
    equivalent_command,
    equivalent_python,
    number_words,
    operation_words,
    scale_words,
)
from corrconv.drawing.documents import DOCUMENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from corrconv.commands.probe.study import Probe
    from corrconv.core.convention.model import Convention

HEADINGS = ("target", "computes", "even cell", "border", "scale", "whole numbers", "explained")


def probe_text(probe: Probe, *, verbose: bool) -> Text:
    """The findings of one probe, line by line; with its experiments where asked for."""
    text = Text()
    text.append(f"{probe.target}\n", style="bold")
    if verbose:
        for experiment in probe.experiments:
            text.append(f"  {experiment.question} {experiment.answer}\n", style="dim")
    if probe.explained:
        text.append("explained: ", style="green")
        text.append(f"{_proof_words(probe)}\n")
    else:
        text.append("not explained: ", style="red")
        text.append(f"{probe.problem}\n")
    for convention in probe.conventions:
        text.append_text(_findings(probe, convention))
    for shape_list, message in _refusals(probe).items():
        text.append(f"  refuses     {shape_list}: {message}\n")
    for note in probe.notes:
        text.append(f"  note        {note}\n")
    if probe.known_as:
        text.append(f"  known as    {', '.join(probe.known_as)}\n")
    text.rstrip()
    return text


def _refusals(probe: Probe) -> dict[str, str]:
    shapes: dict[str, list[str]] = {}
    for (rows, columns), message in probe.refused:
        shapes.setdefault(_brief(message), []).append(f"{rows}x{columns}")
    return {", ".join(names): message for message, names in shapes.items()}


def _brief(message: str) -> str:
    return message if len(message) <= 100 else f"{message[:97]}..."


def _proof_words(probe: Probe) -> str:
    pictures = sum(proof.pictures for proof in probe.proofs)
    types = " and ".join(proof.image_dtype for proof in probe.proofs)
    return f"{pictures} fresh {types} pictures predicted, largest deviation {probe.max_deviation:.3g}"


def _findings(probe: Probe, convention: Convention) -> Text:
    text = Text()
    if len(probe.conventions) > 1:
        shapes = ", ".join(f"{rows}x{columns}" for rows, columns in convention.kernel_shapes or ())
        text.append(f"for kernels of {shapes}\n")
    odd, even = anchor_words(convention)
    lines = {
        "computes": operation_words(convention),
        "anchor": f"odd sides {odd}, even sides {even if _has_even(probe) else 'not taken'}",
        "border": border_words(convention),
        "output": str(convention.output_size),
        "scale": scale_words(convention),
        "numbers": _number_words(probe, convention),
        "the same": _command(probe, convention) or "no single apply line",
        "in Python": equivalent_python(convention) or "no single call",
    }
    if not probe.explained:
        del lines["the same"], lines["in Python"]
    for name, value in lines.items():
        text.append(f"  {name:<12}{value}\n")
    return text


def _has_even(probe: Probe) -> bool:
    return any(rows % 2 == 0 or columns % 2 == 0 for rows, columns in probe.accepted)


def _command(probe: Probe, convention: Convention) -> str | None:
    """The apply line that gives the same; by the name of a library where options alone cannot say it."""
    command = equivalent_command(convention)
    if command is None and probe.known_as and len(probe.conventions) == 1:
        return f"corrconv apply IMAGE KERNEL --like {probe.known_as[0]}"
    return command


def _number_words(probe: Probe, convention: Convention) -> str:
    """What whole-number pictures become, where the target was given any."""
    return number_words(convention) if _whole_proved(probe) else "-"


def _whole_proved(probe: Probe) -> bool:
    return any("int" in proof.image_dtype for proof in probe.proofs)


def survey_rows(probes: Sequence[Probe]) -> list[tuple[str, ...]]:
    """One row a finding, in the order of HEADINGS."""
    rows: list[tuple[str, ...]] = []
    for probe in probes:
        verdict = "yes" if probe.explained else f"no: {_brief(probe.problem)}"
        if not probe.conventions:
            rows.append((probe.target, "-", "-", "-", "-", "-", verdict))
        for convention in probe.conventions:
            shapes = ", ".join(f"{height}x{width}" for height, width in convention.kernel_shapes or ())
            size = "" if convention.output_size == "same" else f", {convention.output_size}"
            rows.append(
                (
                    f"{probe.target} ({shapes})" if shapes else probe.target,
                    operation_words(convention) + size,
                    anchor_words(convention)[1] if _has_even(probe) else "refused",
                    border_words(convention),
                    scale_words(convention),
                    _number_words(probe, convention),
                    verdict,
                )
            )
    return rows


def survey_table(probes: Sequence[Probe]) -> Table:
    """All targets in one table."""
    table = plain_table("what they compute, each probed just now")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for row in survey_rows(probes):
        table.add_row(*row)
    return table


def survey_markdown(probes: Sequence[Probe]) -> str:
    """The same table in Markdown."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *survey_rows(probes)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def probe_document(probe: Probe) -> dict[str, Any]:
    """A probe for scripts; findings are null where nothing is claimed."""
    convention = probe.convention
    found: dict[str, Any] = dict.fromkeys(
        ("operation", "orientation", "anchor", "boundary", "output_size", "scale", "bias", "rounding", "overflow")
    )
    if convention is not None:
        found = convention_document(convention)
        if not _has_even(probe):
            found["anchor"]["even"] = None
        if not _whole_proved(probe):
            found |= dict.fromkeys(("output_dtype", "rounding", "overflow"))
    explained = convention if probe.explained else None
    return {
        "version": DOCUMENT_VERSION,
        "target": probe.target,
        **found,
        "linear": probe.linear,
        "explained": probe.explained,
        "problem": probe.problem or None,
        "max_deviation": probe.max_deviation,
        "relative_error": probe.relative_error,
        "equivalent": {
            "command": _command(probe, explained) if explained else None,
            "python": equivalent_python(explained) if explained else None,
        },
        "known_as": list(probe.known_as),
        "other_kernels": [convention_document(other) for other in probe.conventions[1:]],
        "refused": [{"shape": list(shape), "message": message} for shape, message in probe.refused],
        "notes": list(probe.notes),
        "experiments": [{"question": it.question, "answer": it.answer} for it in probe.experiments],
    }


def survey_document(probes: Sequence[Probe]) -> dict[str, Any]:
    """A survey for scripts."""
    return {"version": DOCUMENT_VERSION, "targets": [probe_document(probe) for probe in probes]}
