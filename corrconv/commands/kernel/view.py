"""Kernels as text: the zoo's list, one kernel's matrix and facts, and documents for scripts."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from corrconv.commands.kernel.study import Combining, second_operation, split
from corrconv.core.kernel import LARGEST_RANKED_SIDE, ROUNDING
from corrconv.core.notation import check_writable
from corrconv.core.terms import Operation, OutputSize, Symmetry
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.matrices import LINE_WIDTH, factor_text, matrix_text, weight_texts
from corrconv.drawing.numbers import short_number
from corrconv.drawing.words import symmetry_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray
    from rich.table import Table

    from corrconv.commands.kernel.study import Combination, Pass, Split
    from corrconv.core.kernel import Kernel
    from corrconv.core.zoo import ZooEntry

LARGEST_THUMBNAIL = 5

VERBS = {
    Symmetry.POINT_SYMMETRIC: "coincide",
    Symmetry.ANTISYMMETRIC: "differ by sign",
    Symmetry.NEITHER: "differ",
}
MEANINGS = {
    Symmetry.POINT_SYMMETRIC: "both operations give the same for every image",
    Symmetry.ANTISYMMETRIC: "each result is the other one negated",
    Symmetry.NEITHER: "it matters which operation you use",
}


def zoo_table(entries: Iterable[ZooEntry]) -> Table:
    """Every named kernel with its default weights, what it is for, and whether the operations coincide."""
    table = plain_table()
    table.leading = 1  # rows of numbers would run into each other
    table.add_column("kernel, with its defaults", ratio=5, overflow="fold")
    table.add_column("weights", ratio=4, no_wrap=True)
    table.add_column("what it does", ratio=6)
    for entry in entries:
        kernel = entry.kernel({})
        meant = f"\nmeant for {entry.operation}" if entry.operation is not None else ""
        name = Text(entry.name, style="bold")
        if entry.parameters:
            name.append("\n:" + entry.signature.partition(":")[2].replace(",", ", "), style="not bold")
        table.add_row(
            name,
            _thumbnail(kernel),
            Text(f"{entry.description}{meant}\n{symmetry_words(kernel)}"),
        )
    return table


def zoo_document(entries: Iterable[ZooEntry]) -> dict[str, Any]:
    """The zoo for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "kernels": [
            {
                "name": entry.name,
                "description": entry.description,
                "source": entry.source,
                "operation": None if entry.operation is None else str(entry.operation),
                "parameters": [
                    {"name": parameter.name, "default": parameter.default, "meaning": parameter.meaning}
                    for parameter in entry.parameters
                ],
                "weights": entry.kernel({}).weights.tolist(),
                "symmetry": str(entry.kernel({}).symmetry()),
            }
            for entry in entries
        ],
    }


def kernel_view(kernel: Kernel) -> Group:
    """The matrix as each operation lays it over the image, and the facts that decide whether that matters."""
    rows, columns = kernel.shape
    blocks = [
        (f"as {Operation.CORRELATION} lays it", kernel),
        (f"as {Operation.CONVOLUTION} lays it, turned by 180 degrees", kernel.turned()),
    ]
    if kernel.symmetry() is Symmetry.POINT_SYMMETRIC:
        blocks = [("as both operations lay it", kernel)]
    heading = Text(f"{kernel.name}, {rows}x{columns}", style="bold")
    if kernel.source:
        heading.append(f"\n{kernel.source}", style="not bold dim")
    matrices = [Text(f"{caption}{factor_text(kernel)}:") + Text("\n") + matrix_text(laid) for caption, laid in blocks]
    return Group(heading, "", *matrices, facts_text(kernel))


def facts_text(kernel: Kernel) -> Text:
    """Anchor, sum, rank, symmetry and verdict, one a line."""
    row, column = kernel.anchor
    flips = " or ".join(kernel.mirror_symmetries())
    facts = [
        ("anchor", f"row {row}, column {column} (in brackets)"),
        ("sum", sum_words(kernel)),
        ("rank", rank_words(kernel)),
        ("symmetry", symmetry_words(kernel)),
        ("flips", f"the same when flipped {flips}" if flips else "another when flipped, either way"),
        ("verdict", f"{VERBS[kernel.symmetry()]}: {MEANINGS[kernel.symmetry()]}"),
    ]
    if even := even_words(kernel):
        facts.append(("even", even))
    without_anchor = kernel.symmetry(OutputSize.FULL)
    if without_anchor != kernel.symmetry():
        facts.append(("but", f"{VERBS[without_anchor]} with output size full or valid, which use no anchor"))
    indent = "\n" + " " * 10
    lines = (f"{name:<9} {indent.join(wrap(fact, LINE_WIDTH - 10))}" for name, fact in facts)
    return Text("\n".join(lines))


def sum_words(kernel: Kernel) -> str:
    """What the sum of the weights does to the brightness of a picture."""
    if abs(kernel.sum) <= ROUNDING * kernel.absolute_sum:
        return "0; flat areas become 0, only changes are left"
    if abs(kernel.sum - 1) <= ROUNDING * kernel.absolute_sum:
        return "1; flat areas keep their brightness"
    if kernel.sum < 0:
        return f"{short_number(kernel.sum)}; flat areas become negative"
    return f"{short_number(kernel.sum)}; pictures become {short_number(kernel.sum)} times as bright, see --normalize"


def rank_words(kernel: Kernel) -> str:
    """How many products of a column and a row the kernel is, and what that saves."""
    if kernel.rank is None:
        return f"not counted beyond {LARGEST_RANKED_SIDE} rows and columns"
    parts = split(kernel)
    if len(parts.products) == 1:
        whole, factored = parts.multiplications
        saved = f": {factored} products a pixel instead of {whole}" if factored < whole else ""
        return f"1, a column times a row{saved}" + (f"; {product_text(parts, 0)}" if max(kernel.shape) <= 7 else "")
    return f"{len(parts.products)}: a sum of {len(parts.products)} products column times row ('kernel split')"


def even_words(kernel: Kernel) -> str | None:
    """Why a kernel with an even side moves the picture by half a pixel."""
    even = [name for name, side in zip(("rows", "columns"), kernel.shape, strict=True) if side % 2 == 0]
    if not even:
        return None
    row, column = kernel.anchor
    return (
        f"with an even number of {' and '.join(even)} no cell is the middle: the anchor {row},{column} is half a"
        " pixel off it, correlation moves the picture one way and convolution the other"
    )


def product_text(parts: Split, index: int) -> str:
    """One product as it is written: [1 2 1]ᵀ · [-1 0 1]."""
    column, row = parts.products[index].column, parts.products[index].row
    factor = f"1/{parts.divisor} · " if parts.divisor != 1 else ""
    return f"{factor}{_vector(column)}ᵀ · {_vector(row)}"


def _vector(values: NDArray[np.float64]) -> str:
    return f"[{' '.join(short_number(value) for value in values.tolist())}]"


def combination_view(combination: Combination) -> Group:
    """The merged kernel, and what one pass with it does beside the two passes."""
    merged, first, second = combination.merged, combination.first.name, combination.second.name
    rows, columns = merged.shape
    lines = [_pass_words(combination, check) for check in combination.passes]
    return Group(
        Text(f"{_SIGNS[combination.by].format(first, second)} is one kernel of {rows}x{columns}{factor_text(merged)}:"),
        matrix_text(merged),
        facts_text(merged),
        "",
        *(Text("\n".join(wrap(line, LINE_WIDTH))) for line in lines),
    )


_SIGNS = {
    Combining.CONVOLVE: "{} ∗ {}",
    Combining.CORRELATE: "{} ⋆ {}",
    Combining.ADD: "{} + {}",
    Combining.SUBTRACT: "{} - {}",
}
_VERBS = {Operation.CORRELATION: "correlating", Operation.CONVOLUTION: "convolving"}


def _pass_words(combination: Combination, check: Pass) -> str:
    once = f"{_VERBS[check.operation]} once with it"
    first, second = combination.first.name, combination.second.name
    if combination.by in {Combining.ADD, Combining.SUBTRACT}:
        between = "and adding" if combination.by is Combining.ADD else "minus"
        both = f"{_VERBS[check.operation]} with {first} {between} {_VERBS[check.operation]} with {second}"
    else:
        later = second_operation(combination.by, check.operation)
        both = f"{_VERBS[check.operation]} with {first}, then {_VERBS[later]} with {second}"
    same = "the same" if check.exact else "the same to rounding,"
    if check.differing == 0:
        found = f"{same} in all {check.pixels} pixels of a picture of noise, border {combination.boundary}"
    else:
        found = (
            f"{same} inside; {check.differing} of {check.pixels} pixels of a picture of noise differ, all within"
            f" {check.margin} of the border ({combination.boundary}), which the pass in between continues anew"
        )
    return f"{once} and {both}: {found}."


def combination_document(combination: Combination) -> dict[str, Any]:
    """A combination for scripts: the merged kernel, and the checks."""
    return {
        **kernel_document(combination.merged),
        "by": str(combination.by),
        "of": [combination.first.name, combination.second.name],
        "boundary": str(combination.boundary),
        "checks": [
            {
                "operation": str(check.operation),
                "pixels": check.pixels,
                "differing": check.differing,
                "margin": check.margin,
            }
            for check in combination.passes
        ],
    }


def split_view(parts: Split) -> Group:
    """A kernel as products, what is left out, and what it saves."""
    count = len(parts.products)
    texts = [product_text(parts, index) for index in range(count)]
    rows, columns = parts.kernel.shape
    blocks: list[Any] = [Text(f"{parts.kernel.name}, {rows}x{columns}, rank {parts.kernel.rank}", style="bold"), ""]
    if not texts:
        blocks.append("  = 0")
    elif max(map(len, texts)) <= LINE_WIDTH - 4:
        blocks += [Text(f"{'  = ' if index == 0 else '  + '}{text}") for index, text in enumerate(texts)]
    else:
        blocks += [Text("\n".join(wrap(f"{index + 1}: {text}", LINE_WIDTH))) for index, text in enumerate(texts)]
    if parts.residual:
        blocks += ["", Text(f"and a rest: no weight is further off than {short_number(parts.residual)}")]
        blocks += [matrix_text(parts.rest)]
    whole, factored = parts.multiplications
    better = "fewer" if factored < whole else "no fewer"
    blocks += ["", Text(f"products a pixel: {factored} one after the other, {whole} at once: {better}")]
    return Group(*blocks)


def split_document(parts: Split) -> dict[str, Any]:
    """The products for scripts: each column times its row; their sum and the residual are the kernel."""
    return {
        "version": DOCUMENT_VERSION,
        "name": parts.kernel.name,
        "rank": parts.kernel.rank,
        "terms": [
            {"column": (product.column / parts.divisor).tolist(), "row": product.row.tolist()}
            for product in parts.products
        ],
        "residual": parts.residual,
    }


def kernel_document(kernel: Kernel) -> dict[str, Any]:
    """One kernel for scripts. Raises KernelError for too many weights."""
    check_writable(kernel)
    return {
        "version": DOCUMENT_VERSION,
        "name": kernel.name,
        "source": kernel.source,
        "shape": list(kernel.shape),
        "anchor": list(kernel.anchor),
        "weights": kernel.weights.tolist(),
        "sum": kernel.sum,
        "rank": kernel.rank,
        "symmetry": str(kernel.symmetry()),
        "symmetry_full_or_valid": str(kernel.symmetry(OutputSize.FULL)),
        "mirror_symmetries": list(kernel.mirror_symmetries()),
    }


def _thumbnail(kernel: Kernel) -> Text:
    rows, columns = kernel.shape
    if max(rows, columns) > LARGEST_THUMBNAIL:
        low, high = short_number(float(kernel.weights.min())), short_number(float(kernel.weights.max()))
        return Text(f"{rows}x{columns}\n{low} to {high}")
    factor, texts = factor_text(kernel), weight_texts(kernel)
    width = max(len(text) for row in texts for text in row)
    lines = [" ".join(f"{text:>{width}}" for text in row) for row in texts]
    return Text("\n".join([*lines, *([factor.removeprefix(", ")] if factor else [])]))
