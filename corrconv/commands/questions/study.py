"""A question that people ask, and an event of the history."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question in people's words, the command that answers it, and the answer in a sentence.

    shows: what stands in the command's output, as evidence.
    """

    group: str
    question: str
    command: str
    answer: str
    shows: str

    def mentions(self, word: str) -> bool:
        """Whether a word occurs in it, in any case."""
        return word.casefold() in f"{self.group} {self.question} {self.command} {self.answer}".casefold()


@dataclass(frozen=True)
class Event:
    """A fact of the history, and where it was published."""

    fact: str
    source: str
