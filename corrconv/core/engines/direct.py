"""The definition, vectorised: one shifted multiple of the image for each kernel cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from corrconv.core.engines.signature import Numbers, TileFilterMaker
    from corrconv.core.layout import Layout


def direct(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:  # noqa: ARG001 - any tile will do
    """Sum kernel cells times shifted images.

    Works in whatever type the weights have, integers included. Cells of weight 0 are left out,
    except where the image holds nan or inf: 0 times those is not 0.
    """
    rows, columns = layout.rows, layout.columns
    every_cell = [(row, column, weights[row, column]) for row, column in np.ndindex(*weights.shape)]
    present_cells = [cell for cell in every_cell if cell[2] != 0]

    def filter_tile(padded: Numbers, out: Numbers) -> None:
        cells = present_cells if len(present_cells) == len(every_cell) or np.isfinite(padded).all() else every_cell
        height = (out.shape[0] - 1) * rows.stride + 1
        width = (out.shape[1] - 1) * columns.stride + 1
        product = np.empty_like(out)
        out[...] = 0
        for row, column, weight in cells:
            top, left = row * rows.dilation, column * columns.dilation
            shifted = padded[top : top + height : rows.stride, left : left + width : columns.stride]
            np.multiply(shifted, weight, out=product)
            out += product

    return lambda: filter_tile
