"""A target under examination, and the pictures and kernels that it is shown."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.errors import CorrconvError
from corrconv.libraries.target import TimeoutExceededError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.libraries.target import Shape, Target

PICTURE_SHAPE = (41, 47)

# Of what a target says; some print their whole signature.
LONGEST_MESSAGE = 240


@dataclass(frozen=True)
class Experiment:
    """One question to the target, and what was seen."""

    question: str
    answer: str


class Unexplained(Exception):  # noqa: N818 - an outcome of an experiment, not an error of ours
    """The target does something that the model of a convention has no place for."""


class Refused(Exception):  # noqa: N818 - see above
    """The target raised an error or gave something that is no picture."""


class NotLinear(Unexplained):
    """The target is no linear shift-invariant filter, so neither operation describes it."""


@dataclass
class Examination:
    """A target under examination: calls it with copies, and keeps the log."""

    target: Target
    random: np.random.Generator
    accepted: list[Shape] = field(default_factory=list)
    experiments: list[Experiment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    hangs: int = 0
    response: float = 0.0
    dilation: tuple[int, int] | None = None
    blacks: dict[bytes, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The image type that the geometry is measured with."""
        return np.dtype(self.target.image_dtypes[0])

    @property
    def limits(self) -> tuple[float, float]:
        """The values that results may be cut off at."""
        if self.dtype.kind == "f":
            return -np.inf, np.inf
        return float(np.iinfo(self.dtype).min), float(np.iinfo(self.dtype).max)

    @property
    def white(self) -> float:
        """The largest pixel value that is used."""
        return 255.0 if self.dtype.kind == "f" else self.limits[1]

    @property
    def tolerance(self) -> float:
        """What the target's own rounding may account for: of float32 sums up to 64 times white, or to whole numbers."""
        return 0.16 if self.dtype.kind == "f" else 1.0

    def log(self, question: str, answer: str) -> None:
        """Keep what was seen."""
        self.experiments.append(Experiment(question, answer))

    def call(self, image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
        """The target's result for copies of an image and a kernel.

        Raises Refused where it is no picture, and TimeoutExceededError where it took too long: at once where
        nothing was accepted yet, else the second time.
        """
        handed_image, handed_kernel = image.copy(), kernel.astype(np.float64)
        try:
            with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
                result = np.asarray(self.target.run(handed_image, handed_kernel))
        except TimeoutExceededError as error:
            self.hangs += 1
            if not self.accepted or self.hangs > 1:
                raise
            raise Refused(str(error)) from error
        # Whatever a stranger's code raises is an answer to the experiment; only Ctrl-C is the user's.
        except (Exception, SystemExit, GeneratorExit) as error:
            detail = " ".join(str(error).split())[:LONGEST_MESSAGE]
            kind = "" if isinstance(error, CorrconvError) else f"{type(error).__name__}: "
            raise Refused(kind + detail if detail else type(error).__name__) from error
        if not np.array_equal(handed_image, image) or not np.array_equal(handed_kernel, kernel):
            self.note("it changes its input in place")
        return _checked(result, image.shape).copy()

    def black(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a black picture gives, asked for once: the bias, and what a constant outside adds at the borders."""
        key = kernel.tobytes() + repr(kernel.shape).encode()
        if key not in self.blacks:
            self.blacks[key] = self.call(np.zeros(PICTURE_SHAPE, self.dtype), kernel).astype(np.float64)
        return self.blacks[key]

    def note(self, text: str) -> None:
        """Keep something worth knowing, once."""
        if text not in self.notes:
            self.notes.append(text)

    def picture(self, shape: Shape, peak: float) -> NDArray[Any]:
        """A random picture of whole numbers from 0 to peak, in the geometry's type."""
        return self.random.integers(0, int(peak) + 1, shape).astype(self.dtype)


def _checked(result: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The result of a picture of this shape. Raises Refused where it is none; nan may stand in a border of it."""
    if result.dtype.kind not in "biuf":
        raise Refused(f"it returned {result.dtype}, not real numbers")
    if result.ndim != 2:
        raise Refused(f"it returned an array of shape {result.shape} for an image of shape {shape}")
    if result.size == 0:
        raise Refused("it returned an empty array")
    finite = np.isfinite(result)
    if np.isinf(result).any() or not finite[np.ix_(finite.any(axis=1), finite.any(axis=0))].all() or not finite.any():
        raise Refused("it returned nan or inf for finite pixels")
    return result


def deviation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The largest difference of two results, where nan is as good as nan. Raises Unexplained for two shapes."""
    if one.shape != other.shape:
        raise Unexplained(f"a picture gives a result of shape {one.shape} here, and {other.shape} there")
    first, second = one.astype(np.float64), other.astype(np.float64)
    difference = np.abs(first - second)[~(np.isnan(first) & np.isnan(second))]
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))
