"""A port to MATLAB or Octave, without any toolbox but imfilter's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.convention.model import BorderRule
from corrconv.core.convention.numbers import Overflow, Rounding
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from corrconv.commands.port.study import Port
    from corrconv.core.convention.model import Side
    from corrconv.libraries.function import MatlabText


def matlab_script(ported: Port, text: MatlabText) -> str:
    """MATLAB that makes `result` of a gray `image`. Raises CorrconvError for a border of mixed constants."""
    lines = [
        "image = double(imread('in.png'));",
        *([] if ported.function.own else [f"kernel = {write_kernel(ported.passed, Notation.MATLAB)};"]),
        *_spread_lines(ported),
        *_pad_lines(ported),
        text.statement(ported.settings),
    ]
    if ported.crop is not None:
        grown = ported.source.output_shape((0, 0), ported.kernel.shape)
        spans = [f"{place + 1}:{place + grown[axis]}+size(image, {axis + 1})" for axis, place in enumerate(ported.crop)]
        lines.append(f"result = result({spans[0]}, {spans[1]});")
    if ported.factor != 1 or ported.offset != 0:
        added = f" + {ported.offset!r}" if ported.offset else ""
        lines.append(f"result = result * {ported.factor!r}{added};")
    if ported.stride != (1, 1):
        lines.append(f"result = result(1:{ported.stride[0]}:end, 1:{ported.stride[1]}:end);")
    if ported.restores_border:
        raise CorrconvError(
            f"no MATLAB is written for {ported.source.name}, which leaves the border as it is; port to cv2.filter2D"
        )
    return "\n".join([*lines, *_exact_lines(ported)])


# Halves to the even number: one step back where rounding away from 0 gave an odd one.
_HALF_EVEN = "round(result) - sign(result) .* (abs(result - fix(result)) == 0.5 & mod(round(result), 2) == 1)"
ROUNDED_BY_MATLAB = {
    Rounding.NONE: "result",
    Rounding.HALF_EVEN: _HALF_EVEN,
    Rounding.HALF_UP: "floor(result + 0.5)",
    Rounding.HALF_AWAY: "round(result)",
    Rounding.TRUNCATE: "fix(result)",
    Rounding.FLOOR: "floor(result)",
}
MATLAB_TYPES = {"float32": "single", "float64": "double"}


def _exact_lines(ported: Port) -> list[str]:
    """MATLAB that rounds `result` and makes it fit, as the source does with images of a type."""
    if not ported.exact:
        return []
    image = np.dtype(ported.exact)
    numbers = ported.source.numbers_of(image)
    rounded, dtype = ROUNDED_BY_MATLAB[ported.exact_rounding], numbers.output_dtype(image)
    if numbers.overflow is Overflow.WRAP:
        rounded = f"mod({rounded}, {2 ** (8 * dtype.itemsize)})"
    if rounded == "result" and dtype == np.float64:
        return []
    # MATLAB's types of whole numbers saturate.
    return [f"result = {MATLAB_TYPES.get(dtype.name, dtype.name)}({rounded});"]


def _spread_lines(ported: Port) -> list[str]:
    if ported.spread == (1, 1):
        return []
    rows, columns = ported.spread
    return [
        f"spread = zeros((size(image) - 1) .* [{rows} {columns}] + 1);",
        f"spread(1:{rows}:end, 1:{columns}:end) = image;",
        "image = spread;",
    ]


def _pad_lines(ported: Port) -> list[str]:
    if ported.padding is None or not any(map(any, ported.padding)):
        return ["padded = image;"]
    (top, bottom), (left, right) = ported.padding
    borders = ported.source.borders
    if borders.shared is not None and borders.shared.rule is BorderRule.CONSTANT:
        return [
            f"padded = {borders.shared.fill:g} * ones(size(image) + [{top + bottom} {left + right}]);",
            f"padded({top + 1}:{top}+size(image, 1), {left + 1}:{left}+size(image, 2)) = image;",
        ]
    if any(side.rule is BorderRule.CONSTANT for side in borders.sides.values()):
        raise CorrconvError(f"no MATLAB is written for the mixed constants of {ported.source.name}")
    rows = matlab_places(top, bottom, borders.top, borders.bottom)
    columns = matlab_places(left, right, borders.left, borders.right)
    return [f"padded = image({rows}, {columns});"]


def matlab_places(before: int, after: int, first: Side, last: Side) -> str:
    """The indices, counted from 1, that pad one axis of an image larger than its padding."""
    outside: dict[BorderRule, tuple[Callable[[int], str], Callable[[int], str]]] = {
        BorderRule.EDGE: (lambda _: "1", lambda _: "end"),
        BorderRule.REFLECT: (lambda far: f"{far + 1}", lambda far: f"end-{far}"),
        BorderRule.SYMMETRIC: (lambda far: f"{far}", lambda far: f"end-{far - 1}"),
        BorderRule.WRAP: (lambda far: f"end-{far - 1}", lambda far: f"{far}"),
    }
    low = [outside.get(first.rule, outside[BorderRule.EDGE])[0](far) for far in range(before, 0, -1)]
    high = [outside.get(last.rule, outside[BorderRule.EDGE])[1](far) for far in range(1, after + 1)]
    return f"[{' '.join([*low, '1:end', *high])}]"
