"""What a page carries: pixels, kernels, and results of the core to check its own numbers by."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.compare.study import compare
from corrconv.commands.explain.reading import check_place
from corrconv.core.pixels import finite_range, pixel_limits
from corrconv.errors import CorrconvError, KernelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import KernelComparison
    from corrconv.core.kernel import Cell, Kernel
    from corrconv.core.options import Options

# Each product of a kernel is a cell of a table; more of them nobody reads.
LARGEST_SIDE = 31

# What the page may carry and compute: with text, a megabyte of file and about a second of work.
MOST_BYTES = 600_000
MOST_PRODUCTS = 200_000_000

CHECKED_PLACES = 64


@dataclass(frozen=True, eq=False)
class PageKernel:
    """One kernel: how its results compare, and some of them.

    places (n, 2): rows and columns of the results, corners among them. expected (2, n, C): what
    correlation and convolution gave there.
    """

    entry: KernelComparison
    places: NDArray[np.int32]
    expected: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Page:
    """One picture under some kernels.

    pixels (H, W, C): of a type that a script reads. limits: what is black and what is white. reduced:
    how many rows and columns of the picture became one. at, channel: the output pixel to begin
    with. results: those of the first kernel.
    """

    pixels: NDArray[Any]
    limits: tuple[float, float]
    reduced: int
    options: Options
    kernels: tuple[PageKernel, ...]
    at: Cell
    channel: int
    results: Results


def make_page(image: NDArray[Any], kernels: Sequence[Kernel], options: Options, at: Cell | None = None) -> Page:
    """Filter an image (H, W, C) with each kernel both ways; a large image is reduced first.

    at: the output pixel to begin with, by default the one where the first kernel's results differ most.
    Raises CorrconvError for what cannot be filtered, a kernel too large to be read and a place that
    does not exist.
    """
    for kernel in kernels:
        if max(kernel.shape) > LARGEST_SIDE:
            raise KernelError(
                f"{kernel.name} has {kernel.shape[0]}x{kernel.shape[1]} cells, and a page spells out every product;"
                f" use one of at most {LARGEST_SIDE}x{LARGEST_SIDE}"
            )
    factor = _reduction(image, max(kernel.weights.size for kernel in kernels))
    pixels = _plain(reduced(image, factor))
    entries: list[PageKernel] = []
    compared: list[Results] = []

    def keep(entry: KernelComparison, results: Results) -> None:
        entries.append(PageKernel(entry, *_sampled(results)))
        compared.append(results)

    compare(pixels, *kernels, options=options, consume=keep)
    results = compared[0]
    start = _most_different(results)
    if at is not None:
        check_place(at, results.shape[:2])
    return Page(
        pixels=pixels,
        limits=_limits(image, pixels),
        reduced=factor,
        options=options,
        kernels=tuple(entries),
        at=at or start[:2],
        channel=start[2],
        results=results,
    )


def reduced(image: NDArray[Any], factor: int) -> NDArray[Any]:
    """The image (H, W, C) with the mean of each factor x factor pixels in place of them, of the same type.

    Rows and columns that fill no whole pixel are left out.
    """
    if factor == 1:
        return image
    rows, columns = (side // factor for side in image.shape[:2])
    if not rows or not columns:
        raise CorrconvError(
            f"the image has {image.shape[0]} rows and {image.shape[1]} columns, too many for a page and too few to be"
            " reduced; take a part of it"
        )
    blocks = image[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor, -1)
    means = blocks.mean(axis=(1, 3), dtype=np.float64)
    whole: NDArray[np.float64] = np.rint(means) if image.dtype.kind in "biu" else means
    return whole.astype(image.dtype)


def _reduction(image: NDArray[Any], cells: int) -> int:
    share = max(image.size * _plain_dtype(image.dtype).itemsize / MOST_BYTES, 2 * image.size * cells / MOST_PRODUCTS)
    return ceil(sqrt(max(1.0, share)))


def _plain_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The narrowest of the types that a script reads."""
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    candidates = (np.uint8, np.uint16, np.int32, np.float32)
    return next((np.dtype(plain) for plain in candidates if np.can_cast(dtype, plain)), np.dtype(np.float64))


def _plain(image: NDArray[Any]) -> NDArray[Any]:
    return image.astype(_plain_dtype(image.dtype))


def _limits(image: NDArray[Any], pixels: NDArray[Any]) -> tuple[float, float]:
    if image.dtype.kind == "b" or image.dtype in (np.uint8, np.uint16):
        return pixel_limits(image.dtype)
    low, high = finite_range(pixels)
    return (low, high) if low < high else (low, low + 1) if low == high else (0.0, 1.0)


def _sampled(results: Results) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    rows, columns, _ = results.shape
    corners = [0, columns - 1, (rows - 1) * columns, rows * columns - 1]
    spread = np.linspace(0, rows * columns - 1, CHECKED_PLACES - 2).astype(np.int64)
    at = np.unravel_index(np.unique(np.concatenate([corners, spread])), (rows, columns))
    return np.stack(at, axis=1).astype(np.int32), np.stack([results.correlation[at], results.convolution[at]])


def _most_different(results: Results) -> tuple[int, int, int]:
    difference = np.nan_to_num(np.abs(results.difference))
    if not difference.any():
        return difference.shape[0] // 2, difference.shape[1] // 2, 0
    row, column, channel = np.unravel_index(int(difference.argmax()), difference.shape)
    return int(row), int(column), int(channel)
