"""One number of a kernel: read exactly, written so that it reads back to the last bit."""

from __future__ import annotations

import re
from fractions import Fraction
from math import isinf

_DECIMAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_PLAIN = re.compile(_DECIMAL)
_NUMBER = re.compile(rf"({_DECIMAL})(?:/({_DECIMAL}))?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)

# float64 never needs more digits than about 770; longer words only cost time.
_LONGEST_WORD = 1000


def read_number(word: str) -> Fraction:
    """The exact value of `2`, `-0.5`, `1e-3` or `1/16`.

    Raises ValueError with what stood there and what was expected.
    """
    match = _NUMBER.fullmatch(word) if len(word) <= _LONGEST_WORD else None
    if match is None:
        raise ValueError(_what_is_wrong(word))
    numerator = _exact(match[1])
    denominator = _exact(match[2] or "1")
    if denominator == 0:
        raise ValueError(f"{quoted(word)} divides by zero")
    return numerator / denominator


def read_weight(word: str, factor: Fraction) -> float:
    """The float64 nearest to the number times the factor: rounded once.

    Raises ValueError as read_number does, and for what is too large.
    """
    if factor == 1 and len(word) <= _LONGEST_WORD and _PLAIN.fullmatch(word):
        value = float(word)  # the same in a tenth of the time
        if not isinf(value):
            return value + 0.0  # -0 becomes 0, as in a fraction
    return nearest_float(read_number(word) * factor)


def nearest_float(value: Fraction) -> float:
    """The float64 nearest to an exact value. Raises ValueError beyond the largest one."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError("the weight is too large for float64 (the largest is 1.8e308)") from None


def write_number(value: float) -> str:
    """The shortest decimal that reads back as the same float64; whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 cell`, `4 cells`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def quoted(word: str) -> str:
    """A word as it stood there, shortened and with unseen characters spelled out."""
    return ascii(word if len(word) <= 24 else word[:20] + "...")


def _exact(decimal: str) -> Fraction:
    value = float(decimal)
    if isinf(value):
        raise ValueError(f"{quoted(decimal)} is too large for float64 (the largest is 1.8e308)")
    # What rounds to zero may have an exponent so low that the exact fraction would fill the memory.
    return Fraction(decimal) if value else Fraction(0)


def _what_is_wrong(word: str) -> str:
    if _NOT_FINITE.fullmatch(word):
        return f"{quoted(word)} is not finite; every weight must be a finite number"
    if _is_complex(word):
        return f"{quoted(word)} is complex; every weight must be a real number"
    if "\u2212" in word or "\u2013" in word:
        return f"{quoted(word)} holds a typographic minus sign or dash; write the plain -"
    if word == "...":
        return "'...' stands where NumPy left cells out; print the whole array, or save it as .npy"
    return f"{quoted(word)} is not a number; expected one such as 2, -0.5, 1e-3 or 1/16"


def _is_complex(word: str) -> bool:
    if word[-1] not in "ij":
        return False
    try:
        complex(word[:-1] + "j")
    except ValueError:
        return False
    return True
