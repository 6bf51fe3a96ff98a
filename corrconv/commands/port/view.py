"""A port as plain instructions, as a runnable snippet, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.commands.port.matlab import matlab_script
from corrconv.commands.port.shell import LINES, command_script
from corrconv.commands.port.steps import after_lines, pad_lines
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.drawing.conventions import operation_words
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.commands.port.study import Port

# How each library is called in Python on a real image `padded` and a kernel `kernel`, with what it needs imported.
CALLS = {
    **{
        f"scipy.ndimage.{name}": ("from scipy import ndimage", f"ndimage.{name}(padded, kernel)")
        for name in ("correlate", "convolve")
    },
    **{
        f"scipy.signal.{name}": ("from scipy import signal", f'signal.{name}(padded, kernel, mode="same")')
        for name in ("correlate2d", "convolve2d", "correlate", "convolve", "fftconvolve", "oaconvolve")
    },
    "cv2.filter2D": ("import cv2", "cv2.filter2D(padded, -1, kernel)"),
    "torch.conv2d": (
        "import torch",
        "torch.nn.functional.conv2d(\n    torch.from_numpy(padded)[None, None],"
        ' torch.from_numpy(kernel)[None, None], padding="same"\n)[0, 0].numpy()',
    ),
    "torch.conv_transpose2d": (
        "import torch",
        "torch.nn.functional.conv_transpose2d(\n    torch.from_numpy(padded)[None, None],"
        " torch.from_numpy(kernel)[None, None]\n)[0, 0].numpy()",
    ),
    "jax.lax.conv": (
        "from jax import lax",
        "np.array(\n    lax.conv(padded[None, None].astype(np.float32), kernel[None, None].astype(np.float32),"
        ' (1, 1), "SAME", precision="highest")\n)[0, 0]',
    ),
    **{
        f"jax.scipy.signal.{name}": (
            "from jax.scipy import signal",
            f'np.array(signal.{name}(padded, kernel, mode="same", precision="highest"))',
        )
        for name in ("correlate2d", "convolve2d")
    },
    "skimage.correlate_sparse": ("from skimage import filters", "filters.correlate_sparse(padded, kernel)"),
    "pyvips.conv": (
        "import pyvips",
        "pyvips.Image.new_from_array(padded).conv(pyvips.Image.new_from_array(kernel.tolist())).numpy()",
    ),
    "pillow.kernel": (
        "from PIL import Image, ImageFilter",
        "np.asarray(\n    Image.fromarray(padded.astype(np.uint8)).filter(\n"
        "        ImageFilter.Kernel(kernel.shape[::-1], kernel.ravel().tolist(), scale=1)\n    )\n).astype(float)",
    ),
}


def snippet(ported: Port) -> str:
    """Python that makes `result` of a gray `image`, a script for a tool, or MATLAB.

    Raises CorrconvError for targets without a known call, and for what a tool cannot do.
    """
    if ported.target.name in LINES:
        return command_script(ported)
    if ported.target.name.startswith("matlab."):
        return matlab_script(ported)
    if ported.target.name not in CALLS:
        raise CorrconvError(
            f"no snippet is known for {ported.target.name}; port to another library or tool of `corrconv conventions`"
        )
    imports, call = CALLS[ported.target.name]
    kernel = write_kernel(ported.passed.with_anchor("center"), Notation.NUMPY)
    lines = ["import numpy as np", imports, "", f"kernel = {kernel}", "kernel = kernel.astype(float)"]
    lines += ["padded = image.astype(float)", *pad_lines(ported), f"result = {call}", *after_lines(ported)]
    return "\n".join(lines)


def port_text(ported: Port) -> str:
    """What must be done, step by step, as comments above the snippet."""
    source, target = ported.source, ported.target
    lines = [
        f"# {source.name} computes: {operation_words(source)}",
        f"# {target.name} computes: {operation_words(target)}",
        "# Kernel: turned or mirrored for the target." if ported.flipped else "# Kernel: the same.",
    ]
    if ported.padding is None:
        lines.append("# Borders and anchor agree, or the call says them: no padding.")
    else:
        lines.append(f"# Borders or anchor differ: pad by hand ({source.borders}), then cut the results out.")
    if ported.factor != 1 or ported.offset != 0:
        lines.append("# Scale: the results are multiplied and shifted afterwards.")
    if ported.restores_border:
        lines.append(f"# {source.name} does not filter the border: it is put back.")
    text = "\n".join([*lines, snippet(ported)])
    return text.replace("\n# ", "\n% ").replace("# ", "% ", 1) if target.name.startswith("matlab.") else text


def port_document(ported: Port) -> dict[str, Any]:
    """A port for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "from": ported.source.name,
        "to": ported.target.name,
        "kernel": ported.passed.weights.tolist(),
        "flipped": ported.flipped,
        "padding": [list(widths) for widths in ported.padding] if ported.padding else None,
        "padding_borders": {name: str(side) for name, side in ported.source.borders.sides.items()},
        "crop": list(ported.crop) if ported.crop else None,
        "factor": ported.factor,
        "offset": ported.offset,
        "direct": ported.direct,
        "snippet": snippet(ported),
    }
