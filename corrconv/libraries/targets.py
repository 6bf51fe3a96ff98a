"""What `probe` can be pointed at: known functions, known commands, and any importable callable."""

from __future__ import annotations

import ast
import sys
from contextlib import redirect_stdout
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrconv.errors import CorrconvError
from corrconv.libraries.target import Target
from corrconv.libraries.target_commands import COMMANDS
from corrconv.libraries.target_functions import FUNCTIONS, titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def parse_setting(text: str) -> tuple[str, Any]:
    """The name and the value of NAME=VALUE; values are Python literals, or else text."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise CorrconvError(f"{text!r} is not NAME=VALUE, such as mode=same")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def target_named(name: str, settings: dict[str, Any]) -> Target:
    """A known function or command, or `package.module:function`, called as f(image, kernel, **settings).

    What a function prints to standard output is dropped. Raises CorrconvError for a name that is none of
    these, or that is not installed here.
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name].target(settings)
    if name in COMMANDS:
        if settings:
            raise CorrconvError(f"{name} is a command and takes no --set; give its arguments with --command")
        return COMMANDS[name].target()
    if ":" in name:
        return Target(name=titled(name, settings), run=partial(_imported(name), **settings))
    near = get_close_matches(name, [*FUNCTIONS, *COMMANDS], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise CorrconvError(f"{name!r} is no known target; {hint}any function can be given as package.module:function")


def _imported(name: str) -> Callable[..., Any]:
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


def known_targets() -> Iterator[Target]:
    """Every known function that is installed here, and every known command on PATH."""
    for function in FUNCTIONS.values():
        if function.installed:
            yield function.target({})
    for known in COMMANDS.values():
        if known.program is not None:
            yield known.target()
