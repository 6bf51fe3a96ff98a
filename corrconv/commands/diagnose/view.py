"""A diagnosis as text, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.commands.diagnose.study import Arithmetic
from corrconv.core.convention.model import REAL_NUMBERS, Rounding
from corrconv.core.terms import OutputSize
from corrconv.drawing.conventions import (
    border_words,
    convention_document,
    equivalent_command,
    number_words,
    operation_words,
    scale_words,
)
from corrconv.drawing.documents import DOCUMENT_VERSION

if TYPE_CHECKING:
    from corrconv.commands.diagnose.study import Candidate, Diagnosis, Expectation


def diagnosis_text(diagnosis: Diagnosis, expected: Expectation | None = None) -> Text:
    """What explains the result, or what comes closest and where it still differs; then the verdict."""
    text = Text()
    count = len(diagnosis.ways)
    if diagnosis.unfiltered:
        text.append("RESULT is IMAGE itself: nothing was filtered\n", style="red")
    elif diagnosis.explained:
        text.append("explained to the last pixel" + (f", in {count} ways" if count > 1 else "") + "\n", style="green")
    else:
        text.append("not explained; closest:\n", style="red")
    for first, *others in () if diagnosis.unfiltered else diagnosis.ways:
        text.append_text(_candidate_text(diagnosis, first))
        if others:
            names = ", ".join(operation_words(it.convention).removeprefix("neither: kernel ") for it in others)
            text.append(f"    or        {names}: the same weights over the same pixels\n")
    if len(diagnosis.operations) > 1:
        text.append("This result cannot tell them apart: turned or mirrored so, the kernel gives the same.\n")
    if expected is not None:
        mistakes = diagnosis.mistakes(expected)
        verdict = f"not as expected: {'; '.join(mistakes)}" if mistakes else "as expected"
        text.append(f"{expected.operation}: {verdict}\n", style="red" if mistakes else "green")
    text.rstrip()
    return text


def _candidate_text(diagnosis: Diagnosis, candidate: Candidate) -> Text:
    convention, shape = candidate.convention, diagnosis.kernel.shape
    text = Text()
    text.append(f"  {operation_words(convention)}\n", style="bold")
    lines = {"output": str(convention.output_size), "border": border_words(convention)}
    if convention.output_size is OutputSize.SAME:
        row, column = convention.anchor_cell(shape)
        lines["anchor"] = f"cell {row},{column} of {shape[0]}x{shape[1]}"
    others = _other_borders(candidate)
    if others:
        lines["border"] += f" ({others} would do as well)"
    lines["scale"] = scale_words(convention)
    if convention.numbers != REAL_NUMBERS and convention.numbers.rounding is not Rounding.NONE:
        lines["numbers"] = number_words(convention)
    if candidate.arithmetic is not Arithmetic.EXACT:
        lines["sums"] = str(candidate.arithmetic)
    if candidate.explains:
        lines["the same"] = _command(candidate) or "no single apply line"
    elif candidate.first is not None:
        lines["differs"] = (
            f"{candidate.differing_share:.2%} of the pixels ({candidate.where}), by at most"
            f" {candidate.max_difference:.6g}, first at row {candidate.first[0]}, column {candidate.first[1]}"
        )
    for name, value in lines.items():
        text.append(f"    {name:<10}{value}\n")
    return text


def _command(candidate: Candidate) -> str | None:
    """The apply line that gives the result, or None where no one line does."""
    command = equivalent_command(candidate.convention)
    display = candidate.arithmetic.display
    if command is None or (display is None and candidate.arithmetic is not Arithmetic.EXACT):
        return None
    return command if display is None else f"{command} --display {display}"


def _other_borders(candidate: Candidate) -> str:
    shared = candidate.convention.borders.shared
    reached = [rules for rules in candidate.alternatives.values() if rules is not None]
    if shared is None or not reached:
        return ""
    common = [rule for rule in reached[0] if all(rule in rules for rules in reached) and rule != shared]
    return ", ".join(map(str, common))


def diagnosis_document(diagnosis: Diagnosis, expected: Expectation | None = None) -> dict[str, Any]:
    """A diagnosis for scripts; the findings of the first explanation stand at the top, or null."""
    first = diagnosis.explanations[0].convention if diagnosis.explained else None
    found = convention_document(first) if first is not None else {}
    mistakes = None if expected is None else list(diagnosis.mistakes(expected))
    return {
        "version": DOCUMENT_VERSION,
        "explained": diagnosis.explained,
        "unfiltered": diagnosis.unfiltered,
        "operations": [str(operation) if operation else "neither" for operation in diagnosis.operations],
        **found,
        "as_expected": None if mistakes is None else not mistakes,
        "mistakes": mistakes,
        "candidates": [
            {
                "explains": candidate.explains,
                **convention_document(candidate.convention),
                "anchor_cell": list(candidate.convention.anchor_cell(diagnosis.kernel.shape)),
                "arithmetic": str(candidate.arithmetic),
                "differing_share": candidate.differing_share,
                "max_difference": candidate.max_difference,
                "rmse": candidate.rmse,
                "where": candidate.where or None,
                "first_difference": list(candidate.first) if candidate.first else None,
                "equivalent": _command(candidate) if candidate.explains else None,
            }
            for candidate in diagnosis.candidates
        ],
    }
