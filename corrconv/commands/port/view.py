"""A port as plain instructions, as a runnable snippet, and as a document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.port.matlab_script import matlab_script
from corrconv.commands.port.python_script import python_script
from corrconv.commands.port.shell_script import shell_script
from corrconv.commands.port.study import Measured, NotRun
from corrconv.core.convention.geometry import SameRule
from corrconv.core.convention.numbers import Overflow, Rounding
from corrconv.drawing.conventions import operation_words
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.errors import CorrconvError
from corrconv.libraries.function import MatlabText, PythonText, ShellText
from corrconv.libraries.own_kernel import ALIKE

if TYPE_CHECKING:
    from corrconv.commands.port.sources import PortSource
    from corrconv.commands.port.study import Port
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.libraries.function import LibraryFunction


_HALVED = "same, divided by the stride; its pads depend on the picture's size"


def snippet(ported: Port) -> str:
    """Python that makes `result` of a gray `image`, a script for a tool, or MATLAB.

    Raises CorrconvError for functions whose call is not known, and for what a tool cannot do.
    """
    match ported.function.text:
        case PythonText() as text:
            return python_script(ported, text)
        case ShellText() | MatlabText() if ported.halved is not None:
            raise CorrconvError(
                f"where {ported.source.name} begins depends on the picture's size, as it halves what it pads;"
                " name the pixels on each side instead, or port to Python"
            )
        case ShellText() as text:
            return shell_script(ported, text)
        case MatlabText() as text:
            return matlab_script(ported, text)
    raise CorrconvError(
        f"no snippet is known for {ported.function.name}; port to another library or tool of `corrconv conventions`"
    )


def port_text(found: PortSource, ported: Port) -> str:
    """What must be done, step by step, as comments above the snippet."""
    source, destination = ported.source, ported.destination
    lines = [
        f"# {source.name} computes: {operation_words(source)}{_own_words(found.function, found.kernel)}",
        f"# {ported.function.name} computes: {operation_words(destination)}"
        f"{_own_words(ported.function, ported.passed)}",
        *([f"# {found.note}"] if found.note else []),
        f"# Size of the result: {source.output_size if ported.halved is None else _HALVED}.",
        f"# Kernel: {_kernel_words(ported)}",
    ]
    if ported.halved is not None:
        where = "before" if ported.halved.rule is SameRule.AFTER else "after"
        lines.append(f"# Zeros around it first, the smaller half of them {where}.")
    if ported.padding is None and ported.halved is None:
        lines.append("# Borders and anchor agree, or the call says them: no padding.")
    elif ported.padding is not None:
        lines.append(f"# Borders or anchor differ: pad by hand ({source.borders}), then cut the results out.")
    if ported.factor != 1 or ported.offset != 0:
        sign = " and so get the other sign" if ported.factor < 0 else ""
        lines.append(f"# Scale: the results are multiplied by {ported.factor:g} afterwards{sign}{_shift(ported)}.")
    if ported.restores_border:
        lines.append(f"# {source.name} does not filter the border: it is put back.")
    shares = found.function.own is not None and found.function.own.shares
    lines.append(f"# Numbers: {_number_sentence(ported, shares=shares)}")
    text = "\n".join([*lines, snippet(ported)])
    matlab = isinstance(ported.function.text, MatlabText)
    return text.replace("\n# ", "\n% ").replace("# ", "% ", 1) if matlab else text


def _own_words(function: LibraryFunction, kernel: Kernel) -> str:
    return f" with a kernel of its own, {kernel.shape[0]}x{kernel.shape[1]}" if function.own else ""


def _kernel_words(ported: Port) -> str:
    if ported.unlike > ALIKE:
        return f"not the same: a weight differs by up to {100 * ported.unlike:.2g} % of the largest."
    if ported.function.own is not None and ported.factor != 1:
        return "the same but for a factor."
    return "turned or mirrored for it." if ported.flipped else "the same."


def _shift(ported: Port) -> str:
    return f", and {ported.offset:g} is added" if ported.offset else ""


ROUNDINGS = {
    Rounding.HALF_EVEN: "rounds halves to the even number",
    Rounding.HALF_UP: "rounds halves up",
    Rounding.HALF_AWAY: "rounds halves away from 0",
    Rounding.TRUNCATE: "truncates",
    Rounding.FLOOR: "rounds down",
}
OVERFLOWS = {Overflow.SATURATE: "saturates", Overflow.WRAP: "wraps around"}


def source_numbers(convention: Convention, dtype: str) -> str:
    """What a library makes of its sums for images of a type: `makes uint8, rounds halves up and saturates`."""
    numbers = convention.numbers_of(np.dtype(dtype))
    acts = [ROUNDINGS.get(numbers.rounding, ""), OVERFLOWS.get(numbers.overflow, "")]
    given = numbers.output_dtype(np.dtype(dtype)).name
    return f"makes {given}{', ' if any(acts) else ''}{' and '.join(filter(None, acts))}"


def _number_sentence(ported: Port, *, shares: bool) -> str:
    """Which rounding and saturation the source has, and whether they are written out."""
    dtype = ported.exact or "uint8"
    name = ported.source.name.partition(" ")[0]
    words = f"of {dtype} pictures {name} {'takes shares of the brightest and ' if shares else ''}"
    words += source_numbers(ported.source, dtype)
    if ported.source.inexact:
        words += f"; {ported.source.inexact}"
    return f"{words}; {'so does this.' if ported.exact else 'here they stay real.'}"


def port_document(found: PortSource, ported: Port, measured: Measured | NotRun) -> dict[str, Any]:
    """A port for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "from": ported.source.name,
        "note": found.note,
        "to": ported.function.name,
        "kernel": ported.passed.weights.tolist(),
        "settings": dict(ported.settings),
        "flipped": ported.flipped,
        "padding": [list(widths) for widths in ported.padding] if ported.padding else None,
        "halved": ported.halved
        and {"rule": str(ported.halved.rule), "reach": ported.halved.reach, "step": ported.halved.step},
        "padding_borders": {name: str(side) for name, side in ported.source.borders.sides.items()},
        "crop": list(ported.crop) if ported.crop else None,
        "factor": ported.factor,
        "offset": ported.offset,
        "direct": ported.direct,
        "unlike": ported.unlike,
        "exact": ported.exact or None,
        "measured": asdict(measured) if isinstance(measured, Measured) else None,
        "not_run": measured.reason if isinstance(measured, NotRun) else None,
        "snippet": snippet(ported),
    }


# Relative to the largest value: what orders of summing, some in single precision, make of the same sums.
FLOAT_NOISE = 1e-6


def measured_words(measured: Measured | NotRun) -> str:
    """How far the snippet's results are from the source's own, or why that is not known."""
    if isinstance(measured, NotRun):
        return f"not run beside each other: {measured.reason}"
    pictures = f"two pictures of {measured.rows}x{measured.columns}, {measured.dtype}"
    if measured.largest == 0:
        return f"ran both on {pictures}: equal to the last bit"
    within = f"within {measured.largest:.2g} of values up to {measured.peak:.4g}"
    if measured.largest <= FLOAT_NOISE * measured.peak:
        return f"ran both on {pictures}: equal but for the last bits, {within}"
    return f"ran both on {pictures}: {within}; {measured.differing:.2%} of the pixels differ"
