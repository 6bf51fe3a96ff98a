"""Text that knows where it stood, so that every error can name line and column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from corrconv.core.kernel import Cell, Kernel
from corrconv.core.notation.numbers import quoted, read_number, read_weight
from corrconv.core.ragged_rows import row_words
from corrconv.errors import NotationError

_BYTE_ORDER_MARK = "\ufeff"
# `#(1 2 ...)` is a vector of Script-Fu.
_COMMENT = re.compile(r"#(?!\([-+.\d \t\n])[^\n]*")
# Everything that no text editor writes, and the sign that decoders put for bytes that are no text.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]")
_SPACE = re.compile(r"[ \t\n]*")
_WORD = re.compile(r"[^ \t\n]+")
_ONE = Fraction(1)


class Span(NamedTuple):
    """A stretch of the text: from start up to end, which is outside."""

    start: int
    end: int


@dataclass(frozen=True)
class KernelText:
    """A kernel's text and where it stood; positions count characters from 0."""

    content: str
    where: str

    @classmethod
    def clean(cls, content: str, where: str) -> KernelText:
        """The text with plain line ends, without byte-order mark, its comments blanked.

        Raises NotationError for what is no text, and for text without anything in it.
        """
        content = content.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
        text = cls(content, where)
        if stray := _NOT_TEXT.search(content):
            raise text.error(stray.start(), f"{quoted(stray[0])} is not text; a picture or .npy needs its own suffix")
        text = cls(_COMMENT.sub(lambda comment: " " * len(comment[0]), content), where)
        if not content or text.skip_space(0) == len(content):
            raise NotationError(where, "empty; expected a kernel such as 1 2 1, [1 0 -1; 2 0 -2; 1 0 -1] or 3x3: 1 ...")
        return text

    @property
    def whole(self) -> Span:
        """All of it."""
        return Span(0, len(self.content))

    def error(self, position: int, problem: str) -> NotationError:
        """The error to raise for what stands at a position."""
        line = self.content.count("\n", 0, position) + 1
        column = position - self.content.rfind("\n", 0, position)
        return NotationError(f"{self.where}, line {line}, column {column}", problem)

    def __getitem__(self, span: Span) -> str:
        """What stands in a span."""
        return self.content[span.start : span.end]

    def at(self, position: int) -> str:
        """The character at a position, or nothing behind the end."""
        return self.content[position : position + 1]

    def skip_space(self, position: int) -> int:
        """The first position from here on that is not a space, tab or line end."""
        space = _SPACE.match(self.content, position)
        return space.end() if space else position

    def expect_end(self, position: int, after: str) -> None:
        """Check that nothing but space follows. Raises NotationError at what does."""
        position = self.skip_space(position)
        if position < len(self.content):
            word = self.words(Span(position, len(self.content)))[0]
            raise self.error(position, f"{quoted(self[word])} after {after}; expected the end")

    def words(self, span: Span) -> list[Span]:
        """The words of a span, split at spaces, tabs and line ends."""
        return [Span(*word.span()) for word in _WORD.finditer(self.content, *span)]

    def split(self, span: Span, separator: str) -> list[Span]:
        """The parts of a span between separators, spaces around them included."""
        cuts = [cut.start() for cut in re.finditer(re.escape(separator), self[span])]
        starts = [span.start, *(span.start + cut + 1 for cut in cuts)]
        ends = [*(span.start + cut for cut in cuts), span.end]
        return [Span(*ends_of_part) for ends_of_part in zip(starts, ends, strict=True)]

    def refuse(self, span: Span, characters: str, problem: str) -> None:
        """Check that none of the characters occurs in a span. Raises NotationError at the first that does."""
        found = re.search(f"[{re.escape(characters)}]", self[span])
        if found:
            raise self.error(span.start + found.start(), f"'{found[0]}' {problem}")

    def number(self, word: Span) -> Fraction:
        """The exact value of a word. Raises NotationError if it is no finite real number."""
        try:
            return read_number(self[word])
        except ValueError as error:
            raise self.error(word.start, str(error)) from None

    def only_word(self, span: Span, separator: str) -> Span:
        """The one word between two separators. Raises NotationError for none and for several."""
        words = self.words(span)
        if not words:
            raise self.error(span.end, f"a cell is missing beside '{separator}'; write 0 for an empty one")
        if len(words) > 1:
            raise self.error(
                words[1].start,
                f"{quoted(self[words[1]])} follows a space where '{separator}' separates the cells;"
                f" use one kind of separator",
            )
        return words[0]

    def kernel(self, rows: Sequence[Sequence[Span]], factor: Fraction = _ONE, anchor: Cell | str = "center") -> Kernel:
        """The kernel of rows of words, each multiplied exactly by the factor and rounded once.

        Raises NotationError for rows of different length and words that are no numbers.
        """
        width = len(rows[0])
        for row in rows:
            if len(row) != width:
                raise self.error(row[min(width, len(row) - 1)].start, row_words(len(row), width))
        weights = [[self._weight(word, factor) for word in row] for row in rows]
        return Kernel(weights, anchor)

    def _weight(self, word: Span, factor: Fraction) -> float:
        try:
            return read_weight(self[word], factor)
        except ValueError as error:
            raise self.error(word.start, str(error)) from None
