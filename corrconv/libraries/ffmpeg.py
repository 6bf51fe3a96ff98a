"""ffmpeg's convolution filter."""

from __future__ import annotations

from corrconv.core.convention.model import BorderRule, Borders, Scale, Side
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.command_lines import Command, Tool
from corrconv.libraries.function import LibraryFunction, Settings, ShellText
from corrconv.libraries.shared import CORRELATION, REFLECT, TO_SIXTEEN_BITS

# What it does with 3x3 kernels only.
REFLECT_THEN_EDGE = Borders(
    top=Side(BorderRule.REFLECT),
    bottom=Side(BorderRule.EDGE),
    left=Side(BorderRule.REFLECT),
    right=Side(BorderRule.EDGE),
)
SHAPES = ((3, 3), (5, 5), (7, 7))
RESCALED = NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE, Summing(dtype="float32", divided_last=True))
LARGE = CORRELATION.changed(
    borders=REFLECT, scale=Scale.SUM, numbers=RESCALED, pixels=TO_SIXTEEN_BITS, kernel_shapes=SHAPES
)
# Whichever loses nothing; PNG files have the second order of bytes, without which ffmpeg takes 8 bits.
FORMAT = "format=gray|gray16le|gray16be"


def _write(kernel: Kernel, _: Settings, image: str, output: str) -> str:
    form = kernel.integer_form
    if form is None:
        raise CorrconvError(
            f"ffmpeg takes whole numbers only, and the weights of {kernel.name} are none over one divisor"
        )
    cells, divisor = form
    if divisor != 1 and Scale.SUM.divisor(kernel) == 0:
        raise CorrconvError(
            f"ffmpeg takes whole numbers only and divides by their sum; {kernel.name} sums to 0 over {divisor}"
        )
    written = " ".join(map(str, cells.ravel().tolist()))
    return f"ffmpeg -v error -y -i {image} \\\n  -vf \"{FORMAT},convolution=0m='{written}'\" {output}"


FUNCTIONS = (
    LibraryFunction(
        name="ffmpeg.convolution",
        aliases=("ffmpeg.convolution-3x3", "ffmpeg.convolution-5x5"),
        computes=LARGE.changed(exceptions=(LARGE.changed(borders=REFLECT_THEN_EDGE, kernel_shapes=((3, 3),)),)),
        runner=Tool(
            programs=("ffmpeg",),
            sign="ffmpeg",
            version_argument="-version",
            command=Command(
                name="ffmpeg.convolution",
                template=f"PROGRAM -v error -y -i {{image}} -vf \"{FORMAT},convolution=0m='{{kernel:spaced}}'\""
                " {output}",
                image_format="png16",
                kernel_shapes=SHAPES,
                whole_kernels=True,
            ),
        ),
        text=ShellText("png", _write),
    ),
)
