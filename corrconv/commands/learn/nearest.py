"""Which kernel of the zoo is most like a given one?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.formulas import gaussian
from corrconv.core.kernel import Kernel
from corrconv.core.minimum import lowest_place
from corrconv.core.terms import Operation
from corrconv.core.zoo import ZOO, zoo_kernel
from corrconv.errors import KernelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.zoo import Parameter

# The settings that are tried, by the name of the parameter, beside the defaults of the others.
TRIED_SETTINGS = {
    "sigma": ("0.5", "0.7", "1", "1.4", "2", "3"),
    "angle": ("0", "45", "90", "135"),
    "phase": ("0", "90"),
    "amount": ("0.5", "1", "2"),
    "length": ("3", "5", "7", "9"),
}

# Weights below this share of the largest one do not widen a fitted Gaussian.
NOTICEABLE = 1e-6

# Where the search for a Gaussian begins: a pixel and next to nothing beside it.
SMALLEST_SIGMA = 0.15

# Likenesses closer than this are equal, so that rounding does not choose between them.
LIKENESS_DIGITS = 9


# A name helps where its kernel, scaled, is nine tenths of the squares of the weights. The zoo is large: of 60 random
# kernels of 3x3, half came to a likeness of 0.73 with one of it, and the most alike to 0.87.
LEAST_LIKENESS = 0.9**0.5


@dataclass(frozen=True)
class ZooLikeness:
    """A kernel is about `scale` times this zoo kernel, when both are laid by this operation.

    similarity: the cosine of the angle between the two kernels as vectors, 1 for equal ones.
    """

    kernel: Kernel
    operation: Operation
    scale: float
    similarity: float


@dataclass(frozen=True, eq=False)
class _ZooCandidate:
    """A zoo kernel, its weights embedded about its anchor, and the operation that it is meant for."""

    kernel: Kernel
    embedded: NDArray[np.float64]
    meant_for: Operation | None


def nearest_zoo_kernel(correlation_kernel: Kernel, noise: float = 0.0) -> ZooLikeness | None:
    """The zoo kernel most like the one that correlation lays, or its half-turn that convolution lays.

    Kernels are compared with their anchors over each other and zeros around them. Of equally like
    ones, a positive scale wins, then the shorter name, then the operation that the zoo kernel is
    meant for. None for a kernel of zeros, and where none is like it. noise: how far the weights may be off, as a
    share of all of them; a factor that it may have made is none, and a sigma has no figures that it may have made.
    """
    if not correlation_kernel.weights.any():
        return None
    laid = {Operation.CORRELATION: correlation_kernel, Operation.CONVOLUTION: correlation_kernel.turned()}
    likenesses = [
        (_likeness(kernel.embedded().weights, candidate, operation), candidate.meant_for)
        for operation, kernel in laid.items()
        for candidate in (*_candidates(correlation_kernel.shape), *_fitted_gaussians(kernel, noise))
    ]
    nearest = max(likenesses, key=lambda entry: _preference(*entry))[0]
    if nearest.similarity < LEAST_LIKENESS:
        return None
    return replace(nearest, scale=1.0) if abs(nearest.scale - 1) <= noise else nearest


def _fitted_gaussians(kernel: Kernel, noise: float) -> list[_ZooCandidate]:
    """The Gaussians most like the kernel, of its own size and of the size that holds its noticeable weights."""
    embedded = kernel.embedded().weights
    middle = [side // 2 for side in embedded.shape]
    noticeable = np.argwhere(np.abs(embedded) > NOTICEABLE * np.abs(embedded).max())
    reach = int(np.abs(noticeable - middle).max())
    sizes = {2 * reach + 1, min(embedded.shape), max(kernel.shape)} - {1}
    found = []
    for size in sorted(sizes):
        text = f"gaussian:sigma={_plainest_sigma(embedded, size, noise)}"
        if zoo_kernel(text).shape != (size, size):
            text += f",size={size}"
        fitted = zoo_kernel(text)
        found.append(_ZooCandidate(fitted, fitted.embedded().weights, None))
    return found


def _plainest_sigma(embedded: NDArray[np.float64], size: int, noise: float) -> str:
    """The sigma of the Gaussian of this size that is most like a kernel, with no more figures than that needs.

    The likeness has one peak over sigma, so its logarithm is sought.
    """

    def unlikeness(sigma: float) -> float:
        fitted = Kernel(gaussian(sigma, size))
        candidate = _ZooCandidate(fitted, fitted.embedded().weights, None)
        return 1 - _likeness(embedded, candidate, Operation.CORRELATION).similarity

    logarithm = lowest_place(lambda place: unlikeness(exp(place)), log(SMALLEST_SIGMA), log(max(size, 2)))
    best = exp(logarithm)
    allowed = 1.01 * unlikeness(best) + 10.0**-LIKENESS_DIGITS / 10 + noise**2 / 2
    figures = (f"{best:.{count}g}" for count in range(1, 7))
    return next((text for text in figures if unlikeness(float(text)) <= allowed), f"{best:.6g}")


def _preference(likeness: ZooLikeness, meant_for: Operation | None) -> tuple[float, bool, int, bool]:
    return (
        round(likeness.similarity, LIKENESS_DIGITS),
        likeness.scale > 0,
        # Without the name's length, sobel would be called robinson:direction=e, which is the same kernel.
        -len(likeness.kernel.name),
        likeness.operation is (meant_for or Operation.CORRELATION),
    )


def _likeness(embedded: NDArray[np.float64], candidate: _ZooCandidate, operation: Operation) -> ZooLikeness:
    """How like, and at which scale the candidate comes closest. Neither kernel is all zeros."""
    common = [min(sides) for sides in zip(embedded.shape, candidate.embedded.shape, strict=True)]
    largest = float(np.abs(embedded).max())
    embedded = embedded / largest  # squares of weights below 1e-162 would be 0
    product_sum = float(np.vdot(_middle(embedded, common), _middle(candidate.embedded, common)))
    norm = float(np.linalg.norm(candidate.embedded))
    similarity = abs(product_sum) / norm / float(np.linalg.norm(embedded))
    return ZooLikeness(candidate.kernel, operation, product_sum / norm**2 * largest, similarity)


def _middle(weights: NDArray[np.float64], shape: list[int]) -> NDArray[np.float64]:
    """The middle part of this shape; all sides are odd. The rest meets only zeros of the other kernel."""
    rows, columns = (
        slice((whole - part) // 2, (whole + part) // 2) for whole, part in zip(weights.shape, shape, strict=True)
    )
    return weights[rows, columns]


@cache
def _candidates(shape: tuple[int, int]) -> tuple[_ZooCandidate, ...]:
    """Every zoo kernel, with its choices and some usual settings tried, in sizes that fit the shape."""
    found: dict[str, _ZooCandidate] = {}
    for entry in ZOO.values():
        for settings in product(*(_tried(parameter, shape) for parameter in entry.parameters)):
            text = ",".join(filter(None, settings))
            try:
                kernel = zoo_kernel(f"{entry.name}:{text}" if text else entry.name)
            except KernelError:
                continue  # a setting that this kernel does not allow
            if kernel.weights.any():
                found[kernel.name] = _ZooCandidate(kernel, kernel.embedded().weights, entry.operation)
    return tuple(found.values())


def _tried(parameter: Parameter, shape: tuple[int, int]) -> list[str]:
    """The settings to try, as NAME=VALUE; an empty text leaves the default."""
    if parameter.choices:
        values = tuple(map(str, parameter.choices))
    elif parameter.name == "size":
        values = (str(shape[0]),)
    elif parameter.name in {"dy", "dx"}:
        reach = shape[0 if parameter.name == "dy" else 1] // 2
        values = tuple(map(str, range(-reach, reach + 1))) if reach <= 5 else ()
    else:
        values = TRIED_SETTINGS.get(parameter.name, ())
    return ["", *(f"{parameter.name}={value}" for value in values if value != str(parameter.default))]
