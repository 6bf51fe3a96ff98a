"""What a library of a given convention makes of an image and a kernel, number by number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.arrays import size_words
from corrconv.core.boundary import OUTSIDE, source_indices
from corrconv.core.convention.model import REPLACED, BorderRule, Borders, Convention, Scale, Side, ZeroSum
from corrconv.core.convention.summing import Summing, Walk
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Cell, Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Operation, OutputSize
from corrconv.errors import CorrconvError

# All rows and columns of a result.
WHOLE = (slice(None), slice(None))


def raw_sums(
    image: NDArray[Any], kernel: Kernel, convention: Convention, part: tuple[slice, slice] = WHOLE
) -> NDArray[np.float64]:
    """The sums of products before scale, bias and rounding; exact for whole numbers.

    image (H, W) or (H, W, C). part: the rows and columns of the result that are wanted. The orientation, the
    anchor, the borders and the output size of the convention decide which pixels each sum reads; results that a
    border rule replaces are included.
    Raises CorrconvError where the image is too small for any output.
    """
    convention = convention.for_shape(kernel.shape)
    padded = _read_pixels(image, kernel.shape, convention, part)
    if padded.dtype.kind == "f":
        padded = padded.astype(np.float64)
    return filter_array(
        padded,
        convention.orientation.of_weights(kernel.weights),
        Operation.CORRELATION,
        Options(output_size=OutputSize.VALID, stride=convention.stride, dilation=convention.dilation),
        channel_axis=None if image.ndim == 2 else -1,
    )


def _read_pixels(
    image: NDArray[Any], shape: tuple[int, int], convention: Convention, part: tuple[slice, slice]
) -> NDArray[Any]:
    """All pixels that a kernel of this shape reads for a part of the results, those outside the image made up."""
    image_shape = (image.shape[0], image.shape[1])
    rows, columns = convention.output_shape(image_shape, shape)
    if rows < 1 or columns < 1:
        raise CorrconvError(
            f"the {shape[0]}x{shape[1]} kernel does not fit into the image of {size_words(image.shape)};"
            " output size 'valid' leaves nothing"
        )
    stride, extent = convention.stride, convention.extent(shape)
    (top, bottom, _), (left, right, _) = part[0].indices(rows), part[1].indices(columns)
    reads = ((bottom - top - 1) * stride[0] + extent[0], (right - left - 1) * stride[1] + extent[1])
    first = convention.start(shape, image_shape)
    start = (first[0] + top * stride[0], first[1] + left * stride[1])
    return padded_window(spread_pixels(image, convention.spread), start, reads, convention.borders)


def spread_pixels(image: NDArray[Any], spread: tuple[int, int]) -> NDArray[Any]:
    """The image with its pixels so many rows and columns apart, and zeros between them."""
    if spread == (1, 1):
        return image
    rows, columns = ((length - 1) * step + 1 for length, step in zip(image.shape, spread, strict=False))
    wide = np.zeros((rows, columns, *image.shape[2:]), image.dtype)
    wide[:: spread[0], :: spread[1]] = image
    return wide


def padded_window(
    image: NDArray[Any], start: tuple[int, int], shape: tuple[int, int], borders: Borders, step: Cell = (1, 1)
) -> NDArray[Any]:
    """The pixels from place start on, (rows, columns) of them, made up where they lie outside the image.

    step: how far apart they lie. Where two constants meet in a corner, the one of the top or bottom wins.
    """
    rows = read_places(image.shape[0], start[0], shape[0], borders.top, borders.bottom, step[0])
    columns = read_places(image.shape[1], start[1], shape[1], borders.left, borders.right, step[1])
    # Constant places are overwritten with the fill; any pixel will do until then.
    padded: NDArray[Any] = image[np.ix_(np.where(rows == OUTSIDE, 0, rows), np.where(columns == OUTSIDE, 0, columns))]
    fills = [side.fill for side in borders.sides.values() if side.rule is BorderRule.CONSTANT]
    if padded.dtype.kind in "biu" and not all(_holds(padded.dtype, fill) for fill in fills):
        padded = padded.astype(np.float64)
    places = start[1] + step[1] * np.arange(shape[1])
    for side, outside in ((borders.left, places < 0), (borders.right, places >= image.shape[1])):
        if side.rule is BorderRule.CONSTANT:
            padded[:, outside] = side.fill
    places = start[0] + step[0] * np.arange(shape[0])
    for side, outside in ((borders.top, places < 0), (borders.bottom, places >= image.shape[0])):
        if side.rule is BorderRule.CONSTANT:
            padded[outside] = side.fill
    return padded


def _holds(dtype: np.dtype[Any], fill: float) -> bool:
    if dtype.kind == "b":
        return fill in (0, 1)
    limits = np.iinfo(dtype)
    return float(fill).is_integer() and limits.min <= fill <= limits.max


def read_places(length: int, start: int, count: int, before: Side, after: Side, step: int = 1) -> NDArray[np.intp]:
    """The pixels along an axis that stand for every step-th place from start on; OUTSIDE where a constant does."""
    stop = start + step * (count - 1) + 1
    places = np.arange(start, stop)
    if start < 0:
        reach = -start
        made_up = source_indices(length, reach, 0, before.rule.boundary)[:reach]
        places[places < 0] = made_up[: np.count_nonzero(places < 0)]
    if stop > length:
        made_up = source_indices(length, 0, stop - length, after.rule.boundary)[length:]
        outside = np.arange(start, stop) >= length
        places[outside] = made_up[-np.count_nonzero(outside) :]
    return places[::step]


def apply_convention(image: NDArray[Any], kernel: Kernel, convention: Convention) -> NDArray[Any]:
    """What a target of this convention makes of an image (H, W) or (H, W, C) and a kernel.

    Real images give float64; whole-number ones follow the convention's numbers. Raises CorrconvError
    where the convention refuses the kernel.
    """
    return fitted_values(exact_values(image, kernel, convention), image.dtype, kernel.shape, convention)


def fitted_values(
    values: NDArray[np.float64], image_dtype: np.dtype[Any], shape: tuple[int, int], convention: Convention
) -> NDArray[Any]:
    """The results of a kernel of this shape in the type of the output, rounded and made to fit it."""
    if image_dtype.kind == "f":
        return values
    return convention.for_shape(shape).numbers_of(image_dtype).fit(values, image_dtype)


def used_kernel(kernel: Kernel, convention: Convention, image_dtype: np.dtype[Any]) -> Kernel:
    """The kernel as it is used for images of this type: some libraries cut its weights off to whole numbers."""
    if not convention.whole_weights or image_dtype.kind == "f":
        return kernel
    return Kernel(np.trunc(kernel.weights), name=kernel.name)


def exact_values(
    image: NDArray[Any], kernel: Kernel, convention: Convention, part: tuple[slice, slice] = WHOLE
) -> NDArray[np.float64]:
    """The results of a convention, or a part of them, before they are rounded and made to fit a type.

    Where the order of a library's sums decides how they are rounded, they are summed in its order.
    """
    check_pixels(image.dtype, convention)
    check_shape(kernel, convention)
    check_size(image.shape, kernel, convention)
    convention = convention.for_shape(kernel.shape)
    kernel = used_kernel(kernel, convention, image.dtype)
    divisor = convention.scale.divisor(kernel)
    summing = convention.numbers_of(image.dtype).summing
    if divisor == 0 and convention.zero_sum is ZeroSum.REFUSED:
        raise CorrconvError(f"{convention.name} divides by the kernel's sum, and {kernel.name} sums to 0")
    if divisor == 0 and convention.zero_sum is ZeroSum.ZERO:
        values = raw_sums(image, kernel, convention, part) * 0.0 + convention.bias
    elif summing is not None and image.dtype.kind in "iu":
        values = _sums_in_order(image, kernel, convention, summing, divisor or 1.0, part)
    else:
        values = raw_sums(image, kernel, convention, part)
        if divisor not in {0, 1}:
            values = values / divisor
        if (convention.gain, convention.bias) != (1.0, 0.0):
            values = values * convention.gain + convention.bias
    return replace_border_results(values, image, kernel.shape, convention, part)


def _sums_in_order(
    image: NDArray[Any],
    kernel: Kernel,
    convention: Convention,
    summing: Summing,
    divisor: float,
    part: tuple[slice, slice],
) -> NDArray[np.float64]:
    """The values as a library sums them: exact ones, and those on a rounding edge product by product."""
    if summing.divided_last:
        return summing.rescaled(raw_sums(image, kernel, convention, part), divisor / convention.gain, convention.bias)
    peak = float(np.iinfo(image.dtype).max)
    raw = convention.scale is Scale.RAW and convention.gain == 1
    given = summing.divided(kernel.weights, None if raw else divisor / convention.gain)
    after = 1.0 if summing.divided_first else convention.gain / summing.cut(divisor, given)
    values = raw_sums(image, Kernel(given.astype(np.float64), name=kernel.name), convention, part) + convention.bias
    values = values * after
    if not summing.is_exact(given, peak):
        edges = np.nonzero(summing.on_edge(values, given * after, peak))
        starts = (edges[0] * convention.stride[0], edges[1] * convention.stride[1], *edges[2:])
        laid = convention.orientation.of_weights(given)
        order = convention.orientation.of_weights(np.arange(given.size).reshape(given.shape))
        walk = Walk(*convention.dilation, cells=np.argsort(order, axis=None).reshape(given.shape))
        pixels = _read_pixels(image, kernel.shape, convention, part)
        values[edges] = summing.sums(pixels, laid, starts, walk, bias=convention.bias, after=after)
    return summing.kept(values)


def check_pixels(dtype: np.dtype[Any], convention: Convention) -> None:
    """Raise CorrconvError for whole-number pixels that it does not take; those of 64 bits are plain numbers."""
    if dtype.kind in "iu" and dtype.itemsize < 8 and not convention.takes(dtype):
        raise CorrconvError(
            f"{convention.name} takes {', '.join(convention.pixels)} pictures, and these pixels are {dtype};"
            " convert the picture first"
        )


def check_size(image_shape: tuple[int, ...], kernel: Kernel, convention: Convention) -> None:
    """Raise CorrconvError for an image that is too small for the kernel, where the convention does not cover it."""
    lengths, extent = (image_shape[0], image_shape[1]), convention.extent(kernel.shape)
    ends = [
        (-start, start + (outputs - 1) * stride + side - length)
        for start, outputs, stride, side, length in zip(
            convention.start(kernel.shape, lengths),
            convention.output_shape(lengths, kernel.shape),
            convention.stride,
            extent,
            convention.read_shape(lengths),
            strict=True,
        )
    ]
    if not convention.fits.takes(lengths, extent, (max(0, *ends[0]), max(0, *ends[1]))):
        raise CorrconvError(
            f"{convention.name} {convention.fits}: {kernel.name} is {kernel.shape[0]}x{kernel.shape[1]}, and the"
            f" picture has {size_words(image_shape)}"
        )


def check_shape(kernel: Kernel, convention: Convention) -> None:
    """Raise CorrconvError where the convention does not cover kernels of this shape, or of this sum."""
    if not convention.accepts(kernel.shape):
        raise CorrconvError(
            f"{convention.name} takes {convention.accepted}, and {kernel.name} is {kernel.shape[0]}x{kernel.shape[1]}"
        )
    cell = convention.anchor_cell(kernel.shape)
    if convention.anchor_inside and not all(0 <= at < side for at, side in zip(cell, kernel.shape, strict=True)):
        raise CorrconvError(
            f"{convention.name} refuses anchors outside the kernel, and cell {cell[0]},{cell[1]} is not one of"
            f" {kernel.name}, which is {kernel.shape[0]}x{kernel.shape[1]}"
        )
    if convention.smallest_sum is not None and kernel.sum < convention.smallest_sum:
        raise CorrconvError(
            f"{convention.name} divides by the kernel's sum and refuses sums below {convention.smallest_sum:g},"
            f" and {kernel.name} sums to {kernel.sum:g}"
        )


def replace_border_results(
    values: NDArray[np.float64],
    image: NDArray[Any],
    shape: tuple[int, int],
    convention: Convention,
    part: tuple[slice, slice] = WHOLE,
) -> NDArray[np.float64]:
    """The results, or a part of them, with those replaced that a border rule leaves unfiltered or blank.

    These are the outputs whose window, a kernel of this shape, reaches over the side.
    """
    sides = convention.borders.sides
    if convention.output_size is not OutputSize.SAME or not any(side.rule in REPLACED for side in sides.values()):
        return values
    replaced, unfiltered = values.copy(), image[:: convention.stride[0], :: convention.stride[1]][part]
    outputs = convention.output_shape((image.shape[0], image.shape[1]), shape)
    rows, columns = (np.arange(length)[wanted] for length, wanted in zip(outputs, part, strict=True))
    for name, strip in border_strips(image.shape[:2], convention, shape).items():
        reached = np.ix_(_lies_in(rows, strip[0]), _lies_in(columns, strip[1]))
        if sides[name].rule is BorderRule.UNFILTERED:
            replaced[reached] = unfiltered[reached]
        elif sides[name].rule is BorderRule.BLANK:
            replaced[reached] = sides[name].fill
    return replaced


def _lies_in(places: NDArray[np.intp], strip: slice) -> NDArray[np.bool_]:
    """Which places a strip holds."""
    return (places >= (strip.start or 0)) & (places < (np.inf if strip.stop is None else strip.stop))


def border_strips(
    image_shape: tuple[int, ...], convention: Convention, shape: tuple[int, int]
) -> dict[str, tuple[slice, slice]]:
    """For each side, the `same` outputs whose windows reach over it; as many on opposite sides in an even frame."""
    (top, left), (bottom, right) = _inside(image_shape, convention, shape)
    if convention.even_frame:
        bottom, right = min(bottom, image_shape[0] - top), min(right, image_shape[1] - left)
    everything = slice(None)
    return {
        "top": (slice(0, top), everything),
        "bottom": (slice(max(0, bottom), None), everything),
        "left": (everything, slice(0, left)),
        "right": (everything, slice(max(0, right), None)),
    }


def interior(image_shape: tuple[int, ...], convention: Convention, shape: tuple[int, int]) -> tuple[slice, slice]:
    """The outputs whose windows, a kernel of this shape, lie inside the image: they know no border rule."""
    low, high = _inside(image_shape, convention, shape)
    outputs = convention.output_shape((image_shape[0], image_shape[1]), shape)
    stops = [max(first, min(outputs[axis], high[axis])) for axis, first in enumerate(low)]
    return slice(low[0], stops[0]), slice(low[1], stops[1])


def _inside(image_shape: tuple[int, ...], convention: Convention, shape: tuple[int, int]) -> tuple[Cell, Cell]:
    """The first outputs whose windows lie inside the image, and the ones behind the last of them, if there were such.

    By rows and by columns.
    """
    size = (image_shape[0], image_shape[1])
    axes = zip(
        convention.start(shape, size),
        convention.extent(shape),
        convention.read_shape(size),
        convention.stride,
        strict=True,
    )
    low, high = zip(
        *(
            (max(0, -(start // stride)), (length - extent - start) // stride + 1)
            for start, extent, length, stride in axes
        ),
        strict=True,
    )
    return (low[0], low[1]), (high[0], high[1])
