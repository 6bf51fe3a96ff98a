"""Which of the ways that were found are shown: each once, and the plainest first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.diagnose.finishes import is_simple
from corrconv.commands.diagnose.way import Treatment, Way
from corrconv.core.convention.geometry import NO_PADS
from corrconv.core.convention.model import BorderRule, Borders, Orientation, Side
from corrconv.core.convention.numbers import Overflow
from corrconv.core.terms import OutputSize

if TYPE_CHECKING:
    from corrconv.commands.diagnose.evidence import Evidence
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel


def merged(ways: list[Way]) -> list[Way]:
    """The ways; those that differ by their border rule only, and explain the result, in one."""
    found: dict[Any, Way] = {}
    apart = []
    for way in ways:
        if not way.explains:
            apart.append(way)
            continue
        key = replace(way.convention, borders=Borders.uniform(BorderRule.EDGE)), way.treatment
        kept = found.setdefault(key, way)
        sides = {
            name: None if rules is None else tuple(dict.fromkeys((*rules, *(way.alternatives[name] or ()))))
            for name, rules in kept.alternatives.items()
        }
        found[key] = replace(kept, alternatives=sides)
    return [*found.values(), *apart]


def distinct(ways: list[Way], evidence: Evidence) -> list[Way]:
    """The ways; of those that lay the same weights over the same pixels, the one without pads."""
    found: dict[Any, Way] = {}
    for way in sorted(ways, key=lambda it: it.convention.pads != NO_PADS):
        it = way.convention
        size = (evidence.image.shape[0], evidence.image.shape[1])
        found.setdefault(
            (it.orientation, it.start(evidence.kernel.shape, size), it.stride, it.dilation, way.treatment), way
        )
    return list(found.values())


def all_names(way: Way, kernel: Kernel) -> Way:
    """The way with every other name of it: turns and mirrors that lay the same weights over the same pixels."""
    convention, shape = way.convention, kernel.shape
    weights, cell = convention.orientation.of_weights(kernel.weights), convention.laid_anchor(shape)
    others = [it for it in Orientation if it is not convention.orientation]
    return replace(
        way,
        also=tuple(
            replace(convention, orientation=it).anchored(cell, shape)
            for it in others
            if np.array_equal(it.of_weights(kernel.weights), weights)
        ),
    )


def far_fetched(way: Way, kernel: Kernel) -> bool:
    """Whether the anchor lies outside the kernel, and most results differ even so."""
    convention = way.convention
    cell = convention.anchor_cell(kernel.shape)
    outside = any(not 0 <= place < side for place, side in zip(cell, kernel.shape, strict=True))
    return convention.output_size is OutputSize.SAME and outside and way.deviation.share > 0.5


def plainest(explaining: list[Way]) -> list[Way]:
    """The explanations without a free factor, an added number, wrap-around, or an anchor outside the kernel."""

    def made_up(way: Way) -> int:
        convention = way.convention
        # Factors that a treatment takes from the sums themselves are not made up.
        drawn = way.treatment is not Treatment.NONE
        return sum(
            (
                drawn,
                not drawn and convention.gain != 1,
                2 * (not drawn and not is_simple(convention.gain)),
                not drawn and convention.gain < 0,
                not drawn and convention.bias != 0,
                2 * (not drawn and not float(2 * convention.bias).is_integer()),
                convention.numbers.overflow is Overflow.WRAP,
                way.deviation.edges > 0,
                convention.stride != (1, 1),
                convention.dilation != (1, 1),
            )
        )

    fewest = min(map(made_up, explaining), default=0)
    return [way for way in explaining if made_up(way) == fewest]


def given_sides(convention: Convention) -> dict[str, tuple[Side, ...] | None]:
    """The convention's own rule for each side; None for all where it reads nothing outside."""
    if convention.output_size is OutputSize.VALID and convention.pads.by_axis == ((0, 0), (0, 0)):
        return dict.fromkeys(convention.borders.sides)
    return {name: (side,) for name, side in convention.borders.sides.items()}


def with_shared_fill(borders: Borders) -> list[Borders]:
    """The borders, and where constants differ, those with one constant all round: some sides may not show it."""
    fills = {side.fill for side in borders.sides.values() if side.rule is BorderRule.CONSTANT}
    shared = [
        Borders(
            **{
                name: Side(BorderRule.CONSTANT, fill) if side.rule is BorderRule.CONSTANT else side
                for name, side in borders.sides.items()
            }
        )
        for fill in sorted(fills)
    ]
    return [borders, *shared] if len(fills) > 1 else [borders]
