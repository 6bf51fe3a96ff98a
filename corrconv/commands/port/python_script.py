"""A port to Python: the call, and around it padding by hand, cropping, and the border put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.convention.geometry import SameRule
from corrconv.core.convention.model import BorderRule, Borders
from corrconv.core.convention.numbers import Overflow, Rounding
from corrconv.core.kernel import Kernel
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.libraries.function import PythonFunction

if TYPE_CHECKING:
    from corrconv.commands.port.study import Port
    from corrconv.core.arrays import Reals
    from corrconv.libraries.function import PythonText


def python_script(ported: Port, text: PythonText) -> str:
    """Python that makes `result` of a gray `image`."""
    usual = ported.function.runner.settings if isinstance(ported.function.runner, PythonFunction) else {}
    call = text.call({**usual, **ported.settings})
    lines = ["import numpy as np", *filter(None, [text.imports]), "", *_kernel_lines(ported)]
    lines += [*_halved_lines(ported), *spread_lines(ported), "padded = image.astype(float)", *pad_lines(ported)]
    return "\n".join([*lines, f"result = {call}", *after_lines(ported), *exact_lines(ported)])


def _halved_lines(ported: Port) -> list[str]:
    """The pads of a stride, which depend on the picture's size: the smaller half before, or after."""
    if ported.halved is None:
        return []
    rule, reach, step = ported.halved
    halves = "(pad // 2, pad - pad // 2)" if rule is SameRule.AFTER else "(pad - pad // 2, pad // 2)"
    return [
        f"sides = zip(image.shape, {reach}, {step})  # how far the kernel reaches, and the stride",
        "pads = [max(0, (side - 1) // step * step + reach - side) for side, reach, step in sides]",
        f"image = np.pad(image, [{halves} for pad in pads])",
    ]


def _kernel_lines(ported: Port) -> list[str]:
    if ported.function.own is not None:
        return []
    kernel = ported.passed.with_anchor("center")
    along = kernel.weights.sum(axis=1)
    if len(along) > LONGEST_ROW and _is_square_of(along, kernel):
        weights = write_kernel(Kernel([along]), Notation.NUMPY)
        return [f"weights = {weights}", "kernel = weights.T * weights"]
    return [f"kernel = {write_kernel(kernel, Notation.NUMPY)}", "kernel = kernel.astype(float)"]


# Blurs with longer rows are written by the weights along an axis.
LONGEST_ROW = 7


def _is_square_of(along: Reals, kernel: Kernel) -> bool:
    """Whether a kernel is the column of these weights times their row, but for the last bits."""
    if kernel.shape != (len(along), len(along)):
        return False
    between = np.abs(np.outer(along, along) - kernel.weights).max()
    return bool(between <= 16 * np.finfo(np.float64).eps * np.abs(kernel.weights).max())


ROUNDED = {
    Rounding.NONE: "result",
    Rounding.HALF_EVEN: "np.rint(result)",
    Rounding.HALF_UP: "np.floor(result + 0.5)",
    Rounding.HALF_AWAY: "np.copysign(np.floor(np.abs(result) + 0.5), result)",
    Rounding.TRUNCATE: "np.trunc(result)",
    Rounding.FLOOR: "np.floor(result)",
}


def exact_lines(ported: Port) -> list[str]:
    """Python that rounds `result` and makes it fit, as the source does with images of a type."""
    if not ported.exact:
        return []
    image = np.dtype(ported.exact)
    numbers = ported.source.numbers_of(image)
    rounded, dtype = ROUNDED[ported.exact_rounding], numbers.output_dtype(image)
    if numbers.overflow is Overflow.SATURATE:
        limits = np.iinfo(dtype if dtype.kind in "iu" else image)
        rounded = f"np.clip({rounded}, {limits.min}, {limits.max})"
    elif numbers.overflow is Overflow.WRAP:
        # A cast from real numbers that do not fit is undefined; between whole types it wraps around.
        rounded = f"{rounded}.astype(np.int64)"
    if dtype == np.float64:
        return [] if rounded == "result" else [f"result = {rounded}"]
    return [f"result = {rounded}.astype(np.{dtype.name})"]


def spread_lines(ported: Port) -> list[str]:
    """Python that puts zeros between the pixels, as a transposed convolution of this stride does."""
    rows, columns = ported.spread
    if (rows, columns) == (1, 1):
        return []
    sides = f"image.shape[0] * {rows} - {rows - 1}, image.shape[1] * {columns} - {columns - 1}"
    return [f"spread = np.zeros(({sides}))", f"spread[::{rows}, ::{columns}] = image", "image = spread"]


def pad_lines(ported: Port) -> list[str]:
    """Python that makes up the pixels around `padded`."""
    if ported.padding is None or not any(map(any, ported.padding)):
        return []
    (top, bottom), (left, right) = ported.padding
    borders = ported.source.borders
    if borders.shared is not None:
        return [_pad(((top, bottom), (left, right)), borders, "top")]
    # Columns first, so that a constant at the top or bottom wins in the corners.
    widths = {
        "left": ((0, 0), (left, 0)),
        "right": ((0, 0), (0, right)),
        "top": ((top, 0), (0, 0)),
        "bottom": ((0, bottom), (0, 0)),
    }
    return [_pad(width, borders, name) for name, width in widths.items() if any(map(any, width))]


def _pad(widths: tuple[tuple[int, int], tuple[int, int]], borders: Borders, name: str) -> str:
    side = borders.sides[name]
    constant = f", constant_values={side.fill:g}" if side.rule is BorderRule.CONSTANT else ""
    return f'padded = np.pad(padded, {widths}, mode="{side.rule.boundary}"{constant})'


def after_lines(ported: Port) -> list[str]:
    """Python that makes the wanted `result` of the target's."""
    lines = []
    if ported.crop is not None:
        grown = ported.source.output_shape((0, 0), ported.kernel.shape)
        stops = [
            f"{place} + image.shape[{axis}]{f' {grown[axis]:+d}' if grown[axis] else ''}"
            for axis, place in enumerate(ported.crop)
        ]
        lines.append(f"result = result[{ported.crop[0]} : {stops[0]}, {ported.crop[1]} : {stops[1]}]")
    if ported.factor != 1:
        lines.append(f"result = result * {ported.factor!r}")
    if ported.offset != 0:
        lines.append(f"result = result + {ported.offset!r}")
    if ported.restores_border:
        lines += _border_lines(ported)
    if ported.stride != (1, 1):
        lines.append(f"result = result[::{ported.stride[0]}, ::{ported.stride[1]}]")
    return lines


def _border_lines(ported: Port) -> list[str]:
    rows, columns = ported.source.orientation.of_shape(ported.kernel.shape)
    top, left = (-place for place in ported.source.start(ported.kernel.shape))
    places = {
        "top": (top, f"[:{top}]"),
        "bottom": (rows - 1 - top, f"[-{rows - 1 - top}:]"),
        "left": (left, f"[:, :{left}]"),
        "right": (columns - 1 - left, f"[:, -{columns - 1 - left}:]"),
    }
    lines = []
    for name, (width, place) in places.items():
        side = ported.source.borders.sides[name]
        if width > 0 and side.rule is BorderRule.UNFILTERED:
            lines.append(f"result{place} = image{place}")
        elif width > 0 and side.rule is BorderRule.BLANK:
            lines.append(f"result{place} = {side.fill:g}")
    return lines
