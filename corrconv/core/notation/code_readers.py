"""Strict readers of kernels in source code: C and C++, OpenCV's Mat_, Java's Kernel, SVG's feConvolveMatrix, GIMP."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from corrconv.core.kernel import Kernel
from corrconv.core.notation.numbers import counted, nearest_float, quoted
from corrconv.core.notation.text import KernelText, Span

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r"(?:[\w:.<> \t]*[ \t]\w+[ \t]*)"
_C_ARRAY = re.compile(rf"\s*(?:{_NAME}((?:\[[ \t]*[0-9]*[ \t]*\])+)[ \t\n]*=[ \t\n]*)?(?=\{{)")
_SIDE = re.compile(r"\[[ \t]*([0-9]*)[ \t]*\]")
_OPENCV = re.compile(
    rf"\s*(?:{_NAME}=[ \t\n]*)?(\(?)[ \t\n]*(?:cv::)?Mat_<[ \t]*(\w+)[ \t]*>[ \t]*(?:\w+[ \t]*)?"
    r"\([ \t]*([0-9]{1,6})[ \t]*,[ \t]*([0-9]{1,6})[ \t]*\)[ \t\n]*<<"
)
_JAVA = re.compile(
    rf"\s*(?:{_NAME}=[ \t\n]*)?new[ \t\n]+(?:\w+\.)*Kernel[ \t\n]*\([ \t\n]*([0-9]{{1,6}})[ \t\n]*,"
    r"[ \t\n]*([0-9]{1,6})[ \t\n]*,[ \t\n]*new[ \t\n]+float[ \t]*\[[ \t]*\][ \t\n]*\{"
)
_DIVISOR = re.compile(r"[ \t\n]*/[ \t\n]*([^ \t\n;]+)")
_WITH_SUFFIX = re.compile(r".*[0-9.][fFlL]")
_OF_WHOLE_NUMBERS = re.compile(r"[+-]?[0-9]+/[0-9]+")
_WHOLE_TYPES = ("int", "char", "schar", "uchar", "short", "ushort")
_SVG = re.compile(r"<feConvolveMatrix\b([^<>]*)>")
_ATTRIBUTE = re.compile(r"\s*([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
# What an element may say of its kernel, and beside it.
_SVG_OWN = ("order", "kernelMatrix", "divisor", "bias", "targetX", "targetY")
_SVG_BESIDE = ("in", "result", "x", "y", "width", "height", "edgeMode", "preserveAlpha", "id", "class", "style")
_GEGL = "gegl:convolution-matrix"
_GEGL_CELL = re.compile(r"[a-e][1-5]")
_GEGL_YES = ("true", "TRUE", "yes", "YES", "y", "Y", "1", "on")
_GEGL_NO = ("false", "FALSE", "no", "NO", "n", "N", "0", "off")
_GEGL_OWN = ("divisor", "offset", "normalize")
_GEGL_BESIDE = ("border", "red", "green", "blue", "alpha", "alpha-weight")
_SCRIPT_FU = "plug-in-convmatrix"
_SCRIPT_FU_LIST = re.compile(r"[ \t\n]25[ \t\n]+'?#?\((?:(?:list|vector)(?=[ \t\n]))?([^()]*)\)")
_SCRIPT_FU_REST = re.compile(r"[ \t\n]+[^ \t\n()]+[ \t\n]+([^ \t\n()]+)[ \t\n]+([^ \t\n()]+)")
_SCHEME_COMMENT = re.compile(r";[^\n]*")


def code_reader(content: str) -> Callable[[KernelText], Kernel] | None:
    """The reader for a text that is source code, or None for what is none."""
    if "<feConvolveMatrix" in content:
        return read_svg
    if "Mat_<" in content:
        return read_opencv
    if re.search(r"\bnew\s+(?:\w+\.)*Kernel\b", content):
        return read_java
    if _GEGL in content:
        return read_gegl
    if _SCRIPT_FU in content:
        return read_script_fu
    braces = content.lstrip().removeprefix("{").lstrip()[:1] not in {'"', "}"} if content.lstrip()[:1] == "{" else False
    return read_c if braces or re.search(r"\]\s*=\s*\{", content) else None


def read_c(source: KernelText) -> Kernel:
    """`double kernel[3][3] = {{1, 2, 1}, ...};`, or the braces alone; a flat list needs both sides in brackets."""
    source = _without_comments(source)
    opening = _C_ARRAY.match(source.content)
    if not opening:
        raise source.error(source.skip_space(0), "not a C array; expected {{1, 2}, {3, 4}} or double k[2][2] = {...}")
    sides = [int(side) if side else None for side in _SIDE.findall(opening[1] or "")]
    if len(sides) > 2:
        raise source.error(opening.start(1), f"an array of {len(sides)} dimensions; a kernel has rows and columns")
    start = opening.end()
    if source.at(source.skip_space(start + 1)) == "{":
        rows, end = _rows_in_braces(source, start)
    else:
        cells, end = _cells_in_braces(source, start)
        if len(sides) < 2 or None in sides:
            raise source.error(start, "one list of cells without its sides; give each row braces of its own")
        rows = _in_rows(source, cells, sides[0] or 0, sides[1] or 0)
    _expect_sides(source, rows, sides, opening.start(1))
    source.expect_end(end + 1 if source.at(source.skip_space(end)) == ";" else end, "the kernel")
    return source.kernel(rows)


def read_opencv(source: KernelText) -> Kernel:
    """`(cv::Mat_<float>(3, 3) << 1, 2, 1, ...)`, rows and columns first, with an optional `/ 16` behind."""
    source = _without_comments(source)
    opening = _OPENCV.match(source.content)
    if not opening:
        raise source.error(source.skip_space(0), "not OpenCV's (cv::Mat_<double>(2, 2) << 1, 2, 3, 4)")
    ends = [place for sign in ");" if (place := source.content.find(sign, opening.end())) >= 0]
    closing = min(ends, default=len(source.content))
    if opening[1] and source.at(closing) != ")":
        raise source.error(opening.start(1), "'(' is never closed; expected ')' after the cells")
    cells = _cells(source, Span(opening.end(), closing))
    rows = _in_rows(source, cells, int(opening[3]), int(opening[4]))
    end, factor = closing + (1 if opening[1] else 0), Fraction(1)
    if divided := _DIVISOR.match(source.content, end):
        word = Span(*divided.span(1))
        if source.number(word) == 0:
            raise source.error(word.start, f"{source[word]} divides by zero")
        factor, end = 1 / source.number(word), divided.end()
    if opening[2] in _WHOLE_TYPES:
        broken = next((cell for cell in cells if source.number(cell).denominator != 1), None)
        if broken is not None or factor != 1:
            place = opening.start(2) if broken is None else broken.start
            raise source.error(place, f"Mat_<{opening[2]}> keeps whole numbers only; write Mat_<double>")
    end = source.skip_space(end)
    source.expect_end(end + 1 if source.at(end) == ";" else end, "the kernel")
    return source.kernel(rows, factor)


def read_java(source: KernelText) -> Kernel:
    """`new Kernel(width, height, new float[] {1f, 2f, ...})`, whose origin is ((width - 1) / 2, (height - 1) / 2)."""
    source = _without_comments(source)
    opening = _JAVA.match(source.content)
    if not opening:
        raise source.error(source.skip_space(0), "not Java's new Kernel(width, height, new float[] {1, 2, 3, 4})")
    cells, end = _cells_in_braces(source, opening.end() - 1)
    rows = _in_rows(source, cells, int(opening[2]), int(opening[1]))
    end = source.skip_space(end)
    if source.at(end) != ")":
        raise source.error(end, "expected ')' after the cells")
    end = source.skip_space(end + 1)
    source.expect_end(end + 1 if source.at(end) == ";" else end, "the kernel")
    return source.kernel(rows, anchor="lower")


def read_svg(source: KernelText) -> Kernel:
    """One feConvolveMatrix: order is columns, then rows; divided by divisor, or by the sum where that is not 0.

    The filter turns the kernel, so the target is counted from the other end: anchor = order - 1 - target.
    Source: W3C, Filter Effects Module Level 1, section 9.9.
    """
    elements = list(_SVG.finditer(source.content))
    if len(elements) != 1:
        found = "an element that is not closed" if not elements else f"{len(elements)} elements feConvolveMatrix"
        raise source.error(source.content.find("<feConvolveMatrix"), f"{found}; give one, <feConvolveMatrix ... />")
    said = _attributes(source, Span(*elements[0].span(1)))
    for name in said:
        if name not in (*_SVG_OWN, *_SVG_BESIDE):
            raise source.error(said[name].start, f"{name} is not read here; leave it out")
    if "kernelMatrix" not in said:
        raise source.error(elements[0].start(), "kernelMatrix is missing; it holds the cells")
    order = [_whole(source, word) for word in _words(source, said["order"])] if "order" in said else [3]
    if len(order) > 2 or not order:
        raise source.error(said["order"].start, "order is one number, or columns and rows")
    columns, height = order[0], order[-1]
    cells = _words(source, said["kernelMatrix"])
    rows = _in_rows(source, cells, height, columns)
    if "bias" in said and source.number(source.only_word(said["bias"], " ")) != 0:
        raise source.error(said["bias"].start, "a bias, which no kernel has; write 0 here and add it to the results")
    divisor = source.number(source.only_word(said["divisor"], " ")) if "divisor" in said else Fraction(0)
    divisor = divisor or sum((source.number(cell) for cell in cells), Fraction(0)) or Fraction(1)
    targets = [
        _whole(source, source.only_word(said[name], " ")) if name in said else side // 2
        for name, side in (("targetY", height), ("targetX", columns))
    ]
    for name, target, side in zip(("targetY", "targetX"), targets, (height, columns), strict=True):
        if target >= side:
            raise source.error(said[name].start, f"{name} {target} lies outside the {side} cells there")
    return source.kernel(rows, 1 / divisor, (height - 1 - targets[0], columns - 1 - targets[1]))


def _gegl_says(source: KernelText, said: Span | None) -> bool:
    """Whether a word of GEGL's means yes, as it does where nothing is said."""
    if said is None or source[said] in _GEGL_YES:
        return True
    if source[said] not in _GEGL_NO:
        raise source.error(said.start, f"{quoted(source[said])} says neither yes nor no; write true or false")
    return False


def read_gegl(source: KernelText) -> Kernel:
    """GIMP's `gegl:convolution-matrix b2=1 c2=2 ... normalize=false`: letters are columns, digits rows, c3 the anchor.

    The kernel is the smallest rectangle that holds c3 and all cells named; what is not named is 0, and c3 is 1. They
    are divided by divisor or, unless normalize is false, by their sum. Measured with GEGL 0.4.42.
    """
    start = source.skip_space(0)
    if not source.content.startswith(_GEGL, start):
        raise source.error(start, f"expected {_GEGL} and its cells, as in {_GEGL} b3=-1 d3=1 normalize=false")
    said: dict[str, Span] = {}
    for word in source.words(Span(start + len(_GEGL), len(source.content))):
        name, _, value = source[word].partition("=")
        if not value or not (_GEGL_CELL.fullmatch(name) or name in (*_GEGL_OWN, *_GEGL_BESIDE)):
            raise source.error(word.start, f"{quoted(source[word])} is not read here; expected such as c3=1, divisor=9")
        if name in said:
            raise source.error(word.start, f"{name} stands there twice; give it once")
        said[name] = Span(word.start + len(name) + 1, word.end)
    values = {name: source.number(word) for name, word in said.items() if _GEGL_CELL.fullmatch(name)}
    values.setdefault("c3", Fraction(1))
    divisor = source.number(said["divisor"]) if "divisor" in said else Fraction(1)
    if _gegl_says(source, said.get("normalize")):
        divisor = sum(values.values(), Fraction(0))
        if divisor <= 0:
            raise source.error(start, "normalize adds to the results where the cells' sum is not positive; turn it off")
    elif "offset" in said and source.number(said["offset"]) != 0:
        raise source.error(said["offset"].start, "an offset, which no kernel has; write 0 and add it to the results")
    if divisor == 0:
        raise source.error(said["divisor"].start, "the divisor 0 divides by zero")
    columns = range(ord(min(name[0] for name in values)), ord(max(name[0] for name in values)) + 1)
    rows = range(min(int(name[1]) for name in values), max(int(name[1]) for name in values) + 1)
    cells = [[values.get(f"{chr(letter)}{row}", Fraction(0)) / divisor for letter in columns] for row in rows]
    try:
        weights = [[nearest_float(cell) for cell in row] for row in cells]
    except ValueError as error:
        raise source.error(start, str(error)) from None
    return Kernel(weights, (3 - rows[0], ord("c") - columns[0]))


def read_script_fu(source: KernelText) -> Kernel:
    """GIMP 2's `(plug-in-convmatrix RUN-NONINTERACTIVE image drawable 25 #(...) alpha divisor offset ...)`.

    Its 25 cells run down one column after the other. Source: GIMP 2.8, plug-ins/common/convolution-matrix.c.
    """
    source = replace(source, content=_SCHEME_COMMENT.sub(lambda comment: " " * len(comment[0]), source.content))
    name = source.content.find(_SCRIPT_FU)
    found = _SCRIPT_FU_LIST.search(source.content, name)
    if not found:
        raise source.error(name, f"{_SCRIPT_FU} without its cells; expected 25 #(...) or 25 (vector ...)")
    cells = source.words(Span(*found.span(1)))
    if len(cells) != 25:
        raise source.error(found.start(1), f"{counted(len(cells), 'cell')} where 25 belong")
    rest = _SCRIPT_FU_REST.match(source.content, found.end())
    if not rest:
        raise source.error(found.end(), "expected alpha-alg, divisor and offset after the cells")
    divisor, offset = (Span(*rest.span(number)) for number in (1, 2))
    if source.number(divisor) == 0:
        raise source.error(divisor.start, "the divisor 0 divides by zero")
    if source.number(offset) != 0:
        raise source.error(offset.start, "an offset, which no kernel has; write 0 and add it to the results")
    rows = [[cells[5 * column + row] for column in range(5)] for row in range(5)]
    return source.kernel(rows, 1 / source.number(divisor))


def _attributes(source: KernelText, inside: Span) -> dict[str, Span]:
    said: dict[str, Span] = {}
    position = inside.start
    while found := _ATTRIBUTE.match(source.content, position, inside.end):
        if found[1] in said:
            raise source.error(found.start(1), f"{found[1]} stands there twice; give it once")
        said[found[1]] = Span(*found.span(2 if found[2] is not None else 3))
        position = found.end()
    rest = source[Span(position, inside.end)].strip()
    if rest not in {"", "/"}:
        raise source.error(source.skip_space(position), f'{quoted(rest)} is no attribute; expected name="value"')
    return said


def _words(source: KernelText, span: Span) -> list[Span]:
    """Words between spaces, line ends and single commas, as SVG has lists of numbers."""
    if re.search(r",\s*,|^\s*,|,\s*$", source[span]):
        raise source.error(span.start, "a comma without a number beside it; write 0 for an empty cell")
    return [Span(span.start + it.start(), span.start + it.end()) for it in re.finditer(r"[^\s,]+", source[span])]


def _whole(source: KernelText, word: Span) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", source[word]):
        raise source.error(word.start, f"{quoted(source[word])} is not a whole number")
    return int(source[word])


def _without_comments(source: KernelText) -> KernelText:
    """The text with comments of C and Java blanked, line ends kept."""
    blanked = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), source.content)
    return replace(source, content=blanked)


def _rows_in_braces(source: KernelText, opening: int) -> tuple[list[list[Span]], int]:
    rows = []
    position = source.skip_space(opening + 1)
    while source.at(position) == "{":
        cells, end = _cells_in_braces(source, position)
        rows.append(cells)
        position = source.skip_space(end)
        if source.at(position) == ",":
            position = source.skip_space(position + 1)
        elif source.at(position) != "}":
            break
    if source.at(position) != "}":
        raise source.error(
            min(position, len(source.content)), "expected '}' after the rows, or ',' and '{' between them"
        )
    return rows, position + 1


def _cells_in_braces(source: KernelText, opening: int) -> tuple[list[Span], int]:
    found = re.compile(r"[{}]").search(source.content, opening + 1)
    if not found:
        raise source.error(opening, "'{' is never closed; expected '}' after the cells")
    if found[0] == "{":
        raise source.error(found.start(), "'{' inside a row; a kernel has two dimensions, rows and columns")
    return _cells(source, Span(opening + 1, found.start())), found.end()


def _cells(source: KernelText, inside: Span) -> list[Span]:
    """The numbers between commas, their suffixes cut off; a comma may stand behind the last one."""
    parts = source.split(inside, ",")
    if len(parts) > 1 and not source.words(parts[-1]):
        parts = parts[:-1]
    cells = []
    for part in parts:
        word = source.only_word(part, ",")
        if _OF_WHOLE_NUMBERS.fullmatch(source[word]):
            raise source.error(word.start, f"{quoted(source[word])} divides whole numbers, which cuts off; write 1.0/9")
        cells.append(Span(word.start, word.end - 1) if _WITH_SUFFIX.fullmatch(source[word]) else word)
    return cells


def _in_rows(source: KernelText, cells: list[Span], height: int, width: int) -> list[list[Span]]:
    if height * width != len(cells) or not cells:
        place = cells[-1].start if cells else 0
        raise source.error(
            place, f"{height} rows of {width} are {counted(height * width, 'cell')}, and {len(cells)} stand there"
        )
    return [cells[start : start + width] for start in range(0, len(cells), width)]


def _expect_sides(source: KernelText, rows: list[list[Span]], sides: list[int | None], place: int) -> None:
    """Check the sides in the declaration, if there are any. Raises NotationError."""
    for side, found, what in zip(sides, (len(rows), len(rows[0])), ("row", "cell"), strict=False):
        if side is not None and side != found:
            raise source.error(place, f"the brackets say {counted(side, what)} and {found} follow; make them agree")
