"""What --like means for every command that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.answer import report
from corrconv.commands.options import without_effect
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.core.convention.model import Convention
    from corrconv.files.images import Picture


# What a convention sets, so that it is refused beside it.
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

refuse_beside_like = without_effect(*SET_TOGETHER, when=("like", "likes"), why=", which sets it")


def say_caveats(picture: Picture, *likes: Convention, quiet: bool) -> None:
    """Tell of numbers that a library itself does not take."""
    say = report(quiet=quiet)
    for like in likes:
        if caveat := like.caveat(picture.planes.dtype):
            say(caveat)


def refuse_resized_transparency(picture: Picture, convention: Convention) -> None:
    """Raise CorrconvError where transparency would have to fit colours of another size."""
    if convention.output_size is not OutputSize.SAME:
        raise CorrconvError(
            f"{picture.name} has transparency, and {convention.name} changes the picture's size;"
            " convert it to one without transparency"
        )
