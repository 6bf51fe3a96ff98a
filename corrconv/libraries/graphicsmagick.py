"""GraphicsMagick."""

from __future__ import annotations

from corrconv.core.convention.model import Scale
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.kernel import Kernel
from corrconv.libraries.command_lines import Command, Tool, kernel_list
from corrconv.libraries.function import LibraryFunction, Settings, ShellText
from corrconv.libraries.shared import CORRELATION, EDGE, TO_SIXTEEN_BITS
from corrconv.libraries.target import SQUARE_SHAPES

# Sums are kept in 16 bits, rounded half up; files of 8 bits get a 257th of that, truncated.
WHOLE = NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE, Summing(dtype="float32", divided_first=True))
EIGHT_BIT = NumberRule(
    "image", Rounding.TRUNCATE, Overflow.SATURATE, Summing(dtype="float32", divided_first=True, steps=257)
)


def _write(kernel: Kernel, _: Settings, image: str, output: str) -> str:
    return f"gm convert {image} -convolve '{kernel_list(kernel)}' {output}"


FUNCTIONS = (
    LibraryFunction(
        name="graphicsmagick.-convolve",
        computes=CORRELATION.changed(
            borders=EDGE,
            scale=Scale.SUM,
            numbers=WHOLE,
            eight_bit=EIGHT_BIT,
            pixels=TO_SIXTEEN_BITS,
            odd_sides=True,
            square=True,
        ),
        runner=Tool(
            programs=("gm",),
            sign="GraphicsMagick",
            version_argument="version",
            command=Command(
                name="graphicsmagick.-convolve",
                template="PROGRAM convert {image} -convolve {kernel:list} {output}",
                image_format="png16",
                kernel_shapes=SQUARE_SHAPES,
            ),
        ),
        text=ShellText("png", _write),
    ),
)
