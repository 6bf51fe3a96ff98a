"""corrconv kernel: the zoo, one kernel's facts, other tools' notations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corrconv.commands.answer import answer
from corrconv.commands.options import force_option, json_option
from corrconv.commands.parameters import AnchorType, EnumChoice, KernelType, inputs_of_command
from corrconv.core.terms import Notation

if TYPE_CHECKING:
    from corrconv.core.kernel import Kernel


@click.group()
def command() -> None:
    """List, show and convert kernels."""


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
@json_option
def show_kernel(kernel: Kernel, anchor: str | tuple[int, int] | None, as_json: bool) -> None:
    """Show the matrix of KERNEL as each operation lays it, its symmetry, and whether they coincide.

    \b
    corrconv kernel show sobel
    corrconv kernel show "[1 1; 1 1]" --anchor lower
    """
    from corrconv.commands.kernel.view import kernel_document, kernel_view

    shown = kernel if anchor is None else kernel.with_anchor(anchor)
    answer(lambda: kernel_document(shown), lambda: kernel_view(shown), as_json=as_json)


@command.command("convert")
@click.argument("kernel", type=KernelType())
@click.option("--to", "notation", type=EnumChoice(Notation), required=True, help="The notation to write.")
@click.option("-o", "--output", metavar="FILE", default="-", help="Where to write it; - is standard output.")
@force_option
def convert_kernel(kernel: Kernel, notation: Notation, output: str, force: bool) -> None:
    """Write KERNEL in another tool's notation; what that cannot hold is refused.

    \b
    corrconv kernel convert sobel --to imagemagick
    corrconv kernel convert gaussian:sigma=2 --to npy -o blur.npy
    """
    from corrconv.core.notation import write_kernel
    from corrconv.files.kernels import write_kernel_file
    from corrconv.files.outputs import refuse_overwrite

    if output == "-" and notation is not Notation.NPY:
        click.echo(write_kernel(kernel, notation))
        return
    refuse_overwrite(output, inputs_of_command(), force=force)
    write_kernel_file(output, kernel, notation)
