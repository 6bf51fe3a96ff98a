"""The gradient of picture files: what --magnitude and --direction add to `apply`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.apply.files import FileFilter
from corrconv.commands.apply.gradient_study import Gradient, gradient
from corrconv.core.layout import lay
from corrconv.core.pixels import finite_range, pixel_limits, pixel_scale, settled_range, to_pixels
from corrconv.core.rendering import Rendered
from corrconv.core.terms import Display
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import telling_peak
from corrconv.files.formats import NUMBERS
from corrconv.files.images import pixel_dtype, storable_dtype

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from corrconv.core.arrays import Reals
    from corrconv.core.rendering import Allocate
    from corrconv.files.images import Picture

HUES = {0.0: "red", 90.0: "yellow-green", 180.0: "cyan", 270.0: "violet"}


@dataclass(frozen=True, kw_only=True)
class MagnitudeFilter(FileFilter):
    """`apply --magnitude`: how strongly the picture changes, whatever the direction."""

    bytes_a_value = 65

    @property
    def _what(self) -> str:
        return f"gradient magnitude by {self.operation}"

    @property
    def _displays(self) -> tuple[Display, ...]:
        return (Display.RESCALE,)

    def _whole_shape(self, picture: Picture, kind: str) -> tuple[int, int, int] | None:
        rows, columns, _ = picture.planes.shape
        layout = lay((rows, columns), self.kernel, self.operation, self.choices.options)
        return (*layout.output_shape, self._channels(picture, kind))

    def _channels(self, picture: Picture, _kind: str) -> int:
        return picture.channels

    def _gradient(self, picture: Picture) -> Gradient:
        return gradient(
            picture.planes,
            self.kernel,
            self.operation,
            self.choices.options,
            self.choices.rendering.alpha,
            has_alpha=picture.has_alpha,
            progress=self._progress,
        )

    def _make(self, picture: Picture, kind: str, _allocate: Allocate) -> tuple[NDArray[Any], tuple[str, ...]]:
        found, rendering = self._gradient(picture), self.choices.rendering
        source, target = picture.pixels.dtype, pixel_dtype(picture, kind)
        values = found.magnitude + rendering.bias
        low, high = finite_range(values)
        ends = settled_range((low, high), rendering.display, self._rounding(picture))
        pixels, clipped = to_pixels(values, source, target, rendering.display, ends)
        scale = pixel_scale(rendering.display, *ends, target)
        rendered = Rendered(pixels, low, high, clipped, 0, scale, found.plan)
        notes = tuple(self._notes(picture, rendered, kind))
        return _with_alpha(pixels, found, source), notes

    def _rounding(self, picture: Picture) -> float:
        """What rounding can make of a magnitude of 0: nothing where whole numbers are summed."""
        if picture.pixels.dtype.kind != "f" and self.kernel.integer_form is not None:
            return 0.0
        peak = max(map(abs, finite_range(picture.planes)))
        return float(np.finfo(np.float32).eps) * self.kernel.absolute_sum * peak if np.isfinite(peak) else 0.0


@dataclass(frozen=True, kw_only=True)
class DirectionFilter(MagnitudeFilter):
    """`apply --direction`: the direction of the gradient as hue, its magnitude as brightness; or its angle."""

    @property
    def _what(self) -> str:
        return f"gradient direction by {self.operation}"

    def _channels(self, picture: Picture, kind: str) -> int:
        return 1 if kind in NUMBERS else 3 + picture.has_alpha

    def _make(self, picture: Picture, kind: str, _allocate: Allocate) -> tuple[NDArray[Any], tuple[str, ...]]:
        found = self._gradient(picture)
        magnitude, angle = found.strongest
        planned = tuple(self._plan_notes(found.plan))
        if kind in NUMBERS:
            said = ", ".join(f"{_signed(degrees):g} {side}" for side, degrees in found.meaning.items())
            means = f": {said}, where it gets brighter to that side" if said else ""
            return angle[:, :, np.newaxis], (f"the angle in degrees{means}", *planned)
        peak = telling_peak(magnitude)
        source = np.dtype(np.uint8)
        coloured = hues(angle, np.clip(magnitude / peak if peak else magnitude, 0.0, 1.0) * pixel_limits(source)[1])
        pixels, _ = to_pixels(coloured, source, storable_dtype(kind, source, 3))
        said = ", ".join(f"{HUES[degrees]} {side}" for side, degrees in found.meaning.items())
        means = f"where it gets brighter: {said}; " if said else ""
        note = f"{means}full brightness from a magnitude of {short_number(peak)} on"
        return _with_alpha(pixels, found, picture.pixels.dtype), (note, *planned)


def hues(angle: Reals, brightness: Reals) -> Reals:
    """Pure colours (H, W, 3) of an angle in degrees, 0 red, 120 green, 240 blue, at a brightness.

    Source: A. R. Smith, Color Gamut Transform Pairs (1978), with full saturation.
    """
    sixths = (np.array([5.0, 3.0, 1.0]) + angle[:, :, np.newaxis] / 60) % 6
    shares = 1 - np.clip(np.minimum(sixths, 4 - sixths), 0, 1)
    coloured: Reals = brightness[:, :, np.newaxis] * shares
    return coloured


def _signed(degrees: float) -> float:
    return degrees - 360 if degrees > 180 else degrees


def _with_alpha(pixels: NDArray[Any], found: Gradient, source: np.dtype[Any]) -> NDArray[Any]:
    if found.alpha is None:
        return pixels
    return np.concatenate([pixels, to_pixels(found.alpha, source, pixels.dtype)[0]], axis=2)
