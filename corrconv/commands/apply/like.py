"""Filtering as another library does: what --like adds to `apply` and `compare`."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.apply.files import FileFilter
from corrconv.commands.like import refuse_resized_transparency
from corrconv.core.convention.filtering import exact_values, fitted_values
from corrconv.core.convention.numbers import Overflow
from corrconv.core.pixels import pixel_limits, to_pixels
from corrconv.files.formats import NUMBERS
from corrconv.files.images import pixel_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from corrconv.core.convention.model import Convention
    from corrconv.core.rendering import Allocate
    from corrconv.files.images import Picture


@dataclass(frozen=True, kw_only=True)
class LikeFilter(FileFilter):
    """`apply` by a library's convention: its sums, its rounding, its overflow."""

    bytes_a_value = 21

    convention: Convention

    @property
    def _what(self) -> str:
        return f"like {self.convention.name}"

    def _whole_shape(self, picture: Picture, _kind: str) -> tuple[int, int, int] | None:
        rows, columns, channels = picture.planes.shape
        made = self.convention.output_shape((rows, columns), self.kernel.shape)
        return (*made, channels) if min(made) > 0 else None

    def digest(self) -> str:
        """That of the options, and of all that the convention says."""
        return sha256((super().digest() + repr(self.convention)).encode()).hexdigest()

    def _make(self, picture: Picture, kind: str, _allocate: Allocate) -> tuple[NDArray[Any], tuple[str, ...]]:
        planes, convention = picture.planes, self.convention
        if picture.has_alpha:
            refuse_resized_transparency(picture, convention)
        exact = exact_values(planes[:, :, :-1] if picture.has_alpha else planes, self.kernel, convention)
        made = fitted_values(exact, planes.dtype, self.kernel.shape, convention)
        if picture.has_alpha:
            made = np.concatenate([made, planes[:, :, -1:].astype(made.dtype)], axis=2)
        pixels, clipped = (made, 0) if kind in NUMBERS else to_pixels(made, planes.dtype, pixel_dtype(picture, kind))
        caveats = convention.caveat(self.kernel, planes.dtype), convention.unpredicted(planes, self.kernel)
        notes = [*filter(None, caveats), *self._overflow_notes(exact, planes.dtype)]
        if clipped:
            low, high = pixel_limits(pixels.dtype)
            share = clipped / (pixels.shape[0] * pixels.shape[1])
            notes.append(f"{share:.2%} of the pixels clipped to {low:g}..{high:g} for the file")
        return pixels, tuple(notes)

    def _overflow_notes(self, exact: NDArray[np.float64], dtype: np.dtype[Any]) -> Iterator[str]:
        """What the library's own numbers lose of the exact ones, if anything."""
        numbers = self.convention.numbers_of(dtype)
        overflow = numbers.overflow
        if overflow is Overflow.NONE or dtype.kind not in "iu":
            return
        held = numbers.output_dtype(dtype)
        limits = np.iinfo(held if held.kind in "iu" else dtype)
        rounded = numbers.rounding.of(exact)
        lost = ((rounded < limits.min) | (rounded > limits.max)).any(axis=2)
        if lost.any():
            done = "wrap around within" if overflow is Overflow.WRAP else "are cut off at"
            yield (
                f"{lost.mean():.2%} of the pixels {done} {limits.min}..{limits.max}, as {self.convention.name} does"
                f" (the values run from {exact.min():.6g} to {exact.max():.6g})"
            )
