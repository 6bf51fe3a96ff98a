"""CuPy, whose filters are SciPy's on a graphics processor; from its documents, since they need one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from corrconv.libraries.scipy import FUNCTIONS as SCIPY_FUNCTIONS

if TYPE_CHECKING:
    from corrconv.libraries.function import LibraryFunction

NAMES = ("ndimage.correlate", "ndimage.convolve", "signal.correlate2d", "signal.convolve2d")


def _like_scipy(function: LibraryFunction) -> LibraryFunction:
    return replace(
        function,
        name=f"cupyx.{function.name}",
        aliases=(),
        documented=f"the same as {function.name}",
        runner=None,
        text=None,
        contest=None,
    )


FUNCTIONS = tuple(
    _like_scipy(function) for function in SCIPY_FUNCTIONS if function.name.removeprefix("scipy.") in NAMES
)
