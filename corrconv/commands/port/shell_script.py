"""A port to a command-line tool: the command, with padding and cropping around it where the tool needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.port.python_script import after_lines, pad_lines, spread_lines
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.commands.port.study import Port
    from corrconv.libraries.function import ShellText


def shell_script(ported: Port, text: ShellText) -> str:
    """Shell lines that make out.png (or out.tif) of a gray in.png.

    Raises CorrconvError where results would have to be scaled after the tool has rounded them.
    """
    if ported.factor != 1 or ported.offset != 0:
        instead = " or ".join(name for name in ("imagemagick.correlate", "gmic.correlate", "vips.conv"))
        raise CorrconvError(
            f"{ported.function.name} cannot do this, because it divides by the kernel's sum, rounds and cuts off"
            f" before anything could be multiplied back; port to {instead}"
        )
    if ported.exact:
        raise CorrconvError(
            f"{ported.function.name} rounds and cuts off by itself; another library's exact numbers are written in"
            " Python and MATLAB: port to scipy.ndimage.correlate or matlab.imfilter"
        )
    note = "" if text.suffix == "tif" else "# Sums become whole numbers, cut off below black and above white.\n"
    if ported.direct:
        return note + text.write(ported.passed, ported.settings, "in.png", f"out.{text.suffix}")
    before = [*spread_lines(ported), "padded = image", *pad_lines(ported), 'Image.fromarray(padded).save("padded.png")']
    after = [
        f'result = np.asarray(Image.open("filtered.{text.suffix}"))',
        *after_lines(ported),
        f'Image.fromarray(result).save("out.{text.suffix}")',
    ]
    lines = text.write(ported.passed, ported.settings, "padded.png", f"filtered.{text.suffix}")
    return "\n".join([note + _python(before), lines, _python(after)])


def _python(lines: list[str]) -> str:
    opening = ["import numpy as np", "from PIL import Image", 'image = np.asarray(Image.open("in.png").convert("L"))']
    return "\n".join(["python3 - <<'END'", *opening, *lines, "END"])
