"""What --like means for every command that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corrconv.commands.answer import report
from corrconv.commands.options import without_effect
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
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


def say_caveats(picture: Picture, kernels: Iterable[Kernel], *likes: Convention, quiet: bool) -> None:
    """Tell where a library itself takes no such numbers, or may give others."""
    say = report(quiet=quiet)
    caveats = [like.caveat(kernel, picture.planes.dtype) for like in likes for kernel in kernels]
    caveats += [like.unpredicted(picture.planes, kernel) for like in likes for kernel in kernels]
    for caveat in dict.fromkeys(filter(None, caveats)):
        say(caveat)


def refuse_resized_transparency(picture: Picture, convention: Convention) -> None:
    """Raise CorrconvError where transparency would have to fit colours of another size."""
    if convention.output_size is not OutputSize.SAME:
        raise CorrconvError(
            f"{picture.name} has transparency, and {convention.name} changes the picture's size;"
            " convert it to one without transparency"
        )
