"""A question that people ask, and an event of the history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Words that stand in every second question.
SMALL_WORDS = frozenset(
    {"a", "an", "and", "are", "as", "can", "do", "does", "for", "from", "how", "i", "in", "is", "it", "my", "of", "on"}
    | {"or", "the", "to", "what", "when", "which", "why", "with"}
)


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

    def mentions(self, words: Iterable[str]) -> bool:
        """Whether a word of it begins with one of these, in any case."""
        text = f"{self.group} {self.question} {self.command} {self.answer}".casefold()
        return any(re.search(rf"(?<![a-z]){re.escape(word.casefold())}", text) for word in words)


@dataclass(frozen=True)
class Event:
    """A fact of the history, and where it was published."""

    fact: str
    source: str


def search(questions: Iterable[Question], words: str, synonyms: Mapping[str, Sequence[str]]) -> tuple[Question, ...]:
    """The questions that mention most of the words, or their synonyms; none if none mentions any."""
    wanted = [word for word in words.casefold().replace("?", " ").split() if word not in SMALL_WORDS]
    meant = [(*_stems(word), *(it for stem in _stems(word) for it in synonyms.get(stem, ()))) for word in wanted]
    counted = [(sum(question.mentions(it) for it in meant), question) for question in questions]
    most = max((count for count, _ in counted), default=0)
    return tuple(question for count, question in counted if count == most > 0)


def _stems(word: str) -> tuple[str, ...]:
    """The word, and without the ending of its plural."""
    return (word, word[:-1]) if word.endswith("s") and len(word) > 4 else (word,)
