"""Pictures in the terminal: the option --show, and what it shows of a filtering."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.commands.options import FilterChoices
    from corrconv.core.kernel import Cell, Kernel
    from corrconv.drawing.terminal import Beside, Shot
    from corrconv.files.images import Picture


def _only_on_a_terminal(ctx: click.Context, _parameter: click.Parameter, chosen: bool) -> bool:
    if chosen and not (sys.stdout is not None and sys.stdout.isatty()):
        raise click.UsageError("--show draws on a terminal, and standard output is none; write pictures with -o", ctx)
    return chosen


show_option = click.option(
    "--show", is_flag=True, callback=_only_on_a_terminal, help="Draw a part of the pictures in the terminal."
)


def filtered_shots(
    picture: Picture, kernel: Kernel, choices: FilterChoices, operations: tuple[str, ...], at: Cell | None = None
) -> Beside:
    """The input, results and, of two, their difference, pixel by pixel where they differ most, or around a place."""
    import numpy as np

    from corrconv.core.filtering import filter_array
    from corrconv.core.terms import Operation
    from corrconv.drawing.pictures import diverging
    from corrconv.drawing.terminal import Beside, Shot, as_colours, part_around

    pixels = picture.colours
    results = [
        filter_array(pixels, kernel, Operation(name), choices.options, channel_axis=-1, dtype=np.float64)
        for name in operations
    ]
    results = [result + choices.rendering.bias for result in results]
    difference = np.nan_to_num(results[0] - results[-1])
    shape = (difference.shape[0], difference.shape[1])
    if at is not None and not (at[0] < shape[0] and at[1] < shape[1]):
        raise CorrconvError(
            f"row {at[0]}, column {at[1]} lies outside the {shape[0]} rows and {shape[1]} columns of the result"
        )
    place = at or _largest(difference) or _largest(_change(pixels, results[0])) or (shape[0] // 2, shape[1] // 2)
    part = part_around(shape, place)
    shown = _displayed(results, kernel, choices, pixels.dtype)
    shots = [
        Shot(name, as_colours(drawn[part]), result[part][:, :, 0])
        for name, drawn, result in zip(operations, shown, results, strict=True)
    ]
    if pixels.shape[:2] == shape:
        shots.insert(0, _input_shot(picture, part))
    if len(results) > 1:
        strongest = np.take_along_axis(difference, np.abs(difference).argmax(axis=2)[:, :, None], 2)[:, :, 0]
        shots.append(Shot("difference", np.asarray(diverging(strongest))[part], strongest[part]))
    rows, columns = part
    last = min(rows.stop, shape[0]) - 1, min(columns.stop, shape[1]) - 1
    title = f"{kernel.name} on {picture.name}: rows {rows.start} to {last[0]}, columns {columns.start} to {last[1]}"
    return Beside(title, tuple(shots), (place[0] - rows.start, place[1] - columns.start))


def _input_shot(picture: Picture, part: tuple[slice, slice]) -> Shot:
    import numpy as np

    from corrconv.drawing.pictures import shown
    from corrconv.drawing.terminal import Shot

    drawn = np.asarray(shown(picture.colours).convert("RGB"))
    return Shot("input", drawn[part], picture.colours[part][:, :, 0])


def _displayed(results: list[Any], kernel: Kernel, choices: FilterChoices, dtype: Any) -> list[Any]:
    """Both results by one display rule on one scale, as 8-bit pixels."""
    import numpy as np

    from corrconv.core.pixels import finite_range, to_pixels
    from corrconv.core.terms import Display
    from corrconv.drawing.words import weight_sum

    ranges = [finite_range(result) for result in results]
    ends = min(low for low, _ in ranges), max(high for _, high in ranges)
    display = choices.rendering.display
    if display is Display.CLIP and weight_sum(kernel) == 0:
        display = Display.SIGNED  # half of the values are below 0
    if display is Display.CLIP and dtype.kind not in "bu":
        display = Display.RESCALE  # no range is given by the type
    return [to_pixels(result, dtype, np.dtype(np.uint8), display, ends)[0] for result in results]


def _change(pixels: Any, result: Any) -> Any:
    import numpy as np

    return np.nan_to_num(result - pixels) if result.shape == pixels.shape else np.zeros_like(result)


def _largest(values: Any) -> Cell | None:
    import numpy as np

    if not values.any():
        return None
    row, column, _ = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    return int(row), int(column)
