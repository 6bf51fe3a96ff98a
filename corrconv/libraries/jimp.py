"""Jimp for Node.js."""

from __future__ import annotations

from corrconv.core.convention.model import LOWER, Convention, Orientation
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.nodejs import node_tool
from corrconv.libraries.shared import EDGE, EIGHT_BITS
from corrconv.libraries.target import SQUARE_SHAPES

CUT_OFF = NumberRule("image", Rounding.TRUNCATE, Overflow.SATURATE, Summing(as_given=True))

# Its kernels are indexed by the column first; the anchor of those that are not square mixes both sides.
FUNCTIONS = (
    LibraryFunction(
        name="jimp.convolute",
        computes=Convention(
            orientation=Orientation.TRANSPOSED,
            even_anchor=LOWER,
            borders=EDGE,
            numbers=CUT_OFF,
            pixels=EIGHT_BITS,
            square=True,
        ),
        runner=node_tool(
            "jimp.convolute",
            "jimp",
            """require("jimp").Jimp.read(image).then((picture) => picture.convolute(rows).write(output));""",
            SQUARE_SHAPES,
        ),
    ),
)
