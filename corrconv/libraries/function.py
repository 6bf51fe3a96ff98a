"""One function of a library, or operation of a tool: what it computes, how it is called, how a call is written."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.geometry import NO_PADS, Pads, SameRule
from corrconv.core.convention.model import Borders, Convention
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.command_lines import Tool
from corrconv.libraries.own_kernel import OwnKernel
from corrconv.libraries.target import KERNEL_SHAPES, Shape, Target

Array = NDArray[Any]
Settings = Mapping[str, Any]
Run = Callable[[], Array]


@dataclass(frozen=True, kw_only=True)
class PythonFunction:
    """How a function of a Python library is called.

    module: must be installed. call: takes image, kernel and the function's own settings by name. settings: those
    that are given where nothing else is said, as the library's defaults would not give one result a pixel.
    proof_pictures: fewer where every new size of picture is compiled anew.
    """

    module: str
    call: Callable[..., Any]
    settings: Settings = field(default_factory=dict)
    image_dtypes: tuple[str, ...] = ("float64", "uint8", "uint16")
    kernel_shapes: tuple[Shape, ...] = KERNEL_SHAPES
    separable: bool = False
    proof_pictures: int = 3

    @property
    def installed(self) -> bool:
        """Whether the library is here; nothing is imported."""
        return find_spec(self.module) is not None

    @property
    def needs(self) -> str:
        """What must be installed."""
        return self.module

    def target(self, name: str, settings: Settings) -> Target:
        """The function with settings, which win over its usual ones. Raises CorrconvError if it is not installed."""
        if not self.installed:
            raise CorrconvError(
                f"{name} needs {self.module}, which is not installed here;"
                f" `corrconv conventions {name}` shows what it is known to compute"
            )
        chosen = {**self.settings, **settings}
        return Target(
            name=titled(name, chosen),
            run=partial(self.call, **chosen),
            image_dtypes=self.image_dtypes,
            kernel_shapes=self.kernel_shapes,
            separable=self.separable,
            proof_pictures=self.proof_pictures,
        )


def python_literal(value: Any) -> str:
    """A value as Python source, texts in double quotes."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


@dataclass(frozen=True)
class PythonText:
    """How a call is written in Python, for an array `padded` of float64 and a kernel `kernel`.

    imports: the line that it needs. expression: with {settings} where `, name=value` belongs, or {arguments} where
    `name=value` does. written: how the value of a setting is written.
    """

    imports: str
    expression: str
    written: Callable[[Any], str] = python_literal

    def call(self, settings: Settings) -> str:
        """The expression with its settings."""
        given = "".join(f", {name}={self.written(value)}" for name, value in settings.items())
        return self.expression.replace("{settings}", given).replace("{arguments}", given.removeprefix(", "))


@dataclass(frozen=True)
class ShellText:
    """How a tool is called in a shell.

    suffix: of the picture that it writes, `tif` where it keeps real numbers. write: the lines, of a kernel, the
    settings, and the names of the two pictures. Raises CorrconvError where the tool cannot take the kernel.
    """

    suffix: str
    write: Callable[[Kernel, Settings, str, str], str]


@dataclass(frozen=True)
class MatlabText:
    """How a call is written in MATLAB, for matrices `padded` and `kernel`: an expression, or `[~, result] = ...`."""

    expression: Callable[[Settings], str]

    def statement(self, settings: Settings) -> str:
        """The line that makes `result`."""
        expression = self.expression(settings)
        return f"{expression};" if "result] = " in expression else f"result = {expression};"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a call could be told, so that nothing has to be padded by hand.

    borders: the border rules of the four sides, or None where they do not matter. cell: the cell of the kernel, as
    it is passed, over the output pixel, or None where there is no anchor. shape: that kernel's rows and columns. The
    rest as in a convention.
    """

    shape: Shape
    borders: Borders | None = None
    cell: tuple[int, int] | None = None
    output_size: OutputSize = OutputSize.SAME
    same_rule: SameRule = SameRule.ANCHOR
    pads: Pads = NO_PADS
    stride: Shape = (1, 1)
    dilation: Shape = (1, 1)
    spread: Shape = (1, 1)

    @property
    def shift(self) -> tuple[int, int]:
        """How far the cell lies behind the centre k // 2."""
        row, column = self.cell or (self.shape[0] // 2, self.shape[1] // 2)
        return row - self.shape[0] // 2, column - self.shape[1] // 2

    @property
    def inside(self) -> bool:
        """Whether the cell lies in the kernel, as most libraries want it."""
        return self.cell is None or all(0 <= place < side for place, side in zip(self.cell, self.shape, strict=True))


# Words by which functions are told to keep the picture's size; by default many of them do not.
SIZE_WORDS = ("same", "SAME", "SAME_UPPER")


@dataclass(frozen=True, kw_only=True)
class LibraryFunction:
    """A function of a library, or an operation of a tool, under the one name that it has in every command.

    computes: its convention with its usual settings, or None where none covers it. documented: the document that
    says so, where it was not measured. configure: what its own settings, given by name, change in the convention.
    word_setting: the setting that a word without a name stands for. place: the settings that come closest to a
    wanted, where more than a word for borders can be said. contest: for timing, a run of correlation with border
    `reflect` prepared for an image, weights and a number of threads, or None where it would take too long or cannot
    take them. own: how it makes its kernel, where it takes none; its call is given one nevertheless.
    """

    name: str
    aliases: tuple[str, ...] = ()
    computes: Convention | None = None
    documented: str = ""
    configure: Callable[..., Mapping[str, Any]] | None = None
    word_setting: Callable[[str], tuple[str, Any]] | None = None
    place: Callable[[Wanted], Settings] | None = None
    borders: BorderWords | None = None
    runner: PythonFunction | Tool | None = None
    text: PythonText | ShellText | MatlabText | None = None
    contest: Callable[[Array, Array, int], Run | None] | None = None
    own: OwnKernel | None = None

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        return self.runner is not None and self.runner.installed

    @property
    def timed_here(self) -> bool:
        """Whether it can take part in `bench` here; one that nothing else runs does so where its package is."""
        alone = self.runner is None and find_spec(self.name.partition(".")[0]) is not None
        return self.contest is not None and (self.installed or alone)

    @property
    def assumed(self) -> str:
        """The setting of its usual call that decides the size of the result, where it has one: `mode=same`."""
        parameters = inspect.signature(self.configure).parameters if self.configure is not None else {}
        sizes = [f"{name}={it.default}" for name, it in parameters.items() if it.default in SIZE_WORDS]
        return sizes[0] if sizes else ""

    @property
    def convention(self) -> Convention | None:
        """What it computes with its usual settings, under its name and with its source."""
        if self.computes is None:
            return None
        measured = f"measured: corrconv probe {self.name}" if self.own is None else "measured: its results compared"
        return replace(
            self.computes,
            name=self.name,
            source=f"documented, not measured: {self.documented}" if self.documented else measured,
        )

    def configured(self, settings: Settings) -> Convention:
        """What it computes with these settings. Raises CorrconvError for one that it does not have."""
        convention = self.convention
        if convention is None:
            raise CorrconvError(f"{self.name} follows no convention of ours; `corrconv probe {self.name}` measures it")
        deciding = self.own.names if self.own else ()
        given = {name: value for name, value in settings.items() if name not in deciding}
        if not given:
            return convention
        if self.configure is None and not deciding:
            raise CorrconvError(f"{self.name} is known without settings; leave out {next(iter(given))}")
        try:
            inspect.signature(self.configure or _no_settings).bind(**given)
        except TypeError:
            unknown = next(name for name in given if name not in self.setting_names)
            known = ", ".join(self.setting_names)
            raise CorrconvError(f"{self.name} has no setting {unknown!r} here; there are {known}") from None
        return replace(convention, **self.configure(**given)) if self.configure else convention

    @property
    def setting_names(self) -> tuple[str, ...]:
        """The settings that are known here: those that decide its kernel, and those that change its convention."""
        parameters = inspect.signature(self.configure).parameters if self.configure is not None else {}
        return (*(self.own.names if self.own else ()), *parameters)

    def placed(self, wanted: Wanted) -> Settings:
        """The settings that come closest to what is wanted."""
        if self.place is not None:
            return self.place(wanted)
        return self.borders.settings(wanted.borders) if self.borders is not None else {}

    def setting_of(self, word: str) -> tuple[str, Any]:
        """The setting that a word without a name stands for. Raises CorrconvError where there are none such."""
        if self.word_setting is None:
            raise CorrconvError(f"{self.name} takes its settings as NAME=VALUE, and {word!r} is none")
        return self.word_setting(word)


def _no_settings() -> Settings:
    return {}


def titled(name: str, settings: Settings) -> str:
    """The name with its settings behind it."""
    shown = ", ".join(f"{key}={value}" for key, value in settings.items())
    return f"{name} {shown}" if shown else name


def attribute(path: str) -> Any:
    """The object at a dotted path `package.module.name` that is known to exist."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def plain_call(path: str) -> Callable[..., Any]:
    """A function that takes (image, kernel) as they are."""

    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        return attribute(path)(image, kernel, **settings)

    return call


def call_without_kernel(path: str) -> Callable[..., Any]:
    """A function that takes the image only, as it makes its own kernel."""

    def call(image: Array, _: Array, **settings: Any) -> Any:
        return attribute(path)(image, **settings)

    return call


def call_by_rows(path: str) -> Callable[..., Any]:
    """A function of two vectors, given every row with the kernel's only row."""

    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        function = attribute(path)
        return np.array([function(row, kernel[0], **settings) for row in image])

    return call
