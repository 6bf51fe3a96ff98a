"""A training under both conventions as tables, as a document for scripts and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from rich.console import Group

from corrconv.core.terms import Operation
from corrconv.drawing.charts import curves, telling_steps
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import FRAME, PAPER, Figure, below, colour_bar, diverging, panel

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.table import Table

    from corrconv.commands.train.study import Training, TrainingRun


# The side of one filter in the picture, and the space around it.
FILTER_SIDE, FILTER_GAP = 70, 8
FILTERS_PER_ROW = 4

# The steps that the table shows, of however many there were.
TABLE_STEPS = 10


def training_view(training: Training, title: str) -> Group:
    """Loss and accuracy of the three trainings, and what they show."""
    return Group(training_table(training, title), "", training_verdict(training))


def training_table(training: Training, title: str) -> Table:
    """The losses of the three trainings at some steps, and how often each is right on new pictures."""
    runs = _runs(training)
    table = plain_table(title)
    table.add_column("\nloss at step", justify="right")
    for name in runs:
        operation, _, start = name.partition(", ")
        table.add_column(f"{operation}\n{start}", justify="right", min_width=15, no_wrap=True)
    for step in telling_steps(training.plan.steps - 1, TABLE_STEPS):
        table.add_row(str(step), *(f"{run.losses[step]:.4f}" for run in runs.values()))
    table.add_section()
    table.add_row("test accuracy", *(f"{run.test_accuracy:.1%}" for run in runs.values()))
    return table


def training_verdict(training: Training) -> str:
    """What the trainings show, in plain language."""
    losses, filters = training.max_loss_difference, training.max_filter_difference
    same = (
        "the same loss at every step and the very same filters, turned"
        if losses == filters == 0
        else f"the same loss at every step (to {losses:.1g}) and the same filters, turned (to {filters:.1g})"
    )
    asymmetry = _asymmetry(training.correlation.network.filters)
    return "\n".join(
        [
            f"From turned filters, convolution learns with {same}.",
            f"From the same filters it takes another way (losses differ by up to"
            f" {training.same_start_loss_difference:.2g}) and comes to a like accuracy.",
            f"None of this needs symmetric filters: of the learned ones, {asymmetry:.0%} of the energy is odd.",
            f"But filters that correlation learned do not serve convolution unturned: test accuracy"
            f" {training.swapped_accuracy:.1%}.",
        ]
    )


def training_document(training: Training) -> dict[str, Any]:
    """The trainings for scripts. convolution is the one from turned filters, same_start the other."""
    plan = training.plan
    return {
        "version": DOCUMENT_VERSION,
        "plan": {
            "filters": plan.filters,
            "filter_side": plan.filter_side,
            "steps": plan.steps,
            "batch": plan.batch,
            "learning_rate": plan.learning_rate,
            "seed": plan.seed,
        },
        "test_accuracy": {
            "correlation": training.correlation.test_accuracy,
            "convolution": training.convolution.test_accuracy,
            "same_start": training.same_start.test_accuracy,
            "swapped": training.swapped_accuracy,
        },
        "max_loss_difference": training.max_loss_difference,
        "max_filter_difference": training.max_filter_difference,
        "same_start_loss_difference": training.same_start_loss_difference,
        "losses": {
            "correlation": list(training.correlation.losses),
            "convolution": list(training.convolution.losses),
            "same_start": list(training.same_start.losses),
        },
        "filters": {
            "correlation": training.correlation.network.filters.tolist(),
            "convolution": training.convolution.network.filters.tolist(),
        },
    }


def training_picture(training: Training, title: str, examples: NDArray[np.float64]) -> Image.Image:
    """Some of the pictures, the filters that both learned beside each other, and the losses.

    examples (count, height, width): pictures from 0 to 1.
    """
    runs = _runs(training)
    peak = float(np.abs(training.correlation.network.filters).max())
    learned = [
        Figure(_filters(run.network.filters, peak), f"filters learned by {operation}", note)
        for operation, run, note in (
            (Operation.CORRELATION, training.correlation, f"test accuracy {training.correlation.test_accuracy:.1%}"),
            (
                Operation.CONVOLUTION,
                training.convolution,
                f"test accuracy {training.convolution.test_accuracy:.1%}; each is the half-turn of its neighbour",
            ),
        )
    ]
    chart = curves({name: run.losses for name, run in runs.items()})
    difference = short_number(training.max_loss_difference)
    tiles = [
        *learned,
        Figure(_contact_sheet(examples), "some of the pictures"),
        Figure(chart, "loss (cross-entropy) at each step", f"from turned filters, largest difference {difference}"),
    ]
    return panel(title, tiles, columns=2)


def _runs(training: Training) -> dict[str, TrainingRun]:
    return {
        "correlation": training.correlation,
        "convolution, turned start": training.convolution,
        "convolution, same start": training.same_start,
    }


def _asymmetry(filters: NDArray[np.float64]) -> float:
    """The share of the filters' energy in their odd parts."""
    odd = (filters - filters[:, ::-1, ::-1]) / 2
    return float(np.square(odd).sum() / np.square(filters).sum())


def _filters(filters: NDArray[np.float64], peak: float) -> Image.Image:
    """All filters in diverging colours, with one scale for all."""
    rows = -(-len(filters) // FILTERS_PER_ROW)
    step = FILTER_SIDE + FILTER_GAP
    sheet = Image.new("RGB", (step * FILTERS_PER_ROW - FILTER_GAP, step * rows - FILTER_GAP), PAPER)
    for index, weights in enumerate(filters):
        drawn = diverging(weights, peak).resize((FILTER_SIDE - 2, FILTER_SIDE - 2), Image.Resampling.NEAREST)
        corner = index % FILTERS_PER_ROW * step, index // FILTERS_PER_ROW * step
        sheet.paste(FRAME, (*corner, corner[0] + FILTER_SIDE, corner[1] + FILTER_SIDE))
        sheet.paste(drawn, (corner[0] + 1, corner[1] + 1))
    return below(sheet, colour_bar(peak, sheet.width))


def _contact_sheet(pictures: NDArray[np.float64], columns: int = 8) -> Image.Image:
    count, height, width = pictures.shape
    rows = count // columns
    grid = pictures[: rows * columns].reshape(rows, columns, height, width).swapaxes(1, 2)
    sheet = np.rint(255 * grid.reshape(rows * height, columns * width)).astype(np.uint8)
    picture = Image.fromarray(sheet)
    return picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST).convert("RGB")
