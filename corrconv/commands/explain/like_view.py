"""The explanation of a library's pixel as text, as a document for scripts, and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.text import Text

from corrconv.commands.explain.picture import place_figure, reading_tiles, steps_picture
from corrconv.commands.explain.view import (
    Step,
    pixel_step,
    place_words,
    products_view,
    reading_document,
    steps_table,
)
from corrconv.core.convention.model import BorderRule, Side, ZeroSum
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.terms import OutputSize
from corrconv.drawing.conventions import (
    border_words,
    convention_document,
    number_words,
    operation_words,
    output_words,
    scale_words,
)
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
    name = explanation.convention.name.split()[0]  # its settings stand in the title
    laid = [f"the kernel as {name} lays it"]
    steps = steps_table([name], library_steps(explanation))
    title = Text(_title(explanation, image), style="bold")
    if explanation.left_out is not None:
        return Group(
            title, Text(), Text(_left_out_words(explanation.convention.name, explanation.left_out)), Text(), steps
        )
    return Group(title, Text(), *products_view({"sum": explanation.reading}, laid), Text(), steps)


def like_document(explanation: LikeExplanation, image: str) -> dict[str, Any]:
    """The explanation for scripts; where the library does not filter the pixel, `left_out` says what it does."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "shape": list(explanation.image_shape),
        "kernel": {"name": explanation.kernel.name, "weights": explanation.kernel.weights.tolist()},
        "like": explanation.convention.name,
        "convention": convention_document(explanation.convention),
        "at": list(explanation.at),
        "channel": explanation.channel,
        "left_out": None if explanation.left_out is None else str(explanation.left_out),
        **({} if explanation.left_out is not None else reading_document(explanation.reading)),
        "divisor": explanation.divisor,
        "value": finite(explanation.value),
        "result": finite(explanation.result),
        "result_dtype": str(explanation.result_dtype),
        "pixel": finite(explanation.pixel),
        "dtype": str(explanation.dtype),
    }


def like_picture(explanation: LikeExplanation, image: NDArray[Any], name: str) -> Image.Image:
    """The place in the picture, the pixels, the weights, the products and the steps."""
    library = explanation.convention.name.split()[0]
    steps = Figure(steps_picture([library], library_steps(explanation)), "from the sum to the pixel")
    place = place_figure(image, [explanation.reading], name)
    if explanation.left_out is not None:
        return panel(
            _title(explanation, name),
            [place, steps],
            columns=2,
            footer=_left_out_words(explanation.convention.name, explanation.left_out),
        )
    words = operation_words(explanation.convention)
    tiles = [place, *reading_tiles(explanation.reading, "", words, image.dtype), steps]
    outside = explanation.reading.reaches_out
    footer = "Framed in orange: outside the picture, made up by the border rule." if outside else ""
    return panel(_title(explanation, name), tiles, columns=4, footer=footer)


def _title(explanation: LikeExplanation, image: str) -> str:
    where = place_words(explanation.at, explanation.channel, image, explanation.image_shape)
    convention = explanation.convention
    facts = f"{kernel_words(explanation.kernel)}, like {convention.name}, {operation_words(convention)}"
    output, border = output_words(convention), border_words(convention)
    rules = [
        *([] if output == OutputSize.SAME else [f"output {output}"]),
        *([] if border == "-" else [f"border {border}"]),
        scale_words(convention),
        number_words(convention),
    ]
    return f"{where}; {facts}\n{'; '.join(rules)}"


def _left_out_words(name: str, side: Side) -> str:
    put = "copies the input's pixel" if side.rule is BorderRule.UNFILTERED else f"writes {side.fill:g}"
    return f"The kernel reaches over the border here. {name} does not filter such pixels: it {put}."


def library_steps(explanation: LikeExplanation) -> Iterable[Step]:
    """Each step from the sum to the pixel; what the order of a library's sums changes is one where it shows."""
    convention, numbers = explanation.convention, explanation.numbers
    if explanation.left_out is not None:
        yield "in place of a sum", [explanation.result]
    else:
        value = explanation.reading.sum
        yield "sum of the products", [value]
        divisor = explanation.divisor
        if divisor not in {0, 1}:
            value /= divisor
            yield f"divided by the {convention.scale} of the kernel, {divisor:g}", [value]
        elif divisor == 0 and convention.zero_sum is ZeroSum.RAW:
            yield "not divided, as the kernel sums to 0", [value]
        elif divisor == 0:
            value = 0.0
            yield "0 instead, as the kernel sums to 0", [value]
        if (convention.gain, convention.bias) != (1, 0):
            value = value * convention.gain + convention.bias
            yield f"times {convention.gain:g}, plus {convention.bias:g}", [value]
        if numbers is not None and numbers.fit(np.array(value), explanation.image_dtype) != explanation.result:
            difference, added = explanation.value - value, numbers.summing.dtype if numbers.summing else "float64"
            more = f"{abs(difference):.2g} {'less' if difference < 0 else 'more'}"
            yield f"{more}, as it adds in {added}", [explanation.value]
        if numbers is not None and (words := _fitted_words(numbers, explanation)):
            yield words, [explanation.result]
        elif explanation.result_dtype != explanation.dtype:
            yield f"returned as {explanation.result_dtype}", [explanation.result]
    yield pixel_step(explanation.dtype), [explanation.pixel]


def _fitted_words(numbers: NumberRule, explanation: LikeExplanation) -> str:
    """How a sum is rounded and kept within a type; an empty text where it is returned as it is."""
    words = []
    if numbers.rounding is not Rounding.NONE:
        words.append("truncated" if numbers.rounding is Rounding.TRUNCATE else f"rounded {numbers.rounding}")
    if numbers.overflow is not Overflow.NONE:
        returned = explanation.result_dtype
        kept = returned if returned.kind in "iu" else explanation.image_dtype
        words.append(f"wrapped around in {kept}" if numbers.overflow is Overflow.WRAP else f"kept within {kept}")
    whole = explanation.result_dtype.kind in "iu"
    return ", ".join(words) or ("made whole" if whole else "")
