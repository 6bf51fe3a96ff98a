"""Pieces of work come back in their order, whatever the number of threads that the system starts."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar

import pytest

from corrconv.core.threads import in_order, start


@pytest.fixture(params=[0, 1, 100])
def startable(request, monkeypatch):
    """How many threads the system starts before it refuses."""
    started = []
    begin = threading.Thread.start

    def begin_or_refuse(thread):
        if len(started) == request.param:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", begin_or_refuse)
    yield request.param
    assert not any(thread.is_alive() for thread in started)


@pytest.mark.parametrize("threads", [1, 2, 5, 90])
def test_results_come_in_the_order_of_the_work(startable, threads):
    def late_first(number):
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number**2

    assert list(in_order(late_first, range(20), threads)) == [number**2 for number in range(20)]
    assert list(in_order(late_first, [], threads)) == []


def test_each_piece_is_done_once(startable):
    done = []
    list(in_order(done.append, range(50), 4))
    assert sorted(done) == list(range(50))


def test_an_error_comes_in_its_turn_and_ends_the_work(startable):
    stop = threading.Event()
    results = in_order(lambda number: 6 // (3 - number), range(1000), 2, stop=stop)
    assert [next(results) for _ in range(3)] == [6 // 3, 6 // 2, 6 // 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert stop.is_set()


def test_work_that_nobody_waits_for_is_stopped(startable):
    stop, begun = threading.Event(), []

    def work(number):
        begun.append(number)
        if number == 0:
            return "done"
        stop.wait(20)
        time.sleep(0.1)  # no thread outlives the call
        return "stopped"

    results = in_order(work, range(100), 3, stop=stop)
    assert next(results) == "done"
    results.close()
    assert len(begun) < 10


def test_as_many_work_at_a_time_as_are_wanted():
    together = threading.Barrier(3, timeout=20)
    assert sorted(in_order(lambda _: together.wait(), range(3), 3)) == [0, 1, 2]


def test_where_none_starts_that_is_said(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert start(print) is None


def test_threads_see_the_variables_of_whoever_started_them():
    variable = ContextVar("variable", default=0)
    variable.set(7)
    met = threading.Barrier(3, timeout=10)  # so that each of them takes a piece

    def work(_):
        met.wait()
        return threading.get_ident(), variable.get()

    found = list(in_order(work, range(3), 3))
    assert len({thread for thread, _ in found}) == 3
    assert {value for _, value in found} == {7}
