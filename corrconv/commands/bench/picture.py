"""A benchmark drawn: time over the kernels, one line a contestant."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

from corrconv.drawing.charts import curves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from corrconv.commands.bench.study import WorkResult


def draw_times(results: Sequence[WorkResult]) -> Image.Image:
    """Milliseconds on a logarithmic scale, in the order of the works; a contestant without a time leaves a gap."""
    names = dict.fromkeys(timing.contestant for result in results for timing in result.timings)
    times = {name: [_milliseconds(result, name) for result in results] for name in names}
    return curves(
        {name: values for name, values in times.items() if any(value > 0 for value in values)},
        steps="kernel, ms",
        labels=[_label(result) for result in results],
    )


def _milliseconds(result: WorkResult, contestant: str) -> float:
    timing = next((timing for timing in result.timings if timing.contestant == contestant), None)
    return nan if timing is None or timing.seconds is None else timing.seconds * 1000


def _label(result: WorkResult) -> str:
    rows, columns = result.work.kernel.shape
    size = f"{rows}x{columns}"
    return size if result.work.kernel.name == "dense" else f"{result.work.kernel.name.partition(':')[0]}\n{size}"
