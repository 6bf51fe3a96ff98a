"""corrconv explain: the table, the document and the picture end in the number that apply writes."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pytest
from shell import NOISE, place_of, program, read_pixels, run, trouble, write_picture

from corrconv.commands.explain.picture import place_figure, reading_tiles
from corrconv.commands.explain.study import explain_pixel
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.drawing.cells import cell_picture, heat_map
from corrconv.files.images import Picture
from corrconv.files.kernels import read_kernel

GRAY = NOISE[:, :, 0]
SKEW = "[1 2 0; 0 3 -1]"


def explained(*arguments):
    result = run("explain", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def applied(operation, *arguments):
    flag = "--correlate" if operation == "correlation" else "--convolve"
    result = run("apply", *arguments, flag, "-o", "applied.png", "-q")
    assert result.exit_code == 0, result.output
    return read_pixels("applied.png")


LAYOUTS = (
    ("--boundary", "wrap"),
    ("--boundary", "constant", "--fill", "9"),
    ("--boundary", "edge", "--anchor", "0,2"),
    ("--boundary", "symmetric", "--anchor", "lower", "--stride", "2,3"),
    ("--dilation", "2,1"),
    ("--output-size", "full"),
    ("--output-size", "valid"),
    ("--scale", "0.3", "--bias", "7"),
    ("--gray",),
)
DISPLAYS = ("clip", "rescale", "signed", "absolute")


@pytest.mark.parametrize(("layout", "display"), [*product(LAYOUTS, DISPLAYS)])
def test_the_last_line_is_what_apply_writes(layout, display):
    picture = write_picture("photo.png")
    options = (*layout, "--display", display)
    channel = 0 if layout == ("--gray",) else 1
    document = explained(picture, SKEW, "--at", "2,1", "--channel", channel, *options)
    for operation in ("correlation", "convolution"):
        pixels = np.atleast_3d(applied(operation, picture, SKEW, *options))
        assert document[operation]["pixel"] == pixels[2, 1, channel], operation


@pytest.mark.parametrize("alpha", ["keep", "weighted", "straight"])
def test_transparent_pictures_too(alpha):
    picture = write_picture("glass.png", np.dstack([NOISE, GRAY]))
    options = ("--alpha", alpha)
    document = explained(picture, "box", "--at", "3,4", "--channel", "2", *options)
    assert document["correlation"]["pixel"] == applied("correlation", picture, "box", *options)[3, 4, 2]


def test_what_the_document_holds():
    picture = write_picture("gray.png", np.arange(20, dtype=np.uint8).reshape(4, 5))
    document = explained(picture, "[1 2; 3 4]", "--at", "0,1", "--boundary", "constant")
    assert document["version"] == 1
    assert document["image"] == "gray"
    assert document["shape"] == [4, 5, 1]
    assert document["at"] == [0, 1]
    assert document["kernel"] == {"name": "[1 2; 3 4]", "weights": [[1, 2], [3, 4]], "anchor": [1, 1]}
    assert document["options"]["boundary"] == "constant"
    correlation, convolution = document["correlation"], document["convolution"]
    assert correlation["rows"] == [-1, 0]
    assert correlation["source_rows"] == [None, 0]
    assert correlation["products"] == [[0, 0], [3 * 0, 4 * 1]]
    assert (correlation["sum"], correlation["pixel"]) == (4, 4)
    assert convolution["weights"] == [[4, 3], [2, 1]]
    assert convolution["anchor"] == [0, 0]
    assert convolution["products"] == [[4 * 1, 3 * 2], [2 * 6, 1 * 7]]
    assert convolution["sum"] == 4 + 6 + 12 + 7


def test_the_table_is_this_one():
    write_picture("gray.png", np.arange(20, dtype=np.uint8).reshape(4, 5))
    result = run("explain", "gray.png", "[1 2; 3 4]", "--at", "0,1", "--bias", "128", "--display", "absolute")
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "output pixel at row 0, column 1",
        "gray (4 rows x 5 columns); [1 2; 3 4] (2x2), boundary reflect",
        "",
        "correlation:    convolution, turned by 180°:",
        "   1  2           [4] 3",
        "   3 [4]           2  1",
        "",
        "pixel at              correlation             convolution",
        "row,column    value        weight   product        weight   product",
        "─" * 67,
        "-1,0 <- 1,0       5             1         5      not read",
        "-1,1 <- 1,1       6             2        12      not read",
        "0,0               0             3         0      not read",
        "0,1               1           [4]         4           [4]         4",
        "0,2               2      not read                       3         6",
        "1,1               6      not read                       2        12",
        "1,2               7      not read                       1         7",
        "[ ] the anchor, over the output pixel; <- outside, taken from there",
        "",
        "correlation: 5 + 2·6 + 3·0 + 4·1 = 21",
        "convolution: 4·1 + 3·2 + 2·6 + 7 = 29",
        "",
        "                               correlation   convolution",
        "─" * 56,
        "sum of the products                     21            29",
        "plus bias 128                          149           157",
        "pixel (uint8, within 0..255)           149           157",
    ]


def test_large_kernels_are_folded_by_size_and_add_up():
    write_picture("gray.png", GRAY)
    result = run("explain", "gray.png", "gaussian:sigma=2", "--at", "6,5")
    lines = result.stdout.splitlines()
    products = [line for line in lines if "," in line.split(" ")[0] and "[0.0398704]" in line]
    assert products[0] == next(line for line in lines if line.startswith("6,5 "))
    more = next(line for line in lines if line.startswith("... 157 more"))
    shown = [float(line.split()[-1]) for line in lines[lines.index(products[0]) :][:12]]
    total = float(next(line for line in lines if line.startswith("sum of the products")).split()[-1])
    # each of the 12 products is shown with 6 figures
    assert sum(shown) + float(more.split()[-1]) == pytest.approx(total, abs=12 * 1e-4)
    assert "the largest products first" in result.stdout.replace("\n", " ")
    assert "(163 more)" in result.stdout
    assert max(map(len, lines)) <= 80


def test_weights_of_one_divisor_are_taken_together():
    write_picture("gray.png", np.full((3, 3), 2, np.uint8))
    result = run("explain", "gray.png", "box", "--at", "1,1")
    assert "correlation: (2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2) / 9 = 2\n" in result.stdout
    assert "correlation, times 1/9:" in result.stdout


def test_negative_pixels_and_weights_are_spelled_so_that_they_can_be_read():
    write_picture("negative.npy", np.array([[-3.0, 2.5, 4.0]]))
    result = run("explain", "negative.npy", "[-1 2 -0.5]", "--at", "0,1")
    assert "correlation: (-2·(-3) + 4·2.5 - 4) / 2 = 6\n" in result.stdout
    assert "convolution: (-(-3) + 4·2.5 - 2·4) / 2 = 2.5\n" in result.stdout
    assert run("explain", "negative.npy", "[0 0 0]", "--at", "0,1").stdout.count("no weight but 0 = 0") == 2


def test_arrays_are_explained_in_the_exact_numbers_that_apply_writes():
    write_picture("whole.npy", np.array([[4, 5, 8]]))
    document = explained("whole.npy", "[0.5 0.5 0]", "--at", "0,1")
    assert document["dtype"] == "float64"
    assert (document["correlation"]["pixel"], document["convolution"]["pixel"]) == (4.5, 6.5)


def test_nan_is_null_for_scripts():
    write_picture("hole.npy", np.array([[1.0, np.nan, 2.0]]))
    document = explained("hole.npy", "[1 1 1]", "--at", "0,1")
    assert document["correlation"]["products"] == [[1, None, 2]]
    assert document["correlation"]["pixel"] is None
    assert run("explain", "hole.npy", "[1 1 1]", "--at", "0,1", "-o", "hole.png").exit_code == 0


def test_it_is_drawn_as_a_picture():
    write_picture("photo.png")
    result = run("explain", "photo.png", SKEW, "--at", "0,0", "-o", "drawn.png")
    assert result.exit_code == 0
    assert "drawn.png: " in result.stderr
    pixels = read_pixels("drawn.png")
    assert f"{pixels.shape[0]} rows x {pixels.shape[1]} columns" in result.stderr
    colours = set(map(tuple, pixels.reshape(-1, 3).tolist()))
    assert (230, 119, 0) in colours  # cells from outside
    assert (178, 24, 43) in colours  # the frame in the picture, and the largest weight
    inside = run("explain", "photo.png", SKEW, "--at", "5,5", "-o", "inside.png", "-q")
    assert inside.stderr == ""
    assert (230, 119, 0) not in set(map(tuple, read_pixels("inside.png").reshape(-1, 3).tolist()))


@pytest.mark.parametrize("kernel", ["[1 2; 3 -4]", "1/7 * [1 2; 3 -4]"])
def test_the_picture_holds_the_numbers_of_each_operation_in_its_row(kernel):
    values = np.random.default_rng(2).permutation(200)[:20].reshape(4, 5).astype(np.uint8)
    write_picture("gray.png", values)
    result = run("explain", "gray.png", kernel, "--at", "2,1", "-o", "drawn.png")
    assert result.exit_code == 0
    page = read_pixels("drawn.png")
    weights, patches = np.array([[1, 2], [3, -4]]), (values[1:3, 0:2], values[2:4, 1:3])
    tops = []
    for laid, anchor, patch in zip(
        (weights, np.rot90(weights, 2)), ((1, 1), (0, 0)), (patch.astype(int) for patch in patches), strict=True
    ):
        row, column = place_of(page, np.asarray(heat_map(Kernel(laid, anchor))))
        product_row, product_column = place_of(page, np.asarray(heat_map(Kernel(laid * patch, anchor))))
        grays = np.dstack([patch.astype(np.uint8)] * 3)
        pixel_row, pixel_column = place_of(page, np.asarray(cell_picture(grays, patch.astype(str).tolist(), {})))
        assert row == product_row == pixel_row
        assert pixel_column < column < product_column
        tops.append(row)
    assert tops[0] < tops[1]


def drawn_notes(kernel):
    """What stands below the products of both operations in the picture."""
    image = Picture(GRAY)
    explanation = explain_pixel(image.planes, read_kernel(kernel), Options(), at=(4, 4))
    return [reading_tiles(account.reading, "", "", image.pixels.dtype)[2].note for account in explanation.accounts]


def test_the_sum_below_the_products_is_exact_and_what_they_add_up_to():
    patch = GRAY[3:6, 3:6].astype(int)
    total = int(patch.sum())
    assert drawn_notes("box") == [f"sum {total} / 9 = {total / 9:.6g}"] * 2
    quarters = int(GRAY[3:5, 3:5].astype(int).sum())
    assert drawn_notes("[1 1; 1 1]")[0] == f"sum {quarters}"
    assert drawn_notes("box:size=2")[0] == f"sum {quarters} / 4 = {quarters / 4:g}"
    assert drawn_notes("gaussian:sigma=1,size=3")[0].endswith("; the products are written in three figures")


def test_the_sign_before_a_sum_says_whether_the_written_numbers_make_it():
    write_picture("gray.png", GRAY)
    whole = run("explain", "gray.png", "emboss", "--at", "6,5").stdout
    assert "≈" not in whole
    # 0.0113437 and its like are written in six figures, as their sum is.
    shown = run("explain", "gray.png", "[0.123456789012 0.765432109876]", "--at", "6,5").stdout
    line = next(line for line in shown.splitlines() if line.startswith("correlation: 0."))
    terms, sign, total = re.fullmatch(r"correlation: (.*) ([=≈]) (.*)", line).groups()
    written = sum(float(term.split("·")[0]) * float(term.split("·")[1]) for term in terms.split(" + "))
    assert (sign == "=") == (f"{written:.6g}" == total)
    assert abs(written - float(total)) < 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("photo.png", "box", "--at", "12,0"), "row 12, column 0 lies outside the 12 rows and 10 columns"),
        (("photo.png", "box", "--at", "1"), "1 names a place of a signal, and photo has 12 rows; give ROW,COL"),
        (("photo.png", "box", "--at", "1,2,3"), "'1,2,3' is not ROW,COL such as 100,200, or a number such as 7"),
        (
            ("photo.png", "box", "--at", "1,1", "--channel", "3"),
            "channel 3 does not exist; the image has channels 0 to 2",
        ),
        (("photo.png", "box", "--at", "1,1", "-o", "-"), "name a file for the picture"),
        (("photo.png", "box", "--at", "1,1", "-o", "photo.png"), "photo.png is an input"),
        (("photo.png", "box"), "give --at ROW,COL for one output, or --all for every one"),
    ],
)
def test_misuse_ends_in_one_line(arguments, message):
    write_picture("photo.png")
    assert message in trouble(run("explain", *arguments))


def test_a_signal_is_explained_at_one_number():
    assert explained("[1 2 3 4]", "[1 10 100]", "--at", "2") == explained("[1 2 3 4]", "[1 10 100]", "--at", "0,2")
    assert explained("[1 2 3 4]", "[1 10 100]", "--at", "2")["correlation"]["sum"] == 2 + 10 * 3 + 100 * 4


def test_no_anchor_and_no_boundary_are_named_where_nothing_outside_is_read():
    shown = run("explain", "[1 2 3 4 5]", "[1 2 3]", "--at", "1", "--output-size", "valid").stdout
    assert "boundary" not in shown
    assert "anchor" not in shown
    assert "[2]" not in shown
    document = explained("[1 2 3 4 5]", "[1 2 3]", "--at", "1", "--output-size", "valid")
    assert document["correlation"]["anchor"] is document["convolution"]["anchor"] is None


@pytest.mark.parametrize(
    ("image", "at", "note"),
    [
        (np.arange(6)[np.newaxis], (0, 3), "in colour: from the first sample that is read to the last"),
        (NOISE, (3, 3), "the pixels that are read, framed"),
    ],
)
def test_the_caption_says_how_the_place_is_marked(image, at, note):
    planes = Picture(image).planes
    explanation = explain_pixel(planes, Kernel([[1, 2, 3]]), Options(), at=at)
    assert place_figure(planes, [account.reading for account in explanation.accounts], "name").note == note


def test_a_transposed_convolution_is_shown_by_the_pixels_that_write_there():
    like = ("--like", "torch.nn.functional.conv_transpose2d stride=2")
    shown = run("explain", "[1 2 3]", "[10 20 30]", "--at", "2", *like).stdout
    assert "0,1 <- between" in shown
    assert "0,2 <- 0,1" in shown
    assert "a pixel stands every 2,2 places, <- that one; between them 0" in shown
    assert "sum: 30·1 + 10·2 = 50\n" in shown
    assert "Framed in orange" not in shown
    assert run("explain", "[1 2 3]", "[10 20 30]", "--at", "2", *like, "-o", "drawn.png").exit_code == 0


def test_the_installed_program_explains():
    done = program("explain", "sample:impulse", "[1 2 3]", "--at", "16,15", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["correlation"]["sum"] == 3 * 255
    assert document["convolution"]["sum"] == 1 * 255
