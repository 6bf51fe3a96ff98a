"""What is wrong with a result, in the words of a marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.diagnose.way import Intended, Treatment, Way
from corrconv.core.convention.model import Convention, Orientation, Scale
from corrconv.core.convention.numbers import Overflow
from corrconv.core.terms import Operation, OutputSize

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel

FLIPS = {
    Orientation.TOP_BOTTOM: "kernel flipped top to bottom only",
    Orientation.LEFT_RIGHT: "kernel flipped left to right only",
    Orientation.TRANSPOSED: "rows and columns of the kernel exchanged",
    Orientation.ANTI_TRANSPOSED: "kernel mirrored about its other diagonal",
    Orientation.QUARTER_LEFT: "kernel turned by 90 degrees to the left",
    Orientation.QUARTER_RIGHT: "kernel turned by 90 degrees to the right",
}


def mistakes(way: Way, kernel: Kernel, intended: Intended) -> tuple[str, ...]:
    """What this explanation says is wrong; empty for nothing. Of its descriptions the kindest counts."""
    return min((_mistakes(way, it, kernel, intended) for it in way.conventions), key=len)


def _mistakes(way: Way, convention: Convention, kernel: Kernel, intended: Intended) -> tuple[str, ...]:
    found = []
    if convention.operation is not intended.operation:
        found.append(_wrong_orientation(convention.orientation, intended.operation))
    found += _wrong_anchor(convention, kernel.shape, intended)
    if intended.borders is not None:
        wrong = {
            f"border {side} instead of {intended.borders.sides[name]}"
            for name, side in convention.borders.sides.items()
            if way.alternatives[name] is not None and side != intended.borders.sides[name]
        }
        found += sorted(wrong)
    if convention.stride != (1, 1):
        found.append(f"only every {convention.stride[0]}th row and {convention.stride[1]}th column kept")
    if convention.dilation != (1, 1):
        found.append(f"kernel spread by {convention.dilation[0]}")
    if way.treatment is not Treatment.NONE:
        found.append(f"values {way.treatment}" if "clipped" in way.treatment else way.treatment)
    else:
        found += _wrong_scale(convention)
    # Saturation is tried first, so wrap-around is only found where it made a difference.
    if convention.numbers.overflow is Overflow.WRAP:
        found.append("values wrapped around")
    return tuple(found)


def _wrong_scale(convention: Convention) -> list[str]:
    found = []
    if convention.scale is not Scale.RAW:
        found.append(f"divided by the {convention.scale}")
    if convention.gain != 1:
        found.append(f"multiplied by {convention.gain:g}")
    if convention.bias != 0:
        found.append(f"{convention.bias:g} added")
    return found


def _wrong_orientation(orientation: Orientation, intended: Operation) -> str:
    if orientation in FLIPS:
        return FLIPS[orientation]
    return "kernel not flipped" if intended is Operation.CONVOLUTION else "kernel flipped"


def _wrong_anchor(convention: Convention, shape: tuple[int, int], intended: Intended) -> list[str]:
    if convention.output_size is not OutputSize.SAME or intended.anchor is None:
        return []
    cell = convention.anchor_cell(shape)
    off = tuple(place - wanted for place, wanted in zip(cell, intended.anchor, strict=True))
    if off == (0, 0):
        return []
    even = any(side % 2 == 0 and shift for side, shift in zip(shape, off, strict=True))
    if even and max(map(abs, off)) == 1:
        return ["even kernel off by one pixel"]
    return [f"result shifted by {abs(off[0])} rows and {abs(off[1])} columns"]
