"""A process of its own for other people's callables: what they print, how they crash or hang, is kept from ours."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from io import BytesIO
from queue import Empty, Queue
from select import select
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from corrconv import libraries
from corrconv.core.threads import start
from corrconv.errors import CorrconvError
from corrconv.libraries.calling import Argument, Form, Order, forms_of
from corrconv.libraries.running import imported_callable
from corrconv.libraries.target import TimeoutExceededError

START_SECONDS = 60.0
LARGEST_ANSWER = 256 * 1024 * 1024
LARGEST_MEMORY = 4 * 1024**3
LENGTH_BYTES = 8
FORM_BYTES = 2
OPEN, CALL = b"O", b"C"
RESULT, FAILURE = b"R", b"F"


class HostProcess:
    """A process of its own in which callables are opened and called; it is started anew where it has ended.

    opened: the one that is called there now.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.answers: Queue[bytes | None] = Queue()
        self.collecting = False
        self.opened: CallableProcess | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The process, started where there is none. Raises CorrconvError where the system starts none."""
        if self.process is not None:
            return self.process
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
                f"callables need a process of their own, and none can be started: {error.strerror}"
            ) from error
        self.process, self.answers = process, Queue()
        weakref.finalize(self, _end, process)
        self.collecting = start(partial(_collect, process.stdout, self.answers), daemon=True) is not None
        return process

    def ask(self, message: bytes, seconds: float, name: str) -> bytes:
        """Send a message and wait for its answer.

        Raises CorrconvError with what went wrong there; where the process did not answer, it is gone then.
        """
        process = self.start()
        assert process.stdin is not None
        try:
            with suppress(OSError):  # it is gone; the missing answer says so
                _send(process.stdin, message)
            answer = self._answer(process, seconds)
        except Empty:
            self.stop()
            raise TimeoutExceededError(f"{name} took longer than {seconds:g} seconds") from None
        except BaseException:
            self.stop()
            raise
        if answer is None:
            raise CorrconvError(self.stop())
        if answer[:1] == FAILURE:
            raise CorrconvError(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    def _answer(self, process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
        """The next answer, or None where the process has ended. Raises Empty after so many seconds."""
        if self.collecting:
            return self.answers.get(timeout=seconds)
        assert process.stdout is not None
        # No thread could be started. An answer is sent as a whole, so that its first byte is all there is to wait for.
        if not select([process.stdout], [], [], seconds)[0]:
            raise Empty
        return _received(process.stdout)

    def stop(self) -> str:
        """End the process; returns how it had ended by itself, in words."""
        process, self.process, self.opened = self.process, None, None
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        status = process.returncode
        _end(process)
        if status is None or status >= 0:
            return f"it ended its process{'' if status is None else f' with status {status}'}"
        return f"it crashed ({signal.Signals(-status).name})"


class CallableProcess:
    """Calls a known function, or `package.module:function`, in a process of its own.

    order: of its arguments, where it is not to be found by trying. form: how it is called, once that is known.
    """

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        timeout: float,
        order: Order | None = None,
        host: HostProcess | None = None,
    ) -> None:
        self.name, self.settings, self.timeout, self.order = name, dict(settings), timeout, order
        self.host = host or HostProcess()
        self.forms: list[str] = []
        self.form: int | None = None
        self.ended: set[int] = set()

    @property
    def words(self) -> str:
        """How it is called, in words, or an empty text where it is not known yet."""
        return "" if self.form is None else self.forms[self.form]

    def open(self) -> None:
        """Import the callable in the process. Raises CorrconvError where that fails."""
        order = self.order and [(it.role, it.keyword) for it in self.order]
        self.host.start()
        opening = repr((sys.path, list(libraries.__path__), self.name, self.settings, order))
        try:
            answer = self.host.ask(OPEN + opening.encode(), START_SECONDS, self.name)
        except CorrconvError as error:
            dead = self.host.process is None and not isinstance(error, TimeoutExceededError)
            raise CorrconvError(f"{self.name} cannot be imported: {error}") if dead else error from None
        self.host.opened, self.forms = self, json.loads(answer)

    def __call__(self, image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
        """What the callable makes of an image and a kernel; where it changes them, they are changed here too.

        It is called in every way that it may want, until one gives a picture: that one is kept. Raises CorrconvError
        with what it raised or how it ended, and TimeoutExceededError.
        """
        if self.form is not None:
            return self._called(self.form, image, kernel)
        if not self.forms:
            self.open()
        usual: NDArray[Any] | CorrconvError | None = None
        for form in range(len(self.forms)):
            if form in self.ended:
                continue
            outcome = self._tried(form, image, kernel)
            if isinstance(outcome, np.ndarray) and _may_be_filtered(outcome, kernel):
                self.form = form
                return outcome
            usual = outcome if usual is None else usual
        if isinstance(usual, np.ndarray):
            return usual
        raise usual or CorrconvError("it ended its process, however it was called")

    def _tried(self, form: int, image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any] | CorrconvError:
        """The result of one way to call it, or what went wrong; a way that ends the process is not tried again."""
        image, kernel = (image, kernel) if form == 0 else (image.copy(), kernel.copy())
        try:
            return self._called(form, image, kernel)
        except CorrconvError as error:
            if isinstance(error, TimeoutExceededError) and form == 0:
                raise
            if self.host.process is None and form > 0:
                self.ended.add(form)
            return error

    def _called(self, form: int, image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
        if self.host.opened is not self:
            self.open()
        message = CALL + form.to_bytes(FORM_BYTES, "big") + _packed(image, kernel)
        result, *changed = _arrays(self.host.ask(message, self.timeout, self.name))
        for here, there in zip((image, kernel), changed, strict=True):
            if here.shape == there.shape and here.flags.writeable:
                here[...] = there
        return result


def _may_be_filtered(result: NDArray[Any], kernel: NDArray[Any]) -> bool:
    """Whether a result may be a filtered picture, and not a filtered kernel."""
    return result.ndim == 2 and any(side > cells for side, cells in zip(result.shape, kernel.shape, strict=True))


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
    """The other side: open callables and answer calls until there are no more. Its own output goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    _limit_memory()
    forms: list[Form] = []
    while (request := _received(requests)) is not None:
        try:
            if request[:1] == OPEN:
                forms = _opened(request[1:].decode())
                answer = RESULT + json.dumps([form.words for form in forms]).encode()
            else:
                answer = _answer(forms[int.from_bytes(request[1 : 1 + FORM_BYTES], "big")], request[1 + FORM_BYTES :])
        # Whatever a stranger's code raises is an answer.
        except (Exception, SystemExit, GeneratorExit, KeyboardInterrupt) as error:
            detail = str(error).strip()
            kind = "" if isinstance(error, CorrconvError) else type(error).__name__
            answer = _failed(": ".join(filter(None, (kind, detail))))
        _send(answers, answer)


def _opened(request: str) -> list[Form]:
    """The ways to call what a request names: a known function has one."""
    path, folders, name, settings, order = ast.literal_eval(request)
    sys.path[:], libraries.__path__[:] = path, folders
    if ":" in name:
        arguments = order and tuple(Argument(*it) for it in order)
        return forms_of(imported_callable(name), settings, arguments)
    runner = import_module("corrconv.libraries.registry").function_named(name).runner
    import_module(runner.module)
    return [Form("", partial(runner.call, **settings))]


def _answer(form: Form, request: bytes) -> bytes:
    image, kernel = _arrays(request)
    result = np.asarray(form.call(image, kernel))
    if result.dtype.kind not in "biufc":
        return _failed(f"it returned {result.dtype}, not numbers")
    return RESULT + _packed(result, image, kernel)


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
