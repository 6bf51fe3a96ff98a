"""A page of arithmetic: every output with its products, filled in or left open."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from corrconv.commands.explain.view import explanation_document
from corrconv.core.terms import Operation
from corrconv.drawing.cells import number_grid
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.matrices import LINE_WIDTH, factor_text, matrices_view, matrix_text, numbers_text
from corrconv.drawing.pictures import Figure, panel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image
    from rich.console import RenderableType

    from corrconv.commands.explain.reading import Contribution
    from corrconv.commands.explain.sheet_study import Sheet
    from corrconv.commands.explain.study import Account

OPEN = "______"


def sheet_view(sheet: Sheet, image: str, *, blank: bool) -> Group:
    """The picture, the kernel as each operation lays it, every sum, and the results."""
    factor = factor_text(sheet.kernel)
    parts: list[RenderableType] = [
        Text(_title(sheet, image), style="bold"),
        "",
        matrices_view(
            ("input", numbers_text(sheet.image)),
            (f"correlation lays{factor}", matrix_text(sheet.kernel)),
            (f"convolution lays{factor}", matrix_text(sheet.kernel.turned())),
        ),
    ]
    for operation in Operation:
        parts += [Text(f"{operation}: pixel·weight, row by row; (pixels) lie outside", style="bold")]
        parts += [Text(line) for line in _lines(sheet, operation, blank=blank)]
        parts += [""]
    if not blank:
        results = [(str(operation), numbers_text(sheet.results(operation))) for operation in Operation]
        parts += [matrices_view(*results)]
    return Group(*parts)


def _title(sheet: Sheet, image: str) -> str:
    options = sheet.options
    rows, columns = sheet.kernel.shape
    return f"every output of {image} with {sheet.kernel.name} ({rows}x{columns}), boundary {options.boundary}"


def _lines(sheet: Sheet, operation: Operation, *, blank: bool) -> list[str]:
    lines = []
    for explanation in sheet.explanations:
        account: Account = getattr(explanation, str(operation))
        total = OPEN if blank else _number(account.reading.sum)
        terms = "".join(map(_term, account.reading.contributions)).removeprefix(" + ").removeprefix(" ")
        lines += wrap(
            f"{explanation.at[0]},{explanation.at[1]}: {terms} = {total}", LINE_WIDTH, subsequent_indent="     "
        )
    return lines


def _term(contribution: Contribution) -> str:
    value = _number(contribution.value)
    if contribution.outside:
        value = f"({value})"
    return f" {'-' if contribution.weight < 0 else '+'} {value}·{_number(abs(contribution.weight))}"


def _number(value: float) -> str:
    return f"{value + 0.0:.6g}"


def sheet_document(sheet: Sheet, image: str) -> dict[str, Any]:
    """Every output for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "image": image,
        "output_shape": list(sheet.shape),
        "outputs": [explanation_document(explanation, image) for explanation in sheet.explanations],
        **{str(operation): sheet.results(operation).tolist() for operation in Operation},
    }


def sheet_picture(sheet: Sheet, image: str, *, blank: bool) -> Image.Image:
    """The page as a picture: grids of numbers, each sum a line, and the results filled in or open."""

    def result(operation: Operation) -> NDArray[np.float64]:
        return sheet.results(operation)

    tiles = [
        Figure(number_grid(sheet.image), "input"),
        Figure(number_grid(sheet.kernel.weights, framed_cell=sheet.kernel.anchor), "correlation lays"),
        Figure(
            number_grid(sheet.kernel.turned().weights, framed_cell=sheet.kernel.turned().anchor), "convolution lays"
        ),
        *(Figure(number_grid(result(operation), blank=blank), str(operation)) for operation in Operation),
    ]
    lines = [line for operation in Operation for line in (f"{operation}:", *_lines(sheet, operation, blank=blank), "")]
    return panel(_title(sheet, image), tiles, columns=3, footer="\n".join(lines))
