"""corrconv weights: are the filters of a trained network symmetric?"""

from __future__ import annotations

from typing import Any

import click

from corrconv.commands.answer import answer, report, save_drawing
from corrconv.commands.options import force_option, json_option, quiet_option, without_effect
from corrconv.commands.parameters import SourceType


@click.command()
@click.argument("network", metavar="FILE", type=SourceType())
@click.option(
    "--order",
    type=click.Choice(["oihw", "hwio"]),
    help="Axes of .npy and .npz: out, in, rows, columns (PyTorch), or rows, columns, in, out (Keras).",
)
@click.option("-o", "--output", metavar="FILE", help="Draw the most and the least symmetric filters.")
@json_option
@force_option
@quiet_option
@without_effect("force", unless=("output",))
def command(network: str, order: Any, output: str | None, as_json: bool, force: bool, quiet: bool) -> None:
    """Say how symmetric the filters of a trained network are, and what chance would give.

    "Convolution and correlation are the same for symmetric filters, and filters often are": here is a
    way to see. FILE is .npz, .npy, .safetensors, .onnx, .pt or .pth (a state dict), .h5 or .keras;
    all but the first two need their package (pip install 'corrconv[networks]', or torch).

    \b
    corrconv weights model.safetensors
    corrconv weights face-detector.onnx -o filters.png
    corrconv weights kernels.npy --order hwio --json
    """
    import numpy as np

    from corrconv.commands.weights.study import judge_network
    from corrconv.commands.weights.view import network_document, network_picture, network_view
    from corrconv.files.images import read_image
    from corrconv.files.networks import AxisOrder, read_network

    found = read_network(network, AxisOrder(order) if order else None)
    say = report(quiet=quiet)
    for note in found.notes:
        say(f"{found.name}: {note}; where they are not, say it with --order")
    photo = np.ascontiguousarray(read_image("sample:chelsea").planes[:, :, :3])
    judged = judge_network(found.layers, photo)
    save_drawing(output, lambda: network_picture(judged, found.name), force=force, quiet=quiet)
    answer(lambda: network_document(judged, found.name), lambda: network_view(judged, found.name), as_json=as_json)
