"""One layer or several in a row: sizes, what each output can see, and the numbers where there are any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from corrconv.commands.layer.padding import PaddingRule, axis_padding
from corrconv.core.layer.forward import run_layer
from corrconv.core.layer.options import LayerOptions, Sides
from corrconv.core.layer.shape import lay_layer, receptive_field
from corrconv.core.memory import require_memory
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corrconv.core.layer.shape import LayerShape, PictureShape

# What was given as padding: a rule, or the zeros of each side.
PaddingChoice: TypeAlias = "PaddingRule | tuple[Sides, Sides]"


class Pooling(StrEnum):
    """What a pooling layer keeps of each window."""

    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerInput:
    """What goes in: channels, rows and columns, and the pictures (N, C, H, W) unless only their size is known."""

    name: str
    shape: PictureShape
    images: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerPlan:
    """A layer as it was asked for, before it is known what goes in.

    sides: rows and columns of each kernel; filters: how many outputs (None: one a group, or as many
    as there are channels where that is what pooling does); reads: how many channels each reads (None:
    all of its group). weights: the numbers, by output (out, channels / groups, rows, columns), or as a
    library keeps them where as_kept. readers: for each filter, the kernel of each channel that it
    reads (a channel of None: all).
    """

    name: str
    sides: tuple[int, int]
    filters: int | None = None
    reads: int | None = None
    weights: NDArray[Any] | None = None
    readers: tuple[tuple[tuple[NDArray[np.float64], int | None], ...], ...] = ()
    bias: NDArray[Any] | None = None
    pooling: Pooling | None = None
    operation: Operation = Operation.CORRELATION
    stride: tuple[int, int] | None = None
    padding: PaddingChoice = PaddingRule.VALID
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    transposed: bool = False
    output_padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class LaidLayer:
    """A layer laid over what goes in.

    weights: as `layer` takes them; None where only their shape is known, and for the maximum.
    """

    name: str
    shape: LayerShape
    options: LayerOptions
    pooling: Pooling | None
    weights: NDArray[Any] | None
    bias: NDArray[Any] | None

    @property
    def parameters(self) -> int:
        """How many numbers are learned: the weights, and the biases where there are any."""
        if self.pooling is not None:
            return 0
        return self.shape.parameters + (0 if self.bias is None else len(self.bias))

    @property
    def multiplications(self) -> int:
        """How many products one picture takes; comparing takes none."""
        return 0 if self.pooling is Pooling.MAX else self.shape.multiplications

    def run(self, images: NDArray[Any]) -> NDArray[Any]:
        """What it makes of pictures (N, C, H, W). Raises CorrconvError for what is only a shape, and for too many."""
        require_memory(
            24 * (images.size + len(images) * prod(self.shape.output)),
            f"{self.name} on pictures of this size",
            "take a part of them, or fewer filters",
        )
        if self.pooling is Pooling.MAX:
            return max_pooling(images, self.shape)
        if self.weights is None:
            raise CorrconvError(f"{self.name} is only a shape; give weights, as a file or as kernels, for numbers")
        return run_layer(images, self.weights, self.options, bias=self.bias)


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers in a row, and what goes into the first.

    receptive_fields: rows and columns of the input that one output of each layer hangs on, at most.
    strides: how many input pixels lie between neighbouring outputs of each layer.
    """

    input: LayerInput
    layers: tuple[LaidLayer, ...]
    receptive_fields: tuple[tuple[int, int], ...]
    strides: tuple[tuple[Fraction, Fraction], ...]

    @property
    def output(self) -> PictureShape:
        """Channels, rows and columns of what comes out."""
        return self.layers[-1].shape.output

    @property
    def parameters(self) -> int:
        """Of all layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiplications(self) -> int:
        """Of all layers, for one picture."""
        return sum(layer.multiplications for layer in self.layers)

    def run(self) -> NDArray[Any]:
        """What comes out (N, C, H, W). Raises CorrconvError where a picture or weights are only a size."""
        if self.input.images is None:
            raise CorrconvError(f"{self.input.name} is only a size; give a picture or numbers")
        images = self.input.images
        for layer in self.layers:
            images = layer.run(images)
        return images


def stack_layers(source: LayerInput, plans: Sequence[LayerPlan]) -> Stack:
    """Lay each layer over what the one before gives. Raises CorrconvError where they do not fit together."""
    laid: list[LaidLayer] = []
    shape = source.shape
    for number, plan in enumerate(plans, start=1):
        try:
            laid.append(_lay(plan, shape))
        except CorrconvError as error:
            raise error if len(plans) == 1 else CorrconvError(f"layer {number} ({plan.name}): {error}") from None
        shape = laid[-1].shape.output
    fields, strides = [], []
    for count in range(1, len(laid) + 1):
        axes = [
            [(axis, each.shape.transposed) for axis in (each.shape.rows, each.shape.columns)] for each in laid[:count]
        ]
        rows, columns = (receptive_field([pair[axis] for pair in axes]) for axis in (0, 1))
        fields.append((rows, columns))
        strides.append((_total_stride(laid[:count], 0), _total_stride(laid[:count], 1)))
    return Stack(source, tuple(laid), tuple(fields), tuple(strides))


def max_pooling(images: NDArray[Any], shape: LayerShape) -> NDArray[Any]:
    """The largest value of each window; what is padded never wins."""
    lowest = -np.inf if images.dtype.kind == "f" else np.iinfo(images.dtype).min if images.dtype.kind in "iu" else False
    around = [(0, 0), (0, 0), *((axis.before, axis.after) for axis in (shape.rows, shape.columns))]
    padded = np.pad(images, around, constant_values=lowest)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (shape.rows.extent, shape.columns.extent), axis=(2, 3))
    kept = windows[
        :, :, :: shape.rows.stride, :: shape.columns.stride, :: shape.rows.dilation, :: shape.columns.dilation
    ]
    largest: NDArray[Any] = kept.max(axis=(4, 5))
    return largest


def _total_stride(layers: Sequence[LaidLayer], axis: int) -> Fraction:
    steps = [Fraction(layer.options.stride[axis]) for layer in layers]
    return prod(
        (1 / step if layer.shape.transposed else step for layer, step in zip(layers, steps, strict=True)),
        start=Fraction(1),
    )


def _lay(plan: LayerPlan, shape: PictureShape) -> LaidLayer:
    if plan.pooling is not None:
        plan = _as_layer(plan, shape[0])
    options = LayerOptions(
        operation=plan.operation,
        stride=plan.stride or (1, 1),
        dilation=plan.dilation,
        groups=plan.groups,
        transposed=plan.transposed,
        output_padding=plan.output_padding,
    )
    weights = _weights(plan, shape[0])
    weights_shape = _weights_shape(plan, shape[0]) if weights is None else weights.shape
    options = options.with_padding(_padding(plan, shape, weights_shape[2:]))
    laid = lay_layer(shape, weights_shape, options)
    if plan.bias is not None and len(plan.bias) not in (1, laid.output[0]):
        raise CorrconvError(f"{len(plan.bias)} biases for {laid.output[0]} filters; give one for all, or one for each")
    bias = None if plan.bias is None else np.broadcast_to(plan.bias, laid.output[0]).copy()
    kept = None if plan.pooling is Pooling.MAX else weights
    return LaidLayer(plan.name, laid, options, plan.pooling, kept, bias)


def _as_layer(plan: LayerPlan, channels: int) -> LayerPlan:
    """Pooling as a layer whose filters read one channel each; the mean is a correlation with 1/n everywhere."""
    if plan.transposed or plan.groups != 1 or plan.bias is not None:
        raise CorrconvError("pooling reads each channel by itself: it has no groups, no bias and is not transposed")
    weights = np.full((channels, 1, *plan.sides), 1 / prod(plan.sides))
    return replace(plan, weights=weights, groups=channels, stride=plan.stride or plan.sides)


def _weights(plan: LayerPlan, channels: int) -> NDArray[Any] | None:
    if plan.weights is not None or not plan.readers:
        return plan.weights
    if channels % plan.groups or len(plan.readers) % plan.groups:
        raise CorrconvError(
            f"{channels} channels and {len(plan.readers)} filters cannot be shared out over {plan.groups} groups"
        )
    per_group, per_filters = channels // plan.groups, len(plan.readers) // plan.groups
    weights = np.zeros((len(plan.readers), per_group, *plan.sides))
    for index, parts in enumerate(plan.readers):
        first = index // per_filters * per_group
        for kernel, channel in parts:
            if channel is None:
                weights[index] += kernel
            elif first <= channel < first + per_group:
                weights[index, channel - first] += kernel
            else:
                raise CorrconvError(
                    f"filter {index} cannot read channel {channel}: it has channels {first} to {first + per_group - 1}"
                )
    return _as_kept(weights, plan)


def _as_kept(weights: NDArray[Any], plan: LayerPlan) -> NDArray[Any]:
    """Weights by output (out, channels / groups, ...) in the order in which a layer keeps them."""
    if not plan.transposed:
        return weights
    out, per_group, *sides = weights.shape
    grouped = weights.reshape(plan.groups, out // plan.groups, per_group, *sides)
    return grouped.swapaxes(1, 2).reshape(plan.groups * per_group, out // plan.groups, *sides)


def _weights_shape(plan: LayerPlan, channels: int) -> tuple[int, ...]:
    filters = plan.groups if plan.filters is None else plan.filters
    reads = max(1, channels // plan.groups) if plan.reads is None else plan.reads
    if plan.transposed:
        if filters % plan.groups:
            raise CorrconvError(f"{filters} filters cannot be shared out over {plan.groups} groups")
        return reads * plan.groups, filters // plan.groups, *plan.sides
    return filters, reads, *plan.sides


def _padding(plan: LayerPlan, shape: PictureShape, sides: Sequence[int]) -> tuple[Sides, Sides]:
    if not isinstance(plan.padding, PaddingRule):
        return plan.padding
    rule = plan.padding
    if plan.transposed and rule is not PaddingRule.VALID:
        raise CorrconvError(f"padding '{rule}' has no agreed meaning for a transposed layer; give numbers")
    stride = plan.stride or (1, 1)
    rows, columns = (
        axis_padding(rule, shape[1 + axis], sides[axis], stride[axis], plan.dilation[axis]) for axis in (0, 1)
    )
    return rows, columns
