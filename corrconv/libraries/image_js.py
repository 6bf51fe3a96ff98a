"""image-js for Node.js."""

from __future__ import annotations

from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.nodejs import node_tool
from corrconv.libraries.shared import CORRELATION, REFLECT, TO_SIXTEEN_BITS
from corrconv.libraries.target import FEW_KERNEL_SHAPES

ROUNDED = NumberRule("image", Rounding.HALF_EVEN, Overflow.SATURATE, Summing())
ODD_SHAPES = tuple((rows, columns) for rows, columns in FEW_KERNEL_SHAPES if rows % 2 == columns % 2 == 1)

FUNCTIONS = (
    LibraryFunction(
        name="image-js.directConvolution",
        computes=CORRELATION.changed(borders=REFLECT, numbers=ROUNDED, pixels=TO_SIXTEEN_BITS, odd_sides=True),
        runner=node_tool(
            "image-js.directConvolution",
            "image-js",
            """const { read, write } = require("image-js");
read(image).then((picture) => write(output, picture.directConvolution(rows)));""",
            ODD_SHAPES,
        ),
    ),
)
