"""Netpbm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.core.convention.model import SATURATED_HALF_UP
from corrconv.libraries.command_lines import Command, Tool, kernel_rows
from corrconv.libraries.function import LibraryFunction, ShellText
from corrconv.libraries.shared import CORRELATION, UNFILTERED

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.libraries.function import Settings


def _write(kernel: Kernel, _: Settings, image: str, output: str) -> str:
    return f"pngtopnm {image} | pnmconvol -quiet -matrix='{kernel_rows(kernel)}' | pnmtopng > {output}"


FUNCTIONS = (
    LibraryFunction(
        name="netpbm.pnmconvol",
        computes=CORRELATION.changed(borders=UNFILTERED, numbers=SATURATED_HALF_UP, odd_sides=True),
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
