"""Questions with their answers and commands, and the history, as text and for scripts."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.matrices import LINE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corrconv.commands.questions.study import Event, Question


def questions_text(questions: Sequence[Question]) -> Text:
    """Group by group: the question, its answer, and a line that can be copied whole."""
    text = Text()
    for group, entries in groupby(questions, key=lambda question: question.group):
        text.append(f"{group.upper()}\n", style="bold")
        for entry in entries:
            text.append(f"\n{entry.question}\n", style="bold cyan")
            text.append("".join(f"  {line}\n" for line in wrap(entry.answer, LINE_WIDTH - 2)))
            text.append(f"  $ corrconv {entry.command}\n", style="green")
        text.append("\n")
    text.rstrip()
    return text


def history_text(history: Sequence[Event]) -> Text:
    """The history in one paragraph, and its sources by number."""
    paragraph = " ".join(f"{event.fact} [{number}]" for number, event in enumerate(history, start=1))
    sources = [f"[{number}] {event.source}" for number, event in enumerate(history, start=1)]
    lines = [*wrap(paragraph, LINE_WIDTH), ""]
    for source in sources:
        lines += wrap(source, LINE_WIDTH, subsequent_indent="    ")
    return Text("\n".join(lines))


def questions_document(questions: Sequence[Question], history: Sequence[Event]) -> dict[str, Any]:
    """The questions for scripts; commands begin with the program's name."""
    return {
        "version": DOCUMENT_VERSION,
        "questions": [
            {
                "question": entry.question,
                "command": f"corrconv {entry.command}",
                "answer": entry.answer,
                "group": entry.group,
            }
            for entry in questions
        ],
        "history": [asdict(event) for event in history],
    }
