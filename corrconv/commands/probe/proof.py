"""The proof of the findings: fresh random pictures and kernels, of every type, shape and size, are predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.probe.examination import Examination, Refused, Unexplained, deviation
from corrconv.commands.probe.kernels import listed, whole_kernel
from corrconv.commands.probe.rounding import quarters
from corrconv.core.convention.filtering import apply_convention, interior
from corrconv.core.convention.fitting import precision_of
from corrconv.core.convention.model import BorderRule, Convention
from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.libraries.target import TimeoutExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corrconv.commands.probe.grouping import Finding
    from corrconv.core.kernel import Cell
    from corrconv.libraries.target import Shape

# Rows and columns of the pictures that are tried beside random ones: small, thin and large.
PICTURE_SIZES: tuple[Cell, ...] = (
    *((side, side) for side in (1, 2, 3, 4, 5, 6, 8, 11)),
    *((1, 30), (30, 1), (2, 40), (40, 2), (7, 60), (60, 7), (60, 90), (150, 200)),
)
# For targets that are slow to start, or compile for each size.
FEW_PICTURE_SIZES: tuple[Cell, ...] = ((1, 1), (3, 3), (5, 5), (1, 30), (30, 1), (60, 90))


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


@dataclass(frozen=True)
class SizeProof:
    """What became of a picture of one size, filtered with a kernel of one shape.

    problem: why it is not explained; refused: what the target said; both empty where it was predicted.
    """

    size: Cell
    kernel: Shape
    problem: str = ""
    refused: str = ""

    @property
    def smaller(self) -> bool:
        """Whether the picture is smaller than the kernel."""
        return self.size[0] < self.kernel[0] or self.size[1] < self.kernel[1]


def prove(examination: Examination, finding: Finding, shape: Shape, dtype: np.dtype[Any]) -> Proof:
    """Predict the results for fresh pictures and kernels of one shape.

    Raises Unexplained or Refused where none comes.
    """
    convention = finding.convention
    deviations, output, tolerance = [0.0], dtype, 0.0
    # Some weights are always negative: a target may treat them otherwise.
    for sums in ((16, 8), (8, 0), (24, 8))[: examination.target.proof_pictures]:
        image, weights = fresh(
            examination, convention, dtype, shape, sums, _random_size(examination, convention.extent(shape))
        )
        off, output, largest = _compared(examination, convention, image, weights)
        deviations.append(off)
        if output.kind == "f":
            examination.errors.append(off / largest)
            tolerance = max(tolerance, precision_of(output) * largest)
    return Proof(dtype.name, output.name, examination.target.proof_pictures, max(deviations), tolerance)


def joined(proofs: list[Proof]) -> Proof:
    """The proofs of one image type as one."""
    return replace(
        proofs[0],
        pictures=sum(proof.pictures for proof in proofs),
        max_deviation=max(proof.max_deviation for proof in proofs),
        tolerance=max(proof.tolerance for proof in proofs),
    )


def prove_sizes(examination: Examination, finding: Finding) -> Iterator[SizeProof]:
    """Pictures from a single pixel to large ones, filtered with the finding's first kernel shape and its largest."""
    sizes = PICTURE_SIZES if examination.target.proof_pictures > 1 else FEW_PICTURE_SIZES
    largest = max(finding.shapes, key=lambda shape: shape[0] * shape[1])
    for shape in dict.fromkeys((finding.shapes[0], largest)):
        for size in sizes:
            yield _prove_size(examination, finding.convention, size, shape)


def _random_size(examination: Examination, extent: Cell) -> Cell:
    """Rows and columns of a fresh picture that a kernel of this extent fits into.

    They are the same ones where each new size is compiled anew, which is slow.
    """
    random = examination.random if examination.target.proof_pictures > 1 else np.random.default_rng(1)
    rows, columns = (max(int(random.integers(14, 40)), side + 2) for side in extent)
    return rows, columns


def _prove_size(examination: Examination, convention: Convention, size: Cell, shape: Shape) -> SizeProof:
    proof = SizeProof(size, shape)
    if convention.scale.value != "raw" or examination.dtype.kind != "f":
        image = examination.picture(size, examination.white)
        weights = quarters(
            examination,
            convention,
            whole_kernel(shape, examination.random, 8, 0, separable=examination.target.separable),
        )
    else:
        image, weights = fresh(examination, convention, examination.dtype, shape, (24, 8), size)
    if min(convention.output_shape(size, shape)) < 1:
        try:
            result = examination.call(image, weights)
        except Refused:
            return replace(proof, refused="the kernel does not fit")
        return replace(proof, problem=f"a kernel that does not fit gives a result of shape {result.shape}")
    try:
        off, output, largest = _compared(examination, convention, image, weights)
    except Refused as refusal:
        return replace(proof, refused=str(refusal))
    except TimeoutExceededError:
        raise
    except (Unexplained, CorrconvError) as outcome:
        return replace(proof, problem=str(outcome))
    reach = precision_of(output) * largest if output.kind == "f" else 0.0
    return proof if off <= reach else replace(proof, problem=f"off by up to {off:.4g}")


def _compared(
    examination: Examination, convention: Convention, image: NDArray[Any], weights: NDArray[np.float64]
) -> tuple[float, np.dtype[Any], float]:
    """How far a result is off the prediction, its type, and the largest sum that pixels and weights could give."""
    kernel = Kernel(weights)
    result = examination.call(image, weights)
    predicted = apply_convention(image, kernel, convention)
    if result.shape != predicted.shape:
        raise Unexplained(
            f"a {listed([image.shape])} picture gives {listed([result.shape])} results, not {listed([predicted.shape])}"
        )
    if any(side.rule is BorderRule.UNKNOWN for side in convention.borders.sides.values()):
        inside = interior(image.shape, convention, kernel.shape)
        result, predicted = result[inside], predicted[inside]
    return deviation(result, predicted), result.dtype, largest_sum(image, kernel, convention)


def largest_sum(image: NDArray[Any], kernel: Kernel, convention: Convention) -> float:
    """The largest result that pixels and weights of this size could give."""
    fills = [side.fill for side in convention.borders.sides.values() if np.isfinite(side.fill)]
    peak = max(1.0, float(np.abs(image).max()), *map(abs, fills))
    divisor = abs(convention.scale.divisor(kernel)) or 1.0
    return abs(convention.gain) * peak * kernel.absolute_sum / divisor + abs(convention.bias)


def fresh(
    examination: Examination, convention: Convention, dtype: np.dtype[Any], shape: Shape, sums: Cell, size: Cell
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """A picture of this size and a kernel of random content that no experiment has used."""
    random, target = examination.random, examination.target
    if dtype.kind == "f":
        image = random.normal(0, 100, size).astype(dtype)
    else:
        image = random.integers(0, np.iinfo(dtype).max + 1, size).astype(dtype)
    weights = whole_kernel(shape, random, *sums, separable=target.separable)
    if dtype.kind != "f" or target.whole_kernels:
        return image, quarters(examination, convention, weights)
    # Real weights, whose sum stays well away from 0 where it is divided by.
    spread = 2.4 / np.sqrt(weights.size) / 3
    real = weights * random.uniform(0.5, 1.0) if target.separable else weights + random.uniform(-spread, spread, shape)
    return image, real
