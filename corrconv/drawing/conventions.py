"""One convention in words, as a document, and as the line that gives the same picture."""

from __future__ import annotations

from dataclasses import asdict, replace
from math import isfinite
from typing import Any

from corrconv.core.convention.geometry import NO_PADS, Pads, SameRule
from corrconv.core.convention.model import (
    CENTER,
    LOWER,
    REPLACED,
    BorderRule,
    Convention,
    Orientation,
    Scale,
    ZeroSum,
)
from corrconv.core.convention.numbers import Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Operation, OutputSize

ORIENTATIONS = {
    Orientation.AS_IS: "correlation",
    Orientation.HALF_TURN: "convolution",
    Orientation.TOP_BOTTOM: "neither: kernel flipped top to bottom",
    Orientation.LEFT_RIGHT: "neither: kernel flipped left to right",
    Orientation.TRANSPOSED: "neither: kernel transposed",
    Orientation.ANTI_TRANSPOSED: "neither: kernel mirrored about its other diagonal",
    Orientation.QUARTER_LEFT: "neither: kernel turned 90° to the left",
    Orientation.QUARTER_RIGHT: "neither: kernel turned 90° to the right",
}


FLIPS = {
    Orientation.TOP_BOTTOM: "np.flipud(kernel)",
    Orientation.LEFT_RIGHT: "np.fliplr(kernel)",
    Orientation.TRANSPOSED: "kernel.T",
    Orientation.ANTI_TRANSPOSED: "np.rot90(kernel, 2).T",
    Orientation.QUARTER_LEFT: "np.rot90(kernel)",
    Orientation.QUARTER_RIGHT: "np.rot90(kernel, -1)",
}


def operation_words(convention: Convention) -> str:
    """Correlation, convolution, or which other flip."""
    return ORIENTATIONS[convention.orientation]


def border_words(convention: Convention) -> str:
    """The rule of all sides, or of each."""
    reaches_out = convention.output_size is not OutputSize.VALID or max(map(max, convention.pads.by_axis)) > 0
    if not reaches_out:
        return "-"
    return str(convention.borders)


def scale_words(convention: Convention) -> str:
    """What the sums are multiplied, divided and added to."""
    words = ["raw"] if convention.scale is Scale.RAW else [f"divided by the {convention.scale}"]
    if convention.scale is not Scale.RAW and convention.zero_sum is not ZeroSum.RAW:
        words.append(f"sum 0: {convention.zero_sum}")
    if convention.gain != 1:
        words.append(f"times {convention.gain:g}")
    if convention.bias != 0:
        words.append(f"plus {convention.bias:g}")
    return ", ".join(words)


def number_words(convention: Convention) -> str:
    """What whole-number pictures become."""
    numbers = convention.numbers
    dtype = "same type" if numbers.dtype == "image" else numbers.dtype
    words = [dtype]
    if numbers.rounding is not Rounding.NONE:
        words.append(f"rounded {numbers.rounding}" if numbers.rounding is not Rounding.TRUNCATE else "truncated")
    if numbers.overflow is not Overflow.NONE:
        words.append("saturates" if numbers.overflow is Overflow.SATURATE else "wraps around")
    return ", ".join(words)


def anchor_words(convention: Convention) -> tuple[str, str]:
    """The cell over the output pixel, of odd and of even sides; nothing where there is no anchor."""
    if convention.output_size is not OutputSize.SAME or convention.same_rule is not SameRule.ANCHOR:
        return "-", "-"
    return str(convention.odd_anchor), str(convention.even_anchor)


def output_words(convention: Convention) -> str:
    """How many results there are and where the first one reads: size, pads, stride, dilation."""
    words = [str(convention.output_size)]
    if convention.pads != NO_PADS:
        words.append(_pads_words(convention.pads))
    if convention.same_rule is not SameRule.ANCHOR and convention.output_size is OutputSize.SAME:
        words.append(f"the pixels outside halved, an odd one {convention.same_rule}")
    for name, steps in (("stride", convention.stride), ("dilation", convention.dilation)):
        if steps != (1, 1):
            words.append(f"{name} {_steps_words(steps)}")
    if convention.spread != (1, 1):
        words.append(f"pixels spread by {_steps_words(convention.spread)} with zeros between (transposed)")
    return ", ".join(words)


def _pads_words(pads: Pads) -> str:
    """What is added or cut off: `padded by 1`, `cut by 1`, `top -1, bottom +2`."""
    sides = asdict(pads)
    if len(set(sides.values())) == 1:
        return f"{'padded' if pads.top > 0 else 'cut'} by {abs(pads.top)}"
    return ", ".join(f"{name} {pad:+d}" for name, pad in sides.items() if pad)


def _shortest(number: float) -> str:
    """A number in as few digits as keep it."""
    short = f"{number:g}"
    return short if float(short) == number or not isfinite(number) else repr(float(number))


def _steps_words(steps: tuple[int, int]) -> str:
    return str(steps[0]) if steps[0] == steps[1] else f"{steps[0]},{steps[1]}"


def convention_document(convention: Convention) -> dict[str, Any]:
    """A convention for scripts."""
    operation = convention.operation
    has_anchor = anchor_words(convention) != ("-", "-")
    return {
        "operation": str(operation) if operation else "neither",
        "orientation": str(convention.orientation),
        "anchor": {
            "odd": str(convention.odd_anchor) if has_anchor else None,
            "even": str(convention.even_anchor) if has_anchor else None,
        },
        "boundary": {
            name: {
                "rule": str(side.rule),
                "fill": side.fill if side.rule in {BorderRule.CONSTANT, BorderRule.BLANK} else None,
            }
            for name, side in convention.borders.sides.items()
        },
        "output_size": str(convention.output_size),
        "same_rule": str(convention.same_rule),
        "pads": asdict(convention.pads),
        "stride": list(convention.stride),
        "dilation": list(convention.dilation),
        "spread": list(convention.spread),
        "scale": str(convention.scale),
        "zero_sum": str(convention.zero_sum),
        "gain": convention.gain,
        "bias": convention.bias,
        "output_dtype": convention.numbers.dtype,
        "rounding": str(convention.numbers.rounding),
        "overflow": str(convention.numbers.overflow),
        "pixels": list(convention.pixels) or None,
        "kernel_shapes": [list(shape) for shape in convention.kernel_shapes] if convention.kernel_shapes else None,
    }


def equivalent_options(convention: Convention, kernel: Kernel | None = None) -> list[str] | None:
    """The options of `corrconv apply` that should give the same sums, or None where there are none.

    For one kernel more conventions have such options: its anchor and its divisor can be said in numbers.
    """
    if convention.operation is None or not _uniform(convention, kernel):
        return None
    words = ["--convolve"] if convention.operation is Operation.CONVOLUTION else []
    shared = convention.borders.shared
    if shared is not None and (convention.output_size is not OutputSize.VALID or convention.pads != NO_PADS):
        words.append(f"--boundary {shared.rule}")
        if shared.fill:
            words.append(f"--fill {_shortest(shared.fill)}")
    if convention.output_size is not OutputSize.SAME:
        words.append(f"--output-size {convention.output_size}")
    else:
        words += _anchor_options(convention, kernel)
    for name, steps in (("stride", convention.stride), ("dilation", convention.dilation)):
        if steps != (1, 1):
            words.append(f"--{name} {_steps_words(steps)}")
    gain = convention.gain
    if convention.scale is Scale.SUM:
        words.append("--normalize")
    elif convention.scale is not Scale.RAW and kernel is not None:
        gain /= convention.scale.divisor(kernel)
    if gain != 1:
        words.append(f"--scale {gain!r}")
    if convention.bias != 0:
        words.append(f"--bias {convention.bias!r}")
    return words


def _anchor_options(convention: Convention, kernel: Kernel | None) -> list[str]:
    if kernel is None:
        return ["--anchor lower"] if convention.even_anchor == LOWER else []
    cell, (rows, columns) = convention.anchor_cell(kernel.shape), kernel.shape
    if cell == (rows // 2, columns // 2):
        return []
    return ["--anchor lower" if cell == ((rows - 1) // 2, (columns - 1) // 2) else f"--anchor {cell[0]},{cell[1]}"]


def equivalent_python(convention: Convention) -> str | None:
    """The Python call that computes the same sums, or None where no one call does."""
    if not _uniform(replace(convention, scale=Scale.RAW)):
        return None
    function = "convolve" if convention.operation is Operation.CONVOLUTION else "correlate"
    options = [f'boundary="{convention.borders.top.rule}"']
    if convention.borders.top.fill:
        fill = _shortest(convention.borders.top.fill)
        options.append(f"fill={fill}" if isfinite(convention.borders.top.fill) else f'fill=float("{fill}")')
    if convention.output_size is not OutputSize.SAME:
        options.append(f'output_size="{convention.output_size}"')
    elif convention.even_anchor == LOWER and convention.operation is not None:
        options.append('anchor="lower"')
    options += [
        f"{name}={steps[0] if steps[0] == steps[1] else steps}"
        for name, steps in (("stride", convention.stride), ("dilation", convention.dilation))
        if steps != (1, 1)
    ]
    kernel = FLIPS.get(convention.orientation, "kernel")
    call = f"{function}(image, {kernel}, {', '.join(options)})"
    divided = {
        Scale.SUM: "kernel.sum()",
        Scale.SUM_MAGNITUDE: "abs(kernel.sum())",
        Scale.ABSOLUTE_SUM: "abs(kernel).sum()",
        Scale.SUM_FROM_ONE: "max(kernel.sum(), 1)",
    }
    if convention.scale in divided:
        call += f" / {divided[convention.scale]}"
    if convention.gain != 1:
        call += f" * {convention.gain!r}"
    return call if convention.bias == 0 else f"{call} + {convention.bias!r}"


def _uniform(convention: Convention, kernel: Kernel | None = None) -> bool:
    """Whether correlate and convolve have options for the borders, the anchor and the scale."""
    if convention.pads != NO_PADS or convention.spread != (1, 1) or convention.same_rule is not SameRule.ANCHOR:
        return False
    if convention.output_size is not OutputSize.VALID:
        shared = convention.borders.shared
        if shared is None or shared.rule in (*REPLACED, BorderRule.UNKNOWN):
            return False
    if kernel is None and convention.scale not in {Scale.RAW, Scale.SUM}:
        return False
    if convention.output_size is OutputSize.SAME:
        if kernel is not None:
            cell = convention.anchor_cell(kernel.shape)
            return all(0 <= place < side for place, side in zip(cell, kernel.shape, strict=True))
        if convention.odd_anchor not in (CENTER, LOWER) or convention.even_anchor not in (CENTER, LOWER):
            return False
    return convention.operation is not None or convention.even_anchor == CENTER
