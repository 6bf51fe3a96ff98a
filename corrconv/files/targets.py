"""What `probe` can be pointed at: known functions, known commands, and any importable callable."""

from __future__ import annotations

import ast
import sys
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrconv.core.target import Target
from corrconv.errors import CorrconvError
from corrconv.files.target_commands import COMMANDS
from corrconv.files.target_functions import FUNCTIONS, titled

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

    Raises CorrconvError for a name that is none of these, or that is not installed here.
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
    # Like python -m: a module in the working directory can be named.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = import_module(module_name)
    except Exception as error:  # importing runs a stranger's code, which may raise anything
        raise CorrconvError(f"{module_name} cannot be imported: {type(error).__name__}: {error}") from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise CorrconvError(f"{module_name} has no {path}; check the name behind the colon")
        found = getattr(found, part)
    if not callable(found):
        raise CorrconvError(f"{name} is not callable, so it cannot be probed")
    return found  # type: ignore[no-any-return]


def known_targets() -> Iterator[Target]:
    """Every known function that is installed here, and every known command on PATH."""
    for function in FUNCTIONS.values():
        if function.installed:
            yield function.target({})
    for known in COMMANDS.values():
        if known.program is not None:
            yield known.target()
