"""The shipped pictures: all can be read, the drawn ones are what draw_samples.py draws, all have a licence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from draw_samples import DRAWN

from corrconv.errors import FileError
from corrconv.files.images import read_image
from corrconv.files.samples import sample_names, sample_path

FOLDER = Path(__file__).parents[2] / "sample_images"


def test_names_are_those_of_the_folder():
    assert sample_names() == tuple(sorted(path.stem for path in FOLDER.glob("*.png")))
    assert {"camera", "chelsea", "letter", "impulse", "stripes", "gradient16"} <= set(sample_names())


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_reads_without_a_note_and_has_its_licence(name):
    picture = read_image(f"sample:{name}")
    assert picture.name == name
    assert picture.path == sample_path(name)
    assert picture.notes == ()
    assert f"| {name}.png |" in (FOLDER / "LICENCES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_samples_are_what_the_script_draws(name):
    drawn = np.asarray(DRAWN[name]()).astype(float)
    stored = read_image(f"sample:{name}").pixels
    # Other versions of Pillow's font library may shade the letter's edges otherwise.
    tolerance = 2.0 if name == "letter" else 0.0
    assert stored.shape == drawn.shape
    assert np.abs(drawn - stored).mean() <= tolerance


def test_impulse_is_one_white_pixel_in_the_middle():
    pixels = read_image("sample:impulse").pixels
    assert pixels.sum() == 255 == pixels[16, 16]


def test_letter_has_no_symmetry():
    pixels = read_image("sample:letter").pixels.astype(int)
    for other in (pixels[::-1], pixels[:, ::-1], pixels[::-1, ::-1], pixels.T):
        assert np.abs(pixels - other).mean() > 10


def test_gradient_has_sixteen_bits():
    pixels = read_image("sample:gradient16").pixels
    assert pixels.dtype == np.uint16
    assert (pixels.min(), pixels.max()) == (0, 65535)


def test_unknown_sample_is_refused_with_the_names_there_are():
    with pytest.raises(FileError, match="sample:camara: no such sample picture; there are camera, chelsea"):
        read_image("sample:camara")


def test_a_sample_name_is_no_way_out_of_the_folder():
    with pytest.raises(FileError, match="no such sample"):
        read_image("sample:../sample_images/camera")
