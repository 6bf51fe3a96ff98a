"""The snippet is run, and so is the source itself: how far apart are they?"""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.port.study import Measured, NotRun
from corrconv.errors import CorrconvError
from corrconv.libraries.function import PythonFunction, PythonText
from corrconv.libraries.own_kernel import REAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.port.sources import PortSource
    from corrconv.commands.port.study import Port

SHORTEST = 40  # pixels a side, unless the kernel is large
LARGEST_KERNEL = 101  # larger ones would take too long
BLOCK = 8


def measure(found: PortSource, ported: Port, snippet: str) -> Measured | NotRun:
    """The largest difference on a picture of noise and one of blocks, or why they were not run.

    The images are of the port's exact type, or else real. Raises CorrconvError for a snippet that cannot be run.
    """
    source, destination = found.function.runner, ported.function.runner
    for function, runner in ((found.function, source), (ported.function, destination)):
        if runner is None:
            return NotRun(f"{function.name} is known from its documents")
        if not isinstance(runner, PythonFunction):
            return NotRun(f"{function.name} is no function of Python")
        if not runner.installed:
            return NotRun(f"{runner.needs} is not installed here")
    if not isinstance(source, PythonFunction) or not isinstance(ported.function.text, PythonText):
        return NotRun(f"the lines for {ported.function.name} are not of Python")
    side = max(*ported.kernel.shape, *ported.passed.shape)
    if side > LARGEST_KERNEL:
        return NotRun(f"kernels of more than {LARGEST_KERNEL} a side take too long")
    dtype = ported.exact or (REAL if REAL in source.image_dtypes else source.image_dtypes[0])
    target = source.target(found.function.name, found.settings)
    rows, columns = max(SHORTEST, 3 * side), max(SHORTEST, 3 * side) + 7
    differences, peak = [], 0.0
    for picture in pictures(rows, columns, dtype):
        names: dict[str, Any] = {"image": picture}
        with warnings.catch_warnings(action="ignore"), redirect_stdout(io.StringIO()):
            try:
                expected = np.asarray(target.run(picture, found.kernel.weights), np.float64)
            except Exception as error:
                raise CorrconvError(
                    f"{target.name} does not take this kernel: {type(error).__name__}: {error}; choose other settings"
                ) from error
            try:
                exec(snippet, names)
            except Exception as error:
                raise CorrconvError(
                    f"the lines for {ported.function.name} do not run here: {type(error).__name__}: {error}"
                ) from error
        result = np.asarray(names["result"], np.float64)
        if result.shape != expected.shape:
            raise CorrconvError(f"the lines for {ported.function.name} give {result.shape}, and not {expected.shape}")
        differences.append(np.abs(result - expected))
        peak = max(peak, float(np.abs(expected).max()))
    every = np.concatenate([difference.ravel() for difference in differences])
    return Measured(
        rows=rows,
        columns=columns,
        dtype=dtype,
        largest=float(every.max()),
        peak=peak,
        differing=float((every > 0).mean()),
    )


def pictures(rows: int, columns: int, dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Noise, and blocks with strong edges; of 8 bits, or of 16."""
    generator = np.random.default_rng(1)
    brightest = 65535 if dtype == "uint16" else 255
    noise = generator.integers(0, brightest + 1, (rows, columns))
    blocks = generator.integers(0, 2, (rows // BLOCK + 1, columns // BLOCK + 1)).repeat(BLOCK, 0).repeat(BLOCK, 1)
    return noise.astype(dtype), (brightest * blocks[:rows, :columns]).astype(dtype)
