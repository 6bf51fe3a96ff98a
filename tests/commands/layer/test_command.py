"""corrconv layer: sizes, maps, one output, gradients, the matrix, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shell import run, trouble, write_picture

import corrconv


def document(*arguments):
    result = run("layer", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shown(*arguments):
    result = run("layer", *arguments)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    return result.stdout


def test_sizes_need_no_picture_and_show_the_formula_with_its_numbers():
    text = shown("8x8", "3x5", "--padding", "0,1", "--stride", "3,4")
    assert "(8 + 0 + 0 - 3) // 3 + 1 = 5 // 3 + 1 = 2" in text
    assert "(8 + 1 + 1 - 5) // 4 + 1 = 5 // 4 + 1 = 2" in text
    assert "15 parameters (16 with a bias for each filter); 60 multiplications" in text
    assert "output 1           ■ ■ ■\nnever read: 6, 7" in text
    found = document("8x8", "3x5", "--padding", "0,1", "--stride", "3,4")
    assert found["version"] == 1
    assert (found["input"], found["output"]) == ([1, 8, 8], [1, 2, 2])
    assert (found["parameters"], found["multiplications"], found["receptive_field"]) == (15, 60, [3, 5])
    (layer,) = found["layers"]
    assert layer["padding"] == [[0, 0], [1, 1]]
    assert layer["never_read"] == {"rows": [6, 7], "columns": []}


def test_the_drawing_shows_where_each_cell_lies():
    text = shown("1x9", "1x3", "--dilation", "2", "--stride", "3", "--padding", "0,0,1,1")
    lines = [
        "             · 0 1 2 3 4 5 6 7 8 ·",
        "output 0     ■   ■   ■",
        "output 1           ■   ■   ■",
        "output 2                 ■   ■   ■",
        "never read: 0, 8",
    ]
    assert "\n".join(lines) in text
    text = shown("1x3", "1x3", "--transposed", "--stride", "2", "--padding", "0,0,1,0", "--output-padding", "0,1")
    lines = [
        "             × 0 1 2 3 4 5 6",
        "input 0      ■ ■ ■",
        "input 1          ■ ■ ■",
        "input 2              ■ ■ ■",
        "writes       1 1 2 1 2 1 1 0",
    ]
    assert "\n".join(lines) in text


def test_layers_in_a_row():
    found = document("3x32x32", "16x3x3", "--padding", "1", "--then", "max:2", "--then", "32x3x3 --stride 2 --bias 1")
    assert [layer["output"] for layer in found["layers"]] == [[16, 32, 32], [16, 16, 16], [32, 7, 7]]
    assert found["parameters"] == 16 * 27 + 32 * 16 * 9 + 32
    assert [layer["total_stride"] for layer in found["layers"]] == [[1, 1], [2, 2], [4, 4]]
    text = shown("3x32x32", "16x3x3", "--padding", "1", "--then", "max:2", "--then", "32x3x3 --stride 2")
    assert "8x8" in text
    assert "layer 3 (9x9): the kernel spans 9" in trouble(
        run("layer", "8x8", "1x3x3", "--then", "max:2", "--then", "9x9")
    )


def test_maps_are_those_of_the_library():
    picture = write_picture("photo.png")
    pixels = np.asarray(Image.open(picture))
    result = run(
        "layer", picture, "sobel", "box:size=3@0+laplacian@2", "--stride", "2", "--bias", "1,2", "-o", "out.npy"
    )
    assert (result.exit_code, result.stderr) == (0, "out.npy: 1x2x5x4\n")
    sobel, box, laplacian = (corrconv.load_kernel(name).weights for name in ("sobel", "box:size=3", "laplacian"))
    weights = np.array([[sobel] * 3, [box, np.zeros((3, 3)), laplacian]])
    images = np.moveaxis(pixels, -1, 0)[np.newaxis]
    assert (np.load("out.npy") == corrconv.layer(images, weights, stride=2, bias=[1, 2])).all()
    run("layer", picture, "sobel", "--convolve", "-o", "turned.npy")
    assert (np.load("turned.npy") == corrconv.layer(images, weights[:1], operation="convolution")).all()


@pytest.mark.parametrize("name", ["w.npy", "w.npz", "w.json"])
def test_weights_from_files(name):
    weights, bias = np.arange(24).reshape(2, 3, 2, 2), np.array([5, 7])
    if name == "w.npy":
        np.save(name, weights)
    elif name == "w.npz":
        np.savez(name, weights=weights, bias=bias)
    else:
        Path(name).write_text(json.dumps({"weights": weights.tolist(), "bias": bias.tolist()}))
    picture = write_picture("photo.png")
    run("layer", picture, name, "-o", "out.npy", "-q")
    images = np.moveaxis(np.asarray(Image.open(picture)), -1, 0)[np.newaxis]
    expected = corrconv.layer(images, weights, bias=None if name == "w.npy" else bias)
    assert (np.load("out.npy") == expected).all()
    # Several pictures at once, in the order of deep-learning libraries.
    np.save("batch.npy", np.concatenate([images, images[:, ::-1]]))
    run("layer", "batch.npy", name, "-o", "both.npy", "-q")
    assert np.load("both.npy").shape == (2, *expected.shape[1:])


def test_one_output_spelled_out():
    text = shown("[1 2 3; 4 5 6; 7 8 9]", "[1 2; 3 4]", "--padding", "1", "--at", "0,1", "--bias", "10")
    assert "correlation: 1·0 + 2·0 + 3·1 + 4·2 + 10 = 21" in text
    assert "convolution: 4·0 + 3·0 + 2·1 + 1·2 + 10 = 14" in text
    assert "-1,0 padding" in text
    found = document("[1 2 3; 4 5 6; 7 8 9]", "[1 2; 3 4]", "--at", "1,1")["output_at"]
    assert found["results"] == {"correlation": 5 + 12 + 24 + 36, "convolution": 20 + 18 + 16 + 9}
    assert found["channels"][0]["terms"][0]["place"] == [1, 1]


def test_mixing_channels_and_depthwise_are_visible():
    picture = write_picture("photo.png", np.full((4, 4, 3), (10, 20, 30), np.uint8))
    text = shown(picture, "[1]@0+[2]@1+[3]@2", "--at", "0,0")
    assert "correlation: (1·10) + (2·20) + (3·30) = 140" in text
    assert "depthwise" in shown(picture, "box", "box", "box", "--groups", "3")


def test_the_way_back():
    found = document("[1 2 3]", "[10 20]", "--backward")["gradients"]
    assert found["input"]["values"] == [10, 30, 20]
    assert found["weights"]["values"] == [3, 5]
    assert found["bias"]["values"] == [2]
    for name in ("input", "weights", "bias"):
        assert found[name]["max_relative_error"] == 0
        assert found[name]["formula"]
    assert found["input"]["shape"] == [1, 1, 1, 3]
    np.save("upstream.npy", np.array([[[[1, 100]]]]))
    result = run("layer", "[1 2 3]", "[10 20]", "--upstream", "upstream.npy", "--gradients", "g.npz")
    assert result.exit_code == 0
    with np.load("g.npz") as arrays:
        assert arrays["images"].tolist() == [[[[10, 1020, 2000]]]]
        assert arrays["weights"].tolist() == [[[[201, 302]]]]
        assert arrays["bias"].tolist() == [101]
    text = shown("[1 2 3; 4 5 6]", "[1 2]", "--backward")
    assert "full convolution" in text
    assert "laid backward" in text
    assert "full correlation" in shown("[1 2 3; 4 5 6]", "[1 2]", "--backward", "--convolve")


def test_transposed():
    text = shown("[1 2; 3 4]", "[1 2 3; 4 5 6; 7 8 9]", "--transposed", "--stride", "2")
    assert "writes       1 1 2 1 1" in text
    assert "checkerboard" in text
    assert "10 14 36 24 30" in text
    assert "checkerboard" not in shown("[1 2; 3 4]", "[1 2; 3 4]", "--transposed", "--stride", "2")
    shown("8x8", "3x3", "--transposed", "--stride", "2", "--output-padding", "1")


def test_the_matrix():
    text = shown("[1 2; 3 4]", "[1 2; 3 4]", "--matrix", "--padding", "1,0,0,0")
    assert " 3 4 | . .\n-----+-----\n 1 2 | 3 4" in text
    assert "Toeplitz" in text
    found = document("2x3", "1x2", "--matrix")["matrix"]
    assert found["shape"] == [4, 6]
    assert found["entries"][:2] == [[0, 0, 1], [0, 1, 2]]
    assert found["transposes"] is True


def test_pictures_are_drawn():
    picture = write_picture("photo.png")
    for arguments in (
        (picture, "sobel", "box"),
        ("10x12", "3x5", "--padding", "0,1", "--stride", "3,4"),
        ("8x8", "3x3", "--transposed", "--stride", "2"),
        ("6x6", "3x3", "--matrix"),
    ):
        assert run("layer", *arguments, "-o", "drawn.png").exit_code == 0
        with Image.open("drawn.png") as drawn:
            assert min(drawn.size) > 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("8x8", "9x9"), "the kernel spans 9 pixels where the picture has 8"),
        (("8x8", "0x3"), "has a side of 0"),
        (("8x8", "max:0"), "0x0 has a side of 0"),
        (("8x8", "3x3", "--then", "mean:2x0"), "2x0 has a side of 0"),
        (("1x2x3x4", "3x3"), "has 4 sides"),
        (("8x8", "3x9x3x3"), "read 9 channels, and the picture has 1"),
        (("8x8", "sobel", "box:size=5"), "need one size, and these have 3x3 and 5x5"),
        (("8x8", "[1]@0+[2]"), "every kernel of this filter needs the channels"),
        (("8x8", "[1]@3"), "filter 0 cannot read channel 3"),
        (("8x8", "3x3", "--padding", "some"), "'some' is not N, ROWS,COLUMNS"),
        (("8x8", "4x4", "--padding", "same"), "choose one of these"),
        (("8x8", "3x3", "--bias", "a"), "is not a number"),
        (("8x8", "3x3", "--bias", "1,2"), "2 biases for 1 filters"),
        (("8x8", "3x3", "--at", "0,0"), "only a shape; give weights"),
        (("8x8", "sobel", "--at", "0,0"), "8x8 is only a size"),
        (("8x8", "3x3", "-o", "out.npy"), "only a size"),
        (("8x8", "3x3", "--filter", "1"), "--filter has no effect without --at"),
        (("8x8", "3x3", "--upstream", "u.npy"), "--upstream has no effect without --backward"),
        (("8x8", "3x3", "--at", "0,0", "--matrix"), "one at a time"),
        (("[1 2]", "[1]", "--at", "0,0", "-o", "x.png"), "has no effect beside --at"),
        (("[1 2]", "[1]", "--gradients", "x.npy"), "name a .npz"),
        (("[1 2]", "[1]", "--backward", "--upstream", "nowhere.npy"), "no .npy with 4 dimensions"),
        (("8x8", "max:2", "--groups", "2"), "pooling reads each channel by itself"),
        (("8x8", "3x3", "--output-padding", "1"), "is not transposed"),
        (("8x8", "3x3", "--then", "3x3 --strid 2"), "--strid"),
        (("8x8", "3x3", "--then", "'3x3"), "--then"),
        (("nowhere.png", "3x3"), "no such file"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments, message):
    assert message in trouble(run("layer", *arguments))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: np.savez("w.npz", a=np.ones(3)), "name the weights 'weights'"),
        (lambda: np.savez("w.npz", weights=np.ones(3)), "1 dimensions; a layer's have 4"),
        (lambda: np.savez("w.npz", weights=np.ones((1, 1, 1, 1)), bias=np.ones((1, 1))), "one number for each filter"),
        (lambda: np.savez("w.npz", weights=np.array([{}])), "Python objects"),
        (lambda: Path("w.npz").write_text("no archive"), "damaged .npz"),
    ],
)
def test_files_that_hold_no_layer(write, message):
    write()
    assert message in trouble(run("layer", "8x8", "w.npz"))
