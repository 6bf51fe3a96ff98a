"""The choices that every filtering shares, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral, Real
from typing import TypeVar

import numpy as np

from corrconv.core.boundary import boundary_named
from corrconv.core.kernel import Cell, Kernel
from corrconv.core.terms import Boundary, Engine, OutputSize, Precision
from corrconv.errors import CorrconvError, InputTypeError

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a kernel is laid over an image, and how the sums are computed.

    anchor: None keeps the kernel's own. stride and dilation: one whole number, or one for the rows
    and one for the columns. threads: None uses every core. Names are accepted for the enums.
    Raises CorrconvError for a choice that does not exist.
    """

    boundary: Boundary = Boundary.REFLECT
    fill: float = 0.0
    output_size: OutputSize = OutputSize.SAME
    anchor: Cell | str | None = None
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    engine: Engine = Engine.AUTO
    precision: Precision = Precision.AUTO
    threads: int | None = None

    def __post_init__(self) -> None:
        checked = {
            "boundary": boundary_named(self.boundary),
            "fill": _real(self.fill, "fill"),
            "output_size": _choice(OutputSize, self.output_size, "output size"),
            "stride": _pair(self.stride, "stride"),
            "dilation": _pair(self.dilation, "dilation"),
            "engine": _choice(Engine, self.engine, "engine"),
            "precision": _choice(Precision, self.precision, "precision"),
            "threads": None if self.threads is None else _positive(self.threads, "threads"),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def anchored(self, kernel: Kernel) -> Kernel:
        """The kernel with the anchor that was asked for, or its own."""
        return kernel if self.anchor is None else kernel.with_anchor(self.anchor)


def _choice(choices: type[Choice], value: str, what: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        raise CorrconvError(f"{what} {value!r} does not exist; choose one of {', '.join(choices)}") from None


def _real(value: float, what: str) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise InputTypeError(f"{what} {value!r} is not a real number")
    try:
        return float(value)
    except OverflowError:
        raise CorrconvError(f"{what} is too large for float64 (the largest is 1.8e308)") from None


def _positive(value: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise CorrconvError(f"{what} {value!r} is not a whole number of at least 1")
    return int(value)


def _pair(value: int | tuple[int, int], what: str) -> tuple[int, int]:
    values = value if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise CorrconvError(f"{what} {value!r} needs one number, or two: for the rows and for the columns")
    return _positive(values[0], what), _positive(values[1], what)
