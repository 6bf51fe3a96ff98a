"""Work that several threads share: the one place that starts threads, and that does without where none starts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache, partial
from threading import Event, Thread
from typing import TypeVar

from corrconv.core.memory import affordable_threads

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start(work: Callable[[], object], *, daemon: bool = False) -> Thread | None:
    """Call work in a thread of its own; None where the system starts no more. The program's end waits for no daemon."""
    thread = Thread(target=work, daemon=daemon)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def in_order(
    work: Callable[[Item], Result], items: Sequence[Item], threads: int, *, stop: Event | None = None
) -> Iterator[Result]:
    """Yield work of each item in the order of the items, several at a time; alone where no thread can be started.

    stop: set as soon as no more is wanted, so that work that has begun can end early; its end is waited for. The
    threads see the context variables of the caller.
    """
    results: deque[Future[Result]] = deque(Future() for _ in items)
    waiting = deque(zip(items, results, strict=True))

    def take() -> bool:
        """Do the next piece; whether there was one."""
        try:
            item, result = waiting.popleft()
        except IndexError:
            return False
        try:
            result.set_result(work(item))
        except BaseException as error:
            result.set_exception(error)
        return True

    def take_all() -> None:
        while take():
            pass

    wanted = affordable_threads(min(threads, len(items)))
    others: list[Thread] = []
    try:
        while wanted > 1 and len(others) < wanted:
            if (other := start(partial(copy_context().run, take_all))) is None:
                break
            others.append(other)
        while results:
            if not others:
                take()
            yield results.popleft().result()
    finally:
        waiting.clear()
        if stop is not None:
            stop.set()
        for other in others:
            other.join()


@cache
def _pool_of(threads: int) -> ThreadPoolExecutor:
    """Threads that are kept: starting one takes as long as filtering a small picture."""
    return ThreadPoolExecutor(threads)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool_of.cache_clear)


def share(work: Callable[[], None], threads: int) -> None:
    """Call work in this thread and at the same time in others, as many as the system starts.

    Each call takes parts of the work until none is left, so that it does not matter how many there are.
    """
    others_wanted = affordable_threads(threads) - 1 if threads > 1 else 0
    if others_wanted == 0:
        work()
        return
    pool = _pool_of(others_wanted)
    others: list[Future[None]] = []
    try:
        others.extend(pool.submit(work) for _ in range(others_wanted))
    except RuntimeError:  # no more can be started: those that there are do it
        _pool_of.cache_clear()
        work()
        pool.shutdown(cancel_futures=True)
        return
    try:
        work()
    finally:
        # One that has not begun finds no part any more; waiting for it might wait for ourselves.
        running = [other for other in others if not other.cancel()]
        wait(running)
    for other in running:
        other.result()
