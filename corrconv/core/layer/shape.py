"""What a layer makes of a picture's size, and which pixels it reads, known before any pixel is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from corrconv.core.convention.geometry import SameRule
from corrconv.core.layer.options import LayerOptions, Sides
from corrconv.core.layout import LONGEST_EXTENT, AxisLayout
from corrconv.errors import CorrconvError

# Channels, rows and columns of one picture.
PictureShape = tuple[int, int, int]


@dataclass(frozen=True)
class LayerShape:
    """The sizes of one layer.

    input, output: channels, rows, columns of one picture. kernel: rows and columns of the weights.
    rows, columns: how the kernel lies along each axis. Those of a transposed layer are the axes of the
    layer that it is the transpose of: its outputs are then what goes in, its length what comes out.
    """

    input: PictureShape
    output: PictureShape
    rows: AxisLayout
    columns: AxisLayout
    groups: int
    transposed: bool

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of each kernel."""
        return self.rows.side, self.columns.side

    @property
    def weights(self) -> tuple[int, int, int, int]:
        """The shape of the weights."""
        first, second = (self.input, self.output) if self.transposed else (self.output, self.input)
        return first[0], second[0] // self.groups, *self.kernel

    @property
    def parameters(self) -> int:
        """How many weights the layer has, without biases."""
        return prod(self.weights)

    @property
    def multiplications(self) -> int:
        """How many products of a weight and a pixel (a padded zero too) one picture takes."""
        return self.parameters * self.rows.outputs * self.columns.outputs

    def pixels_read(self) -> NDArray[np.bool_]:
        """Which pixels (rows, columns) of the larger side, the input unless transposed, any kernel cell lies on."""
        reads: NDArray[np.bool_] = np.logical_and.outer(places_read(self.rows), places_read(self.columns))
        return reads


def lay_layer(input_shape: PictureShape, weights_shape: Sequence[int], options: LayerOptions) -> LayerShape:
    """The sizes of a layer with such weights over pictures of (channels, rows, columns).

    weights (out, channels / groups, rows, columns), or (channels, out / groups, rows, columns) where
    transposed. Raises CorrconvError where they do not fit together.
    """
    if len(weights_shape) != 4 or min(weights_shape) < 1:
        shown = "x".join(map(str, weights_shape))
        order = "channels, out / groups" if options.transposed else "out, channels / groups"
        raise CorrconvError(f"weights of shape {shown} have no layer; they need 4 sides: {order}, rows, columns")
    if min(input_shape) < 1:
        raise CorrconvError(f"pictures of shape {'x'.join(map(str, input_shape))} hold no pixel")
    channels, *lengths = input_shape
    first, second, *sides = weights_shape
    out = second * options.groups if options.transposed else first
    _check_channels(channels, first, second, options)
    axes = [
        _lay_axis(
            length,
            side,
            options.padding[axis],
            options.stride[axis],
            options.dilation[axis],
            options.output_padding[axis] if options.transposed else None,
        )
        for axis, (length, side) in enumerate(zip(lengths, sides, strict=True))
    ]
    sizes = [axis.length if options.transposed else axis.outputs for axis in axes]
    return LayerShape(
        (channels, lengths[0], lengths[1]),
        (out, sizes[0], sizes[1]),
        axes[0],
        axes[1],
        options.groups,
        options.transposed,
    )


def places_read(axis: AxisLayout) -> NDArray[np.bool_]:
    """Which of an axis's places (length) any kernel cell lies on."""
    padded = np.zeros(axis.before + axis.length + axis.after, dtype=bool)
    starts = axis.stride * np.arange(axis.outputs)
    for cell in range(axis.side):
        padded[starts + axis.dilation * cell] = True
    return padded[axis.before : axis.before + axis.length]


def unread_end(axis: AxisLayout) -> int:
    """How many padded places follow after the last that the kernel reaches: less than a stride."""
    return axis.before + axis.length + axis.after - axis.reach(axis.outputs)


def same_padding(length: int, extent: int, stride: int, *, more_after: bool = True) -> Sides:
    """The zeros that give ceil(length / stride) outputs, spread over both ends; an odd one goes after, or before.

    Source: TensorFlow's `SAME`, ONNX's SAME_UPPER (more after) and SAME_LOWER (more before).
    """
    less, more = (rule.pixels_before(extent, stride, length) for rule in (SameRule.AFTER, SameRule.BEFORE))
    return (less, more) if more_after else (more, less)


def receptive_field(axes: Sequence[tuple[AxisLayout, bool]]) -> int:
    """How many neighbouring input places of an axis, those beyond the picture too, the last layer's outputs hang on.

    axes: the axis of each layer and whether that layer is transposed, the first layer first. The
    most that any output hangs on.
    """
    last, transposed = axes[-1]
    low = high = np.arange(last.length if transposed else last.outputs)
    for axis, is_transposed in reversed(axes):
        if is_transposed:
            low = -((axis.extent - 1 - low - axis.before) // axis.stride)
            high = (high + axis.before) // axis.stride
        else:
            low = low * axis.stride - axis.before
            high = high * axis.stride - axis.before + axis.extent - 1
    return int((high - low).max()) + 1


def _check_channels(channels: int, first: int, second: int, options: LayerOptions) -> None:
    groups = options.groups
    if first % groups:
        raise CorrconvError(
            f"{first} {'channels' if options.transposed else 'filters'} cannot be shared out over {groups} groups;"
            " choose a number of groups that divides them"
        )
    read = first if options.transposed else second * groups
    if read != channels:
        share = "" if groups == 1 or options.transposed else f" ({second} in each of {groups} groups)"
        raise CorrconvError(
            f"the weights read {read} channel{'s' * (read != 1)}{share}, and the picture has {channels};"
            " these numbers must agree"
        )


def _lay_axis(
    length: int, side: int, padding: Sides, stride: int, dilation: int, output_padding: int | None
) -> AxisLayout:
    """An axis of so many pixels; a transposed layer's where there is output padding, if only of 0."""
    before, after = padding
    extent = dilation * (side - 1) + 1
    if extent > LONGEST_EXTENT:
        raise CorrconvError(f"the kernel spans {extent:.3g} pixels, where {LONGEST_EXTENT} can be; dilate it less")
    if max(length * (1 if output_padding is None else stride), before, after) > LONGEST_EXTENT:
        raise CorrconvError(f"an axis of {length} pixels is more than the {LONGEST_EXTENT} that a layer can have here")
    if output_padding is not None:
        written = (length - 1) * stride + extent + output_padding
        if written <= before + after:
            raise CorrconvError(
                f"{length} pixels write {written} places, and padding cuts off {before} + {after} of them;"
                " nothing is left, so pad less"
            )
        return AxisLayout(written - before - after, before, after, side, stride, dilation, outputs=length)
    room = before + length + after - extent
    if room < 0:
        have = f"{length} with {before} + {after} of padding" if before + after else f"{length}"
        raise CorrconvError(
            f"the kernel spans {extent} pixels where the picture has {have}; nothing is left, so pad more"
        )
    return AxisLayout(length, before, after, side, stride, dilation, outputs=room // stride + 1)
