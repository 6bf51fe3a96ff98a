"""Comparing pictures and writing what came out: shared by `compare` and `demo`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.compare.panel_view import ComparisonPictures
from corrconv.commands.compare.study import compare
from corrconv.core.terms import Operation
from corrconv.core.threads import available_cores, in_order
from corrconv.drawing.console import progress
from corrconv.files.images import Picture, write_image
from corrconv.files.outputs import make_folder, refuse_overwrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import Comparison, KernelComparison
    from corrconv.commands.options import FilterChoices
    from corrconv.core.kernel import Kernel


@dataclass(frozen=True)
class Drawn:
    """The panel of one kernel, the share of the pixels clipped in each picture, and where difference.png ends.

    clipped: by name, those that lost some. difference_peak: the value of its full colours, 0 where nothing differs.
    """

    panel: Path
    clipped: dict[str, float]
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
    drawn: list[Drawn] = []
    with progress(quiet=quiet) as bar:
        task = bar.add_task("comparing", total=len(chosen))

        def draw(entry: KernelComparison, results: Results) -> None:
            if places:
                drawn.append(_draw(entry, results, picture, choices, places[len(drawn)]))
            bar.advance(task)

        comparison = compare(picture.colours, *chosen, options=choices.options, consume=draw)
    return comparison, drawn


def places_of(kernels: Sequence[Kernel], folder: Path) -> list[Path]:
    """A folder for each kernel: the folder itself for one, folders in it for several."""
    if len(kernels) == 1:
        return [folder]
    return [folder / f"{number:02}-{_file_name(kernel.name)}" for number, kernel in enumerate(kernels, start=1)]


def _draw(entry: KernelComparison, results: Results, picture: Picture, choices: FilterChoices, place: Path) -> Drawn:
    make_folder(place)
    pixels = picture.colours
    pictures = ComparisonPictures(entry, results, pixels, choices.rendering)

    def write(name: str, made: Picture, png_level: int | None = None) -> None:
        write_image(place / f"{name}.png", made, png_level=png_level)

    write("panel", Picture(np.asarray(pictures.panel(picture.name, choices.options))))
    write("difference", Picture(np.asarray(pictures.difference)), png_level=1)  # as small, in a third of the time
    del pictures.difference  # before the next large ones
    dtype = np.dtype(np.uint16 if pixels.dtype == np.uint16 and pixels.shape[2] == 1 else np.uint8)
    both = pictures.results(dtype)
    made = [replace(picture, pixels=shown.pixels, has_alpha=False, notes=()) for shown in both]
    # Encoding takes the most time of all.
    for _ in in_order(lambda each: write(*each), list(zip(Operation, made, strict=True)), available_cores()):
        pass
    clipped = {f"{it}.png": shown.clipped for it, shown in zip(Operation, both, strict=True) if shown.clipped}
    return Drawn(place / "panel.png", clipped, pictures.difference_peak)


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9=.]+", "-", name).strip("-.") or "kernel"
