"""Work on the workers of a dask cluster that somebody else has started: `apply --scheduler`."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrconv import __version__
from corrconv.commands.apply.outcome import Outcome, Status
from corrconv.errors import CorrconvError
from corrconv.files.numbers import is_inline
from corrconv.files.outputs import InputFiles
from corrconv.files.samples import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from corrconv.commands.apply.files import FileFilter
    from corrconv.commands.apply.outcome import Leaving
    from corrconv.core.progress import Progress

# How long work waits for a worker where dask's own setting (distributed.scheduler.no-workers-timeout) says nothing.
PATIENCE_SECONDS = 60.0

# How often it is looked whether there are workers.
CHECK_SECONDS = 0.5

# A scheduler that is alive answers a question within these.
ANSWER_SECONDS = 10.0

# So many pictures travel together: one by one, tiny ones would spend most of their time on the way.
MOST_TOGETHER = 32


class Cluster:
    """A connection to a scheduler. Raises CorrconvError where there is none, or workers of another version."""

    def __init__(self, client: Any) -> None:
        self._client = client
        from dask import config

        setting = config.get("distributed.scheduler.no-workers-timeout", None)
        if isinstance(setting, str):
            from dask.utils import parse_timedelta

            setting = parse_timedelta(setting)
        self._patience = PATIENCE_SECONDS if setting is None else float(setting)

    @property
    def workers(self) -> int:
        """How many workers there are. Raises TimeoutError for a scheduler that does not answer."""
        return len(self._client.sync(self._client.scheduler.ncores, callback_timeout=ANSWER_SECONDS))

    def each(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """The number of each item and its result, or the exception that it ended with, as they are finished.

        Raises CorrconvError when no worker is left, or no scheduler.
        """
        from distributed import as_completed

        futures = self._client.map(work, items, pure=False)
        numbers = {future.key: number for number, future in enumerate(futures)}
        completed, lonely_since, next_check = as_completed(futures, loop=self._client.loop), None, 0.0  # type: ignore[no-untyped-call]
        try:
            while completed.count():  # type: ignore[no-untyped-call]
                for future in completed.next_batch(block=False):  # type: ignore[no-untyped-call]
                    yield numbers[future.key], self._result(future)
                if time.monotonic() >= next_check:
                    lonely_since = self._check(lonely_since)
                    next_check = time.monotonic() + CHECK_SECONDS
                time.sleep(0.01)
        finally:
            # Without waiting for an answer, as cancel does.
            for future in futures:
                future.release()

    def all(self, work: Callable[[Any], Any], items: Sequence[Any], progress: Progress) -> list[Any]:
        """The results of all items, in their order. Raises CorrconvError where one fails."""
        results: list[Any] = [None] * len(items)
        for done, (number, result) in enumerate(self.each(work, items), start=1):
            if isinstance(result, CorrconvError):
                raise result
            if isinstance(result, Exception):
                raise CorrconvError(f"a worker failed: {_words(result)}") from result
            results[number] = result
            progress(done, len(items))
        return results

    def _result(self, future: Any) -> Any:
        """The result of a future, or its exception; a worker that is lost takes it along, to be computed again."""
        from distributed.comm.core import CommClosedError

        lonely_since = None
        while True:
            try:
                return future.result(timeout=CHECK_SECONDS)
            except TimeoutError:
                lonely_since = self._check(lonely_since)
            except CommClosedError:  # on the way, not in the work
                lonely_since = self._check(lonely_since)
                time.sleep(CHECK_SECONDS)
            except Exception as error:  # whatever the work ended with
                if self._client.status != "running":
                    self._check(None)
                return error

    def _check(self, lonely_since: float | None) -> float | None:
        """Since when nobody works, if that is so. Raises CorrconvError where it has been too long."""
        missing, remedy = "no worker has been there", "start workers"
        try:
            if self._client.status == "running" and self.workers:
                return None
        except (OSError, TimeoutError):
            missing, remedy = "the scheduler has not answered", "see what holds it up"
        if self._client.status != "running":
            raise CorrconvError("the scheduler is gone; start it and its workers again, then the same command")
        since = time.monotonic() if lonely_since is None else lonely_since
        if time.monotonic() - since >= self._patience:
            raise CorrconvError(f"{missing} for {self._patience:g} seconds; {remedy}, then the same command again")
        return since


@contextmanager
def connected(address: str | None, scheduler_file: str | None) -> Iterator[Cluster]:
    """A connection to the scheduler at an address, or to the one that a file names."""
    try:
        from distributed import Client
    except ImportError as error:
        raise CorrconvError("work on a cluster needs more packages: pip install 'corrconv[dask]'") from error

    class Connection(Client):
        def __del__(self) -> None:
            """Nothing: one that was never made would wait ten more seconds, and then show a traceback."""

    where = address if scheduler_file is None else _address_in(scheduler_file)
    # What becomes of connections is said by the errors raised here.
    for talker in ("distributed", "asyncio", "tornado"):
        logging.getLogger(talker).setLevel(logging.CRITICAL + 1)
    try:
        asyncio.run(_greet(where))
        client = Connection(address=where, set_as_default=False, timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever may be made of what something else answers there
        raise CorrconvError(f"no dask scheduler answers at {where}; start one, or correct the address") from error
    try:
        _check_versions(client)
        yield Cluster(client)
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=5)  # type: ignore[no-untyped-call]


async def _greet(address: str | None) -> None:
    """Wait for the answer of a scheduler: dask's client waits for ever for whatever takes its call and says nothing.

    Raises what dask does where none comes.
    """
    from distributed import Security, rpc

    settings = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    async with rpc(address, connection_args=settings) as called:  # type: ignore[no-untyped-call]
        answer = await asyncio.wait_for(called.identity(), ANSWER_SECONDS)
    if answer["type"] != "Scheduler":
        raise ValueError(f"a {answer['type']} answers")


def _address_in(scheduler_file: str) -> str:
    """The address in what `dask scheduler --scheduler-file` writes; dask itself waits for ever for such a file."""
    try:
        return str(json.loads(Path(scheduler_file).read_text(encoding="utf-8"))["address"])
    except FileNotFoundError as error:
        raise CorrconvError(f"{scheduler_file}: no such file; start the scheduler, or correct the name") from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CorrconvError(f"{scheduler_file}: is not what a dask scheduler writes; name the right file") from error


def version_here() -> str:
    """The version of corrconv where this runs."""
    return __version__


def _check_versions(client: Any) -> None:
    try:
        found = set(client.run(version_here, callback_timeout=PATIENCE_SECONDS).values())
    except Exception as error:  # whatever the workers answer with that cannot import it
        raise CorrconvError(
            f"the workers have no corrconv {__version__} ({_words(error)}); install it there"
        ) from error
    if not found <= {__version__}:
        raise CorrconvError(f"the workers have corrconv {', '.join(sorted(found))}; install {__version__} there")


def filter_on(
    cluster: Cluster,
    filter_file: FileFilter,
    sources: Sequence[str],
    targets: Sequence[str],
    leaving: Sequence[Leaving],
) -> Iterator[Outcome]:
    """Attempt all pictures in batches, on the workers; yields as they are finished."""
    waiting = []
    for pair in zip(_absolute(sources), _absolute(targets), strict=True):
        left = next((left for leave in leaving if (left := leave(*pair)) is not None), None)
        if left is None and filter_file.inputs.hold(pair[1]):
            # Forced or not: a worker that is lost when it has done so would filter the result again.
            left = _failure(pair, f"{pair[1]} is an input and would be overwritten; choose another output with -o")
        if left is None:
            waiting.append(pair)
        else:
            yield left
    # Another machine has other files of the same numbers.
    filter_file = replace(filter_file, inputs=InputFiles(()))
    size = max(1, min(MOST_TOGETHER, len(waiting) // (4 * max(1, cluster.workers))))
    batches = [waiting[start : start + size] for start in range(0, len(waiting), size)]
    lost: list[tuple[str, str]] = []
    for number, result in cluster.each(filter_file.attempt_all, batches):
        if isinstance(result, Exception):
            lost.extend(batches[number])
        else:
            yield from result
    # A picture that ends every worker that reads it takes others along; one after the other, it fails alone.
    for pair in lost:
        for _, result in cluster.each(filter_file.attempt_all, [[pair]]):
            failed = isinstance(result, Exception)
            yield from [_failure(pair, f"a worker failed: {_words(result)}")] if failed else result


def _failure(pair: tuple[str, str], words: str) -> Outcome:
    return Outcome(*pair, Status.FAILED, error=CorrconvError(f"{pair[0]}: {words}"))


def _absolute(paths: Sequence[str]) -> list[str]:
    """Paths as they are for workers, whose folder is another one."""
    return [path if path.startswith(PREFIX) or is_inline(path) else str(Path(path).absolute()) for path in paths]


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
