"""Where the laws are checked: a picture and two kernels under plain options, and canvases to change places on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, prod
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.laws.theory import Theory
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.kernel_algebra import dilated, framed
from corrconv.core.memory import require_memory
from corrconv.core.terms import Boundary, Operation, OutputSize, Precision
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals
    from corrconv.core.options import Options

PATCH_SIDE = 25  # of the part of the picture that changes places with a kernel
NOISE_SEED = 20
LARGEST_RESULT = 1e150  # numbers up to this can be multiplied with each other
LARGEST_SIDE = 300  # of a kernel: beyond, eighteen laws take more than ten seconds


@dataclass(frozen=True, eq=False)
class Setting:
    """A picture F, the kernels G and H with anchor and dilation worked in, and plain options."""

    picture: Reals
    g: Kernel
    h: Kernel
    options: Options

    def convolve(self, image: Reals, kernel: Kernel) -> Reals:
        """∗ under the options."""
        return self._filter(image, kernel, Operation.CONVOLUTION)

    def correlate(self, image: Reals, kernel: Kernel) -> Reals:
        """⋆ under the options."""
        return self._filter(image, kernel, Operation.CORRELATION)

    def _filter(self, image: Reals, kernel: Kernel, operation: Operation) -> Reals:
        return filter_array(image, kernel, operation, self.options)

    @property
    def by_each(self) -> tuple[Callable[[Reals, Kernel], Reals], ...]:
        """Both operations."""
        return self.convolve, self.correlate

    @cached_property
    def convolution(self) -> Reals:
        """F∗G, which many laws need."""
        return self.convolve(self.picture, self.g)

    @cached_property
    def correlation(self) -> Reals:
        """F⋆G, which many laws need."""
        return self.correlate(self.picture, self.g)

    @property
    def theory(self) -> Theory:
        """What theory says under the options."""
        return Theory.of(self.options)

    @cached_property
    def peak(self) -> float:
        """The largest absolute pixel, the fill value included."""
        return max(float(self.picture.max()), -float(self.picture.min()), abs(self.options.fill))

    def margin(self, *kernels: Kernel) -> tuple[int, int]:
        """How many outer rows and columns of a result the boundary rule can reach through these kernels."""
        match self.options.output_size:
            case OutputSize.VALID:
                return 0, 0
            case OutputSize.FULL:
                return _summed(kernel.shape[axis] - 1 for kernel in kernels for axis in (0, 1))
        return _summed(
            max(kernel.anchor[axis], kernel.shape[axis] - 1 - kernel.anchor[axis])
            for kernel in kernels
            for axis in (0, 1)
        )


@dataclass(frozen=True, eq=False)
class Canvas:
    """The middle of the picture and the kernel G on canvases of one odd-sided shape, so that they can change places."""

    setting: Setting
    picture: Reals
    kernel: Kernel

    @classmethod
    def of(cls, setting: Setting) -> Canvas:
        """The canvases of a setting."""
        # A rim of zeros around G, so that no boundary rule repeats any of its weights beside them.
        rows, columns = (max(PATCH_SIDE, side + 2) for side in setting.g.embedded().shape)
        return cls(
            setting,
            _middle(setting.picture, rows, columns),
            framed(setting.g, (rows, columns), (rows // 2, columns // 2)),
        )

    @property
    def exchanged(self) -> tuple[Reals, Kernel]:
        """The kernel as a picture, and the picture as a kernel."""
        return self.kernel.weights, Kernel(self.picture, name="F")

    @property
    def margin(self) -> tuple[int, int]:
        """How many outer rows and columns of a result the boundary rule can reach."""
        rows, columns = self.setting.margin(self.setting.g)
        if self.setting.options.output_size is not OutputSize.FULL:
            return rows, columns
        return rows + self.picture.shape[0] // 2, columns + self.picture.shape[1] // 2


def setting_of(image: NDArray[np.generic], first: Kernel, second: Kernel, options: Options) -> Setting:
    """The setting of an image (H, W), two kernels and options. Raises CorrconvError where there can be none."""
    picture = np.asarray(image)
    if picture.ndim != 2:
        raise CorrconvError(f"the laws need a gray picture (rows, columns); this one has shape {picture.shape}")
    if options.stride != (1, 1):
        raise CorrconvError("the laws compare results pixel by pixel, so they need stride 1")
    require_memory(80 * picture.size, "checking the laws on a picture of this size", "take a part of it")
    picture = picture.astype(np.float64)
    if not np.isfinite(picture).all():
        raise CorrconvError("the picture holds nan or inf, which no law survives; replace them first")
    # Where nothing outside is read, the fill value is not part of the picture.
    filled = options.boundary is Boundary.CONSTANT and options.output_size is not OutputSize.VALID
    fill = options.fill if filled else 0.0
    if not isfinite(fill):
        raise CorrconvError(f"the fill value {fill} is no number that a law could be checked with; use a finite one")
    largest = max(float(np.abs(picture).max(initial=0)), abs(fill))
    sums = [kernel.absolute_sum for kernel in (first, second) if kernel.absolute_sum]
    if any(total < 1 / LARGEST_RESULT for total in sums):
        raise CorrconvError(f"weights below {1 / LARGEST_RESULT:g} are too small to compare; scale the kernel up")
    if largest * prod(max(total, 1) for total in sums) > LARGEST_RESULT:
        raise CorrconvError(
            f"these kernels make numbers above {LARGEST_RESULT:g} of this picture, too large to compare; scale it down"
        )
    _require_small(first, second, options.dilation)
    g, h = (dilated(options.anchored(kernel), options.dilation) for kernel in (first, second))
    if options.output_size is OutputSize.VALID:
        _require_room(picture.shape, g, h)
    plain = replace(options, anchor=None, dilation=(1, 1), precision=Precision.FLOAT64, fill=fill)
    return Setting(picture, g, h, plain)


def _require_small(first: Kernel, second: Kernel, dilation: tuple[int, int]) -> None:
    for kernel in (first, second):
        rows, columns = (step * (side - 1) + 1 for step, side in zip(dilation, kernel.shape, strict=True))
        if max(rows, columns) > LARGEST_SIDE:
            raise CorrconvError(
                f"{kernel.name} spans {rows} rows and {columns} columns, and the laws are checked up to {LARGEST_SIDE};"
                " use a smaller kernel or dilation"
            )


def _require_room(shape: tuple[int, ...], g: Kernel, h: Kernel) -> None:
    rows, columns = _smallest_sides(g, h)
    if shape[0] < rows or shape[1] < columns:
        raise CorrconvError(
            f"with output size 'valid' the laws of these kernels need at least {rows} rows and {columns} columns,"
            f" and the picture has {shape[0]} and {shape[1]}; use a larger one, or 'same' or 'full'"
        )


def _smallest_sides(g: Kernel, h: Kernel) -> tuple[int, int]:
    """Room for either kernel followed by the other or by a move, and for the identity."""
    sides = [max(g.shape[axis] + max(h.shape[axis], g.shape[axis] + 1) - 1, 3) for axis in (0, 1)]
    return sides[0], sides[1]


def on_noise(setting: Setting) -> Setting:
    """The same setting on noise, large enough that no two borders get in each other's way."""
    rows, columns = (3 * side for side in _smallest_sides(setting.g, setting.h))
    return replace(setting, picture=noise((rows, columns)))


def noise(shape: tuple[int, ...]) -> Reals:
    """Random whole numbers from 0 to 255, the same each time."""
    return np.random.default_rng(NOISE_SEED).integers(0, 256, shape).astype(np.float64)


def _summed(numbers: Iterable[int]) -> tuple[int, int]:
    """The sums of the numbers for the rows and of those for the columns, which take turns."""
    listed = list(numbers)
    return sum(listed[::2]), sum(listed[1::2])


def _middle(picture: Reals, rows: int, columns: int) -> Reals:
    """The middle of the picture in this shape; a smaller picture is repeated."""
    indices = [
        (np.arange(side) + (length - side) // 2) % length
        for side, length in zip((rows, columns), picture.shape, strict=True)
    ]
    return picture[np.ix_(*indices)]
