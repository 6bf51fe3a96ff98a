"""corrconv questions: what people ask, and the command that answers it."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import click

from corrconv.commands.answer import answer
from corrconv.commands.options import json_option
from corrconv.commands.questions.study import Event, Question, search
from corrconv.errors import CorrconvError


def read_questions() -> tuple[tuple[Question, ...], tuple[Event, ...], dict[str, list[str]]]:
    """All questions, in groups, the history of the two names, and the synonyms of words that are searched."""
    data = tomllib.loads((files(__package__) / "questions.toml").read_text(encoding="utf-8"))
    questions = tuple(Question(**entry) for entry in data["questions"])
    return questions, tuple(Event(**entry) for entry in data["history"]), data["synonyms"]


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@json_option
def command(words: tuple[str, ...], as_json: bool) -> None:
    """List what people ask, or only what fits the WORDs best, with the command that answers it.

    Every command runs on numbers or pictures that come with corrconv. 'corrconv questions history'
    tells where the two names come from.

    \b
    corrconv questions
    corrconv questions flip
    corrconv questions why are the edges dark after blurring
    corrconv questions history
    """
    from corrconv.commands.questions.view import history_text, questions_document, questions_text

    questions, history, synonyms = read_questions()
    searched = " ".join(words)
    if searched == "history":
        answer(lambda: questions_document((), history), lambda: history_text(history), as_json=as_json)
        return
    found = search(questions, searched, synonyms) if searched else questions
    if not found:
        raise CorrconvError(f"no question has {searched!r} in it; 'corrconv questions' lists all of them")
    shown_history = () if searched else history
    answer(
        lambda: questions_document(found, shown_history),
        lambda: questions_text(found),
        as_json=as_json,
        soft_wrap=True,
    )
