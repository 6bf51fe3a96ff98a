"""The choices of a layer, checked once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import TypeAlias

from corrconv.core.options import Options
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

# Zeros before the first and after the last pixel of an axis.
Sides: TypeAlias = tuple[int, int]

# What people may pass as padding: one number, one for rows and one for columns, or two for each of these.
PaddingLike: TypeAlias = "int | tuple[int, int] | tuple[Sides, Sides]"


@dataclass(frozen=True, kw_only=True)
class LayerOptions:
    """How a layer lays its kernels.

    stride, dilation, output_padding: one whole number, or one for rows and one for columns. padding:
    the same, or (before, after) for each; kept as ((top, bottom), (left, right)). transposed: each
    pixel writes the kernel instead of being read by it; output_padding then adds rows and columns at
    the end. Raises CorrconvError for choices that no layer can follow.
    """

    operation: Operation = Operation.CORRELATION
    stride: tuple[int, int] = (1, 1)
    padding: tuple[Sides, Sides] = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    transposed: bool = False
    output_padding: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        # Those that filtering has too are checked there.
        shared = Options(stride=self.stride, dilation=self.dilation)
        checked = {
            "operation": operation_named(self.operation),
            "stride": shared.stride,
            "padding": _padding(self.padding),
            "dilation": shared.dilation,
            "groups": _whole(self.groups, "groups", least=1),
            "transposed": bool(self.transposed),
            "output_padding": _pair(self.output_padding, "output padding"),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._check_output_padding()

    def _check_output_padding(self) -> None:
        if self.output_padding == (0, 0):
            return
        if not self.transposed:
            raise CorrconvError("output padding lengthens the result of a transposed layer; this one is not transposed")
        if any(added >= step for added, step in zip(self.output_padding, self.stride, strict=True)):
            added, step = self.output_padding, self.stride
            raise CorrconvError(
                f"output padding {added[0]},{added[1]} is not smaller than the stride {step[0]},{step[1]}; a stride"
                " of s leaves up to s - 1 rows and columns open, and no more can be added"
            )

    @property
    def opposite(self) -> Operation:
        """The other operation."""
        return Operation.CONVOLUTION if self.operation is Operation.CORRELATION else Operation.CORRELATION

    def with_padding(self, padding: tuple[Sides, Sides]) -> LayerOptions:
        """The same layer with other zeros around."""
        return replace(self, padding=padding)


def checked_options(
    operation: Operation | str,
    stride: int | tuple[int, int],
    padding: PaddingLike,
    dilation: int | tuple[int, int],
    groups: int,
    transposed: bool,
    output_padding: int | tuple[int, int],
) -> LayerOptions:
    """The options in whichever form people may pass each. Raises CorrconvError."""
    return LayerOptions(
        operation=operation,  # type: ignore[arg-type]
        stride=stride,  # type: ignore[arg-type]
        padding=padding,  # type: ignore[arg-type]
        dilation=dilation,  # type: ignore[arg-type]
        groups=groups,
        transposed=transposed,
        output_padding=output_padding,  # type: ignore[arg-type]
    )


def operation_named(name: str) -> Operation:
    """The operation of this name. Raises CorrconvError."""
    try:
        return Operation(name)
    except ValueError:
        raise CorrconvError(f"operation {name!r} does not exist; choose one of {', '.join(Operation)}") from None


def _padding(padding: PaddingLike) -> tuple[Sides, Sides]:
    if not isinstance(padding, (tuple, list)):
        padding = (padding, padding)
    if len(padding) != 2:
        raise CorrconvError(
            f"padding {padding!r} needs one number, two (rows, columns) or ((top, bottom), (left, right))"
        )
    rows, columns = (
        _pair(axis, "padding") if isinstance(axis, (tuple, list)) else (_whole(axis, "padding"),) * 2
        for axis in padding
    )
    return rows, columns


def _pair(value: int | tuple[int, int], what: str) -> tuple[int, int]:
    values = value if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise CorrconvError(f"{what} {value!r} needs one number, or two")
    return _whole(values[0], what), _whole(values[1], what)


def _whole(value: int, what: str, *, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise CorrconvError(f"{what} {value!r} is not a whole number of at least {least}")
    return int(value)
