"""corrconv port: the same filter in another library's convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.options import json_option
from corrconv.commands.parameters import ConventionType, KernelType, LibraryFunctionType

if TYPE_CHECKING:
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.libraries.function import LibraryFunction


@click.command()
@click.argument("kernel", type=KernelType())
@click.option("--from", "source", type=ConventionType(), required=True, help="Where the filter comes from.")
@click.option("--to", "destination", type=LibraryFunctionType(), required=True, help="Where it goes.")
@json_option
def command(
    kernel: Kernel, source: Convention, destination: tuple[LibraryFunction, dict[str, Any]], as_json: bool
) -> None:
    """Write what must be passed to another library so that it gives what the first one gave.

    The output is Python that makes `result` of a gray `image`; for command-line tools a shell script
    that makes out.png (or out.tif) of a gray in.png; for MATLAB, MATLAB. The kernel is turned where that
    is needed, and what the library cannot be told is padded and cropped. 'corrconv conventions' lists
    the names.

    \b
    corrconv port sobel --from scipy.signal.convolve2d --to cv2.filter2D
    corrconv port "[1 2; 3 4]" --from matlab.conv2 --to torch.nn.functional.conv2d
    corrconv port sobel --from scipy.signal.convolve2d --to imagemagick.convolve
    """
    from corrconv.commands.port.study import port
    from corrconv.commands.port.view import port_document, port_text
    from corrconv.drawing.console import show_document

    ported = port(kernel, source, *destination)
    if as_json:
        show_document(port_document(ported))
    else:
        click.echo(port_text(ported))
