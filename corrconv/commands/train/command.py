"""corrconv train: a small CNN under both conventions."""

from __future__ import annotations

import click

from corrconv.commands.answer import answer, save_drawing
from corrconv.commands.options import json_option, quiet_option


@click.command()
@click.option(
    "--steps", type=click.IntRange(1, 100_000), default=200, metavar="N", help="How many batches to learn from."
)
@click.option("--pictures", type=click.IntRange(20, 100_000), default=1500, metavar="N", help="How many to learn from.")
@click.option("--filters", type=click.IntRange(1, 64), default=8, metavar="N", help="How many filters, 5x5 each.")
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Chooses pictures, start and batches.")
@click.option("-o", "--output", metavar="PICTURE", help="Draw the learned filters and the losses.")
@json_option
@quiet_option
def command(
    steps: int,
    pictures: int,
    filters: int,
    seed: int,
    output: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a small network with correlation and with true convolution, and compare.

    It learns to read ten characters that are drawn for it: one layer of filters, ReLU, means over
    2x2 blocks, a linear layer, softmax. Convolution is trained twice: from the filters of
    correlation turned by 180 degrees, and from the very same ones.

    --json holds test_accuracy.{correlation, convolution}, max_loss_difference, max_filter_difference.

    \b
    corrconv train
    corrconv train --steps 50 -o trained.png
    """
    from corrconv.commands.train.glyphs import CHARACTERS, draw_glyphs
    from corrconv.commands.train.study import TrainingPlan, train_both
    from corrconv.commands.train.view import training_document, training_picture, training_view
    from corrconv.drawing.console import counting

    images, labels = draw_glyphs(pictures, seed=2 * seed)
    test_images, test_labels = draw_glyphs(max(20, pictures // 3), seed=2 * seed + 1)
    plan = TrainingPlan(filters=filters, steps=steps, seed=seed)
    with counting("training", quiet=quiet) as progress:
        training = train_both(images, labels, test_images, test_labels, plan, progress=progress)
    title = f"learning to read {' '.join(CHARACTERS)} from {pictures} pictures"
    save_drawing(output, lambda: training_picture(training, title, images[:48]), force=False, quiet=quiet)
    answer(lambda: training_document(training), lambda: training_view(training, title), as_json=as_json)
