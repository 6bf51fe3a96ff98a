"""One output of a layer, spelled out: what each channel gives, under both operations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.layer.study import Pooling
from corrconv.core.layer.forward import run_layer
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.layer.study import LaidLayer, Stack
    from corrconv.core.kernel import Cell
    from corrconv.core.layout import AxisLayout


@dataclass(frozen=True)
class LayerTerm:
    """One product: a pixel (inside the picture, or a padded zero) and its weight under each operation."""

    place: Cell
    inside: bool
    value: float
    weights: tuple[float, float]

    @property
    def products(self) -> tuple[float, float]:
        """Of correlation and of convolution."""
        return self.value * self.weights[0], self.value * self.weights[1]


@dataclass(frozen=True)
class ChannelTerms:
    """What one channel gives to the output."""

    channel: int
    terms: tuple[LayerTerm, ...]

    @property
    def sums(self) -> tuple[float, float]:
        """Of the products, for correlation and for convolution, rounded once."""
        first, second = (fsum(term.products[index] for term in self.terms) for index in (0, 1))
        return first, second


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """One output of one filter: channel by channel, then the bias, then what the layer computes there."""

    layer: LaidLayer
    at: Cell
    filter: int
    channels: tuple[ChannelTerms, ...]
    bias: float
    results: tuple[float, float]


def spell_output(stack: Stack, at: Cell, filter_index: int) -> LayerOutput:
    """Every product of the output at (row, column) of one filter of the only layer, for the first picture.

    Raises CorrconvError for places and filters that do not exist, and where there are no numbers.
    """
    layer, images = only_layer(stack, "one output")
    out, rows, columns = layer.shape.output
    if not (at[0] < rows and at[1] < columns):
        raise CorrconvError(
            f"the output has {rows} rows and {columns} columns, counted from 0; {at[0]},{at[1]} is beyond"
        )
    if filter_index >= out:
        raise CorrconvError(f"filter {filter_index} does not exist; this layer has {out}, counted from 0")
    shape, weights = layer.shape, np.asarray(layer.weights)
    per_group = shape.input[0] // shape.groups
    group = filter_index // (out // shape.groups)
    first = group * per_group
    channels = []
    for offset in range(per_group):
        own = (
            weights[first + offset, filter_index - group * (out // shape.groups)]
            if shape.transposed
            else weights[filter_index, offset]
        )
        channels.append(ChannelTerms(first + offset, _terms(images[0, first + offset], own, layer, at)))
    bias = 0.0 if layer.bias is None else float(layer.bias[filter_index])
    results = [
        run_layer(images[:1], weights, replace(layer.options, operation=operation), bias=layer.bias)
        for operation in Operation
    ]
    found = [float(result[0, filter_index, at[0], at[1]]) for result in results]
    return LayerOutput(layer, at, filter_index, tuple(channels), bias, (found[0], found[1]))


def only_layer(stack: Stack, what: str) -> tuple[LaidLayer, NDArray[Any]]:
    """The layer and its pictures. Raises CorrconvError for several layers, the maximum, and sizes without numbers."""
    if len(stack.layers) > 1:
        raise CorrconvError(f"{what} is shown of a single layer, and these are {len(stack.layers)}")
    (layer,) = stack.layers
    if layer.pooling is Pooling.MAX:
        raise CorrconvError("the maximum of a window is no sum of products; it has no weights to show")
    if layer.weights is None:
        raise CorrconvError(f"{layer.name} is only a shape; give weights, as a file or as kernels, for numbers")
    if stack.input.images is None:
        raise CorrconvError(f"{stack.input.name} is only a size; give a picture or numbers")
    return layer, stack.input.images


def _terms(image: NDArray[Any], weights: NDArray[Any], layer: LaidLayer, at: Cell) -> tuple[LayerTerm, ...]:
    turned = weights[::-1, ::-1]
    height, width = image.shape
    terms = []
    for i, y in _meetings(layer.shape.rows, at[0], transposed=layer.shape.transposed):
        for j, x in _meetings(layer.shape.columns, at[1], transposed=layer.shape.transposed):
            inside = 0 <= y < height and 0 <= x < width
            value = float(image[y, x]) if inside else 0.0
            terms.append(LayerTerm((y, x), inside, value, (float(weights[i, j]), float(turned[i, j]))))
    return tuple(terms)


def _meetings(axis: AxisLayout, place: int, *, transposed: bool) -> list[tuple[int, int]]:
    """The kernel cells of one axis that meet an output, each with the input place that it meets."""
    if not transposed:
        return [(cell, place * axis.stride + cell * axis.dilation - axis.before) for cell in range(axis.side)]
    reached = [(cell, place + axis.before - cell * axis.dilation) for cell in range(axis.side)]
    return sorted(
        (
            (cell, at // axis.stride)
            for cell, at in reached
            if at % axis.stride == 0 and 0 <= at // axis.stride < axis.outputs
        ),
        key=lambda meeting: meeting[1],
    )
