"""The commands probe, diagnose and conventions as people call them."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image
from shell import run, trouble, write_picture

from corrconv.core.terms import Notation
from corrconv.libraries.command_lines import BARE_NOTATIONS
from corrconv.libraries.registry import conventions, library_functions

PICTURE = np.random.default_rng(8).integers(0, 256, (20, 24), dtype=np.uint8)
KERNEL = "[1 2 3; 4 5 6; 7 8 -9]"


def test_probe_known_function():
    result = run("probe", "PIL.ImageFilter.Kernel")
    assert result.exit_code == 0
    assert "explained: 6 fresh uint8 pictures predicted, largest deviation 0" in result.stdout
    assert "neither: kernel flipped top to bottom" in result.stdout
    assert "even sides not taken" in result.stdout
    assert "corrconv apply IMAGE KERNEL --like PIL.ImageFilter.Kernel" in result.stdout


def test_probe_document():
    pytest.importorskip("scipy")
    document = json.loads(run("probe", "scipy.signal.convolve2d", "--set", "boundary=wrap", "--json").stdout)
    assert document["version"] == 1
    assert document["target"] == "scipy.signal.convolve2d mode=same, boundary=wrap"
    assert document["operation"] == "convolution"
    assert document["anchor"] == {"odd": "center", "even": "lower"}
    assert document["boundary"]["left"] == {"rule": "wrap", "fill": None}
    assert (document["output_size"], document["scale"], document["bias"]) == ("same", "raw", 0)
    assert document["linear"] is True
    assert document["explained"] is True
    assert document["equivalent"] == {
        "command": "corrconv apply IMAGE KERNEL --convolve --boundary wrap --anchor lower",
        "python": 'convolve(image, kernel, boundary="wrap", anchor="lower")',
    }
    assert {"rounding", "overflow", "max_deviation", "orientation"} <= set(document)


def test_probe_equivalents_are_true(tmp_path):
    """The printed Python call gives what the target gives."""
    import fakes

    from corrconv.commands.probe.study import probe
    from corrconv.core.filtering import convolve, correlate
    from corrconv.drawing.conventions import equivalent_python
    from corrconv.libraries.target import Target

    targets = [
        lambda image, kernel: (
            fakes.correlation(image, np.flipud(kernel)) if kernel.shape[0] % 2 else fakes.raising(image, kernel)
        ),
        lambda image, kernel: fakes.correlation(image, kernel[::-1, ::-1]) / 4 + 2,
        lambda image, kernel: fakes.correlation(image, kernel) / np.abs(kernel).sum(),
    ]
    image = PICTURE.astype(float)
    for target in targets:
        call = equivalent_python(probe(Target(name="fake", run=target)).convention)
        kernel = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, -9]])
        names = {"image": image, "kernel": kernel, "np": np, "correlate": correlate, "convolve": convolve}
        assert np.allclose(eval(call, names), target(image, kernel), rtol=1e-12)


FAKES = """
import fakes
def bordered(image, kernel):
    return fakes.padded_correlation(image, kernel, *[("constant", 12.3456789)] * 4)
def bright(image, kernel):
    return fakes.padded_correlation(image, kernel, *[("constant", 1234.0625)] * 4)
def wrapped(image, kernel):
    sums = fakes.correlation(image, kernel)
    return fakes.wrapped_around(image, kernel) if image.dtype.kind in "iu" else sums
"""


@pytest.fixture
def shown_lines(tmp_path, monkeypatch):
    """A function that gives the lines shown of a fake as --json and as text; a fake is examined once."""
    from corrconv.commands.probe.study import probe

    examined = {}

    def once(target, **options):
        if target.name not in examined:
            examined[target.name] = probe(target, **options)
        return examined[target.name]

    monkeypatch.setattr("corrconv.commands.probe.study.probe", once)
    return lambda name: lines_of(tmp_path, name)


def lines_of(tmp_path, name):
    (tmp_path / "lines.py").write_text(FAKES)
    document = json.loads(run("probe", f"{tmp_path}/lines.py:{name}", "--json").stdout)
    said = run("probe", f"{tmp_path}/lines.py:{name}").stdout
    return document["equivalent"], {line[2:14].strip(): line[14:] for line in said.splitlines()}


def test_probe_shows_a_constant_with_all_its_digits(shown_lines):
    found, said = shown_lines("bordered")
    fill = float(found["command"].rpartition("--fill ")[2])
    assert fill == 12.3456789
    assert f"fill={fill!r})" in found["python"]
    assert said["the same"] == found["command"]
    assert said["in Python"] == found["python"]
    assert said["border"] == "constant 12.3456789"


def test_probe_rounds_no_constant_that_fits_far_better_unrounded(shown_lines):
    # 1234 outside is off by 0.0625 times the weights there, which single precision would excuse for small ones.
    found, said = shown_lines("bright")
    assert found["command"].endswith("--fill 1234.0625")
    assert said["border"] == "constant 1234.0625"


def test_probe_says_where_a_line_gives_the_sums_alone(shown_lines):
    found, said = shown_lines("wrapped")
    assert "the same" not in said
    assert said["the sums"] == found["command"] == "corrconv apply IMAGE KERNEL --boundary constant"
    assert said["in Python"] == f"{found['python']}  # the sums"


def test_probe_runs_its_lines_before_it_shows_them(shown_lines, monkeypatch):
    """Lines of another border, or that cannot be said, are not shown."""
    module = "corrconv.commands.probe.equivalents"
    for options, call in (
        (["--boundary", "edge"], 'correlate(image, kernel, boundary="edge")'),
        (["--stride", "2"], "correlate(image, kernel, stride=2)"),
        (["--convolve"], "convolve(image, kernel)"),
    ):
        monkeypatch.setattr(f"{module}.equivalent_options", lambda _, options=options: options)
        monkeypatch.setattr(f"{module}.equivalent_python", lambda _, call=call: call)
        for name in ("bordered", "wrapped"):
            found, said = shown_lines(name)
            assert found == {"command": None, "python": None}
            assert (said["the same"], said["in Python"]) == ("no single apply line", "no single call")


def test_probe_callable_that_is_no_filter(tmp_path):
    (tmp_path / "middle.py").write_text("from fakes import median\n")
    result = run("probe", "middle:median", "-v", "--exit-code")
    assert result.exit_code == 1
    assert "not explained: the result of a sum of pictures is not the sum of the results" in result.stdout
    assert "correlation" not in result.stdout
    document = json.loads(run("probe", "middle:median", "--json").stdout)
    assert document["operation"] is None
    assert document["linear"] is False
    assert document["equivalent"] == {"command": None, "python": None}


def test_probe_troubles(tmp_path):
    assert "did you mean cv2.filter2D" in trouble(run("probe", "cv2.filter2"))
    assert "lists them all; any function can be given" in trouble(run("probe", "nothing.here"))
    assert "not both" in trouble(run("probe", "x", "--command", "y {image} {kernel}"))
    assert "{image}" in trouble(run("probe", "--command", "y {kernel}"))
    piped = ("probe", "--command", "y {image} {kernel} | z")
    assert "use sh -c" in trouble(run(*piped))
    assert "--set is for functions" in trouble(run("probe", "--command", "y {image} {kernel}", "--set", "a=1"))
    assert "leave out --markdown" in trouble(run("probe", "x:y", "--json", "-v"))
    assert "NAME=VALUE" in trouble(run("probe", "PIL.ImageFilter.Kernel", "--set", "scale"))
    for seconds in ("nan", "inf", "1e300", "0", "soon"):
        assert "no number of seconds" in trouble(run("probe", "x", "--timeout", seconds))
    failing = f"{sys.executable} -c 'raise SystemExit(7)' {{image}} {{kernel}}"
    assert "failed with status 7: it said nothing" in trouble(run("probe", "--command", failing))


def test_help_names_every_placeholder():
    said = " ".join(run("probe", "--help").stdout.split())
    for words in ("{image}", "{output}", "{kernel}", "{kernel:NOTATION}", "{kernel:file:NOTATION}", "sh -c"):
        assert words in said
    assert all(notation in said for notation in (*Notation, *BARE_NOTATIONS))


def test_probe_keeps_its_standard_output_to_itself(tmp_path):
    (tmp_path / "chatty.py").write_text(
        "import fakes\nprint('hello')\ndef blur(image, kernel):\n    print('hello')\n"
        "    return fakes.correlation(image, kernel)\n"
    )
    assert json.loads(run("probe", "chatty:blur", "--json").stdout)["explained"]


def test_survey(monkeypatch):
    """Of two targets, so that it is quick; every known one is probed by the tests of the files."""
    names = ("PIL.ImageFilter.Kernel", "mahotas.convolve")
    kept = {name: library_functions()[name] for name in names}
    monkeypatch.setattr("corrconv.libraries.registry.library_functions", lambda: kept)
    assert "PIL.ImageFilter.Kernel" in run("probe", "--json").stdout
    lines = run("probe", "--markdown").stdout.splitlines()
    assert lines[0].startswith("| target | computes |")
    assert all(line.count("|") == lines[0].count("|") for line in lines)


def test_conventions():
    result = run("conventions")
    assert result.exit_code == 0
    assert "imagemagick" in result.stdout
    document = json.loads(run("conventions", "--json").stdout)
    assert [entry["name"] for entry in document["conventions"]] == list(conventions())
    sources = {entry["name"]: entry["source"] for entry in document["conventions"]}
    assert sources["matlab.conv2"].startswith("documented, not measured")


def test_conventions_of_one_function_and_of_borders():
    said = run("conventions", "scipy.ndimage.convolve mode=mirror origin=1").stdout
    assert said.startswith("scipy.ndimage.convolve mode=mirror origin=1: convolution\n")
    lines = dict(line.strip().split(None, 1) for line in said.splitlines()[1:7])
    assert lines["anchor"] == "odd sides center+1, even sides center+1"
    assert lines["border"] == "reflect"
    assert "mode, cval, origin" in said
    assert "border top reflect, bottom edge" in run("conventions", "ffmpeg.convolution").stdout
    assert "cv2.filter2D" in run("conventions", "filter2d").stdout
    assert "even sides lower" in run("conventions", "numpy.convolve").stdout
    assert "even sides refused" in run("conventions", "netpbm.pnmconvol").stdout
    assert "cut off to whole ones" in run("conventions", "mahotas.convolve").stdout
    words = json.loads(run("conventions", "borders", "--json").stdout)["libraries"]
    assert words["cv2 borderType"]["BORDER_REFLECT_101"] == "reflect"
    assert words["scipy.ndimage mode"]["reflect"] == "symmetric"
    assert "whole-sample" in run("conventions", "borders").stdout


def test_diagnose_what_apply_wrote(tmp_path):
    image = write_picture("image.png", PICTURE)
    run("apply", image, KERNEL, "--convolve", "--boundary", "edge", "--scale", "0.125", "-o", "result.png")
    result = run("diagnose", image, KERNEL, "result.png")
    assert result.exit_code == 0
    assert "explained to the last pixel" in result.stdout
    document = json.loads(run("diagnose", image, KERNEL, "result.png", "--json").stdout)
    assert document["operation"] == "convolution"
    assert document["gain"] == 0.125
    assert len(document["candidates"]) == 1


def test_diagnose_marks(tmp_path):
    image = write_picture("image.png", PICTURE)
    run("apply", image, KERNEL, "--boundary", "constant", "-o", "result.npy")
    np.savetxt("answer.csv", np.load("result.npy").squeeze(), delimiter=",", fmt="%d")
    for answer in ("result.npy", "answer.csv"):
        right = run("diagnose", image, KERNEL, answer, "--expect", "correlation", "--exit-code")
        assert (right.exit_code, right.stdout.splitlines()[-1]) == (0, "correlation: as expected")
        wrong = run("diagnose", image, KERNEL, answer, "--expect", "convolution", "--exit-code")
        assert (wrong.exit_code, wrong.stdout.splitlines()[-1]) == (
            1,
            "convolution: not as expected: kernel not flipped",
        )
    border = run("diagnose", image, KERNEL, "result.npy", "--expect", "correlation", "--boundary", "edge")
    assert border.stdout.splitlines()[-1].endswith("border constant 0 instead of edge")
    document = json.loads(run("diagnose", image, KERNEL, "result.npy", "--expect", "convolution", "--json").stdout)
    assert document["mistakes"] == ["kernel not flipped"]
    assert document["as_expected"] is False


def test_diagnose_says_it_in_few_lines(tmp_path):
    image = write_picture("image.png", PICTURE)
    run("apply", image, "box", "--boundary", "edge", "-o", "box.png")
    lines = run("diagnose", image, "box", "box.png").stdout.splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("the same weights over the same pixels") == 1
    unfiltered = run("diagnose", image, "emboss", image, "--expect", "correlation").stdout.splitlines()
    assert unfiltered == [
        "RESULT is IMAGE itself: nothing was filtered",
        "correlation: not as expected: nothing was filtered",
    ]


def test_commands_to_copy_are_not_broken(tmp_path):
    image = write_picture("image.png", PICTURE)
    options = ("--convolve", "--boundary", "constant", "--fill", "7", "--output-size", "full", "--bias", "3.5")
    run("apply", image, "[1 2; 3 4]", *options, "--scale", "0.03125", "-o", "result.npy")
    said = run("diagnose", image, "[1 2; 3 4]", "result.npy").stdout.splitlines()
    (line,) = (line for line in said if "corrconv apply" in line)
    assert line.split("corrconv ")[1] == (
        "apply IMAGE KERNEL --convolve --boundary constant --fill 7 --output-size full --scale 0.03125 --bias 3.5"
        " -o OUT.npy"
    )
    run("apply", image, "emboss", "--display", "signed", "--boundary", "edge", "-o", "signed.png")
    shown = run("diagnose", image, "emboss", "signed.png").stdout
    assert "corrconv apply IMAGE KERNEL --boundary edge --display signed -o OUT.png\n" in shown


def test_diagnose_troubles(tmp_path):
    (tmp_path / "empty.txt").write_text(" \n")
    assert "holds no numbers" in trouble(run("diagnose", "sample:camera", KERNEL, "empty.txt"))
    image = write_picture("image.png", PICTURE)
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    assert "ragged.csv" in trouble(run("diagnose", image, KERNEL, "ragged.csv"))
    (tmp_path / "small.csv").write_text("1,2\n3,4\n")
    assert "neither same nor full nor valid" in trouble(run("diagnose", image, KERNEL, "small.csv"))
    assert "absent.csv" in trouble(run("diagnose", image, KERNEL, "absent.csv"))
    assert "--expect" in trouble(run("diagnose", image, KERNEL, image, "--boundary", "edge"))


def test_port_prints_python_that_runs():
    pytest.importorskip("scipy")
    printed = run("port", "[1 2; 3 5]", "--from", "matlab.conv2", "--to", "scipy.signal.correlate2d").stdout
    names = {"image": PICTURE.astype(float)}
    exec(printed, names)
    assert printed.startswith("# matlab.conv2 computes: convolution")
    assert np.array_equal(names["result"], _conv2_same(PICTURE))
    document = json.loads(run("port", "sobel", "--from", "cv2.filter2D", "--to", "cv2.filter2D", "--json").stdout)
    assert (document["direct"], document["flipped"]) == (True, False)


def _conv2_same(image):
    """MATLAB's conv2(A, B, 'same'): the central part of the full convolution, from ceil((k + 1) / 2) counted from 1."""
    full = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    for (row, column), weight in np.ndenumerate(np.array([[1, 2], [3, 5]])):
        full[row : row + image.shape[0], column : column + image.shape[1]] += weight * image.astype(float)
    return full[1:, 1:]


def test_port_troubles():
    assert "did you mean" in trouble(run("port", "sobel", "--from", "filter2D", "--to", "torch.nn.functional.conv2d"))
    assert "no snippet" in trouble(
        run("port", "sobel", "--from", "cv2.filter2D", "--to", "cupyx.scipy.ndimage.correlate")
    )


def test_diagnose_says_what_was_read_otherwise_unless_quiet():
    Image.new("CMYK", (9, 9)).save("ink.tif")
    write_picture("result.npy", np.zeros((9, 9, 3)))
    said = run("diagnose", "ink.tif", "sobel", "result.npy")
    assert "ink: " in said.stderr
    assert "CMYK" in said.stderr
    assert run("diagnose", "ink.tif", "sobel", "result.npy", "--quiet").stderr == ""


def test_the_survey_breaks_no_name_inside_a_word(monkeypatch, capsys):
    from corrconv.commands.probe.study import Probe
    from corrconv.commands.probe.view import survey_table
    from corrconv.drawing.console import show

    monkeypatch.setenv("COLUMNS", "80")
    name = "torch.nn.functional.conv_transpose2d padding=same"
    show(survey_table([Probe(target=name, problem="no such thing")]))
    shown = capsys.readouterr().out
    assert all(part in shown for part in ("torch.nn.functional.", "conv_transpose2d", "padding=same"))
    assert all(len(line) <= 80 for line in shown.splitlines())
