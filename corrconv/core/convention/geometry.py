"""Where a library lays the kernel: its anchor, and how far outside the picture it begins and ends to read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from corrconv.core.terms import OutputSize


class Fits(StrEnum):
    """Which pictures are large enough beside a kernel: what a library does with others."""

    ALWAYS = "takes any picture"
    KERNEL_INSIDE = "gives another size where the kernel is larger than the picture"
    SWAPPED = "exchanges image and kernel where the kernel is the larger one"
    NESTED = "refuses pictures that are shorter than the kernel along one side and longer along the other"
    REACH = "refuses pictures that are shorter than the kernel reaches out over their sides"
    OTHER_BEYOND = "gives other numbers where the kernel reaches further out than the picture is long"
    SHORTER_REACH = "refuses pictures that are no longer than the kernel reaches out over their sides"

    def takes(self, lengths: tuple[int, int], extent: tuple[int, int], reach: tuple[int, int]) -> bool:
        """Whether these rows and columns are enough for a kernel that covers so many and reaches out so far."""
        sides = list(zip(lengths, extent, reach, strict=True))
        match self:
            case Fits.KERNEL_INSIDE | Fits.SWAPPED:
                return all(side <= length for length, side, _ in sides)
            case Fits.NESTED:
                smaller, larger = (any(sign * (side - length) > 0 for length, side, _ in sides) for sign in (-1, 1))
                return not (smaller and larger)
            case Fits.REACH | Fits.OTHER_BEYOND:
                return all(out <= length for length, _, out in sides)
            case Fits.SHORTER_REACH:
                return all(out < length or out == 0 for length, _, out in sides)
        return True


class AnchorBase(StrEnum):
    """Where the anchor lies along one axis, for every length of kernel."""

    CENTER = "center"
    LOWER = "lower"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True)
class AxisAnchor:
    """The anchor along one axis: a base that follows the kernel's length, and a shift in cells."""

    base: AnchorBase = AnchorBase.CENTER
    shift: int = 0

    def cell(self, side: int) -> int:
        """The cell over the output pixel, of a kernel with this many cells along the axis."""
        bases = {
            AnchorBase.CENTER: side // 2,
            AnchorBase.LOWER: (side - 1) // 2,
            AnchorBase.FIRST: 0,
            AnchorBase.LAST: side - 1,
        }
        return bases[self.base] + self.shift

    @classmethod
    def at(cls, cell: int, side: int) -> AxisAnchor:
        """The plainest rule that names this cell of so many."""
        for base in (AnchorBase.CENTER, AnchorBase.LOWER):
            if cls(base).cell(side) == cell:
                return cls(base)
        return cls(AnchorBase.CENTER, cell - side // 2)

    def __str__(self) -> str:
        return self.base.value if self.shift == 0 else f"{self.base.value}{self.shift:+d}"


@dataclass(frozen=True)
class AnchorRule:
    """The kernel cell over the output pixel, by rows and by columns."""

    row: AxisAnchor = AxisAnchor()
    column: AxisAnchor = AxisAnchor()

    def __str__(self) -> str:
        return str(self.row) if self.row == self.column else f"{self.row},{self.column}"


class SameRule(StrEnum):
    """How the pixels that output size `same` makes up are shared between the two ends of an axis.

    They follow the anchor, or are halved, an odd one going after the picture or before it: what TensorFlow's SAME
    (ONNX: SAME_UPPER) and SAME_LOWER do. Halves depend on the picture's size where there is a stride.
    """

    ANCHOR = "anchor"
    AFTER = "after"
    BEFORE = "before"

    def pixels_before(self, extent: int, stride: int, length: int | None) -> int:
        """How many pixels lie before a picture of this length, where they are halved.

        The length may be None where the stride is 1: it decides nothing then. extent: how far the kernel reaches.
        """
        if stride == 1:
            pixels = extent - 1
        elif length is None:
            raise ValueError("the place of the first output depends on the picture's size")
        else:
            pixels = max(0, (length - 1) // stride * stride + extent - length)
        return pixels // 2 if self is SameRule.AFTER else (pixels + 1) // 2


@dataclass(frozen=True)
class Pads:
    """How many more pixels than the output size says are read on each side; negative numbers cut results off."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __str__(self) -> str:
        sides = self.top, self.bottom, self.left, self.right
        return str(self.top) if len(set(sides)) == 1 else ",".join(map(str, sides))

    @property
    def by_axis(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Before and after, by rows and by columns."""
        return (self.top, self.bottom), (self.left, self.right)


NO_PADS = Pads()


def first_place(
    output_size: OutputSize, same_rule: SameRule, anchor: int, extent: int, stride: int, length: int | None
) -> int:
    """The place along an axis that a kernel's first cell reads for the first output, without pads.

    anchor: how many pixels the anchor lies behind the first cell. length: the picture's, as for pixels_before.
    """
    match output_size:
        case OutputSize.SAME if same_rule is SameRule.ANCHOR:
            return -anchor
        case OutputSize.SAME:
            return -same_rule.pixels_before(extent, stride, length)
        case OutputSize.FULL:
            return 1 - extent
        case OutputSize.VALID:
            return 0
