"""MATLAB: imfilter of its image toolbox, filter2 and conv2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corrconv.core.convention.model import BorderRule, Borders, NumberRule, Orientation, Overflow, Rounding
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.function import LibraryFunction, MatlabText
from corrconv.libraries.shared import CONVOLUTION, LOWER_CORRELATION

if TYPE_CHECKING:
    from corrconv.libraries.function import Settings, Wanted

WORDS = BorderWords(
    "boundary",
    {
        "replicate": BorderRule.EDGE,
        "symmetric": BorderRule.SYMMETRIC,
        "circular": BorderRule.WRAP,
        0: BorderRule.CONSTANT,
    },
)
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
    settings = WORDS.settings(wanted.borders)
    return {**settings, "size": str(wanted.output_size)} if wanted.output_size is not OutputSize.VALID else {}


def _place_shape(wanted: Wanted) -> dict[str, Any]:
    return {"shape": str(wanted.output_size)}


def _write_imfilter(settings: Settings) -> str:
    border = settings.get("boundary", 0)
    words = [repr(border) if isinstance(border, str) else f"{border:g}", repr(settings.get("size", "same"))]
    if settings.get("operation", "corr") != "corr":
        words.append("'conv'")
    return f"imfilter(padded, kernel, {', '.join(words)})"


FUNCTIONS = (
    LibraryFunction(
        name="matlab.imfilter",
        computes=LOWER_CORRELATION.changed(numbers=NumberRule("image", Rounding.HALF_AWAY, Overflow.SATURATE)),
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
)
