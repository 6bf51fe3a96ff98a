"""What the JSON documents of all commands share."""

from __future__ import annotations

from math import isfinite
from typing import Any

from corrconv.core.options import Options

DOCUMENT_VERSION = 1


def finite(value: float) -> float | None:
    """The value, or None for nan and infinities, which JSON has no words for."""
    return value if isfinite(value) else None


def without_nan(value: Any) -> Any:
    """A document with None for every nan and infinity in it."""
    match value:
        case float():
            return finite(value)
        case dict():
            return {key: without_nan(inner) for key, inner in value.items()}
        case list() | tuple():
            return [without_nan(inner) for inner in value]
    return value


def options_document(options: Options) -> dict[str, Any]:
    """The options that change results, for scripts."""
    return {
        "boundary": str(options.boundary),
        "fill": options.fill,
        "output_size": str(options.output_size),
        "anchor": list(options.anchor) if isinstance(options.anchor, tuple) else options.anchor,
        "stride": list(options.stride),
        "dilation": list(options.dilation),
    }
