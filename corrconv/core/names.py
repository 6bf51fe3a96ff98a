"""Names and messages from outside, as they may be shown: in one line, and commanding no terminal."""

from __future__ import annotations

LONGEST_NAME = 60


def one_line(text: str) -> str:
    """A text with everything spelled out that is no visible sign: newlines, escapes, signs that turn the writing."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown_name(text: str) -> str:
    """A name in one line; of a very long one the beginning and the end."""
    name = one_line(text)
    half = LONGEST_NAME // 2 - 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}...{name[-half:]}"
