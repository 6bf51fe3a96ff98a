"""What memory a work may take, what the limits of this process leave of it (`ulimit -v`), and what is done then."""

from __future__ import annotations

import mmap
import os
from math import inf

from corrconv.errors import CorrconvError

# NumPy, Pillow and a small picture take this much address space.
LEAST_ROOM = 224 * 1024**2

# A thread takes a stack, an arena of the allocator and a buffer of OpenBLAS, before it does anything.
ROOM_OF_THREAD = 256 * 1024**2

# A question about a picture may take this much, however much there is: a part of the picture answers it as well.
MOST_BYTES = 10**9

_BLAS_BUFFER = 48 * 1024**2


def memory_limit() -> float:
    """Bytes that this process may take in all; inf where no limit is set."""
    try:
        import resource  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return inf
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=inf)


def machine_memory() -> float:
    """Bytes that there are for this process at the very most; inf where the system does not say."""
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        physical = 0
    return min(memory_limit(), physical if physical > 0 else inf)


def require_memory(needed: float, work: str, remedy: str, *, most: float | None = None) -> None:
    """Raise CorrconvError, before a work is begun, where it needs more bytes than it may take or than there are.

    most: what it may take; by default what any question may.
    """
    there = min(MOST_BYTES if most is None else most, machine_memory())
    if needed > there:
        raise CorrconvError(
            f"{work} takes some {needed / 1e9:.2g} GB of memory, and may take {there / 1e9:.2g} GB; {remedy}"
        )


def affordable_threads(threads: int) -> int:
    """So many of some threads as the limits allow, at least one."""
    limit = memory_limit()
    return threads if limit == inf else max(1, min(threads, int(limit // ROOM_OF_THREAD) - 1))


def reserve_memory() -> None:
    """Raise CorrconvError where the limits leave too little to begin with; called before there are threads.

    Where OpenBLAS gets no memory for its first product, it ends the program, with status 1 and a line of its own:
    it gets that memory now.
    """
    if memory_limit() == inf:
        return
    _require(LEAST_ROOM)
    import numpy as np  # noqa: PLC0415  (`--help` does without)

    _require(_BLAS_BUFFER)
    square = np.ones((300, 300))
    square @ square


def _require(size: int) -> None:
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        raise CorrconvError(
            f"the memory limit of {memory_limit() / 2**20:.0f} MB leaves less than the {LEAST_ROOM >> 20} MB that"
            " corrconv needs to begin with; raise it (ulimit -v, ulimit -d)"
        ) from None
