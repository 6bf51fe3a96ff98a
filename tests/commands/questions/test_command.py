"""corrconv questions: every command that it names is run, and shows what its answer says."""

from __future__ import annotations

import json
import shlex

import pytest
from shell import run, trouble

from corrconv.commands.questions.command import read_questions

QUESTIONS, HISTORY = read_questions()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.question)
def test_every_command_runs_and_shows_what_the_answer_says(question):
    done = run(*shlex.split(question.command))
    assert done.exit_code == 0, done.stderr
    assert " ".join(question.shows.split()) in " ".join(f"{done.stdout} {done.stderr}".split())
    shown = [line for line in done.stdout.splitlines() if not line.lstrip().startswith("the same")]
    assert max(map(len, shown), default=0) <= 80


def test_there_are_many_and_none_twice():
    assert len(QUESTIONS) >= 50
    assert len({question.question for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        assert question.question.endswith("?")
        assert question.answer.endswith(".")
        assert question.shows


def test_all_are_listed_in_groups_with_lines_to_copy():
    shown = run("questions").stdout
    for question in QUESTIONS:
        assert f"\n{question.question}\n" in shown
        assert f"  $ corrconv {question.command}\n" in shown


def test_a_word_narrows_them():
    shown = run("questions", "PyTorch").stdout
    assert "Is PyTorch's Conv2d" in shown
    assert "backpropagation" not in shown
    assert "no question has 'xyzzy' in it; the groups are The name" in trouble(run("questions", "xyzzy"))


def test_the_history_names_a_publication_for_each_fact():
    shown = run("questions", "history").stdout
    assert "1805" in shown
    for event in HISTORY:
        assert event.source.split(",")[0] in " ".join(shown.split())
        assert any(character.isdigit() for character in event.source)
    assert max(map(len, shown.splitlines())) <= 80


def test_scripts_get_questions_commands_and_answers():
    document = json.loads(run("questions", "--json").stdout)
    assert set(document["questions"][0]) == {"question", "command", "answer", "group"}
    assert len(document["questions"]) == len(QUESTIONS)
    assert document["history"]
