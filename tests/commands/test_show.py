"""--show: only on a terminal, only where it has an effect, around the place that differs most."""

from __future__ import annotations

import numpy as np
import pytest
from shell import NOISE, run, trouble, write_picture

from corrconv import CorrconvError, convolve, correlate
from corrconv.commands.options import FilterChoices
from corrconv.commands.show import filtered_shots
from corrconv.core.options import Options
from corrconv.core.rendering import Rendering
from corrconv.core.zoo import zoo_kernel
from corrconv.files.picture import Picture

EMBOSS = zoo_kernel("emboss")
CHOICES = FilterChoices(Options(), Rendering(), scale=1, normalize=False)
BOTH = ("correlation", "convolution")
WIDE = np.random.default_rng(4).integers(0, 256, (60, 70), dtype=np.uint8)


@pytest.mark.parametrize(
    "arguments",
    [
        ["apply", "photo.png", "sobel", "-o", "out.png"],
        ["compare", "photo.png", "sobel"],
        ["explain", "photo.png", "sobel", "--at", "1,1"],
        ["match", "photo.png", "photo.png", "--crop", "0,0,3,3"],
    ],
)
def test_nothing_is_drawn_into_a_pipe(arguments: list[str]) -> None:
    write_picture("photo.png")
    assert "--show draws on a terminal, and standard output is none" in trouble(run(*arguments, "--show"))
    assert run(*arguments).exit_code == 0


def test_shots_are_the_core_s_numbers_around_the_largest_difference() -> None:
    shown = filtered_shots(Picture(WIDE, name="wide"), EMBOSS, CHOICES, BOTH)
    results = correlate(WIDE, EMBOSS), convolve(WIDE, EMBOSS)
    difference = results[0] - results[1]
    found = dict(zip([shot.caption for shot in shown.shots], shown.shots, strict=True))
    assert list(found) == ["input", *BOTH, "difference"]
    assert found["difference"].values[shown.at] == difference.flat[np.abs(difference).argmax()]
    row, column = np.unravel_index(np.abs(difference).argmax(), difference.shape)
    assert found["correlation"].values[shown.at] == results[0][row, column]
    assert found["input"].values[shown.at] == WIDE[row, column]
    assert {shot.values.shape for shot in shown.shots} == {(24, 19)}
    assert {shot.pixels.shape for shot in shown.shots} == {(24, 19, 3)}


def test_a_place_can_be_chosen_and_a_result_of_another_size_stands_without_the_input() -> None:
    shown = filtered_shots(Picture(WIDE, name="wide"), EMBOSS, CHOICES, BOTH, at=(0, 69))
    assert shown.title == "emboss on wide: rows 0 to 23, columns 51 to 69"
    assert shown.at == (0, 18)
    smaller = FilterChoices(Options(stride=(2, 2)), Rendering(), scale=1, normalize=False)
    assert filtered_shots(Picture(WIDE), EMBOSS, smaller, BOTH).shots[0].caption == "correlation"
    with pytest.raises(CorrconvError, match="row 60, column 0 lies outside the 60 rows and 70 columns"):
        filtered_shots(Picture(WIDE), EMBOSS, CHOICES, BOTH, at=(60, 0))


def test_one_operation_is_shown_where_it_changes_most_and_equal_ones_in_the_middle() -> None:
    image = np.zeros((60, 60), np.uint8)
    image[50, 7] = 9
    shown = filtered_shots(Picture(image), EMBOSS, CHOICES, ("convolution",))
    assert [shot.caption for shot in shown.shots] == ["input", "convolution"]
    assert 9 in shown.shots[0].values
    even = filtered_shots(Picture(np.zeros((60, 60), np.uint8)), zoo_kernel("box"), CHOICES, BOTH)
    assert even.title.endswith("rows 18 to 41, columns 21 to 39")


@pytest.mark.parametrize("pixels", [NOISE, NOISE / 3.0, NOISE > 99, NOISE.astype(np.int16) - 100, NOISE[:2, :1]])
def test_pixels_of_every_kind_can_be_shown(pixels: np.ndarray) -> None:
    shown = filtered_shots(Picture(pixels), zoo_kernel("sobel"), CHOICES, BOTH)
    assert {shot.pixels.dtype for shot in shown.shots} == {np.dtype(np.uint8)}
