"""libvips: through pyvips, and its command line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from corrconv.core.kernel import Kernel
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.libraries.command_lines import Command, Tool
from corrconv.libraries.contest import inside, padded
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Run, Settings, ShellText
from corrconv.libraries.shared import CORRELATION, EDGE, FLOAT32


def _call(image: Array, kernel: Array, **settings: Any) -> Any:
    pyvips = import_module("pyvips")
    mask = pyvips.Image.new_from_array(kernel.tolist())
    return pyvips.Image.new_from_array(image).conv(mask, **settings).numpy()


def _contest(image: Array, weights: Array, _: int) -> Run:
    pyvips = import_module("pyvips")
    mask = pyvips.Image.new_from_array(weights.tolist())

    def run() -> Array:
        filtered = pyvips.Image.new_from_array(padded(image, weights)).conv(mask, precision="float")
        return inside(filtered.numpy(), image, weights)

    return run


def _write(kernel: Kernel, _: Settings, image: str, output: str) -> str:
    written = write_kernel(kernel, Notation.VIPS)
    return f"cat > kernel.mat <<'END'\n{written}\nEND\nvips conv {image} {output} kernel.mat --precision float"


FUNCTIONS = (
    LibraryFunction(
        name="pyvips.Image.conv",
        aliases=("pyvips.conv",),
        computes=CORRELATION.changed(borders=EDGE, numbers=FLOAT32, skips_zeros=True),
        runner=PythonFunction(module="pyvips", call=_call),
        text=PythonText(
            "import pyvips",
            "pyvips.Image.new_from_array(padded).conv(pyvips.Image.new_from_array(kernel.tolist()){settings}).numpy()",
        ),
        contest=_contest,
    ),
    LibraryFunction(
        name="vips.conv",
        computes=CORRELATION.changed(borders=EDGE, numbers=FLOAT32, skips_zeros=True),
        runner=Tool(
            programs=("vips",),
            sign="vips",
            version_argument="--version",
            command=Command(
                name="vips.conv",
                template="PROGRAM conv {image} {output} {kernel:file:vips} --precision float",
                image_format="tiff",
            ),
        ),
        text=ShellText("tif", _write),
    ),
)
