"""Random command lines: whatever is typed, a command answers or refuses in one line.

`python tests/fuzz.py SECONDS [SEED]` runs them on all cores (`taskset` gives fewer) for so long and prints what was
found; the suite runs a few hundred with a fixed seed (tests/test_fuzz.py).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import resource
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from click.testing import CliRunner
from PIL import Image

from corrconv.commands.exit_status import DEBUG_VARIABLE
from corrconv.commands.group import corrconv
from corrconv.core.zoo import ZOO

if TYPE_CHECKING:
    from collections.abc import Iterator

# It runs other programs; it takes no inputs, and many seconds.
LEFT_OUT = {"probe", "demo"}
# They wait many seconds for a cluster that is not there.
UNTRIED = {"scheduler", "scheduler_file"}
# What keeps a command short.
SHORT = {
    ("train",): ["--steps", "2", "--pictures", "20"],
    ("bench",): ["--sizes", "9x8", "--kernels", "3 sobel", "--peers", "none", "--repeats", "1"],
}
SLOWEST = 10.0  # seconds of one core
LARGEST = 2**31  # bytes of address space beyond what Python and NumPy take

NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "-2.5",
    "1e-320",
    "1e308",
    "-1e308",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "7",
    "x",
]
WHOLES = ["0", "1", "2", "3", "5", "-1", "100", "99999999999", "x", ""]
PAIRS = ["1", "2", "0", "3,1", "2,2", "100", "1,", "-1,2", "70000", "a,b"]
CELLS = ["0,0", "1,2", "3,3", "11,9", "50,50", "center", "lower", "1", "-1,0"]
RECTANGLES = ["0,0,2,3", "1,1,5,5", "0,0,0,0", "9,9,9,9", "x"]
WORDS = ["", "x", "png", "npy", "a\x1b[1mb", "\u202e", "e\u0301", "*", "--", "sample:letter", "9" * 400]
KERNELS = [
    "[1 2; 3 4]", "[1 0 -1]", "1/9 * [1 1 1; 1 1 1; 1 1 1]", "[0]", "[1e308 1e308]", "[5e-324]", "[nan]", "[]", "",
    "[1e200 -1e200]", "3x3: 1,1,1 1,1,1 1,1,1", "k.csv", "k.json", "k.npy", "odd\x1bname.csv", "flat.npy", "no.csv",
    "sobel:axis=y", "gaussian:sigma=0.001", "gaussian:sigma=1e9", "box:size=200", "box:size=0", "nothing", "sobel+box",
    "[1+2j]", "[1/0]", "motion:length=30,angle=33", "[9007199254740993]", "[0.1 0.2 -0.3]",
]  # fmt: skip
SOUND_KERNELS = [*KERNELS[:7], *KERNELS[9:15], *ZOO]
SOUND_IMAGES = [
    "photo.png", "gray.png", "alpha.png", "gray-alpha.png", "deep.png", "dot.png", "bits.png", "real.npy", "single.npy",
    "nan.npy", "large.npy", "tiny.npy", "truth.npy", "whole.npy", "unsigned.npy", "flat.npy", "[1 2 3; 4 5 6]",
]  # fmt: skip
OUTPUTS = [
    "out.png",
    "out.npy",
    "out.jpg",
    "out.tiff",
    "out.pgm",
    "out.csv",
    "out.html",
    "out.gif",
    "out.npz",
    "k.json",
    "photo.png",
    "folder/",
    "no/o.png",
    "-",
]
TEXTS = ["", "[", "1 2\n3", "nan", "1/3," * 50, "\x00\x01", "{}", "not a picture"]


@dataclass(frozen=True)
class Finding:
    """A command line that did what none may do."""

    line: tuple[str, ...]
    fault: str


def make_inputs() -> None:
    """The files that the command lines name, in the working directory."""
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (12, 10, 4), dtype=np.uint8)
    Image.fromarray(noise[:, :, :3]).save("photo.png")
    Image.fromarray(noise[:, :, 0]).save("gray.png")
    Image.fromarray(noise).save("alpha.png")
    Image.fromarray(noise[:, :, :2], "LA").save("gray-alpha.png")
    Image.fromarray(noise[:1, :1, 0]).save("dot.png")
    Image.fromarray(noise[:, :, 0] > 90).save("bits.png")
    Image.fromarray(noise[:, :, 0].astype(np.uint16) * 257).save("deep.png")
    arrays: dict[str, Any] = {
        "real.npy": rng.normal(size=(9, 8)),
        "single.npy": rng.normal(size=(9, 8)).astype(np.float32),
        "nan.npy": np.array([[1.0, np.nan], [np.inf, -np.inf]]),
        "large.npy": np.full((5, 6), 1e308),
        "tiny.npy": np.full((5, 6), 5e-324),
        "truth.npy": noise[:, :, 0] > 90,
        "whole.npy": np.array([[2**53 + 1, -(2**62)], [3, 4]]),
        "unsigned.npy": np.array([[2**64 - 1, 0], [3, 4]], dtype=np.uint64),
        "empty.npy": np.zeros((0, 4)),
        "flat.npy": np.full((9, 9), 77.0),
        "complex.npy": np.ones((3, 3), dtype=complex),
        "cube.npy": np.ones((3, 3, 3, 3)),
        "k.npy": np.array([[1.0, 2], [3, 4]]),
        "net.npy": rng.normal(size=(4, 3, 3, 3)),
    }
    for name, array in arrays.items():
        np.save(name, array)
    np.savez("net.npz", first=arrays["net.npy"], second=rng.normal(size=(2, 4, 5, 5)), bias=np.ones(2))
    Path("list.txt").write_text("photo.png\ngray.png\n")
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:60])
    Path("k.csv").write_text("1,2,1\n0,0,0\n-1,-2,-1\n")
    Path("odd\x1bname.csv").write_text("1,2,1\n")
    Path("k.json").write_text('{"kernel": [[1, 2], [3, 4]], "anchor": [0, 0], "name": "a\\u00a0b\\nc"}')
    for number, text in enumerate(TEXTS):
        Path(f"text{number}.txt").write_text(text)


def images() -> list[str]:
    """Everything that may stand for an image."""
    return [*sorted(str(path) for path in Path().iterdir() if path.is_file()), "missing.png", ".", "-", "sample:letter"]


def leaves(
    group: click.Group = corrconv, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        elif command is not None and name not in LEFT_OUT:
            yield (*path, name), command


def value_of(chance: random.Random, parameter: click.Parameter) -> str:
    """A text for a parameter, sensible more often than not."""
    kind = parameter.type
    match kind:
        case click.Choice(choices=choices):
            return str(chance.choice([*choices, *choices, "x"]))
        case click.IntRange() | click.types.IntParamType():
            return chance.choice(WHOLES[1:5] if chance.random() < 0.8 else WHOLES)
        case click.types.FloatParamType():
            return chance.choice(NUMBERS)
    sound = chance.random() < 0.7
    pools = {
        "image": SOUND_IMAGES if sound else images(),
        "kernel": SOUND_KERNELS if sound else [*KERNELS, *ZOO, *ZOO],
        "row,col": CELLS,
        "center|lower|row,col": CELLS,
        "n or rows,cols": PAIRS,
        "row,col,rows,cols": RECTANGLES,
        "boundary": ["constant", "edge", "reflect", "symmetric", "wrap", "mirror"],
        "function": [
            "cv2.filter2D",
            "scipy.ndimage.convolve mode=mirror origin=1",
            "matlab.conv2 valid",
            "torch.nn.functional.conv2d",
            "x",
        ],
        "image or shape": [*SOUND_IMAGES, "12x10", "3x5x6", "2x3x5x6", "0x3", "99999x99999"],
        "n, rows,cols, top,bottom,left,right or rule": [
            "0",
            "1",
            "2,1",
            "1,0,2,0",
            "same",
            "valid",
            "full",
            "-1",
            "99",
        ],
        "b or b,b,...": ["0", "1.5", "1,2,3", "nan", "x"],
    }
    by_name = {
        "weights": ["2x2", "4x3x3x3", "2x1x3x3", "0x0", "net.npy", "net.npz", *SOUND_KERNELS[:6]],
        "network": ["net.npy", "net.npz", "cube.npy", "real.npy", "photo.png", "missing.npz"],
        "files_from": ["list.txt", "text0.txt", "missing.txt", "-"],
        "following": ["max:2", "mean:3", "3x3", "8x4x3x3:stride=2", "relu", "max:0"],
        "upstream": ["real.npy", "flat.npy", "net.npy"],
        "word": ["border", "sobel", "x", ""],
        "name": ["borders", "cv2.filter2D", "scipy", "x"],
    }
    if parameter.name in by_name:
        return chance.choice(by_name[parameter.name])
    if kind.name in pools:
        return chance.choice(pools[kind.name])
    if kind.name == "choice":  # of our own
        return chance.choice(["all", "reflect", "wrap", "same", "full", "x"])
    if parameter.name in {"output", "save", "score_map", "gradients", "log"}:
        return chance.choice(OUTPUTS)
    return chance.choice([*WORDS, *NUMBERS[:4], *PAIRS[:4], *images()])


def random_line(chance: random.Random, commands: list[tuple[tuple[str, ...], click.Command]]) -> list[str]:
    """One command line."""
    path, command = chance.choice(commands)
    words = list(path)
    words += SHORT.get(path, [])
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            count = 1 if parameter.nargs == 1 else chance.randint(1, 2)
            words += [value_of(chance, parameter) for _ in range(count)]
        elif (
            isinstance(parameter, click.Option)
            and parameter.name not in UNTRIED
            and (parameter.required or chance.random() < 1.5 / len(command.params))
        ):
            words.append(chance.choice([*parameter.opts, *parameter.secondary_opts]))
            if not parameter.is_flag:
                words += [value_of(chance, parameter) for _ in range(max(1, parameter.nargs))]
    if chance.random() < 0.03:
        words.insert(chance.randrange(len(words) + 1), chance.choice(WORDS))
    return words


def faults_of(line: list[str]) -> Iterator[str]:
    """What one command line does that none may do."""
    before = {path: sha256(path.read_bytes()).digest() for path in Path().iterdir() if path.is_file()}
    start = time.process_time()
    result = CliRunner(env={DEBUG_VARIABLE: "1"}).invoke(corrconv, line, input=b"\x89PNG\r\n\x1a\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        yield f"{type(result.exception).__name__}: {result.exception}"
        return
    if time.process_time() - start > SLOWEST:
        yield f"took {time.process_time() - start:.0f} seconds"
    yield from _faults_of_status(line, result.exit_code, result.stderr)
    binary = "-" in line or "convert" in line
    if not binary and any(not letter.isprintable() and letter != "\n" for letter in result.stdout + result.stderr):
        yield "control characters on a stream"
    if "--json" in line and result.exit_code == 0 and result.stdout.startswith("{"):
        json.loads(result.stdout, parse_constant=lambda name: float(name + " is no JSON"))
    for path, digest in before.items():
        kept = path.exists() and sha256(path.read_bytes()).digest() == digest
        if not kept and "--force" not in line and line.count(str(path)) > 1:
            yield f"changed its input {path}"
    if list(Path().rglob(".corrconv-*")):
        yield "left a temporary file"


def _faults_of_status(line: list[str], status: int, said: str) -> Iterator[str]:
    if status not in {0, 1, 2}:
        yield f"status {status}: {said[-1500:]}"
    if status == 1 and "--exit-code" not in line:
        yield f"status 1 without --exit-code: {said}"
    if "Traceback" in said or re.search(r"\w+Warning:", said):
        yield f"said {said}"
    last = said.splitlines()[-1:]
    if status == 2 and (not last or not last[0].startswith("Error: ")):
        yield f"trouble without its line: {said}"
    if status == 2 and len(said) > 6000:
        yield f"trouble in {len(said)} letters"


def fuzz(seed: int, count: int | None = None, seconds: float = float("inf")) -> tuple[int, list[Finding]]:
    """Run random command lines in the working directory; returns how many, and what was found."""
    chance = random.Random(seed)
    commands = list(leaves())
    findings, done, end = [], 0, time.monotonic() + seconds
    known = set()
    while (count is None or done < count) and time.monotonic() < end:
        if done % 25 == 0:
            for path in sorted(Path().rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            make_inputs()
        line = random_line(chance, commands)
        try:
            faults = list(faults_of(line))
        except Exception as error:
            faults = [f"{type(error).__name__}: {error}"]
        for fault in faults:
            sort = (line[0], re.sub(r"[0-9]+", "0", fault[-200:]))
            if sort not in known:
                known.add(sort)
                findings.append(Finding(tuple(line), fault))
        done += 1
    return done, findings


def _work(task: tuple[int, float]) -> tuple[int, list[Finding]]:
    seed, seconds = task
    warnings.simplefilter("error")
    limit = LARGEST + 2**31
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        return fuzz(seed, seconds=seconds)


def main() -> None:
    """Fuzz on all cores and print what was found."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 10**6
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with multiprocessing.Pool(cores) as pool:
        results = pool.map(_work, [(seed + core, seconds) for core in range(cores)])
    for _, findings in results:
        for finding in findings:
            sys.stdout.write(f"\n{finding.line!r}\n    {finding.fault}\n")
    total = sum(done for done, _ in results)
    sys.stdout.write(f"\n{total} command lines from seed {seed}, {sum(len(found) for _, found in results)} findings\n")


if __name__ == "__main__":
    main()
