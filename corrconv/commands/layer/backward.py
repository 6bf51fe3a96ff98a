"""Backpropagation through a layer: its gradients, the filterings that they are, and whether they are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.layer.output import only_layer
from corrconv.core.layer.forward import run_layer
from corrconv.core.layer.gradients import LayerGradients, run_gradients
from corrconv.core.memory import require_memory
from corrconv.core.terms import Operation
from corrconv.errors import CorrconvError
from corrconv.libraries.torch import torch_gradients

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from corrconv.commands.layer.study import LaidLayer, Stack

# So many numbers of each array are changed, one at a time; all of them where there are no more.
MOST_STEPS = 24

# Three of them can be multiplied, and summed over any picture.
LARGEST_NUMBER = 1e90


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """One gradient, the filtering that it is, and how far it lies from what was measured.

    steps: how many numbers were changed, one at a time. error, torch_error: the largest deviation from
    those changes and from torch's autograd, as a share of the largest gradient; None without torch.
    """

    name: str
    values: NDArray[Any]
    formula: str
    steps: int
    error: float
    torch_error: float | None


@dataclass(frozen=True, eq=False)
class Backward:
    """The gradients of L = Σ upstream · output."""

    layer: LaidLayer
    upstream: NDArray[Any]
    loss: float
    gradients: LayerGradients
    input: GradientCheck
    weights: GradientCheck
    bias: GradientCheck

    @property
    def checks(self) -> tuple[GradientCheck, GradientCheck, GradientCheck]:
        """All three."""
        return self.input, self.weights, self.bias


def go_back(stack: Stack, upstream: NDArray[Any] | None = None) -> Backward:
    """The gradients of the only layer, checked; upstream (N, out, H', W') is ones unless given.

    Raises CorrconvError for several layers, the maximum, and sizes without numbers.
    """
    layer, images = only_layer(stack, "the way back")
    weights, options = np.asarray(layer.weights), layer.options
    if options.transposed and layer.pooling is not None:
        raise CorrconvError("pooling is not transposed")
    bias = np.zeros(layer.shape.output[0]) if layer.bias is None else layer.bias
    errors = np.ones((len(images), *layer.shape.output)) if upstream is None else upstream
    require_memory(
        75 * (images.size + errors.size),
        "the way back on pictures of this size",
        "take a part of them, or fewer filters",
    )
    if max(float(np.abs(numbers).max(initial=0)) for numbers in (images, weights, errors)) > LARGEST_NUMBER:
        raise CorrconvError(
            f"picture, weights or gradients hold numbers above {LARGEST_NUMBER:g}, too large to multiply with each"
            " other; scale them down"
        )
    found = run_gradients(images, weights, errors, options)

    def loss(
        *, pictures: NDArray[Any] = images, kernels: NDArray[Any] = weights, offsets: NDArray[Any] = bias
    ) -> float:
        return float((run_layer(pictures, kernels, options, bias=offsets) * errors).sum())

    theirs = torch_gradients(images, weights, errors, options) or (None, None, None)
    formulas = gradient_formulas(layer)
    checks = [
        _check("input", found.images, formulas[0], images, lambda moved: loss(pictures=moved), theirs[0]),
        _check("weights", found.weights, formulas[1], weights, lambda moved: loss(kernels=moved), theirs[1]),
        _check("bias", found.bias, formulas[2], bias, lambda moved: loss(offsets=moved), theirs[2]),
    ]
    return Backward(layer, errors, loss(), found, checks[0], checks[1], checks[2])


def gradient_formulas(layer: LaidLayer) -> tuple[str, str, str]:
    """What each gradient is, for input I, weights W and upstream gradient G."""
    options = layer.options
    correlates = options.operation is Operation.CORRELATION
    stride = [] if options.stride == (1, 1) else [f"{{}}'s cells {_pair(options.stride)} apart"]
    dilation = [] if options.dilation == (1, 1) else [f"W's cells {_pair(options.dilation)} apart"]
    every = [] if options.dilation == (1, 1) else [f"every {_pair(options.dilation)}th place"]
    padded = any(any(sides) for sides in options.padding)
    if options.transposed:
        words = ["valid correlation" if correlates else "valid convolution", *dilation]
        words += [] if options.stride == (1, 1) else [f"every {_pair(options.stride)}th place"]
        back = f"G {'⋆' if correlates else '∗'} W"
        weights, spread = "G ⋆ I", "I"
    else:
        words = ["full convolution" if correlates else "full correlation", *(note.format("G") for note in stride)]
        words += [*dilation, *(["padding cut off"] if padded else [])]
        back = f"G {'∗' if correlates else '⋆'} W"
        weights, spread = f"{'padded ' if padded else ''}I ⋆ G", "G"
    weight_words = ["valid correlation", *(note.format(spread) for note in stride), *every]
    weight_words += [] if correlates else ["turned by 180°"]
    return f"{back}: {', '.join(words)}", f"{weights}: {', '.join(weight_words)}", "ΣG: the sum over each channel"


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]},{pair[1]}"


def _check(
    name: str,
    found: NDArray[Any],
    formula: str,
    values: NDArray[Any],
    loss: Callable[[NDArray[Any]], float],
    theirs: NDArray[Any] | None,
) -> GradientCheck:
    """Change numbers one at a time: L is linear in each, so any step measures its slope."""
    places = np.random.default_rng(0).permutation(values.size)[:MOST_STEPS]
    step = max(1.0, float(np.abs(values).max()))
    before = loss(values)
    largest = float(np.abs(found).max()) or 1.0
    deviations = []
    for place in places.tolist():
        moved = values.astype(np.float64)
        moved.flat[place] += step
        deviations.append(abs((loss(moved) - before) / step - float(found.flat[place])))
    torch_error = None if theirs is None else float(np.abs(found - theirs).max()) / largest
    return GradientCheck(name, found, formula, len(places), max(deviations) / largest, torch_error)
