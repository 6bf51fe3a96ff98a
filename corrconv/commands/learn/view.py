"""A learned kernel as text, as a document for scripts and as a picture; and the descent that found it."""

from __future__ import annotations

from dataclasses import replace
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.text import Text

from corrconv.commands.learn.study import LEARNED_ROUNDING, NOTICEABLE_ERRORS
from corrconv.core.terms import Operation, Symmetry
from corrconv.drawing.cells import heat_map
from corrconv.drawing.charts import TABLE_STEPS, curves, telling_steps
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION, finite
from corrconv.drawing.matrices import factor_text, matrix_text
from corrconv.drawing.numbers import share, short_number
from corrconv.drawing.pictures import Figure, panel

if TYPE_CHECKING:
    from PIL import Image
    from rich.table import Table

    from corrconv.commands.learn.nearest import ZooLikeness
    from corrconv.commands.learn.size import SizeAdvice
    from corrconv.commands.learn.study import Descent, LearnedKernel
    from corrconv.core.kernel import Kernel


# The root mean square of what is lost when values are rounded to whole numbers.
ROUNDED_RESIDUAL = 12**-0.5

CONSEQUENCES = {
    Symmetry.POINT_SYMMETRIC: "point-symmetric, so correlation and convolution share this kernel",
    Symmetry.ANTISYMMETRIC: "antisymmetric, so the two kernels differ by their sign",
    Symmetry.NEITHER: "neither, so the two kernels differ: say which operation yours is for",
}


def learned_view(learned: LearnedKernel, title: str, advice: SizeAdvice | None = None) -> Group:
    """The kernel as each operation lays it, how well it fits, and what is known about it."""
    blocks: list[Text] = []
    for kernel, operation in (
        (learned.correlation_kernel, Operation.CORRELATION),
        (learned.convolution_kernel, Operation.CONVOLUTION),
    ):
        neat = _neat(kernel, learned)
        blocks.append(Text(f"as a kernel for {operation}{factor_text(neat)}:") + Text("\n") + matrix_text(neat))
    facts = Text("\n".join(f"{name:<9} {fact}" for name, fact in _facts(learned, advice)))
    return Group(Text(title, style="bold"), "", *blocks, facts)


def descent_table(descent: Descent) -> Table:
    """The losses of both operations at telling steps, and their difference."""
    table = plain_table("mean squared error while both operations learn, from mirrored starts")
    table.add_column("step", justify="right")
    for heading in (*Operation, "difference"):
        table.add_column(heading, justify="right", min_width=14)
    first, second = (descent.losses[operation] for operation in Operation)
    for step in telling_steps(len(first) - 1, TABLE_STEPS):
        table.add_row(str(step), f"{first[step]:.6g}", f"{second[step]:.6g}", f"{abs(first[step] - second[step]):.2g}")
    return table


def descent_verdict(descent: Descent) -> str:
    """What the table says."""
    losses = (
        "The losses are the same at every step"
        if descent.max_loss_difference == 0
        else f"The losses differ by at most {descent.max_loss_difference:.2g}"
    )
    kernels = (
        "each learned kernel is exactly the half-turn of the other"
        if descent.max_kernel_difference == 0
        else f"each learned kernel is the half-turn of the other to within {descent.max_kernel_difference:.2g}"
    )
    return f"{losses}, and {kernels}.\nThat does not need a symmetric kernel: the flip is learned along with it."


def learned_document(
    learned: LearnedKernel, descent: Descent | None = None, advice: SizeAdvice | None = None
) -> dict[str, Any]:
    """The result for scripts; what has no value, such as the uncertainty of an undetermined kernel, is null."""
    document: dict[str, Any] = {
        "version": DOCUMENT_VERSION,
        "correlation_kernel": learned.correlation_kernel.weights.tolist(),
        "correlation_anchor": list(learned.correlation_kernel.anchor),
        "convolution_kernel": learned.convolution_kernel.weights.tolist(),
        "convolution_anchor": list(learned.convolution_kernel.anchor),
        "symmetry": str(learned.symmetry),
        "residual": learned.residual,
        "largest_residual": learned.largest_residual,
        "r_squared": finite(learned.r_squared),
        "rank": learned.rank,
        "determined": learned.determined,
        "uncertainty": finite(learned.uncertainty),
        "pixels": learned.pixels,
        "clipped": learned.clipped,
        "better_size": None if advice is None else list(advice.shape),
        "nearest": None if learned.nearest is None else _nearest_document(learned.nearest),
    }
    if descent is not None:
        document |= {
            "losses": {str(operation): list(losses) for operation, losses in descent.losses.items()},
            "descended_kernels": {
                str(operation): kernel.weights.tolist() for operation, kernel in descent.kernels.items()
            },
            "max_loss_difference": descent.max_loss_difference,
            "max_kernel_difference": descent.max_kernel_difference,
            "step_size": descent.step_size,
        }
    return document


def learned_picture(learned: LearnedKernel, title: str, descent: Descent | None = None) -> Image.Image:
    """Both kernels as heat maps; with a descent, also its losses and the kernels that it learned."""
    tiles = [
        Figure(
            heat_map(_neat(learned.correlation_kernel, learned)),
            "kernel for correlation",
            f"residual {_small(learned.residual)}",
        ),
        Figure(heat_map(_neat(learned.convolution_kernel, learned)), "kernel for convolution", "its half-turn"),
    ]
    if descent is None:
        return panel(title, tiles)
    steps = len(descent.losses[Operation.CORRELATION]) - 1
    learned_tiles = [
        Figure(heat_map(_neat(kernel)), f"learned by {operation}", f"after {steps} steps")
        for operation, kernel in descent.kernels.items()
    ]
    chart = curves({str(operation): losses for operation, losses in descent.losses.items()})
    difference = short_number(descent.max_loss_difference)
    losses = Figure(chart, "mean squared error at each step", f"largest difference {difference}")
    return panel(title, [*tiles, losses, *learned_tiles], columns=3)


def _facts(learned: LearnedKernel, advice: SizeAdvice | None) -> list[tuple[str, str]]:
    count = learned.correlation_kernel.weights.size
    facts = [("fit", _fit(learned))]
    if learned.determined:
        facts.append(("certainty", f"all {count} weights are determined, {_uncertainty(learned)}"))
    else:
        facts.append(
            (
                "WARNING",
                f"the pictures determine only {learned.rank} of {count} weights: other kernels fit as well.\n"
                f"{'':<10}This is the smallest; a smaller --size or a picture with more detail helps",
            )
        )
    if advice is not None:
        facts.append(("size", _advice(advice, learned)))
    facts.append(("symmetry", CONSEQUENCES[learned.symmetry]))
    if learned.nearest is not None:
        facts.append(("nearest", _nearest(learned.nearest)))
    elif learned.correlation_kernel.weights.any():
        facts.append(("nearest", "none: no named kernel is nine tenths of it"))
    if learned.clipped:
        total = learned.clipped + learned.pixels
        facts.append(
            (
                "left out",
                f"{learned.clipped} of {total} values ({share(learned.clipped / total)}), black or white in AFTER and"
                f"\n{'':<10}so perhaps clipped",
            )
        )
    return facts


def _advice(advice: SizeAdvice, learned: LearnedKernel) -> str:
    """What another --size is better at."""
    rows, columns = advice.shape
    size = f"--size {rows}" if rows == columns else f"--size {rows},{columns}"
    if advice.residual is None:
        return f"the rim is 0 within its errors; {size} holds all the rest"
    return (
        f"too small: the weights at the rim are not, and with {size}\n{'':<10}the residual is"
        f" {_small(advice.residual)} instead of {_small(learned.residual)}"
    )


def _fit(learned: LearnedKernel) -> str:
    explained = "" if not isfinite(learned.r_squared) else f"; R² {_nines(learned.r_squared)}"
    rounding = (
        "" if abs(learned.residual / ROUNDED_RESIDUAL - 1) > 0.05 else ",\n          which is what rounding leaves"
    )
    return (
        f"residual {_small(learned.residual)} (root mean square), largest"
        f" {_small(learned.largest_residual)}{explained}{rounding}"
    )


def _uncertainty(learned: LearnedKernel) -> str:
    negligible = LEARNED_ROUNDING * float(np.abs(learned.correlation_kernel.weights).max())
    if learned.uncertainty <= negligible:
        return "to the last digits shown"
    return f"with standard errors up to {short_number(learned.uncertainty)}"


def _nearest(nearest: ZooLikeness) -> str:
    factor = "" if abs(nearest.scale - 1) < 5e-4 else f", times {short_number(nearest.scale)}"
    exact = "the same" if nearest.similarity > 1 - LEARNED_ROUNDING else f"likeness {nearest.similarity:.4f}"
    return f"{nearest.kernel.name}{factor}, laid by {nearest.operation} ({exact})"


def _nearest_document(nearest: ZooLikeness) -> dict[str, Any]:
    return {
        "name": nearest.kernel.name,
        "operation": str(nearest.operation),
        "scale": nearest.scale,
        "similarity": nearest.similarity,
    }


def _neat(kernel: Kernel, learned: LearnedKernel | None = None) -> Kernel:
    """The kernel as it is shown: whole numbers where the fit cannot tell the difference, no digits of noise.

    Weights that would be shown as 0 become 0, so that none is shown as -0.
    """
    peak = float(np.abs(kernel.weights).max())
    if peak == 0:
        return kernel
    noise = LEARNED_ROUNDING * peak
    if learned is not None and learned.determined:
        noise = max(noise, NOTICEABLE_ERRORS * learned.uncertainty)
    whole = np.rint(kernel.weights)
    if whole.any() and np.abs(kernel.weights - whole).max() <= noise:
        return replace(kernel, weights=whole + 0.0)
    shown_as_zero = 0.5 * 10.0 ** (floor(log10(peak)) - 3)
    return replace(kernel, weights=np.where(np.abs(kernel.weights) < shown_as_zero, 0.0, kernel.weights))


def _small(value: float) -> str:
    return "0" if value < LEARNED_ROUNDING else short_number(value)


def _nines(value: float) -> str:
    """A share close to 1 with as many digits as tell it from 1."""
    if value >= 1 - 1e-12:
        return "1"
    digits = 4 if value < 0.999 else min(12, 2 - floor(log10(1 - value)))
    return f"{value:.{digits}f}"
