"""Command lines that filter: a template of arguments, files in a folder of their own, no shell."""

from __future__ import annotations

import os
import re
import selectors
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.core.kernel import Kernel
from corrconv.core.notation import write_kernel
from corrconv.core.notation.numbers import write_number
from corrconv.core.terms import Notation
from corrconv.errors import CorrconvError
from corrconv.files.decoding import decode_image
from corrconv.files.images import Picture, read_image, to_gray, write_image
from corrconv.files.kernels import write_kernel_file
from corrconv.libraries.target import FEW_KERNEL_SHAPES, Shape, Target, TimeoutExceededError

PLACEHOLDER = re.compile(r"\{(image|output|kernel(?::[a-z:]+)?)\}")


def _widened(pixels: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Pixels of a 16-bit picture that a tool wrote with 8 bits, because they hold no more."""
    return pixels * np.uint16(257) if pixels.dtype == np.uint8 and dtype == np.uint16 else pixels


def kernel_list(kernel: Kernel, separator: str = ",") -> str:
    """All weights, row by row."""
    return separator.join(write_number(weight) for weight in kernel.weights.ravel().tolist())


def kernel_rows(kernel: Kernel) -> str:
    """The weights with commas between them and semicolons between the rows."""
    return ";".join(",".join(map(write_number, row)) for row in kernel.weights.tolist())


# Ways to write a kernel that only occur inside other tools' arguments, without a notation of their own.
BARE_NOTATIONS = {
    "list": kernel_list,
    "spaced": lambda kernel: kernel_list(kernel, " "),
    "sized": lambda kernel: f"{kernel.shape[1]}x{kernel.shape[0]}:{kernel_list(kernel)}",
    "rows": kernel_rows,
}

# What the suffix of the picture files says about the pixels that they can hold.
IMAGE_DTYPES = {
    "png": ("uint8",),
    "pgm": ("uint8",),
    "png16": ("uint16", "uint8"),
    "pgm16": ("uint16", "uint8"),
    "tiff": ("float32", "uint8"),
}

MESSAGE_LENGTH = 400

# More than any picture that is asked for: a command that prints or writes more is not filtering.
PICTURE_BYTES = 64 * 1024 * 1024
COMPLAINT_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command line with placeholders.

    template: the arguments as one would type them, with {image}, {output} (or else the result is read
    from standard output) and {kernel}, {kernel:NOTATION} or {kernel:file:NOTATION}. image_format: a key
    of IMAGE_DTYPES; image_dtypes: fewer than stand there; output_format: a suffix. timeout: seconds.
    """

    name: str
    template: str
    image_format: str = "png"
    image_dtypes: tuple[str, ...] = ()
    output_format: str = ""
    kernel_shapes: tuple[Shape, ...] = FEW_KERNEL_SHAPES
    whole_kernels: bool = False
    timeout: float = 20.0

    def target(self) -> Target:
        """The command as something that can be probed. Raises CorrconvError for a template that cannot work."""
        arguments = split_template(self.template)
        if self.image_format not in IMAGE_DTYPES:
            raise CorrconvError(f"{self.image_format!r} is no image format for commands; use {', '.join(IMAGE_DTYPES)}")
        return Target(
            name=self.name,
            run=lambda image, kernel: self._run(arguments, image, kernel),
            image_dtypes=self.image_dtypes or IMAGE_DTYPES[self.image_format],
            kernel_shapes=self.kernel_shapes,
            whole_kernels=self.whole_kernels,
            proof_pictures=1,
        )

    def _run(self, arguments: list[str], image: NDArray[Any], kernel: NDArray[np.float64]) -> NDArray[Any]:
        with tempfile.TemporaryDirectory(prefix="corrconv-probe-") as name:
            folder = Path(name)
            suffix = self.image_format.removesuffix("16")
            write_image(folder / f"image.{suffix}", Picture(image))
            output = folder / f"output.{self.output_format or suffix}"
            paths = {"image": str(folder / f"image.{suffix}"), "output": str(output)}
            command = [_filled(argument, paths, Kernel(kernel), folder) for argument in arguments]
            printed = run_command(command, folder, self.timeout)
            if not any("{output}" in argument for argument in arguments):
                if not printed:
                    raise CorrconvError(f"{command[0]} printed no picture to its standard output")
                return _widened(_gray(decode_image(BytesIO(printed), f"standard output of {command[0]}")), image.dtype)
            _check_output(output, command[0])
            return _widened(_gray(read_image(str(output))), image.dtype)


def _check_output(output: Path, program: str) -> None:
    """Raise CorrconvError for anything but a file of a sensible size: to open a pipe would wait for ever."""
    try:
        status = output.lstat()
    except OSError:
        raise CorrconvError(f"{program} ended with status 0 but wrote no {output.name}") from None
    if not stat.S_ISREG(status.st_mode):
        raise CorrconvError(f"{program} made {output.name} something else than a regular file")
    if status.st_size > PICTURE_BYTES:
        raise CorrconvError(f"{program} wrote more than {PICTURE_BYTES >> 20} MB to {output.name}")


def split_template(template: str) -> list[str]:
    """The arguments of a template, with their placeholders checked.

    Raises CorrconvError for unbalanced quotes, unknown placeholders, or a template without {image} or {kernel}.
    """
    try:
        arguments = shlex.split(template)
    except ValueError as error:
        raise CorrconvError(f"the command cannot be split into arguments: {error}; check its quotes") from None
    of_shell = _of_shell(template)
    if of_shell:
        raise CorrconvError(f"there is no shell that would read {of_shell[0]}; use sh -c '...' for it")
    found = [match.group(1) for match in PLACEHOLDER.finditer(template)]
    for needed in ("image", "kernel"):
        if not any(name.partition(":")[0] == needed for name in found):
            raise CorrconvError(f"the command has no {{{needed}}}; write it where the {needed} belongs")
    for name in found:
        _notation_of(name)
    return arguments


def _of_shell(template: str) -> list[str]:
    """The pipes, redirections and such that stand outside of quotes, be it between words or within them."""
    words = shlex.shlex(template, posix=True, punctuation_chars="|&;<>")
    words.whitespace_split = True
    words.commenters = ""
    return [word for word in words if set(word) <= set("|&;<>") and word]


def _notation_of(placeholder: str) -> tuple[str, bool]:
    """The notation that a placeholder names, and whether the kernel is written to a file of its own."""
    _, _, rest = placeholder.partition(":")
    in_file = rest.startswith("file:")
    notation = rest.removeprefix("file:") or "csv"
    known = [*Notation, *BARE_NOTATIONS]
    if notation not in known:
        raise CorrconvError(f"{{{placeholder}}} names no notation; use one of {', '.join(known)}")
    return notation, in_file


def _filled(argument: str, paths: dict[str, str], kernel: Kernel, folder: Path) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in paths:
            return paths[name]
        notation, in_file = _notation_of(name)
        if not in_file:
            bare = BARE_NOTATIONS.get(notation)
            return bare(kernel) if bare else write_kernel(kernel, Notation(notation))
        if notation in BARE_NOTATIONS:
            (folder / "kernel.txt").write_text(BARE_NOTATIONS[notation](kernel) + "\n", encoding="utf-8")
            return str(folder / "kernel.txt")
        suffix = "mat" if notation == Notation.VIPS else notation
        write_kernel_file(folder / f"kernel.{suffix}", kernel, Notation(notation))
        return str(folder / f"kernel.{suffix}")

    return PLACEHOLDER.sub(value, argument)


def run_command(command: list[str], folder: Path, timeout: float) -> bytes:
    """What a command prints to its standard output.

    It runs in the folder, without a shell and without input; what it started itself is ended with it. Raises
    CorrconvError with its standard error where it is not there, fails or prints without end, and TimeoutExceededError
    where it takes longer than timeout seconds.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        remedy = "; is it installed and on PATH?" if isinstance(error, FileNotFoundError | PermissionError) else ""
        raise CorrconvError(f"{command[0]} cannot be run: {error.strerror}{remedy}") from error
    with process:
        try:
            printed, complaints = _printed(process, command[0], timeout)
        finally:
            _end(process)
    if process.returncode != 0:
        said = " ".join(complaints.decode("utf-8", "replace").split())[:MESSAGE_LENGTH]
        raise CorrconvError(f"{command[0]} failed with status {process.returncode}: {said or 'it said nothing'}")
    return printed


def _printed(process: subprocess.Popen[bytes], program: str, timeout: float) -> tuple[bytes, bytes]:
    """What a process prints until it ends, to both streams; of the second only the beginning is kept."""
    too_long = TimeoutExceededError(f"{program} took longer than {timeout:g} seconds; see --timeout")
    deadline = time.monotonic() + timeout
    printed, complaints = bytearray(), bytearray()
    with selectors.DefaultSelector() as streams:
        streams.register(process.stdout, selectors.EVENT_READ, printed)  # type: ignore[arg-type]
        streams.register(process.stderr, selectors.EVENT_READ, complaints)  # type: ignore[arg-type]
        while streams.get_map():
            left = deadline - time.monotonic()
            ready = streams.select(left) if left > 0 else []
            if not ready:
                raise too_long
            for key, _ in ready:
                chunk = os.read(key.fd, CHUNK_BYTES)
                key.data.extend(chunk)
                if not chunk:
                    streams.unregister(key.fileobj)
            if len(printed) > PICTURE_BYTES:
                raise CorrconvError(f"{program} printed more than {PICTURE_BYTES >> 20} MB to its standard output")
            del complaints[COMPLAINT_BYTES:]
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise too_long from None
    return bytes(printed), bytes(complaints)


def _end(process: subprocess.Popen[bytes]) -> None:
    # The group is the process's own, started for it: nothing else is in it. It may have ended by itself.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _gray(picture: Picture) -> NDArray[Any]:
    gray = to_gray(picture)
    return gray.pixels[:, :, 0] if gray.pixels.ndim == 3 else gray.pixels


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool's filter: the programs that may be it, what proves that they are, and the command to run.

    command: its template begins with PROGRAM. package: what the program must find too.
    """

    programs: tuple[str, ...]
    sign: str
    version_argument: str
    command: Command
    package: str = ""

    @property
    def program(self) -> str | None:
        """The first of the programs that is on PATH and says who it is, or None.

        A file of the right name is not enough: scripts called `convert` are many.
        """
        for name in self.programs:
            if shutil.which(name) is None:
                continue
            try:
                with tempfile.TemporaryDirectory() as folder:
                    answer = subprocess.run(
                        [name, *shlex.split(self.version_argument)],
                        cwd=folder,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        timeout=10,
                        check=False,
                    )
            except (OSError, subprocess.TimeoutExpired):
                continue
            if self.sign.encode() in answer.stdout + answer.stderr:
                return name
        return None

    @property
    def installed(self) -> bool:
        """Whether one of the programs is here."""
        return self.program is not None

    @property
    def needs(self) -> str:
        """What must be installed."""
        return " or ".join(self.programs) + (f" with the package {self.package}" if self.package else "")

    def target(self, name: str, settings: Mapping[str, Any]) -> Target:
        """The command with the program that is here. Raises CorrconvError where none is, or for settings."""
        if settings:
            raise CorrconvError(f"{name} is a command and takes no --set; give its arguments with --command")
        program = self.program
        if program is None:
            raise CorrconvError(
                f"{name} needs {self.needs}, which is not found here;"
                f" `corrconv conventions {name}` shows what it is known to compute"
            )
        return replace(self.command, template=self.command.template.replace("PROGRAM", program, 1)).target()
