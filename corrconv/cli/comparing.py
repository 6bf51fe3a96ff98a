"""Comparing pictures and writing what came out: shared by `compare` and `demo`."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.core.rendering import finite_range, pixel_scale, quantize, unit_factor
from corrconv.errors import FileError
from corrconv.files.images import Picture, write_image
from corrconv.files.outputs import refuse_overwrite
from corrconv.studies.comparing import Comparison, compare_kernel
from corrconv.views.comparison import comparison_panel, difference_picture
from corrconv.views.console import progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from corrconv.cli.options import FilterChoices
    from corrconv.core.kernel import Kernel
    from corrconv.studies.comparing import KernelComparison


PICTURES = ("correlation", "convolution", "difference", "panel")


def colours(picture: Picture) -> NDArray[Any]:
    """The channels (H, W, C) that are compared: all but transparency."""
    return picture.planes[:, :, :-1] if picture.has_alpha else picture.planes


def compared(picture: Picture, kernels: Sequence[Kernel], choices: FilterChoices, *, quiet: bool) -> Comparison:
    """The comparison of a picture under each kernel, with a bar on a terminal."""
    pixels = colours(picture)
    with progress(quiet=quiet) as bar:
        entries = [
            compare_kernel(pixels, choices.kernel(kernel), choices.options)
            for kernel in bar.track(kernels, description="comparing")
        ]
    return Comparison(choices.options, tuple(entries))


def write_pictures(
    comparison: Comparison,
    picture: Picture,
    choices: FilterChoices,
    folder: str,
    *,
    inputs: Sequence[str],
    force: bool,
) -> Iterator[str]:
    """Write correlation, convolution, difference and panel of each kernel; yields the panels' paths.

    One kernel's pictures lie in the folder itself, those of several each in a folder of their own.
    """
    places = [Path(folder)]
    if len(comparison.kernels) > 1:
        names = (_file_name(entry.kernel.name) for entry in comparison.kernels)
        places = [Path(folder) / f"{number:02}-{name}" for number, name in enumerate(names, start=1)]
    # All or nothing: what would be refused later is refused before the first picture is written.
    for place, name in product(places, PICTURES):
        refuse_overwrite(place / f"{name}.png", inputs, force=force)
    for place, entry in zip(places, comparison.kernels, strict=True):
        _make_folder(place)
        for name, made in zip(PICTURES, _pictures(entry, picture, choices), strict=True):
            write_image(place / f"{name}.png", made)
        yield str(place / "panel.png")


def _pictures(entry: KernelComparison, picture: Picture, choices: FilterChoices) -> Iterator[Picture]:
    """The pictures of one kernel, in the order of PICTURES."""
    rendering, pixels = choices.rendering, colours(picture)
    dtype = np.dtype(np.uint16 if pixels.dtype == np.uint16 and pixels.shape[2] == 1 else np.uint8)
    for values in (entry.correlation, entry.convolution):
        biased = values + rendering.bias
        scale = pixel_scale(rendering.display, *finite_range(biased), dtype, unit_factor(pixels.dtype, dtype))
        yield replace(picture, pixels=quantize(scale(biased), dtype)[0], has_alpha=False, notes=())
    yield Picture(np.asarray(difference_picture(entry)))
    yield Picture(np.asarray(comparison_panel(entry, pixels, picture.name, rendering.display, rendering.bias)))


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9=.]+", "-", name).strip("-.") or "kernel"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: the folder cannot be made: {error.strerror}; choose another place") from error
