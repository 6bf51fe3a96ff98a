"""MATLAB: imfilter of its image toolbox, filter2 and conv2."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

from corrconv.core.convention.model import BorderRule, Borders, Orientation
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction, MatlabText, Settings, Wanted
from corrconv.libraries.own_kernel import ALL_TYPES, DerivativeRule, Gaussian, GaussianRule
from corrconv.libraries.scipy import derivative_of
from corrconv.libraries.shared import CONVOLUTION, CORRELATION, EDGE, LOWER_CORRELATION

WORDS = BorderWords(
    "boundary",
    {
        "replicate": BorderRule.EDGE,
        "symmetric": BorderRule.SYMMETRIC,
        "circular": BorderRule.WRAP,
        0: BorderRule.CONSTANT,
    },
)
UNKNOWN_ORDER = "the order of its sums is not documented, which at times decides about one unit"
OPERATIONS = {"corr": Orientation.AS_IS, "conv": Orientation.HALF_TURN}


def _imfilter(*, boundary: str | float = 0, operation: str = "corr", size: str = "same") -> dict[str, Any]:
    borders = Borders.uniform(BorderRule.CONSTANT, boundary) if isinstance(boundary, int | float) else None
    return {
        "borders": borders or WORDS.borders(boundary),
        "orientation": OPERATIONS[operation],
        "output_size": OutputSize(size),
    }


def _imfilter_word(word: str) -> tuple[str, Any]:
    if word in WORDS.words:
        return "boundary", word
    if word in OPERATIONS:
        return "operation", word
    if word in {"same", "full"}:
        return "size", word
    try:
        return "boundary", float(word)
    except ValueError:
        known = ", ".join(map(str, [*WORDS.words, *OPERATIONS, "same", "full"]))
        raise CorrconvError(f"imfilter has no option {word!r}; it has {known}, and numbers for the border") from None


def _shaped(*, shape: str = "same") -> dict[str, Any]:
    return {"output_size": OutputSize(shape)}


def _shape_word(word: str) -> tuple[str, Any]:
    if word not in set(OutputSize):
        raise CorrconvError(f"{word!r} is no shape there; it has {', '.join(OutputSize)}")
    return "shape", word


def _place_imfilter(wanted: Wanted) -> dict[str, Any]:
    # `full` is padded by hand: Octave's is shifted for kernels with even sides.
    return {**WORDS.settings(wanted.borders), "size": "same"} if wanted.output_size is OutputSize.SAME else {}


def _place_shape(wanted: Wanted) -> dict[str, Any]:
    return {"shape": str(wanted.output_size)}


def _write_imfilter(settings: Settings) -> str:
    border = settings.get("boundary", 0)
    words = [repr(border) if isinstance(border, str) else f"{border:g}", repr(settings.get("size", "same"))]
    if settings.get("operation", "corr") != "corr":
        words.append("'conv'")
    return f"imfilter(padded, kernel, {', '.join(words)})"


BLUR = GaussianRule(
    words={
        "size": "FilterSize, or 2 ceil(2 sigma) + 1",
        "sigma": "0.5, if it is not said",
        "weights": "a sampled Gaussian divided by its sum",
    },
    names=("sigma", "FilterSize"),
    read=lambda settings: Gaussian(settings.get("sigma"), settings.get("FilterSize")),
    write=lambda sigma, size: {"sigma": sigma, **({} if size is None else {"FilterSize": size})},
    sizes={ALL_TYPES: lambda sigma: 2 * ceil(2 * sigma) + 1},
)


def _imgaussfilt(*, Padding: str | float = "replicate") -> dict[str, Any]:  # noqa: N803 - MATLAB's own name
    return _imfilter(boundary=Padding)


def _place_imgaussfilt(wanted: Wanted) -> dict[str, Any]:
    return replace(WORDS, option="Padding").settings(wanted.borders)


def _write_imgaussfilt(settings: Settings) -> str:
    words = [f"{settings['sigma']:g}"]
    words += [f"'{name}', {settings[name]!r}" for name in ("FilterSize", "Padding") if name in settings]
    return f"imgaussfilt(padded, {', '.join(words)})"


SMOOTHING = {"sobel": (1.0, 2.0, 1.0), "prewitt": (1.0, 1.0, 1.0), "central": (0.0, 0.5, 0.0)}


def _gradient_weights(*, method: str = "sobel", output: str = "Gx") -> Any:
    if method not in SMOOTHING or output not in {"Gx", "Gy"}:
        known = ", ".join(SMOOTHING)
        raise CorrconvError(f"method={method}, output={output} is not known here; {known}, Gx and Gy are")
    return derivative_of(SMOOTHING[method], axis=1 if output == "Gx" else 0)


GRADIENT = DerivativeRule(
    words={
        "weights": "Gx: [-1 0 1; -2 0 2; -1 0 1], laid as they stand: positive where it gets brighter to the right;"
        " Gy: transposed, positive where it gets brighter downwards; not divided by anything",
        "method": "sobel; prewitt: [-1 0 1] in three rows; central: [-0.5 0 0.5]",
        "beware": "Octave's function of that name takes constant 0 outside",
    },
    names=("method", "output"),
    weights=_gradient_weights,
    choices=tuple({"method": method, "output": output} for method in SMOOTHING for output in ("Gx", "Gy")),
)


def _write_gradient(settings: Settings) -> str:
    call = f"imgradientxy(padded, '{settings.get('method', 'sobel')}')"
    return call if settings.get("output", "Gx") == "Gx" else f"[~, result] = {call}"


FUNCTIONS = (
    LibraryFunction(
        name="matlab.imfilter",
        computes=LOWER_CORRELATION.changed(
            numbers=NumberRule("image", Rounding.HALF_AWAY, Overflow.SATURATE, Summing()), inexact=UNKNOWN_ORDER
        ),
        documented="imfilter",
        configure=_imfilter,
        word_setting=_imfilter_word,
        place=_place_imfilter,
        borders=WORDS,
        text=MatlabText(_write_imfilter),
    ),
    LibraryFunction(
        name="matlab.filter2",
        computes=LOWER_CORRELATION,
        documented="filter2, shape same",
        configure=_shaped,
        word_setting=_shape_word,
        place=_place_shape,
        text=MatlabText(lambda settings: f"filter2(kernel, padded, '{settings.get('shape', 'same')}')"),
    ),
    LibraryFunction(
        name="matlab.conv2",
        computes=CONVOLUTION,
        documented="conv2, shape same",
        configure=_shaped,
        word_setting=_shape_word,
        place=_place_shape,
        text=MatlabText(lambda settings: f"conv2(padded, kernel, '{settings.get('shape', 'same')}')"),
    ),
    LibraryFunction(
        name="matlab.imgaussfilt",
        computes=CORRELATION.changed(borders=EDGE, numbers=NumberRule("image", Rounding.HALF_AWAY, Overflow.SATURATE)),
        documented="imgaussfilt",
        configure=_imgaussfilt,
        place=_place_imgaussfilt,
        borders=replace(WORDS, option="Padding"),
        text=MatlabText(_write_imgaussfilt),
        own=BLUR,
    ),
    LibraryFunction(
        name="matlab.imgradientxy",
        computes=CORRELATION.changed(borders=EDGE),
        documented="imgradientxy",
        text=MatlabText(_write_gradient),
        own=GRADIENT,
    ),
)
