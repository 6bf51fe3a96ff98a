"""Which engine computes the sums, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corrconv.core.terms import Engine

if TYPE_CHECKING:
    from corrconv.core.arithmetic import Arithmetic
    from corrconv.core.layout import Layout
    from corrconv.core.options import Options

# A band of this many bytes, with its output and one product, stays in a core's own cache.
BAND_BYTES = 256 * 1024


@dataclass(frozen=True)
class Plan:
    """How a filtering will be computed.

    tile: output rows computed in one go; the bands do not depend on the number of threads, so that
    the results do not either. multiplications: of the whole image, all channels.
    """

    engine: Engine
    precision: str
    tile: int
    threads: int
    multiplications: int
    reason: str


def plan(layout: Layout, channels: int, arithmetic: Arithmetic, options: Options) -> Plan:
    """The plan for a kernel laid over an image of this many channels."""
    rows, columns = layout.output_shape
    row_bytes = columns * channels * arithmetic.dtype.itemsize
    tile = min(rows, max(1, BAND_BYTES // row_bytes))
    threads = min(options.threads or os.cpu_count() or 1, -(-rows // tile))
    return Plan(
        engine=Engine.DIRECT,
        precision=arithmetic.dtype.name,
        tile=tile,
        threads=threads,
        multiplications=rows * columns * channels * layout.kernel.weights.size,
        reason="one product a kernel cell and pixel",
    )
