"""corrconv port: the same filter in another library's convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.answer import report
from corrconv.commands.options import json_option, quiet_option, without_effect
from corrconv.commands.parameters import KernelType, OwnFunctionType

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.libraries.function import LibraryFunction


def _idle_dtype(*, exact: bool, dtype: str, source: tuple[LibraryFunction, dict[str, Any]], **_: Any) -> str:
    """Why the type of the images does not matter, or an empty text."""
    from corrconv.libraries.own_kernel import GaussianRule

    if exact:
        return "with --exact, as nothing rounds real numbers" if dtype == "float64" else ""
    rule = source[0].own
    depends = isinstance(rule, GaussianRule) and len(rule.sizes) > 1
    return "" if depends else "without --exact"


@click.command()
@click.argument("kernel", type=KernelType())
@click.option("--from", "source", type=OwnFunctionType(), required=True, help="Where the filter comes from.")
@click.option("--to", "destination", type=OwnFunctionType(), required=True, help="Where it goes.")
@click.option("--exact", is_flag=True, help="Round and cut off, too, as the source does with images of --dtype.")
@click.option(
    "--dtype",
    type=click.Choice(["uint8", "uint16", "float64"]),
    default="uint8",
    help="The images: cv2.GaussianBlur takes smaller kernels for uint8; and see --exact.",
)
@without_effect("dtype", where=_idle_dtype)
@quiet_option
@json_option
def command(
    kernel: Kernel,
    source: tuple[LibraryFunction, dict[str, Any]],
    destination: tuple[LibraryFunction, dict[str, Any]],
    exact: bool,
    dtype: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write what must be passed to another library so that it gives what the first one gave.

    The output is Python that makes `result` of a gray `image`; for command-line tools a shell script
    that makes out.png (or out.tif) of a gray in.png; for MATLAB, MATLAB. The kernel is turned where that
    is needed, and what the library cannot be told is padded and cropped. Python is run before it is shown,
    and compared with the source where both are installed. 'corrconv conventions' lists the names.

    Functions that make their kernel by themselves, such as cv2.GaussianBlur or skimage.filters.sobel_h, take
    from KERNEL what is to be made: gaussian:sigma=2 leaves the size to the source's own rule.

    \b
    corrconv port sobel --from scipy.signal.convolve2d --to cv2.filter2D
    corrconv port "[1 2; 3 4]" --from matlab.conv2 --to torch.nn.functional.conv2d
    corrconv port sobel --from scipy.signal.convolve2d --to imagemagick.convolve
    corrconv port gaussian:sigma=2 --from cv2.GaussianBlur --to scipy.ndimage.gaussian_filter
    corrconv port sobel --from cv2.Sobel --to skimage.filters.sobel_v
    """
    from corrconv.commands.port.measure import measure
    from corrconv.commands.port.sources import resolve
    from corrconv.commands.port.study import exactly, port
    from corrconv.commands.port.view import measured_words, port_document, port_text, snippet
    from corrconv.core.notation import check_writable
    from corrconv.drawing.console import show_document

    check_writable(kernel)
    found, settings = resolve(kernel, source, destination, dtype, exact=exact)
    ported = port(found.kernel, found.convention, destination[0], settings)
    if exact:
        ported = exactly(found, ported, dtype)
    measured = measure(found, ported, snippet(ported))
    if as_json:
        show_document(port_document(found, ported, measured))
    else:
        click.echo(port_text(found, ported))
        report(quiet=quiet)(measured_words(measured))
