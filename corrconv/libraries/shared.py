"""What the conventions of several libraries have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corrconv.core.convention.geometry import AnchorBase, AnchorRule, AxisAnchor, Fits, SameRule
from corrconv.core.convention.model import LOWER, BorderRule, Borders, Convention, Orientation
from corrconv.core.convention.numbers import NumberRule
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.function import Wanted

Pair = int | tuple[int, int]

FLOAT32 = NumberRule("float32")

# The types of pixels that programs for pictures take.
EIGHT_BITS = ("uint8",)
TO_SIXTEEN_BITS = ("uint8", "uint16")

SYMMETRIC = Borders.uniform(BorderRule.SYMMETRIC)
REFLECT = Borders.uniform(BorderRule.REFLECT)
EDGE = Borders.uniform(BorderRule.EDGE)
UNFILTERED = Borders.uniform(BorderRule.UNFILTERED)

CORRELATION = Convention()
CONVOLUTION = Convention(orientation=Orientation.HALF_TURN)
LOWER_CORRELATION = Convention(even_anchor=LOWER)
LOWER_CONVOLUTION = Convention(orientation=Orientation.HALF_TURN, even_anchor=LOWER)


def anchored_at(row: int | None, column: int | None) -> dict[str, Any]:
    """The changes that put the anchor on one cell, counted from the kernel's first; None for the centre."""
    return _anchors(
        *(AxisAnchor() if place is None else AxisAnchor(AnchorBase.FIRST, place) for place in (row, column))
    )


def shifted_by(rows: int, columns: int) -> dict[str, Any]:
    """The changes that put the anchor so many cells behind the centre k // 2."""
    return _anchors(AxisAnchor(AnchorBase.CENTER, rows), AxisAnchor(AnchorBase.CENTER, columns))


def _anchors(row: AxisAnchor, column: AxisAnchor) -> dict[str, Any]:
    rule = AnchorRule(row, column)
    return {"odd_anchor": rule, "even_anchor": rule, "anchor_inside": True}


def by_output_size(*, mode: str = "same") -> dict[str, Any]:
    """The changes of SciPy's and NumPy's own `mode`, which there means the output size. Raises CorrconvError."""
    if mode not in set(OutputSize):
        raise CorrconvError(f"mode={mode} is no output size there; it has {', '.join(OutputSize)}")
    return {"output_size": OutputSize(mode), **({"fits": Fits.SWAPPED} if mode == OutputSize.VALID else {})}


def placed_output_size(wanted: Wanted) -> dict[str, Any]:
    """The setting `mode` for an output size."""
    return {"mode": str(wanted.output_size)}


def pair(numbers: Pair) -> tuple[int, int]:
    """One number for both axes, or one each."""
    return (numbers, numbers) if isinstance(numbers, int) else (numbers[0], numbers[1])


def output_padding_of(output_padding: Pair, stride: Pair, dilation: Pair) -> tuple[int, int]:
    """What is added below and to the right. Raises CorrconvError for what transposed convolutions refuse."""
    added = pair(output_padding)
    if any(more and more >= max(steps) for more, *steps in zip(added, pair(stride), pair(dilation), strict=True)):
        raise CorrconvError(f"output_padding={output_padding} must be smaller than the stride or the dilation")
    return added


def by_padding_word(
    paddings: Mapping[str, tuple[Convention, SameRule]], padding: str, stride: Pair, dilation: Pair = 1
) -> dict[str, Any]:
    """The changes of a padding that is given by a word. Raises CorrconvError with the words that there are."""
    if padding not in paddings:
        raise CorrconvError(f"{padding} is no padding that is known here; there are {', '.join(paddings)}")
    chosen, rule = paddings[padding]
    return {
        "even_anchor": chosen.even_anchor,
        "output_size": chosen.output_size,
        **strided_same(rule, pair(stride), pair(dilation)),
    }


def strided_same(rule: SameRule, stride: tuple[int, int], dilation: tuple[int, int]) -> dict[str, Any]:
    """The changes of a padding that is halved between the sides, where the anchor does not say it already."""
    plain = stride == (1, 1) and dilation == (1, 1)
    return {"stride": stride, "dilation": dilation, **({} if plain else {"same_rule": rule})}
