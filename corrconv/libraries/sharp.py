"""sharp for Node.js, which calls libvips."""

from __future__ import annotations

from corrconv.core.convention.model import Scale
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.nodejs import node_tool
from corrconv.libraries.shared import CORRELATION, EDGE, EIGHT_BITS
from corrconv.libraries.target import FEW_KERNEL_SHAPES

CUT_OFF = NumberRule(
    "image", Rounding.TRUNCATE, Overflow.SATURATE, Summing(divided_first=True, divided_exactly=True, stored="float32")
)
SHAPES = tuple(shape for shape in FEW_KERNEL_SHAPES if min(shape) >= 3)

FUNCTIONS = (
    LibraryFunction(
        name="sharp.convolve",
        computes=CORRELATION.changed(
            borders=EDGE,
            scale=Scale.SUM_FROM_ONE,
            numbers=CUT_OFF,
            pixels=EIGHT_BITS,
            least_side=3,
        ),
        runner=node_tool(
            "sharp.convolve",
            "sharp",
            """require("sharp")(image).convolve({ width, height, kernel }).png().toFile(output);""",
            SHAPES,
        ),
    ),
)
