"""corrconv match: the table and its other forms, the picture, the map, and every misuse."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from shell import NOISE, files, program, read_pixels, run, trouble, write_picture

GRAY = np.random.default_rng(5).integers(0, 256, (40, 50), dtype=np.uint8)


@pytest.fixture
def pictures():
    """A gray picture and the patch of it at row 11, column 23."""
    write_picture("page.png", GRAY)
    write_picture("patch.png", GRAY[11:18, 23:31])


@pytest.mark.usefixtures("pictures")
def test_the_program_finds_the_patch():
    done = program("match", "page.png", "patch.png", "--count", "1")
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[0].strip() == "patch in page"
    row = done.stdout.decode().splitlines()[4].split()
    assert row == ["1", "1.0000", "11", "23", "14", "27"]
    assert b"an exact copy" in done.stdout
    assert done.stderr == b""


@pytest.mark.usefixtures("pictures")
def test_json_and_csv_say_the_same():
    document = json.loads(run("match", "page.png", "patch.png", "--json", "--min-score", 0.2).stdout)
    assert document["version"] == 1
    assert document["operation"] == "correlation"
    assert document["template_shape"] == [7, 8]
    best = document["peaks"][0]
    assert (best["row"], best["column"], best["center"]) == (11, 23, [14, 27])
    assert best["score"] == pytest.approx(1, abs=1e-6)
    rows = list(csv.DictReader(io.StringIO(run("match", "page.png", "patch.png", "--csv", "--min-score", 0.2).stdout)))
    assert [(int(row["row"]), int(row["column"]), float(row["score"])) for row in rows] == [
        (peak["row"], peak["column"], peak["score"]) for peak in document["peaks"]
    ]
    assert len(rows) > 1
    assert document["best"] == {"row": 11, "column": 23, "score": best["score"]}


@pytest.mark.usefixtures("pictures")
def test_exit_code_and_message_where_nothing_matches():
    write_picture("other.png", GRAY[11:18, 23:31][:, ::-1])
    assert run("match", "page.png", "patch.png", "--exit-code").exit_code == 0
    assert run("match", "page.png", "other.png").exit_code == 0
    result = run("match", "page.png", "other.png", "--exit-code", "--min-score", 0.9)
    assert result.exit_code == 1
    assert result.stdout.startswith("No match: the best window, at row ")
    assert "below 0.9" in result.stdout
    assert run("match", "page.png", "other.png", "--exit-code", "--json", "--min-score", 0.9).exit_code == 1


@pytest.mark.usefixtures("pictures")
def test_convolution_finds_the_half_turn_and_raw_the_bright():
    write_picture("turned.png", GRAY[11:18, 23:31][::-1, ::-1])
    upright = run("match", "page.png", "turned.png", "--min-score", 0.9, "--json")
    assert json.loads(upright.stdout)["peaks"] == []
    turned = run("match", "page.png", "turned.png", "--min-score", 0.9, "--operation", "convolution")
    assert turned.stdout.splitlines()[4].split()[:4] == ["1", "1.0000", "11", "23"]
    assert "half-turned copies" in " ".join(turned.stdout.split())
    bright = GRAY // 2
    bright[30:, 30:] = 255
    write_picture("bright.png", bright)
    raw = run("match", "bright.png", "patch.png", "--raw")
    assert "bright windows score high" in " ".join(raw.stdout.split())
    row, column = map(int, raw.stdout.splitlines()[4].split()[2:4])
    assert row >= 30 - 1
    assert column >= 30 - 1


@pytest.mark.usefixtures("pictures")
def test_crop_takes_the_template_from_a_picture():
    result = run("match", "page.png", "page.png", "--crop", "11,23,7,8", "--json")
    document = json.loads(result.stdout)
    assert document["template"] == "part of page"
    assert [(peak["row"], peak["column"]) for peak in document["peaks"]] == [(11, 23)]
    assert "no part of page with its 40 rows and 50 columns" in trouble(
        run("match", "page.png", "page.png", "--crop", "36,0,5,5")
    )
    assert "no part of page" in trouble(run("match", "page.png", "page.png", "--crop", "3,0,0,5"))
    assert "such as 100,200,40,50" in trouble(run("match", "page.png", "page.png", "--crop", "1,2,3"))


def test_colours_with_gray_are_made_gray_and_said():
    write_picture("colour.png", NOISE)
    write_picture("gray.png", GRAY[:5, :4])
    result = run("match", "colour.png", "gray.png")
    assert "colour: made gray, as the other picture is" in result.stderr
    assert run("match", "colour.png", "gray.png", "-q").stderr == ""
    write_picture("part.png", NOISE[2:7, 3:9])
    document = json.loads(run("match", "colour.png", "part.png", "--json").stdout)
    assert (document["peaks"][0]["row"], document["peaks"][0]["column"]) == (2, 3)
    both_gray = json.loads(run("match", "colour.png", "part.png", "--gray", "--json").stdout)
    assert both_gray["peaks"][0]["score"] == pytest.approx(1, abs=1e-6)


@pytest.mark.usefixtures("pictures")
def test_maps_hold_the_scores():
    assert "scores of 34 rows x 43 columns" in run("match", "page.png", "patch.png", "--map", "scores.npy").stderr
    scores = np.load("scores.npy")
    assert scores.shape == (34, 43)
    assert np.unravel_index(scores.argmax(), scores.shape) == (11, 23)
    assert "black is -1, white is 1" in run("match", "page.png", "patch.png", "--map", "scores.png").stderr
    shown = read_pixels("scores.png")
    np.testing.assert_allclose(shown, 128 + 127 * scores, atol=0.51)
    run("match", "page.png", "patch.png", "--map", "scores.tif")
    np.testing.assert_allclose(read_pixels("scores.tif"), scores, atol=1e-6)
    run("match", "page.png", "patch.png", "--raw", "--map", "raw.png")
    assert (read_pixels("raw.png").min(), read_pixels("raw.png").max()) == (0, 255)


@pytest.mark.usefixtures("pictures")
def test_annotated_picture_frames_the_match():
    result = run("match", "page.png", "patch.png", "-o", "found.png", "--count", 1)
    assert "found.png: " in result.stderr
    drawn = read_pixels("found.png").astype(int)
    red = (abs(drawn - (178, 24, 43)).sum(axis=2) == 0)[:, : drawn.shape[1] // 2]
    rows, columns = np.nonzero(red)
    # The picture grows 16 times, so the frame of the 7x8 patch is 112 rows high (and the label above it).
    assert 112 <= rows.max() - rows.min() <= 112 + 24
    assert columns.max() - columns.min() == 127
    without = run("match", "page.png", "patch.png", "-o", "none.png", "--min-score", 1.5)
    assert without.exit_code == 0
    assert "none.png" in files()


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("patch.png", "page.png"),
            "the template (40 rows x 50 columns) does not fit into the image (7 rows x 8 columns)",
        ),
        (("page.png", "flat.png"), "the template is flat"),
        (("page.png", "patch.png", "--csv", "--json"), "give one of them"),
        (("page.png", "patch.png", "-o", "page.png"), "would be overwritten"),
        (("page.png", "patch.png", "--map", "patch.png"), "would be overwritten"),
        (("page.png", "patch.png", "-o", "-"), "name a file"),
        (("page.png", "patch.png", "--map", "-"), "name a file"),
        (("page.png", "patch.png", "--count", "0"), "--count"),
        (("page.png", "nothing.png"), "nothing.png"),
    ],
)
def test_misuse_is_one_clear_line(arguments, says):
    write_picture("flat.png", np.full((4, 4), 7, np.uint8))
    before = files()
    assert says in trouble(run("match", *arguments))
    assert files() == before
