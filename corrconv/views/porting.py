"""A port as plain instructions, as a runnable snippet, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.core.conventions import BorderRule, Borders
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError
from corrconv.views.conventions import DOCUMENT_VERSION, operation_words

if TYPE_CHECKING:
    from corrconv.studies.porting import Port

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
}


def snippet(ported: Port) -> str:
    """Python that makes `result` of a gray `image`. Raises CorrconvError for targets without a known call."""
    if ported.target.name not in CALLS:
        raise CorrconvError(f"no snippet is known for {ported.target.name}; port to one of {', '.join(CALLS)}")
    imports, call = CALLS[ported.target.name]
    kernel = write_kernel(ported.passed.with_anchor("center"), Notation.NUMPY)
    lines = ["import numpy as np", imports, "", f"kernel = {kernel}", "kernel = kernel.astype(float)"]
    lines += ["padded = image.astype(float)", *_pad_lines(ported), f"result = {call}", *_after_lines(ported)]
    return "\n".join(lines)


def _pad_lines(ported: Port) -> list[str]:
    if ported.padding is None or not any(map(any, ported.padding)):
        return []
    (top, bottom), (left, right) = ported.padding
    borders = ported.source.borders
    if borders.shared is not None:
        return [_pad(((top, bottom), (left, right)), borders, "top")]
    # Columns first, so that a constant at the top or bottom wins in the corners.
    widths = {
        "left": ((0, 0), (left, 0)),
        "right": ((0, 0), (0, right)),
        "top": ((top, 0), (0, 0)),
        "bottom": ((0, bottom), (0, 0)),
    }
    return [_pad(width, borders, name) for name, width in widths.items() if any(map(any, width))]


def _pad(widths: tuple[tuple[int, int], tuple[int, int]], borders: Borders, name: str) -> str:
    side = borders.sides[name]
    constant = f", constant_values={side.fill:g}" if side.rule is BorderRule.CONSTANT else ""
    return f'padded = np.pad(padded, {widths}, mode="{side.rule.boundary}"{constant})'


def _after_lines(ported: Port) -> list[str]:
    lines = []
    if ported.crop is not None:
        grown = ported.source.output_shape((0, 0), ported.kernel.shape)
        stops = [
            f"{place} + image.shape[{axis}]{f' {grown[axis]:+d}' if grown[axis] else ''}"
            for axis, place in enumerate(ported.crop)
        ]
        lines.append(f"result = result[{ported.crop[0]} : {stops[0]}, {ported.crop[1]} : {stops[1]}]")
    if ported.factor != 1:
        lines.append(f"result = result * {ported.factor!r}")
    if ported.offset != 0:
        lines.append(f"result = result + {ported.offset!r}")
    if ported.restores_border:
        lines += _border_lines(ported)
    return lines


def _border_lines(ported: Port) -> list[str]:
    rows, columns = ported.source.orientation.of_shape(ported.kernel.shape)
    top, left = (-place for place in ported.source.start(ported.kernel.shape))
    places = {
        "top": (top, f"[:{top}]"),
        "bottom": (rows - 1 - top, f"[-{rows - 1 - top}:]"),
        "left": (left, f"[:, :{left}]"),
        "right": (columns - 1 - left, f"[:, -{columns - 1 - left}:]"),
    }
    lines = []
    for name, (width, place) in places.items():
        side = ported.source.borders.sides[name]
        if width > 0 and side.rule is BorderRule.UNFILTERED:
            lines.append(f"result{place} = image{place}")
        elif width > 0 and side.rule is BorderRule.BLANK:
            lines.append(f"result{place} = {side.fill:g}")
    return lines


def port_text(ported: Port) -> str:
    """What must be done, step by step, as comments above the snippet."""
    source, target = ported.source, ported.target
    lines = [
        f"# {source.name} computes: {operation_words(source)}",
        f"# {target.name} computes: {operation_words(target)}",
        "# Kernel: turned or mirrored for the target." if ported.flipped else "# Kernel: the same.",
    ]
    if ported.padding is None:
        lines.append("# Borders and anchor agree: no padding.")
    else:
        lines.append(f"# Borders or anchor differ: pad by hand ({source.borders}), then cut the results out.")
    if ported.factor != 1 or ported.offset != 0:
        lines.append("# Scale: the results are multiplied and shifted afterwards.")
    if ported.restores_border:
        lines.append(f"# {source.name} does not filter the border: it is put back.")
    return "\n".join([*lines, snippet(ported)])


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
