"""Hypothesis strategies: small images, kernels with every anchor, and every way to lay one over the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from corrconv.core.kernel import Kernel
from corrconv.core.terms import Boundary, Operation, OutputSize

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL_WHOLE_NUMBERS = st.integers(-9, 9)
MODERATE_REALS = st.floats(-1000, 1000, allow_subnormal=False)

boundaries = st.sampled_from(Boundary)
output_sizes = st.sampled_from(OutputSize)
operations = st.sampled_from(Operation)


def matrices(
    elements: st.SearchStrategy[Any] = SMALL_WHOLE_NUMBERS,
    dtype: type[np.generic] = np.int64,
    max_side: int = 6,
) -> st.SearchStrategy[NDArray[Any]]:
    """Arrays (rows, columns), each side from 1 to max_side."""
    sides = st.integers(1, max_side)
    return arrays(dtype, st.tuples(sides, sides), elements=elements, fill=st.nothing())


@st.composite
def kernels(
    draw: st.DrawFn,
    elements: st.SearchStrategy[Any] = SMALL_WHOLE_NUMBERS,
    max_side: int = 5,
    *,
    anchored_anywhere: bool = True,
) -> Kernel:
    """Kernels of odd and even sides; any cell may be the anchor, or only the centre."""
    weights = draw(matrices(elements, np.float64, max_side))
    if not anchored_anywhere:
        return Kernel(weights)
    row, column = (draw(st.integers(0, side - 1)) for side in weights.shape)
    return Kernel(weights, (row, column))


def rank_one_kernels(max_side: int = 5) -> st.SearchStrategy[Kernel]:
    """Kernels that are one column times one row, for an engine that takes no others."""
    lines = st.lists(SMALL_WHOLE_NUMBERS, min_size=1, max_size=max_side)
    products = st.tuples(lines, lines).map(lambda both: np.outer(*both))
    return products.flatmap(
        lambda weights: st.sampled_from([Kernel(weights, anchor) for anchor in np.ndindex(*weights.shape)])
    )


@dataclass(frozen=True)
class Case:
    """An image, a kernel and the options to filter by: whatever the output size, something is left."""

    image: NDArray[Any]
    kernel: Kernel
    options: dict[str, Any]


@st.composite
def cases(
    draw: st.DrawFn,
    elements: st.SearchStrategy[Any] = SMALL_WHOLE_NUMBERS,
    dtype: type[np.generic] = np.int64,
    kernels: st.SearchStrategy[Kernel] = kernels(),  # noqa: B008 - a strategy is a value
) -> Case:
    """Everything that can be asked of a filtering, kernels larger than the image included."""
    image, kernel = draw(matrices(elements, dtype)), draw(kernels)
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    extents = [step * (side - 1) + 1 for step, side in zip(dilation, kernel.shape, strict=True)]
    fits = all(extent <= length for extent, length in zip(extents, image.shape, strict=True))
    options = {
        "boundary": draw(boundaries),
        "fill": float(draw(elements)),
        "output_size": draw(output_sizes if fits else st.sampled_from([OutputSize.SAME, OutputSize.FULL])),
        "stride": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "dilation": dilation,
    }
    return Case(image, kernel, options)
