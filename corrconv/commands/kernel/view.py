"""Kernels as text: the zoo's list, one kernel's matrix and facts, and documents for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from corrconv.core.terms import Operation, OutputSize, Symmetry
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.matrices import matrix_text, weight_texts
from corrconv.drawing.numbers import short_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

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
            Text(f"{entry.description}{meant}\n{kernel.symmetry()}\n"),
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
    factor, _ = weight_texts(kernel)
    heading = Text(f"{kernel.name}, {rows}x{columns}", style="bold")
    if kernel.source:
        heading.append(f"\n{kernel.source}", style="not bold dim")
    matrices = [Text(f"{caption}{factor}:") + Text("\n") + matrix_text(laid) for caption, laid in blocks]
    return Group(heading, "", *matrices, facts_text(kernel))


def facts_text(kernel: Kernel) -> Text:
    """Anchor, sum, rank, symmetry and verdict, one a line."""
    row, column = kernel.anchor
    mirrors = ", ".join(kernel.mirror_symmetries()) or "none"
    facts = [
        ("anchor", f"row {row}, column {column} (in brackets)"),
        ("sum", f"{kernel.sum:.6g}; of absolute values {kernel.absolute_sum:.6g}"),
        ("rank", f"{kernel.rank}{' (separable)' if kernel.rank == 1 else ''}"),
        ("symmetry", f"{kernel.symmetry()}; mirrors, up-down or left-right: {mirrors}"),
        ("verdict", f"{VERBS[kernel.symmetry()]}: {MEANINGS[kernel.symmetry()]}"),
    ]
    without_anchor = kernel.symmetry(OutputSize.FULL)
    if without_anchor != kernel.symmetry():
        facts.append(("but", f"{VERBS[without_anchor]} with output size full or valid, which use no anchor"))
    return Text("\n".join(f"{name:<9} {fact}" for name, fact in facts))


def kernel_document(kernel: Kernel) -> dict[str, Any]:
    """One kernel for scripts."""
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
    factor, texts = weight_texts(kernel)
    width = max(len(text) for row in texts for text in row)
    lines = [" ".join(f"{text:>{width}}" for text in row) for row in texts]
    return Text("\n".join([*lines, *([factor.removeprefix(", ")] if factor else [])]))
