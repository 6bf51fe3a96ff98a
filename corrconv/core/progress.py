"""How long work tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Called with the number of parts that are done, and of all parts.
Progress: TypeAlias = "Callable[[int, int], None]"


def ignore_progress(_done: int, _parts: int) -> None:
    """Listen to no progress."""
