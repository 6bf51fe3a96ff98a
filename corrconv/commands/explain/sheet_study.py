"""Every output of a small picture, spelled out: a page of arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.explain.study import Explanation, explain_pixel
from corrconv.core.layout import lay
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options

# More would fill pages that nobody reads.
MOST_OUTPUTS, MOST_PRODUCTS = 144, 3000


@dataclass(frozen=True, eq=False)
class Sheet:
    """All outputs of an image (H, W), row by row, each under both operations."""

    image: NDArray[np.number[Any]]
    kernel: Kernel
    options: Options
    shape: tuple[int, int]
    explanations: tuple[Explanation, ...]

    def results(self, operation: Operation) -> NDArray[np.float64]:
        """The sums (H', W') of one operation."""
        sums = [getattr(explanation, str(operation)).reading.sum for explanation in self.explanations]
        return np.array(sums).reshape(self.shape)


def explain_all(image: NDArray[np.number[Any]], kernel: Kernel, options: Options) -> Sheet:
    """Explain every output of a gray image (H, W). Raises CorrconvError where these are too many for a page."""
    layout = lay((image.shape[0], image.shape[1]), kernel, Operation.CORRELATION, options)
    rows, columns = layout.output_shape
    products = rows * columns * kernel.weights.size
    if rows * columns > MOST_OUTPUTS or products > MOST_PRODUCTS:
        raise CorrconvError(
            f"{rows}x{columns} outputs of {kernel.weights.size} products each are too many for a page (at most"
            f" {MOST_OUTPUTS} outputs and {MOST_PRODUCTS:,} products); take a part of the picture, or one output"
        )
    pixels = image[:, :, np.newaxis]
    places = [(row, column) for row in range(rows) for column in range(columns)]
    explanations = tuple(explain_pixel(pixels, kernel, options, at=place, dtype=np.float64) for place in places)
    return Sheet(image, options.anchored(kernel), options, (rows, columns), explanations)
