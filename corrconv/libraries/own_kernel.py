"""Functions that make their kernel by themselves: of which settings, and which settings make a wanted one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any

import numpy as np

from corrconv.core.arrays import Reals
from corrconv.core.convention.gaussian import in_units, profile
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError

Given = Mapping[str, Any]

# Weights that differ by less, relative to the largest, are the same but for rounding.
ALIKE = 1e-9

# The type of an image whose results are not rounded.
REAL = "float64"

EIGHT_BITS, OTHER_TYPES, ALL_TYPES = "8 bits", "other types", "all types"


@dataclass(frozen=True)
class Gaussian:
    """The sigma of a blur, in pixels, and how many weights it has along an axis; None for what is left open."""

    sigma: float | None = None
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class OwnKernel:
    """How a function makes the kernel that it lays over the image as a correlation.

    words: the rule for a reader, by what it is about. names: the settings that decide the kernel. shares: whether it
    takes pixels of whole numbers as shares of the brightest, so that white is 1.
    """

    words: Mapping[str, str]
    names: tuple[str, ...] = ()
    shares: bool = False

    def kernel(self, settings: Given, dtype: str = REAL) -> Kernel:
        """The kernel of these settings, as it is when an image of a type is filtered. Raises CorrconvError."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class GaussianRule(OwnKernel):
    """How a function makes the kernel of a blur.

    read: what its settings say of sigma and size. write: the settings for a sigma and a size, None for the size that
    it takes by itself. sizes: how many weights it takes for a sigma, by the type of the image; empty where a size must
    be said. sigma: what it takes for a size, or None where a sigma must be said. tables: sizes that have weights of
    their own if no sigma is said. weights: along one axis. whole_weights: parts of so many that they are rounded to, by
    the type of the image.
    """

    read: Callable[[Given], Gaussian]
    write: Callable[[float, int | None], Given]
    sizes: Mapping[str, Callable[[float], int]] = field(default_factory=dict)
    sigma: Callable[[int], float] | None = None
    tables: Mapping[int, Sequence[float]] = field(default_factory=dict)
    weights: Callable[[float, int], Reals] = profile
    whole_weights: Mapping[str, int] = field(default_factory=dict)

    def default_size(self, sigma: float, dtype: str) -> int | None:
        """How many weights it takes for a sigma, or None where it wants to be told."""
        kind = EIGHT_BITS if np.dtype(dtype).itemsize == 1 else OTHER_TYPES
        rule = self.sizes.get(ALL_TYPES) or self.sizes.get(kind)
        return rule(sigma) if rule else None

    def completed(self, said: Gaussian, dtype: str) -> Gaussian:
        """Sigma and size with what the function finds by itself; sigma None where it takes a table."""
        sigma, size = said.sigma, said.size
        if sigma is None and size is not None and size not in self.tables and self.sigma is not None:
            sigma = self.sigma(size)
        if sigma is not None and size is None:
            size = self.default_size(sigma, dtype)
        if size is None or (sigma is None and size not in self.tables):
            missing = "size" if size is None and sigma is not None else "sigma"
            raise CorrconvError(f"the function finds no {missing} by itself; say one, such as gaussian:sigma=2,size=13")
        if size < 1 or size % 2 == 0:
            raise CorrconvError(f"a size of {size} has no middle; the functions that blur take odd sizes only")
        return Gaussian(sigma, size)

    def kernel(self, settings: Given, dtype: str = REAL) -> Kernel:
        """The weights along one axis times those along the other."""
        found = self.completed(self.read(settings), dtype)
        size = found.size or 1
        weights = np.array(self.tables[size]) if found.sigma is None else self.weights(found.sigma, size)
        if unit := self.whole_weights.get(dtype):
            weights = in_units(weights, unit) / float(unit)
        return Kernel(np.outer(weights, weights))

    def nearest(self, said: Gaussian, dtype: str) -> Gaussian:
        """Sigma and size of the Gaussian that comes nearest to what the function makes."""
        found = self.completed(said, dtype)
        if found.sigma is not None or self.sigma is None or found.size is None:
            return found
        return Gaussian(self.sigma(found.size), found.size)

    def settings(self, wanted: Gaussian, given: Given, dtype: str) -> Given:
        """All settings that make a blur, where those given leave something open. Raises CorrconvError."""
        said = self.read(given)
        for name, one, other in (("sigma", said.sigma, wanted.sigma), ("size", said.size, wanted.size)):
            if one is not None and other is not None and one != other:
                raise CorrconvError(f"the kernel says {name} {other:g} and the settings {one:g}; say it once")
        sigma, size = said.sigma or wanted.sigma, said.size or wanted.size
        if sigma is None and (size is None or (self.sigma is None and size not in self.tables)):
            sigma = 1.0
        if sigma is None:
            return given if said.size is not None else {**given, **self.write(0, size)}
        sigma = int(sigma) if float(sigma).is_integer() else sigma
        usual = self.default_size(sigma, dtype)
        # A size that depends on the type of the image is better said.
        left_out = usual is not None and size in {usual, None} and len(self.sizes) == 1
        return {**given, **self.write(sigma, None if left_out else size or usual)}


@dataclass(frozen=True, kw_only=True)
class DerivativeRule(OwnKernel):
    """How a function makes the kernel of a derivative, or of the Laplacian.

    weights: of the settings that decide it, by name. choices: settings for it to choose from, the plainest first.
    """

    weights: Callable[..., Any]
    choices: tuple[Given, ...] = ({},)

    def kernel(self, settings: Given, dtype: str = REAL) -> Kernel:  # noqa: ARG002
        """The weights; the type of the image does not matter."""
        return Kernel(self.weights(**{name: settings[name] for name in self.names if name in settings}))

    def settings(self, wanted: Kernel | None, given: Given) -> Given | None:
        """All settings with which it makes a wanted kernel but for a factor, or any at all; None where none do."""
        for choice in self.choices:
            chosen = {**choice, **given}
            agrees = all(given.get(name, value) == value for name, value in choice.items())
            if agrees and (wanted is None or factor_between(self.kernel(chosen), wanted) is not None):
                return chosen
        return None


@dataclass(frozen=True, kw_only=True)
class MagnitudeRule(OwnKernel):
    """How a function joins two derivatives into one strength; no kernel does that.

    parts: the functions that make the two. formula: of their results h and v.
    """

    parts: tuple[str, str]
    formula: str

    def kernel(self, settings: Given, dtype: str = REAL) -> Kernel:  # noqa: ARG002
        """Nothing. Raises CorrconvError."""
        raise CorrconvError(f"the strength {self.formula} is no result of one kernel; take {' and '.join(self.parts)}")


def factor_between(own: Kernel, wanted: Kernel) -> float | None:
    """What one kernel is multiplied by to give the other, both about their middles, or None where nothing does."""
    if any((one - other) % 2 for one, other in zip(own.shape, wanted.shape, strict=True)):
        return None  # they have no middle in common
    first, second = in_one_shape(own, wanted)
    factor = float((first.weights * second.weights).sum() / (first.weights**2).sum())
    return factor if factor and weights_between(first.scaled(factor), second) <= ALIKE else None


def in_one_shape(*kernels: Kernel) -> tuple[Kernel, ...]:
    """Kernels whose sides are all odd or all even, with zeros around them until all are of one shape."""
    rows, columns = (max(kernel.shape[axis] for kernel in kernels) for axis in (0, 1))
    around = [((rows - kernel.shape[0]) // 2, (columns - kernel.shape[1]) // 2) for kernel in kernels]
    return tuple(
        Kernel(np.pad(kernel.weights, ((down, down), (right, right))), name=kernel.name)
        for kernel, (down, right) in zip(kernels, around, strict=True)
    )


def weights_between(one: Kernel, other: Kernel) -> float:
    """The largest difference of two weights, relative to the largest weight."""
    first, second = in_one_shape(one, other)
    return float(np.abs(first.weights - second.weights).max() / np.abs(second.weights).max())


def gaussian_of(kernel: Kernel) -> Gaussian | None:
    """The sigma and the size that a kernel is made of, or None where it is no square Gaussian with odd sides."""
    size = kernel.shape[0]
    if kernel.shape != (size, size) or size % 2 == 0 or size < 3:
        return None
    middle, beside = kernel.weights[size // 2, size // 2], kernel.weights[size // 2, size // 2 + 1]
    if not 0 < beside < middle:
        return None
    measured = sqrt(1 / (2 * log(middle / beside)))
    for sigma in (*(float(f"{measured:.{digits}g}") for digits in range(1, 9)), measured):
        weights = profile(sigma, size) if sigma > 0 else np.ones(size)
        if np.abs(np.outer(weights, weights) - kernel.weights).max() <= ALIKE * middle:
            return Gaussian(sigma, size)
    return None
