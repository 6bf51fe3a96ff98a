"""Conventions in words, as a table, as a document, and as the line that gives the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from corrconv.core.boundary import PATTERNS
from corrconv.core.convention.gaussian import profile
from corrconv.core.convention.geometry import Fits
from corrconv.core.convention.model import (
    SKIPPED,
    BorderRule,
    Convention,
)
from corrconv.core.notation import write_kernel
from corrconv.core.terms import Boundary, Notation, OutputSize
from corrconv.drawing.console import plain_table
from corrconv.drawing.conventions import (
    anchor_words,
    border_words,
    convention_document,
    number_words,
    operation_words,
    scale_words,
)
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.libraries.own_kernel import ALL_TYPES, DerivativeRule, GaussianRule, MagnitudeRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corrconv.libraries.borders import BorderWords
    from corrconv.libraries.function import LibraryFunction


def conventions_table(conventions: Iterable[Convention]) -> Table:
    """One row a convention."""
    table = plain_table("what --like knows")
    # Names are there to be copied, and the shortest words must stay whole too.
    table.add_column("name", no_wrap=True)
    table.add_column("computes", min_width=11)
    table.add_column("even\ncell")
    table.add_column("border", min_width=10)
    table.add_column("scale; whole numbers")
    for convention in conventions:
        size = "" if convention.output_size is OutputSize.SAME else f", {convention.output_size}"
        table.add_row(
            Text(convention.name, style="bold"),
            operation_words(convention) + size,
            anchor_words(convention)[1] if _takes_even(convention) else "refused",
            border_words(convention),
            f"{scale_words(convention)}; {number_words(convention)}",
        )
    return table


def _takes_even(convention: Convention) -> bool:
    """Whether any even side is covered; some functions take a single row only."""
    return any(convention.accepts(shape) for shape in ((2, 2), (1, 2), (2, 1)))


def patterns_text() -> str:
    """What the names of the borders mean."""
    lines = [f"  {rule:<10} {PATTERNS[Boundary(rule)]}" for rule in BorderRule if rule.value in PATTERNS]
    return "\n".join(
        [
            "Borders, around the pixels a b c d:",
            *lines,
            "  unfiltered border pixels are copied as they are",
            "Even cell: the cell of an even-sided kernel over the output pixel: center k // 2, lower (k - 1) // 2.",
        ]
    )


def conventions_document(conventions: Iterable[Convention], own: Iterable[LibraryFunction] = ()) -> dict[str, Any]:
    """All of them for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "conventions": [{"name": it.name, "source": it.source, **convention_document(it)} for it in conventions],
        "own_kernels": own_kernels_document(own),
    }


def convention_parts(function: LibraryFunction, convention: Convention) -> list[Table | str]:
    """All about one convention, a line each."""
    odd, even = anchor_words(convention)
    own = function.own
    computes = operation_words(convention)
    if isinstance(own, MagnitudeRule):
        computes = "the strength of two correlations"
    elif own is not None:
        computes += " with a kernel that it makes by itself"
    lines: dict[str, str] = {}
    if own is None:
        if convention.pixels:
            lines["  pixels"] = ", ".join(convention.pixels)
        lines["  kernels"] = "all" if convention.accepted == "kernels" else convention.accepted.removeprefix("kernels ")
        lines["  anchor"] = f"odd sides {odd}, even sides {even if _takes_even(convention) else 'refused'}"
    else:
        lines.update({f"  {about}": words for about, words in own.words.items()})
    lines["  border"] = border_words(convention)
    lines["  output"] = f"{convention.output_size}{_assumed_words(function)}"
    lines["  scale"] = scale_words(convention)
    lines["  numbers"] = number_words(convention)
    for exception in convention.exceptions:
        lines[f"  {exception.accepted.removeprefix('kernels of ')}"] = f"border {border_words(exception)}"
    if convention.eight_bit is not None:
        lines["  8 bits"] = number_words(convention.changed(numbers=convention.eight_bit))
    if convention.whole_weights:
        lines["  weights"] = "cut off to whole ones where pixels are whole numbers"
    small = "" if convention.fits is Fits.ALWAYS else convention.fits
    limits = {
        "  may differ": convention.inexact,
        "  small": small,
        "  nan": convention.not_finite or (SKIPPED if convention.skips_zeros else ""),
    }
    lines.update({about: words for about, words in limits.items() if words})
    if function.setting_names:
        names = [name for name in function.setting_names if name != "settings"]
        lines["  settings"] = ", ".join(names) or "as below"
    if function.borders is not None:
        words = (f"{word} = {rule}" for word, rule in function.borders.words.items())
        lines[f"  {function.borders.option}"] = ", ".join(words)
    lines["  source"] = convention.source
    return [f"{convention.name}: {computes}", _facts(lines)]


def _facts(lines: dict[str, str]) -> Table:
    """Names and what is to be said of them; long lines go on below their own beginning."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, words in lines.items():
        table.add_row(name, words)
    return table


def own_kernels_table(functions: Iterable[LibraryFunction]) -> Table:
    """One row for each function that makes its kernel by itself."""
    table = plain_table("what port knows beside: they make their own kernel")
    table.add_column("name", no_wrap=True)
    table.add_column("kernel, as a correlation")
    table.add_column("border", min_width=10)
    for function in functions:
        convention = function.configured({})
        table.add_row(Text(_broken(function.name), style="bold"), _own_words(function), border_words(convention))
    return table


LONGEST_NAME = 36


def _broken(name: str) -> str:
    """A name on two lines where it would leave no room for what is said of it."""
    front, _, last = name.rpartition(".")
    return name if len(name) <= LONGEST_NAME else f"{front}.\n  {last}"


def _own_words(function: LibraryFunction) -> str:
    match function.own:
        case GaussianRule() as rule:
            sizes = (f"{kind} {size(2.0)}" for kind, size in rule.sizes.items())
            shape = "three boxes" if rule.weights is not profile else "a Gaussian"
            said = ", ".join(sizes).replace(f"{ALL_TYPES} ", "")
            return f"{shape}; {f'weights along an axis for sigma 2: {said}' if said else 'its size must be said'}"
        case DerivativeRule() as rule:
            return write_kernel(rule.kernel(rule.choices[0]), Notation.MATLAB)
        case MagnitudeRule() as rule:
            return f"{rule.formula} of {' and '.join(part.rpartition('.')[2] for part in rule.parts)}"
    return ""


def own_kernels_document(functions: Iterable[LibraryFunction]) -> list[dict[str, Any]]:
    """Functions that make their kernel by themselves, for scripts."""
    return [
        {"name": function.name, "rule": dict(function.own.words), **convention_document(function.configured({}))}
        for function in functions
        if function.own is not None
    ]


def _assumed_words(function: LibraryFunction) -> str:
    """The setting that the answer assumes, since the function's own default may be another."""
    assumed = function.assumed
    return f", as called with {assumed}, which need not be its default" if assumed else ""


# Words that people use without a library, and what they mean by them.
PEOPLES_WORDS = {
    BorderRule.CONSTANT: ("zeros", "zero padding", "pad", "black", "background", "dirichlet", "fill"),
    BorderRule.EDGE: ("replicate", "nearest", "edge", "clamp", "extend", "copy", "neumann"),
    BorderRule.REFLECT: ("reflect101", "reflect (numpy, torch, OpenCV's 101)", "mirror (scipy)", "whole-sample"),
    BorderRule.SYMMETRIC: ("symmetric", "half-sample", "mirror (vips, ImageMagick)", "reflect (scipy, OpenCV)"),
    BorderRule.WRAP: ("wrap", "circular", "periodic", "tile", "repeat"),
    BorderRule.UNFILTERED: ("crop (border pixels stay as they are)",),
}


def _words_by_library(functions: Iterable[LibraryFunction]) -> dict[str, BorderWords]:
    """Each library's words, under the first part of its functions' names and the setting that takes them."""
    return {
        f"{function.name.rpartition('.')[0]} {function.borders.option}": function.borders
        for function in functions
        if function.borders is not None
    }


def borders_table(functions: Iterable[LibraryFunction]) -> list[Table | str]:
    """For every rule its pattern and everybody's words for it."""
    libraries = _words_by_library(functions)
    parts: list[Table | str] = []
    for rule, common in PEOPLES_WORDS.items():
        table = plain_table(f"{rule}   {PATTERNS[Boundary(rule)] if rule.value in PATTERNS else ''}".rstrip())
        table.show_header = False
        table.add_column(no_wrap=True)
        table.add_column()
        table.add_row("people say", ", ".join(common))
        for library, words in libraries.items():
            named = [str(word) for word, meant in words.words.items() if meant is rule]
            if named:
                table.add_row(library, ", ".join(named))
        parts += [table, ""]
    return [*parts, "`same` and `valid` are no borders but output sizes; `pad_mode` is another name for the setting."]


def borders_document(functions: Iterable[LibraryFunction]) -> dict[str, Any]:
    """Everybody's words for scripts."""
    libraries = _words_by_library(functions)
    return {
        "version": DOCUMENT_VERSION,
        "people": {str(rule): list(words) for rule, words in PEOPLES_WORDS.items()},
        "libraries": {
            name: {str(word): str(rule) for word, rule in words.words.items()} for name, words in libraries.items()
        },
    }
