"""What a target can be told beside the kernel, so that nothing has to be padded by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor
from corrconv.core.convention.model import Borders, Convention, Scale, ZeroSum
from corrconv.core.terms import Boundary, OutputSize

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel


@dataclass(frozen=True)
class Settable:
    """boundaries: the border rules (constants of 0) that it knows. anchor: any cell. scale: no division by the sum."""

    boundaries: frozenset[Boundary] = frozenset()
    anchor: bool = False
    scale: bool = False


_TOOL_BOUNDARIES = frozenset({Boundary.CONSTANT, Boundary.EDGE, Boundary.SYMMETRIC, Boundary.WRAP})
SETTABLE = {
    "imagemagick.convolve": Settable(_TOOL_BOUNDARIES, anchor=True),
    "imagemagick.correlate": Settable(_TOOL_BOUNDARIES, anchor=True),
    "imagemagick.-convolve": Settable(_TOOL_BOUNDARIES),
    # With its zero boundary, G'MIC's correlate lays even kernels elsewhere; its convolve does not.
    "gmic.correlate": Settable(_TOOL_BOUNDARIES - {Boundary.CONSTANT}),
    "gmic.convolve": Settable(_TOOL_BOUNDARIES),
    "matlab.imfilter": Settable(_TOOL_BOUNDARIES),
    "pillow.kernel": Settable(scale=True),
}


def told(kernel: Kernel, source: Convention, target: Convention) -> Convention:
    """The target, told of the source's border, anchor and scale as far as it can be."""
    settable = SETTABLE.get(target.name, Settable())
    side = source.borders.shared
    if side is not None and side.fill == 0 and side.rule.value in settable.boundaries:
        target = replace(target, borders=Borders.uniform(side.rule))
    if settable.scale:
        target = replace(target, scale=Scale.RAW, zero_sum=ZeroSum.RAW)
    if settable.anchor and source.output_size is target.output_size is OutputSize.SAME:
        target = _anchored(kernel, source, target)
    return target


def _anchored(kernel: Kernel, source: Convention, target: Convention) -> Convention:
    laid_shape = source.orientation.of_shape(kernel.shape)
    row, column = (-start for start in source.start(kernel.shape))
    cell = target.orientation.inverse.of_cell((row, column), laid_shape)
    rule = AnchorRule(*(AxisAnchor(AnchorBase.FIRST, place) for place in cell))
    return replace(target, odd_anchor=rule, even_anchor=rule)
