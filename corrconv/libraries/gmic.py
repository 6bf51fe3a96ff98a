"""G'MIC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corrconv.core.convention.model import BorderRule, Convention
from corrconv.core.kernel import Kernel
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation, Operation
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.command_lines import Command, Tool
from corrconv.libraries.function import LibraryFunction, Settings, ShellText
from corrconv.libraries.shared import EDGE, FLOAT32, LOWER_CONVOLUTION, LOWER_CORRELATION, anchored_at

WORDS = BorderWords(
    "boundary",
    {1: BorderRule.EDGE, 0: BorderRule.CONSTANT, 2: BorderRule.WRAP, 3: BorderRule.SYMMETRIC},
)


def _configure(computes: Convention) -> Callable[..., dict[str, Any]]:
    def configure(*, boundary: int = 1) -> dict[str, Any]:
        changes = {"borders": WORDS.borders(boundary)}
        if boundary != 0 or computes.operation is not Operation.CORRELATION:
            return changes
        # Correlations with these and zeros outside run other code, which begins one pixel later.
        shapes = {((2, 2),): -1, ((4, 4),): 0}
        elsewhere = (
            computes.changed(**changes, numbers=FLOAT32, kernel_shapes=shape, **anchored_at(cell, cell))
            for shape, cell in shapes.items()
        )
        return {**changes, "exceptions": tuple(each.changed(anchor_inside=False) for each in elsewhere)}

    return configure


def _write(name: str) -> Callable[[Kernel, Settings, str, str], str]:
    def write(kernel: Kernel, settings: Settings, image: str, output: str) -> str:
        written = write_kernel(kernel, Notation.GMIC)
        boundary = settings.get(WORDS.option, 1)
        return f"gmic -v 0 {image} '{written}' \\\n  {name}[0] [1],{boundary} keep[0] -output {output},float"

    return write


def _function(name: str, computes: Convention) -> LibraryFunction:
    return LibraryFunction(
        name=f"gmic.{name}",
        computes=computes.changed(borders=EDGE, numbers=FLOAT32),
        configure=_configure(computes),
        borders=WORDS,
        runner=Tool(
            programs=("gmic",),
            sign="GREYC",
            version_argument="-version",
            command=Command(
                name=f"gmic.{name}",
                template=f"PROGRAM -v 0 {{image}} {{kernel:gmic}} {name}[0] [1] keep[0] -output {{output}},float",
                image_format="tiff",
            ),
        ),
        text=ShellText("tif", _write(name)),
    )


FUNCTIONS = (_function("correlate", LOWER_CORRELATION), _function("convolve", LOWER_CONVOLUTION))
