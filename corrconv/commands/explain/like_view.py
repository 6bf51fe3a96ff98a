"""The explanation of a library's pixel as text, as a document for scripts, and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from corrconv.commands.explain.picture import marked_picture, reading_tiles, steps_picture
from corrconv.commands.explain.view import (
    Step,
    pixel_step,
    place_words,
    products_view,
    reading_document,
    steps_table,
)
from corrconv.core.convention.model import BorderRule, Overflow, Rounding, ZeroSum
from corrconv.drawing.conventions import border_words, convention_document, number_words, operation_words, scale_words
from corrconv.drawing.documents import DOCUMENT_VERSION, finite
from corrconv.drawing.pictures import Figure, panel
from corrconv.drawing.words import kernel_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from PIL import Image

    from corrconv.commands.explain.like_study import LikeExplanation


def like_view(explanation: LikeExplanation, image: str) -> Group:
    """The kernel as the library lays it, every product, the sum, and the library's steps to the pixel."""
    name = explanation.convention.name
    laid = [f"the kernel as {name} lays it"]
    steps = steps_table([name], _steps(explanation))
    title = Text(_title(explanation, image), style="bold")
    if explanation.left_out is not None:
        return Group(title, Text(), Text(_left_out_words(explanation)), Text(), steps)
    return Group(title, Text(), *products_view({name: explanation}, laid), Text(), steps)


def like_document(explanation: LikeExplanation, image: str) -> dict[str, Any]:
    """The explanation for scripts; where the library does not filter the pixel, `left_out` says what it does."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "shape": list(explanation.image_shape),
        "kernel": {"name": explanation.given.name, "weights": explanation.given.weights.tolist()},
        "like": explanation.convention.name,
        "convention": convention_document(explanation.convention),
        "at": list(explanation.at),
        "channel": explanation.channel,
        "left_out": None if explanation.left_out is None else str(explanation.left_out),
        **({} if explanation.left_out is not None else reading_document(explanation)),
        "divisor": explanation.divisor,
        "result": finite(explanation.result),
        "result_dtype": str(explanation.result_dtype),
        "pixel": finite(explanation.pixel),
        "dtype": str(explanation.dtype),
    }


def like_picture(explanation: LikeExplanation, image: NDArray[Any], name: str) -> Image.Image:
    """The place in the picture, the pixels, the weights, the products and the steps."""
    library = explanation.convention.name
    steps = Figure(steps_picture([library], _steps(explanation)), "from the sum to the pixel")
    place = Figure(marked_picture(image, [explanation]), name, "the pixels below the kernel, framed")
    if explanation.left_out is not None:
        return panel(_title(explanation, name), [place, steps], columns=2, footer=_left_out_words(explanation))
    tiles = [place, *reading_tiles(explanation, library, operation_words(explanation.convention), image.dtype), steps]
    outside = any(one.source != one.place for one in explanation.contributions)
    footer = "Framed in orange: outside the picture, made up by the border rule." if outside else ""
    return panel(_title(explanation, name), tiles, columns=3, footer=footer)


def _title(explanation: LikeExplanation, image: str) -> str:
    where = place_words(explanation.at, explanation.channel, image, explanation.image_shape)
    convention = explanation.convention
    facts = f"{kernel_words(explanation.given)}, like {convention.name}, {operation_words(convention)}"
    return f"{where}; {facts}\nborder {border_words(convention)}; {scale_words(convention)}; {number_words(convention)}"


def _left_out_words(explanation: LikeExplanation) -> str:
    name, side = explanation.convention.name, explanation.left_out
    put = "copies the input's pixel" if side and side.rule is BorderRule.UNFILTERED else f"writes {side}"
    return f"The kernel reaches over the border here. {name} does not filter such pixels: it {put}."


def _steps(explanation: LikeExplanation) -> Iterable[Step]:
    convention = explanation.convention
    if explanation.left_out is not None:
        yield "in place of a sum", [explanation.result]
    else:
        yield "sum of the products", [explanation.sum]
        divisor, value = explanation.divisor, explanation.sum
        if divisor not in {0, 1}:
            value /= divisor
            yield f"divided by the {convention.scale} of the kernel, {divisor:g}", [value]
        elif divisor == 0 and convention.zero_sum is ZeroSum.RAW:
            yield "not divided, as the kernel sums to 0", [value]
        elif divisor == 0:
            value = 0.0
            yield "0 instead, as the kernel sums to 0", [value]
        if (convention.gain, convention.bias) != (1, 0):
            yield f"times {convention.gain:g}, plus {convention.bias:g}", [value * convention.gain + convention.bias]
    if explanation.result_dtype.kind != "f" and explanation.left_out is None:
        yield _fitted_words(explanation), [explanation.result]
    elif explanation.result_dtype != explanation.dtype:
        yield f"returned as {explanation.result_dtype}", [explanation.result]
    yield pixel_step(explanation.dtype), [explanation.pixel]


def _fitted_words(explanation: LikeExplanation) -> str:
    numbers = explanation.convention.numbers_of(explanation.result_dtype)
    words = []
    if numbers.rounding is not Rounding.NONE:
        words.append("truncated" if numbers.rounding is Rounding.TRUNCATE else f"rounded {numbers.rounding}")
    if numbers.overflow is not Overflow.NONE:
        words.append("wrapped around" if numbers.overflow is Overflow.WRAP else "kept within the type")
    return ", ".join(words) or "made whole"
