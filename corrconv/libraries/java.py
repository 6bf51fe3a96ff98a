"""Java's java.awt.image.ConvolveOp."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from corrconv.core.convention.model import BorderRule, Borders
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.errors import CorrconvError
from corrconv.libraries.command_lines import Command, Tool
from corrconv.libraries.function import LibraryFunction
from corrconv.libraries.image_js import ODD_SHAPES
from corrconv.libraries.shared import EIGHT_BITS, LOWER_CONVOLUTION

CUT_OFF = NumberRule("image", Rounding.TRUNCATE, Overflow.SATURATE, Summing(dtype="float32"))
EDGES = {"EDGE_ZERO_FILL": BorderRule.BLANK, "EDGE_NO_OP": BorderRule.UNFILTERED}
WHOLE_WEIGHTS = "it makes whole numbers over a power of two of the weights, which at times decides about one unit"
SOURCE_PATH = shlex.quote(str(Path(__file__).with_name("ConvolveOp.java")))


def _configure(*, edge_condition: str = "EDGE_ZERO_FILL") -> dict[str, Any]:
    if edge_condition not in EDGES:
        raise CorrconvError(f"edge_condition={edge_condition} is not known; there are {', '.join(EDGES)}")
    return {"borders": Borders.uniform(EDGES[edge_condition])}


FUNCTIONS = (
    LibraryFunction(
        name="java.awt.image.ConvolveOp",
        computes=LOWER_CONVOLUTION.changed(
            borders=Borders.uniform(BorderRule.BLANK),
            even_frame=True,
            numbers=CUT_OFF,
            # It takes 16-bit pixels for signed ones.
            pixels=EIGHT_BITS,
            inexact=WHOLE_WEIGHTS,
        ),
        configure=_configure,
        runner=Tool(
            programs=("java",),
            sign="Runtime Environment",
            version_argument="-version",
            command=Command(
                name="java.awt.image.ConvolveOp",
                template=f"PROGRAM -Djava.awt.headless=true {SOURCE_PATH} {{image}} {{output}} {{kernel:sized}}",
                kernel_shapes=ODD_SHAPES,
            ),
        ),
    ),
)
