"""GEGL, in which GIMP's filter "Convolution Matrix" is an operation of 5x5 cells."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.model import BorderRule
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.command_lines import Command, Tool
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.shared import CORRELATION, EDGE, FLOAT32, anchored_at

WORDS = BorderWords(
    "border",
    {
        "clamp": BorderRule.EDGE,
        "loop": BorderRule.WRAP,
        "none": BorderRule.CONSTANT,
        "black": BorderRule.CONSTANT,
    },
)
# Without it the weights would be applied to linear light, as GIMP applies them to pixels of 8 bits.
AS_THEY_ARE = "gegl:cast-space space-name=ACEScg"


def _configure(*, border: str = "clamp", anchor: tuple[int, int] | None = None) -> dict[str, Any]:
    """border: a word; anchor: the row and column of the kernel's cell in the middle of the grid."""
    return {"borders": WORDS.borders(border), **(anchored_at(*anchor) if anchor else {})}


FUNCTIONS = (
    LibraryFunction(
        name="gegl.convolution-matrix",
        aliases=("gimp.convolution-matrix",),
        computes=CORRELATION.changed(
            borders=EDGE,
            numbers=FLOAT32,
            largest_side=5,
            pixels=("float32",),
            inexact="GIMP lays the weights on linear light, where pixels are of 8 or 16 bits",
        ),
        configure=_configure,
        borders=WORDS,
        runner=Tool(
            programs=("gegl",),
            sign="--list-all",
            version_argument="-h",
            command=Command(
                name="gegl.convolution-matrix",
                # The cells are arguments of their own; several threads at times wait for each other without end.
                template=f"sh -c 'GEGL_THREADS=1 PROGRAM {{image}} -o {{output}} -- {AS_THEY_ARE} {{kernel:gimp}}'",
                image_format="tiff",
                image_dtypes=("float32",),
                output_format="npy",
            ),
        ),
    ),
)
