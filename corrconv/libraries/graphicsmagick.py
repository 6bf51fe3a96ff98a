"""GraphicsMagick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.core.convention.model import SATURATED_HALF_UP, Scale
from corrconv.libraries.command_lines import Command, Tool, kernel_list
from corrconv.libraries.function import LibraryFunction, ShellText
from corrconv.libraries.shared import CORRELATION, EDGE

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.libraries.function import Settings


def _write(kernel: Kernel, _: Settings, image: str, output: str) -> str:
    return f"gm convert {image} -convolve '{kernel_list(kernel)}' {output}"


FUNCTIONS = (
    LibraryFunction(
        name="graphicsmagick.-convolve",
        computes=CORRELATION.changed(
            borders=EDGE, scale=Scale.SUM, numbers=SATURATED_HALF_UP, odd_sides=True, square=True
        ),
        runner=Tool(
            programs=("gm",),
            sign="GraphicsMagick",
            version_argument="version",
            command=Command(
                name="graphicsmagick.-convolve",
                template="PROGRAM convert {image} -convolve {kernel:list} {output}",
                image_format="png16",
            ),
        ),
        text=ShellText("png", _write),
    ),
)
