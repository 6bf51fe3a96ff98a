"""Kornia."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from corrconv.libraries.function import LibraryFunction, PythonFunction, attribute
from corrconv.libraries.shared import LOWER_CORRELATION, REFLECT

if TYPE_CHECKING:
    from corrconv.libraries.function import Array


def _call(image: Array, kernel: Array, **settings: Any) -> Any:
    torch = import_module("torch")
    pixels, weights = torch.from_numpy(image)[None, None].double(), torch.from_numpy(kernel)[None]
    return attribute("kornia.filters.filter2d")(pixels, weights, **settings)[0, 0].numpy()


FUNCTIONS = (
    LibraryFunction(
        name="kornia.filters.filter2d",
        aliases=("kornia.filter2d",),
        computes=LOWER_CORRELATION.changed(borders=REFLECT),
        runner=PythonFunction(module="kornia", call=_call),
    ),
)
