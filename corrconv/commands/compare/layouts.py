"""`compare --boundary all` and `--output-size all`: one kernel under every choice, beside each other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial, wraps
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corrconv.commands.parameters import BoundaryType, EnumChoice
from corrconv.core.terms import Boundary, OutputSize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corrconv.commands.compare.border_view import ChosenLayout
    from corrconv.commands.compare.results import Results
    from corrconv.commands.compare.study import Comparison, KernelComparison
    from corrconv.commands.options import Decorated, FilterChoices
    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options
    from corrconv.files.images import Picture

ALL = "all"
DEFAULTS = {"boundary": Boundary.REFLECT, "output_size": OutputSize.SAME}


class OrAll(click.ParamType[Any]):
    """A closed choice, or all of it."""

    name = "choice"

    def __init__(self, choice: click.ParamType[Any]) -> None:
        self.choice = choice

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """The choices, and all."""
        return (self.choice.get_metavar(param, ctx) or "")[:-1] + f"|{ALL}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The chosen one, or `all`."""
        return value if value == ALL else self.choice.convert(value, param, ctx)


def every_layout(function: Decorated) -> Decorated:
    """Give a command --boundary and --output-size that take `all`; it receives those that did as `every`."""

    @wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        every = tuple(name for name in DEFAULTS if values[name] == ALL)
        return function(*args, every=every, **{**values, **{name: DEFAULTS[name] for name in every}})

    size: Callable[[Any], Any] = click.option(
        "--output-size", type=OrAll(EnumChoice(OutputSize)), default="same", help="Which outputs to keep."
    )
    boundary: Callable[[Any], Any] = click.option(
        "--boundary", type=OrAll(BoundaryType()), default="reflect", help="What lies outside the image."
    )
    return boundary(size(command))  # type: ignore[no-any-return]


def compare_layouts(
    picture: Picture,
    kernels: Sequence[Kernel],
    choices: FilterChoices,
    every: Sequence[str],
    folder: str | None,
    *,
    inputs: Sequence[str],
    force: bool,
) -> tuple[Comparison, list[Path]]:
    """Compare a picture under each kernel and each layout; and draw a sheet for each kernel where a folder is given."""
    import numpy as np

    from corrconv.commands.compare.border_view import border_sheet
    from corrconv.commands.compare.pictures import places_of
    from corrconv.commands.compare.study import Comparison, compare
    from corrconv.files.images import Picture, write_image
    from corrconv.files.outputs import make_folder, refuse_overwrite

    chosen = [choices.kernel(kernel) for kernel in kernels]
    sheets = [] if folder is None else [place / "sheet.png" for place in places_of(chosen, Path(folder))]
    for sheet in sheets:
        refuse_overwrite(sheet, inputs, force=force)
    entries: list[KernelComparison] = []
    rows: list[ChosenLayout] = []

    def keep(words: str, options: Options, entry: KernelComparison, results: Results) -> None:
        rows.append((words, options, entry, results))

    for number, kernel in enumerate(chosen):
        rows.clear()
        for words, options in _layouts(choices.options, every):
            compare(picture.colours, kernel, options=options, consume=partial(keep, words, options))
        entries += [
            replace(entry, kernel=entry.kernel.named(f"{kernel.name} ({words})")) for words, _, entry, _ in rows
        ]
        if sheets:
            make_folder(sheets[number].parent)
            title = f"{kernel.name} on {picture.name}: every {' and '.join(every).replace('_', ' ')}"
            write_image(sheets[number], Picture(np.asarray(border_sheet(rows, picture.colours, title))))
    return Comparison(choices.options, tuple(entries), picture.colours), sheets


def _layouts(options: Options, every: Sequence[str]) -> list[tuple[str, Options]]:
    boundaries = list(Boundary) if "boundary" in every else [options.boundary]
    sizes = list(OutputSize) if "output_size" in every else [options.output_size]
    layouts = []
    for boundary, size in product(boundaries, sizes):
        words = [str(value) for name, value in (("boundary", boundary), ("output_size", size)) if name in every]
        layouts.append((", ".join(words), replace(options, boundary=boundary, output_size=size)))
    return layouts
