"""Pictures for people, compared as arrays: colours, sizes, and texts that stand where they belong."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageDraw
from shell import place_of

from corrconv.commands.compare.panel_view import ComparisonPictures, comparison_panel
from corrconv.commands.compare.study import compare
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.rendering import Rendering
from corrconv.core.terms import Display
from corrconv.drawing.cells import heat_map
from corrconv.drawing.numbers import short_number
from corrconv.drawing.pictures import (
    FRAME,
    GAP,
    INK,
    LARGEST_SIDE,
    NEGATIVE,
    PAPER,
    POSITIVE,
    SMALLEST_SIDE,
    Figure,
    TellingPeak,
    below,
    colour_bar,
    diverging,
    fitted,
    font,
    framed,
    ink_on,
    panel,
    shown,
    telling_peak,
    text_block,
)

RANDOM = np.random.default_rng(3)
NOISE = RANDOM.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def array(picture: Image.Image) -> Any:
    return np.asarray(picture)


def ink_of(picture: Image.Image) -> Any:
    """Where something other than paper is."""
    return (array(picture) != PAPER).any(axis=2)


# Colours


def test_diverging_colours_are_straight_lines_from_white() -> None:
    colours = array(diverging(np.array([[-4.0, -2, 0, 2, 4]])))[0]
    halfway = [(np.array(PAPER) + end) / 2 for end in (NEGATIVE, POSITIVE)]
    expected = [NEGATIVE, halfway[0], PAPER, halfway[1], POSITIVE]
    assert_allclose(colours, expected, atol=1)


def test_signs_are_told_apart_and_opposites_are_equally_strong() -> None:
    values = np.linspace(-1, 1, 41)[np.newaxis]
    colours = array(diverging(values)).astype(int)[0]
    red, blue = colours[:, 0], colours[:, 2]
    assert (red[:20] < blue[:20]).all()
    assert (red[21:] > blue[21:]).all()
    assert_array_equal(colours[20], PAPER)


def test_a_given_peak_is_the_full_colour_and_more_is_no_stronger() -> None:
    assert_array_equal(array(diverging(np.array([[5.0, -50]]), 5.0))[0], [POSITIVE, NEGATIVE])


def test_no_difference_is_paper() -> None:
    assert not ink_of(diverging(np.zeros((4, 5)))).any()


def test_nan_is_paper_and_infinities_are_the_full_colours() -> None:
    colours = array(diverging(np.array([[nan, inf, -inf, 1.0, -2.0]])))[0]
    assert_array_equal(colours[[0, 1, 2, 4]], [PAPER, POSITIVE, NEGATIVE, NEGATIVE])
    assert_allclose(colours[3], (np.array(PAPER) + POSITIVE) / 2, atol=1)
    assert not ink_of(diverging(np.full((2, 2), nan))).any()


# Pixels as pictures


@pytest.mark.parametrize("channels", [1, 3])
def test_8_bit_pixels_are_shown_as_they_are(channels: int) -> None:
    pixels = NOISE[:, :, :channels]
    assert_array_equal(array(shown(pixels)), pixels[:, :, 0] if channels == 1 else pixels)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, np.float64, bool])
def test_other_pixels_are_shown_over_their_own_range(dtype: Any) -> None:
    pixels = np.array([[[0], [1]], [[0], [1]]], dtype)
    assert_array_equal(array(shown(pixels)), [[0, 255], [0, 255]])


def test_pixels_that_are_no_numbers_do_not_spoil_the_picture() -> None:
    assert_array_equal(array(shown(np.array([[[0.0], [nan], [4]]]))), [[0, 0, 255]])


def test_transparent_places_are_neither_black_nor_white() -> None:
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]], np.uint8)
    assert_array_equal(array(shown(pixels)), [[[10, 20, 30], [224, 224, 224]]])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), (240, 240)),
        ((33, 33), (231, 231)),  # 7 times
        ((3, 2), (240, 160)),
        ((240, 10), (240, 10)),
        ((256, 256), (256, 256)),
        ((400, 300), (400, 300)),
        ((800, 400), (400, 200)),
        ((5000, 2), (400, 1)),
    ],
)
def test_pictures_are_fitted_to_a_size_to_look_at(size: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = fitted(Image.new("L", size))
    assert picture.size == expected
    assert picture.mode == "RGB"


def test_enlarged_pixels_stay_square_and_sharp() -> None:
    enlarged = array(fitted(Image.fromarray(NOISE[:12, :12])))
    assert_array_equal(enlarged, NOISE[:12, :12].repeat(20, axis=0).repeat(20, axis=1))


def test_a_frame_runs_around_the_picture_and_leaves_the_inside() -> None:
    inside = array(framed(Image.new("RGB", (6, 5), PAPER)))
    assert (inside[[0, -1]] == FRAME).all()
    assert (inside[:, [0, -1]] == FRAME).all()
    assert (inside[1:-1, 1:-1] == PAPER).all()


# Kernels


def test_heat_maps_are_whole_cells_with_the_colours_of_the_weights() -> None:
    kernel = Kernel([[-2, 0, 1], [2, 1, -1]])
    picture = array(heat_map(kernel))
    assert picture.shape == (160, 240, 3)
    corners = picture[5::80, 5::80]  # beside the texts
    assert_allclose(corners, array(diverging(kernel.weights)), atol=0)


def cell_of(picture: Any, cell: int, row: int, column: int) -> Any:
    return picture[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell]


@pytest.mark.parametrize("anchor", [(0, 0), (1, 2), (2, 2)])
def test_the_anchor_is_the_only_cell_framed_in_ink(anchor: tuple[int, int]) -> None:
    picture = array(heat_map(Kernel(np.ones((3, 3)), anchor)))
    dark = {
        (row, column)
        for row in range(3)
        for column in range(3)
        if (cell_of(picture, 80, row, column)[[0, 1, -2, -1]] == INK).all()
    }
    assert dark == {anchor}


def test_weights_are_written_where_they_fit_and_left_out_where_not() -> None:
    inside = slice(4, -4), slice(4, -4)
    written = cell_of(array(heat_map(Kernel([[1, 0], [0, 1]]))), 120, 0, 1)[inside]
    assert (written != PAPER).any()
    # 40 cells of 6 pixels have no room for text, nor for lines.
    crowded = array(heat_map(Kernel(np.eye(40))))
    assert crowded.shape == (240, 240, 3)
    assert_array_equal(cell_of(crowded, 6, 3, 9), np.full((6, 6, 3), 255))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (241, 3), (400, 400)])
def test_kernels_of_every_shape_have_a_heat_map(shape: tuple[int, int]) -> None:
    picture = heat_map(Kernel(np.ones(shape)))
    assert max(picture.size) <= max(240, *shape)
    assert min(picture.size) >= 1


def test_texts_stay_inside_their_cells() -> None:
    kernel = Kernel(np.full((5, 5), -0.00123), (4, 4))
    picture = array(heat_map(kernel))
    assert picture.shape == (400, 400, 3)  # where cells of 48 have no room for the texts
    dark = cell_of(picture, 80, 0, 0)
    background = np.array(NEGATIVE)
    # A margin inside the cell's line stays free of text.
    assert (dark[1:-1, 1:3] == background).all()
    assert (dark[1:-1, -3:-1] == background).all()


@pytest.mark.parametrize("shape", [(3, 3), (2, 5)])
def test_the_text_of_each_cell_is_its_own_weight(shape: tuple[int, int]) -> None:
    weights = RANDOM.integers(-99, 100, shape)
    kernel = Kernel(weights, (0, 0))
    picture = array(heat_map(kernel))
    side = picture.shape[0] // shape[0]
    grounds = array(diverging(kernel.weights)).astype(int)
    inside = slice(5, -5), slice(5, -5)
    for row, column in np.ndindex(shape):
        expected = Image.new("L", (side, side), 255)
        centre = (side / 2, side / 2)
        ImageDraw.Draw(expected).text(centre, f"{weights[row, column]}", font=font(16), anchor="mm")
        differs = np.abs(cell_of(picture, side, row, column).astype(int) - grounds[row, column]).sum(axis=2)
        # Black on white and white on blue are not smoothed in quite the same way.
        assert np.mean((differs[inside] > 0.5 * differs.max()) != (array(expected)[inside] < 128)) < 0.002


def test_cells_of_a_dilated_kernel_stand_apart_on_paper() -> None:
    apart = array(heat_map(Kernel([[1, 2], [3, 4]]), spread=(2, 3)))
    assert apart.shape[0] * 4 == apart.shape[1] * 3  # 3 rows and 4 columns of places
    side = apart.shape[0] // 3
    for row, column in np.ndindex(3, 4):
        cell = cell_of(apart, side, row, column)
        assert (cell == PAPER).all() == (row == 1 or column in {1, 2})


def relative_luminance(colour: Any) -> Any:
    """As WCAG 2.2 defines it, of colours (..., 3)."""
    share = np.asarray(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_text_on_every_colour_can_be_read() -> None:
    reds_and_blues = array(diverging(np.linspace(-1, 1, 2001)[np.newaxis]))[0]
    grays = np.repeat(np.arange(256)[:, np.newaxis], 3, axis=1)
    anything = RANDOM.integers(0, 256, (2000, 3))
    for colour in [*reds_and_blues.tolist(), *grays.tolist(), *anything.tolist()]:
        ink, ground = relative_luminance(ink_on(tuple(colour))), relative_luminance(colour)
        lighter, darker = max(ink, ground), min(ink, ground)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, colour


@pytest.mark.parametrize(
    "values",
    [np.linspace(-2, 3, 5000) ** 25, np.arange(5000) % 7 - 3.0, np.arange(5000) % 99.0, np.ones(3), np.zeros(9)],
)
def test_the_end_of_colours_is_found_part_by_part(values: Any) -> None:
    sizes = np.sort(np.abs(values[values != 0]))
    largest, high = (sizes[-1], np.quantile(sizes, 0.99, method="higher")) if sizes.size else (0, 0)
    expected = high if high < largest / 2 else largest
    for parts in (1, 3, 700):
        peak = TellingPeak(values.size)
        for part in np.array_split(values[::-1], min(parts, values.size)):
            peak.add(part)
        assert peak.value == expected
        assert peak.beyond == np.count_nonzero(sizes > expected)


def test_colours_end_where_the_map_tells_something() -> None:
    assert telling_peak(np.linspace(-10, 10, 1000)) == 10
    assert telling_peak(np.append(np.full(999, 2.0), [1000.0])) == 2
    mostly_zero = np.append(np.zeros(99_999), [7.0])
    assert telling_peak(mostly_zero) == 7  # of the values that differ at all
    assert telling_peak(np.zeros(5)) == 0
    assert telling_peak(np.array([nan, inf, -3.0])) == 3


def test_a_colour_bar_runs_from_minus_to_plus_with_its_numbers_below() -> None:
    bar = colour_bar(1234.5, 200)
    assert bar.size == (200, 36)
    colours = array(bar)[7, 1:-1]
    assert_allclose(colours[[0, -1]], [NEGATIVE, POSITIVE], atol=3)
    assert_allclose(colours[98:100], [PAPER, PAPER], atol=3)
    thirds = ink_of(bar)[15:, :66], ink_of(bar)[15:, 90:110], ink_of(bar)[15:, 134:]
    assert all(third.any() for third in thirds)


# Text and panels


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (255, "255"),
        (1 / 9, "0.111"),
        (-2.5, "-2.5"),
        (999.4, "999"),
        (999.6, "1000"),
        (1000.4, "1000"),
        (99999, "99999"),
        (99999.7, "1e+05"),
        (100000, "1e+05"),
        (1.23456e-7, "1.23e-07"),
        (nan, "nan"),
        (-inf, "-inf"),
    ],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short_number(value) == text


def test_text_is_wrapped_to_its_width() -> None:
    text = "the quick brown fox jumps over the lazy dog " * 3
    block = text_block(text, 120)
    assert 120 <= block.width <= 121
    assert block.height == len(range(0, block.height, 20)) * 20 > 100
    assert not ink_of(block)[:, 120:].any()


def test_a_word_wider_than_the_block_widens_it_rather_than_being_cut() -> None:
    word = "motion:length=9,angle=0;" * 4
    block = text_block(word, 100)
    assert block.width > font(15).getlength(word)
    assert not ink_of(block)[:, -1].any()


@pytest.mark.parametrize(("columns", "footer"), [(None, ""), (1, ""), (2, "A line below."), (5, "")])
def test_every_tile_of_a_panel_is_on_it_whole_and_apart_from_the_others(columns: int | None, footer: str) -> None:
    colours = [(200, 10 * number, 40) for number in range(1, 6)]
    sizes = [(150, 90), (300, 40), (10, 200), (240, 240), (1, 1)]
    tiles = [
        Figure(Image.new("RGB", size, colour), f"tile {colour}", "a note of several words")
        for size, colour in zip(sizes, colours, strict=True)
    ]
    page = array(panel("A title", tiles, columns=columns, footer=footer))
    boxes = []
    for size, colour in zip(sizes, colours, strict=True):
        found = (page == colour).all(axis=2)
        assert found.sum() == size[0] * size[1]
        rows, columns_found = np.nonzero(found)
        boxes.append((rows.min(), rows.max(), columns_found.min(), columns_found.max()))
        assert (rows.max() - rows.min() + 1, columns_found.max() - columns_found.min() + 1) == size[::-1]
    assert len(set(boxes)) == 5
    edge = np.concatenate([page[:GAP].reshape(-1, 3), page[-GAP:].reshape(-1, 3), page[:, :GAP].reshape(-1, 3)])
    assert (edge == PAPER).all()
    assert (page[:, -GAP:] == PAPER).all()


def test_a_short_title_over_a_long_word_is_not_cut() -> None:
    title = "kernel-with-a-name-of-sixty-characters-and-no-place-to-break-it"
    page = panel(title, [Figure(Image.new("RGB", (10, 10)), "tile")])
    assert page.width >= font(20).getlength(title) + 2 * GAP


def test_pictures_one_below_the_other_keep_their_pixels() -> None:
    joined = array(below(Image.new("RGB", (5, 3), INK), Image.new("RGB", (9, 2), FRAME), gap=4))
    assert joined.shape == (9, 9, 3)
    assert (joined[:3, :5] == INK).all()
    assert (joined[3:7] == PAPER).all()
    assert (joined[7:] == FRAME).all()


# The panel of a comparison


def compared(image: Any, weights: Any, **options: Any) -> Any:
    pixels = image if image.ndim == 3 else image[:, :, np.newaxis]
    chosen = Options(**options)
    made: list[Any] = []
    compare(pixels, Kernel(weights, name="kernel"), options=chosen, consume=lambda *both: made.extend(both))
    return *made, pixels, chosen


def panel_of(compared: Any, name: str, display: Display = Display.CLIP) -> Any:
    entry, results, pixels, options = compared
    return comparison_panel(entry, results, pixels, name, options, Rendering(display=display))


def test_the_difference_is_drawn_by_sign_and_of_the_channel_that_differs_most() -> None:
    image = np.zeros((3, 5, 3), np.uint8)
    image[1, 2] = 0, 250, 40
    pictures = ComparisonPictures(*compared(image, [[-1, 0, 1]], boundary="constant")[:3], Rendering())
    colours = array(pictures.difference)
    assert pictures.difference_peak == 500
    assert_array_equal(colours[1], [PAPER, POSITIVE, PAPER, NEGATIVE, PAPER])
    assert (colours[[0, 2]] == PAPER).all()


@pytest.mark.parametrize(
    ("dtype", "display"),
    [*((np.uint8, display) for display in Display), *((np.int64, display) for display in Display)]
    + [(dtype, Display.SIGNED) for dtype in (np.uint16, np.float16, np.float64, bool)],
)
def test_every_picture_has_a_panel(display: Display, dtype: Any) -> None:
    image = (NOISE[:, :, 0] / (255 if np.dtype(dtype).kind in "fb" else 1)).astype(dtype)
    page = panel_of(compared(image, [[1, 2], [3, 4]]), "noise", display)
    assert page.mode == "RGB"
    # Three tiles side by side, in two rows.
    assert page.width >= 3 * SMALLEST_SIDE + 4 * GAP
    assert page.width <= 3 * LARGEST_SIDE + 4 * GAP
    assert ink_of(page).any()


def test_a_panel_shows_pictures_that_hold_nan_and_infinity() -> None:
    image = NOISE[:, :, 0].astype(float)
    image[3, 4], image[9, 9] = nan, inf
    for display in Display:
        assert ink_of(panel_of(compared(image, [[-1, 0, 1]]), "holes", display)).any()


def test_a_panel_says_0_where_nothing_differs() -> None:
    shorter = panel_of(compared(NOISE, [[1, 2, 1]]), "noise")
    taller = panel_of(compared(NOISE, [[1, 2, 0]]), "noise")
    assert taller.height > shorter.height  # by its colour bar


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (700, 3)])
def test_pictures_of_extreme_shapes_have_a_panel(size: tuple[int, int]) -> None:
    page = panel_of(compared(RANDOM.random(size), [[1, 2]]), "a name that is rather long, as the names of files are")
    assert page.width <= 3 * LARGEST_SIDE + 4 * GAP


def test_a_panel_shows_the_kernel_as_each_operation_lays_it_below_what_it_gives() -> None:
    image, weights = NOISE[:, :, 0] // 3, np.array([[0, 1], [0, 2]])
    page = array(panel_of(compared(image, weights), "noise"))
    padded = np.pad(image.astype(int), ((1, 1), (1, 1)), mode="reflect")
    rows, columns = image.shape
    # The anchor is the lower right cell for correlation, and turned with the kernel for convolution.
    for laid, anchor, start in ((weights, (1, 1), 0), (np.rot90(weights, 2), (0, 0), 1)):
        sums = sum(
            laid[i, j] * padded[start + i : start + i + rows, start + j : start + j + columns]
            for i, j in np.ndindex(2, 2)
        )
        result = place_of(page, array(fitted(Image.fromarray(sums.astype(np.uint8)))))
        kernel = place_of(page, array(heat_map(Kernel(laid, anchor))))
        assert result[1] == kernel[1]
        assert result[0] < kernel[0]


def test_both_results_are_shown_on_one_scale() -> None:
    # Nothing lies to the left of the 50, so correlation with the right neighbour never reads it.
    image = np.array([[50, 0, 10, 0]] * 2, np.uint8)
    page = array(panel_of(compared(image, [[0, 0, 3]], boundary="constant"), "four", Display.SIGNED))
    for values in ([[0, 30, 0, 0]] * 2, [[0, 150, 0, 30]] * 2):
        grays = np.rint(128 + 127 * np.array(values) / 150).astype(np.uint8)
        place_of(page, array(fitted(Image.fromarray(grays))))
