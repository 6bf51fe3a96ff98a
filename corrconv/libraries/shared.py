"""What the conventions of several libraries have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor
from corrconv.core.convention.model import (
    LOWER,
    BorderRule,
    Borders,
    Convention,
    Numbers,
    Orientation,
)
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.libraries.function import Wanted

FLOAT32 = Numbers("float32")

SYMMETRIC = Borders.uniform(BorderRule.SYMMETRIC)
REFLECT = Borders.uniform(BorderRule.REFLECT)
EDGE = Borders.uniform(BorderRule.EDGE)
UNFILTERED = Borders.uniform(BorderRule.UNFILTERED)

CORRELATION = Convention()
CONVOLUTION = Convention(orientation=Orientation.HALF_TURN)
LOWER_CORRELATION = Convention(even_anchor=LOWER)
LOWER_CONVOLUTION = Convention(orientation=Orientation.HALF_TURN, even_anchor=LOWER)


def anchored_at(row: int, column: int) -> dict[str, AnchorRule]:
    """The changes that put the anchor on one cell, counted from the kernel's first."""
    return _anchors(AxisAnchor(AnchorBase.FIRST, row), AxisAnchor(AnchorBase.FIRST, column))


def shifted_by(rows: int, columns: int) -> dict[str, AnchorRule]:
    """The changes that put the anchor so many cells behind the centre k // 2."""
    return _anchors(AxisAnchor(AnchorBase.CENTER, rows), AxisAnchor(AnchorBase.CENTER, columns))


def _anchors(row: AxisAnchor, column: AxisAnchor) -> dict[str, AnchorRule]:
    rule = AnchorRule(row, column)
    return {"odd_anchor": rule, "even_anchor": rule}


def by_output_size(*, mode: str = "same") -> dict[str, Any]:
    """The changes of SciPy's and NumPy's own `mode`, which there means the output size. Raises CorrconvError."""
    if mode not in set(OutputSize):
        raise CorrconvError(f"mode={mode} is no output size there; it has {', '.join(OutputSize)}")
    return {"output_size": OutputSize(mode)}


def placed_output_size(wanted: Wanted) -> dict[str, Any]:
    """The setting `mode` for an output size."""
    return {"mode": str(wanted.output_size)}
