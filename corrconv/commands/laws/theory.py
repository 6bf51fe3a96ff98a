"""What theory says of the laws: which hold for every picture, under which boundary and output size, and why.

Every answer is exact, also for special kernels (a blur that is its own mirror image, a kernel that
only shifts one way): it says whether *some* picture, large enough, breaks the law. Kernels are
those of a convolution; for correlation they are turned first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING

import numpy as np

from corrconv.core.layout import lay
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation, OutputSize, Symmetry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.core.kernel import Kernel
    from corrconv.core.layout import AxisLayout, Layout

# A breach smaller than this share of the largest possible result drowns in float64's rounding.
NEGLIGIBLE = 1e-13

BEFORE, AFTER = -1, 1  # the two sides of an axis: top or left, bottom or right
SIDES = ((0, BEFORE), (0, AFTER), (1, BEFORE), (1, AFTER))

NO_BORDER = "a wrapped picture has no border"
NOTHING_LOST = "nothing is cropped, and zeros lie all around"
REAL_PIXELS = "valid results are made of real pixels alone"
NO_REACH = "this kernel never reaches outside"
ZERO_KERNEL = "a kernel of zeros gives 0 either way"


@dataclass(frozen=True)
class Verdict:
    """Whether a law holds for every picture, and why, or why not."""

    holds: bool
    why: str


@dataclass(frozen=True)
class Theory:
    """The laws under one boundary and output size, for convolution kernels of dilation and stride 1."""

    boundary: Boundary
    fill: float
    output_size: OutputSize

    @classmethod
    def of(cls, options: Options) -> Theory:
        """The theory for these options; a fill value counts only where it is read."""
        filled = options.boundary is Boundary.CONSTANT and options.output_size is not OutputSize.VALID
        return cls(options.boundary, options.fill if filled else 0.0, options.output_size)

    @property
    def undisturbed(self) -> str | None:
        """Why no border plays a part, where none does."""
        match self.output_size, self.boundary:
            case OutputSize.VALID, _:
                return REAL_PIXELS
            case OutputSize.SAME, Boundary.WRAP:
                return NO_BORDER
            case OutputSize.FULL, Boundary.CONSTANT if self.fill == 0:
                return NOTHING_LOST
        return None

    # What one kernel does at the border

    def drawn(self, kernel: Kernel, axis: int, side: int) -> float:
        """The share of the kernel's weights that read beyond this side, at some output or other."""
        weights = _profile(kernel, axis)
        places = np.arange(len(weights))
        match self.output_size:
            case OutputSize.SAME:
                beyond = (places - kernel.anchor[axis]) * side < 0
            case OutputSize.FULL:
                beyond = places > 0 if side == BEFORE else places < len(weights) - 1
            case OutputSize.VALID:
                return 0.0
        return float(weights[beyond].sum())

    def reach(self, kernel: Kernel) -> float:
        """The largest of these shares: 0 where the kernel reads no place outside the picture."""
        return max(self.drawn(kernel, axis, side) for axis, side in SIDES)

    def reaches(self, kernel: Kernel) -> bool:
        """Whether the kernel reads places outside the picture."""
        return self.reach(kernel) > NEGLIGIBLE

    # The laws

    def composition(self, first: Kernel, second: Kernel) -> Verdict:
        """Whether filtering twice is filtering once with the two kernels' convolution."""
        if self.undisturbed is not None:
            return Verdict(True, self.undisturbed)
        if not self.reaches(second):
            return Verdict(True, "the second kernel never reaches outside")
        if self.fill and not isclose(first.sum, 1, abs_tol=NEGLIGIBLE):
            return Verdict(False, "the second filter meets unfiltered fill values")
        breach = max(self.drawn(second, axis, side) * self._broken_off(first, axis, side) for axis, side in SIDES)
        return Verdict(breach <= NEGLIGIBLE, self._composition_reason(breach <= NEGLIGIBLE))

    def _broken_off(self, kernel: Kernel, axis: int, side: int) -> float:
        """The share of weights for which the boundary rule continues a result wrongly beyond this side.

        A filtered picture, continued by the rule, should equal the continued picture, filtered.
        """
        weights = _profile(kernel, axis)
        if self.output_size is OutputSize.FULL:
            match self.boundary:
                case Boundary.CONSTANT | Boundary.EDGE:
                    # A full result ends where its kernel reads nothing but the continuation.
                    return 0.0
                case Boundary.REFLECT | Boundary.SYMMETRIC:
                    return float((weights[1:] if side == BEFORE else weights[:-1]).sum())
                case Boundary.WRAP:
                    return 0.0 if len(weights) == 1 else float(weights.sum())
        match self.boundary:
            case Boundary.CONSTANT | Boundary.EDGE:
                outward = (np.arange(len(weights)) - kernel.anchor[axis]) * side > 0
                return float(weights[outward].sum())
            case Boundary.REFLECT | Boundary.SYMMETRIC:
                return _asymmetry(kernel, axis)
            case Boundary.WRAP:
                return 0.0

    def _composition_reason(self, holds: bool) -> str:
        match self.output_size, self.boundary, holds:
            case OutputSize.FULL, Boundary.EDGE | Boundary.CONSTANT, True:
                return "a full result ends in values that go on unchanged"
            case OutputSize.FULL, _, True:
                return "these kernels only move the picture towards one end"
            case _, Boundary.CONSTANT | Boundary.EDGE, True:
                return "nothing that is cropped is needed again"
            case _, Boundary.CONSTANT | Boundary.EDGE, False:
                return "what the first filter crops, the second one needs"
            case _, Boundary.REFLECT | Boundary.SYMMETRIC, True:
                return "the first kernel is its own mirror image"
        return "the boundary rule and a filter do not change places"

    def exchange(self, kernel: Kernel) -> Verdict:
        """Whether a picture and the kernel, both on one canvas, may change places in a convolution.

        The kernel has zeros on all sides of the canvas.
        """
        if self.undisturbed is not None:
            return Verdict(True, self.undisturbed)
        if self.boundary is Boundary.WRAP:
            return Verdict(True, "both wrap round in the same way")
        if self.boundary is Boundary.CONSTANT:
            if self.fill:
                return Verdict(False, "the fill value surrounds F here, and G there")
            return Verdict(True, "zeros surround both, and both are cropped alike")
        if not kernel.weights.any():
            return Verdict(True, ZERO_KERNEL)
        near = self.boundary is not Boundary.REFLECT  # its copies of a kernel lie one pixel nearer
        if self.output_size is OutputSize.SAME and near and not self.reaches(kernel):
            return Verdict(True, NO_REACH)
        return Verdict(False, "here the boundary continues F, and there G")

    def exchange_in_correlation(self, kernel: Kernel) -> Verdict:
        """Whether a picture and the kernel, both on one canvas, may change places in a correlation."""
        if self.output_size is OutputSize.VALID:
            return Verdict(True, "of one shape, they leave one sum of products")
        if not self.fill and not kernel.weights.any():
            return Verdict(True, ZERO_KERNEL)
        return Verdict(False, "G⋆F is F⋆G turned by 180°")

    def correlation_associativity(self, first: Kernel, second: Kernel) -> Verdict:
        """Whether (F⋆G)⋆H = F⋆(G⋆H), for kernels as correlation has them."""
        if first.weights.any() and second.symmetry(self.output_size) is not Symmetry.POINT_SYMMETRIC:
            return Verdict(False, "F⋆(G⋆H) is (F⋆G)∗H: H is turned on one side")
        composed = self.composition(first.turned(), second.turned())
        if not composed.holds:
            return composed
        spared = "H is its own half-turn" if first.weights.any() else ZERO_KERNEL
        return Verdict(True, f"{spared}; {composed.why}")

    def linearity(self, kernel: Kernel) -> Verdict:
        """Whether a filtered combination of pictures is the combination of the filtered pictures."""
        if self.fill and self.reaches(kernel):
            return Verdict(False, "the fill value is not combined with the pictures")
        return Verdict(True, "every value is a weighted sum of pixels")

    def shift(self, kernel: Kernel, shift: Kernel) -> Verdict:
        """Whether a moved picture gives a moved result, for a move farther than the kernel reaches."""
        for composed in (self.composition(shift, kernel), self.composition(kernel, shift)):
            if not composed.holds:
                return Verdict(False, self._shift_reason())
        return Verdict(True, composed.why if self.undisturbed is None else self.undisturbed)

    def _shift_reason(self) -> str:
        if self.fill:
            return "the fill value moves in unfiltered"
        if self.output_size is OutputSize.SAME:
            return "what moves in was not there to be filtered"
        return "a moved picture is continued otherwise"

    def adjoint(self, kernel: Kernel) -> Verdict:
        """Whether <F⋆G, E> = <F, E∗G>; `full` has `valid` as its adjoint and `valid` has `full`, on zeros."""
        if self.undisturbed is not None:
            return Verdict(True, self.undisturbed)
        if not self.reaches(kernel):
            return Verdict(True, NO_REACH)
        if self.fill:
            return Verdict(False, "the fill value adds what E knows nothing of")
        if self.output_size is OutputSize.FULL:
            return Verdict(False, "what the boundary repeats would have to be added")
        if self.boundary is Boundary.CONSTANT:
            return Verdict(True, "with zeros outside, each is the other's transpose")
        mirror = max(_asymmetry(kernel, axis) for axis in (0, 1)) <= NEGLIGIBLE
        if mirror and self.boundary is Boundary.SYMMETRIC:
            return Verdict(True, "kernel and boundary are their own mirror image")
        if mirror and self.boundary is Boundary.EDGE and _farthest(kernel) <= 1:
            return Verdict(True, "one pixel out, edge mirrors, as this kernel does")
        return Verdict(False, "pixels that the boundary repeats count twice")

    def fourier(self, kernel: Kernel) -> Verdict:
        """Whether the discrete Fourier transform makes a product of it."""
        if self.undisturbed is not None:
            return Verdict(True, self.undisturbed)
        if not self.reaches(kernel):
            return Verdict(True, NO_REACH)
        seen = "zeros outside" if self.output_size is OutputSize.FULL else "a picture that wraps round"
        return Verdict(False, f"the transform sees {seen}")

    def total(self, kernel: Kernel) -> Verdict:
        """Whether the sum of the result is the sum of the picture times the sum of the kernel."""
        counts = [self._counts(kernel, operation) for operation in Operation]
        even = all(_alike(inside, kernel.sum, kernel) and _alike(outside, 0.0, kernel) for inside, outside in counts)
        if even:
            return Verdict(True, "every pixel meets every weight once")
        if self.output_size is OutputSize.VALID:
            return Verdict(False, "near the border, pixels meet fewer weights")
        return Verdict(False, "near the border, pixels do not meet each weight once")

    def equal_totals(self, kernel: Kernel) -> Verdict:
        """Whether both operations give the same sum, and so the same mean."""
        (inside, outside), (other_inside, other_outside) = (self._counts(kernel, operation) for operation in Operation)
        if _alike(inside, other_inside, kernel) and _alike(outside, other_outside, kernel):
            return Verdict(True, "every pixel counts alike, so sums tell no difference")
        return Verdict(False, "near the border, pixels count differently")

    def _counts(self, kernel: Kernel, operation: Operation) -> tuple[NDArray[np.float64], float]:
        """The weight that each pixel has in the sum of the result, and that of the fill value."""
        layout = self._laid_on_test_picture(kernel, operation)
        rows, columns = (self._readings(axis) for axis in (layout.rows, layout.columns))
        counts = rows @ layout.kernel.weights @ columns.T
        outside = float(counts[-1].sum() + counts[:-1, -1].sum()) if self.fill else 0.0
        return counts[:-1, :-1], outside

    def _readings(self, axis: AxisLayout) -> NDArray[np.float64]:
        """How often each pixel of an axis (the last: the outside) is read through each cell."""
        sources = axis.sources(self.boundary)
        windows = np.lib.stride_tricks.sliding_window_view(sources, axis.side)
        readings = np.zeros((axis.length + 1, axis.side))
        np.add.at(readings, (windows, np.arange(axis.side)), 1)  # OUTSIDE, -1, names the last
        return readings

    def _laid_on_test_picture(self, kernel: Kernel, operation: Operation) -> Layout:
        """The kernel on a picture just so large that it does not reach from one border to the other."""
        rows, columns = (2 * side + 1 for side in kernel.shape)
        options = Options(boundary=self.boundary, fill=self.fill, output_size=self.output_size)
        return lay((rows, columns), kernel, operation, options)

    def energy(self, kernel: Kernel) -> Verdict:
        """Whether both operations give results of the same energy (root of the sum of squares)."""
        same_spectrum = "they have the same spectrum but for phase"
        if self.output_size is OutputSize.FULL and self.boundary is Boundary.CONSTANT:
            # A fill value other than 0 adds the same to every value: the picture less the fill has zeros outside.
            return Verdict(True, same_spectrum)
        if self.output_size is OutputSize.SAME and self.boundary is Boundary.WRAP:
            return Verdict(True, same_spectrum)
        match kernel.symmetry(self.output_size):
            case Symmetry.POINT_SYMMETRIC:
                return Verdict(True, "the two coincide for this kernel")
            case Symmetry.ANTISYMMETRIC:
                return Verdict(True, "they differ by sign only")
        energies = [self._energy_on_noise(kernel, operation) for operation in Operation]
        if isclose(*energies, rel_tol=NEGLIGIBLE):
            return Verdict(True, "for this kernel the border counts alike in both")
        return Verdict(False, "same spectrum but for phase; the border spoils it")

    def _energy_on_noise(self, kernel: Kernel, operation: Operation) -> float:
        """The energy of one result, by the definition itself.

        Two quadratic forms that agree on a random picture are the same form, but for a chance of 0.
        """
        layout = self._laid_on_test_picture(kernel, operation)
        noise = np.random.default_rng(0).integers(0, 256, (layout.rows.length, layout.columns.length))
        # One more row and column for the outside, whose source index of -1 names the last.
        noise = np.pad(noise.astype(np.float64), (0, 1), constant_values=self.fill)
        padded = noise[np.ix_(layout.rows.sources(self.boundary), layout.columns.sources(self.boundary))]
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
        return float(np.linalg.norm(np.tensordot(windows, layout.kernel.weights)))


def _profile(kernel: Kernel, axis: int) -> NDArray[np.float64]:
    """The share of the weights, in absolute value, that each row (axis 0) or column (axis 1) has."""
    total = kernel.absolute_sum
    profile: NDArray[np.float64] = np.abs(kernel.weights).sum(axis=1 - axis) / (total or 1.0)
    return profile


def _asymmetry(kernel: Kernel, axis: int) -> float:
    """The share of the weights that mirroring about the anchor, along an axis, does not keep."""
    embedded = kernel.embedded()
    return float(np.abs(embedded.weights - embedded.mirrored(axis).weights).sum()) / (kernel.absolute_sum or 1.0)


def _farthest(kernel: Kernel) -> int:
    """How many cells from the anchor, along an axis, the farthest weight lies that matters."""
    reaches = [
        np.abs(np.flatnonzero(_profile(kernel, axis) > NEGLIGIBLE) - kernel.anchor[axis]).max(initial=0)
        for axis in (0, 1)
    ]
    return int(max(reaches))


def _alike(first: NDArray[np.float64] | float, second: NDArray[np.float64] | float, kernel: Kernel) -> bool:
    return bool((np.abs(np.subtract(first, second)) <= NEGLIGIBLE * kernel.absolute_sum).all())
