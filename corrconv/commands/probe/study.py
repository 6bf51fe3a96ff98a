"""What a function or command really computes, found by experiment and proved by prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.probe.experiments import (
    check_linearity,
    grouped,
    offer_shapes,
    place,
    quarters,
    with_numbers,
    with_scale,
)
from corrconv.commands.probe.subject import (
    Experiment,
    NotLinear,
    Refused,
    Subject,
    Unexplained,
    listed,
    whole_kernel,
)
from corrconv.core.convention.filtering import apply_convention, interior
from corrconv.core.convention.fitting import precision_of
from corrconv.core.convention.geometry import AnchorRule
from corrconv.core.convention.model import BorderRule, Convention
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import conventions
from corrconv.libraries.target import TimeoutExceededError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from corrconv.libraries.target import Shape, Target


@dataclass(frozen=True)
class Proof:
    """How well the findings predict fresh random pictures and kernels of one image type.

    tolerance: what deviation the target's own arithmetic can account for; 0 for whole numbers.
    """

    image_dtype: str
    output_dtype: str
    pictures: int
    max_deviation: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether every pixel was predicted."""
        return self.max_deviation <= self.tolerance


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What was found about a target.

    conventions: one that covers every kernel that was tried, or one for each group of kernel shapes
    that behave alike; empty where nothing can be claimed. problem: why the target is not explained,
    or an empty text. accepted, refused: kernel shapes that it takes, or not, with its message.
    relative_error: the largest deviation from exact arithmetic, relative to the largest possible sum.
    """

    target: str
    accepted: tuple[Shape, ...] = ()
    conventions: tuple[Convention, ...] = ()
    linear: bool | None = None
    problem: str = ""
    refused: tuple[tuple[Shape, str], ...] = ()
    proofs: tuple[Proof, ...] = ()
    relative_error: float | None = None
    notes: tuple[str, ...] = ()
    experiments: tuple[Experiment, ...] = ()

    @property
    def explained(self) -> bool:
        """Whether the findings predicted every fresh picture."""
        return not self.problem and bool(self.proofs) and all(proof.holds for proof in self.proofs)

    @property
    def convention(self) -> Convention | None:
        """The one convention that covers every kernel that was tried, or the first of several."""
        return self.conventions[0] if self.conventions else None

    @property
    def max_deviation(self) -> float | None:
        """The largest deviation of a prediction, in pixel values."""
        return max((proof.max_deviation for proof in self.proofs), default=None)

    @property
    def known_as(self) -> tuple[str, ...]:
        """The known conventions that are the same in everything that was measured."""
        if not self.explained:
            return ()
        return tuple(
            name
            for name, known in conventions().items()
            if all(map(known.accepts, self.accepted))
            and any(alike(variant, it) for variant in (known, *known.exceptions) for it in self.conventions)
        )


def alike(one: Convention, other: Convention) -> bool:
    """Whether two conventions differ in nothing but their names, sources, precision and the shapes they cover."""
    first, second = (one.behaviour, other.behaviour)
    if one.output_size is not OutputSize.SAME:
        first, second = (replace(it, odd_anchor=AnchorRule(), even_anchor=AnchorRule()) for it in (first, second))
    return first == second


def probe(target: Target, *, seed: int = 0, progress: Callable[[str], None] | None = None) -> Probe:
    """Find out what a target computes, and prove it by predicting its results on fresh random pictures.

    progress is told each step. Nothing is claimed that the experiments do not show; what is not
    explained is said in `problem`.
    A target that rounds or cuts off real pictures is examined with whole-number pictures alone.
    """
    try:
        return _probe(target, seed, progress or (lambda _: None))
    except TimeoutExceededError as error:
        return Probe(target=target.name, problem=str(error))


def _probe(target: Target, seed: int, report: Callable[[str], None]) -> Probe:
    found = _examine(target, seed, report)
    rest = tuple(name for name in target.image_dtypes if np.dtype(name).kind in "iu")
    if found.explained or not rest or rest == target.image_dtypes:
        return found
    again = _examine(replace(target, image_dtypes=rest), seed, report)
    if not again.explained:
        return found
    note = f"{target.image_dtypes[0]} pictures are not explained: {found.problem}"
    return replace(again, notes=(*again.notes, note))


def _examine(target: Target, seed: int, report: Callable[[str], None]) -> Probe:
    subject = Subject(target, np.random.default_rng(seed))
    found = Probe(target=target.name)
    try:
        report("which kernels it takes")
        found = replace(found, refused=offer_shapes(subject), accepted=tuple(subject.accepted))
        report("whether it is linear")
        check_linearity(subject, subject.accepted[0])
        found = replace(found, linear=True)
        placements = []
        for shape in subject.accepted:
            report(f"{listed([shape])} kernels")
            placements.append(place(subject, shape))
        found = replace(found, conventions=grouped(placements))
        report("scale")
        found = replace(found, conventions=tuple(with_scale(subject, it) for it in found.conventions))
        report("rounding and overflow")
        found = replace(found, conventions=tuple(with_numbers(subject, it) for it in found.conventions))
        report("proof")
        found = _prove(subject, found)
    except NotLinear as outcome:
        found = replace(found, linear=False, conventions=(), problem=str(outcome))
    except TimeoutExceededError:
        raise
    except (Unexplained, Refused, CorrconvError) as outcome:
        found = replace(found, problem=str(outcome))
    return replace(found, notes=tuple(subject.notes), experiments=tuple(subject.experiments))


def _prove(subject: Subject, found: Probe) -> Probe:
    """Predict the target's results for fresh random pictures and kernels of every type and shape."""
    proofs = [_prove_type(subject, found.conventions, np.dtype(name)) for name in subject.target.image_dtypes]
    problem = _unknown_sides(found.conventions)
    where = " (away from the unknown sides)" if problem else ""
    for proof in proofs:
        subject.log(
            f"Are {proof.pictures} fresh {proof.image_dtype} pictures predicted{where}?",
            f"largest deviation {proof.max_deviation:.3g}" + ("" if proof.holds else ": no"),
        )
        if not proof.holds:
            problem = f"fresh {proof.image_dtype} pictures deviate from the findings by up to {proof.max_deviation:.4g}"
    error = max(subject.errors, default=None)
    return replace(found, proofs=tuple(proofs), problem=problem, relative_error=error)


def _unknown_sides(conventions: tuple[Convention, ...]) -> str:
    for convention in conventions:
        unknown = [name for name, side in convention.borders.sides.items() if side.rule is BorderRule.UNKNOWN]
        if unknown:
            shapes = f" ({listed(convention.kernel_shapes)} kernels)" if convention.kernel_shapes else ""
            return f"the results along the {', '.join(unknown)} follow no known border rule{shapes}"
    return ""


def _prove_type(subject: Subject, conventions: tuple[Convention, ...], dtype: np.dtype[Any]) -> Proof:
    deviations, output, tolerance = [0.0], dtype, 0.0
    count = 0
    for convention in conventions:
        for shape in (it for it in subject.accepted if convention.accepts(it)):
            for _ in range(subject.target.proof_pictures):
                image, weights = _fresh(subject, convention, dtype, shape)
                result = subject.call(image, weights)
                predicted = apply_convention(image, Kernel(weights), convention)
                if result.shape != predicted.shape:
                    raise Unexplained(f"a fresh {dtype} picture gives a result of shape {result.shape}")
                difference = np.abs(result.astype(np.float64) - predicted.astype(np.float64))
                if any(side.rule is BorderRule.UNKNOWN for side in convention.borders.sides.values()):
                    difference = difference[interior(image.shape, convention, shape)]
                deviation = float(difference.max(initial=0.0))
                count += 1
                deviations.append(deviation)
                output = result.dtype
                if output.kind == "f":
                    largest = _largest_sum(image, Kernel(weights), convention)
                    subject.errors.append(deviation / largest)
                    tolerance = max(tolerance, precision_of(output) * largest)
    return Proof(dtype.name, output.name, count, max(deviations), tolerance)


def _largest_sum(image: NDArray[Any], kernel: Kernel, convention: Convention) -> float:
    """The largest result that pixels and weights of this size could give."""
    peak = max(1.0, float(np.abs(image).max()), *(abs(side.fill) for side in convention.borders.sides.values()))
    divisor = abs(convention.scale.divisor(kernel)) or 1.0
    return abs(convention.gain) * peak * kernel.absolute_sum / divisor + abs(convention.bias)


def _fresh(
    subject: Subject, convention: Convention, dtype: np.dtype[Any], shape: Shape
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """A picture and a kernel of random size and content that no experiment has used."""
    random = subject.random
    picture_shape = (int(random.integers(14, 30)), int(random.integers(14, 30)))
    if dtype.kind == "f":
        image = random.normal(0, 100, picture_shape).astype(dtype)
    else:
        image = random.integers(0, np.iinfo(dtype).max + 1, picture_shape).astype(dtype)
    sums = [(8, 0), (16, 8), (24, 8)][int(random.integers(3))]
    weights = whole_kernel(shape, random, *sums, separable=subject.target.separable)
    if dtype.kind == "f" and not subject.target.whole_kernels:
        # Real weights, whose sum stays well away from 0 where it is divided by.
        weights = (
            weights * random.uniform(0.5, 1.0)
            if subject.target.separable
            else (weights + random.uniform(-0.2, 0.2, shape))
        )
        return image, weights
    return image, quarters(subject, convention, weights)
