"""Kernels in source code: C, OpenCV, PyTorch, Java, SVG and GIMP, read strictly and written so that they read back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from corrconv.core.kernel import Kernel
from corrconv.core.notation import parse_kernel, write_kernel
from corrconv.core.terms import Notation
from corrconv.core.zoo import zoo_kernel
from corrconv.errors import KernelError, NotationError

CODE = (Notation.C, Notation.OPENCV, Notation.TORCH, Notation.JAVA, Notation.SVG)
FINITE = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True, width=64)
WEIGHTS = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5), elements=FINITE)


@pytest.mark.parametrize("notation", CODE)
@given(weights=WEIGHTS)
def test_what_is_written_reads_back_to_the_last_bit(notation, weights):
    kernel = Kernel(weights, "lower" if notation is Notation.JAVA else "center")
    back = parse_kernel(write_kernel(kernel, notation))
    assert np.array_equal(back.weights, kernel.weights)
    assert back.anchor == kernel.anchor


@pytest.mark.parametrize("notation", [Notation.SVG, Notation.GIMP])
@given(weights=WEIGHTS, place=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)))
def test_every_anchor_is_held(notation, weights, place):
    anchor = (int(place[0] * weights.shape[0]), int(place[1] * weights.shape[1]))
    kernel = Kernel(weights, anchor)
    fits = all(cell <= 2 and side - 1 - cell <= 2 for side, cell in zip(weights.shape, anchor, strict=True))
    if notation is Notation.GIMP and not fits:
        with pytest.raises(KernelError, match="GIMP's grid of 5x5"):
            write_kernel(kernel, notation)
        return
    back = parse_kernel(write_kernel(kernel, notation))
    assert np.array_equal(back.weights, kernel.weights)
    assert back.anchor == anchor


def test_letters_are_columns_in_gimp_and_lists_run_down_them():
    assert parse_kernel("gegl:convolution-matrix b3=1 d3=2 c2=3 normalize=false").weights.tolist() == [
        [0, 3, 0],
        [1, 1, 2],  # c3 is 1 where nothing else is said
    ]
    cells = "0 0 0 0 0  0 1 4 7 0  0 2 5 8 0  0 3 6 9 0  0 0 0 0 0"
    for listed in (f"#({cells})", f"'({cells})", f"(vector {cells})", f"'#({cells})"):
        found = parse_kernel(f"(plug-in-convmatrix 1 image (car layer) 25 ;cells\n{listed} FALSE 2 0 5 #(1 1) 0)")
        assert (found.weights[1:4, 1:4] * 2).tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    normalized = parse_kernel("gegl:convolution-matrix b3=1 c3=2 d3=1 divisor=7 border=loop")
    assert normalized.weights.tolist() == [[0.25, 0.5, 0.25]]  # by the sum, which is what normalize=true does


BLUR = Kernel(np.outer([1, 2, 1], [1, 2, 1]) / 16)


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        (Notation.C, "const double kernel[1][3] = {\n    {0.25, 0.5, 0.25},\n};"),
        (Notation.OPENCV, "cv::Mat kernel = (cv::Mat_<double>(1, 3) << 0.25, 0.5, 0.25);"),
        (Notation.TORCH, "torch.tensor([[1, 2, 1]], dtype=torch.float64) / 4"),
        (Notation.JAVA, "new Kernel(3, 1, new float[] {0.25f, 0.5f, 0.25f})"),
        (
            Notation.SVG,
            '<feConvolveMatrix order="3 1" kernelMatrix="1 2 1" divisor="4" targetX="1" targetY="0"'
            ' preserveAlpha="true"/>',
        ),
        (
            Notation.GIMP,
            "gegl:convolution-matrix b3=1 c3=2 d3=1 divisor=4 normalize=false alpha-weight=false",
        ),
    ],
)
def test_the_text_of_each(notation, text):
    assert write_kernel(Kernel([[0.25, 0.5, 0.25]]), notation) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{1, 2, 3}, {4, 5, 6}}",
        "float k[2][3] = { {1.f, 2.0f, 3.F}, /* middle */ {4, 5L, 6,}, };  // done",
        "static const int kernel[][3] = {{1,2,3},{4,5,6}};",
        "double k[2][3] = {1, 2, 3, 4, 5, 6};",
        "(cv::Mat_<float>(2, 3) << 1, 2, 3, 4, 5, 6)",
        "cv::Mat kernel = (Mat_<int>(2,3) << 1, 2, 3,\n 4, 5, 6);",
        "Mat_<double>(2, 3) << 1,2,3,4,5,6",
        "(cv::Mat_<float>(2, 3) << 2, 4, 6, 8, 10, 12) / 2",
        "torch.tensor([[1., 2., 3.], [4., 5., 6.]])",
        "tensor([[1., 2., 3.],\n        [4., 5., 6.]], dtype=torch.float64)",
        "<feConvolveMatrix order='3,2' kernelMatrix='1 2 3, 4 5 6' divisor='1' targetX='1' targetY='0'/>",
        '<svg><filter id="f"><feConvolveMatrix in="SourceGraphic" order="3 2" divisor="2" targetX="1" targetY="0"\n'
        ' kernelMatrix="2 4 6 8 10 12" edgeMode="none" preserveAlpha="true"></feConvolveMatrix></filter></svg>',
    ],
)
def test_what_people_write(text):
    assert np.array_equal(parse_kernel(text).weights, [[1, 2, 3], [4, 5, 6]])
    assert parse_kernel(text).anchor == (1, 1)


def test_java_and_svg_have_anchors_of_their_own():
    java = parse_kernel("Kernel k = new java.awt.image.Kernel(2, 1, new float[]{1f, 2f});")
    assert java.weights.tolist() == [[1, 2]]
    assert java.anchor == (0, 0)
    svg = parse_kernel('<feConvolveMatrix order="2" kernelMatrix="1 2 3 4"/>')
    assert svg.anchor == (0, 0)  # target 1,1, counted from the other end
    assert svg.weights.tolist() == [[0.1, 0.2], [0.3, 0.4]]  # divided by the sum, as nothing else is said
    assert parse_kernel('<feConvolveMatrix kernelMatrix="1 0 -1 2 0 -2 1 0 -1"/>').weights[1].tolist() == [2, 0, -2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{1, 2, 3, 4}", "one list of cells without its sides"),
        ("{{1, 2}, {3}}", "1 cell where the rows above have 2"),
        ("{{1, 2}, {3, 4}", "expected '}' after the rows"),
        ("{{{1}}}", "a kernel has two dimensions"),
        ("float k[2][2] = {{1, 2, 3}, {4, 5, 6}};", "the brackets say 2 cells and 3 follow"),
        ("float k[2][2][2] = {{1, 2}, {4, 5}};", "an array of 3 dimensions"),
        ("{{1/9, 2}}", "divides whole numbers, which cuts off; write 1.0/9"),
        ("{{1, 2}} + 3", "after the kernel"),
        ("{{1, a}}", "is not a number"),
        ("(cv::Mat_<float>(2, 2) << 1, 2, 3)", "2 rows of 2 are 4 cells, and 3 stand there"),
        ("(cv::Mat_<float>(1, 2) << 1, 2", "is never closed"),
        ("(cv::Mat_<int>(1, 2) << 0.5, 2)", "keeps whole numbers only; write Mat_<double>"),
        ("(cv::Mat_<int>(1, 2) << 1, 2) / 3", "keeps whole numbers only"),
        ("cv::Mat_<float> k(2, 2)", "not OpenCV's"),
        ("new Kernel(2, 2, new float[]{1f, 2f, 3f})", "2 rows of 2 are 4 cells"),
        ("new Kernel(2, 1, new float[]{1f, 2f}", "expected ')'"),
        ("new Kernel(2, 1, values)", "not Java's"),
        ('<feConvolveMatrix order="2" kernelMatrix="1 2 3"/>', "2 rows of 2 are 4 cells"),
        ('<feConvolveMatrix order="2"/>', "kernelMatrix is missing"),
        ('<feConvolveMatrix order="1" kernelMatrix="1" bias="0.5"/>', "a bias, which no kernel has"),
        ('<feConvolveMatrix order="1" kernelMatrix="1" targetX="1"/>', "targetX 1 lies outside the 1 cells"),
        ('<feConvolveMatrix order="1" kernelMatrix="1" spin="0.5"/>', "spin is not read here"),
        ('<feConvolveMatrix order="1" kernelMatrix="1"/><feConvolveMatrix order="1" kernelMatrix="2"/>', "2 elements"),
        ('<feConvolveMatrix order="1 1 1" kernelMatrix="1"/>', "order is one number, or columns and rows"),
        ('<feConvolveMatrix order="1" order="1" kernelMatrix="1"/>', "stands there twice"),
        ('<feConvolveMatrix order="2 1" kernelMatrix="1,,2"/>', "a comma without a number"),
        (
            "gegl:convolution-matrix b3=-1 d3=1 c3=0",
            "normalize adds to the results where the cells' sum is not positive",
        ),
        ("gegl:convolution-matrix c3=2 offset=0.5 normalize=false", "an offset, which no kernel has"),
        ("gegl:convolution-matrix c3=2 normalize=bogus", "says neither yes nor no"),
        ("gegl:convolution-matrix c3=2 divisor=0 normalize=false", "the divisor 0 divides by zero"),
        ("gegl:convolution-matrix c3=2 f1=1", "'f1=1' is not read here"),
        ("gegl:convolution-matrix c3=2 c3=1", "c3 stands there twice"),
        ("gegl:convolution-matrix c3=", "'c3=' is not read here"),
        ("gegl:convolution-matrix c3=x normalize=false", "is not a number"),
        ("gegl:blur gegl:convolution-matrix c3=1", "expected gegl:convolution-matrix and its cells"),
        ("(plug-in-convmatrix 1 image layer 25 matrix FALSE 1 0)", "without its cells"),
        ("(plug-in-convmatrix 1 image layer 25 #(1 2 3) FALSE 1 0)", "3 cells where 25 belong"),
        (f"(plug-in-convmatrix 1 i l 25 #({'1 ' * 25}) FALSE 25 128)", "an offset, which no kernel has"),
        (f"(plug-in-convmatrix 1 i l 25 #({'1 ' * 25}) FALSE 0 0)", "the divisor 0 divides by zero"),
        (f"(plug-in-convmatrix 1 i l 25 #({'1 ' * 25}))", "expected alpha-alg, divisor and offset"),
        ("torch.tensor([[[[1, 2]]]])", "a kernel has two dimensions"),
        ("torch.tensor([1, 2])", "an array needs rows in brackets of their own"),
        ("torch.tensor([[1, 2]], device='cuda')", "expected ')' after the rows"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(NotationError) as caught:
        parse_kernel(text, where="k.txt")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_json_is_still_json():
    assert parse_kernel('{"kernel": [[1, 2]]}').weights.tolist() == [[1, 2]]
    with pytest.raises(NotationError, match="is missing"):
        parse_kernel("{}")


def test_anchors_that_are_not_held_are_refused():
    moved = Kernel([[1, 2, 3]], (0, 0))
    for notation in (Notation.C, Notation.OPENCV, Notation.TORCH):
        with pytest.raises(KernelError, match="holds no anchor"):
            write_kernel(moved, notation)
    with pytest.raises(KernelError, match="Java's Kernel"):
        write_kernel(Kernel([[1, 2], [3, 4]]), Notation.JAVA)


NEAR_CODE = st.text(alphabet="{}[]()<>=,; \n/*kfdMat_:1.5-e\"'", max_size=40)
OPENINGS = (
    "{{",
    "double k[2][2] = {",
    "(cv::Mat_<float>(1, 2) <<",
    "new Kernel(1, 1, new float[]{",
    "<feConvolveMatrix ",
    "gegl:convolution-matrix c3=",
    "(plug-in-convmatrix 1 i l 25 #(",
)


@given(opening=st.sampled_from(OPENINGS), text=NEAR_CODE)
def test_any_code_is_a_kernel_or_one_clear_line(opening, text):
    found = outcome(opening + text)
    if isinstance(found, Kernel):
        assert np.isfinite(found.weights).all()
    else:
        assert str(found).startswith("k.txt")
        assert str(found).isprintable()


def outcome(text):
    try:
        return parse_kernel(text, where="k.txt")
    except NotationError as error:
        return error


LAID = {"3x3": [[1, 2, 0], [3, 4, 1], [0, 2, -1]], "2x4": [[1, 2, 3, 4], [5, 6, 7, -8]], "2x2": [[1, 2], [3, 5]]}


@pytest.mark.browser
@pytest.mark.parametrize("weights", LAID.values(), ids=LAID)
def test_a_browser_convolves_by_what_is_written(weights, tmp_path):
    """The filter turns the kernel: its result is that of our convolution, by the same anchor, inside."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium here")
    from corrconv import convolve

    kernel = Kernel(np.array(weights) / 30)
    image = np.random.default_rng(2).integers(0, 200, (9, 11))
    pixels = "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1" fill="rgb({v},{v},{v})"/>' for (y, x), v in np.ndenumerate(image)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="11" height="9" shape-rendering="crispEdges">'
        '<filter id="f" x="0" y="0" width="11" height="9" filterUnits="userSpaceOnUse"'
        ' color-interpolation-filters="sRGB">'
        f'{write_kernel(kernel, Notation.SVG)}</filter><g filter="url(#f)">{pixels}</g></svg>'
    )
    script = (
        f"const s={json.dumps(svg)};const i=new Image();i.onload=()=>{{const c=document.createElement('canvas');"
        "c.width=11;c.height=9;const x=c.getContext('2d');x.drawImage(i,0,0);"
        "document.body.textContent='R'+Array.from(x.getImageData(0,0,11,9).data).filter((v,k)=>k%4==0).join(',')+'E'};"
        "i.src='data:image/svg+xml,'+encodeURIComponent(s);"
    )
    (tmp_path / "page.html").write_text(f"<body><script>{script}</script></body>")
    shown = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"),
            *(f"--user-data-dir={tmp_path}/profile", (tmp_path / "page.html").as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    found = re.search(r"R([0-9,]+)E", shown)
    if found is None:
        pytest.skip("chromium draws nothing here")
    result = np.array(found[1].split(","), int).reshape(9, 11)
    expected = np.clip(convolve(image.astype(float), kernel, boundary="edge"), 0, 255)
    assert np.abs(result - expected)[2:-2, 2:-3].max() <= 1


def test_zoo_kernels_go_through_every_notation():
    for name in ("sobel", "gaussian:sigma=2", "laplacian", "box:size=5"):
        for notation in CODE:
            assert np.array_equal(
                parse_kernel(write_kernel(zoo_kernel(name), notation)).weights, zoo_kernel(name).weights
            )


@pytest.mark.parametrize("word", ["no", "0", "FALSE", "false", "off"])
def test_all_words_by_which_gegl_says_no_are_read(word: str) -> None:
    assert parse_kernel(f"gegl:convolution-matrix b3=1 c3=3 normalize={word}").weights.tolist() == [[1, 3]]
