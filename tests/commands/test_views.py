"""Tables and texts at a fixed width, without colour, and the same facts for scripts."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from rich.console import Console, RenderableType

from corrconv.commands.compare.study import Comparison, compare
from corrconv.commands.compare.view import comparison_document, comparison_table, comparison_verdict
from corrconv.commands.kernel.view import facts_text, kernel_document, kernel_view, zoo_document, zoo_table
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.zoo import ZOO, zoo_kernel
from corrconv.drawing.matrices import factor_text, matrix_text, weight_texts
from corrconv.drawing.numbers import share

NOISE = np.random.default_rng(5).integers(0, 256, (12, 14), dtype=np.uint8)
HEADINGS = ("kernel", "do they", "max", "mean", "RMSE", "PSNR", "differ", "bound")
KERNELS = ("box", "sobel", "emboss", "box:size=2", "motion:length=9,angle=0", "gaussian:sigma=2", "laplacian")


def printed(renderable: RenderableType, width: int = 80) -> str:
    """What a renderable prints where colours are of no use."""
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False, markup=False, emoji=False).print(renderable)
    return stream.getvalue()


def compared(image: Any = NOISE, names: Any = KERNELS, **options: Any) -> Comparison:
    return compare(image, *(zoo_kernel(name) for name in names), options=Options(**options))


def test_the_table_is_this_one() -> None:
    image = np.array([[0, 0, 8, 0, 0]], np.uint8)
    table = comparison_table(compare(image, Kernel([[-1, 0, 1]], name="slope"), Kernel([[3]], name="triple")), "title")
    lines = [line.rstrip() for line in printed(table).splitlines()]
    assert lines == [
        "title",
        "                                                 max           PSNR",
        "kernel          do they coincide?             |diff| mean RMSE   dB differ bound",
        "────────────────────────────────────────────────────────────────────────────────",
        "slope           ± equal but for sign: the         16  6.4 10.1 -2.0  40.0%    16",
        "1x3             half-turn negates the kernel",
        "antisymmetric",
        "triple          = for every image: the kernel      0    0    0    ∞     0%     0",
        "1x1             equals its half-turn",
        "point-symmetric",
    ]


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1, 257, 1e6, 1e9])
@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_their_width_and_hold_every_column(factor: float, width: int) -> None:
    text = printed(comparison_table(compared(NOISE.astype(type(factor)) * factor), "title"), width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert "\x1b" not in text
    assert "…" not in text
    for heading in HEADINGS:
        assert sum(heading in line for line in lines[1:4]) == 1
    # Each measure of each kernel stands there uncut.
    words = text.split()
    for kernel in comparison_document(compared(NOISE.astype(type(factor)) * factor), "x")["kernels"]:
        assert f"{kernel['differing_share']:.1%}" in words or kernel["differing_share"] in {0, 1}
        bound, largest = kernel["bound"], kernel["max_abs_difference"]
        for value in (bound, largest):
            assert any(_is_close(word, value) for word in words), (value, text)


def _is_close(word: str, value: float) -> bool:
    try:
        return abs(float(word) - value) <= 0.006 * abs(value)
    except ValueError:
        return False


def test_every_name_and_answer_can_be_read_at_width_80() -> None:
    text = printed(comparison_table(compared(), "title"))
    columns = [line[:16].strip() for line in text.splitlines()]
    for name in KERNELS:
        assert name in "".join(columns)
    for answer in ("= for every image", "± equal but for sign", "≠ no: symmetric, but", "≠ no: the kernel"):
        assert answer in text
    hidden = printed(comparison_table(compared(np.full((4, 4), 3), ["emboss"]), "title"))
    assert "= on this image only" in hidden


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0%"), (1, "100%"), (1e-9, "0.1%"), (0.5, "50.0%"), (0.99999, "99.9%"), (0.0123, "1.2%")],
)
def test_only_nothing_is_0_percent_and_only_everything_100(value: float, text: str) -> None:
    assert share(value) == text


def test_the_verdict_names_every_kernel_once_under_its_answer() -> None:
    verdict = comparison_verdict(compared(names=("box", "laplacian", "sobel", "emboss", "box:size=2")))
    assert verdict.splitlines() == [
        "box, laplacian: correlation and convolution are the same operation, on every image.",
        "sobel: the same but for the sign of every pixel.",
        "emboss, box:size=2: they differ; which of the two you mean matters.",
        f"PSNR is against {NOISE.max() - NOISE.min()}, the range of this image's pixels.",
    ]
    assert "by accident" in comparison_verdict(compared(np.full((4, 4), 3), ["emboss"]))


def test_the_document_has_the_documented_keys_and_is_json() -> None:
    options = {"boundary": "constant", "fill": 2.0, "anchor": (0, 1), "stride": 2, "dilation": (1, 2)}
    comparison = compared(names=("sobel", "identity:size=3"), **options)
    document = json.loads(json.dumps(comparison_document(comparison, "noise"), allow_nan=False))
    assert set(document) == {"version", "image", "options", "kernels"}
    assert document["image"] == "noise"
    assert document["options"] == {
        "boundary": "constant",
        "fill": 2.0,
        "output_size": "same",
        "anchor": [0, 1],
        "stride": [2, 2],
        "dilation": [1, 2],
    }
    for kernel, entry in zip(document["kernels"], comparison.kernels, strict=True):
        assert set(kernel) == {
            "name",
            "shape",
            "anchor",
            "symmetry",
            "coincide",
            "coincidence",
            "reason",
            "max_abs_difference",
            "mean_abs_difference",
            "rmse",
            "psnr_db",
            "psnr_peak",
            "differing_share",
            "odd_l1",
            "bound",
            "tolerance",
        }
        assert kernel["anchor"] == [0, 1]
        assert kernel["coincide"] is entry.coincidence.equal
        assert kernel["rmse"] == entry.rmse


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_numbers_that_json_has_no_word_for_are_null(spoilt: float) -> None:
    image = NOISE.astype(float)
    image[2:7, 2:7] = spoilt
    for names in (KERNELS, ["box"]):
        json.dumps(comparison_document(compared(image, names), "noise"), allow_nan=False)
    assert comparison_document(compared(names=["box"]), "noise")["kernels"][0]["psnr_db"] is None


# Kernels


def test_a_kernel_is_shown_as_both_operations_lay_it() -> None:
    lines = [line.rstrip() for line in printed(kernel_view(Kernel([[1, 2], [3, 4]], name="corner"))).splitlines()]
    assert lines == [
        "corner, 2x2",
        "",
        "as correlation lays it:",
        "   1  2",
        "   3 [4]",
        "",
        "as convolution lays it, turned by 180 degrees:",
        "  [4] 3",
        "   2  1",
        "",
        "anchor    row 1, column 1 (in brackets)",
        "sum       10; pictures become 10 times as bright, see --normalize",
        "rank      2: a sum of 2 products column times row ('kernel split')",
        "symmetry  neither point-symmetric nor antisymmetric",
        "flips     another when flipped, either way",
        "verdict   differ: it matters which operation you use",
        "even      with an even number of rows and columns no cell is the middle: the",
        "          anchor 1,1 is half a pixel off it, correlation moves the picture one",
        "          way and convolution the other",
    ]


def test_a_symmetric_kernel_is_shown_once() -> None:
    text = printed(kernel_view(zoo_kernel("box")))
    assert text.count("lays it") + text.count("lay it") == 1
    assert "as both operations lay it, times 1/9:" in text
    assert "coincide: both operations give the same for every image" in text


def test_an_even_box_is_said_to_coincide_without_an_anchor() -> None:
    text = printed(facts_text(zoo_kernel("box:size=2")))
    assert "verdict   differ" in text
    assert "but       coincide with output size full or valid, which use no anchor" in text


@pytest.mark.parametrize("name", [*ZOO, "gaussian:sigma=20", "box:size=61"])
def test_every_kernel_of_the_zoo_is_shown_within_80_columns(name: str) -> None:
    text = printed(kernel_view(zoo_kernel(name)))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("[") == text.count("]") >= 1
    assert "\x1b" not in text


def test_wide_kernels_are_shown_by_their_middle_in_straight_rows() -> None:
    kernel = Kernel(np.arange(41 * 43, dtype=float).reshape(41, 43), (20, 21))
    lines = matrix_text(kernel).plain.splitlines()
    assert len(lines) == 15 + 2
    assert lines[0] == lines[-1] == "  ..."
    rows = lines[1:-1]
    assert len({len(row) for row in rows}) == 1
    assert len(rows[0]) <= 80
    assert all(row.startswith("  ...") and row.endswith("...") for row in rows)
    assert f"[ {20 * 43 + 21}]" in rows[7]


def test_of_a_large_kernel_only_what_is_shown_is_written() -> None:
    kernel = Kernel(np.random.default_rng(2).normal(size=(500, 500)))
    tracemalloc.start()
    matrix_text(kernel)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * kernel.weights.nbytes  # every weight as a text would take twelve times as much


def test_an_anchor_in_a_corner_of_a_wide_kernel_is_shown() -> None:
    kernel = Kernel(np.zeros((40, 40)), (39, 0))
    lines = matrix_text(kernel).plain.splitlines()
    assert lines[0] == "  ..."
    assert lines[-1].startswith("  [0]")


@pytest.mark.parametrize(
    ("weights", "factor", "texts"),
    [
        ([[1, -2]], "", [["1", "-2"]]),
        (np.full((1, 2), 1 / 9), ", times 1/9", [["1", "1"]]),
        ([[0.5, 0.25]], ", times 1/4", [["2", "1"]]),
        ([[0.123456789, -1 / np.pi]], "", [["0.1235", "-0.3183"]]),
        ([[1234.5678901, np.pi]], "", [["1235", "3"]]),
        ([[1e-12, np.pi * 1e-12]], "", [["1.000e-12", "3.142e-12"]]),
        ([[0, 0]], "", [["0", "0"]]),
    ],
)
def test_weights_as_people_write_them(weights: Any, factor: str, texts: list[list[str]]) -> None:
    assert factor_text(Kernel(weights)) == factor
    assert weight_texts(Kernel(weights)) == texts


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_of_the_zoo_names_every_kernel_and_fits(width: int) -> None:
    text = printed(zoo_table(ZOO.values()), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for name in ZOO:
        assert any(line.startswith(name) for line in text.splitlines())


def test_kernels_for_scripts_are_json_and_say_what_the_text_says() -> None:
    document = json.loads(json.dumps(kernel_document(zoo_kernel("box:size=2")), allow_nan=False))
    assert document["weights"] == [[0.25, 0.25], [0.25, 0.25]]
    assert document["anchor"] == [1, 1]
    assert (document["symmetry"], document["symmetry_full_or_valid"]) == ("neither", "point-symmetric")
    zoo = json.loads(json.dumps(zoo_document(ZOO.values()), allow_nan=False))
    assert [entry["name"] for entry in zoo["kernels"]] == list(ZOO)
    assert all(entry["source"] and entry["description"] for entry in zoo["kernels"])
