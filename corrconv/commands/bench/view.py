"""A benchmark as a table of ratios, as a document, and the line that names the machine."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.bench.study import OURS
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from corrconv.commands.bench.study import WorkResult


TITLE = "time of each, as a multiple of corrconv's own (above 1: corrconv is faster)"

# What the cells mean, in words.
KEY = """The first row is corrconv's own time in milliseconds, by the engine that it chose.
Below: 2.00 takes twice as long as that, 0.50 half as long, 1.00 the same.
'other numbers' were computed by what does something else; - took no part."""


def machine(versions: dict[str, str], threads: int) -> dict[str, Any]:
    """What the figures depend on: processor, cores, SIMD, versions, threads."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "simd": found[-1] if found else "baseline",
        "python": platform.python_version(),
        "threads": threads,
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS"),
        "versions": versions,
    }


def machine_line(facts: dict[str, Any]) -> str:
    """The machine in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return (
        f"{facts['processor']}, {facts['cores']} cores, {facts['simd']}, {facts['threads']} threads;"
        f" Python {facts['python']}, {versions}"
    )


def benchmark_table(results: Sequence[WorkResult]) -> Table:
    """A row a contestant, a column a work: our milliseconds, and every other time as a multiple of them."""
    table = plain_table()
    table.add_column("", no_wrap=True)
    for result in results:
        rows, columns = result.work.image.shape
        kernel_rows, kernel_columns = result.work.kernel.shape
        table.add_column(
            f"{rows}x{columns}\n{result.work.kernel.name}\n{kernel_rows}x{kernel_columns}", justify="right"
        )
    table.add_row(f"{OURS}, ms", *(f"{result.our_seconds * 1000:.1f}" for result in results))
    table.add_row("  its engine", *(str(result.plan.engine) for result in results))
    table.add_row("  extra MB", *(f"{result.peak_bytes / 1e6:.0f}" for result in results), end_section=True)
    names = dict.fromkeys(timing.contestant for result in results for timing in result.timings)
    for name in names:
        if name != OURS:
            table.add_row(name, *(_cell(result, name) for result in results))
    return table


def benchmark_document(results: Sequence[WorkResult], facts: dict[str, Any]) -> dict[str, Any]:
    """The benchmark for scripts; seconds are null where a contestant computed other numbers."""
    return {
        "version": DOCUMENT_VERSION,
        "machine": facts,
        "works": [
            {
                "name": result.work.name,
                "image_shape": list(result.work.image.shape),
                "dtype": str(result.work.image.dtype),
                "kernel": result.work.kernel.name,
                "kernel_shape": list(result.work.kernel.shape),
                "engine": str(result.plan.engine),
                "reason": result.plan.reason,
                "peak_bytes": result.peak_bytes,
                "timings": [
                    {
                        "contestant": timing.contestant,
                        "seconds": timing.seconds,
                        "ratio": result.ratio(timing.contestant),
                        "deviation": timing.deviation if np.isfinite(timing.deviation) else None,
                    }
                    for timing in result.timings
                ],
            }
            for result in results
        ],
    }


def _cell(result: WorkResult, contestant: str) -> str:
    ratio = result.ratio(contestant)
    if ratio is not None:
        return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
    took_part = any(timing.contestant == contestant for timing in result.timings)
    return "other numbers" if took_part else "-"


def benchmark_view(results: Sequence[WorkResult], facts: dict[str, Any]) -> list[Table | str]:
    """Tables of seven columns, which is what 80 columns of text can hold, and the machine."""
    tables = [benchmark_table(results[start : start + 6]) for start in range(0, len(results), 6)]
    return [TITLE, KEY, "", *(part for table in tables for part in (table, "")), machine_line(facts)]
