"""What a notebook shows: short texts, pictures that can be decoded, and the page on request."""

from __future__ import annotations

import html
import json
import sys
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from corrconv import CorrconvError, Kernel, compare, correlate, load_kernel
from corrconv.commands.compare.study import Comparison
from corrconv.commands.explain.study import explain_pixel
from corrconv.commands.laws.study import check_laws
from corrconv.commands.learn.study import learn_kernel
from corrconv.commands.match.study import match_template
from corrconv.core.options import Options
from corrconv.notebook import DRAWINGS, MOST_PANELS, TEXTS

if TYPE_CHECKING:
    from pathlib import Path

NOISE = np.random.default_rng(2).integers(0, 256, (14, 17), dtype=np.uint8)
EMBOSS = load_kernel("emboss")
ANSWERS = {
    "Kernel": lambda: EMBOSS,
    "Comparison": lambda: compare(NOISE, EMBOSS, load_kernel("box")),
    "Explanation": lambda: explain_pixel(NOISE[:, :, np.newaxis], EMBOSS, Options(), at=(0, 3)),
    "Laws": lambda: check_laws(NOISE, EMBOSS, EMBOSS, Options(boundary="constant", output_size="full")),
    "Matching": lambda: match_template(NOISE, NOISE[3:8, 4:9]),
    "LearnedKernel": lambda: learn_kernel(NOISE, correlate(NOISE, EMBOSS), (3, 3)),
}


def test_every_answer_is_tried_here() -> None:
    assert ANSWERS.keys() == TEXTS.keys() == DRAWINGS.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_shown_as_a_few_lines_and_as_a_picture(name: str) -> None:
    answer = ANSWERS[name]()
    assert type(answer).__name__ == name
    assert 0 < len(repr(answer)) < 250
    assert repr(answer).count("\n") <= 2
    with Image.open(BytesIO(answer._repr_png_() or b"")) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 100


def test_what_the_texts_say() -> None:
    assert repr(EMBOSS) == (
        "emboss: 3x3, anchor 1,1, sum 1\nit is not its half-turn, so correlation and convolution differ"
    )
    assert "they differ; which of the two you mean matters" in repr(compare(NOISE, EMBOSS))
    account = explain_pixel(NOISE[:, :, np.newaxis], EMBOSS, Options(), at=(0, 3))
    assert f"correlation {account.correlation.value:.0f}" in repr(account)


def test_nothing_is_raised_whatever_a_value_holds() -> None:
    broken = object.__new__(Kernel)
    assert repr(broken).startswith("<corrconv.core.kernel.Kernel object")
    assert broken._repr_png_() is None
    without = Comparison(Options(), ())
    assert without._repr_png_() is None
    with pytest.raises(CorrconvError, match="holds no image"):
        without.page()


def test_of_many_kernels_some_are_drawn() -> None:
    heights = []
    for count in (1, MOST_PANELS, MOST_PANELS + 3):
        with Image.open(BytesIO(compare(NOISE, *[EMBOSS] * count)._repr_png_() or b"")) as picture:
            heights.append(picture.height)
    assert heights[0] < heights[1] == heights[2]


def test_the_page_stands_in_a_frame_that_reaches_nothing() -> None:
    shown = compare(NOISE, EMBOSS).page()._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts" ')
    text = html.unescape(shown.split('srcdoc="')[1].removesuffix('"></iframe>'))
    assert text.startswith("<!DOCTYPE html>")
    assert "emboss: they differ" in text


def test_a_real_notebook_shows_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    preprocessors = pytest.importorskip("nbconvert.preprocessors")
    pytest.importorskip("ipykernel")
    kernels = tmp_path / "kernels" / "tested"
    kernels.mkdir(parents=True)
    launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": launch, "display_name": "tested", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    cells = [
        "import numpy as np, corrconv",
        "kernel = corrconv.load_kernel('emboss'); kernel",
        "comparison = corrconv.compare(np.arange(300).reshape(15, 20), kernel); comparison",
        "comparison.page()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    preprocessors.ExecutePreprocessor(timeout=120, kernel_name="tested").preprocess(notebook)
    kinds = [{kind for output in cell.outputs for kind in output.get("data", {})} for cell in notebook.cells]
    assert kinds == [set(), {"text/plain", "image/png"}, {"text/plain", "image/png"}, {"text/plain", "text/html"}]
