"""All known functions, found by looking into this folder: a library is added by adding its file."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions, version
from pkgutil import iter_modules
from typing import Any

from corrconv import libraries
from corrconv.core.convention.gaussian import profile
from corrconv.core.convention.model import Convention
from corrconv.errors import CorrconvError
from corrconv.libraries.calling import Order
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, Run, titled
from corrconv.libraries.own_kernel import ALL_TYPES, GaussianRule
from corrconv.libraries.process import CallableProcess, HostProcess
from corrconv.libraries.target import Target


def homes() -> dict[str, str]:
    """For each function's name, the file that it stands in and what that says it holds: a library, a language."""
    modules = (import_module(f"{libraries.__name__}.{module.name}") for module in iter_modules(libraries.__path__))
    return {
        function.name: f"{module.__name__.rpartition('.')[2]} {(module.__doc__ or '').strip()}"
        for module in modules
        for function in getattr(module, "FUNCTIONS", ())
    }


def library_functions() -> dict[str, LibraryFunction]:
    """Every known function that takes a kernel, by its name."""
    return {name: function for name, function in all_functions().items() if function.own is None}


def own_kernel_functions() -> dict[str, LibraryFunction]:
    """Every known function that makes its kernel by itself, by its name."""
    return {name: function for name, function in all_functions().items() if function.own is not None}


@cache
def all_functions() -> dict[str, LibraryFunction]:
    """Every known function by its name, in the order of the files' names."""
    found: dict[str, LibraryFunction] = {}
    for module in iter_modules(libraries.__path__):
        for function in getattr(import_module(f"{libraries.__name__}.{module.name}"), "FUNCTIONS", ()):
            if function.name in found:
                raise ValueError(f"{function.name} is defined twice")
            found[function.name] = function
    return found


def conventions() -> dict[str, Convention]:
    """The conventions of all functions that have one, with their usual settings, by name."""
    found = {name: function.convention for name, function in library_functions().items()}
    return {name: convention for name, convention in found.items() if convention is not None}


def function_names() -> frozenset[str]:
    """All names and aliases, of functions that make their kernel by themselves too."""
    known = all_functions()
    return frozenset((*known, *(alias for function in known.values() for alias in function.aliases)))


def blur_sizes(sigma: float) -> dict[str, int]:
    """How many weights along an axis functions that blur take for a sigma, if no size is given."""
    found = {}
    for name, function in own_kernel_functions().items():
        if isinstance(function.own, GaussianRule) and function.own.weights is profile:
            for kind, size in function.own.sizes.items():
                found[name if kind == ALL_TYPES else f"{name} of {kind}"] = size(sigma)
    return found


def function_named(name: str, *, own: bool = False) -> LibraryFunction:
    """The function of this name or alias; own: also one that makes its kernel by itself.

    Raises CorrconvError with the names that come close.
    """
    if not own and name in own_kernel_functions():
        raise CorrconvError(
            f"{name} takes no kernel, it makes one by itself; `corrconv conventions {name}` says which, and"
            f" `corrconv port` writes calls to it"
        )
    known = {**library_functions(), **(own_kernel_functions() if own else {})}
    aliases = {alias: function for function in known.values() for alias in function.aliases}
    if name in known or name in aliases:
        return known.get(name) or aliases[name]
    near = [other for other in known if name.lower() in other.lower()]
    near = near or get_close_matches(name, [*known, *aliases], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near[:8])}?" if near else "`corrconv conventions` lists them all"
    raise CorrconvError(f"no function is known as {name!r}; {hint}")


def parse_function(text: str, *, own: bool = False) -> tuple[LibraryFunction, dict[str, Any]]:
    """A function and its settings: `scipy.ndimage.convolve mode=mirror origin=1`, `matlab.imfilter replicate`."""
    try:
        name, *rest = shlex.split(text) or [""]
    except ValueError as error:
        raise CorrconvError(f"{text!r} cannot be split into words: {error}; check its quotes") from None
    function = function_named(name, own=own)
    return function, dict(parse_setting(word) if "=" in word else function.setting_of(word) for word in rest)


def convention_named(text: str, *, own: bool = False) -> Convention:
    """What a function computes, with the settings behind its name. Raises CorrconvError."""
    function, settings = parse_function(text, own=own)
    return replace(function.configured(settings), name=" ".join([function.name, *text.split()[1:]]))


LONGEST_VALUE = 1000


def parse_setting(text: str) -> tuple[str, Any]:
    """The name and the value of NAME=VALUE; values are Python literals, or else text."""
    name, equals, value = text.partition("=")
    if not equals or not name.replace("-", "_").isidentifier():
        raise CorrconvError(f"{text!r} is not NAME=VALUE, such as mode=same")
    if len(value) > LONGEST_VALUE:
        raise CorrconvError(f"the value of {name} has {len(value):,} letters; settings have at most {LONGEST_VALUE:,}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: `1+1+...`, or hundreds of brackets
        return name, value


def target_named(name: str, settings: dict[str, Any], timeout: float = 20.0, arguments: Order | None = None) -> Target:
    """What to probe: a known function, or `package.module:function`, `folder/file.py:function`.

    It runs in a process of its own. arguments: how a callable takes image and kernel, where it is not to be found by
    trying. Raises CorrconvError for a name that is none of these, or that is not installed here.
    """
    if ":" in name:
        called = CallableProcess(name, settings, timeout, arguments)
        called.open()
        return Target(name=titled(name, settings), run=called, called=lambda: called.words)
    try:
        function = function_named(name)
    except CorrconvError as error:
        between = "" if str(error).endswith("?") else ";"
        raise CorrconvError(
            f"{error}{between} any function can be given as package.module:function or folder/file.py:function"
        ) from None
    if function.runner is None:
        raise CorrconvError(f"{function.name} cannot be run from here, so it cannot be probed")
    if arguments:
        raise CorrconvError(f"how {function.name} is called is known; leave out the order of its arguments")
    return _separate(function, settings, timeout, HostProcess())


def _separate(function: LibraryFunction, settings: dict[str, Any], timeout: float, host: HostProcess) -> Target:
    """A known function as a target that is called in another process; tools run in processes anyway."""
    assert function.runner is not None
    target = function.runner.target(function.name, settings)
    if not isinstance(function.runner, PythonFunction):
        return target
    chosen = {**function.runner.settings, **settings}
    return replace(target, run=CallableProcess(function.name, chosen, timeout, host=host))


def known_targets() -> Iterator[Target]:
    """Everything known that is installed here; the functions in one process, as libraries take long to import."""
    host = HostProcess()
    for function in library_functions().values():
        if function.runner is not None and function.installed:
            yield _separate(function, {}, 60.0, host)


def contestants(threads: int) -> dict[str, Callable[[Array, Array], Run | None]]:
    """The functions that can be timed here, told to use this many threads."""

    def bound(contest: Callable[[Array, Array, int], Run | None]) -> Callable[[Array, Array], Run | None]:
        return lambda image, weights: contest(image, weights, threads)

    return {
        name: bound(function.contest)
        for name, function in library_functions().items()
        if function.contest is not None and function.timed_here
    }


def contestant_names() -> tuple[str, ...]:
    """All functions that could be timed, installed or not."""
    return tuple(name for name, function in library_functions().items() if function.contest is not None)


def contestant_versions() -> dict[str, str]:
    """The versions of the libraries that can be timed here, by distribution, and NumPy's."""
    modules = ["numpy", *(name.partition(".")[0] for name in contestants(1))]
    distributions = packages_distributions()
    names = dict.fromkeys(distributions[module][0] for module in modules if module in distributions)
    return {name: version(name) for name in names}
