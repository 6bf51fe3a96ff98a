"""What --like means for every command that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.options import refuse_given
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    import click

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
    refuse_given(ctx, SET_TOGETHER, "cannot be given beside --like, which sets it")


def refuse_resized_transparency(picture: Picture, convention: Convention) -> None:
    """Raise CorrconvError where transparency would have to fit colours of another size."""
    if convention.output_size is not OutputSize.SAME:
        raise CorrconvError(
            f"{picture.name} has transparency, and {convention.name} changes the picture's size;"
            " convert it to one without transparency"
        )
