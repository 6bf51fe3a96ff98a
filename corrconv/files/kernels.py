"""Kernels from where people keep them: files of many kinds, the zoo, a few numbers on the command line."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from corrconv.core.kernel import Kernel, resolve_anchor
from corrconv.core.kernel_algebra import chained
from corrconv.core.notation import kernel_from_array, parse_json, parse_kernel, parse_vips, write_kernel
from corrconv.core.terms import Notation
from corrconv.core.zoo import ZOO, zoo_kernel
from corrconv.errors import FileError, KernelError
from corrconv.files.decoding import NPY_SIGNATURE, decode_image, is_picture, read_array
from corrconv.files.inputs import STANDARD_STREAM, is_file, open_input
from corrconv.files.outputs import is_folder, open_output, write_text
from corrconv.files.picture import to_gray, without_opaque_alpha
from corrconv.files.samples import PREFIX as SAMPLE_PREFIX

# MATLAB's own .mat files: version 5 to 7 and 7.3 begin with their name, bare HDF5 with its signature.
_MATLAB_SIGNATURES = (b"MATLAB ", b"\x89HDF\r\n")

_ZOO_NAME = re.compile(r"[A-Za-z][\w-]*(:.*)?")
_NOTATION_PREFIXES = ("ffmpeg:", "cv::", "gegl:")
# Kernels to be applied in turn: `sobel+box`; not the + of 1e+3 or of ImageMagick's 3x3+1+1.
_CHAIN = re.compile(r"\+(?=[A-Za-z\[(])")
_FILE_SUFFIX = re.compile(r"\.[A-Za-z]{2,5}$")
_PATH_START = re.compile(r"[A-Za-z_~]|\.{0,2}/")

# What a kernel file holds, by its suffix.
NOTATIONS = {
    ".json": Notation.JSON,
    ".csv": Notation.CSV,
    ".npy": Notation.NPY,
    ".mat": Notation.VIPS,
    ".txt": Notation.CSV,
}

# What a gray value is divided by, so that white is a weight of 1.
_WHITE = {"uint8": 255, "uint16": 65535}

# Inline kernels are called by their own text, unless that is longer than this.
LONGEST_NAME = 24

# What a kernel is called whose notation gave it no name.
_NAMELESS = Kernel([[1]]).name


def read_kernel(source: str, *, stdin: BinaryIO | None = None) -> Kernel:
    """The kernel that a path, a zoo name, an inline literal or `-` (standard input) stands for.

    An existing file wins over a zoo name. Files are read by suffix (.mat libvips, .json) or content
    (.npy, pictures: gray values / white), and as plain text otherwise; their kernel has the file's
    name unless it brings its own.

    Parameters
    ----------
    source : str
        What stands for a kernel.
    stdin : binary file, optional
        What `-` reads, in place of standard input.

    Returns
    -------
    Kernel

    Raises
    ------
    CorrconvError
        For what is no kernel.

    Examples
    --------
    >>> from corrconv import load_kernel
    >>> load_kernel("[1 2 1; 2 4 2; 1 2 1] / 16").sum
    1.0
    >>> load_kernel("sobel").weights
    array([[-1.,  0.,  1.],
           [-2.,  0.,  2.],
           [-1.,  0.,  1.]])
    """
    return _read(source, stdin).summable()


def _read(source: str, stdin: BinaryIO | None) -> Kernel:
    text = source.strip()
    if text == STANDARD_STREAM:
        with open_input(text, stdin=stdin) as file:
            return _read_content(file.read(), "standard input", suffix="").named("stdin")
    if is_file(source):
        return _read_file(Path(source))
    if len(parts := _CHAIN.split(text)) > 1:
        return chained([_read(part, stdin) for part in parts])
    if _looks_like_path(text) or (_ZOO_NAME.fullmatch(text) and text not in ZOO and is_folder(text)):
        return _read_file(Path(source))  # which says what is wrong with the path
    if text.startswith(SAMPLE_PREFIX):
        raise FileError(f"{text} is a picture, and a kernel is wanted here; name one as in 'corrconv kernel list'")
    if _ZOO_NAME.fullmatch(text) and not text.startswith(_NOTATION_PREFIXES):
        return zoo_kernel(text)
    kernel = parse_kernel(text)
    return kernel.named(text) if kernel.name == _NAMELESS and len(text) <= LONGEST_NAME else kernel


def is_picture_file(source: str) -> bool:
    """Whether what stands for a kernel is a picture file. Reads its first bytes only, and of nothing but a file."""
    if not (is_file(source) and Path(source).is_file()):  # a pipe can be read only once
        return False
    with open_input(source) as file:
        return is_picture(file.read(16))


def notation_of(target: str | Path) -> Notation:
    """The notation that the suffix of a kernel file stands for. Raises FileError for one that stands for none."""
    suffix = Path(target).suffix.lower()
    if suffix not in NOTATIONS:
        raise FileError(f"{target}: no kernel file ends in {suffix!r}; use {', '.join(NOTATIONS)}")
    return NOTATIONS[suffix]


def write_kernel_file(path: str | Path, kernel: Kernel, notation: Notation) -> None:
    """Write a kernel in a notation, whole or not at all.

    Raises KernelError for what the notation cannot hold and FileError where it cannot be written.
    """
    if notation is Notation.VIPS and Path(path).suffix.lower() != ".mat":
        raise FileError(f"{path}: a libvips kernel is told by its name; write it to {Path(path).stem}.mat")
    if notation is not Notation.NPY:
        write_text(path, write_kernel(kernel, notation) + "\n")
        return
    if kernel.anchor != resolve_anchor("center", kernel.shape):
        raise KernelError(f"npy holds no anchor, and that of {kernel.name} is not the centre; write json instead")
    with open_output(path) as file:
        np.save(cast("BinaryIO", SimpleNamespace(write=file.write)), kernel.weights, allow_pickle=False)


def _read_file(path: Path) -> Kernel:
    with open_input(path) as file:
        kernel = _read_content(file.read(), str(path), path.suffix.lower())
    has_own_name = path.suffix.lower() == ".json" and kernel.name != _NAMELESS
    return kernel if has_own_name else kernel.named(path.stem)


def _read_content(content: bytes, where: str, suffix: str) -> Kernel:
    if content.startswith(_MATLAB_SIGNATURES):
        raise FileError(
            f"{where}: is a binary MATLAB file; in MATLAB, write the kernel with writematrix(K, 'kernel.csv')"
        )
    if content.startswith(NPY_SIGNATURE) or suffix == ".npy":
        return kernel_from_array(read_array(BytesIO(content), where), where=where)
    if is_picture(content):
        return kernel_from_array(_weights_of_picture(content, where), where=where)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{where}: is neither a picture nor text in UTF-8 (byte {error.start + 1}); save it as plain text"
        ) from error
    if suffix == ".mat":
        return parse_vips(text, where=where)
    return parse_json(text, where=where) if suffix == ".json" else parse_kernel(text, where=where)


def _weights_of_picture(content: bytes, where: str) -> NDArray[np.float64]:
    gray = without_opaque_alpha(to_gray(decode_image(BytesIO(content), where)))
    if gray.has_alpha:
        raise FileError(f"{where}: a picture with transparent pixels is no kernel; save it without transparency")
    white = _WHITE.get(gray.pixels.dtype.name)
    if white is None:
        raise FileError(
            f"{where}: {gray.pixels.dtype} pixels have no white to divide by; save the weights themselves as .npy"
        )
    return gray.pixels / white


def _looks_like_path(text: str) -> bool:
    head = text.partition(":")[0]
    if any(bracket in head for bracket in "([{"):
        return False
    return bool(_FILE_SUFFIX.search(text) or (_PATH_START.match(head) and ("/" in head or "." in head)))
