"""What --like means for every command that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.core.convention.model import Convention
    from corrconv.files.images import Picture


# What a convention sets, so that it cannot be given beside it.
SET_TOGETHER = (
    "correlation",
    "boundary",
    "fill",
    "output_size",
    "anchor",
    "stride",
    "dilation",
    "scale",
    "normalize",
    "bias",
    "display",
    "alpha",
    "engine",
    "precision",
)


def refuse_beside_like(ctx: click.Context) -> None:
    """Raise click's UsageError for an option that --like sets."""
    for name in SET_TOGETHER:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            parameter = next(parameter for parameter in ctx.command.params if parameter.name == name)
            shown = " or ".join([parameter.opts[0], *parameter.secondary_opts[:1]])
            raise click.UsageError(f"{shown} cannot be given beside --like, which sets it", ctx)


def refuse_resized_transparency(picture: Picture, convention: Convention) -> None:
    """Raise CorrconvError where transparency would have to fit colours of another size."""
    if convention.output_size is not OutputSize.SAME:
        raise CorrconvError(
            f"{picture.name} has transparency, and {convention.name} changes the picture's size;"
            " convert it to one without transparency"
        )
