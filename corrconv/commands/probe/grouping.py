"""Which kernel shapes behave alike: one convention for all of them, or for each group."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.probe.kernels import listed
from corrconv.core.convention.fitting import choose_borders, shared_rules
from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor, SameRule
from corrconv.core.convention.numbers import REAL_NUMBERS
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.commands.probe.placement import Placement
    from corrconv.core.convention.model import BorderRule, Convention, Side
    from corrconv.core.convention.numbers import NumberRule
    from corrconv.libraries.target import Shape


@dataclass(frozen=True)
class Equivalents:
    """What gave the target's results when it was run beside it; None where nothing did.

    command: an apply line; as_pixels: whether it gives the numbers too, and not the sums alone. python: a call;
    python_exact: whether its results are the target's, and not its sums before they are rounded and made to fit.
    """

    command: str | None = None
    as_pixels: bool = False
    python: str | None = None
    python_exact: bool = False


@dataclass(frozen=True)
class Finding:
    """What was found for kernels that behave alike.

    shapes: theirs. sides: the rules that each side allows, more than one where these kernels cannot tell them apart,
    None where none reaches over it. numbers: what pictures of each whole-number type become, by the type's name.
    problem: why the findings do not hold, or an empty text. equivalents: what was run and gave the same.
    """

    convention: Convention
    shapes: tuple[Shape, ...]
    sides: dict[str, tuple[Side, ...] | None] = field(default_factory=dict)
    numbers: dict[str, NumberRule] = field(default_factory=dict)
    problem: str = ""
    equivalents: Equivalents = Equivalents()

    @property
    def other_borders(self) -> tuple[BorderRule, ...]:
        """The rules beside the convention's own that fit as well: these kernels cannot tell them apart."""
        reached = [rules for rules in self.sides.values() if rules]
        common = shared_rules(list(self.sides.values())) or ()
        rules = common or tuple(rule for rules in reached if len(rules) > 1 for rule in rules)
        chosen = set(self.convention.borders.sides.values())
        return tuple(dict.fromkeys(rule.rule for rule in rules if rule not in chosen))

    def follows(self, known: Convention) -> bool:
        """Whether a known convention is the same in all that was measured, its borders among the possible ones."""
        fitting = all(rules is None or known.borders.sides[name] in rules for name, rules in self.sides.items())
        same_numbers = all(
            replace(known.numbers_of(np.dtype(name)), summing=None) == numbers for name, numbers in self.numbers.items()
        )
        return fitting and same_numbers and _layout(known) == _layout(replace(self.convention, borders=known.borders))


def _layout(convention: Convention) -> Convention:
    """A convention without its name, the kernels and sums that it covers, and what whole-number pictures become."""
    bare = convention.behaviour.changed(numbers=REAL_NUMBERS, eight_bit=None, smallest_sum=None, whole_weights=False)
    return bare if bare.output_size is OutputSize.SAME else _without_anchor(bare)


def grouped(placements: list[Placement]) -> tuple[Finding, ...]:
    """One finding for all kernel shapes where they behave alike, else one for each group that does."""
    groups: list[list[Placement]] = []
    for placement in placements:
        for group in groups:
            if _merged([*group, placement]) is not None:
                group.append(placement)
                break
        else:
            groups.append([placement])
    findings = []
    for group in groups:
        found = _merged(group)
        shapes = tuple(placement.shape for placement in group)
        if found is None:
            findings.append(Finding(group[0].conventions[0], shapes, problem=f"{listed(shapes)} follow no anchor rule"))
        elif len(groups) == 1:
            findings.append(found)
        else:
            findings.append(replace(found, convention=replace(found.convention, kernel_shapes=shapes)))
    return tuple(findings)


def _merged(group: list[Placement]) -> Finding | None:
    """The plainest convention that all of them allow, with the borders' rules; None where there is none."""
    sides = {name: shared_rules([it.sides[name] for it in group]) for name in group[0].sides}
    try:
        borders = choose_borders(sides)
    except CorrconvError:
        return None
    for plain in dict.fromkeys(map(_without_anchor, group[0].conventions)):
        convention = _for_all(plain, group)
        if convention is not None:
            shapes = tuple(placement.shape for placement in group)
            return Finding(replace(convention, borders=borders), shapes, sides)
    return None


def _without_anchor(convention: Convention) -> Convention:
    return replace(convention, odd_anchor=AnchorRule(), even_anchor=AnchorRule())


def _for_all(plain: Convention, group: list[Placement]) -> Convention | None:
    """This convention, with an anchor rule for all of the shapes; None where one of them does not allow it."""
    allowed = [[it for it in placement.conventions if _without_anchor(it) == plain] for placement in group]
    if not all(allowed):
        return None
    if plain.output_size is not OutputSize.SAME or plain.same_rule is not SameRule.ANCHOR:
        return plain
    cells = {
        placement.shape: found[0].anchor_cell(placement.shape) for placement, found in zip(group, allowed, strict=True)
    }
    odd, even = _anchor_rule(cells, parity=1), _anchor_rule(cells, parity=0)
    if odd is None or even is None:
        return None
    merged = replace(plain, odd_anchor=odd, even_anchor=even)
    return merged if all(merged.anchor_cell(shape) == cell for shape, cell in cells.items()) else None


def _anchor_rule(cells: dict[Shape, tuple[int, int]], parity: int) -> AnchorRule | None:
    """The rule for sides of this parity, or None; an axis that had none of them follows the other one."""
    rules: list[AxisAnchor] = []
    for axis in (0, 1):
        of_axis = {shape[axis]: cell[axis] for shape, cell in cells.items() if shape[axis] % 2 == parity}
        rule = _axis_anchor(of_axis) if of_axis else None
        if of_axis and rule is None:
            return None
        rules += [rule] if rule is not None else []
    return AnchorRule(rules[0], rules[-1]) if rules else AnchorRule()


def _axis_anchor(cells: dict[int, int]) -> AxisAnchor | None:
    """The rule that gives these cells for these lengths, the plainest first; None where none does."""
    shifts = {base: {cell - AxisAnchor(base).cell(side) for side, cell in cells.items()} for base in AnchorBase}
    for base, found in shifts.items():
        if found == {0}:
            return AxisAnchor(base)
    for base, found in shifts.items():
        if len(found) == 1:
            return AxisAnchor(base, found.pop())
    return None
