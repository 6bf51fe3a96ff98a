"""torchvision."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.errors import CorrconvError
from corrconv.libraries.function import Array, LibraryFunction, PythonFunction, PythonText, Settings, attribute
from corrconv.libraries.own_kernel import Gaussian, GaussianRule
from corrconv.libraries.shared import CORRELATION, REFLECT, pair


def torchvision_sigma(size: int) -> float:
    """The sigma that is taken for a size, if none is given."""
    return size * 0.15 + 0.35


def _read_blur(settings: Settings) -> Gaussian:
    columns, rows = pair(settings.get("kernel_size") or 0)
    if columns != rows or not isinstance(settings.get("sigma", 0), int | float):
        raise CorrconvError("a blur of one sigma and one size along both axes is known here; give one number each")
    return Gaussian(settings.get("sigma", 0) or None, rows or None)


BLUR = GaussianRule(
    words={
        "size": "must be said, as kernel_size",
        "sigma": "from the size, if it is not said: 0.15 size + 0.35",
        "weights": "a sampled Gaussian divided by its sum, in the type of the image; float32 for whole numbers",
        "beware": "uint16 pictures are truncated, all other whole numbers rounded",
    },
    names=("kernel_size", "sigma"),
    read=_read_blur,
    write=lambda sigma, size: {"kernel_size": size, **({"sigma": sigma} if sigma else {})},
    sigma=torchvision_sigma,
)


def _call_blur(image: Array, _: Array, **settings: Any) -> Any:
    pixels = import_module("torch").from_numpy(image)[None]
    return attribute("torchvision.transforms.functional.gaussian_blur")(pixels, **settings)[0].numpy()


FUNCTIONS = (
    LibraryFunction(
        name="torchvision.transforms.functional.gaussian_blur",
        aliases=("torchvision.gaussian_blur",),
        computes=CORRELATION.changed(
            borders=REFLECT,
            numbers=NumberRule("image", Rounding.HALF_EVEN, Overflow.SATURATE),
            inexact="whole numbers are summed in single precision",
        ),
        runner=PythonFunction(module="torchvision", call=_call_blur, image_dtypes=("float64", "uint8")),
        text=PythonText(
            "import torch\nfrom torchvision.transforms import functional",
            "functional.gaussian_blur(torch.from_numpy(padded)[None]{settings})[0].numpy()",
        ),
        own=BLUR,
    ),
)
