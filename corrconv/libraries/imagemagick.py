"""ImageMagick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corrconv.core.convention.model import BorderRule, Convention, Scale
from corrconv.core.convention.numbers import NumberRule, Overflow, Rounding
from corrconv.core.convention.summing import Summing
from corrconv.core.kernel import Kernel
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError
from corrconv.libraries.borders import BorderWords
from corrconv.libraries.command_lines import Command, Tool, kernel_list
from corrconv.libraries.function import LibraryFunction, Settings, ShellText, Wanted
from corrconv.libraries.shared import EDGE, LOWER_CONVOLUTION, LOWER_CORRELATION, TO_SIXTEEN_BITS, anchored_at
from corrconv.libraries.target import FEW_KERNEL_SHAPES, SQUARE_SHAPES, Shape

WORDS = BorderWords(
    "virtual-pixel",
    {
        "Edge": BorderRule.EDGE,
        "Mirror": BorderRule.SYMMETRIC,
        "Tile": BorderRule.WRAP,
        "Black": BorderRule.CONSTANT,
    },
)
# Sums are kept in 16 bits, rounded half up; files of 8 bits get a 257th of that, truncated.
WHOLE = NumberRule("image", Rounding.HALF_UP, Overflow.SATURATE, Summing(divided_first=True))
EIGHT_BIT = NumberRule("image", Rounding.TRUNCATE, Overflow.SATURATE, Summing(divided_first=True, steps=257))
NOTE = "# ImageMagick 6: convert in place of magick\n"


def _borders(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"borders": WORDS.borders(settings.get(WORDS.option, "Edge"))}


def _morphology(**settings: Any) -> dict[str, Any]:
    """virtual-pixel: a word; origin: (x, y), the kernel's own."""
    _refuse_unknown(settings, WORDS.option, "origin")
    column, row = settings.get("origin", (None, None))
    return {**_borders(settings), **(anchored_at(row, column) if row is not None else {})}


def _convolve(**settings: Any) -> dict[str, Any]:
    _refuse_unknown(settings, WORDS.option)
    return _borders(settings)


def _refuse_unknown(settings: Mapping[str, Any], *known: str) -> None:
    for name in settings:
        if name not in known:
            raise CorrconvError(f"ImageMagick's filters have no setting {name!r} here; there are {', '.join(known)}")


def _place_morphology(wanted: Wanted) -> dict[str, Any]:
    settings = WORDS.settings(wanted.borders)
    return {**settings, "origin": wanted.cell[::-1]} if wanted.cell and wanted.inside else settings


def _write_morphology(name: str) -> Callable[[Kernel, Settings, str, str], str]:
    def write(kernel: Kernel, settings: Settings, image: str, output: str) -> str:
        rows, columns = kernel.shape
        column, row = settings.get("origin", ((columns - 1) // 2, (rows - 1) // 2))
        written = write_kernel(kernel.with_anchor((row, column)), Notation.IMAGEMAGICK)
        border = settings.get(WORDS.option, "Edge")
        return f"{NOTE}magick {image} -virtual-pixel {border} \\\n  -morphology {name} '{written}' {output}"

    return write


def _write_convolve(kernel: Kernel, settings: Settings, image: str, output: str) -> str:
    border = settings.get(WORDS.option, "Edge")
    return f"{NOTE}magick {image} -virtual-pixel {border} \\\n  -convolve '{kernel_list(kernel)}' {output}"


def _tool(name: str, arguments: str, kernel_shapes: tuple[Shape, ...] = FEW_KERNEL_SHAPES) -> Tool:
    return Tool(
        programs=("magick", "convert-im6", "convert"),
        sign="ImageMagick",
        version_argument="-version",
        command=Command(
            name=f"imagemagick.{name}",
            template=f"PROGRAM {{image}} {arguments} {{output}}",
            image_format="png16",
            kernel_shapes=kernel_shapes,
        ),
    )


def _of_morphology(name: str, computes: Convention) -> LibraryFunction:
    return LibraryFunction(
        name=f"imagemagick.{name.lower()}",
        computes=computes.changed(borders=EDGE, numbers=WHOLE, eight_bit=EIGHT_BIT, pixels=TO_SIXTEEN_BITS),
        configure=_morphology,
        place=_place_morphology,
        borders=WORDS,
        runner=_tool(name.lower(), f"-morphology {name} {{kernel:sized}}"),
        text=ShellText("png", _write_morphology(name)),
    )


FUNCTIONS = (
    _of_morphology("Convolve", LOWER_CONVOLUTION),
    _of_morphology("Correlate", LOWER_CORRELATION),
    LibraryFunction(
        name="imagemagick.-convolve",
        computes=LOWER_CORRELATION.changed(
            borders=EDGE, scale=Scale.SUM, numbers=WHOLE, eight_bit=EIGHT_BIT, pixels=TO_SIXTEEN_BITS, square=True
        ),
        configure=_convolve,
        borders=WORDS,
        runner=_tool("-convolve", "-convolve {kernel:list}", SQUARE_SHAPES),
        text=ShellText("png", _write_convolve),
    ),
)
