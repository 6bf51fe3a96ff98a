"""The film: the kernel turns, both operations slide over the picture, the results fill in, the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, isfinite, pi, radians, sin
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from corrconv.commands.compare.study import Comparison
from corrconv.commands.compare.view import comparison_verdict
from corrconv.core.pixels import finite_range
from corrconv.core.terms import Operation, Symmetry
from corrconv.drawing.films import BROWN, TEAL, Frame, SharedPalette, gray, signed
from corrconv.drawing.matrices import factor_text, weight_texts
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import FAINT_INK, FRAME, INK, PAPER, colour_bar, font, ink_on, text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from corrconv.commands.animate.study import Animation, Lain
    from corrconv.core.kernel import Cell, Kernel
    from corrconv.drawing.pictures import Colour

    Scene = Iterator[tuple[Image.Image, int]]

WIDTH, HEIGHT = 800, 450
LEFTS, TOP, SIDE = (20, 282, 544), 66, 236  # of the three grids in a row
CAPTION, LABEL, WEIGHT = 20, 16, 13  # sizes of letters

TURN_FRAMES, TURN_PAUSE = 20, 50
SLOW_PIXELS, SLOW_PAUSE = 3, 700
PIXEL_PAUSE = 80
MOST_ROWS = 16  # of results that fill in pixel by pixel; larger ones fill in row by row
LAID_PAUSE, HOLD_PAUSE, VERDICT_PAUSE = 2000, 2000, 4000

KERNEL_CELL, KERNEL_SIDE, KERNEL_MIDDLES, KERNEL_HEIGHT = 64, 220, (210, 590), 235
PRODUCT_CELL, PRODUCTS_TOP, MOST_PRODUCTS = (46, 23), 332, 5

COLOURS = {Operation.CORRELATION: TEAL, Operation.CONVOLUTION: BROWN}
DASH = 6

TURNED = {
    Symmetry.POINT_SYMMETRIC: "Nothing changed: so both operations are the same.",
    Symmetry.ANTISYMMETRIC: "Every weight changed its sign: so will the results.",
    Symmetry.NEITHER: "Now the kernels are not the same: the results will differ.",
}


def film(animation: Animation, name: str, *, speed: float = 1.0) -> Iterator[Frame]:
    """Every frame in the shared palette, for so many milliseconds over the speed."""
    palette = SharedPalette()
    for picture, milliseconds in _scenes(animation, name):
        yield Frame(palette.map(picture), max(20, round(milliseconds / speed)))


def _scenes(animation: Animation, name: str) -> Scene:
    """Every picture, and for how many milliseconds it is seen at plain speed."""
    yield from _turn_scene(animation)
    yield from _fill_scene(animation)
    yield from _verdict_scene(animation, name)


def count_frames(animation: Animation) -> int:
    """How many frames the film has."""
    return TURN_FRAMES + 2 + len(list(_steps(animation))) + 1


def still(animation: Animation, name: str) -> list[Image.Image]:
    """Six frames that tell the film: the kernel laid, turning, turned, then a pixel, half of them, and the verdict."""
    count, turned = count_frames(animation), TURN_FRAMES + 1
    slow = next(index for index, (_, pause) in enumerate(_steps(animation), start=turned + 1) if pause == SLOW_PAUSE)
    chosen = (0, TURN_FRAMES // 2, turned, slow, (turned + count) // 2, count - 1)
    palette, pictures = SharedPalette(), enumerate(_scenes(animation, name))
    drawn = {index: palette.map(picture).convert("RGB") for index, (picture, _) in pictures if index in chosen}
    return [drawn[index] for index in chosen]


# The turn


def _turn_scene(animation: Animation) -> Scene:
    laid = "Correlation lays the kernel as it is; convolution turns it by 180° first."
    yield _kernels(animation, 0, laid), LAID_PAUSE
    for step in range(1, TURN_FRAMES + 1):
        eased = (1 - cos(pi * step / TURN_FRAMES)) / 2
        yield _kernels(animation, 180 * eased, f"turned by {180 * eased:.0f}°"), TURN_PAUSE
    yield _kernels(animation, 180, TURNED[animation.entry.symmetry]), HOLD_PAUSE


def _kernels(animation: Animation, degrees: float, caption: str) -> Image.Image:
    picture, draw = _paper(caption)
    kernel = animation.entry.kernel
    for operation, middle, angle in zip(Operation, KERNEL_MIDDLES, (0.0, degrees), strict=True):
        draw.text((middle, 56), str(operation), COLOURS[operation], font(CAPTION), anchor="ma")
        _draw_kernel(draw, kernel, (middle, KERNEL_HEIGHT), angle)
    draw.text((WIDTH / 2, HEIGHT - 24), f"{kernel.name}{factor_text(kernel)}", FAINT_INK, font(LABEL), anchor="mm")
    return picture


def _draw_kernel(draw: ImageDraw.ImageDraw, kernel: Kernel, middle: tuple[float, float], degrees: float) -> None:
    """The kernel turned clockwise about its middle; numbers stay upright, the anchor's frame and a notch travel."""
    rows, columns = kernel.shape
    cell = min(KERNEL_CELL, KERNEL_SIDE // max(rows, columns))
    texts = weight_texts(kernel)
    peak = float(np.abs(kernel.weights).max()) or 1.0
    cosine, sine = cos(radians(degrees)), sin(radians(degrees))

    def place(row: float, column: float) -> tuple[float, float]:
        x, y = (column - columns / 2) * cell, (row - rows / 2) * cell
        return middle[0] + x * cosine - y * sine, middle[1] + x * sine + y * cosine

    def corners(row: float, column: float) -> list[tuple[float, float]]:
        return [place(row + i, column + j) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]

    size = _size_that_fits([text for line in texts for text in line], cell)
    for row, column in np.ndindex(rows, columns):
        colour = signed(float(kernel.weights[row, column]) / peak)
        draw.polygon(corners(row, column), fill=colour, outline=FRAME)
        if size:
            draw.text(place(row + 0.5, column + 0.5), texts[row][column], ink_on(colour), font(size), anchor="mm")
    draw.polygon(corners(*kernel.anchor), outline=INK, width=3)
    draw.polygon([place(-0.1, -0.1), place(-0.1, 0.4), place(0.4, -0.1)], fill=INK)


def _size_that_fits(texts: Sequence[str], width: int) -> int:
    widest = max(texts, key=len)
    return next((size for size in (CAPTION, LABEL, WEIGHT) if font(size).getlength(widest) <= width - 6), 0)


# The results fill in


@dataclass(frozen=True)
class Mesh:
    """Cells of one size on the canvas."""

    left: int
    top: int
    rows: int
    columns: int
    width: int
    height: int

    def box(self, row: int, column: int, rows: int = 1, columns: int = 1) -> tuple[int, int, int, int]:
        """The corners of some cells."""
        left, top = self.left + column * self.width, self.top + row * self.height
        return left, top, left + columns * self.width - 1, top + rows * self.height - 1


def _square(left: int, rows: int, columns: int) -> Mesh:
    cell = max(1, SIDE // max(rows, columns))
    return Mesh(left, TOP, rows, columns, cell, cell)


def result_grids(animation: Animation) -> tuple[Mesh, Mesh]:
    """Where the results of correlation and convolution are drawn, in the frames that fill in."""
    rows, columns = animation.correlation.results.shape
    return _square(LEFTS[1], rows, columns), _square(LEFTS[2], rows, columns)


def result_colour(animation: Animation, value: float) -> Colour:
    """The colour of a result: on one scale for both operations."""
    return signed(value / _peak(animation)) if isfinite(value) else PAPER


def _peak(animation: Animation) -> float:
    return max(abs(end) for lain in animation.both for end in finite_range(lain.results)) or 1.0


def _steps(animation: Animation) -> Iterator[tuple[list[Cell], int]]:
    """The pixels that each frame adds, and for how long it is seen: longer for the first ones that differ."""
    shape = animation.difference.shape
    differing = [(int(row), int(column)) for row, column in np.argwhere(animation.difference)]
    slow = set(differing[:SLOW_PIXELS] or list(np.ndindex(shape))[:SLOW_PIXELS])
    by_row = max(shape) > MOST_ROWS
    pixels: list[Cell] = []
    for row, column in np.ndindex(shape):
        pixels.append((row, column))
        if pixels[-1] in slow or not by_row or column == shape[1] - 1:
            yield pixels, SLOW_PAUSE if pixels[-1] in slow else PIXEL_PAUSE
            pixels = []


def _fill_scene(animation: Animation) -> Scene:
    board, draw = _paper("")
    frame = _input_grid(animation, draw)
    grids = result_grids(animation)
    for lain, grid in zip(animation.both, grids, strict=True):
        draw.text((grid.left, TOP - 22), str(lain.operation), COLOURS[lain.operation], font(LABEL))
        for row, column in np.ndindex(grid.rows, grid.columns):
            draw.rectangle(grid.box(row, column), outline=FRAME)
    for pixels, pause in _steps(animation):
        for lain, grid in zip(animation.both, grids, strict=True):
            for pixel in pixels:
                _cell(draw, grid, pixel, result_colour(animation, lain.results[pixel]))
        yield _step(animation, board, frame, grids, pixels[-1]), pause


def _input_grid(animation: Animation, draw: ImageDraw.ImageDraw) -> Mesh:
    """Draw the picture with what lies around it, paler."""
    (top, _), (left, _) = animation.apron
    rows, columns = animation.image.shape
    grid = _square(LEFTS[0], *animation.surrounded.shape)
    low, high = finite_range(animation.surrounded)
    for row, column in np.ndindex(grid.rows, grid.columns):
        share = float(np.nan_to_num((animation.surrounded[row, column] - low) / ((high - low) or 1.0)))
        inside = 0 <= row - top < rows and 0 <= column - left < columns
        _cell(draw, grid, (row, column), gray(share if inside else 0.6 + 0.4 * share))
    draw.text((grid.left, TOP - 22), "input", INK, font(LABEL))
    draw.rectangle(grid.box(top, left, rows, columns), outline=INK, width=2)
    return grid


def _step(animation: Animation, board: Image.Image, grid: Mesh, grids: tuple[Mesh, Mesh], at: Cell) -> Image.Image:
    picture = board.copy()
    draw = ImageDraw.Draw(picture)
    draw.text((20, 10), "Each output: pixels times weights, added up.", INK, font(CAPTION))
    (top, _), (left, _) = animation.apron
    for lain, results in zip(animation.both, grids, strict=True):
        rows, columns = (places.tolist() for places in lain.places(at))
        window = grid.box(rows[0] + top, columns[0] + left, rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
        _outline(draw, window, lain.operation)
        draw.rectangle(_wider(results.box(*at), 1), outline=INK, width=2)
        _products(draw, animation, lain, results.left, at)
    bottom = TOP + SIDE + 6
    draw.text((20, bottom), f"row {at[0]}, column {at[1]}", INK, font(LABEL))
    draw.text((20, bottom + 26), f"difference {short_number(float(animation.difference[at]))}", INK, font(LABEL))
    draw.text((20, bottom + 52), f"boundary {animation.options.boundary}", FAINT_INK, font(LABEL))
    return picture


def _products(draw: ImageDraw.ImageDraw, animation: Animation, lain: Lain, left: int, at: Cell) -> None:
    """The sum, and every product where a number has room."""
    total = short_number(float(lain.results[at]))
    draw.text((left, TOP + SIDE + 6), f"{lain.operation}: sum {total}", COLOURS[lain.operation], font(LABEL))
    products = animation.products(lain, at)
    rows, columns = products.shape
    readable = max(rows, columns) <= MOST_PRODUCTS
    small = max(1, min(PRODUCT_CELL[1], (HEIGHT - PRODUCTS_TOP) // rows, SIDE // columns))
    width, height = PRODUCT_CELL if readable else (small, small)
    grid = Mesh(left, PRODUCTS_TOP, rows, columns, width, height)
    peak = max(map(abs, finite_range(products))) or 1.0
    for cell in np.ndindex(rows, columns):
        value = float(products[cell])
        colour = signed(value / peak) if isfinite(value) else PAPER
        _cell(draw, grid, (cell[0], cell[1]), colour)
        if readable:
            box = grid.box(*cell)
            middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            draw.text(middle, short_number(value), ink_on(colour), font(WEIGHT), anchor="mm")
    draw.rectangle(grid.box(*lain.layout.kernel.anchor), outline=INK, width=2)


def _cell(draw: ImageDraw.ImageDraw, grid: Mesh, cell: Cell, colour: Colour) -> None:
    draw.rectangle(grid.box(*cell), fill=colour, outline=FRAME if grid.width >= 8 else None)


def _wider(box: tuple[int, int, int, int], by: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return left - by, top - by, right + by, bottom + by


def _outline(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], operation: Operation) -> None:
    """A frame: solid for correlation, dashed for convolution."""
    left, top, right, bottom = box
    if operation is Operation.CORRELATION:
        draw.rectangle(box, outline=TEAL, width=4)
        return
    for start in range(left, right, 2 * DASH):
        for y in (top + 1, bottom - 2):
            draw.line((start, y, min(start + DASH, right), y), BROWN, 4)
    for start in range(top, bottom, 2 * DASH):
        for x in (left + 1, right - 2):
            draw.line((x, start, x, min(start + DASH, bottom)), BROWN, 4)


# The verdict


def _verdict_scene(animation: Animation, name: str) -> Scene:
    picture, _ = _paper("")
    draw = ImageDraw.Draw(picture)
    verdict = comparison_verdict(Comparison(animation.options, (animation.entry,))).partition("\n")[0]
    picture.paste(text_block(verdict, WIDTH - 40, size=CAPTION), (20, HEIGHT - 70))
    peak = animation.entry.max_abs_difference
    pictures: list[tuple[str, Colour, NDArray[np.float64], Callable[[float], Colour], float]] = [
        (
            str(lain.operation),
            COLOURS[lain.operation],
            lain.results,
            lambda value: result_colour(animation, value),
            _peak(animation),
        )
        for lain in animation.both
    ]
    pictures.append(("difference", INK, animation.difference, lambda value: signed(value / (peak or 1.0)), peak))
    for left, (label, ink, values, colour, end) in zip(LEFTS, pictures, strict=True):
        grid = _square(left, *values.shape)
        draw.text((left, TOP - 22), label, ink, font(LABEL))
        for row, column in np.ndindex(*values.shape):
            _cell(draw, grid, (row, column), colour(float(np.nan_to_num(values[row, column]))))
        draw.rectangle(grid.box(0, 0, grid.rows, grid.columns), outline=FRAME)
        below = TOP + grid.rows * grid.height + 8
        picture.paste(colour_bar(end, SIDE), (left, below)) if end else draw.text(
            (left, below), "0 everywhere", FAINT_INK, font(LABEL)
        )
    draw.text((20, 10), f"{animation.entry.kernel.name} on {name}", INK, font(CAPTION))
    yield picture, VERDICT_PAUSE


def _paper(caption: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((WIDTH / 2, 12), caption, INK, font(CAPTION), anchor="ma")
    return picture, draw
