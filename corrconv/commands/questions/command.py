"""corrconv questions: what people ask, and the command that answers it."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import click

from corrconv.commands.answer import answer
from corrconv.commands.options import json_option
from corrconv.commands.questions.study import Event, Question
from corrconv.errors import CorrconvError


def read_questions() -> tuple[tuple[Question, ...], tuple[Event, ...]]:
    """All questions, in groups, and the history of the two names."""
    data = tomllib.loads((files(__package__) / "questions.toml").read_text(encoding="utf-8"))
    return tuple(Question(**entry) for entry in data["questions"]), tuple(Event(**entry) for entry in data["history"])


@click.command()
@click.argument("word", required=False)
@json_option
def command(word: str | None, as_json: bool) -> None:
    """List what people ask, or only what has WORD in it, with the command that answers it.

    Every command runs on numbers or pictures that come with corrconv. 'corrconv questions history'
    tells where the two names come from.

    \b
    corrconv questions
    corrconv questions flip
    corrconv questions history
    """
    from corrconv.commands.questions.view import history_text, questions_document, questions_text

    questions, history = read_questions()
    if word == "history":
        answer(lambda: questions_document((), history), lambda: history_text(history), as_json=as_json)
        return
    found = questions if word is None else tuple(question for question in questions if question.mentions(word))
    if not found:
        groups = ", ".join(dict.fromkeys(question.group for question in questions))
        raise CorrconvError(f"no question has {word!r} in it; the groups are {groups}")
    shown_history = history if word is None else ()
    answer(
        lambda: questions_document(found, shown_history),
        lambda: questions_text(found),
        as_json=as_json,
        soft_wrap=True,
    )
