"""Netpbm."""

from __future__ import annotations

from corrconv.core.convention.numbers import Doubt, NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.kernel import Kernel
from corrconv.libraries.command_lines import Command, Tool, kernel_rows
from corrconv.libraries.function import LibraryFunction, Settings, ShellText
from corrconv.libraries.shared import CORRELATION, TO_SIXTEEN_BITS, UNFILTERED

ROW_ABOVE = "with equal rows, all but the first filtered row get the left and right border of the row above"
HALF_UP_IN_ORDER = NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE, Summing(dtype="float32"))


def _write(kernel: Kernel, _: Settings, image: str, output: str) -> str:
    # Without -force, few grays become a palette, whose indices are easily taken for pixels.
    return f"pngtopnm {image} | pnmconvol -quiet -matrix='{kernel_rows(kernel)}' | pnmtopng -force > {output}"


FUNCTIONS = (
    LibraryFunction(
        name="netpbm.pnmconvol",
        computes=CORRELATION.changed(
            borders=UNFILTERED,
            numbers=HALF_UP_IN_ORDER,
            pixels=TO_SIXTEEN_BITS,
            odd_sides=True,
            inexact=ROW_ABOVE,
            doubt=Doubt.EQUAL_ROWS,
        ),
        runner=Tool(
            programs=("pnmconvol",),
            sign="Netpbm",
            version_argument="--version",
            command=Command(
                name="netpbm.pnmconvol",
                template="PROGRAM -quiet -matrix={kernel:rows} {image}",
                image_format="pgm",
            ),
        ),
        text=ShellText("png", _write),
    ),
)
