"""A process of its own for a stranger's callable: what it prints, how it crashes or hangs, is kept from ours."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import weakref
from contextlib import suppress
from functools import partial
from io import BytesIO
from queue import Empty, Queue
from select import select
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from corrconv.core.threads import start
from corrconv.errors import CorrconvError
from corrconv.libraries.running import imported_callable
from corrconv.libraries.target import TimeoutExceededError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

START_SECONDS = 60.0
LARGEST_ANSWER = 256 * 1024 * 1024
LARGEST_MEMORY = 4 * 1024**3
LENGTH_BYTES = 8
RESULT, FAILURE = b"R", b"F"


class CallableProcess:
    """Calls `package.module:function` in a process of its own, which is started anew where it has ended."""

    def __init__(self, name: str, settings: Mapping[str, Any], timeout: float) -> None:
        self.name, self.settings, self.timeout = name, dict(settings), timeout
        self.process: subprocess.Popen[bytes] | None = None
        self.answers: Queue[bytes | None] = Queue()
        self.collecting = False

    def start(self) -> None:
        """Start the process and import the callable there. Raises CorrconvError where that fails."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "corrconv.libraries.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise CorrconvError(
                f"{self.name} needs a process of its own, and none can be started: {error.strerror}"
            ) from error
        self.process, self.answers = process, Queue()
        weakref.finalize(self, _end, process)
        collect = partial(_collect, process.stdout, self.answers)
        self.collecting = start(collect, daemon=True) is not None
        self._ask(repr((sys.path, self.name, self.settings)).encode(), START_SECONDS)

    def __call__(self, image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
        """What the callable makes of an image and a kernel; where it changes them, they are changed here too.

        Raises CorrconvError with what it raised or how it ended, and TimeoutExceededError.
        """
        if self.process is None:
            self.start()
        result, *changed = _arrays(self._ask(_packed(image, kernel), self.timeout))
        for here, there in zip((image, kernel), changed, strict=True):
            if here.shape == there.shape:
                here[...] = there
        return result

    def _ask(self, message: bytes, seconds: float) -> bytes:
        """Send a message and wait for its answer; whatever goes wrong, the process is gone then."""
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            with suppress(OSError):  # it is gone; the missing answer says so
                _send(self.process.stdin, message)
            answer = self._answer(seconds)
        except Empty:
            self._stop()
            raise TimeoutExceededError(f"{self.name} took longer than {seconds:g} seconds") from None
        except BaseException:
            self._stop()
            raise
        if answer is None:
            raise CorrconvError(self._stop())
        if answer[:1] == FAILURE:
            raise CorrconvError(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    def _answer(self, seconds: float) -> bytes | None:
        """The next answer, or None where the process has ended. Raises Empty after so many seconds."""
        if self.collecting:
            return self.answers.get(timeout=seconds)
        assert self.process is not None
        assert self.process.stdout is not None
        # No thread could be started. An answer is sent as a whole, so that its first byte is all there is to wait for.
        if not select([self.process.stdout], [], [], seconds)[0]:
            raise Empty
        return _received(self.process.stdout)

    def _stop(self) -> str:
        """End the process; returns how it had ended by itself, in words."""
        process, self.process = self.process, None
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        status = process.returncode
        _end(process)
        if status is None or status >= 0:
            return f"it ended its process{'' if status is None else f' with status {status}'}"
        return f"it crashed ({signal.Signals(-status).name})"


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # its own group, started for it
        else:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def _send(stream: BinaryIO | Any, message: bytes) -> None:
    stream.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
    stream.flush()


def _received(stream: BinaryIO | Any) -> bytes | None:
    """The next message, or None at the end or for a length that cannot be meant."""
    head = stream.read(LENGTH_BYTES)
    length = int.from_bytes(head, "big")
    if len(head) < LENGTH_BYTES or length > LARGEST_ANSWER:
        return None
    message: bytes = stream.read(length)
    return message if len(message) == length else None


def _collect(stream: BinaryIO | Any, answers: Queue[bytes | None]) -> None:
    with suppress(OSError, ValueError):  # closed meanwhile
        while (answer := _received(stream)) is not None:
            answers.put(answer)
    answers.put(None)


def _packed(*arrays: NDArray[Any]) -> bytes:
    packed = BytesIO()
    for array in arrays:
        np.lib.format.write_array(packed, np.asarray(array), allow_pickle=False)
    return packed.getvalue()


def _arrays(packed: bytes) -> list[NDArray[Any]]:
    stream, arrays = BytesIO(packed), []
    while stream.tell() < len(packed):
        arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
    return arrays


def serve() -> None:
    """The other side: answer calls until there are no more. Its own output goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    _limit_memory()
    function: Any = None
    while (request := _received(requests)) is not None:
        try:
            if function is None:
                path, name, settings = ast.literal_eval(request.decode())
                sys.path[:] = path
                function = imported_callable(name)
                answer = RESULT
            else:
                image, kernel = _arrays(request)
                result = np.asarray(function(image, kernel, **settings))
                real = result.dtype.kind in "biufc"
                answer = (
                    RESULT + _packed(result, image, kernel)
                    if real
                    else _failed(f"it returned {result.dtype}, not numbers")
                )
        # Whatever a stranger's code raises is an answer.
        except (Exception, SystemExit, GeneratorExit, KeyboardInterrupt) as error:
            detail = str(error).strip()
            kind = "" if isinstance(error, CorrconvError) else type(error).__name__
            answer = _failed(": ".join(filter(None, (kind, detail))))
        _send(answers, answer)


def _failed(message: str) -> bytes:
    return FAILURE + message.encode("utf-8", "replace")


def _limit_memory() -> None:
    """Let allocations without end fail where the system can do that, and not take the machine's memory."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    serve()
