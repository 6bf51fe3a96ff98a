"""Callables that strangers wrote: imported by name, and run so that they disturb nothing of ours."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable


def imported_callable(name: str) -> Callable[..., Any]:
    """The callable `package.module:function`, whose standard output is dropped.

    Raises CorrconvError where it cannot be imported or is not callable.
    """
    module_name, _, path = name.partition(":")
    _allow_local_modules()
    try:
        with redirect_stdout(StringIO()):
            found: Any = import_module(module_name)
    # Importing runs a stranger's code, which may raise anything.
    except (Exception, SystemExit, GeneratorExit) as error:
        raise CorrconvError(f"{module_name} cannot be imported: {type(error).__name__}: {error}") from error
    try:
        for part in path.split("."):
            found = getattr(found, part)
    except AttributeError:
        raise CorrconvError(f"{module_name} has no {path}; check the name behind the colon") from None
    except Exception as error:  # a property's code, a stranger's too
        raise CorrconvError(f"{name} cannot be read: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise CorrconvError(f"{name} is not callable, so it cannot be probed")

    def silent(*arguments: Any, **settings: Any) -> Any:
        # Standard output is for our own table or document; a function may even close it.
        with redirect_stdout(StringIO()):
            return found(*arguments, **settings)

    return silent


def _allow_local_modules() -> None:
    """Like python -m: a module in the working directory can be named, where there still is one."""
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:
        return
    if folder not in sys.path:
        sys.path.insert(0, folder)
