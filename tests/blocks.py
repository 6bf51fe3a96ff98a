"""Random filterings of arrays in blocks, and what makes two results the same to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.kernel import Kernel
from corrconv.core.terms import Boundary, Engine, Operation, OutputSize
from corrconv.core.zoo import zoo_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES = ("uint8", "int8", "uint16", "int16", "bool", "int32", "uint32", "int64", "float32", "float64", "float16")


@dataclass(frozen=True)
class BlockCase:
    """An image in chunks (one tuple of lengths an axis), and how it is to be filtered."""

    image: NDArray[Any]
    chunks: tuple[tuple[int, ...], ...]
    kernel: Kernel
    operation: Operation
    options: dict[str, Any]
    channel_axis: int | None
    dtype: str | None


def random_case(seed: int) -> BlockCase:
    """The case of this number."""
    rng = np.random.default_rng(seed)
    large = rng.random() < 0.15
    height, width = rng.integers(300, 900, 2) if large else rng.integers(1, 40, 2)
    channel_axis = None if rng.random() < 0.6 else int(rng.integers(-3, 3))
    shape = [int(height), int(width)]
    if channel_axis is not None:
        shape.insert(channel_axis % 3, int(rng.integers(1, 5)))
    kernel = _kernel(rng, large=large)
    dilation = tuple(int(step) for step in rng.integers(1, 4, 2))
    rows, columns = (axis for axis in range(len(shape)) if channel_axis is None or axis != channel_axis % 3)
    extents = [step * (side - 1) + 1 for step, side in zip(dilation, kernel.shape, strict=True)]
    fits = extents[0] <= shape[rows] and extents[1] <= shape[columns]
    options: dict[str, Any] = {
        "boundary": rng.choice(list(Boundary)),
        "fill": float(rng.choice([0, 0, 3, -2, 0.5, np.nan, np.inf], p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])),
        "output_size": rng.choice(list(OutputSize) if fits else [OutputSize.SAME, OutputSize.FULL]),
        "stride": tuple(int(step) for step in rng.choice([1, 1, 1, 2, 3, 7], 2)),
        "dilation": dilation,
    }
    if rng.random() < 0.5:
        options["anchor"] = tuple(int(rng.integers(side)) for side in kernel.shape)
    if rng.random() < 0.3:
        options["engine"] = rng.choice(list(Engine))
    return BlockCase(
        _image(rng, tuple(shape)),
        tuple(_lengths(rng, length, large=large) for length in shape),
        kernel,
        rng.choice(list(Operation)),
        options,
        channel_axis,
        rng.choice([None, None, None, "float32", "float64", "int64"]),
    )


def _image(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    dtype = np.dtype(rng.choice(DTYPES))
    if dtype.kind == "f":
        image = rng.normal(0, 100, shape).astype(dtype)
        if rng.random() < 0.3:
            places = rng.random(shape) < 0.02
            image[places] = rng.choice([np.nan, np.inf, -np.inf, -0.0, 0.0], int(places.sum()))
        if rng.random() < 0.2:
            with np.errstate(invalid="ignore"):
                image = np.where(np.isfinite(image), np.rint(image / 50) * rng.choice([-0.0, 1.0]), image).astype(dtype)
        return image
    limits = np.iinfo(dtype) if dtype.kind != "b" else None
    low, high = (0, 2) if limits is None else (max(limits.min, -(2**34)), min(limits.max, 2**34))
    if rng.random() < 0.5:
        low, high = max(low, -2), min(high, 3)
    return rng.integers(low, high, shape).astype(dtype)


def _kernel(rng: np.random.Generator, *, large: bool) -> Kernel:
    if rng.random() < 0.3:
        name = rng.choice(["box", "sobel", "gaussian:sigma=1.3", "emboss", "laplacian", "box:size=5", "box:size=2"])
        return zoo_kernel(str(name))
    sides = rng.integers(1, 16 if large else 7, 2)
    kind = rng.integers(4)
    weights = rng.integers(-3, 4, sides).astype(float) if kind < 2 else rng.normal(0, 1, sides)
    if kind == 3:
        weights = np.outer(weights[:, 0], weights[0])
    return Kernel(-np.abs(weights) if rng.random() < 0.1 else weights)


def _lengths(rng: np.random.Generator, length: int, *, large: bool) -> tuple[int, ...]:
    """The lengths of chunks along an axis: equal but for the last one, or uneven; often smaller than the kernel."""
    least = 40 if large else 1
    if rng.random() < 0.5:
        size = int(rng.integers(least, max(least + 1, length + 1)))
        return tuple(min(size, length - start) for start in range(0, length, size))
    lengths, left = [], length
    while left:
        lengths.append(min(left, int(rng.integers(least, 4 * least + 8))))
        left -= lengths[-1]
    return tuple(lengths)


def same_bits(found: NDArray[Any], expected: NDArray[Any]) -> bool:
    """Whether two results are the same, the signs of zeros included; one nan is as good as another."""
    return (
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and bool(np.array_equal(found, expected, equal_nan=found.dtype.kind == "f"))
        and bool(((np.signbit(found) == np.signbit(expected)) | np.isnan(found)).all())
    )
