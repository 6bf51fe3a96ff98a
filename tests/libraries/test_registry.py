"""What a probe is pointed at: known functions, importable callables, and commands good and bad."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from corrconv.commands.probe.study import probe
from corrconv.errors import CorrconvError
from corrconv.libraries.command_lines import Command, Tool, run_command
from corrconv.libraries.function import PythonFunction
from corrconv.libraries.registry import (
    conventions,
    function_named,
    known_targets,
    library_functions,
    parse_setting,
    target_named,
)

pytestmark = pytest.mark.peer

FUNCTIONS = {name: it for name, it in library_functions().items() if isinstance(it.runner, PythonFunction)}
TOOLS = {name: it for name, it in library_functions().items() if isinstance(it.runner, Tool)}


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if function.computes])
def test_every_known_function_follows_its_convention(name):
    """To the last bit for whole numbers and to rounding for real ones, borders included: the probe's proof."""
    pytest.importorskip(FUNCTIONS[name].runner.module)
    found = probe(target_named(name, {}))
    if FUNCTIONS[name].computes.inexact:
        # Sums in single precision: of 16 bits, large kernels show by one unit in which order they were added.
        assert all("uint16" in why and "by up to 1" in why for _, why in found.unexplained)
    else:
        assert found.explained, found.problem
        assert name in found.known_as


def test_separable_only():
    pytest.importorskip("cv2")
    found = probe(target_named("cv2.sepFilter2D", {}))
    assert found.explained
    assert str(found.convention.borders) == "reflect"


@pytest.mark.parametrize("name", ["imagemagick.-convolve", "ffmpeg.convolution", "vips.conv"])
def test_known_command_follows_its_convention(name):
    tool = TOOLS[name].runner
    if not tool.installed:
        pytest.skip(f"{name}: no {tool.needs} on PATH")
    found = probe(target_named(name, {}))
    assert found.explained, found.problem
    assert name in found.known_as


def test_netpbm_mixes_rows_where_a_kernel_has_only_one():
    """Seen with Netpbm 11.1: the pixels along the sides are those of the row above."""
    tool = TOOLS["netpbm.pnmconvol"].runner
    if not tool.installed:
        pytest.skip("no pnmconvol on PATH")
    found = probe(target_named("netpbm.pnmconvol", {}))
    assert found.partly
    assert {shape for shape, _ in found.unexplained} <= {(1, 3)}
    assert found.findings[0].follows(TOOLS["netpbm.pnmconvol"].convention)


def test_settings_change_what_is_found():
    pytest.importorskip("cv2")
    found = probe(target_named("cv2.filter2D", {"borderType": "BORDER_REPLICATE", "anchor": (0, 0)}))
    assert found.target == "cv2.filter2D borderType=BORDER_REPLICATE, anchor=(0, 0)"
    assert {shape for shape, _ in found.unexplained} <= {(8, 8), (9, 9), (10, 10), (11, 11)}
    assert str(found.convention.borders) == "edge"
    assert found.convention.anchor_cell((3, 3)) == (0, 0)
    assert found.convention.anchor_cell((4, 2)) == (0, 0)


def test_parse_setting():
    assert parse_setting("mode=same") == ("mode", "same")
    assert parse_setting("anchor=(0, 1)") == ("anchor", (0, 1))
    assert parse_setting("cval=2.5") == ("cval", 2.5)
    nested = "-" * 999 + "1"
    assert parse_setting(f"cval={nested}") == ("cval", nested)
    with pytest.raises(CorrconvError, match="the value of cval has 60,001 letters; settings have at most 1,000"):
        parse_setting("cval=" + "1+" * 30_000 + "1")
    with pytest.raises(CorrconvError, match="NAME=VALUE"):
        parse_setting("same")


def test_importable_callable(tmp_path, monkeypatch):
    (tmp_path / "my_filters.py").write_text(
        "from fakes import correlation\ndef turned(image, kernel, times=1):\n"
        "    return times * correlation(image, kernel[::-1, ::-1])\nnumber = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    found = probe(target_named("my_filters:turned", {"times": 2}))
    assert found.target == "my_filters:turned times=2"
    assert found.explained
    assert (found.convention.operation, found.convention.gain) == ("convolution", 2)
    for name, message in {
        "my_filters:nothing": "has no nothing",
        "my_filters:number": "is not callable",
        "no_such_module:f": "cannot be imported: ModuleNotFoundError",
        "cv2.filter2d": r"did you mean cv2\.filter2D",
    }.items():
        with pytest.raises(CorrconvError, match=message):
            target_named(name, {})


def test_callables_of_strangers(tmp_path, monkeypatch):
    (tmp_path / "strangers.py").write_text(
        "import sys\nimport numpy as np\nfrom fakes import correlation\nprint('imported')\n"
        "def leaves(image, kernel): sys.exit('bye')\n"
        "def stops(image, kernel): raise GeneratorExit\n"
        "def empty(image, kernel): return np.zeros((0, 0))\n"
        "def small(image, kernel): return np.ones((1, 1))\n"
        "def loud(image, kernel):\n    print('loud')\n    sys.stdout.close()\n    return correlation(image, kernel)\n"
        "class Shy:\n    @property\n    def filter(self): raise RuntimeError('not now')\nshy = Shy()\n"
    )
    (tmp_path / "leaving.py").write_text("raise SystemExit(5)\n")
    monkeypatch.chdir(tmp_path)
    for name, message in {
        "leaves": "SystemExit: bye",
        "stops": "GeneratorExit",
        "empty": "it returned an empty array",
        "small": "the results are only 1x1",
    }.items():
        assert message in probe(target_named(f"strangers:{name}", {})).problem
    assert probe(target_named("strangers:loud", {})).explained
    with pytest.raises(CorrconvError, match=r"strangers:shy\.filter cannot be read: RuntimeError: not now"):
        target_named("strangers:shy.filter", {})
    with pytest.raises(CorrconvError, match="leaving cannot be imported: SystemExit: 5"):
        target_named("leaving:f", {})


def test_working_folder_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert probe(target_named("fakes:correlation", {})).explained


def test_not_installed():
    absent = PythonFunction(module="no_such_library", call=None)
    with pytest.raises(CorrconvError, match=r"not installed here; `corrconv conventions a\.b` shows"):
        absent.target("a.b", {})
    with pytest.raises(CorrconvError, match="not found here"):
        replace(TOOLS["vips.conv"].runner, programs=("no-such-program",)).target("a.b", {})


def test_survey_lists_what_is_here():
    names = [target.name.partition(" ")[0] for target in known_targets()]
    assert "PIL.ImageFilter.Kernel" in names
    assert set(names) <= {*FUNCTIONS, *TOOLS}


# Commands that are small Python programs, so that they run everywhere.

# NumPy would take most of the time of each.
FILTER = """
import math, sys
from PIL import Image
image = Image.open(sys.argv[1])
assert image.mode == "L"
(width, height), pixels = image.size, image.tobytes()
csv = sys.argv[2].endswith("csv")
kernel = [[float(it) for it in row.split(",")] for row in open(sys.argv[2])] if csv else eval(sys.argv[2])
top, left = len(kernel) // 2, len(kernel[0]) // 2
def pixel(row, column):
    return pixels[min(max(row, 0), height - 1) * width + min(max(column, 0), width - 1)]
sums = [
    math.fsum(
        weight * pixel(row + i - top, column + j - left)
        for i, weights in enumerate(kernel) for j, weight in enumerate(weights)
    )
    for row in range(height) for column in range(width)
]
result = Image.frombytes("L", image.size, bytes(min(max(round(it), 0), 255) for it in sums))
"""
TO_FILE = FILTER + "result.save(sys.argv[3])\n"
TO_STANDARD_OUTPUT = FILTER + "result.save(sys.stdout.buffer, 'PNG')\n"


def command(tmp_path, program, arguments="{image} {kernel:file:csv} {output}", **known):
    script = tmp_path / "tool.py"
    script.write_text(program)
    template = f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} {arguments}"
    return Command(name="tool", template=template, kernel_shapes=((3, 3),), **known)


def test_command_is_probed_like_a_function(tmp_path):
    found = probe(command(tmp_path, TO_FILE).target())
    assert found.explained, found.problem
    assert (found.convention.operation, str(found.convention.borders)) == ("correlation", "edge")
    assert str(found.convention.numbers.rounding) == "half-even"


def test_command_may_print_its_picture(tmp_path):
    target = command(tmp_path, TO_STANDARD_OUTPUT, "{image} '[[{kernel:list}]]'").target()
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert target.run(image, np.array([[0.0, 2.0, 0.0]])).tolist() == (2 * image).tolist()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("", "ended with status 0 but wrote no output.png"),
        ("import sys; sys.exit('no such kernel')", "failed with status 1: no such kernel"),
        ("import sys; open(sys.argv[3], 'w').write('garbage')", "output.png"),
    ],
)
def test_command_that_fails(tmp_path, program, message):
    found = probe(command(tmp_path, program).target())
    assert not found.explained
    assert message in found.problem


@pytest.mark.parametrize(("notation", "written"), [("sized", "3x1:0,2,0"), ("list", "0,2,0"), ("rows", "0,2,0")])
def test_kernels_in_files_of_every_notation(tmp_path, notation, written):
    program = "import sys; sys.exit(open(sys.argv[2]).read())"
    target = command(tmp_path, program, f"{{image}} {{kernel:file:{notation}}} {{output}}").target()
    with pytest.raises(CorrconvError, match=f"status 1: {written}$"):
        target.run(np.zeros((3, 4), np.uint8), np.array([[0.0, 2.0, 0.0]]))


def test_command_without_output_that_prints_nothing(tmp_path):
    found = probe(command(tmp_path, "", "{image} {kernel:list}").target())
    assert "printed no picture" in found.problem


def test_command_that_hangs_is_ended(tmp_path):
    mark = tmp_path / "alive"
    child = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    start = time.monotonic()
    found = probe(command(tmp_path, program, timeout=0.5).target())
    assert "took longer than 0.5 seconds" in found.problem
    assert time.monotonic() - start < 2.9
    time.sleep(max(0.0, 3.6 - (time.monotonic() - start)))
    assert not mark.exists()


def test_interrupt_as_the_command_ends_is_not_lost(tmp_path, monkeypatch):
    """Ctrl-C may come when the command and its group are gone already."""

    def interrupted(process, *_):
        process.communicate()
        raise KeyboardInterrupt

    monkeypatch.setattr("corrconv.libraries.command_lines._printed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe(command(tmp_path, TO_FILE).target())


def test_command_is_not_asked_again_after_a_timeout(tmp_path):
    program = f"import time; open({str(tmp_path / 'runs')!r}, 'a').write('x'); time.sleep(9)"
    tool = command(tmp_path, program, timeout=0.5, image_format="tiff")
    found = probe(replace(tool, kernel_shapes=((3, 3), (5, 5), (2, 2))).target())
    assert "took longer than 0.5 seconds" in found.problem
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.parametrize(
    ("program", "arguments", "message"),
    [
        ("import os, sys; os.mkfifo(sys.argv[3])", "{image} {kernel:file:csv} {output}", "than a regular file"),
        (
            "import sys; open(sys.argv[3], 'w').truncate(65 << 20)",
            "{image} {kernel:list} {output}",
            "wrote more than 64 MB",
        ),
        ("while True: print('y' * 65536)", "{image} {kernel:list}", "printed more than 64 MB"),
    ],
)
def test_command_whose_output_is_no_picture(tmp_path, program, arguments, message):
    found = probe(command(tmp_path, program, arguments).target())
    assert message in found.problem


def test_only_the_beginning_of_what_a_command_says_is_kept(tmp_path):
    said = run_command([sys.executable, "-c", "import sys; sys.stderr.write('y' * (1 << 20))"], tmp_path, 20)
    assert said == b""
    with pytest.raises(CorrconvError) as error:
        run_command([sys.executable, "-c", "import sys; sys.exit('no' * (1 << 20))"], tmp_path, 20)
    assert len(str(error.value)) < 600


def test_commands_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    probe(command(tmp_path, "import sys; sys.exit(1)").target())
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("tool {kernel}", r"no \{image\}"),
        ("tool {image} {output}", r"no \{kernel\}"),
        ("tool {image} {kernel:latin}", r"\{kernel:latin\} names no notation"),
        ("tool '{image} {kernel}", "check its quotes"),
    ],
)
def test_templates_that_cannot_work(template, message):
    with pytest.raises(CorrconvError, match=message):
        Command(name="tool", template=template).target()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("tool {image} {kernel} | other", "read |;"),
        ("tool {image} {kernel}|other", "read |;"),
        ("tool {image} {kernel} {output} 2>/dev/null", "read >;"),
        ("tool {image} {kernel} >>{output}", "read >>;"),
        ("tool {image} {kernel} && other", "read &&;"),
    ],
)
def test_what_only_a_shell_reads_is_answered(template, said):
    with pytest.raises(CorrconvError) as error:
        Command(name="tool", template=template).target()
    assert said in str(error.value)
    assert "use sh -c" in str(error.value)


def test_quoted_words_of_a_shell_are_for_the_program():
    for template in ("sh -c 'tool {image} {kernel:list} | other > {output}'", 'tool "{image};a>b" {kernel:rows} # x'):
        assert Command(name="tool", template=template).target().name == "tool"


def test_program_that_is_not_there():
    found = probe(Command(name="tool", template="no-such-program-here {image} {kernel}").target())
    assert "is it installed and on PATH" in found.problem


def test_stand_ins_are_not_taken_for_the_tool(tmp_path, monkeypatch):
    tool = TOOLS["imagemagick.convolve"].runner
    for name in tool.programs:
        (tmp_path / name).write_text("#!/bin/sh\necho some other tool\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert tool.program != "magick"


def test_what_is_not_measured_is_documented():
    for name, convention in conventions().items():
        function = library_functions()[name]
        assert (function.runner is None) == bool(function.documented)
        assert convention.source.startswith("documented, not measured" if function.documented else "measured")


def test_old_names_lead_to_the_one_name():
    for name, function in library_functions().items():
        for alias in (name, *function.aliases):
            assert function_named(alias) is function
            assert alias == name or alias not in library_functions()


def test_real_pictures_go_as_float32_tiff(tmp_path):
    seen = {}

    class Spy(Command):
        def _run(self, arguments, image, kernel):
            seen[image.dtype.name] = True
            return np.zeros(image.shape)

    probe(Spy(name="spy", template="spy {image} {kernel}", image_format="tiff").target())
    assert "float32" in seen
