"""corrconv apply on a cluster of two processes: workers may die, and nothing is lost or looks whole that is not."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import threading
import time

import numpy as np
import pytest
from blocks import same_bits
from PIL import Image
from shell import program, run

from corrconv.commands.apply import stores
from corrconv.errors import NotationError

distributed = pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]

PIXELS = np.random.default_rng(8).integers(0, 65536, (250, 300), dtype=np.uint16)


@pytest.fixture(scope="module")
def cluster():
    yield from started_cluster()


@pytest.fixture
def dying_cluster():
    yield from started_cluster()


def started_cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as started:
        yield started


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stores, "BLOCK_BYTES", 1)


def write_zarr(path="in.zarr"):
    array = zarr.create_array(path, shape=PIXELS.shape, chunks=(25, 50), dtype=PIXELS.dtype)
    array[...] = PIXELS
    return array


def worker_processes(cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def wait_for_chunks(folder):
    """Until some blocks of the result are written."""
    for _ in range(3000):
        if sum(path.is_file() for path in folder.glob(".corrconv-*.tmp/c/*/*")) > 3:
            return
        time.sleep(0.01)


def test_killed_workers_change_no_pixel(cluster, tmp_path):
    write_zarr()
    assert run("apply", "in.zarr", "gaussian:sigma=4", "-o", "here.zarr").exit_code == 0
    killed = []

    def kill():
        wait_for_chunks(tmp_path)
        killed.append(worker_processes(cluster)[0])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    result = run("apply", "in.zarr", "gaussian:sigma=4", "-o", "there.zarr", "--scheduler", cluster.scheduler_address)
    killer.join()
    assert killed
    assert result.exit_code == 0, result.stderr
    here, there = (zarr.open_array(name, mode="r")[...] for name in ("here.zarr", "there.zarr"))
    assert same_bits(there, here)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here.zarr", "in.zarr", "there.zarr"]


def test_many_pictures_of_which_one_is_broken(cluster, tmp_path):
    for number in range(30):
        Image.fromarray(PIXELS[number : number + 9, :20].astype(np.uint8)).save(f"{number}.png")
    (tmp_path / "7.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    names = [f"{number}.png" for number in range(30)]
    result = run("apply", *names, "sobel", "-o", "out/", "--scheduler", cluster.scheduler_address, "--log", "log.jsonl")
    assert result.exit_code == 2
    assert "1 of 30 pictures failed" in result.stderr
    assert "7.png" in next(line for line in result.stderr.splitlines() if line.startswith("Error:"))
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 30
    assert run("apply", *names, "sobel", "-o", "local/").exit_code == 2
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == sorted(path.name for path in (tmp_path / "local").iterdir())
    assert all((tmp_path / "out" / name).read_bytes() == (tmp_path / "local" / name).read_bytes() for name in made)
    # What is done is skipped; an input is not overwritten, forced or not.
    again = ("--scheduler", cluster.scheduler_address, "--log", "log.jsonl", "--skip-existing")
    assert "29 of 30 pictures skipped" in run("apply", *names, "sobel", "-o", "out/", *again).stderr
    (tmp_path / "0-correlation.png").symlink_to("0.png")
    before = (tmp_path / "0.png").read_bytes()
    result = run("apply", "0.png", "1.png", "sobel", "--force", "--scheduler", cluster.scheduler_address)
    assert "is an input and would be overwritten" in result.stderr
    assert (tmp_path / "0.png").read_bytes() == before


def test_what_answers_and_is_no_scheduler_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        done = program("apply", "sample:coins", "box", "-o", "out.png", "--scheduler", address)
        thread.join()
    said = f"Error: no dask scheduler answers at {address}; start one, or correct the address\n"
    assert (done.returncode, done.stderr.decode()) == (2, said)


def test_what_workers_cannot_do_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("apply", "-", "box", "-o", "out.png", "--scheduler", "tcp://127.0.0.1:1", input=b"")
    assert "workers cannot reach standard input" in result.stderr
    result = run("apply", "sample:coins", "box", "-o", "out.png", "--scheduler", "nowhere://x")
    assert (result.exit_code, "no dask scheduler answers at nowhere://x" in result.stderr) == (2, True)
    assert run("apply", "sample:coins", "box", "-o", "out.png", "--scheduler", "a", "--threads", "2").exit_code == 2
    # A variable of the environment sends no single picture away.
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "nowhere://x")
    assert run("apply", "sample:coins", "box", "-o", "out.png").exit_code == 0


def test_errors_travel():
    error = pickle.loads(pickle.dumps(NotationError("here", "no kernel")))
    assert (str(error), error.where, error.problem) == ("here: no kernel", "here", "no kernel")


def test_without_workers_there_is_an_end_and_no_result(dying_cluster, tmp_path, monkeypatch):
    write_zarr()
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dying_cluster.scheduler_address)
    monkeypatch.setattr("corrconv.commands.apply.cluster.PATIENCE_SECONDS", 1.0)

    def stop():
        wait_for_chunks(tmp_path)
        dying_cluster.scale(0)

    stopper = threading.Thread(target=stop)
    stopper.start()
    result = run("apply", "in.zarr", "gaussian:sigma=4", "-o", "out.zarr")
    stopper.join()
    assert result.exit_code == 2
    assert "no worker has been there for 1 seconds; start workers, then the same command again" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.zarr"]
