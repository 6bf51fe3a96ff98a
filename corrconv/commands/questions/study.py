"""A question that people ask, how well it fits what somebody typed, and an event of the history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Words that people put around what they ask for.
_SMALL = """a about after all am an and any are as at be before between but by calculate can compared compute could
did difference do does doing don't each for from get gets getting give gives given has have how i if in instead into
is it its just like make makes me mean means my need needs not of on one or our really should so some than that the
their them then there these they thing this to two use used using was we what when where which while who why will
with would you your"""
SMALL_WORDS = frozenset(_SMALL.split())
# A word of the question itself counts more than one of its answer: that names other things in passing.
QUESTION_WEIGHT = 3.0
# What fits less well than this share of the best is no answer to the whole of what was typed.
LEAST_SHARE = 0.7


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
        return _begins(f"{self.group} {self.question} {self.command} {self.answer}", words)

    def weight(self, words: Iterable[str]) -> float:
        """How much it is about any of these words: more if it asks for them than if its answer names them."""
        words = tuple(words)
        return QUESTION_WEIGHT if _begins(self.question, words) else float(self.mentions(words))


@dataclass(frozen=True)
class Event:
    """A fact of the history, and where it was published."""

    fact: str
    source: str


def search(questions: Sequence[Question], words: str, synonyms: Mapping[str, Sequence[str]]) -> tuple[Question, ...]:
    """The questions that fit the words or their synonyms best, the best first; none if none mentions any.

    A word counts the more, the fewer questions mention it. One word alone finds all that mention it, in their order.
    """
    typed = [word.strip(".,:;!'\"()") for word in words.casefold().replace("?", " ").split()]
    wanted = [word for word in typed if word and word not in SMALL_WORDS] or typed
    meant = [_meanings(word, synonyms) for word in wanted]
    rarity = [log(1 + len(questions) / (1 + sum(question.mentions(it) for question in questions))) for it in meant]
    fits = [sum(rare * question.weight(it) for rare, it in zip(rarity, meant, strict=True)) for question in questions]
    best = max(fits, default=0.0)
    if best == 0:
        return ()
    if len(wanted) == 1:
        return tuple(question for question, fit in zip(questions, fits, strict=True) if fit > 0)
    ranked = sorted(range(len(questions)), key=lambda index: -fits[index])
    return tuple(questions[index] for index in ranked if fits[index] >= LEAST_SHARE * best)


def _begins(text: str, words: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(re.search(rf"(?<![a-z]){re.escape(word.casefold())}", folded) for word in words)


def _meanings(word: str, synonyms: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The word, its stem, and the synonyms of both."""
    stems = _stems(word)
    return (*stems, *(it for stem in stems for it in synonyms.get(stem, ())))


def _stems(word: str) -> tuple[str, ...]:
    """The word, and without the ending of its plural, its past or its -ing: flipped and flipping are flip."""
    for ending in ("ing", "ed", "s"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 3 and not stem.endswith("s"):
            doubled = len(stem) > 4 and stem[-1] == stem[-2] and stem[-1] not in "aeiouls"
            return (word, stem[:-1] if doubled else stem)
    return (word,)
