"""The first experiments: which kernels a target takes, how its results grow, and whether it is a linear filter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.probe.examination import (
    PICTURE_SHAPE,
    Examination,
    NotLinear,
    Refused,
    Unexplained,
    deviation,
)
from corrconv.commands.probe.kernels import corner_kernel, families

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Cell
    from corrconv.libraries.target import Shape

# Every stride up to 6 divides it.
MORE_PIXELS = 60
LARGEST_STEP = 6


@dataclass(frozen=True)
class Growth:
    """How the results of a target grow with its pictures, by rows and by columns.

    stride: so many pixels for each result; spread: so many results for each pixel.
    """

    stride: Cell = (1, 1)
    spread: Cell = (1, 1)


def offer_shapes(examination: Examination) -> tuple[tuple[Shape, str], ...]:
    """Offer kernels of every shape: the ones that give a picture are noted, the others given with the messages.

    Raises Refused where no kernel gives a picture.
    """
    refused = []
    image = examination.picture(PICTURE_SHAPE, 10)
    tried = examination.target.kernel_shapes
    for shape in tried:
        try:
            examination.call(image, corner_kernel(shape))
            examination.accepted.append(shape)
        except Refused as refusal:
            refused.append((shape, str(refusal)))
    taken = families(examination.accepted, tried) or "none"
    rest = families([shape for shape, _ in refused], tried)
    examination.log("Which kernels does it take?", f"{taken}; not {rest}" if refused else taken)
    if not examination.accepted:
        raise Refused(refused[0][1])
    return tuple(refused)


def offer_types(examination: Examination) -> tuple[tuple[str, str], ...]:
    """Offer pictures of every type: those that are refused are given with the messages, and not used any more."""
    target, refused = examination.target, []
    kernel = corner_kernel(examination.accepted[0])
    for name in target.image_dtypes[1:]:
        try:
            examination.call(np.zeros(PICTURE_SHAPE, name), kernel if target.whole_kernels else kernel / 4)
        except Refused as refusal:
            refused.append((name, str(refusal)))
    kept = tuple(name for name in target.image_dtypes if name not in dict(refused))
    examination.target = replace(target, image_dtypes=kept)
    return tuple(refused)


def measure_growth(examination: Examination, shape: Shape) -> Growth:
    """The steps, from how many more results a larger picture gives. Raises Unexplained for any other growth."""
    kernel = corner_kernel(shape)
    larger = (PICTURE_SHAPE[0] + MORE_PIXELS, PICTURE_SHAPE[1] + MORE_PIXELS)
    results = [examination.call(np.zeros(size, examination.dtype), kernel).shape for size in (PICTURE_SHAPE, larger)]
    strides, spreads = [], []
    for axis, name in enumerate(("rows", "columns")):
        more = results[1][axis] - results[0][axis]
        if more <= 0:
            rows, columns = results[1]
            raise Unexplained(f"the results are only {rows}x{columns} for larger pictures")
        stride, spread = max(1, MORE_PIXELS // more), max(1, more // MORE_PIXELS)
        if more * stride != MORE_PIXELS * spread or max(stride, spread) > LARGEST_STEP:
            raise Unexplained(
                f"a picture with {MORE_PIXELS} {name} more gives {more} {name} more, which no stride does"
            )
        strides.append(stride)
        spreads.append(spread)
    growth = Growth((strides[0], strides[1]), (spreads[0], spreads[1]))
    examination.log(
        "How do results grow with pictures?",
        f"one for every {growth.stride[0]}x{growth.stride[1]} pixels"
        if growth.spread == (1, 1)
        else f"{growth.spread[0]}x{growth.spread[1]} for every pixel",
    )
    return growth


def middle(values: NDArray[Any]) -> NDArray[np.float64]:
    """The results far from every border, for any output size."""
    rows, columns = values.shape
    kept = values[rows // 3 : rows - rows // 3, columns // 3 : columns - columns // 3]
    return kept.astype(np.float64)


def level(examination: Examination, kernel: NDArray[np.float64]) -> tuple[float, float]:
    """What a black picture gives (the bias), and the most that one gray level adds to it, far from the borders."""
    bias = black_level(examination, kernel)
    gray = middle(examination.call(np.ones(PICTURE_SHAPE, examination.dtype), kernel))
    return bias, float(np.abs(gray - bias).max())


def black_level(examination: Examination, kernel: NDArray[np.float64]) -> float:
    """What a black picture gives, far from the borders. Raises NotLinear where that is more than one level."""
    black = middle(examination.black(kernel))
    if not np.ptp(black) <= examination.tolerance:
        raise NotLinear(f"a black picture does not give one level but {black.min():g} to {black.max():g}")
    return float(np.median(black))


def headroom(examination: Examination, bias: float, response: float) -> float:
    """The largest gray level whose results stay below the upper limit."""
    white = examination.white
    room = min(white, examination.limits[1] - bias - 1) if examination.dtype.kind != "f" else white
    return max(1.0, min(white, 0.9 * room / max(response, 1e-9))) if room > 0 else 1.0


def check_linearity(examination: Examination, shape: Shape, growth: Growth) -> None:
    """Sums of pictures must give sums of results, and moved pictures moved results; twice the same, the same."""
    kernel = corner_kernel(shape)
    bias, examination.response = level(examination, kernel)
    peak = max(2.0, headroom(examination, bias, examination.response))
    tolerance = 3 * examination.tolerance
    first, second = (examination.picture(PICTURE_SHAPE, peak // 2) for _ in range(2))
    one, two, both = (examination.call(image, kernel).astype(np.float64) for image in (first, second, first + second))
    if deviation(one, examination.call(first, kernel)) > 0:
        raise NotLinear("the same picture and kernel gave different results")
    black = examination.black(kernel)
    off = deviation(both + black, one + two)
    examination.log("Is the result of a sum the sum of the results?", f"off by at most {off:.3g}")
    if off > tolerance:
        raise NotLinear(f"the result of a sum of pictures is not the sum of the results: off by {off:.3g}")
    _check_shifts(examination, kernel, peak, growth, tolerance)
    if examination.dtype.kind == "f":
        signed = examination.call(-first, kernel).astype(np.float64)
        if deviation(signed + one, 2 * black) > tolerance:
            raise NotLinear("a negated picture does not give the negated result")


def _check_shifts(
    examination: Examination, kernel: NDArray[np.float64], peak: float, growth: Growth, tolerance: float
) -> None:
    """The same patch at places that are multiples of the stride apart must give the same result there."""
    patch = examination.picture((3, 3), peak)
    results = []
    for rows, columns in ((0, 0), (1, 2), (2, 1)):
        top, left = (
            12 + rows * 6 // growth.stride[0] * growth.stride[0],
            12 + columns * 6 // growth.stride[1] * growth.stride[1],
        )
        image = np.zeros(PICTURE_SHAPE, examination.dtype)
        image[top : top + 3, left : left + 3] = patch
        result = examination.call(image, kernel) - examination.black(kernel)
        moved = (-(top * growth.spread[0] // growth.stride[0]), -(left * growth.spread[1] // growth.stride[1]))
        results.append(np.roll(result, moved, (0, 1))[np.ix_(range(-4, 7), range(-4, 7))])
    off = max(deviation(other, results[0]) for other in results[1:])
    examination.log("Does a moved picture give the moved result?", f"off by at most {off:.3g}")
    if off > tolerance:
        raise NotLinear(f"the same patch gives other results elsewhere, off by {off:.3g}: depends on position")
