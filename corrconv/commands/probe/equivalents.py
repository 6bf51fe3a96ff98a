"""The apply line and the Python call that give what a target gives: run beside it before they are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.apply_line import made_by
from corrconv.commands.probe.examination import Examination, Refused, Unexplained, deviation
from corrconv.commands.probe.grouping import Equivalents
from corrconv.commands.probe.proof import fresh, largest_sum
from corrconv.core.convention.filtering import apply_convention, fitted_values
from corrconv.core.convention.fitting import precision_of
from corrconv.core.filtering import convolve, correlate
from corrconv.core.kernel import Kernel
from corrconv.drawing.conventions import equivalent_options, equivalent_python
from corrconv.errors import CorrconvError
from corrconv.files.images import Picture
from corrconv.libraries.registry import conventions

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from corrconv.commands.probe.grouping import Finding
    from corrconv.commands.probe.study import Probe
    from corrconv.core.convention.model import Convention
    from corrconv.libraries.target import Target

PICTURE_SIZE = (19, 23)


@dataclass(frozen=True)
class _Case:
    """A picture and a kernel, what the target made of them, and how far its own sums may be off."""

    image: NDArray[Any]
    kernel: Kernel
    result: NDArray[Any]
    slack: float

    def equals(self, made: NDArray[Any]) -> bool:
        try:
            return deviation(made, self.result) <= self.slack
        except Unexplained:
            return False


def with_equivalents(target: Target, found: Probe) -> Probe:
    """The probe, each finding with the apply line and the Python call that gave the target's own numbers or sums."""
    if not found.partly:
        return found
    known = found.known_as[:1] if len(found.findings) == 1 else ()
    examination = Examination(target, np.random.default_rng(7))
    return replace(found, findings=tuple(_proved(examination, found, it, known) for it in found.findings))


def _proved(examination: Examination, found: Probe, finding: Finding, known: tuple[str, ...]) -> Finding:
    convention = finding.convention
    try:
        cases = _cases(examination, found, finding)
    except (Refused, CorrconvError):
        return finding  # nothing was run, so nothing is shown
    command, as_pixels = _command(cases, convention)
    if not as_pixels and known and all(_is_like(case, known[0]) for case in cases):
        command, as_pixels = f"corrconv apply IMAGE KERNEL --like {known[0]}", True
    call = equivalent_python(convention)
    exact = call is not None and all(case.equals(_called(case, call)) for case in cases)
    if call is not None and not exact and not _sums(cases, convention, partial(_called, call=call)):
        call = None
    return replace(finding, equivalents=Equivalents(command, as_pixels, call, exact))


def _command(cases: list[_Case], convention: Convention) -> tuple[str | None, bool]:
    """The line of options, and whether it gives the numbers too; None where it does not give the sums either."""
    options = equivalent_options(convention)
    if options is None:
        return None, False
    as_pixels = all(_applied(case, options) for case in cases)
    holds = as_pixels or _sums(cases, convention, partial(_made, options=options))
    return (" ".join(["corrconv apply IMAGE KERNEL", *options]) if holds else None), as_pixels


def _is_like(case: _Case, name: str) -> bool:
    convention = conventions()[name]
    return convention.takes(case.image.dtype) and case.equals(apply_convention(case.image, case.kernel, convention))


def _cases(examination: Examination, found: Probe, finding: Finding) -> list[_Case]:
    """One of each type of picture, with a kernel of each parity of sides that the finding covers."""
    shapes = {(rows % 2, columns % 2): (rows, columns) for rows, columns in reversed(finding.shapes)}
    cases = []
    for name in found.taken_types:
        for shape in shapes.values():
            image, weights = fresh(examination, finding.convention, np.dtype(name), shape, (24, 8), PICTURE_SIZE)
            result, kernel = examination.call(image, weights), Kernel(weights)
            reach = precision_of(result.dtype) * largest_sum(image, kernel, finding.convention)
            cases.append(_Case(image, kernel, result, reach if result.dtype.kind == "f" else 0.0))
    return cases


def _made(case: _Case, options: list[str], name: str = "OUT.npy") -> NDArray[Any] | None:
    made = made_by(options, Picture(case.image), case.kernel, name)
    return None if made is None else made[:, :, 0]


def _applied(case: _Case, options: list[str]) -> bool:
    """Whether apply writes the target's numbers, as pixels or as numbers."""
    made = [_made(case, options, name) for name in ("OUT.npy", "OUT.png")[: 1 if case.image.dtype.kind == "f" else 2]]
    return any(it is not None and case.equals(it) for it in made)


def _called(case: _Case, call: str) -> NDArray[Any]:
    names = {"image": case.image, "kernel": case.kernel.weights, "np": np, "correlate": correlate, "convolve": convolve}
    return np.asarray(eval(call, names))


def _sums(cases: list[_Case], convention: Convention, made: Callable[[_Case], NDArray[Any] | None]) -> bool:
    """Whether the sums, rounded and made to fit as the target does that, are its numbers."""

    def fitted(case: _Case) -> bool:
        sums = made(case)
        if sums is None:
            return False
        return case.equals(fitted_values(sums.astype(np.float64), case.image.dtype, case.kernel.shape, convention))

    return all(fitted(case) for case in cases)
