"""Comparing pictures and writing what came out: shared by `compare` and `demo`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.compare.study import Comparison, compare_kernel
from corrconv.commands.compare.view import comparison_panel, difference_picture
from corrconv.core.pixels import finite_range, settled_range, to_pixels
from corrconv.drawing.console import progress
from corrconv.files.images import Picture, write_image
from corrconv.files.outputs import make_folder, refuse_overwrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corrconv.commands.compare.study import KernelComparison, Results
    from corrconv.commands.options import FilterChoices
    from corrconv.core.kernel import Kernel


@dataclass(frozen=True)
class Drawn:
    """The panel of one kernel, the share of the pixels clipped in its results, and where difference.png ends.

    difference_peak: the value of its full colours, 0 where nothing differs.
    """

    panel: Path
    clipped: float
    difference_peak: float


PICTURES = ("correlation", "convolution", "difference", "panel")


def compare_and_draw(
    picture: Picture,
    kernels: Sequence[Kernel],
    choices: FilterChoices,
    folder: str | None,
    *,
    inputs: Sequence[str] = (),
    force: bool = False,
    quiet: bool = False,
) -> tuple[Comparison, list[Drawn]]:
    """Compare a picture under each kernel, with a bar on a terminal; and draw it where a folder is given.

    Returns the comparison and what was drawn. One kernel's pictures lie in the folder itself, those of
    several each in a folder of their own.
    """
    chosen = [choices.kernel(kernel) for kernel in kernels]
    places = [] if folder is None else places_of(chosen, Path(folder))
    # What would be refused later is refused before the first picture is written.
    for place, name in product(places, PICTURES):
        refuse_overwrite(place / f"{name}.png", inputs, force=force)
    entries, drawn = [], []
    with progress(quiet=quiet) as bar:
        for number, kernel in enumerate(bar.track(chosen, description="comparing")):
            entry, results = compare_kernel(picture.colours, kernel, choices.options)
            entries.append(entry)
            if places:
                drawn.append(_draw(entry, results, picture, choices, places[number]))
    return Comparison(choices.options, tuple(entries)), drawn


def places_of(kernels: Sequence[Kernel], folder: Path) -> list[Path]:
    """A folder for each kernel: the folder itself for one, folders in it for several."""
    if len(kernels) == 1:
        return [folder]
    return [folder / f"{number:02}-{_file_name(kernel.name)}" for number, kernel in enumerate(kernels, start=1)]


def _draw(entry: KernelComparison, results: Results, picture: Picture, choices: FilterChoices, place: Path) -> Drawn:
    make_folder(place)
    rendering, pixels = choices.rendering, picture.colours
    dtype = np.dtype(np.uint16 if pixels.dtype == np.uint16 and pixels.shape[2] == 1 else np.uint8)
    made, shares = {}, []
    for name, values in (("correlation", results.correlation), ("convolution", results.convolution)):
        biased = values + rendering.bias
        ends = settled_range(finite_range(biased), rendering.display, entry.tolerance)
        quantized, clipped = to_pixels(biased, pixels.dtype, dtype, rendering.display, ends)
        made[name] = replace(picture, pixels=quantized, has_alpha=False, notes=())
        shares.append(clipped / (quantized.shape[0] * quantized.shape[1]))
    difference, peak = difference_picture(results)
    made["difference"] = Picture(np.asarray(difference))
    drawn = comparison_panel(entry, results, pixels, picture.name, choices.options, rendering)
    made["panel"] = Picture(np.asarray(drawn))
    for name in PICTURES:
        write_image(place / f"{name}.png", made[name])
    return Drawn(place / "panel.png", max(shares), peak)


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9=.]+", "-", name).strip("-.") or "kernel"
