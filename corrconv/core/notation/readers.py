"""Strict readers: what is not certainly one kernel is refused, with line and column.

Which notation a text is in follows from its first characters, never from its numbers:
`ffmpeg:` ffmpeg, `(` G'MIC, `{` JSON, `[`, `array(` or `tensor(` MATLAB, NumPy, PyTorch and JSON brackets, a colon
ImageMagick, anything else plain rows; source code is known by its own words.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from corrconv.core.kernel import Kernel, resolve_anchor
from corrconv.core.notation.code_readers import code_reader
from corrconv.core.notation.json_reader import parse_json
from corrconv.core.notation.numbers import counted, quoted
from corrconv.core.notation.text import KernelText, Span
from corrconv.errors import KernelError, NotationError

_FACTOR = re.compile(r"[ \t\n]*([^ \t\n*\[\](){},;:]+)[ \t]*\*")
_ARRAY = re.compile(r"(?:(?:(?:np|numpy)\.)?array|(?:torch\.)?tensor)[ \t]*\([ \t\n]*")
_ARRAY_END = re.compile(r"[ \t\n]*(?:,[ \t\n]*(?:dtype=[\w.'\"<>=|]+)?[ \t\n]*)?\)")
_DIVISOR = re.compile(r"[ \t\n]*/[ \t\n]*([^ \t\n]+)")
_IMAGEMAGICK_HEADER = re.compile(r"[ \t\n]*([0-9]{1,9})(?:x([0-9]{1,9}))?(?:\+([0-9]{1,9})\+([0-9]{1,9}))?[ \t\n]*:")
_IMAGEMAGICK_HOLE = re.compile(r"(?<=[ \t\n,:])(?:nan|-)(?=[ \t\n,]|\Z)", re.IGNORECASE)
_IMAGEMAGICK_WORD = re.compile(r"[^ \t\n,]+")
_DOUBLE_COMMA = re.compile(r",[ \t\n]*(?:,|\Z)|:[ \t\n]*,")
_FFMPEG_SIDES = {9: 3, 25: 5, 49: 7}
_FFMPEG_WORD = re.compile(r"[^ \t\n|]+")
_FFMPEG_DIVISOR = re.compile(r":0rdiv=([^ \t\n:]+)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")


def parse_kernel(text: str, *, where: str = "inline kernel") -> Kernel:
    """The kernel that a text stands for, in any notation that says itself which it is.

    `where` opens every error message, as in `kernel.txt, line 2, column 5`. The anchor is the
    centre unless the notation says one (ImageMagick and JSON do). Raises NotationError.
    """
    source = KernelText.clean(text, where)
    start = source.skip_space(0)
    if reader := code_reader(source.content):
        return reader(source)
    if source.content.startswith("ffmpeg:", start):
        return _read_ffmpeg(source, start + len("ffmpeg:"))
    if source.at(start) == "(":
        return _read_gmic(source, start)
    if source.at(start) == "{":
        return parse_json(text, where=where)
    factor, body = _read_factor(source)
    if source.at(body.start) == "[" or _ARRAY.match(source.content, body.start):
        return _read_brackets(source, body.start, factor)
    if ":" in source[body]:
        if body.start != start:
            raise source.error(start, "a factor in front of ImageMagick's notation, which has none; multiply the cells")
        return _read_imagemagick(source)
    return _read_rows(source, body, factor)


def parse_vips(text: str, *, where: str) -> Kernel:
    """The kernel of a libvips matrix: `width height [scale [offset]]` on the first line, then the rows.

    Every cell is divided by the scale. Raises NotationError, also for an offset, which no kernel has.
    """
    if text.startswith("MATLAB "):
        raise NotationError(where, "a MATLAB binary file, not a libvips matrix; save the kernel as .csv or .npy")
    source = KernelText.clean(text, where)
    header, *lines = _lines(source, source.whole)
    numbers = source.words(header)
    if not 2 <= len(numbers) <= 4:
        raise source.error(
            numbers[0].start,
            f"a header of {len(numbers)}; libvips wants width height [scale [offset]] on the first line",
        )
    width, height = (_read_count(source, word) for word in numbers[:2])
    scale = source.number(numbers[2]) if len(numbers) > 2 else Fraction(1)
    if scale == 0:
        raise source.error(numbers[2].start, "the scale 0 divides by zero; write 1 to leave the cells as they are")
    if len(numbers) > 3 and source.number(numbers[3]) != 0:
        raise source.error(
            numbers[3].start,
            f"an offset of {source[numbers[3]]}, which no kernel has; write 0 here and add a bias to the results",
        )
    rows = _split_cells(source, lines)
    if len(rows) != height:
        raise source.error(numbers[1].start, f"the header says {counted(height, 'row')} and {len(rows)} follow")
    if len(rows[0]) != width:
        raise source.error(
            rows[0][0].start, f"{counted(len(rows[0]), 'cell')} where the header says {width} (width, then height)"
        )
    return source.kernel(rows, 1 / scale)


def _read_factor(source: KernelText) -> tuple[Fraction, Span]:
    """The leading `1/9 *`, and the rest from its first character on."""
    found = _FACTOR.match(source.content)
    if not found:
        return Fraction(1), Span(source.skip_space(0), len(source.content))
    factor = source.number(Span(*found.span(1)))
    body = Span(source.skip_space(found.end()), len(source.content))
    if body.start == body.end:
        raise source.error(found.end() - 1, "nothing after the factor; expected a kernel")
    return factor, body


def _read_rows(source: KernelText, body: Span, factor: Fraction) -> Kernel:
    """Rows without brackets.

    In a single line `;` separates rows (`1 2; 3 4`). In several lines the lines are the rows, and
    `;` separates cells, as spreadsheets write it. Where a comma could then be a decimal one, or a
    single line could be a row or a column, nothing is guessed.
    """
    lines = _lines(source, body)
    if len(lines) > 1:
        return source.kernel(_split_cells(source, lines), factor)
    pieces = source.split(lines[0], ";")
    if len(pieces) > 1 and not any(len(source.words(piece)) > 1 or "," in source[piece] for piece in pieces):
        raise source.error(
            pieces[1].start - 1, "';' could separate rows or cells here; write [1; 2; 3] for a column, 1 2 3 for a row"
        )
    return source.kernel(_split_cells(source, pieces), factor)


def _lines(source: KernelText, body: Span) -> list[Span]:
    return [line for line in source.split(body, "\n") if source.words(line)]


def _split_cells(source: KernelText, rows: list[Span]) -> list[list[Span]]:
    """The words of every row, which one kind of separator must keep apart: `;`, `,` or space."""
    used = {separator for separator in ";," for row in rows if separator in source[row]}
    if len(used) == 2:
        for row in rows:
            source.refuse(
                row, ";", "in lines with commas: is it the cells' separator beside decimal commas? Use points"
            )
    if used:
        separator = used.pop()
        return [[source.only_word(cell, separator) for cell in source.split(row, separator)] for row in rows]
    for row in rows:
        if not source.words(row):
            raise source.error(row.end, "an empty row; expected its cells")
    return [source.words(row) for row in rows]


def _read_brackets(source: KernelText, start: int, factor: Fraction) -> Kernel:
    """MATLAB's `[1 2; 3 4]` and the nested lists of NumPy, Python and JSON, with an optional `/ 9` behind."""
    array = _ARRAY.match(source.content, start)
    opening = array.end() if array else start
    inner = source.skip_space(opening + 1)
    if source.at(inner) == "[":
        rows, end = _split_nested(source, inner)
    elif array:
        raise source.error(opening, "an array needs rows in brackets of their own, as in array([[1, 2], [3, 4]])")
    else:
        rows, end = _split_matlab(source, opening)
    if array:
        closing = _ARRAY_END.match(source.content, end)
        if not closing:
            raise source.error(source.skip_space(end), "expected ')' after the rows of the array")
        end = closing.end()
    divisor = _DIVISOR.match(source.content, end)
    if divisor:
        word = Span(*divisor.span(1))
        number = source.number(word)
        if number == 0:
            raise source.error(word.start, f"{source[word]} divides by zero")
        factor, end = factor / number, divisor.end()
    source.expect_end(end, "the kernel")
    return source.kernel(_split_cells(source, rows), factor)


def _split_matlab(source: KernelText, opening: int) -> tuple[list[Span], int]:
    closing = _closing_bracket(source, opening)
    inside = Span(opening + 1, closing)
    if not source.words(inside):
        raise source.error(opening, "empty brackets; expected rows of numbers as in [1 2; 3 4]")
    rows = []
    for piece in source.split(inside, ";"):
        # MATLAB ends a row at `;` and at a line end; both together, and `;` before `]`, end only one.
        lines = _lines(source, piece)
        if not lines and piece.end != closing:
            raise source.error(piece.end, "an empty row before ';'; expected its cells")
        rows += lines
    return rows, closing + 1


def _split_nested(source: KernelText, position: int) -> tuple[list[Span], int]:
    rows = []
    while source.at(position) != "]":
        if source.at(position) != "[":
            raise source.error(position, f"{_shown(source, position)} between the rows; expected '[' or ']'")
        closing = _closing_bracket(source, position)
        row = Span(position + 1, closing)
        if not source.words(row):
            raise source.error(position, "an empty row; expected its cells")
        source.refuse(row, ";", "inside nested brackets; write [[1, 2], [3, 4]] or [1 2; 3 4]")
        rows.append(row)
        position = source.skip_space(closing + 1)
        if source.at(position) == ",":
            position = source.skip_space(position + 1)
    return rows, position + 1


def _closing_bracket(source: KernelText, opening: int) -> int:
    found = re.compile(r"[\[\]]").search(source.content, opening + 1)
    if not found:
        raise source.error(opening, "'[' is never closed; expected ']' after the cells")
    if found[0] == "[":
        raise source.error(found.start(), "'[' inside a row; a kernel has two dimensions, rows and columns")
    return found.start()


def _shown(source: KernelText, position: int) -> str:
    return quoted(source.at(position)) if source.at(position) else "the text ends"


def _read_gmic(source: KernelText, opening: int) -> Kernel:
    closing = source.content.find(")", opening)
    if closing < 0:
        raise source.error(opening, "'(' is never closed; expected ')' after the cells")
    inside = Span(opening + 1, closing)
    if not source.words(inside):
        raise source.error(opening, "empty parentheses; expected rows of numbers as in (1,2;3,4)")
    source.refuse(inside, "^/", "separates further axes in G'MIC; a kernel has rows (;) and columns (,) only")
    source.expect_end(closing + 1, "the kernel")
    rows = source.split(inside, ";")
    return source.kernel([[source.only_word(cell, ",") for cell in source.split(row, ",")] for row in rows])


def _read_imagemagick(source: KernelText) -> Kernel:
    """`WxH+X+Y: cells`, width and column first; without an origin it is ((W-1)//2, (H-1)//2). Holes are 0."""
    # Blanked in place, so that positions stay what they were.
    source = replace(source, content=_IMAGEMAGICK_HOLE.sub(lambda hole: "0".ljust(len(hole[0])), source.content))
    header = _IMAGEMAGICK_HEADER.match(source.content)
    if not header:
        raise source.error(
            source.skip_space(0),
            "not a header before ':'; ImageMagick's is WxH: or WxH+X+Y: (columns x rows, then origin)",
        )
    width = int(header[1])
    height = width if header[2] is None else int(header[2])
    cells = Span(header.end(), len(source.content))
    source.refuse(cells, ";", "separates several kernels in ImageMagick; give one kernel")
    words = [Span(*word.span()) for word in _IMAGEMAGICK_WORD.finditer(source.content, *cells)]
    if len(words) != width * height:
        position = words[width * height].start if len(words) > width * height else len(source.content.rstrip())
        raise source.error(
            position,
            f"the header says {width}x{height}, which is {counted(width * height, 'cell')}, and {len(words)} follow",
        )
    if not words:
        raise source.error(header.start(1), "a kernel of no cells; expected sides of 1 or more")
    if gap := _DOUBLE_COMMA.search(source.content, header.end() - 1):
        raise source.error(gap.start(), "a comma without a cell beside it; write 0 for an empty one")
    anchor = ((height - 1) // 2, (width - 1) // 2) if header[3] is None else (int(header[4]), int(header[3]))
    try:
        resolve_anchor(anchor, (height, width))
    except KernelError:
        raise source.error(
            header.start(3), f"the origin +{header[3]}+{header[4]} (column, then row) lies outside {width}x{height}"
        ) from None
    rows = [words[start : start + width] for start in range(0, len(words), width)]
    return source.kernel(rows, anchor=anchor)


def _read_ffmpeg(source: KernelText, start: int) -> Kernel:
    """A list of whole numbers, divided by `0rdiv`, or by its sum where that is not 0: what ffmpeg makes of it."""
    end = source.content.find(":", start)
    end = len(source.content) if end < 0 else end
    words = [Span(*word.span()) for word in _FFMPEG_WORD.finditer(source.content, start, end)]
    for word in words:
        if not _INTEGER.fullmatch(source[word]):
            raise source.error(word.start, f"{quoted(source[word])} is not a whole number, and ffmpeg reads no others")
    if len(words) not in _FFMPEG_SIDES:
        raise source.error(start, f"{len(words)} numbers; ffmpeg takes 9, 25 or 49 (3x3, 5x5 or 7x7)")
    side = _FFMPEG_SIDES[len(words)]
    factor = Fraction(1, sum(int(source[word]) for word in words) or 1)
    if end < len(source.content):
        said = _FFMPEG_DIVISOR.match(source.content, end)
        if not said:
            raise source.error(end, "':' separates planes in ffmpeg; give one list, and after it at most :0rdiv=1/9")
        word = Span(*said.span(1))
        factor = source.number(word)
        if factor == 0:
            raise source.error(word.start, "a factor of 0; leave 0rdiv out to divide by the sum")
        source.expect_end(said.end(), "the kernel")
    return source.kernel([words[first : first + side] for first in range(0, len(words), side)], factor)


def _read_count(source: KernelText, word: Span) -> int:
    if not _INTEGER.fullmatch(source[word]) or int(source[word]) < 1:
        raise source.error(word.start, f"{quoted(source[word])} is not a number of columns or rows; expected 1 or more")
    return int(source[word])
