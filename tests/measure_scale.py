"""Measure large pictures, many pictures and many machines, for the table in README.md.

Run it as `python tests/measure_scale.py FOLDER [ROUNDS] [SHARE] [WORD]`, with vips and dask-image installed, and 15 GB
free in FOLDER: all in one run, SHARE of the full size (1), only the rows that hold WORD. Prints a row for each command:
processor time (user and system, the median of ROUNDS, 3), wall time, and the largest anonymous memory that was seen in
any round: that of all its processes together, beside the page cache. Where workers do the work, theirs counts too.
Inputs that are there are used again.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import zarr
from distributed import Client, LocalCluster
from PIL import Image

from corrconv.files.raw import header_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAM = str(Path(sys.executable).with_name("corrconv"))
LOOK_SECONDS = 0.005
# Starting workers, dask changes its own, such as how the allocator keeps memory.
ENVIRONMENT = dict(os.environ)

# The same sharpening, saturated to 8 bits: dask-image sums in the type of the pixels, which must be wide enough.
SHARPEN = "3 3\n0 -1 0\n-1 5 -1\n0 -1 0\n"
WITH_DASK_IMAGE = """
import dask.array as da, numpy as np, sys
from dask_image.ndfilters import correlate
def main():
    pixels = da.from_zarr("in.zarr").astype(np.int16)
    sums = correlate(pixels, np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]), mode="mirror")
    da.to_zarr(sums.clip(0, 255).astype(np.uint8), "out.zarr")
main()
"""


@dataclass(frozen=True)
class Work:
    """One row: what is done, by what, and what is removed before each round."""

    name: str
    command: Sequence[str]
    target: str
    workers: Sequence[int] = ()


def picture(rows: int, columns: int) -> Iterator[np.ndarray]:
    """Bands of a gray 8-bit picture: smooth, with noise, so that it is compressed as photographs are."""
    random = np.random.default_rng(1)
    noise = random.integers(-6, 7, (1024, columns + 4096), dtype=np.int16)
    across = 90 * np.sin(np.arange(columns) / 300)
    for top in range(0, rows, 1024):
        count, shift = min(1024, rows - top), int(random.integers(4096))
        down = 30 * np.cos(np.arange(top, top + count) / 170)
        smooth = (128 + across + down[:, np.newaxis]).astype(np.int16)
        yield np.clip(smooth + noise[:count, shift : shift + columns], 0, 255).astype(np.uint8)


def prepare(folder: Path, share: float) -> dict[str, int]:
    """Write all inputs; their sizes in megapixels, or their number."""
    os.chdir(folder)
    large, chunked, many = isqrt(int(1e9 * share)), isqrt(int(400e6 * share)), int(2000 * share)
    sizes = {"large": large**2 // 10**6, "chunked": chunked**2 // 10**6, "many": many}
    if (done := Path("sizes.json")).exists() and json.loads(done.read_text(encoding="utf-8")) == sizes:
        return sizes
    for name, kind in (("in.tif", "TIFF"), ("in.npy", "NPY")):
        with Path(name).open("wb") as file:
            file.write(header_of(kind, (large, large), np.dtype(np.uint8), {}))
            for band in picture(large, large):
                file.write(band.data)
    chunks = zarr.create_array("in.zarr", shape=(chunked, chunked), chunks=(1024, 1024), dtype="uint8", overwrite=True)
    for number, band in enumerate(picture(chunked, chunked)):
        chunks[number * 1024 : number * 1024 + len(band)] = band
    Path("many").mkdir(exist_ok=True)
    base = next(picture(256, 256))
    for number in range(many):
        Image.fromarray(np.roll(base, number, axis=1)).save(f"many/{number:05}.png", compress_level=1)
    Path("many.txt").write_text("".join(f"many/{number:05}.png\n" for number in range(many)), encoding="utf-8")
    Path("sharpen.mat").write_text(SHARPEN, encoding="utf-8")
    Path("with_dask_image.py").write_text(WITH_DASK_IMAGE, encoding="utf-8")
    done.write_text(json.dumps(sizes), encoding="utf-8")
    return sizes


def rows_of(sizes: dict[str, int], scheduler: str, workers: Sequence[int]) -> Iterator[Work]:
    """Everything that is measured."""
    apply = (PROGRAM, "apply", "-q")
    large, chunked, many = f"{sizes['large']} MP", f"{sizes['chunked']} MP", f"{sizes['many']:,} PNG"
    yield Work(f"{large}, tif", (*apply, "in.tif", "sharpen", "-o", "out.tif"), "out.tif")
    yield Work(f"{large}, tif, vips", ("vips", "conv", "in.tif", "out.tif", "sharpen.mat"), "out.tif")
    yield Work(f"{large}, npy to float64", (*apply, "in.npy", "sharpen", "-o", "out.npy"), "out.npy")
    zarr_words = (*apply, "in.zarr", "sharpen", "-o", "out.zarr")
    yield Work(f"{chunked}, zarr", zarr_words, "out.zarr")
    yield Work(f"{chunked}, zarr, dask-image", (sys.executable, "with_dask_image.py"), "out.zarr")
    yield Work(f"{chunked}, zarr, 2 workers", (*zarr_words, "--scheduler", scheduler), "out.zarr", workers)
    pictures = (*apply, "--files-from", "many.txt", "sharpen", "-o", "out/")
    yield Work(f"{many}, 2 workers", (*pictures, "--scheduler", scheduler), "out", workers)
    yield Work(many, (*pictures, "--log", "log.jsonl"), "out")
    yield Work(f"{many}, written again", (*pictures, "--log", "log.jsonl"), "")
    yield Work(f"{many}, skipped", (*pictures, "--log", "log.jsonl", "--skip-existing"), "")


def measure(work: Work) -> tuple[float, float, int]:
    """Processor and wall seconds of one round, and the peak of anonymous bytes."""
    if work.target:
        with suppress(FileNotFoundError):
            (shutil.rmtree if Path(work.target).is_dir() else os.remove)(work.target)
    before, theirs = resource.getrusage(resource.RUSAGE_CHILDREN), _seconds(work.workers)
    start, peak = time.monotonic(), 0
    process = subprocess.Popen(work.command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    while process.poll() is None:
        peak = max(peak, sum(map(_anonymous, [*_family(process.pid), *work.workers])))
        time.sleep(LOOK_SECONDS)
    wall = time.monotonic() - start
    if process.returncode:
        raise SystemExit(f"{work.command} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return own + _seconds(work.workers) - theirs, wall, peak


def _family(process: int) -> list[int]:
    """A process and all that it has started."""
    found = [process]
    for parent in found:
        with suppress(OSError):
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                found.extend(map(int, children.read_text(encoding="ascii").split()))
    return found


def _anonymous(process: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def _seconds(processes: Sequence[int]) -> float:
    """The processor time that running processes have taken."""
    ticks = 0
    for process in processes:
        words = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main(folder: str, rounds: str = "3", share: str = "1", word: str = "") -> None:
    """Prepare, measure, print."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    sizes = prepare(Path(folder), float(share))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        workers = list(client.run(os.getpid).values())
        for work in (work for work in rows_of(sizes, cluster.scheduler_address, workers) if word in work.name):
            taken = [measure(work) for _ in range(int(rounds))]
            seconds, wall = (median(values) for values in list(zip(*taken, strict=True))[:2])
            megabytes = max(peak for _, _, peak in taken) / 1e6
            sys.stdout.write(f"{work.name:36} {seconds:7.1f} s {wall:7.1f} s wall {megabytes:6.0f} MB\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
