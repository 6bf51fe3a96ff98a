"""Numbers in few characters, as tables and pictures show them."""

from __future__ import annotations

from math import isfinite


def short_number(value: float) -> str:
    """A number in few characters: three figures, and no exponent where it can be avoided."""
    if not isfinite(value):
        return str(value)
    if 999.5 <= abs(value) < 99_999.5 or (value == round(value) and abs(value) < 1000):
        return f"{value + 0.0:.0f}"  # -0.0 + 0.0 is 0
    return f"{value:.3g}"


def share(value: float) -> str:
    """A share as a percentage; only nothing and everything are 0% and 100%."""
    if value in {0, 1}:
        return f"{value:.0%}"
    return f"{min(max(value, 0.001), 0.999):.1%}"


def number_text(value: float) -> str:
    """A number with up to six figures; whole ones with all of theirs."""
    return f"{value + 0.0:.0f}" if float(value).is_integer() and abs(value) < 1e12 else f"{value:.6g}"
