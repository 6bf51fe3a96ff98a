"""What the laws claim to be equal, on a picture and two kernels, under given options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, sqrt
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from corrconv.commands.laws.theory import Expectation, Theory
from corrconv.core.filtering import filter_array
from corrconv.core.kernel import Kernel
from corrconv.core.kernel_algebra import convolved, correlated, dilated, framed, on_common_cells, single_one
from corrconv.core.terms import Boundary, Operation, OutputSize, Precision
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from corrconv.core.options import Options

Values: TypeAlias = "NDArray[np.float64]"
Pairs: TypeAlias = "Iterable[tuple[Values, Values]]"

PATCH_SIDE = 25  # of the part of the picture that changes places with a kernel
NOISE_SEED = 20
LARGEST_RESULT = 1e150  # numbers up to this can be multiplied with each other


@dataclass(frozen=True, eq=False)
class Setting:
    """A picture F, the kernels G and H with anchor and dilation worked in, and plain options."""

    picture: Values
    g: Kernel
    h: Kernel
    options: Options

    def convolve(self, image: Values, kernel: Kernel) -> Values:
        """∗ under the options."""
        return self._filter(image, kernel, Operation.CONVOLUTION)

    def correlate(self, image: Values, kernel: Kernel) -> Values:
        """⋆ under the options."""
        return self._filter(image, kernel, Operation.CORRELATION)

    def _filter(self, image: Values, kernel: Kernel, operation: Operation) -> Values:
        return filter_array(image, kernel, operation, self.options)

    @property
    def by_each(self) -> tuple[Callable[[Values, Kernel], Values], ...]:
        """Both operations."""
        return self.convolve, self.correlate

    @cached_property
    def convolution(self) -> Values:
        """F∗G, which many laws need."""
        return self.convolve(self.picture, self.g)

    @cached_property
    def correlation(self) -> Values:
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


@dataclass(frozen=True)
class Claim:
    """A law before it is measured: what is to be equal (several pairs where it says several things).

    bound: the largest value that either side can have. products: behind one value, of both sides.
    """

    name: str
    statement: str
    expectation: Expectation
    sides: Callable[[], Pairs]
    bound: float
    products: int
    margin: tuple[int, int] = (0, 0)


MakeClaim: TypeAlias = "Callable[[Setting], Claim]"


def setting_of(image: NDArray[np.generic], first: Kernel, second: Kernel, options: Options) -> Setting:
    """The setting of an image (H, W), two kernels and options. Raises CorrconvError where there can be none."""
    picture = np.asarray(image)
    if picture.ndim != 2:
        raise CorrconvError(f"the laws need a gray picture (rows, columns); this one has shape {picture.shape}")
    if options.stride != (1, 1):
        raise CorrconvError("the laws compare results pixel by pixel, so they need stride 1")
    picture = picture.astype(np.float64)
    if not np.isfinite(picture).all():
        raise CorrconvError("the picture holds nan or inf, which no law survives; replace them first")
    largest = max(float(np.abs(picture).max(initial=0)), abs(options.fill))
    if isfinite(options.fill) and largest * first.absolute_sum * second.absolute_sum > LARGEST_RESULT:
        raise CorrconvError(
            f"these kernels make numbers above {LARGEST_RESULT:g} of this picture, too large to compare; scale it down"
        )
    g, h = (dilated(options.anchored(kernel), options.dilation) for kernel in (first, second))
    if options.output_size is OutputSize.VALID:
        _require_room(picture.shape, g, h)
    # Where nothing outside is read, the fill value is not part of the picture.
    filled = options.boundary is Boundary.CONSTANT and options.output_size is not OutputSize.VALID
    plain = replace(
        options,
        anchor=None,
        dilation=(1, 1),
        precision=Precision.FLOAT64,
        fill=options.fill if filled else 0.0,
    )
    return Setting(picture, g, h, plain)


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
    return replace(setting, picture=_noise((rows, columns)))


def _noise(shape: tuple[int, ...]) -> Values:
    return np.random.default_rng(NOISE_SEED).integers(0, 256, shape).astype(np.float64)


def _summed(numbers: Iterable[int]) -> tuple[int, int]:
    """The sums of the numbers for the rows and of those for the columns, which take turns."""
    listed = list(numbers)
    return sum(listed[::2]), sum(listed[1::2])


def _products(*kernels: Kernel) -> int:
    return sum(int(np.count_nonzero(kernel.weights)) for kernel in kernels)


# The laws


def _commutativity_of_convolution(setting: Setting) -> Claim:
    canvas = _Canvas.of(setting)
    return canvas.claim(
        "commutativity of convolution",
        "F∗G = G∗F",
        setting.theory.exchange(canvas.kernel),
        lambda: [(setting.convolve(canvas.picture, canvas.kernel), setting.convolve(*canvas.exchanged))],
    )


def _commutativity_of_correlation(setting: Setting) -> Claim:
    canvas = _Canvas.of(setting)
    return canvas.claim(
        "commutativity of correlation",
        "F⋆G = G⋆F",
        setting.theory.exchange_in_correlation(canvas.kernel),
        lambda: [(setting.correlate(canvas.picture, canvas.kernel), setting.correlate(*canvas.exchanged))],
    )


def _exchange_in_correlation(setting: Setting) -> Claim:
    canvas = _Canvas.of(setting)
    return canvas.claim(
        "correlation the other way round",
        "G⋆F = F⋆G turned by 180°",
        setting.theory.exchange(canvas.kernel.turned()),
        lambda: [
            (setting.correlate(*canvas.exchanged), _turned(setting.correlate(canvas.picture, canvas.kernel))),
        ],
    )


def _associativity_of_convolution(setting: Setting) -> Claim:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        "associativity of convolution",
        "(F∗G)∗H = F∗(G∗H)",
        setting.theory.composition(g, h),
        lambda: [(setting.convolve(setting.convolution, h), setting.convolve(setting.picture, convolved(g, h)))],
    )


def _associativity_of_correlation(setting: Setting) -> Claim:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        "associativity of correlation",
        "(F⋆G)⋆H = F⋆(G⋆H)",
        setting.theory.correlation_associativity(g, h),
        lambda: [(setting.correlate(setting.correlation, h), setting.correlate(setting.picture, correlated(g, h)))],
    )


def _correlating_twice(setting: Setting) -> Claim:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        "correlating twice",
        "(F⋆G)⋆H = F⋆(G∗H)",
        setting.theory.composition(g.turned(), h.turned()),
        lambda: [(setting.correlate(setting.correlation, h), setting.correlate(setting.picture, convolved(g, h)))],
    )


def _correlating_with_a_correlation(setting: Setting) -> Claim:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        "correlating with a correlation",
        "F⋆(G⋆H) = (F⋆G)∗H",
        setting.theory.composition(g.turned(), h),
        lambda: [(setting.correlate(setting.picture, correlated(g, h)), setting.convolve(setting.correlation, h))],
    )


def _distributivity(setting: Setting) -> Claim:
    g, h, both = on_common_cells(setting.g, setting.h)

    def sides() -> Pairs:
        for apply in setting.by_each:
            right = apply(setting.picture, g)
            right += apply(setting.picture, h)
            yield apply(setting.picture, both), right

    return Claim(
        "distributivity",
        "F∗(G+H) = F∗G + F∗H; ⋆ too",
        Expectation(True, "sums may be taken in any order"),
        sides,
        setting.peak * (g.absolute_sum + h.absolute_sum),
        2 * _products(g, h),
        setting.margin(both),
    )


def _linearity(setting: Setting) -> Claim:
    other = _turned(setting.picture)  # a second picture, E

    def sides() -> Pairs:
        for apply, of_picture in zip(setting.by_each, (setting.convolution, setting.correlation), strict=True):
            yield apply(2 * setting.picture + 3 * other, setting.g), 2 * of_picture + 3 * apply(other, setting.g)

    return _of_one(
        setting,
        "linearity",
        "(2F+3E)∗G = 2·F∗G + 3·E∗G; ⋆ too",
        setting.theory.linearity(setting.g),
        sides,
        factor=5,
    )


def _shift_equivariance(setting: Setting) -> Claim:
    # Farther than the kernel reaches, so that the move cannot be part of the kernel itself.
    rows, columns = setting.g.shape
    shift = single_one((rows + 1, columns + 1), (rows, columns), (0, 0))

    def moved(picture: Values) -> Values:
        return setting.convolve(picture, shift)

    def sides() -> Pairs:
        moved_picture = moved(setting.picture)
        yield moved(setting.convolution), setting.convolve(moved_picture, setting.g)
        yield moved(setting.correlation), setting.correlate(moved_picture, setting.g)

    expectations = [setting.theory.shift(kernel, shift) for kernel in (setting.g, setting.g.turned())]
    expectation = next((one for one in expectations if not one.holds), expectations[0])
    return replace(
        _of_one(
            setting,
            "shift equivariance",
            "(moved F)∗G = moved (F∗G); ⋆ too",
            expectation,
            sides,
        ),
        margin=setting.margin(setting.g, shift),
    )


def _identity(setting: Setting) -> Claim:
    one = single_one((3, 3), (1, 1), (1, 1))

    def sides() -> Pairs:
        for apply in setting.by_each:
            result = apply(setting.picture, one)
            match setting.options.output_size:
                case OutputSize.SAME:
                    yield result, setting.picture
                case OutputSize.FULL:
                    yield result[1:-1, 1:-1], setting.picture
                case OutputSize.VALID:
                    yield result, setting.picture[1:-1, 1:-1]

    return Claim(
        "identity",
        "F∗1 = F = F⋆1, 1 a kernel of one 1",
        Expectation(True, "each pixel times 1, its neighbours times 0"),
        sides,
        setting.peak,
        _products(one),
    )


def _flip(setting: Setting) -> Claim:
    def sides() -> Pairs:
        yield setting.convolution, setting.correlate(setting.picture, setting.g.turned())
        yield setting.convolution, _turned(setting.correlate(_turned(setting.picture), setting.g))

    return _of_one(
        setting,
        "flip",
        "F∗G = F⋆(turned G)\n    = turned (turned F ⋆ G)",
        Expectation(True, "turning either makes one operation the other"),
        sides,
    )


def _adjoint(setting: Setting) -> Claim:
    other = _noise(setting.correlation.shape)  # a picture E on the grid of the results
    back = {
        OutputSize.SAME: setting.options,
        OutputSize.FULL: replace(setting.options, output_size=OutputSize.VALID),
        OutputSize.VALID: replace(setting.options, output_size=OutputSize.FULL, boundary=Boundary.CONSTANT, fill=0.0),
    }[setting.options.output_size]

    def sides() -> Pairs:
        brought_back = filter_array(other, setting.g, Operation.CONVOLUTION, back)
        yield _total(setting.correlation * other), _total(setting.picture * brought_back)

    return _of_totals(
        setting,
        "adjoint",
        "⟨F⋆G, E⟩ = ⟨F, E∗G⟩",
        setting.theory.adjoint(setting.g),
        sides,
        count=other.size * float(other.max()),
    )


def _sum(setting: Setting) -> Claim:
    def sides() -> Pairs:
        product = _total(setting.picture) * setting.g.sum
        yield _total(setting.convolution), product
        yield _total(setting.correlation), product

    return _of_totals(
        setting,
        "sum",
        "Σ(F∗G) = ΣF · ΣG = Σ(F⋆G)",
        setting.theory.total(setting.g),
        sides,
        count=max(setting.convolution.size, setting.picture.size),
    )


def _equal_sums(setting: Setting) -> Claim:
    return _of_totals(
        setting,
        "equal sums",
        "Σ(F∗G) = Σ(F⋆G)",
        setting.theory.equal_totals(setting.g),
        lambda: [(_total(setting.convolution), _total(setting.correlation))],
        count=setting.convolution.size,
    )


def _energy(setting: Setting) -> Claim:
    def norm(values: Values) -> Values:
        return np.sqrt(_total(values * values))

    return _of_totals(
        setting,
        "energy",
        "‖F∗G‖ = ‖F⋆G‖",
        setting.theory.energy(setting.g),
        lambda: [(norm(setting.convolution), norm(setting.correlation))],
        count=sqrt(setting.convolution.size),
    )


def _fourier_theorem(setting: Setting) -> Claim:
    def sides() -> Pairs:
        yield setting.convolution, _through_spectra(setting, setting.g)
        # The spectrum of a kernel turned about its anchor is the complex conjugate.
        yield setting.correlation, _through_spectra(setting, setting.g.turned())

    return _of_one(
        setting,
        "Fourier theorem",
        "DFT(F∗G) = DFT F · DFT G; ⋆: conj.",
        setting.theory.fourier(setting.g),
        sides,
    )


def _difference(setting: Setting) -> Claim:
    odd = setting.g.odd_part(setting.options.output_size)
    return _of_one(
        setting,
        "difference",
        "F⋆G - F∗G = 2 · F⋆(odd part of G)",
        Expectation(True, "the even part cancels, the odd part doubles"),
        lambda: [(setting.correlation - setting.convolution, 2 * setting.correlate(setting.picture, odd))],
        factor=2,
    )


CLAIMS = (
    _commutativity_of_convolution,
    _commutativity_of_correlation,
    _exchange_in_correlation,
    _associativity_of_convolution,
    _associativity_of_correlation,
    _correlating_twice,
    _correlating_with_a_correlation,
    _distributivity,
    _linearity,
    _shift_equivariance,
    _identity,
    _flip,
    _adjoint,
    _sum,
    _equal_sums,
    _energy,
    _fourier_theorem,
    _difference,
)


def _of_one(
    setting: Setting,
    name: str,
    statement: str,
    expectation: Expectation,
    sides: Callable[[], Pairs],
    *,
    factor: float = 1.0,
) -> Claim:
    """A law of F and G alone, with sides up to `factor` times as large as F∗G can be."""
    bound = factor * setting.peak * setting.g.absolute_sum
    return Claim(name, statement, expectation, sides, bound, 2 * _products(setting.g), setting.margin(setting.g))


def _of_both(
    setting: Setting, name: str, statement: str, expectation: Expectation, sides: Callable[[], Pairs]
) -> Claim:
    """A law of F filtered by G and then by H, or by a kernel made of both."""
    bound = setting.peak * setting.g.absolute_sum * setting.h.absolute_sum
    products = 2 * _products(setting.g, setting.h) + _products(setting.g) * _products(setting.h)
    return Claim(name, statement, expectation, sides, bound, products, setting.margin(setting.g, setting.h))


def _of_totals(
    setting: Setting, name: str, statement: str, expectation: Expectation, sides: Callable[[], Pairs], *, count: float
) -> Claim:
    """A law of single numbers, each of so many values of F∗G or F⋆G."""
    bound = count * setting.peak * setting.g.absolute_sum
    return Claim(name, statement, expectation, sides, bound, 2 * _products(setting.g))


@dataclass(frozen=True, eq=False)
class _Canvas:
    """The middle of the picture and the kernel G on canvases of one odd-sided shape, so that they can change places."""

    setting: Setting
    picture: Values
    kernel: Kernel

    @classmethod
    def of(cls, setting: Setting) -> _Canvas:
        # A rim of zeros around G, so that no boundary rule repeats any of its weights beside them.
        rows, columns = (max(PATCH_SIDE, side + 2) for side in setting.g.embedded().shape)
        return cls(
            setting,
            _middle(setting.picture, rows, columns),
            framed(setting.g, (rows, columns), (rows // 2, columns // 2)),
        )

    @property
    def exchanged(self) -> tuple[Values, Kernel]:
        """The kernel as a picture, and the picture as a kernel."""
        return self.kernel.weights, Kernel(self.picture, name="F")

    def claim(self, name: str, statement: str, expectation: Expectation, sides: Callable[[], Pairs]) -> Claim:
        """A law of the two canvases."""
        bound = self.setting.peak * self.setting.g.absolute_sum
        margin = self.setting.margin(self.setting.g)
        if self.setting.options.output_size is OutputSize.FULL:
            margin = (margin[0] + self.picture.shape[0] // 2, margin[1] + self.picture.shape[1] // 2)
        return Claim(name, statement, expectation, sides, bound, self.picture.size, margin)


def _middle(picture: Values, rows: int, columns: int) -> Values:
    """The middle of the picture in this shape; a smaller picture is repeated."""
    indices = [
        (np.arange(side) + (length - side) // 2) % length
        for side, length in zip((rows, columns), picture.shape, strict=True)
    ]
    return picture[np.ix_(*indices)]


def _through_spectra(setting: Setting, kernel: Kernel) -> Values:
    """F∗kernel as the inverse transform of the product of transforms, on the grid of the options."""
    output_size = setting.options.output_size
    anchor = kernel.anchor
    sides = [
        length + side - 1 if output_size is OutputSize.FULL else length
        for length, side in zip(setting.picture.shape, kernel.shape, strict=True)
    ]
    # The kernel round the origin, wrapped: its cell (i, j) at ((i, j) - anchor) modulo the sides.
    wrapped = np.zeros(sides)
    places = [(np.arange(kernel.shape[axis]) - anchor[axis]) % sides[axis] for axis in (0, 1)]
    np.add.at(wrapped, np.ix_(*places), kernel.weights)
    product = np.fft.rfft2(setting.picture, sides)
    product *= np.fft.rfft2(wrapped)
    around: Values = np.fft.irfft2(product, sides)
    match output_size:
        case OutputSize.SAME:
            return around
        case OutputSize.FULL:
            return np.roll(around, anchor, axis=(0, 1))
        case OutputSize.VALID:
            (rows, columns), (height, width) = kernel.shape, around.shape
            top, left = rows - 1 - anchor[0], columns - 1 - anchor[1]
            return around[top : height - anchor[0], left : width - anchor[1]]


def _turned(values: Values) -> Values:
    """Turned by 180 degrees."""
    return values[::-1, ::-1]


def _total(values: Values) -> Values:
    """The sum as an array without axes; NumPy adds in pairs, so that its rounding stays small."""
    return np.asarray(values.sum())
