"""Filtering as another library does: what --like adds to `apply` and `compare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import numpy as np
from click.core import ParameterSource

from corrconv.cli.filter_files import FileFilter, pixel_dtype
from corrconv.core.conventions import Convention, Overflow, exact_values
from corrconv.core.rendering import pixel_limits, store
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.files.formats import NPY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

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


@dataclass(frozen=True, kw_only=True)
class LikeFilter(FileFilter):
    """`apply` by a library's convention: its sums, its rounding, its overflow."""

    convention: Convention

    @property
    def _what(self) -> str:
        return f"like {self.convention.name}"

    def _make(self, picture: Picture, kind: str) -> tuple[NDArray[Any], tuple[str, ...]]:
        planes, convention = picture.planes, self.convention
        if picture.has_alpha:
            refuse_resized_transparency(picture, convention)
        exact = exact_values(planes[:, :, :-1] if picture.has_alpha else planes, self.kernel, convention)
        made = exact if planes.dtype.kind == "f" else convention.numbers.fit(exact, planes.dtype)
        if picture.has_alpha:
            made = np.concatenate([made, planes[:, :, -1:].astype(made.dtype)], axis=2)
        pixels, clipped = (made, 0) if kind == NPY else store(made, planes.dtype, pixel_dtype(picture, kind))
        notes = list(self._overflow_notes(exact, planes.dtype))
        if clipped:
            low, high = pixel_limits(pixels.dtype)
            share = clipped / (pixels.shape[0] * pixels.shape[1])
            notes.append(f"{share:.2%} of the pixels clipped to {low:g}..{high:g} for the file")
        return pixels, tuple(notes)

    def _overflow_notes(self, exact: NDArray[np.float64], dtype: np.dtype[Any]) -> Iterator[str]:
        """What the library's own numbers lose of the exact ones, if anything."""
        overflow = self.convention.numbers.overflow
        if overflow is Overflow.NONE or dtype.kind not in "iu":
            return
        held = self.convention.numbers.output_dtype(dtype)
        limits = np.iinfo(held if held.kind in "iu" else dtype)
        rounded = self.convention.numbers.rounding.of(exact)
        lost = ((rounded < limits.min) | (rounded > limits.max)).any(axis=2)
        if lost.any():
            done = "wrap around within" if overflow is Overflow.WRAP else "are cut off at"
            yield (
                f"{lost.mean():.2%} of the pixels {done} {limits.min}..{limits.max}, as {self.convention.name} does"
                f" (the values run from {exact.min():.6g} to {exact.max():.6g})"
            )


def refuse_resized_transparency(picture: Picture, convention: Convention) -> None:
    """Raise CorrconvError where transparency would have to fit colours of another size."""
    if convention.output_size is not OutputSize.SAME:
        raise CorrconvError(
            f"{picture.name} has transparency, and {convention.name} changes the picture's size;"
            " convert it to one without transparency"
        )
