"""Sums become results: in the type that was asked for, exactly or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from corrconv.core.arithmetic import Arithmetic
from corrconv.core.decision import Filtering
from corrconv.core.engines.signature import Numbers
from corrconv.core.engines.tiles import Tile
from corrconv.errors import CorrconvError, InputTypeError


def compute_into(output: NDArray[Any], filtering: Filtering) -> None:
    """Fill an array (rows, columns, channels) with the results. Raises CorrconvError where one does not fit."""

    def fill(tile: Tile, values: Numbers) -> None:
        output[tile] = _fitting(values, output.dtype)

    # Engines write whole tiles into memory that lies in order.
    if filtering.fills(output.dtype) and output.flags.c_contiguous and output.flags.aligned:
        filtering.run_into(output)
    else:
        filtering.run(fill)


def checked_dtype(asked: DTypeLike) -> np.dtype[Any]:
    """The type that was asked for. Raises InputTypeError where it holds no results."""
    try:
        dtype = np.dtype(asked)
    except TypeError:
        raise InputTypeError(f"dtype {asked!r} does not exist; use one such as 'float64' or 'int32'") from None
    if dtype.kind not in "iuf":
        raise InputTypeError(f"dtype {dtype} cannot hold the results; ask for an integer or float type")
    return dtype


def check_result(dtype: np.dtype[Any], arithmetic: Arithmetic) -> None:
    """Raise CorrconvError where the results of this arithmetic are not known to fit an integer type."""
    if dtype.kind in "iu" and not arithmetic.exact:
        raise CorrconvError(f"dtype {dtype} needs a whole-number image and kernel; round the float result yourself")
    if dtype.kind in "iu" and arithmetic.divisor > 1 and arithmetic.dtype.kind == "i":
        raise CorrconvError(
            f"sums above 2^53 divided by {arithmetic.divisor} cannot be checked for fractions,"
            f" so {dtype} could be wrong; ask for float64"
        )


def _fitting(values: Numbers, dtype: np.dtype[Any]) -> Numbers:
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            rounded = values.astype(dtype, copy=False)
        if dtype.itemsize < values.itemsize and (np.isinf(rounded) & np.isfinite(values)).any():
            raise CorrconvError(f"some results are too large for {dtype}; use a wider dtype")
        return rounded
    limits = np.iinfo(dtype)
    low, high = values.min(), values.max()
    if low < limits.min or high > limits.max:
        raise CorrconvError(
            f"results from {low:g} to {high:g} do not fit {dtype} ({limits.min} to {limits.max}); use a wider dtype"
        )
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        raise CorrconvError(f"the kernel's divisor leaves fractions, which {dtype} cannot hold; ask for a float dtype")
    return values.astype(dtype)
