"""Standard error without what C libraries write to it by themselves, as libtiff does of a damaged file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

_STANDARD_ERROR = 2

_lock = Lock()
_asking = 0  # how many want silence at this time
_kept: int | None = None  # a descriptor of what standard error really is, meanwhile


@contextmanager
def c_silence() -> Iterator[None]:
    """Let what is written to descriptor 2 go nowhere in this block; several threads may be in one.

    The command line's own messages have another descriptor.
    """
    if sys.__stderr__ is None:  # closed from the start: by now the descriptor may be a picture's
        yield
        return
    global _asking, _kept  # noqa: PLW0603  (the process has one descriptor 2)
    with _lock:
        _asking += 1
        if _asking == 1:
            with suppress(OSError):  # it is closed: nothing can be written there
                _kept = os.dup(_STANDARD_ERROR)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, _STANDARD_ERROR)
                os.close(nowhere)
    try:
        yield
    finally:
        with _lock:
            _asking -= 1
            if _asking == 0 and _kept is not None:
                os.dup2(_kept, _STANDARD_ERROR)
                os.close(_kept)
                _kept = None
