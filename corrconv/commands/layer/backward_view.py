"""The way back through a layer as text and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.text import Text

from corrconv.commands.layer.view import shape_text, title_of
from corrconv.core.terms import Operation
from corrconv.drawing.console import plain_table
from corrconv.drawing.documents import finite
from corrconv.drawing.matrices import fits, matrices_view, numbers_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from corrconv.commands.layer.backward import Backward, GradientCheck


def backward_view(backward: Backward, name: str) -> Group:
    """Each gradient as the filtering that it is, how it was checked, and its numbers where they are few."""
    table = plain_table()
    table.padding = (0, 2, 0, 0)
    table.add_column("gradient\nof")
    table.add_column("\nshape", no_wrap=True)
    table.add_column("\nas a filtering")
    table.add_column("off by\nsteps", justify="right", no_wrap=True)
    if backward.bias.torch_error is not None:
        table.add_column("\ntorch", justify="right", no_wrap=True)
    for check in backward.checks:
        errors = (
            [_error(check.error)] if check.torch_error is None else [_error(check.error), _error(check.torch_error)]
        )
        table.add_row(check.name, shape_text(check.values.shape), check.formula, *errors)
    ones = " (all ones: L is the sum of the output)" if (backward.upstream == 1).all() else ""
    return Group(
        Text(f"backward through {name}: {title_of(backward.layer)}", "bold"),
        Text(f"I input, W weights, G upstream gradient{ones}, L = Σ G · output = {backward.loss:.6g}"),
        Text(),
        table,
        Text(_steps_words(backward), "dim"),
        Text(),
        Text(flip_words(backward)),
        *_numbers(backward),
    )


def gradients_document(backward: Backward) -> dict[str, Any]:
    """The gradients for scripts."""
    return {check.name: _check_document(check) for check in backward.checks}


def flip_words(backward: Backward) -> str:
    """Which operation the way back is, in words."""
    options = backward.layer.options
    forward, back = options.operation, options.opposite
    if options.transposed:
        return (
            f"This layer writes its kernels: forward it is a full {back}; so on the way back each pixel reads them,"
            f" as a {forward} layer does."
        )
    turned = "the kernel turned by 180°" if forward is Operation.CORRELATION else "the kernel as it is"
    return (
        f"The flip: forward is {forward}, and the input's gradient is a {back}, with {turned}. Each pixel collects"
        " from the outputs that read it, seen from the other side."
    )


def _check_document(check: GradientCheck) -> dict[str, Any]:
    return {
        "shape": list(check.values.shape),
        "formula": check.formula,
        "steps": check.steps,
        "max_relative_error": finite(check.error),
        "torch_max_relative_error": None if check.torch_error is None else finite(check.torch_error),
        "values": [finite(value) for value in check.values.ravel().tolist()] if check.values.size <= 64 else None,
    }


def _error(value: float) -> str:
    return "0" if value == 0 else f"{value:.0e}"


def _steps_words(backward: Backward) -> str:
    counts = ", ".join(f"{check.steps} of {check.values.size} {check.name} numbers" for check in backward.checks)
    return f"steps: {counts} were changed, one at a time; off by: a share of the largest gradient"


def _numbers(backward: Backward) -> list[RenderableType]:
    """The gradients of one picture and filter, where they can be read."""
    images, weights = backward.gradients.images, backward.gradients.weights
    if len(images) > 1 or images.shape[1] > 3 or weights.shape[0] * weights.shape[1] > 3:
        return []
    maps = [(f"dL/dI, channel {index}", each) for index, each in enumerate(images[0])]
    maps += [(f"dL/dW, {first},{second}", weights[first, second]) for first, second in np.ndindex(*weights.shape[:2])]
    if weights.shape[:2] == (1, 1):
        kernel = np.asarray(backward.layer.weights)[0, 0]
        forward, back = (kernel, kernel[::-1, ::-1])[:: 1 if _lays_upright(backward) else -1]
        maps = [("laid forward", forward), ("laid backward", back), *maps]
    if not all(fits(values) for _, values in maps):
        return []
    return [Text(), matrices_view(*((caption, numbers_text(values)) for caption, values in maps))]


def _lays_upright(backward: Backward) -> bool:
    """Whether the kernel lies as it is over the pixels that an output reads."""
    options = backward.layer.options
    return (options.operation is Operation.CORRELATION) != options.transposed
