"""--like: pictures filtered as a library does, and two libraries compared."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageFilter
from shell import run, trouble, write_picture

from corrconv.core.convention.filtering import apply_convention
from corrconv.core.kernel import Kernel
from corrconv.libraries.registry import conventions

PICTURE = np.random.default_rng(8).integers(0, 256, (20, 24), dtype=np.uint8)
COLOUR = np.random.default_rng(9).integers(0, 256, (12, 14, 3), dtype=np.uint8)
KERNEL = "[1 2 3; 4 5 6; 7 8 -9]"
WEIGHTS = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, -9]])


def applied(name, pixels=PICTURE, kernel=KERNEL, suffix="png"):
    image = write_picture("image.png", pixels)
    result = run("apply", image, kernel, "--like", name, "-o", f"out.{suffix}")
    assert result.exit_code == 0, result.output
    assert f"like {name}" in result.stderr
    return np.asarray(Image.open("out.png")) if suffix == "png" else np.load("out.npy").squeeze()


def test_like_pillow_is_pillow_to_the_last_bit():
    expected = Image.fromarray(COLOUR).filter(ImageFilter.Kernel((3, 3), WEIGHTS.ravel().tolist()))
    assert np.array_equal(applied("PIL.ImageFilter.Kernel", COLOUR), np.asarray(expected))


def test_like_pillow_sums_as_pillow_does():
    """Where the divisor is no power of two, ties depend on the order and the precision of the sums."""
    random = np.random.default_rng(3)
    for shape in [(3, 3), (5, 5)] * 30:
        weights = random.integers(-3, 9, shape) + random.choice([0.0, 0.1])
        pixels = random.integers(0, 256, (60, 61, 3), dtype=np.uint8)
        made = apply_convention(pixels, Kernel(weights), conventions()["PIL.ImageFilter.Kernel"])
        expected = Image.fromarray(pixels).filter(ImageFilter.Kernel(shape, weights.ravel().tolist()))
        assert np.array_equal(made, np.asarray(expected))


def test_like_opencv_and_scipy_are_they():
    cv2 = pytest.importorskip("cv2")
    ndimage = pytest.importorskip("scipy.ndimage")
    signal = pytest.importorskip("scipy.signal")
    for kernel, weights in ((KERNEL, WEIGHTS), ("[0.25 0.5; 0.75 -0.25]", np.array([[0.25, 0.5], [0.75, -0.25]]))):
        assert np.array_equal(applied("cv2.filter2D", kernel=kernel), cv2.filter2D(PICTURE, -1, weights))
        assert np.array_equal(applied("scipy.ndimage.convolve", kernel=kernel), ndimage.convolve(PICTURE, weights))
        expected = signal.convolve2d(PICTURE.astype(float), weights, mode="same")
        assert np.array_equal(applied("scipy.signal.convolve2d", kernel=kernel, suffix="npy"), expected)


def test_like_keeps_transparency_and_colour():
    with_alpha = np.dstack([COLOUR, np.full(COLOUR.shape[:2], 77, np.uint8)])
    made = applied("cv2.filter2D", with_alpha)
    assert (made[:, :, 3] == 77).all()
    assert np.array_equal(made[:, :, :3], applied("cv2.filter2D", COLOUR))


def test_like_says_what_its_numbers_lose():
    image = write_picture("image.png", np.array([[0, 100, 200]], np.uint8))
    for name, done in {"cv2.filter2D": "are cut off at", "scipy.ndimage.correlate": "wrap around within"}.items():
        said = " ".join(run("apply", image, "[2]", "--like", name, "-o", "out.png").stderr.split())
        assert f"33.33% of the pixels {done} 0..255, as {name} does (the values run from 0 to 400)" in said
        assert "1 row x 3 columns, 1 channel, uint8" in said
    assert "of the pixels" not in run("apply", image, "[1]", "--like", "cv2.filter2D", "-o", "out.png").stderr


def test_like_names_its_outputs():
    for name in ("a.png", "b.png"):
        write_picture(name, PICTURE)
    assert run("apply", "a.png", "b.png", "box", "--like", "cv2.filter2D", "-o", "out/").exit_code == 0
    assert np.array_equal(
        np.asarray(Image.open("out/a-cv2.filter2D.png")), np.asarray(Image.open("out/b-cv2.filter2D.png"))
    )


def test_like_troubles():
    image = write_picture("image.png", PICTURE)
    assert "--boundary has no effect beside --like, which sets it" in trouble(
        run("apply", image, "box", "--like", "cv2.filter2D", "--boundary", "edge")
    )
    assert "--correlate/--convolve has no effect beside --like, which sets it" in trouble(
        run("apply", image, "box", "--convolve", "--like", "cv2.filter2D")
    )
    assert "takes kernels of 3x3, 5x5" in trouble(run("apply", image, "box:size=7", "--like", "PIL.ImageFilter.Kernel"))
    assert "did you mean" in trouble(run("apply", image, "box", "--like", "filter2d"))
    assert "given twice" in trouble(run("compare", image, "box", "--like", "cv2.filter2D"))
    full = "torch.nn.functional.conv_transpose2d"
    sizes = trouble(run("compare", image, "box", "--like", "cv2.filter2D", "--like", full))
    assert "only results of one size can be compared" in sizes


@pytest.mark.parametrize(
    "name",
    [
        "PIL.ImageFilter.Kernel",
        "ffmpeg.convolution",
        "cv2.filter2D",
        "scipy.signal.convolve2d",
        "torch.nn.functional.conv2d",
        "vips.conv",
    ],
)
def test_explain_ends_in_the_pixel_that_apply_writes(name):
    kernels = (
        [KERNEL] if name in {"PIL.ImageFilter.Kernel", "ffmpeg.convolution"} else [KERNEL, "[0.25 0.5; 0.75 -0.25]"]
    )
    for kernel in kernels:
        made = applied(name, COLOUR, kernel)
        for row, column, channel in ((0, 0, 0), (0, 7, 1), (11, 13, 2), (5, 6, 1)):
            document = json.loads(
                run(
                    *("explain", "image.png", kernel, "--at", f"{row},{column}", "--channel", str(channel)),
                    *("--like", name, "--json"),
                ).stdout
            )
            assert document["pixel"] == made[row, column, channel]
            assert document["dtype"] == "uint8"


def test_explain_says_what_the_library_does():
    write_picture("gray.png", np.arange(20, dtype=np.uint8).reshape(4, 5))
    result = run("explain", "gray.png", "[0 0 1; 0 2 0; 0 0 0]", "--at", "1,1", "--like", "PIL.ImageFilter.Kernel")
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "output pixel at row 1, column 1",
        "gray (4 rows x 5 columns); [0 0 1; 0 2 0; 0 0 0] (3x3), like",
        "PIL.ImageFilter.Kernel, neither: kernel flipped top to bottom",
        "border unfiltered; divided by the sum, sum 0: zero; same type, rounded half-up,",
        "saturates",
        "",
        "the kernel as PIL.ImageFilter.Kernel lays it:",
        "   0  0  0",
        "   0 [2] 0",
        "   0  0  1",
        "",
        "pixel at",
        "row,column   value   weight   product",
        "─" * 37,
        "0,0              0        0         0",
        "0,1              1        0         0",
        "0,2              2        0         0",
        "1,0              5        0         0",
        "1,1              6      [2]        12",
        "1,2              7        0         0",
        "2,0             10        0         0",
        "2,1             11        0         0",
        "2,2             12        1        12",
        "[ ] the anchor, over the output pixel",
        "",
        "sum: 2·6 + 12 = 24",
        "",
        "                                      PIL.ImageFilter.Kernel",
        "─" * 60,
        "sum of the products                                       24",
        "divided by the sum of the kernel, 3                        8",
        "rounded half-up, kept within uint8                         8",
        "pixel (uint8, within 0..255)                               8",
    ]
    border = run("explain", "gray.png", "sobel", "--at", "0,1", "--like", "PIL.ImageFilter.Kernel", "-o", "border.png")
    assert "does not filter such pixels: it copies the input's pixel" in " ".join(border.stdout.split())
    assert "border.png" in border.stderr
    assert run("explain", "gray.png", "sobel", "--at", "1,1", "--like", "cv2.filter2D", "-o", "in.png").exit_code == 0
    beside = trouble(run("explain", "gray.png", "box", "--at", "1,1", "--like", "cv2.filter2D", "--bias", "3"))
    assert "--bias has no effect beside --like, which sets it" in beside


def test_explain_keeps_a_librarys_numbers_in_arrays():
    write_picture("whole.npy", np.arange(12, dtype=np.uint8).reshape(3, 4))
    document = json.loads(
        run("explain", "whole.npy", "[0.5 0.25]", "--at", "1,1", "--like", "scipy.ndimage.correlate", "--json").stdout
    )
    assert (document["sum"], document["pixel"], document["dtype"]) == (0.5 * 4 + 0.25 * 5, 3, "uint8")


@pytest.mark.parametrize("name", ["cv2.filter2D", "scipy.ndimage.correlate", "mahotas.convolve"])
def test_true_and_false_count_as_one_and_zero(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    truth = np.random.default_rng(4).random((6, 7)) > 0.5
    np.save("truth.npy", truth)
    np.save("counts.npy", truth.astype(np.float64))
    for image in ("truth", "counts"):
        done = run("apply", f"{image}.npy", "[1 2 0; 3 -4 5]", "--like", name, "-o", f"{image}-made.npy")
        assert ("true and false are taken as 1 and 0" in done.stderr) == (image == "truth")
    assert_array_equal(np.load("truth-made.npy"), np.load("counts-made.npy"))
    for words in ("explain truth.npy box --at 1,2", "compare truth.npy box --like matlab.conv2"):
        assert run(*words.split(), "--like", name).exit_code == 0
