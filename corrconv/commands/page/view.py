"""The page as one HTML file that asks for nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from io import BytesIO
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from corrconv.commands.compare.panel_view import comparison_panel
from corrconv.commands.compare.study import Comparison
from corrconv.commands.compare.view import comparison_verdict
from corrconv.core.terms import Boundary, OutputSize
from corrconv.drawing.numbers import short_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from corrconv.commands.page.study import Page, PageKernel
    from corrconv.core.options import Options
    from corrconv.core.rendering import Rendering

SCRIPTS = ("filter.js", "pictures.js", "page.js")
CHANNEL_NAMES = ("red", "green", "blue")


def page_text(page: Page, name: str, rendering: Rendering, *, command: str, version: str) -> str:
    """The HTML of a page; command: the line that makes it again."""
    style, script = _part("page.css"), "\n".join(_part(part) for part in SCRIPTS)
    channels = page.pixels.shape[2]
    return Template(_part("page.html")).substitute(
        title=escape(f"Correlation and convolution of {name}"),
        policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'",
        style=style,
        script=script,
        data=json.dumps(_data(page, rendering)).replace("<", "\\u003c"),
        verdict=escape(_verdict(page.options, page.kernels[0])),
        panel=_panel(page, name, rendering),
        kernels=_choices(kernel.entry.kernel.name for kernel in page.kernels),
        boundaries=_choices(Boundary, chosen=page.options.boundary),
        channels=_choices(_channel_names(channels), chosen=_channel_names(channels)[page.channel]),
        one_channel="hidden" if channels == 1 else "",
        settings=escape(_settings(page.options)),
        command=escape(command),
        version=version,
        notes=escape(_notes(page)),
    )


def _part(name: str) -> str:
    return files("corrconv.commands.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _choices(names: Iterable[str], *, chosen: str | None = None) -> str:
    return "".join(f"<option{' selected' * (name == chosen)}>{escape(name)}</option>" for name in names)


def _channel_names(channels: int) -> tuple[str, ...]:
    return CHANNEL_NAMES if channels == 3 else tuple(map(str, range(channels)))


def _data(page: Page, rendering: Rendering) -> dict[str, Any]:
    rows, columns, channels = page.pixels.shape
    return {
        "pixels": _numbers(page.pixels),
        "rows": rows,
        "columns": columns,
        "channels": channels,
        "limits": page.limits,
        "boundary": page.options.boundary,
        "fill": page.options.fill,
        "outputSize": page.options.output_size,
        "stride": page.options.stride,
        "dilation": page.options.dilation,
        "display": rendering.display,
        "bias": rendering.bias,
        "at": page.at,
        "channel": page.channel,
        "kernels": [_kernel_data(page.options, kernel) for kernel in page.kernels],
    }


def _kernel_data(options: Options, kernel: PageKernel) -> dict[str, Any]:
    form = kernel.entry.kernel.integer_form
    cells, divisor = (kernel.entry.kernel.weights, 1) if form is None else form
    return {
        "name": kernel.entry.kernel.name,
        "shape": kernel.entry.kernel.shape,
        "anchor": kernel.entry.kernel.anchor,
        "cells": _numbers(cells.astype(np.float64)),
        "divisor": divisor,
        "verdict": _verdict(options, kernel),
        "tolerance": kernel.entry.tolerance,
        "places": _numbers(kernel.places),
        "expected": _numbers(kernel.expected),
    }


def _numbers(array: NDArray[Any]) -> dict[str, str]:
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    return {"type": array.dtype.name, "base64": b64encode(little_endian.tobytes()).decode()}


def _verdict(options: Options, kernel: PageKernel) -> str:
    verdict = comparison_verdict(Comparison(options, (kernel.entry,))).partition("\n")[0]
    _, _, reason = kernel.entry.reason.partition(": ")
    largest = kernel.entry.max_abs_difference
    return f"{verdict} {reason.capitalize()}{f'; the largest difference is {short_number(largest)}' * (largest > 0)}."


def _panel(page: Page, name: str, rendering: Rendering) -> str:
    """What is seen where scripts are forbidden."""
    file = BytesIO()
    panel = comparison_panel(page.kernels[0].entry, page.results, page.pixels, name, page.options, rendering)
    panel.save(file, "WEBP", quality=70)
    return f"data:image/webp;base64,{b64encode(file.getvalue()).decode()}"


def _settings(options: Options) -> str:
    facts = [f"Rows and columns count from 0. Output size {options.output_size}"]
    if options.output_size is not OutputSize.VALID:
        filled = f" with {short_number(options.fill)}" if options.boundary is Boundary.CONSTANT else ""
        facts.append(f"boundary {options.boundary}{filled}")
    for word, pair in (("stride", options.stride), ("dilation", options.dilation)):
        if pair != (1, 1):
            facts.append(f"{word} {pair[0]},{pair[1]}")
    return ", ".join(facts) + "."


def _notes(page: Page) -> str:
    if page.reduced == 1:
        return ""
    return f"The picture was reduced: each of its pixels is the mean of {page.reduced}x{page.reduced} of the file's."
