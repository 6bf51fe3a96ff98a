"""What every command has in common: help, streams, colours, signals, and no time wasted on imports."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from shell import LEAVES, PROGRAM, environment, files, program, run, start_interruptible, trouble, write_picture

from corrconv.commands.group import COMMANDS, corrconv

HEAVY = ("numpy", "PIL", "rich")


# Help


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_help_with_a_first_sentence_and_an_example_or_no_arguments(path: tuple[str, ...]) -> None:
    shown = run(*path, "--help")
    assert shown.exit_code == 0
    assert run(*path, "-h").stdout == shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 100
    text = LEAVES[path].help or ""
    sentence = " ".join(text.split("\n\n")[0].split())
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    required = [each for each in LEAVES[path].params if isinstance(each, click.Argument) and each.required]
    if required:
        assert f"corrconv {' '.join(path)} " in text
    for option in LEAVES[path].params:
        if isinstance(option, click.Option):
            assert option.help
            assert option.help.endswith((".", "]"))


def test_the_list_of_commands_agrees_with_them() -> None:
    shown = run("--help").stdout
    for name, line in COMMANDS.items():
        assert f"  {name} " in shown
        assert line.endswith((".", "?"))


def test_no_arguments_are_answered_with_help_and_an_unknown_command_with_one_line() -> None:
    nothing = run()
    assert nothing.exit_code == 2
    assert "Commands:" in nothing.stderr
    assert "see 'corrconv --help'" in trouble(run("aply"))


def test_examples_in_help_can_be_parsed() -> None:
    for path, command in LEAVES.items():
        lines = [line.strip() for line in (command.help or "").splitlines()]
        options = {word for line in lines if line.startswith("corrconv ") for word in line.split() if word[:2] == "--"}
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        assert options <= known, path


# Imports


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        ("'--help'", HEAVY),
        ("'--version'", HEAVY),
        ("'apply', '--help'", HEAVY),
        ("'compare', '--help'", HEAVY),
        ("'apply', 'photo.npy', 'box'", ("rich",)),
    ],
)
def test_what_is_not_needed_is_not_imported(arguments: str, absent: tuple[str, ...]) -> None:
    write_picture("photo.npy", np.zeros((3, 3)))
    script = (
        f"import sys; sys.argv = ['corrconv', {arguments}]\n"
        "from corrconv.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print('IMPORTED', [name for name in {absent} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "IMPORTED []" in done.stdout


def test_the_library_leaves_the_environment_alone_and_the_module_can_be_run() -> None:
    script = (
        "import os; before = dict(os.environ)\n"
        "import corrconv, corrconv.commands.group, corrconv.__main__\n"
        "corrconv.correlate([[1, 2]], [[1]])\n"
        "assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    done = subprocess.run([sys.executable, "-m", "corrconv", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("corrconv, version ")


# Streams


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["kernel", "list"],
        ["kernel", "convert", "sobel", "--to", "csv"],
        ["compare", "photo.png", "box", "--json"],
        ["apply", "photo.png", "box", "-o", "-", "-q"],
    ],
)
def test_a_closed_pipe_ends_quietly(arguments: list[str]) -> None:
    write_picture("photo.png")
    reader, writer = os.pipe()
    os.close(reader)
    done = program(*arguments, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [["compare", "photo.png", "box"], ["apply", "photo.png", "box", "-o", "-"]],
)
def test_a_full_disk_is_one_line(arguments: list[str]) -> None:
    write_picture("photo.png")
    with Path("/dev/full").open("wb") as full:
        done = program(*arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: standard output")
    assert len(done.stderr.splitlines()) == 1


def limit_file_size() -> None:
    """Let a file take what a disk does that is nearly full: a part of the last write, and then nothing."""
    resource = pytest.importorskip("resource", reason="no such limits on Windows")
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("target", ["out.pgm", "out.jpg", "out.bmp", "out.png", "out.npy", "-"])
def test_a_disk_that_fills_within_a_file_is_one_line(target: str, unbuffered: str) -> None:
    write_picture("photo.png", np.random.default_rng(1).integers(0, 256, (256, 256), dtype=np.uint8))
    with Path("redirected").open("wb") as redirected:
        words = ["apply", "photo.png", "identity", "-o", target]
        caches = environment(PYTHONUNBUFFERED=unbuffered, PYTHONDONTWRITEBYTECODE="1")
        done = program(*words, stdout=redirected, env=caches, preexec_fn=limit_file_size)
    assert done.returncode == 2
    name = "standard output" if target == "-" else target
    assert done.stderr.decode() == f"Error: {name}: cannot be written: File too large\n"
    assert files() == ["photo.png", "redirected"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_text_that_a_disk_takes_in_part_is_one_line(unbuffered: str) -> None:
    with Path("redirected").open("wb") as redirected:
        caches = environment(PYTHONUNBUFFERED=unbuffered, PYTHONDONTWRITEBYTECODE="1")
        words = ["kernel", "convert", "gaussian:sigma=9", "--to", "csv"]
        done = program(*words, stdout=redirected, env=caches, preexec_fn=limit_file_size)
    assert (done.returncode, done.stderr.decode()) == (
        2,
        "Error: standard output cannot be written: File too large\n",
    )


def program_closing(descriptor: int, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A command run to its end by the shell, with a stream closed."""
    line = f'exec "$0" "$@" {descriptor}>&-'
    return subprocess.run(["sh", "-c", line, PROGRAM, *arguments], capture_output=True, check=False, timeout=60)


def test_a_closed_standard_output_is_one_line_for_tables_and_nothing_for_files() -> None:
    write_picture("photo.png")
    for arguments in (
        ["compare", "photo.png", "box", "--json"],
        ["compare", "photo.png", "box"],
        ["port", "sobel", "--from", "cv2.filter2D", "--to", "scipy.ndimage.convolve"],
        ["match", "photo.png", "photo.png", "--crop", "0,0,3,3", "--csv"],
        ["kernel", "--help"],
        ["--version"],
    ):
        table = program_closing(1, *arguments)
        assert table.returncode == 2, arguments
        assert table.stderr.splitlines() == [b"Error: standard output is closed; redirect it to a file or to /dev/null"]
    written = program_closing(1, "apply", "photo.png", "box")
    assert written.returncode == 0
    assert files() == ["photo-correlation.png", "photo.png"]


def test_with_standard_error_closed_no_note_goes_into_the_picture() -> None:
    write_picture("photo.png")
    noted = program_closing(2, "apply", "photo.png", "box", "-o", "-")
    quiet = run("apply", "photo.png", "box", "-o", "-", "-q")
    assert (noted.returncode, noted.stdout) == (0, quiet.stdout_bytes)


def test_signs_that_the_encoding_lacks_are_no_reason_to_fail() -> None:
    write_picture("photo.png")
    done = program("compare", "photo.png", "emboss", env=environment(PYTHONIOENCODING="ascii"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"? no: the kernel is not" in done.stdout


# Interruption


def wait_until_busy(process: subprocess.Popen[bytes]) -> None:
    """Wait until a program has computed for a while."""
    ticks_at_start = None
    while process.poll() is None:
        ticks = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11])
        ticks_at_start = ticks if ticks_at_start is None else ticks_at_start
        if ticks >= 1.2 * os.sysconf("SC_CLK_TCK"):
            return
        time.sleep(0.02)
    raise AssertionError(process.communicate())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
@pytest.mark.parametrize(("count", "threads", "output"), [(1, 1, "out.npy"), (1, 2, "out.npy"), (3, 2, ".")])
def test_an_interrupt_ends_with_130_and_leaves_no_file(count: int, threads: int, output: str) -> None:
    names = [f"large{number}.npy" for number in range(count)]
    for name in names:
        write_picture(name, np.random.default_rng(1).random((1200, 1200)))
    kernel = "gabor:size=151"
    process = start_interruptible("apply", *names, kernel, "-o", output, "--engine", "direct", "--threads", threads)
    wait_until_busy(process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.decode().split() == ["Interrupted."]
    assert files() == names


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_end_as_an_interrupt_does(number: signal.Signals, status: int) -> None:
    write_picture("large.npy", np.random.default_rng(1).random((1200, 1200)))
    process = start_interruptible(
        "apply", "large.npy", "gabor:size=151", "-o", "out.npy", "--engine", "direct", "--threads", "1"
    )
    wait_until_busy(process)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said.decode().strip()) == (status, "Ended by a signal.")
    assert files() == ["large.npy"]


# Defects of ours


def test_an_internal_error_is_one_line_with_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_text: str) -> None:
        raise ZeroDivisionError("one\nand two \x1b[2J")

    monkeypatch.setattr("corrconv.files.kernels.read_kernel", fail)
    result = CliRunner().invoke(corrconv, ["kernel", "show", "box"])
    assert (result.exit_code, result.stdout) == (70, "")
    assert result.stderr == (
        "Error: internal error, please report it with what CORRCONV_DEBUG=1 shows:"
        " ZeroDivisionError: one and two \\x1b[2J\n"
    )
    result = CliRunner(env={"CORRCONV_DEBUG": "1"}).invoke(corrconv, ["kernel", "show", "box"])
    assert result.exit_code == 70
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: internal error, please report it: ")


# Terminals


def on_terminal(*arguments: str, columns: int = 100, **changes: str) -> str:
    """Everything that a command shows on a terminal."""
    leader, follower = pytest.importorskip("pty").openpty()
    env = environment(COLUMNS=str(columns), **{"TERM": "xterm-256color", **changes})
    env = {name: value for name, value in env.items() if value}
    process = subprocess.Popen([PROGRAM, *arguments], stdin=follower, stdout=follower, stderr=follower, env=env)
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    assert process.wait(timeout=20) == 0
    return shown.decode()


def test_colour_and_progress_are_for_terminals_that_want_them() -> None:
    for number in range(3):
        write_picture(f"{number}.png")
    names = [f"{number}.png" for number in range(3)]
    shown = on_terminal("compare", "0.png", "box", "sobel", NO_COLOR="")
    assert "\x1b[32m" in shown  # green
    assert "comparing" in shown
    plain = on_terminal("compare", "0.png", "box", "sobel", "-q", NO_COLOR="1")
    assert "\x1b[32m" not in plain
    assert "= for every image" in plain
    assert "comparing" not in plain
    dumb = on_terminal("apply", *names, "box", TERM="dumb")
    assert "\x1b" not in dumb
    assert "filtering" not in dumb
    assert len(dumb.splitlines()) == 3
    filtering = on_terminal("apply", *names, "box")
    assert "filtering" in filtering
    for name in names:
        # On a line of its own, not behind the bar.
        assert any(line.removeprefix("\x1b[2K").startswith(f"{name} -> ") for line in re.split("[\r\n]+", filtering))


def test_a_picture_is_not_written_to_a_terminal() -> None:
    write_picture("photo.png")
    leader, follower = pytest.importorskip("pty").openpty()
    done = program("apply", "photo.png", "box", "-o", "-", stdout=follower)
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: standard output is a terminal")


def test_the_program_ends_in_trouble_as_the_runner_of_tests_sees_it() -> None:
    outside = program("compare", "missing.png")
    assert (outside.returncode, outside.stdout) == (2, b"")
    assert outside.stderr.decode() == f"Error: {trouble(run('compare', 'missing.png'))}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_error_leaves_the_status_as_it_was() -> None:
    write_picture("photo.png")
    with Path("/dev/full").open("wb") as full:
        assert program("apply", "photo.png", "box", "-o", "o.png", stderr=full).returncode == 0
        assert program("apply", "nowhere.png", "box", stderr=full).returncode == 2
    assert files() == ["o.png", "photo.png"]


ENDLESS = "9" * 4400


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "photo.png", "box", "--stride", ENDLESS),
        ("apply", "photo.png", "box", "--dilation", ENDLESS),
        ("apply", "photo.png", "box", "--anchor", f"1,{ENDLESS}"),
        ("apply", "photo.png", "box", "--threads", "9" * 30),
        ("explain", "photo.png", "box", "--at", f"{ENDLESS},1"),
        ("match", "photo.png", "photo.png", "--crop", f"0,0,{ENDLESS},1"),
        ("learn", "photo.png", "photo.png", "--size", ENDLESS),
        ("learn", "photo.png", "photo.png", "--size", "99999999999"),
        ("bench", "--kernels", ENDLESS),
        ("bench", "--kernels", "0"),
        ("bench", "--kernels", "\u00b2"),
        ("bench", "--kernels", "\u0663"),
        ("bench", "--sizes", "00x5"),
        ("bench", "--sizes", "\u0663x5"),
        ("bench", "--threads", "9" * 30),
        ("train", "--pictures", "9" * 14),
        ("train", "--steps", "9" * 14),
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_numbers_beyond_all_use_are_one_short_line(arguments: tuple[str, ...]) -> None:
    write_picture("photo.png")
    assert len(trouble(run(*arguments))) < 300


@pytest.mark.parametrize("number", ["nan", "inf", "-1"])
@pytest.mark.parametrize(
    "line",
    [
        "animate photo.png box -o film.gif --speed",
        "diagnose photo.png box photo.png --tolerance",
        "spectrum box photo.png --inverse --noise",
    ],
)
def test_a_number_within_a_range_is_a_finite_one(line: str, number: str) -> None:
    write_picture("photo.png")
    assert f"{float(number)} is not in the range" in trouble(run(*line.split(), number))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("match", "-o", "m.png", "--map", "./m.png"), "two outputs cannot go to one file"),
        (("match", "-o", "m.png", "--map", "nowhere/m.npy"), "nowhere/m.npy: its folder does not exist"),
        (("learn", "--size", "3", "--save", "k.json", "-o", "nowhere/k.png"), "its folder does not exist"),
        (("learn", "--size", "3", "--save", "k.npy", "-o", "k.npy"), "two outputs cannot go to one file"),
        (("learn", "--size", "3", "--save", "k.json", "-o", "k.pgm"), "PGM holds gray pictures only"),
    ],
)
def test_all_targets_are_looked_at_before_the_first_is_written(arguments: tuple[str, ...], words: str) -> None:
    write_picture("photo.png")
    command, *options = arguments
    assert words in trouble(run(command, "photo.png", "photo.png", *options))
    assert files() == ["photo.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "photo.png", "box", "-o", "out.png"),
        ("compare", "photo.png", "sobel", "-o", "out"),
        ("explain", "photo.png", "box", "--at", "1,1", "-o", "out.png"),
        ("explain", "photo.png", "box", "--at", "1,1", "--like", "cv2.filter2D"),
        ("match", "photo.npy", "tall.npy"),
        ("learn", "photo.npy", "tall.npy", "--size", "3"),
        ("page", "photo.png", "box", "-o", "out.html"),
        ("bench", "--sizes", "12x10", "--kernels", "3", "--peers", "none", "--repeats", "1"),
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_sizes_are_rows_by_columns_everywhere(arguments: tuple[str, ...]) -> None:
    write_picture("photo.png")  # 12 rows and 10 columns
    write_picture("photo.npy", np.arange(120.0).reshape(12, 10))
    write_picture("tall.npy", np.ones((13, 9)))
    done = run(*arguments)
    said = " ".join(f"{done.stdout} {done.stderr}".split())
    assert re.search(r"12 rows x 10 columns|12x10", said), said
    assert not re.search(r"\b(10|9) ?(rows|columns)? ?x ?(12|13)\b", said)


def test_what_a_c_library_says_of_a_damaged_file_is_kept_from_standard_error(tmp_path: Path) -> None:
    damaged = write_picture(tmp_path / "damaged.tif", compression="tiff_deflate").read_bytes()
    (tmp_path / "damaged.tif").write_bytes(damaged.replace(damaged[20:60], bytes(40)))
    for name in "ab":
        write_picture(tmp_path / f"{name}.png")
    done = program("apply", "damaged.tif", "box", "-o", "out.png", cwd=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(r"Error: damaged\.tif: is a damaged TIFF \([^\n]*\n", done.stderr.decode())
    many = program("apply", "a.png", "damaged.tif", "b.png", "box", "-o", "out/", cwd=tmp_path)
    assert many.returncode == 2
    assert [line.split(":")[0] for line in many.stderr.decode().splitlines()] == [
        "a.png -> out/a-correlation.png",
        "Error",
        "b.png -> out/b-correlation.png",
        "Error",
    ]
