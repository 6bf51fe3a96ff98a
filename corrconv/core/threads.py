"""Work that several threads share."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def pool_of(threads: int) -> ThreadPoolExecutor:
    """Threads that are kept: starting one takes as long as filtering a small picture."""
    return ThreadPoolExecutor(threads)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool_of.cache_clear)


def share(work: Callable[[], None], threads: int) -> None:
    """Call work in this thread and at the same time in others, as many as the system starts.

    Each call takes parts of the work until none is left, so that it does not matter how many there are.
    """
    if threads == 1:
        work()
        return
    pool = pool_of(threads - 1)
    others: list[Future[None]] = []
    try:
        others.extend(pool.submit(work) for _ in range(threads - 1))
    except RuntimeError:  # no more can be started: those that there are do it
        pool_of.cache_clear()
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
