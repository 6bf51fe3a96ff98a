"""The `apply` line that gives a result: its own options read it, and it is shown only if it does."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from corrconv.commands.options import filter_options
from corrconv.core.convention.filtering import apply_convention
from corrconv.core.rendering import render
from corrconv.core.terms import Display, Operation
from corrconv.errors import CorrconvError
from corrconv.files.picture import to_gray

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from corrconv.commands.options import FilterChoices
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.files.images import Picture

# The libraries that are named first where several do the same.
BEST_KNOWN = ("scipy.ndimage", "scipy.signal", "cv2", "PIL", "torch")

# Real results count as the same within this share of the largest: text holds few digits.
REAL_PRECISION = 1e-6


@click.command(add_help_option=False)
@click.option("--correlate/--convolve", "correlation", default=True)
@filter_options
def _parsed(correlation: bool, choices: FilterChoices) -> tuple[Operation, FilterChoices]:
    """What the options of an `apply` line say."""
    return Operation.CORRELATION if correlation else Operation.CONVOLUTION, choices


def proved_line(
    picture: Picture,
    kernel: Kernel,
    result: NDArray[Any],
    convention: Convention,
    *,
    display: Display | None = None,
    gray: bool = False,
) -> str | None:
    """The line that makes the result of this picture and kernel, or None where none does.

    It is run first, as `apply` runs it. display: the rule that made the pixels. gray: whether the result is one
    of the picture made gray.
    """
    from corrconv.drawing.conventions import equivalent_options

    options = equivalent_options(convention, kernel)
    if options is None:
        return None
    words = [*options, *([] if display is None else [f"--display {display}"]), *(["--gray"] if gray else [])]
    names = ("OUT.png", "OUT.npy") if result.dtype.kind in "iu" else ("OUT.npy", "OUT.png")
    for name in names:
        if _gives(picture, kernel, result, words, name):
            return " ".join(["corrconv apply IMAGE KERNEL", *words, "-o", name])
    return None


def proved_like(
    picture: Picture, kernel: Kernel, result: NDArray[Any], ways: Iterable[Convention], *, gray: bool = False
) -> str | None:
    """The line with a library's name that makes the result, where the library lays kernels as one of the ways does.

    It is run first. Of several the best known is taken, with its word for the borders where that needs one.
    """
    from corrconv.libraries.registry import library_functions

    planes = (to_gray(picture) if gray else picture).planes
    laid = {(way.orientation, way.output_size) for way in ways}
    borders = [way.borders for way in ways][:1]
    for name, function in sorted(library_functions().items(), key=lambda it: not it[0].startswith(BEST_KNOWN)):
        usual = function.convention
        if usual is None or (usual.orientation, usual.output_size) not in laid or not usual.accepts(kernel.shape):
            continue
        placed = [function.borders.settings(it) for it in borders] if function.borders is not None else []
        for settings in ({}, *filter(None, placed)):
            convention = function.configured(settings)
            if convention.takes(planes.dtype) and _is_made(planes, kernel, result, convention):
                said = " ".join([name, *(f"{key}={value}" for key, value in settings.items())])
                shown = shlex.quote(said) if settings else said
                out = "OUT.png" if result.dtype.kind in "iu" and result.dtype == planes.dtype else "OUT.npy"
                words = ["corrconv apply IMAGE KERNEL --like", shown, *(["--gray"] if gray else []), "-o", out]
                return " ".join(words)
    return None


def _is_made(planes: NDArray[Any], kernel: Kernel, result: NDArray[Any], convention: Convention) -> bool:
    """Whether a convention gives the result to the last bit; what it refuses it does not."""
    try:
        made = apply_convention(planes, kernel, convention)
    except CorrconvError:
        return False
    return np.array_equal(made, result.reshape(result.shape[0], result.shape[1], -1))


def made_by(words: list[str], picture: Picture, kernel: Kernel, name: str) -> NDArray[Any] | None:
    """What `apply` with these options would write to a file of this name, (H, W, C); None where it would refuse."""
    from corrconv.files.images import format_of, pixel_dtype

    operation, choices = _parsed.main(shlex.split(" ".join(words)), standalone_mode=False)
    shown = choices.picture(picture)
    try:
        return render(
            shown.planes,
            choices.kernel(kernel),
            operation,
            choices.options,
            choices.rendering,
            dtype=pixel_dtype(shown, format_of(name, None)),
            has_alpha=shown.has_alpha,
        ).pixels
    except CorrconvError:
        return None


def _gives(picture: Picture, kernel: Kernel, result: NDArray[Any], words: list[str], name: str) -> bool:
    made = made_by(words, picture, kernel, name)
    wanted = result.reshape(result.shape[0], result.shape[1], -1)
    if made is None or made.shape != wanted.shape:
        return False
    slack = REAL_PRECISION * float(np.abs(wanted).max(initial=0)) if result.dtype.kind == "f" else 0.0
    return bool((np.abs(made.astype(np.float64) - wanted) <= slack).all())
