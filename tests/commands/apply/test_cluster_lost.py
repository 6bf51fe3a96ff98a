"""A cluster that falls apart in the middle of the work: nothing is lost in silence, and there is always an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from blocks import same_bits
from PIL import Image
from shell import run, trouble

from corrconv.commands.apply import cluster as cluster_module
from corrconv.commands.apply import stores
from corrconv.commands.apply.cluster import connected, filter_on
from corrconv.commands.apply.outcome import Status
from corrconv.files.outputs import InputFiles

distributed = pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]

PIXELS = np.random.default_rng(8).integers(0, 65536, (250, 300), dtype=np.uint16)
SLOW = ("gaussian:sigma=4", "--engine", "direct")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stores, "BLOCK_BYTES", 1)


@pytest.fixture
def scheduler(tmp_path_factory):
    """A scheduler and a worker as processes of their own; the file that says where."""
    folder = tmp_path_factory.mktemp("scheduler")
    file = folder / "scheduler.json"
    words = ["--scheduler-file", str(file), "--no-dashboard"]
    commands = [
        ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *words],
        ["distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *words],
    ]
    processes = []
    try:
        for command in commands:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
            processes.append(subprocess.Popen([sys.executable, "-m", *command], **quiet))
            wait_for(file.exists)
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
        yield file, processes[0].pid
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def meanwhile(condition, action):
    """Do something as soon as a condition is met, beside what happens in the block."""
    done, ended = [], threading.Event()

    def watch():
        while not ended.is_set():
            if condition():
                done.append(action())
                return
            time.sleep(0.005)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert done


def chunks(count, folder=".corrconv-*.tmp"):
    return lambda: sum(path.is_file() for path in Path().glob(f"{folder}/c/*/*")) >= count


def some_pictures():
    return len(names("out")) > 3


def write_zarr():
    zarr.create_array("in.zarr", shape=PIXELS.shape, chunks=(25, 50), dtype=PIXELS.dtype)[...] = PIXELS


def write_pictures(count):
    for number in range(count):
        Image.fromarray(PIXELS[number : number + 90, :200].astype(np.uint8)).save(f"{number}.png")
    return [f"{number}.png" for number in range(count)]


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


@contextmanager
def local_cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as started:
        yield started


def kill_workers(address):
    # Those that have come up: killed before, their nannies give up.
    with distributed.Client(address, set_as_default=False) as client:
        for process in client.run(os.getpid).values():
            os.kill(process, signal.SIGKILL)


def test_all_workers_are_killed_and_no_pixel_differs():
    write_zarr()
    assert run("apply", "in.zarr", *SLOW, "-o", "here.zarr").exit_code == 0
    with local_cluster() as cluster:
        address = cluster.scheduler_address
        with meanwhile(chunks(4), lambda: kill_workers(address)):
            done = run("apply", "in.zarr", *SLOW, "-o", "there.zarr", "--scheduler", address)
    assert done.exit_code == 0, done.stderr
    assert same_bits(*(zarr.open_array(f"{name}.zarr", mode="r")[...] for name in ("there", "here")))


def test_all_workers_are_killed_and_no_picture_is_lost():
    pictures = write_pictures(30)
    assert run("apply", *pictures, *SLOW, "-o", "here/").exit_code == 0
    Path("out").mkdir()
    with local_cluster() as cluster:
        address = cluster.scheduler_address
        with meanwhile(some_pictures, lambda: kill_workers(address)):
            done = run("apply", *pictures, *SLOW, "-o", "out/", "--log", "log.jsonl", "--scheduler", address)
    assert done.exit_code == 0, done.stderr
    entries = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    assert sorted(Path(entry["source"]).name for entry in entries) == sorted(pictures)
    assert {entry["status"] for entry in entries} == {"written"}
    assert all((Path("out") / name).read_bytes() == (Path("here") / name).read_bytes() for name in names("here"))


def test_a_picture_that_ends_its_worker_takes_no_other_along(monkeypatch):
    class Deadly:
        """Stands for a filter whose decoder crashes on one picture."""

        inputs = InputFiles(())

        def attempt_all(self, pairs):
            for source, _ in pairs:
                if source.endswith("5.png"):
                    os._exit(1)
            return [cluster_module.Outcome(*pair, cluster_module.Status.WRITTEN) for pair in pairs]

    monkeypatch.setattr(cluster_module, "replace", lambda filter_file, **_: filter_file)
    sources = [f"{number}.png" for number in range(10)]
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        local_cluster() as cluster,
        connected(cluster.scheduler_address, None) as connection,
    ):
        outcomes = list(filter_on(connection, Deadly(), sources, [f"o/{name}" for name in sources], []))
    assert len(outcomes) == 10
    (failed,) = (outcome for outcome in outcomes if outcome.status is Status.FAILED)
    assert failed.source.endswith("5.png")
    assert f"{failed.source}: a worker failed: " in str(failed.error)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, "the scheduler is gone; start it and its workers again, then the same command"),
        (signal.SIGSTOP, "the scheduler has not answered for 1 seconds; see what holds it up, then the same command"),
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["zarr", "pictures"])
def test_a_lost_scheduler_is_an_end(scheduler, monkeypatch, number, said, many):
    monkeypatch.setattr(cluster_module, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(cluster_module, "ANSWER_SECONDS", 2.0)
    file, process = scheduler
    if many:
        pictures, output = write_pictures(90), Path("out")
        output.mkdir()
        started = some_pictures
    else:
        write_zarr()
        pictures, output, started = ["in.zarr"], Path("out.zarr"), chunks(4)
    with meanwhile(started, lambda: os.kill(process, number)):
        done = run("apply", *pictures, *SLOW, "-o", output, "--scheduler-file", file, "-q")
    assert said in trouble(done)
    if many:
        # Each that is there is whole.
        assert [name for name in names("out") if not name.startswith(".")] != []
        for path in output.glob("[!.]*"):
            Image.open(path).load()
    else:
        assert not output.exists()


def test_a_scheduler_file_that_is_none(tmp_path):
    Image.fromarray(np.zeros((5, 5), np.uint8)).save("a.png")
    said = trouble(run("apply", "a.png", "box", "-o", "o.png", "--scheduler-file", "none.json"))
    assert said == "none.json: no such file; start the scheduler, or correct the name"
    for content in ("{", "[]", '{"type": "Scheduler"}', "[1"):
        Path("s.json").write_text(content)
        said = trouble(run("apply", "a.png", "box", "-o", "o.png", "--scheduler-file", "s.json"))
        assert said == "s.json: is not what a dask scheduler writes; name the right file"
    assert not Path("o.png").exists()


def test_what_takes_the_call_and_says_nothing_is_no_scheduler(monkeypatch):
    import socket

    monkeypatch.setattr(cluster_module, "ANSWER_SECONDS", 0.5)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save("a.png")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        said = trouble(run("apply", "a.png", "box", "-o", "o.png", "--scheduler", address))
    assert said == f"no dask scheduler answers at {address}; start one, or correct the address"
