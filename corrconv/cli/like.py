"""Filtering as another library does: what --like adds to `apply` and `compare`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click
import numpy as np
from click.core import ParameterSource

from corrconv.cli.filter_files import FileFilter, pixel_dtype
from corrconv.core.conventions import Convention, Overflow, apply_convention, exact_values
from corrconv.core.rendering import pixel_limits, store
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.files.formats import NPY
from corrconv.files.images import Picture, read_image, write_image
from corrconv.files.outputs import refuse_overwrite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

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

    def __call__(self, source: str, target: str) -> tuple[str, ...]:
        """Filter one picture file; returns what is to be said. Raises CorrconvError."""
        refuse_overwrite(target, self.inputs, force=self.force)
        picture = self.choices.picture(read_image(source))
        kind = self._format(picture, target)
        made = self._like(picture)
        pixels, clipped = (made, 0) if kind == NPY else store(made, picture.pixels.dtype, pixel_dtype(picture, kind))
        finished = pixels if picture.pixels.ndim == 3 else pixels[:, :, 0]
        written = write_image(
            target, replace(picture, pixels=finished, notes=()), format=kind, png_level=self.png_level
        )
        notes = [f"{source}: {note}" for note in (*picture.notes, *self._overflow_notes(picture), *written)]
        if clipped:
            low, high = pixel_limits(pixels.dtype)
            share = clipped / (pixels.shape[0] * pixels.shape[1])
            notes.append(f"{source}: {share:.2%} of the pixels clipped to {low:g}..{high:g} for the file")
        shown_target = "standard output" if target == "-" else target
        rows, columns = self.kernel.shape
        return (
            *notes,
            f"{source} -> {shown_target}: like {self.convention.name} with {self.kernel.name} ({rows}x{columns}),"
            f" {pixels.shape[1]}x{pixels.shape[0]} pixels, {pixels.shape[2]} channel{'s' * (pixels.shape[2] > 1)},"
            f" {pixels.dtype}",
        )

    def _overflow_notes(self, picture: Picture) -> Iterator[str]:
        """What the library's own numbers lose, if anything."""
        overflow, dtype = self.convention.numbers.overflow, picture.pixels.dtype
        if overflow is Overflow.NONE or dtype.kind not in "iu":
            return
        colours = picture.planes[:, :, :-1] if picture.has_alpha else picture.planes
        exact = exact_values(colours, self.kernel, self.convention)
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

    def _like(self, picture: Picture) -> NDArray[Any]:
        planes = picture.planes
        if not picture.has_alpha:
            return apply_convention(planes, self.kernel, self.convention)
        refuse_resized_transparency(picture, self.convention)
        colours = apply_convention(planes[:, :, :-1], self.kernel, self.convention)
        return np.concatenate([colours, planes[:, :, -1:].astype(colours.dtype)], axis=2)


def refuse_resized_transparency(picture: Picture, convention: Convention) -> None:
    """Raise CorrconvError where transparency would have to fit colours of another size."""
    if convention.output_size is not OutputSize.SAME:
        raise CorrconvError(
            f"{picture.name} has transparency, and {convention.name} changes the picture's size;"
            " convert it to one without transparency"
        )
