"""A port as plain instructions, as a runnable snippet, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.commands.port.matlab_script import matlab_script
from corrconv.commands.port.python_script import python_script
from corrconv.commands.port.shell_script import shell_script
from corrconv.drawing.conventions import operation_words
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.errors import CorrconvError
from corrconv.libraries.function import MatlabText, PythonText, ShellText

if TYPE_CHECKING:
    from corrconv.commands.port.study import Port


def snippet(ported: Port) -> str:
    """Python that makes `result` of a gray `image`, a script for a tool, or MATLAB.

    Raises CorrconvError for functions whose call is not known, and for what a tool cannot do.
    """
    match ported.function.text:
        case PythonText() as text:
            return python_script(ported, text)
        case ShellText() as text:
            return shell_script(ported, text)
        case MatlabText() as text:
            return matlab_script(ported, text)
    raise CorrconvError(
        f"no snippet is known for {ported.function.name}; port to another library or tool of `corrconv conventions`"
    )


def port_text(ported: Port) -> str:
    """What must be done, step by step, as comments above the snippet."""
    source, destination = ported.source, ported.destination
    lines = [
        f"# {source.name} computes: {operation_words(source)}",
        f"# {ported.function.name} computes: {operation_words(destination)}",
        f"# Size of the result: {source.output_size}.",
        "# Kernel: turned or mirrored for it." if ported.flipped else "# Kernel: the same.",
    ]
    if ported.padding is None:
        lines.append("# Borders and anchor agree, or the call says them: no padding.")
    else:
        lines.append(f"# Borders or anchor differ: pad by hand ({source.borders}), then cut the results out.")
    if ported.factor != 1 or ported.offset != 0:
        lines.append("# Scale: the results are multiplied and shifted afterwards.")
    if ported.restores_border:
        lines.append(f"# {source.name} does not filter the border: it is put back.")
    text = "\n".join([*lines, snippet(ported)])
    matlab = isinstance(ported.function.text, MatlabText)
    return text.replace("\n# ", "\n% ").replace("# ", "% ", 1) if matlab else text


def port_document(ported: Port) -> dict[str, Any]:
    """A port for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "from": ported.source.name,
        "to": ported.function.name,
        "kernel": ported.passed.weights.tolist(),
        "settings": dict(ported.settings),
        "flipped": ported.flipped,
        "padding": [list(widths) for widths in ported.padding] if ported.padding else None,
        "padding_borders": {name: str(side) for name, side in ported.source.borders.sides.items()},
        "crop": list(ported.crop) if ported.crop else None,
        "factor": ported.factor,
        "offset": ported.offset,
        "direct": ported.direct,
        "snippet": snippet(ported),
    }
