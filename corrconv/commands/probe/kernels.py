"""The kernels that a target is shown, and what their shapes are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corrconv.libraries.target import KERNEL_SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from corrconv.libraries.target import Shape


def corner_kernel(shape: Shape) -> NDArray[np.float64]:
    """A kernel that no turn or mirror leaves as it is, of rank 1, with 1, 2, 3 and 6 in its corners.

    The wide steps between its cells survive rounding to 8 bits, and the zeros keep the sums small.
    """
    column, row = np.zeros(shape[0]), np.zeros(shape[1])
    column[-1], row[-1] = 3, 2
    column[0] = row[0] = 1
    return np.outer(column, row)


def whole_kernel(
    shape: Shape, random: np.random.Generator, positive: int, negative: int, *, separable: bool = False
) -> NDArray[np.float64]:
    """A random kernel of whole numbers whose positive cells sum to one number and its negative ones to another.

    Both numbers are multiples of 4. With powers of two for divisors, every quotient is exact, so that
    no rounding inside the target decides the outcome.
    """
    if separable and shape[0] > 1:
        factor = whole_kernel((1, shape[0]), random, positive // 4, negative // 4)
        return np.outer(factor, whole_kernel((1, shape[1]), random, 4, 0))
    order = random.permutation(shape[0] * shape[1])
    split = max(1, len(order) // 3) if negative else 0
    cells = np.zeros(len(order))
    for places, total in ((order[split:], positive), (order[:split], -negative)):
        if total:
            amounts = random.multinomial(abs(total), np.full(len(places), 1 / len(places)))
            cells[places] = np.sign(total) * amounts
    return cells.reshape(shape)


def listed(shapes: Iterable[Shape]) -> str:
    """The shapes as people write them."""
    return ", ".join(f"{rows}x{columns}" for rows, columns in shapes)


# Families of shapes, the widest first, and what each is called whose longest side is so long.
FAMILIES: tuple[tuple[Callable[[Shape], bool], str], ...] = (
    (lambda shape: min(shape) > 1 and is_odd(shape), "odd sides up to {}"),
    (lambda shape: min(shape) > 1 and not any(side % 2 for side in shape), "even sides up to {}"),
    (lambda shape: min(shape) > 1 and sum(shape) % 2 == 1, "an odd and an even side up to {}"),
    (lambda shape: shape[0] == 1, "1xN up to {}"),
    (lambda shape: shape[0] == 1 and is_odd(shape), "1xN for odd N up to {}"),
    (lambda shape: shape[0] == 1 and not is_odd(shape), "1xN for even N up to {}"),
    (lambda shape: shape[1] == 1, "Nx1 up to {}"),
    (lambda shape: shape[1] == 1 and is_odd(shape), "Nx1 for odd N up to {}"),
    (lambda shape: shape[1] == 1 and not is_odd(shape), "Nx1 for even N up to {}"),
)


def is_odd(shape: Shape) -> bool:
    """Whether all sides are odd."""
    return all(side % 2 for side in shape)


def families(shapes: Sequence[Shape], tried: Sequence[Shape]) -> str:
    """The shapes in words: whole families, of all that were tried, by their names; the rest one by one."""
    if set(shapes) >= set(KERNEL_SHAPES):
        return "odd and even sides up to 11, 1xN and Nx1"
    left, words = list(shapes), []
    for belongs, name in FAMILIES:
        family = [shape for shape in tried if belongs(shape)]
        if len(family) > 1 and all(shape in left for shape in family):
            words.append(name.format(max(max(shape) for shape in family)))
            left = [shape for shape in left if shape not in family]
    return ", ".join([*words, *([listed(left)] if left else [])])
