"""What a notebook shows of kernels and answers: a short text, a picture, and on request the page."""

from __future__ import annotations

from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv import __version__
from corrconv.commands.compare.panel_view import comparison_panel
from corrconv.commands.compare.study import compare
from corrconv.commands.compare.view import comparison_verdict
from corrconv.commands.explain.picture import reading_tiles
from corrconv.commands.explain.view import title
from corrconv.commands.laws.view import laws_verdict
from corrconv.commands.learn.view import learned_picture
from corrconv.commands.match.view import matching_verdict
from corrconv.commands.page.study import make_page
from corrconv.commands.page.view import page_text
from corrconv.core.rendering import Rendering
from corrconv.core.terms import Symmetry
from corrconv.drawing.cells import heat_map
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import Figure, panel, signed_map
from corrconv.drawing.pictures import below as placed_below
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL import Image

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import Comparison, KernelComparison
    from corrconv.commands.explain.study import Explanation
    from corrconv.commands.laws.study import Laws
    from corrconv.commands.learn.study import LearnedKernel
    from corrconv.commands.match.study import Matching
    from corrconv.core.kernel import Kernel

MOST_PANELS = 4
FRAME_HEIGHT = 900  # pixels, which hold the pictures, the sums and the tables of a small kernel

MEANINGS = {
    Symmetry.POINT_SYMMETRIC: "it equals its half-turn, so correlation and convolution are the same",
    Symmetry.ANTISYMMETRIC: "its half-turn negates it, so correlation and convolution differ by sign",
    Symmetry.NEITHER: "it is not its half-turn, so correlation and convolution differ",
}


def text(answer: Any) -> str:
    """Two lines or so that say what matters."""
    return TEXTS[type(answer).__name__](answer)


def png(answer: Any) -> bytes | None:
    """The picture of an answer as a PNG file; None where it holds nothing that could be drawn."""
    picture = DRAWINGS[type(answer).__name__](answer)
    if picture is None:
        return None
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


class EmbeddedPage:
    """The page of a comparison in a notebook: in a frame of its own, which can reach nothing outside."""

    def __init__(self, comparison: Comparison) -> None:
        image = _planes(comparison)
        made = make_page(image, [entry.kernel for entry in comparison.kernels], comparison.options)
        self.text = page_text(made, "the image", Rendering(), command="comparison.page()", version=__version__)

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" width="100%" height="{FRAME_HEIGHT}" style="border: 0"'
            f' title="correlation and convolution, pixel by pixel" srcdoc="{escape(self.text)}"></iframe>'
        )


def _planes(comparison: Comparison) -> NDArray[Any]:
    image = comparison.image
    if image is None:
        raise CorrconvError("the comparison holds no image; make it by corrconv.compare(image, kernel)")
    return image[:, :, np.newaxis] if image.ndim == 2 else image


# Texts


def _kernel_text(kernel: Kernel) -> str:
    (rows, columns), (row, column) = kernel.shape, kernel.anchor
    facts = f"{kernel.name}: {rows}x{columns}, anchor {row},{column}, sum {short_number(kernel.sum)}"
    return f"{facts}\n{MEANINGS[kernel.symmetry()]}"


def _explanation_text(explanation: Explanation) -> str:
    first, second = (account.value for account in explanation.accounts)
    values = f"correlation {short_number(first)}, convolution {short_number(second)}"
    place = f"row {explanation.at[0]}, column {explanation.at[1]} with {explanation.kernel.name}"
    return f"{place}\n{values}, difference {short_number(first - second)}"


def _learned_text(learned: LearnedKernel) -> str:
    rows, columns = learned.correlation_kernel.shape
    nearest = f", like {learned.nearest.kernel.name}" if learned.nearest is not None else ""
    return f"a {rows}x{columns} kernel{nearest}\nresidual {short_number(learned.residual)} gray levels"


TEXTS: dict[str, Callable[[Any], str]] = {
    "Kernel": _kernel_text,
    "Comparison": comparison_verdict,
    "Explanation": _explanation_text,
    "Laws": lambda laws: "\n".join(laws_verdict(laws).split("\n")[:2]),
    "Matching": matching_verdict,
    "LearnedKernel": _learned_text,
}


# Pictures


def _kernel_picture(kernel: Kernel) -> Image.Image:
    tiles = [
        Figure(heat_map(kernel), "as correlation lays it"),
        Figure(heat_map(kernel.turned()), "as convolution lays it, turned by 180°"),
    ]
    return panel(kernel.name, tiles)


def _comparison_picture(comparison: Comparison) -> Image.Image | None:
    image, options = _planes(comparison), comparison.options
    panels: list[Image.Image] = []

    def draw(entry: KernelComparison, results: Results) -> None:
        panels.append(comparison_panel(entry, results, image, "the image", options, Rendering()))

    compare(image, *(entry.kernel for entry in comparison.kernels[:MOST_PANELS]), options=options, consume=draw)
    if not panels:
        return None
    joined = panels[0]
    for one in panels[1:]:
        joined = placed_below(joined, one)
    return joined


def _explanation_picture(explanation: Explanation) -> Image.Image:
    tiles = [
        tile
        for account in explanation.accounts
        for tile in reading_tiles(account.reading, str(account.operation), "", explanation.dtype)
    ]
    return panel(title(explanation, "the image"), tiles, columns=3)


def _laws_picture(laws: Laws) -> Image.Image:
    tiles = [
        Figure(heat_map(kernel), f"{letter} = {kernel.name}")
        for letter, kernel in zip("GH", (laws.first, laws.second), strict=True)
    ]
    return panel("laws of correlation and convolution", tiles, footer=text(laws))


def _matching_picture(matching: Matching) -> Image.Image:
    peak = 1.0 if not matching.raw else float(np.abs(matching.scores).max()) or 1.0
    tile = Figure(signed_map(matching.scores, peak), "score of each window, at its top-left pixel")
    return panel("match", [tile], footer=matching_verdict(matching))


DRAWINGS: dict[str, Callable[[Any], Image.Image | None]] = {
    "Kernel": _kernel_picture,
    "Comparison": _comparison_picture,
    "Explanation": _explanation_picture,
    "Laws": _laws_picture,
    "Matching": _matching_picture,
    "LearnedKernel": lambda learned: learned_picture(learned, "the kernel that was learned"),
}
