"""NumPy's functions of two vectors, applied to each row."""

from __future__ import annotations

from typing import Any

from corrconv.core.convention.geometry import Fits
from corrconv.core.convention.model import Convention
from corrconv.core.terms import OutputSize
from corrconv.libraries.function import LibraryFunction, PythonFunction, PythonText, call_by_rows
from corrconv.libraries.shared import CORRELATION, LOWER_CONVOLUTION, by_output_size, placed_output_size
from corrconv.libraries.target import ROW_SHAPES


def _configure(*, mode: str = "same") -> dict[str, Any]:
    # Of two vectors the longer one decides how many results are `same`.
    sizes = {"fits": Fits.KERNEL_INSIDE} if mode == OutputSize.SAME else {"fits": Fits.ALWAYS}
    return {**sizes, **by_output_size(mode=mode)}


def _function(name: str, computes: Convention) -> LibraryFunction:
    return LibraryFunction(
        name=f"numpy.{name}",
        computes=computes.changed(single_row=True, fits=Fits.KERNEL_INSIDE),
        configure=_configure,
        place=placed_output_size,
        runner=PythonFunction(
            module="numpy", call=call_by_rows(f"numpy.{name}"), settings={"mode": "same"}, kernel_shapes=ROW_SHAPES
        ),
        text=PythonText("", f"np.array([np.{name}(row, kernel[0]{{settings}}) for row in padded])"),
    )


FUNCTIONS = (_function("correlate", CORRELATION), _function("convolve", LOWER_CONVOLUTION))
