"""What a function or command really computes, found by experiment and proved by prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.probe.examination import Examination, Experiment, NotLinear, Refused, Unexplained
from corrconv.commands.probe.grouping import Finding, grouped
from corrconv.commands.probe.kernels import listed
from corrconv.commands.probe.linearity import check_linearity, measure_growth, offer_shapes, offer_types
from corrconv.commands.probe.placement import place
from corrconv.commands.probe.proof import Proof, SizeProof, joined, prove, prove_sizes
from corrconv.commands.probe.rounding import measure_numbers, whole_types
from corrconv.commands.probe.scale import with_scale
from corrconv.core.convention.model import BorderRule, Convention
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import conventions
from corrconv.libraries.target import TimeoutExceededError

if TYPE_CHECKING:
    from collections.abc import Callable

    from corrconv.libraries.target import Shape, Target


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What was found about a target.

    called: how a callable is called, where that was found by trying. tried: the kernel shapes that were offered;
    accepted, refused: the ones that it takes, or not, with its message; refused_types: types of pictures that it does
    not take, with its message; unexplained: the accepted ones that follow
    no finding, and why. findings: one that covers all others, or one for each group of shapes that behave alike;
    empty where nothing can be said. problem: why the target as a whole is not explained, or an empty text. sizes:
    what became of pictures of other sizes. relative_error: the largest deviation from exact arithmetic, relative to
    the largest possible sum. image_dtypes: the types that were tried.
    """

    target: str
    called: str = ""
    tried: tuple[Shape, ...] = ()
    image_dtypes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    accepted: tuple[Shape, ...] = ()
    refused: tuple[tuple[Shape, str], ...] = ()
    refused_types: tuple[tuple[str, str], ...] = ()
    unexplained: tuple[tuple[Shape, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    linear: bool | None = None
    problem: str = ""
    proofs: tuple[Proof, ...] = ()
    sizes: tuple[SizeProof, ...] = ()
    relative_error: float | None = None
    notes: tuple[str, ...] = ()
    experiments: tuple[Experiment, ...] = ()

    @property
    def explained(self) -> bool:
        """Whether the findings predicted every picture with every kernel that fits into it."""
        return (
            self.partly
            and not self.problem
            and not self.unexplained
            and all(it.smaller for it in self.unexplained_sizes)
        )

    @property
    def partly(self) -> bool:
        """Whether the findings predicted every fresh picture for some of the kernel shapes at least."""
        return bool(self.proofs) and all(proof.holds for proof in self.proofs)

    @property
    def unexplained_sizes(self) -> tuple[SizeProof, ...]:
        """The pictures that were not predicted because of their size."""
        return tuple(it for it in self.sizes if it.problem)

    @property
    def convention(self) -> Convention | None:
        """The one convention that covers every kernel that was tried, or the first of several."""
        return self.findings[0].convention if self.findings else None

    @property
    def max_deviation(self) -> float | None:
        """The largest deviation of a prediction, in pixel values."""
        return max((proof.max_deviation for proof in self.proofs), default=None)

    @property
    def known_as(self) -> tuple[str, ...]:
        """The known conventions that are the same in everything that was measured, refused kernels included."""
        takes_whole = any(np.dtype(name).kind in "iu" for name in self.taken_types)
        if not self.explained or (takes_whole and any(not finding.numbers for finding in self.findings)):
            return ()
        return tuple(name for name, known in conventions().items() if self._follows(known))

    @property
    def taken_types(self) -> tuple[str, ...]:
        """The types of pictures that it was given and took."""
        return tuple(name for name in self.image_dtypes if name not in dict(self.refused_types))

    def _follows(self, known: Convention) -> bool:
        """Whether a convention covers the kernels that the target takes, no others of those tried, and is alike."""
        by_shape = {shape: finding for finding in self.findings for shape in finding.shapes}
        return not any(known.takes(np.dtype(name)) for name, _ in self.refused_types) and all(
            known.accepts(shape) == (shape in by_shape)
            and (shape not in by_shape or by_shape[shape].follows(known.for_shape(shape)))
            for shape in self.tried
        )


def probe(target: Target, *, seed: int = 0, progress: Callable[[str], None] | None = None) -> Probe:
    """Find out what a target computes, and prove it by predicting its results on fresh random pictures.

    progress is told each step. Nothing is said that the experiments do not show; what is not
    explained is said in `problem`, or for some kernels and pictures only.
    A target that rounds or cuts off real pictures is examined with whole-number pictures alone.
    """
    try:
        return _probe(target, seed, progress or (lambda _: None))
    except TimeoutExceededError as error:
        return Probe(target=target.name, problem=str(error))


def _probe(target: Target, seed: int, report: Callable[[str], None]) -> Probe:
    found = _examine(target, seed, report)
    rest = tuple(name for name in target.image_dtypes if np.dtype(name).kind in "iu")
    if found.partly or not rest or rest == target.image_dtypes:
        return found
    again = _examine(replace(target, image_dtypes=rest), seed, report)
    if not again.explained:
        return found
    note = f"{target.image_dtypes[0]} pictures are not explained: {found.problem or found.unexplained[0][1]}"
    return replace(again, notes=(*again.notes, note))


def _examine(target: Target, seed: int, report: Callable[[str], None]) -> Probe:
    examination = Examination(target, np.random.default_rng(seed))
    found = Probe(
        target=target.name, tried=target.kernel_shapes, image_dtypes=target.image_dtypes, limits=_limits(target)
    )
    try:
        report("which kernels it takes")
        found = replace(found, refused=offer_shapes(examination), accepted=tuple(examination.accepted))
        found = replace(found, refused_types=offer_types(examination))
        report("whether it is linear")
        growth = measure_growth(examination, examination.accepted[0])
        check_linearity(examination, examination.accepted[0], growth)
        found = replace(found, linear=True)
        placements = []
        for shape in examination.accepted:
            report(f"{listed([shape])} kernels")
            try:
                placements.append(place(examination, shape, growth))
            except (Unexplained, Refused) as outcome:
                found = replace(found, unexplained=(*found.unexplained, (shape, str(outcome))))
                continue
            dilations = {it.dilation for it in placements[-1].conventions}
            if min(shape) > 1 and len(dilations) == 1:
                examination.dilation = dilations.pop()
        if not placements:
            raise Unexplained(found.unexplained[0][1])
        found = replace(found, findings=grouped(placements))
        report("scale, rounding and overflow")
        found = replace(found, findings=tuple(_measured(examination, it) for it in found.findings))
        report("proof")
        found = _prove(examination, found)
    except TimeoutExceededError:
        raise
    except NotLinear as outcome:
        found = replace(found, linear=False, findings=(), unexplained=(), problem=str(outcome))
    except (Unexplained, Refused, CorrconvError) as outcome:
        found = replace(found, problem=str(outcome), unexplained=())
    return replace(
        found,
        called=target.called(),
        notes=tuple(examination.notes),
        experiments=tuple(examination.experiments),
    )


def _limits(target: Target) -> tuple[str, ...]:
    """What the target was not tried with, besides what no target is."""
    rows, columns = (max(shape[axis] for shape in target.kernel_shapes) for axis in (0, 1))
    limits = [f"kernels over {rows}x{columns}"]
    if not any(shape[0] != shape[1] for shape in target.kernel_shapes):
        limits.append("kernels that are not square")
    if not any(shape[0] == shape[1] for shape in target.kernel_shapes):
        limits.append("kernels of more than one row")
    if target.whole_kernels:
        limits.append("fractional weights")
    if target.separable:
        limits.append("kernels that are no product of a column and a row")
    return tuple(limits)


def _measured(examination: Examination, finding: Finding) -> Finding:
    """The finding with its scale and its numbers, or with the problem that kept them from being found."""
    if finding.problem:
        return finding
    shape = finding.shapes[0]
    try:
        convention = with_scale(examination, finding.convention, shape)
        finding = replace(finding, convention=convention)
        numbers = measure_numbers(examination, convention, shape)
    except NotLinear:
        raise
    except (Unexplained, Refused) as outcome:
        return replace(finding, problem=str(outcome))
    widest = max(whole_types(examination.target), key=lambda dtype: dtype.itemsize, default=None)
    wide = convention.numbers if widest is None else numbers[widest.name]
    narrow = numbers.get("uint8")
    eight_bit = narrow if narrow != wide else None
    return replace(finding, convention=replace(convention, numbers=wide, eight_bit=eight_bit), numbers=numbers)


def _prove(examination: Examination, found: Probe) -> Probe:
    """Predict the results for fresh random pictures and kernels of every type and shape, and of other sizes."""
    proofs: dict[str, list[Proof]] = {name: [] for name in examination.target.image_dtypes}
    unexplained, findings = list(found.unexplained), []
    for finding in found.findings:
        problems = {}
        for shape in finding.shapes:
            shown, problems[shape] = _prove_shape(examination, finding, shape)
            for proof in shown:
                proofs[proof.image_dtype].append(proof)
        kept = tuple(shape for shape in finding.shapes if not problems[shape])
        if kept:
            findings.append(replace(finding, shapes=kept))
            unexplained += [(shape, problem) for shape, problem in problems.items() if problem]
        else:
            findings.append(replace(finding, problem=next(iter(problems.values()))))
    joint = tuple(joined(of_type) for of_type in proofs.values() if of_type)
    for proof in joint:
        examination.log(
            f"Are {proof.pictures} fresh {proof.image_dtype} pictures predicted?",
            f"largest deviation {proof.max_deviation:.3g}",
        )
    proved = [finding for finding in findings if not finding.problem]
    unexplained += [(shape, finding.problem) for finding in findings if finding.problem for shape in finding.shapes]
    return replace(
        found,
        proofs=joint,
        problem="" if proved else findings[0].problem,
        unexplained=tuple(unexplained) if proved else (),
        findings=tuple(proved) or tuple(findings),
        sizes=tuple(size for finding in proved for size in prove_sizes(examination, finding)),
        relative_error=max(examination.errors, default=None),
    )


def _prove_shape(examination: Examination, finding: Finding, shape: Shape) -> tuple[list[Proof], str]:
    """The proofs of one shape for every image type, and why the findings do not hold for it, or an empty text."""
    problem = finding.problem or _unknown_sides(finding.convention)
    shown = []
    for name in examination.target.image_dtypes:
        try:
            proof = prove(examination, finding, shape, np.dtype(name))
        except TimeoutExceededError:
            raise
        except (Unexplained, Refused, CorrconvError) as outcome:
            return [], problem or f"a fresh {name} picture: {outcome}"
        if not proof.holds:
            problem = problem or (f"fresh {name} pictures deviate from the findings by up to {proof.max_deviation:.4g}")
        shown.append(proof)
    return ([] if problem else shown), problem


def _unknown_sides(convention: Convention) -> str:
    unknown = [name for name, side in convention.borders.sides.items() if side.rule is BorderRule.UNKNOWN]
    return f"the results along the {', '.join(unknown)} follow no known border rule" if unknown else ""
