"""Many runs of a tool in few processes: starting one costs more than filtering a small picture."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import io as scipy_io

from corrconv.core.kernel import Kernel
from corrconv.errors import CorrconvError
from corrconv.files.images import Picture, read_image, to_gray, write_image
from corrconv.libraries.command_lines import Tool, kernel_list
from corrconv.libraries.function import LibraryFunction, MatlabText, ShellText

BATCH = 250


@dataclass(frozen=True)
class Work:
    """A picture, a kernel, and the settings of the function."""

    image: NDArray[Any]
    kernel: Kernel
    settings: dict[str, Any]


# Each script is run as `node --eval` would run it, and those that wait for something wait together.
IN_NODE = """
process.on("unhandledRejection", (error) => console.error(String(error)));
for (const line of require("fs").readFileSync("works.txt", "utf8").trim().split("\\n")) {
  try { new Function("process", "require", SCRIPT)({ argv: ["node", ...line.split(" ")] }, require); }
  catch (error) { console.error(String(error)); }
}
"""
IN_JAVA = """
class Batch {
    public static void main(String[] arguments) throws Exception {
        for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of("works.txt"))) {
            try { Convolve.main(line.split(" ")); } catch (Exception error) { System.err.println(error); }
        }
    }
}
"""
IN_OCTAVE = """
try
  load('work%d.mat'); %s save('-v7', 'output%d.mat', 'result');
catch problem
  fprintf(stderr, '%%s\\n', problem.message);
end
"""


def results(function: LibraryFunction, works: Sequence[Work]) -> list[NDArray[Any] | str]:
    """What a tool makes of each work, or what it said last where it made nothing."""
    made: list[NDArray[Any] | str] = []
    for first in range(0, len(works), BATCH):
        with tempfile.TemporaryDirectory() as name:
            made += _in_folder(function, works[first : first + BATCH], Path(name))
    return made


def _in_folder(function: LibraryFunction, works: Sequence[Work], folder: Path) -> list[NDArray[Any] | str]:
    text, tool = function.text, function.runner
    if isinstance(text, MatlabText):
        return _by_octave(text, works, folder)
    assert isinstance(tool, Tool)
    suffix = text.suffix if isinstance(text, ShellText) else "png"
    for number, work in enumerate(works):
        write_image(folder / f"image{number}.{suffix}", Picture(work.image))
    said = _by_shell(text, tool, works, folder) if isinstance(text, ShellText) else _by_script(tool, works, folder)
    outputs = [folder / f"output{number}.{suffix}" for number in range(len(works))]
    return [_read(output, work, said) for output, work in zip(outputs, works, strict=True)]


def _read(output: Path, work: Work, said: str) -> NDArray[Any] | str:
    try:
        pixels = to_gray(read_image(str(output))).pixels
    except CorrconvError as error:
        return f"{said}; {error}"
    pixels = pixels[:, :, 0] if pixels.ndim == 3 else pixels
    # A picture of 16 bits may be written with 8, where it holds no more.
    return pixels * np.uint16(257) if pixels.dtype == np.uint8 and work.image.dtype == np.uint16 else pixels


def _by_shell(text: ShellText, tool: Tool, works: Sequence[Work], folder: Path) -> str:
    """The lines that port writes, as one script; G'MIC takes its commands in one line."""
    lines, program = [], tool.program
    for number, work in enumerate(works):
        with suppress(CorrconvError):
            names = (f"image{number}.{text.suffix}", f"output{number}.{text.suffix}")
            line = text.write(work.kernel, work.settings, *names)
            lines.append(line.replace("\nmagick ", f"\n{program} "))
    start = "gmic -v 0 "
    if lines and all(line.startswith(start) for line in lines):
        lines = [start + " remove ".join(line.removeprefix(start).replace("\\\n", "") for line in lines)]
    (folder / "works.sh").write_text("\n".join(lines), encoding="utf-8")
    return _said(["sh", "works.sh"], folder)


def _by_script(tool: Tool, works: Sequence[Work], folder: Path) -> str:
    """A script of Node.js, or a program of Java, for all works in one process."""
    lines = []
    for number, work in enumerate(works):
        rows, columns = work.kernel.shape
        lines.append(f"image{number}.png output{number}.png {columns}x{rows}:{kernel_list(work.kernel)}")
    (folder / "works.txt").write_text("\n".join(lines), encoding="utf-8")
    arguments = shlex.split(tool.command.template)[1:]
    if "--eval" in arguments:
        script = f"const SCRIPT = {json.dumps(arguments[1])};{IN_NODE}"
        return _said(["node", "--eval", script], folder)
    source = Path(arguments[1]).read_text(encoding="utf-8")
    (folder / "Batch.java").write_text(source.replace("\n/** ", f"{IN_JAVA}\n/** ", 1), encoding="utf-8")
    return _said(["java", "-Djava.awt.headless=true", "Batch.java"], folder)


def _by_octave(text: MatlabText, works: Sequence[Work], folder: Path) -> list[NDArray[Any] | str]:
    """MATLAB's statements, run by Octave; the pictures keep their types."""
    lines = ["pkg load image"]
    for number, work in enumerate(works):
        scipy_io.savemat(folder / f"work{number}.mat", {"padded": work.image, "kernel": work.kernel.weights})
        lines.append(IN_OCTAVE % (number, text.statement(work.settings), number))
    (folder / "works.m").write_text("\n".join(lines), encoding="utf-8")
    said = _said(["octave-cli", "works.m"], folder)
    outputs = [folder / f"output{number}.mat" for number in range(len(works))]
    return [scipy_io.loadmat(output)["result"] if output.exists() else said for output in outputs]


def _said(command: list[str], folder: Path) -> str:
    """The last line that a command says to its standard error, whether it fails or not."""
    ran = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600
    )
    return (ran.stderr.strip() or "no words").splitlines()[-1][:200]
