"""Writers: text that gives the same kernel again, weights to the last bit and anchor, or an error."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from corrconv.core.kernel import Kernel, resolve_anchor
from corrconv.core.notation.numbers import write_number
from corrconv.core.terms import Notation
from corrconv.errors import KernelError

Rows = list[list[str]]

# More take gigabytes and longer than anybody waits, and nobody reads them.
MOST_WEIGHTS = 2_000_000

_FFMPEG_SIDES = (3, 5, 7)


def write_kernel(kernel: Kernel, notation: Notation) -> str:
    """The kernel in a notation, without a line end behind it.

    Whole numbers over one divisor are used where the notation has room for the divisor and they
    give the weights to the last bit. Raises KernelError for what the notation cannot hold.
    """
    if notation is Notation.NPY:
        raise KernelError("npy is not text; write the kernel to a file named .npy")
    check_writable(kernel)
    if notation is Notation.JAVA and kernel.anchor != resolve_anchor("lower", kernel.shape):
        raise KernelError(
            f"Java's Kernel has its origin at (side - 1) / 2, and that of {kernel.name} is"
            f" {kernel.anchor[0]},{kernel.anchor[1]}; put the anchor there (lower), or write svg or json"
        )
    if notation not in _WITH_ANCHOR and kernel.anchor != resolve_anchor("center", kernel.shape):
        raise KernelError(
            f"{notation} holds no anchor, and that of {kernel.name} is {kernel.anchor[0]},{kernel.anchor[1]},"
            f" not the centre; write imagemagick or json, or put the anchor there"
        )
    return _WRITERS[notation](kernel)


def check_writable(kernel: Kernel) -> None:
    """Raise KernelError for a kernel of more weights than are written as text."""
    if kernel.weights.size > MOST_WEIGHTS:
        rows, columns = kernel.shape
        raise KernelError(
            f"the {rows}x{columns} weights of {kernel.name} are more than the {MOST_WEIGHTS:,} that are written as"
            " text; keep it as npy, which holds any number, or cut it down"
        )


def _write_imagemagick(kernel: Kernel) -> str:
    (rows, columns), (row, column) = kernel.shape, kernel.anchor
    return f"{columns}x{rows}+{column}+{row}: {' '.join(_join(_weights(kernel), ','))}"


def _write_vips(kernel: Kernel) -> str:
    cells, divisor = _cells_and_divisor(kernel)
    rows, columns = kernel.shape
    return "\n".join([f"{columns} {rows} {divisor} 0", *_join(cells, " ")])


def _write_gmic(kernel: Kernel) -> str:
    return f"({';'.join(_join(_weights(kernel), ','))})"


def _write_matlab(kernel: Kernel) -> str:
    cells, divisor = _cells_and_divisor(kernel)
    return f"[{'; '.join(_join(cells, ' '))}]{_divided_by(divisor)}"


def _write_numpy(kernel: Kernel) -> str:
    cells, divisor = _cells_and_divisor(kernel)
    rows = ",\n          ".join(f"[{row}]" for row in _join(cells, ", "))
    return f"np.array([{rows}]){_divided_by(divisor)}"


def _write_csv(kernel: Kernel) -> str:
    return "\n".join(_join(_weights(kernel), ","))


def _write_json(kernel: Kernel) -> str:
    cells, divisor = _cells_and_divisor(kernel)
    scale = "1" if divisor == 1 else f'"1/{divisor}"'
    rows = ",\n    ".join(f"[{row}]" for row in _join(cells, ", "))
    return (
        f'{{\n  "name": {json.dumps(kernel.name)},\n  "source": {json.dumps(kernel.source)},\n'
        f'  "anchor": {json.dumps(kernel.anchor)},\n  "scale": {scale},\n  "kernel": [\n    {rows}\n  ]\n}}'
    )


def _write_ffmpeg(kernel: Kernel) -> str:
    rows, columns = kernel.shape
    if rows != columns or rows not in _FFMPEG_SIDES:
        raise KernelError(
            f"ffmpeg holds 3x3, 5x5 and 7x7 kernels, and {kernel.name} is {rows}x{columns}; write vips or csv"
        )
    if kernel.integer_form is None:
        raise KernelError(
            f"ffmpeg holds whole numbers, and the weights of {kernel.name} are none over one divisor;"
            f" round it, or take a whole-number relative such as binomial"
        )
    cells, divisor = kernel.integer_form
    if np.abs(cells).max() >= 2**31:
        raise KernelError(f"ffmpeg holds whole numbers below 2147483648, and {kernel.name} needs larger ones")
    own_divisor = int(cells.sum()) or 1
    if divisor != own_divisor:
        raise KernelError(
            f"ffmpeg divides by the sum of its whole numbers, here by {own_divisor}, and {kernel.name} needs {divisor};"
            f" another divisor (rdiv) is ignored by ffmpeg 5.1.9; normalize the kernel, or write vips or csv"
        )
    return f"ffmpeg:{' '.join(map(str, cells.ravel().tolist()))}"


def _write_c(kernel: Kernel) -> str:
    rows = "\n".join(f"    {{{row}}}," for row in _join(_weights(kernel), ", "))
    return f"const double kernel[{kernel.shape[0]}][{kernel.shape[1]}] = {{\n{rows}\n}};"


def _write_opencv(kernel: Kernel) -> str:
    cells = ", ".join(_join(_weights(kernel), ", "))
    return f"cv::Mat kernel = (cv::Mat_<double>({kernel.shape[0]}, {kernel.shape[1]}) << {cells});"


def _write_torch(kernel: Kernel) -> str:
    cells, divisor = _cells_and_divisor(kernel)
    rows = ", ".join(f"[{row}]" for row in _join(cells, ", "))
    return f"torch.tensor([{rows}], dtype=torch.float64){_divided_by(divisor)}"


def _write_java(kernel: Kernel) -> str:
    cells = ", ".join(f"{cell}f" for row in _weights(kernel) for cell in row)
    return f"new Kernel({kernel.shape[1]}, {kernel.shape[0]}, new float[] {{{cells}}})"


def _write_svg(kernel: Kernel) -> str:
    """The element; as the filter turns the kernel, its target is counted from the other end."""
    cells, divisor = _cells_and_divisor(kernel)
    (rows, columns), (row, column) = kernel.shape, kernel.anchor
    return (
        f'<feConvolveMatrix order="{columns} {rows}" kernelMatrix="{" ".join(_join(cells, " "))}" divisor="{divisor}"'
        f' targetX="{columns - 1 - column}" targetY="{rows - 1 - row}" preserveAlpha="true"/>'
    )


def _write_gimp(kernel: Kernel) -> str:
    """The operation's cells: letters are columns, digits rows, and c3 lies over the output pixel."""
    cells, divisor = _cells_and_divisor(kernel)
    (rows, columns), (row, column) = kernel.shape, kernel.anchor
    if max(row, column, rows - 1 - row, columns - 1 - column) > 2:
        raise KernelError(
            f"GIMP's grid of 5x5 does not hold {kernel.name}, {rows}x{columns}, about its anchor {row},{column};"
            " write svg, or take a smaller kernel"
        )
    letters = "abcde"[2 - column :]
    words = [f"{letters[x]}{3 - row + y}={cell}" for y, line in enumerate(cells) for x, cell in enumerate(line)]
    return f"gegl:convolution-matrix {' '.join(words)} divisor={divisor} normalize=false alpha-weight=false"


def _weights(kernel: Kernel) -> Rows:
    return [[write_number(weight) for weight in row] for row in kernel.weights.tolist()]


def _cells_and_divisor(kernel: Kernel) -> tuple[Rows, int]:
    if kernel.integer_form is None:
        return _weights(kernel), 1
    cells, divisor = kernel.integer_form
    return [[str(cell) for cell in row] for row in cells.tolist()], divisor


def _divided_by(divisor: int) -> str:
    return "" if divisor == 1 else f" / {divisor}"


def _join(rows: Rows, separator: str) -> list[str]:
    return [separator.join(row) for row in rows]


_WITH_ANCHOR = (Notation.IMAGEMAGICK, Notation.JSON, Notation.SVG, Notation.JAVA, Notation.GIMP)
_WRITERS: dict[Notation, Callable[[Kernel], str]] = {
    Notation.IMAGEMAGICK: _write_imagemagick,
    Notation.VIPS: _write_vips,
    Notation.GMIC: _write_gmic,
    Notation.MATLAB: _write_matlab,
    Notation.NUMPY: _write_numpy,
    Notation.CSV: _write_csv,
    Notation.JSON: _write_json,
    Notation.FFMPEG: _write_ffmpeg,
    Notation.C: _write_c,
    Notation.OPENCV: _write_opencv,
    Notation.TORCH: _write_torch,
    Notation.JAVA: _write_java,
    Notation.SVG: _write_svg,
    Notation.GIMP: _write_gimp,
}
