"""The engines by name, and the planned one made ready for tiles of any image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corrconv.core.arithmetic import Arithmetic
from corrconv.core.engines.direct import direct, gives_negative_zeros
from corrconv.core.engines.fft import fft
from corrconv.core.engines.matmul import matmul
from corrconv.core.engines.planner import Plan
from corrconv.core.engines.separable import separable
from corrconv.core.engines.signature import EngineFunction, Numbers, TileFilter
from corrconv.core.layout import Layout
from corrconv.core.terms import Engine
from corrconv.errors import CorrconvError

ENGINES: dict[Engine, EngineFunction] = {
    Engine.DIRECT: direct,
    Engine.SEPARABLE: separable,
    Engine.MATMUL: matmul,
    Engine.FFT: fft,
}


class ReadyEngine:
    """The planned engine, and what takes over where a picture holds nan or inf."""

    def __init__(self, chosen: Plan, arithmetic: Arithmetic, layout: Layout, image_dtype: np.dtype[Any]) -> None:
        self.dtype = np.dtype(chosen.precision)
        self._plan = chosen
        self._weights = arithmetic.weights.astype(self.dtype, copy=False)
        self._layout = layout
        self._make = ENGINES[chosen.engine](self._weights, layout, chosen.tile)
        self._rounds = arithmetic.exact and chosen.engine is Engine.FFT
        # Whole numbers have no -0, which would depend on where tiles begin, or on the type of the sums.
        self._unsigns_zero = self._rounds or (
            arithmetic.exact
            and self.dtype.kind == "f"
            and chosen.engine is Engine.DIRECT
            and gives_negative_zeros(self._weights)
        )
        self._bears_all = chosen.engine is Engine.DIRECT or (image_dtype.kind in "biu" and math.isfinite(layout.fill))

    def tile_filter(self) -> TileFilter:
        """A tile filter for one thread that gives the definition's answer whatever the pixels are."""
        planned = self._make()

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            # The nan of inf - inf and of 0 times inf belongs to the definition; the result shows it.
            with np.errstate(invalid="ignore", over="ignore"):
                planned(padded, out)
                if self._rounds:
                    np.rint(out, out=out)
                if self._unsigns_zero:
                    np.add(out, 0, out=out)
                # An output that reads nan or inf holds one; so does a sum that overflowed on the way.
                if not self._bears_all and not _all_finite(out):
                    self._take_over(padded, out)

        return filter_tile

    def _take_over(self, padded: Numbers, out: Numbers) -> None:
        if self._plan.fallback is None:
            raise CorrconvError(
                f"engine {self._plan.engine} needs finite numbers, and the image holds nan or inf"
                f" (or its sums overflow {self.dtype}); use engine auto or direct"
            )
        ENGINES[self._plan.fallback](self._weights, self._layout, out.shape[:2])()(padded, out)


def _all_finite(sums: Numbers) -> bool:
    """Whether there is neither nan nor inf; 0 times each of them is nan, and BLAS finds that in a third of the time."""
    rows = sums.reshape(len(sums), -1)
    return bool(np.isfinite(np.vecdot(rows, np.zeros(rows.shape[1], rows.dtype))).all())
