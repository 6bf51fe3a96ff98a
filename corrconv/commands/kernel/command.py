"""corrconv kernel: the zoo, one kernel's facts, other tools' notations, kernels made of kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer
from corrconv.commands.kernel.study import Combining
from corrconv.commands.options import force_option, json_option, without_effect
from corrconv.commands.parameters import AnchorType, BoundaryType, EnumChoice, KernelType, inputs_of_command
from corrconv.core.convention.model import Orientation
from corrconv.core.terms import Notation

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel
    from corrconv.core.terms import Boundary

orientation_option = click.option(
    "--orientation",
    type=EnumChoice(Orientation),
    metavar="TURN",
    help="Turn or mirror it first: half-turn, left-right, top-bottom, transposed, quarter-left or quarter-right.",
)


@click.group()
def command() -> None:
    """List, show, convert, combine and split kernels."""


@command.command("list")
@json_option
def list_kernels(as_json: bool) -> None:
    """Show every named kernel with its parameters.

    Parameters follow a colon: 'gaussian:sigma=2,size=9', 'sobel:axis=y', 'motion:angle=45'.
    """
    from corrconv.commands.kernel.view import zoo_document, zoo_table
    from corrconv.core.zoo import ZOO

    answer(lambda: zoo_document(ZOO.values()), lambda: zoo_table(ZOO.values()), as_json=as_json)


@command.command("show")
@click.argument("kernel", type=KernelType())
@click.option("--anchor", type=AnchorType(), help="Look at it with another anchor.")
@orientation_option
@json_option
def show_kernel(
    kernel: Kernel, anchor: str | tuple[int, int] | None, orientation: Orientation | None, as_json: bool
) -> None:
    """Show the matrix of KERNEL as each operation lays it, its symmetry, and whether they coincide.

    \b
    corrconv kernel show sobel
    corrconv kernel show sobel+box
    corrconv kernel show sobel --orientation transposed
    corrconv kernel show "[1 1; 1 1]" --anchor lower
    """
    from corrconv.commands.kernel.view import kernel_document, kernel_view

    shown = oriented(kernel if anchor is None else kernel.with_anchor(anchor), orientation)
    answer(lambda: kernel_document(shown), lambda: kernel_view(shown), as_json=as_json)


def oriented(kernel: Kernel, orientation: Orientation | None) -> Kernel:
    """The kernel turned or mirrored, its anchor with it."""
    if orientation is None:
        return kernel
    from corrconv.core.kernel import Kernel

    cell = orientation.of_cell(kernel.anchor, kernel.shape)
    return Kernel(orientation.of_weights(kernel.weights), cell, f"{kernel.name} {orientation}", kernel.source)


@command.command("convert")
@click.argument("kernel", type=KernelType())
@click.option("--to", "notation", type=EnumChoice(Notation), required=True, help="The notation to write.")
@orientation_option
@click.option("-o", "--output", metavar="FILE", default="-", help="Where to write it; - is standard output.")
@force_option
@without_effect("force", unless=("output",))
def convert_kernel(
    kernel: Kernel, notation: Notation, orientation: Orientation | None, output: str, force: bool
) -> None:
    """Write KERNEL in another tool's notation; what that cannot hold is refused.

    The weights are written as they are; whether a tool turns them is its own affair: SVG's filter and Java's
    ConvolveOp do, and so convolve by KERNEL.

    \b
    corrconv kernel convert sobel --to imagemagick
    corrconv kernel convert "{{1, 2, 1}, {2, 4, 2}, {1, 2, 1}}" --to torch
    corrconv kernel convert gaussian:sigma=2 --to npy -o blur.npy
    """
    from corrconv.core.notation import write_kernel
    from corrconv.files.kernels import write_kernel_file
    from corrconv.files.outputs import refuse_overwrite

    kernel = oriented(kernel, orientation)
    if output == "-" and notation is not Notation.NPY:
        click.echo(write_kernel(kernel, notation))
        return
    refuse_overwrite(output, inputs_of_command(), force=force)
    write_kernel_file(output, kernel, notation)


@command.command("combine")
@click.argument("first", metavar="KERNEL", type=KernelType())
@click.argument("second", metavar="KERNEL", type=KernelType())
@click.option("--by", type=EnumChoice(Combining), default="convolve", help="How to make one of two.")
@click.option("--boundary", type=BoundaryType(), default="reflect", help="The border of the check.")
@click.option("-o", "--output", metavar="FILE", help="Write the merged kernel (.json, .csv, .npy, .mat).")
@force_option
@without_effect("force", unless=("output",))
@json_option
def combine_kernels(
    first: Kernel, second: Kernel, by: Combining, boundary: Boundary, output: str | None, force: bool, as_json: bool
) -> None:
    """Make one KERNEL of two, and check that one pass with it does what two passes do.

    'sobel+box' as a KERNEL of any command is the same as combining by convolve.

    \b
    corrconv kernel combine sobel box
    corrconv kernel combine identity box --by subtract
    """
    from corrconv.commands.kernel.study import combine
    from corrconv.commands.kernel.view import combination_document, combination_view
    from corrconv.files.kernels import notation_of, write_kernel_file
    from corrconv.files.outputs import refuse_overwrite

    combination = combine(first, second, by, boundary)
    if output is not None:
        refuse_overwrite(output, inputs_of_command(), force=force)
        write_kernel_file(output, combination.merged, notation_of(output))
    answer(lambda: combination_document(combination), lambda: combination_view(combination), as_json=as_json)


@command.command("split")
@click.argument("kernel", type=KernelType())
@click.option("--terms", type=click.IntRange(min=1), metavar="N", help="Only the best N products, and the rest.")
@json_option
def split_kernel(kernel: Kernel, terms: int | None, as_json: bool) -> None:
    """Write KERNEL as products of a column and a row, which are quicker one after the other.

    \b
    corrconv kernel split sobel
    corrconv kernel split laplacian
    corrconv kernel split log --terms 1
    """
    from corrconv.commands.kernel.study import split
    from corrconv.commands.kernel.view import split_document, split_view

    parts = split(kernel, terms)
    answer(lambda: split_document(parts), lambda: split_view(parts), as_json=as_json)
