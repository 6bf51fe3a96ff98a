"""Measure how true each convention is: what a library or tool gives, beside what the convention predicts.

Run it as `python tests/measure_conventions.py [NUMBER] [NAME...]`: so many random kernels with fractional weights
(1000) for each name and type of picture, sides of 1 to 7, all borders, anchors, strides and pads that the settings of
the function can say; MATLAB's functions are run by Octave. Prints a row each: how many results are equal to the last
bit, how many within one unit (of real numbers: within what the additions in their type may round), and how many are
others; then what the function takes and the convention does not, or the other way round, and one case of each kind.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tool_runs import Work, results

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.convention.fitting import precision_of
from corrconv.core.convention.geometry import Pads
from corrconv.core.convention.model import Borders, Scale
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.command_lines import Tool
from corrconv.libraries.function import MatlabText, PythonFunction, Wanted
from corrconv.libraries.registry import library_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corrconv.libraries.function import LibraryFunction

DTYPES = ("uint8", "uint16", "float32", "float64")
PICTURE_SHAPE = (13, 17)


def weights(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.float64]:
    """Random fractional weights: over a divisor, normalised, a box, decimals, dyadic ones, whole ones."""
    made = [
        lambda: random.integers(-4, 9, shape) / random.integers(2, 40),
        lambda: random.dirichlet(np.ones(np.prod(shape))).reshape(shape),
        lambda: random.integers(1, 10, shape) / random.integers(10, 100),
        lambda: np.ones(shape) / np.prod(shape),
        lambda: np.round(random.normal(0, 0.4, shape), 2),
        lambda: random.integers(-4, 9, shape) / 16,
        lambda: random.integers(-4, 9, shape).astype(float),
    ][random.integers(7)]()
    return made if abs(made.sum()) > 0.05 else weights(shape, random)


@dataclass
class Tally:
    """What became of the cases of one function and one type of picture."""

    counts: Counter[str] = field(default_factory=Counter)
    largest: float = 0.0
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, example: str, deviation: float = 0.0) -> None:
        """Count a case, and keep the first of its kind."""
        self.counts[kind] += 1
        self.examples.setdefault(kind, example)
        self.largest = max(self.largest, deviation)


def random_picture(dtype: str, random: np.random.Generator) -> NDArray[Any]:
    """A picture of noise, every fifth of them flat: noise of the sums decides about each of its pixels."""
    flat = random.integers(5) == 0
    if dtype.startswith("float"):
        return random.normal(0, 100, PICTURE_SHAPE).astype(dtype)
    picture = random.integers(0, np.iinfo(dtype).max + 1, PICTURE_SHAPE).astype(dtype)
    return np.full_like(picture, picture[0, 0]) if flat else picture


def random_settings(function: LibraryFunction, shape: tuple[int, int], random: np.random.Generator) -> dict[str, Any]:
    """Settings of the function for a border, an anchor, an output size, and now and then a stride and pads."""
    if (function.place or function.borders) is None or random.integers(6) == 0:
        return {}
    rules = list(function.borders.words.values()) if function.borders else []
    borders = Borders.uniform(rules[random.integers(len(rules))]) if rules else None
    cell = tuple(int(random.integers(side)) for side in shape) if random.integers(2) else None
    wanted = Wanted(shape=shape, borders=borders, cell=cell)
    if random.integers(3) == 0:
        wanted = replace(wanted, output_size=(OutputSize.VALID, OutputSize.FULL)[random.integers(2)])
    pair = tuple(int(step) for step in random.integers(1, 4, 2))
    if wanted.output_size is OutputSize.VALID and random.integers(2):
        pad = int(random.integers(3))
        wanted = replace(wanted, stride=pair, dilation=pair[::-1], pads=Pads(pad, pad, pad, pad))
    if wanted.output_size is OutputSize.FULL and random.integers(2):
        wanted = replace(wanted, spread=pair)
    return dict(function.placed(wanted))


def random_work(function: LibraryFunction, dtype: str, random: np.random.Generator) -> Work:
    """A picture, a kernel of a shape that is mostly one that the function takes, and settings."""
    shape = (int(random.integers(1, 8)), int(random.integers(1, 8)))
    # A function of two vectors is shown rows alone.
    if function.computes is not None and (random.integers(3) or function.computes.single_row):
        taken = [(rows, columns) for rows in range(1, 8) for columns in range(1, 8)]
        taken = [it for it in taken if function.computes.accepts(it)]
        shape = taken[random.integers(len(taken))]
    settings = random_settings(function, shape, random)
    image, given = random_picture(dtype, random), weights(shape, random)
    if isinstance(function.runner, Tool) and function.runner.command.whole_kernels:
        given = np.rint(given * 20)
    return Work(image, Kernel(given), settings)


def called(runner: PythonFunction, works: list[Work]) -> Iterator[NDArray[Any] | str]:
    """What a function of Python makes of each work, or what it says instead."""
    for work in works:
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            try:
                yield np.asarray(runner.target("", work.settings).run(work.image.copy(), work.kernel.weights.copy()))
            except Exception as error:  # whatever a library raises is an answer
                yield str(error)


def compare(function: LibraryFunction, work: Work, made: NDArray[Any] | str, tally: Tally) -> None:
    """Count a work by what the function made of it, or said instead, beside what its convention says."""
    image, kernel = work.image, work.kernel
    case = f"{function.name} {work.settings} {image.dtype} {kernel.weights.tolist()}"
    convention = function.configured(work.settings)
    if convention.scale is Scale.SUM and abs(kernel.sum) < 0.05:
        return
    try:
        predicted = apply_convention(image, kernel, convention)
    except CorrconvError as error:
        kind = "both refuse" if isinstance(made, str) else "convention refuses"
        tally.add(kind, f"{case}: {error}")
        return
    if isinstance(made, str):
        tally.add("library refuses", f"{case}: {made}")
        return
    kind, example, off = judged(made, predicted, image, kernel.weights, convention.gain, case)
    said = "may differ" in convention.caveat(kernel, image.dtype)
    tally.add("said to differ" if kind == "different" and said else kind, example, off)


def judged(
    made: NDArray[Any], predicted: NDArray[Any], image: NDArray[Any], given: NDArray[Any], gain: float, case: str
) -> tuple[str, str, float]:
    """Whether a result is the predicted one, to the last bit, within one unit, or not."""
    if made.shape != predicted.shape:
        return "different", f"{case}: {made.shape} for {predicted.shape}", np.inf
    if np.array_equal(made, predicted.astype(made.dtype), equal_nan=made.dtype.kind == "f"):
        return "equal", case, 0.0
    off = float(np.abs(made.astype(np.float64) - predicted).max())
    if made.dtype.kind == "f":
        peak = (
            float(np.abs(image).max()) * max(1.0, np.abs(given).sum(), 1 / abs(given.sum() or 1)) * max(1.0, abs(gain))
        )
        unit = max(map(precision_of, (made.dtype, image.dtype if image.dtype.kind == "f" else made.dtype))) * peak
    else:
        unit = 1.0
    return "one unit" if off <= unit else "different", f"{case}: off by {off:.4g}", off


COLUMNS = ("equal", "one unit", "said to differ", "different", "both refuse", "library refuses", "convention refuses")


def main(number: str = "1000", *names: str) -> None:
    """Measure all that is installed, or what the names begin with, and print a table and the cases that deviate."""
    sys.stdout.write(
        f"{'name':36} {'pictures':8}" + "".join(f"{name:>19}" for name in COLUMNS) + "  largest deviation\n"
    )
    for name, function in library_functions().items():
        octave = isinstance(function.text, MatlabText) and shutil.which("octave-cli")
        chosen = not names or any(name.startswith(start) for start in names)
        if not chosen or function.computes is None or not (function.installed or octave):
            continue
        for dtype in DTYPES:
            floats = isinstance(function.runner, Tool) and dtype.startswith("float")
            if (floats and getattr(function.text, "suffix", "") != "tif") or not function.computes.takes(
                np.dtype(dtype)
            ):
                continue
            random, tally = np.random.default_rng(1), Tally()
            works = [random_work(function, dtype, random) for _ in range(int(number))]
            runner = function.runner
            made = called(runner, works) if isinstance(runner, PythonFunction) else results(function, works)
            for work, result in zip(works, made, strict=True):
                compare(function, work, result, tally)
            counts = "".join(f"{tally.counts[column]:19}" for column in COLUMNS)
            sys.stdout.write(f"{name:36} {dtype:8}{counts}  {tally.largest:.3g}\n")
            for kind in ("different", "library refuses", "convention refuses"):
                if kind in tally.examples:
                    sys.stdout.write(f"    {kind}: {tally.examples[kind]}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
