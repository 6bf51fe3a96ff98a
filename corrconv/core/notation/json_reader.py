"""JSON: a nested list of rows, or an object that also holds anchor, scale, name and source."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from corrconv.core.kernel import Kernel, resolve_anchor
from corrconv.core.notation.numbers import nearest_float, quoted, read_number
from corrconv.core.ragged_rows import row_words
from corrconv.errors import KernelError, NotationError

_KEYS = ("kernel", "anchor", "scale", "name", "source")
_KINDS = {bool: "true or false", str: "a text", list: "a list", dict: "an object", type(None): "null"}


def parse_json(text: str, *, where: str) -> Kernel:
    """The kernel of a JSON text: `[[1, 2], [3, 4]]` or `{"kernel": [[1, 2], [3, 4]], "scale": 0.1}`.

    Keys beside kernel: anchor ([row, column], "center" or "lower"), scale (a number, or a
    fraction such as "1/9", that every cell is multiplied by), name, source. Raises NotationError.
    """
    if not text.removeprefix("\ufeff").strip():
        raise NotationError(where, "empty; expected a kernel such as [[1, 2], [3, 4]]")
    document = _decode(text.removeprefix("\ufeff"), where)
    if isinstance(document, dict):
        return _read_object(document, where)
    return Kernel(_read_rows(document, Fraction(1), where))


def _decode(text: str, where: str) -> Any:
    def number(word: str) -> Fraction:
        try:
            return read_number(word)
        except ValueError as error:
            raise NotationError(where, str(error)) from None

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise NotationError(where, f"the key {quoted(key)} stands there twice; give it once")
            found[key] = value
        return found

    try:
        return json.loads(text, parse_int=number, parse_float=number, parse_constant=number, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        place = f"{where}, line {error.lineno}, column {error.colno}"
        raise NotationError(place, f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}") from None
    except RecursionError:
        raise NotationError(where, "brackets nested too deeply; a kernel has two dimensions") from None


def _read_object(document: dict[str, Any], where: str) -> Kernel:
    for key in document:
        if key not in _KEYS:
            raise NotationError(where, f"the key {quoted(key)} is unknown; the keys are {', '.join(_KEYS)}")
    if "kernel" not in document:
        raise NotationError(where, "the key 'kernel' is missing; it holds the rows, such as [[1, 2], [3, 4]]")
    weights = _read_rows(document["kernel"], _read_scale(document.get("scale", Fraction(1)), where), where)
    try:
        anchor = resolve_anchor(_read_anchor(document.get("anchor", "center"), where), (len(weights), len(weights[0])))
    except KernelError as error:
        raise error if isinstance(error, NotationError) else NotationError(where, str(error)) from None
    return Kernel(
        weights,
        anchor,
        name=_read_text(document, "name", "kernel", where),
        source=_read_text(document, "source", "", where),
    )


def _read_scale(scale: Any, where: str) -> Fraction:
    expected = 'expected a number, or a fraction such as "1/9", that the cells are multiplied by'
    if isinstance(scale, str):
        try:
            scale = read_number(scale)
        except ValueError as error:
            raise NotationError(where, f"scale: {error}") from None
    if not isinstance(scale, Fraction) or scale == 0:
        raise NotationError(where, f"scale is {_shown(scale)}; {expected}, and not 0")
    return scale


def _read_anchor(anchor: Any, where: str) -> tuple[int, int] | str:
    if anchor in ("center", "lower"):
        return str(anchor)
    if isinstance(anchor, list) and len(anchor) == 2 and all(_is_whole(cell) for cell in anchor):
        return int(anchor[0]), int(anchor[1])
    raise NotationError(where, 'anchor is not [row, column]; expected two whole numbers, "center" or "lower"')


def _is_whole(value: Any) -> bool:
    return isinstance(value, Fraction) and value.denominator == 1


def _read_text(document: dict[str, Any], key: str, default: str, where: str) -> str:
    value = document.get(key, default)
    if not isinstance(value, str):
        raise NotationError(where, f"{key} is {_shown(value)}; expected a text in quotes")
    return value


def _read_rows(rows: Any, factor: Fraction, where: str) -> list[list[float]]:
    if not isinstance(rows, list):
        raise NotationError(where, f"{_shown(rows)} instead of a list of rows, such as [[1, 2], [3, 4]]")
    if not rows:
        raise NotationError(where, "an empty list; expected rows, such as [[1, 2], [3, 4]]")
    for number, row in enumerate(rows, start=1):
        place = f"{where}, row {number}"
        if not isinstance(row, list):
            raise NotationError(place, f"{_shown(row)} instead of a list of cells; one row is [[1, 2, 1]]")
        if not row:
            raise NotationError(place, "an empty row; expected its cells")
        if len(row) != len(rows[0]):
            raise NotationError(place, row_words(len(row), len(rows[0])))
    return [
        [_read_cell(cell, factor, f"{where}, row {y}, cell {x}") for x, cell in enumerate(row, start=1)]
        for y, row in enumerate(rows, start=1)
    ]


def _read_cell(cell: Any, factor: Fraction, place: str) -> float:
    if isinstance(cell, list):
        raise NotationError(place, "a list inside a row; a kernel has two dimensions, rows and columns")
    if not isinstance(cell, Fraction):
        raise NotationError(place, f"{_shown(cell)} instead of a number")
    try:
        return nearest_float(cell * factor)
    except ValueError as error:
        raise NotationError(place, str(error)) from None


def _shown(value: Any) -> str:
    return _KINDS.get(type(value)) or str(value)
