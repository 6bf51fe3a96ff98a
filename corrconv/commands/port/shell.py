"""A port to a command-line tool: the command, with padding and cropping around it where the tool needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.port.steps import after_lines, pad_lines
from corrconv.core.notation import write_kernel
from corrconv.core.notation.numbers import write_number
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from corrconv.commands.port.study import Port
    from corrconv.core.kernel import Kernel

VIRTUAL_PIXELS = {"constant": "Black", "edge": "Edge", "symmetric": "Mirror", "wrap": "Tile"}
GMIC_BOUNDARIES = {"constant": 0, "edge": 1, "wrap": 2, "symmetric": 3}


def command_script(ported: Port) -> str:
    """Shell lines that make out.png (or out.tif) of a gray in.png.

    Raises CorrconvError where results would have to be scaled after the tool has rounded them.
    """
    target = ported.target
    if ported.factor != 1 or ported.offset != 0:
        instead = " or ".join(name for name in ("imagemagick.correlate", "gmic.correlate", "vips.conv"))
        raise CorrconvError(
            f"{target.name} cannot do this, because it divides by the kernel's sum, rounds and cuts off"
            f" before anything could be multiplied back; port to {instead}"
        )
    suffix, line = LINES[target.name]
    note = "" if suffix == "tif" else "# Sums become whole numbers, cut off below black and above white.\n"
    if ported.padding is None and not ported.restores_border:
        return note + line(ported, "in.png", f"out.{suffix}")
    before = ["padded = image", *pad_lines(ported), 'Image.fromarray(padded).save("padded.png")']
    after = [
        f'result = np.asarray(Image.open("filtered.{suffix}"))',
        *after_lines(ported),
        f'Image.fromarray(result).save("out.{suffix}")',
    ]
    return "\n".join([note + _python(before), line(ported, "padded.png", f"filtered.{suffix}"), _python(after)])


def _python(lines: list[str]) -> str:
    opening = ["import numpy as np", "from PIL import Image", 'image = np.asarray(Image.open("in.png").convert("L"))']
    return "\n".join(["python3 - <<'END'", *opening, *lines, "END"])


def _numbers(kernel: Kernel) -> list[list[str]]:
    return [[write_number(weight) for weight in row] for row in kernel.weights.tolist()]


def _comma_list(kernel: Kernel) -> str:
    return ",".join(",".join(row) for row in _numbers(kernel))


def _border(ported: Port) -> str:
    side = ported.target.borders.shared
    return "edge" if side is None else side.rule.value


def _morphology(name: str) -> Callable[[Port, str, str], str]:
    def line(ported: Port, image: str, output: str) -> str:
        passed = ported.passed.with_anchor(ported.target.anchor_cell(ported.passed.shape))
        written = write_kernel(passed, Notation.IMAGEMAGICK)
        border = VIRTUAL_PIXELS[_border(ported)]
        return (
            "# ImageMagick 6: convert in place of magick\n"
            f"magick {image} -virtual-pixel {border} \\\n  -morphology {name} '{written}' {output}"
        )

    return line


def _im_convolve(ported: Port, image: str, output: str) -> str:
    border = VIRTUAL_PIXELS[_border(ported)]
    return (
        "# ImageMagick 6: convert in place of magick\n"
        f"magick {image} -virtual-pixel {border} \\\n  -convolve '{_comma_list(ported.passed)}' {output}"
    )


def _graphicsmagick(ported: Port, image: str, output: str) -> str:
    return f"gm convert {image} -convolve '{_comma_list(ported.passed)}' {output}"


def _gmic(name: str) -> Callable[[Port, str, str], str]:
    def line(ported: Port, image: str, output: str) -> str:
        written = write_kernel(ported.passed, Notation.GMIC)
        boundary = GMIC_BOUNDARIES[_border(ported)]
        return f"gmic -v 0 {image} '{written}' \\\n  {name}[0] [1],{boundary} keep[0] -output {output},float"

    return line


def _vips(ported: Port, image: str, output: str) -> str:
    written = write_kernel(ported.passed, Notation.VIPS)
    return f"cat > kernel.mat <<'END'\n{written}\nEND\nvips conv {image} {output} kernel.mat --precision float"


def _ffmpeg(ported: Port, image: str, output: str) -> str:
    form = ported.passed.integer_form
    name = ported.passed.name
    if form is None:
        raise CorrconvError(f"ffmpeg takes whole numbers only, and the weights of {name} are none over one divisor")
    cells, divisor = form
    if divisor != 1 and ported.target.scale.divisor(ported.passed) == 0:
        raise CorrconvError(
            f"ffmpeg takes whole numbers only and divides by their sum; {name} sums to 0 over {divisor}"
        )
    written = " ".join(map(str, cells.ravel().tolist()))
    return f"ffmpeg -v error -y -i {image} \\\n  -vf \"format=gray,convolution=0m='{written}'\" {output}"


def _pnmconvol(ported: Port, image: str, output: str) -> str:
    written = ";".join(",".join(row) for row in _numbers(ported.passed))
    return f"pngtopnm {image} | pnmconvol -quiet -matrix='{written}' | pnmtopng > {output}"


# How each tool is run, and the suffix of what it writes: tif where it keeps real numbers.
LINES: dict[str, tuple[str, Callable[[Port, str, str], str]]] = {
    "imagemagick.convolve": ("png", _morphology("Convolve")),
    "imagemagick.correlate": ("png", _morphology("Correlate")),
    "imagemagick.-convolve": ("png", _im_convolve),
    "graphicsmagick.-convolve": ("png", _graphicsmagick),
    "gmic.correlate": ("tif", _gmic("correlate")),
    "gmic.convolve": ("tif", _gmic("convolve")),
    "vips.conv": ("tif", _vips),
    "ffmpeg.convolution-3x3": ("png", _ffmpeg),
    "ffmpeg.convolution-5x5": ("png", _ffmpeg),
    "netpbm.pnmconvol": ("png", _pnmconvol),
}
