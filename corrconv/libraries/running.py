"""Objects that strangers wrote, found by the names that people type."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from corrconv.errors import CorrconvError


def imported_callable(name: str) -> Any:
    """What `package.module:name` or `folder/file.py:name` names; standard output is dropped meanwhile.

    Raises CorrconvError where it cannot be imported or is not callable.
    """
    module_name, _, path = name.rpartition(":")
    _allow_local_modules()
    try:
        with redirect_stdout(StringIO()):
            found: Any = _from_file(module_name) if module_name.endswith(".py") else import_module(module_name)
    except CorrconvError:
        raise
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
    return found


def _from_file(path: str) -> ModuleType:
    """The module in a file, run as `python FILE` would run it: its own folder comes first on the path."""
    file = Path(path).resolve()
    spec = spec_from_file_location(file.stem, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise CorrconvError(
            f"{path} is no file that is there; write package.module:function or folder/file.py:function"
        )
    sys.path.insert(0, str(file.parent))
    module = sys.modules[file.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _allow_local_modules() -> None:
    """Like python -m: a module in the working directory can be named, where there still is one."""
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:
        return
    if folder not in sys.path:
        sys.path.insert(0, folder)
