"""The laws: each with its name, its statement, and what is to be equal under a setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from corrconv.commands.laws.setting import Canvas, noise
from corrconv.commands.laws.theory import Verdict
from corrconv.core.filtering import filter_array
from corrconv.core.kernel_algebra import convolved, correlated, on_common_cells, single_one
from corrconv.core.terms import Boundary, Operation, OutputSize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from corrconv.commands.laws.setting import Setting
    from corrconv.core.arrays import Reals
    from corrconv.core.kernel import Kernel

Pairs: TypeAlias = "Iterable[tuple[Reals, Reals]]"


@dataclass(frozen=True)
class Equation:
    """What a law says is equal under one setting (several pairs where it says several things).

    expectation: whether it is, for every picture. bound: the largest value that either side can have. products:
    behind one value, of both sides.
    """

    expectation: Verdict
    sides: Callable[[], Pairs]
    bound: float
    products: int
    margin: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class KnownLaw:
    """A law, and how it reads under a setting."""

    name: str
    statement: str
    equation: Callable[[Setting], Equation]


LAWS: list[KnownLaw] = []


def law(name: str, statement: str) -> Callable[[Callable[[Setting], Equation]], Callable[[Setting], Equation]]:
    """Add a law to those that are checked."""

    def register(equation: Callable[[Setting], Equation]) -> Callable[[Setting], Equation]:
        LAWS.append(KnownLaw(name, statement, equation))
        return equation

    return register


@law("commutativity of convolution", "F∗G = G∗F")
def _commutativity_of_convolution(setting: Setting) -> Equation:
    canvas = Canvas.of(setting)
    return _of_canvas(
        canvas,
        setting.theory.exchange(canvas.kernel),
        lambda: [(setting.convolve(canvas.picture, canvas.kernel), setting.convolve(*canvas.exchanged))],
    )


@law("commutativity of correlation", "F⋆G = G⋆F")
def _commutativity_of_correlation(setting: Setting) -> Equation:
    canvas = Canvas.of(setting)
    return _of_canvas(
        canvas,
        setting.theory.exchange_in_correlation(canvas.kernel),
        lambda: [(setting.correlate(canvas.picture, canvas.kernel), setting.correlate(*canvas.exchanged))],
    )


@law("correlation the other way round", "G⋆F = F⋆G turned by 180°")
def _exchange_in_correlation(setting: Setting) -> Equation:
    canvas = Canvas.of(setting)
    return _of_canvas(
        canvas,
        setting.theory.exchange(canvas.kernel.turned()),
        lambda: [
            (setting.correlate(*canvas.exchanged), _turned(setting.correlate(canvas.picture, canvas.kernel))),
        ],
    )


@law("associativity of convolution", "(F∗G)∗H = F∗(G∗H)")
def _associativity_of_convolution(setting: Setting) -> Equation:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        setting.theory.composition(g, h),
        lambda: [(setting.convolve(setting.convolution, h), setting.convolve(setting.picture, convolved(g, h)))],
    )


@law("associativity of correlation", "(F⋆G)⋆H = F⋆(G⋆H)")
def _associativity_of_correlation(setting: Setting) -> Equation:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        setting.theory.correlation_associativity(g, h),
        lambda: [(setting.correlate(setting.correlation, h), setting.correlate(setting.picture, correlated(g, h)))],
    )


@law("correlating twice", "(F⋆G)⋆H = F⋆(G∗H)")
def _correlating_twice(setting: Setting) -> Equation:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        setting.theory.composition(g.turned(), h.turned()),
        lambda: [(setting.correlate(setting.correlation, h), setting.correlate(setting.picture, convolved(g, h)))],
    )


@law("correlating with a correlation", "F⋆(G⋆H) = (F⋆G)∗H")
def _correlating_with_a_correlation(setting: Setting) -> Equation:
    g, h = setting.g, setting.h
    return _of_both(
        setting,
        setting.theory.composition(g.turned(), h),
        lambda: [(setting.correlate(setting.picture, correlated(g, h)), setting.convolve(setting.correlation, h))],
    )


@law("distributivity", "F∗(G+H) = F∗G + F∗H; ⋆ too")
def _distributivity(setting: Setting) -> Equation:
    g, h, both = on_common_cells(setting.g, setting.h)

    def sides() -> Pairs:
        for apply in setting.by_each:
            right = apply(setting.picture, g)
            right += apply(setting.picture, h)
            yield apply(setting.picture, both), right

    return Equation(
        Verdict(True, "sums may be taken in any order"),
        sides,
        setting.peak * (g.absolute_sum + h.absolute_sum),
        2 * _products(g, h),
        setting.margin(both),
    )


@law("linearity", "(2F+3E)∗G = 2·F∗G + 3·E∗G; ⋆ too")
def _linearity(setting: Setting) -> Equation:
    other = _turned(setting.picture)  # a second picture, E

    def sides() -> Pairs:
        for apply, of_picture in zip(setting.by_each, (setting.convolution, setting.correlation), strict=True):
            yield apply(2 * setting.picture + 3 * other, setting.g), 2 * of_picture + 3 * apply(other, setting.g)

    return _of_one(
        setting,
        setting.theory.linearity(setting.g),
        sides,
        factor=5,
    )


@law("shift equivariance", "(moved F)∗G = moved (F∗G); ⋆ too")
def _shift_equivariance(setting: Setting) -> Equation:
    # Farther than the kernel reaches, so that the move cannot be part of the kernel itself.
    rows, columns = setting.g.shape
    shift = single_one((rows + 1, columns + 1), (rows, columns), (0, 0))

    def moved(picture: Reals) -> Reals:
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
            expectation,
            sides,
        ),
        margin=setting.margin(setting.g, shift),
    )


@law("identity", "F∗1 = F = F⋆1, 1 a kernel of one 1")
def _identity(setting: Setting) -> Equation:
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

    return Equation(
        Verdict(True, "each pixel times 1, its neighbours times 0"),
        sides,
        setting.peak,
        _products(one),
    )


@law("flip", "F∗G = F⋆(turned G)\n    = turned (turned F ⋆ G)")
def _flip(setting: Setting) -> Equation:
    def sides() -> Pairs:
        yield setting.convolution, setting.correlate(setting.picture, setting.g.turned())
        yield setting.convolution, _turned(setting.correlate(_turned(setting.picture), setting.g))

    return _of_one(
        setting,
        Verdict(True, "turning either makes one operation the other"),
        sides,
    )


@law("adjoint", "⟨F⋆G, E⟩ = ⟨F, E∗G⟩")
def _adjoint(setting: Setting) -> Equation:
    other = noise(setting.correlation.shape)  # a picture E on the grid of the results
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
        setting.theory.adjoint(setting.g),
        sides,
        count=other.size * float(other.max()),
    )


@law("sum", "Σ(F∗G) = ΣF · ΣG = Σ(F⋆G)")
def _sum(setting: Setting) -> Equation:
    def sides() -> Pairs:
        product = _total(setting.picture) * setting.g.sum
        yield _total(setting.convolution), product
        yield _total(setting.correlation), product

    return _of_totals(
        setting,
        setting.theory.total(setting.g),
        sides,
        count=max(setting.convolution.size, setting.picture.size),
    )


@law("equal sums", "Σ(F∗G) = Σ(F⋆G)")
def _equal_sums(setting: Setting) -> Equation:
    return _of_totals(
        setting,
        setting.theory.equal_totals(setting.g),
        lambda: [(_total(setting.convolution), _total(setting.correlation))],
        count=setting.convolution.size,
    )


@law("energy", "‖F∗G‖ = ‖F⋆G‖")
def _energy(setting: Setting) -> Equation:
    def norm(values: Reals) -> Reals:
        return np.sqrt(_total(values * values))

    return _of_totals(
        setting,
        setting.theory.energy(setting.g),
        lambda: [(norm(setting.convolution), norm(setting.correlation))],
        count=sqrt(setting.convolution.size),
    )


@law("Fourier theorem", "DFT(F∗G) = DFT F · DFT G; ⋆: conj.")
def _fourier_theorem(setting: Setting) -> Equation:
    def sides() -> Pairs:
        yield setting.convolution, _through_spectra(setting, setting.g)
        # The spectrum of a kernel turned about its anchor is the complex conjugate.
        yield setting.correlation, _through_spectra(setting, setting.g.turned())

    return _of_one(
        setting,
        setting.theory.fourier(setting.g),
        sides,
    )


@law("difference", "F⋆G - F∗G = 2 · F⋆(odd part of G)")
def _difference(setting: Setting) -> Equation:
    odd = setting.g.odd_part(setting.options.output_size)
    return _of_one(
        setting,
        Verdict(True, "the even part cancels, the odd part doubles"),
        lambda: [(setting.correlation - setting.convolution, 2 * setting.correlate(setting.picture, odd))],
        factor=2,
    )


def _of_one(
    setting: Setting,
    expectation: Verdict,
    sides: Callable[[], Pairs],
    *,
    factor: float = 1.0,
) -> Equation:
    """A law of F and G alone, with sides up to `factor` times as large as F∗G can be."""
    bound = factor * setting.peak * setting.g.absolute_sum
    return Equation(expectation, sides, bound, 2 * _products(setting.g), setting.margin(setting.g))


def _of_both(setting: Setting, expectation: Verdict, sides: Callable[[], Pairs]) -> Equation:
    """A law of F filtered by G and then by H, or by a kernel made of both."""
    bound = setting.peak * setting.g.absolute_sum * setting.h.absolute_sum
    products = 2 * _products(setting.g, setting.h) + _products(setting.g) * _products(setting.h)
    return Equation(expectation, sides, bound, products, setting.margin(setting.g, setting.h))


def _of_totals(setting: Setting, expectation: Verdict, sides: Callable[[], Pairs], *, count: float) -> Equation:
    """A law of single numbers, each of so many values of F∗G or F⋆G."""
    bound = count * setting.peak * setting.g.absolute_sum
    return Equation(expectation, sides, bound, 2 * _products(setting.g))


def _of_canvas(canvas: Canvas, expectation: Verdict, sides: Callable[[], Pairs]) -> Equation:
    """A law of the two canvases."""
    bound = canvas.setting.peak * canvas.setting.g.absolute_sum
    return Equation(expectation, sides, bound, canvas.picture.size, canvas.margin)


def _through_spectra(setting: Setting, kernel: Kernel) -> Reals:
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
    around: Reals = np.fft.irfft2(product, sides)
    match output_size:
        case OutputSize.SAME:
            return around
        case OutputSize.FULL:
            return np.roll(around, anchor, axis=(0, 1))
        case OutputSize.VALID:
            (rows, columns), (height, width) = kernel.shape, around.shape
            top, left = rows - 1 - anchor[0], columns - 1 - anchor[1]
            return around[top : height - anchor[0], left : width - anchor[1]]


def _turned(values: Reals) -> Reals:
    """Turned by 180 degrees."""
    return values[::-1, ::-1]


def _total(values: Reals) -> Reals:
    """The sum as an array without axes; NumPy adds in pairs, so that its rounding stays small."""
    return np.asarray(values.sum())


def _products(*kernels: Kernel) -> int:
    return sum(int(np.count_nonzero(kernel.weights)) for kernel in kernels)
