"""Files appear whole or not at all, and inputs stay what they were."""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from corrconv.errors import FileError
from corrconv.files import outputs
from corrconv.files.outputs import (
    atomic_write,
    check_targets,
    open_output,
    refuse_overwrite,
    write_text,
    written_together,
)
from corrconv.files.samples import sample_path


class FakeTerminal(io.BytesIO):
    def isatty(self):
        return True


def only_file(folder, name, content):
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_bytes() == content


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_writes_a_new_file_and_leaves_nothing_else(tmp_path):
    with atomic_write(tmp_path / "out") as file:
        file.write(b"new")
        assert not (tmp_path / "out").exists()
    only_file(tmp_path, "out", b"new")


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, BrokenPipeError])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failure_leaves_the_old_file_or_none(tmp_path, failure, old):
    if old:
        (tmp_path / "out").write_bytes(old)

    def fail():
        with atomic_write(tmp_path / "out") as file:
            file.write(b"half")
            raise failure

    with pytest.raises(failure):
        fail()
    if old:
        only_file(tmp_path, "out", old)
    else:
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path):
    (tmp_path / "out").write_bytes(b"old")

    def fill():
        with atomic_write(tmp_path / "out") as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FileError, match=r"out: no space is left on the disk; free some"):
        fill()
    only_file(tmp_path, "out", b"old")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_really_full_device_is_named():
    with pytest.raises(FileError, match="/dev/full: no space is left"):
        write_text("/dev/full", "text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_on_a_full_disk():
    def write():
        with Path("/dev/full").open("wb", buffering=0) as full, open_output("-", stdout=full) as file:
            file.write(b"x")

    with pytest.raises(FileError, match="standard output: no space is left"):
        write()


def test_a_failed_move_leaves_no_temporary_file(tmp_path, monkeypatch):
    (tmp_path / "out").write_bytes(b"old")

    def refuse(self, target):
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(FileError, match="permission to write it is denied"):
        write_text(tmp_path / "out", "new")
    only_file(tmp_path, "out", b"old")


def test_rights_follow_the_umask_or_the_old_file(tmp_path):
    old_mask = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "x")
        (tmp_path / "old").write_bytes(b"")
        (tmp_path / "old").chmod(0o604)
        write_text(tmp_path / "old", "x")
    finally:
        os.umask(old_mask)
    assert rights(tmp_path / "new") == 0o640
    assert rights(tmp_path / "old") == 0o604


def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "out").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, how: False)
    with pytest.raises(FileError, match="permission to write it is denied"):
        write_text(tmp_path / "out", "new")
    only_file(tmp_path, "out", b"old")


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_written_through(tmp_path, exists):
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real", tmp_path / "link"
    if exists:
        real.write_bytes(b"old")
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    only_file(tmp_path / "elsewhere", "real", b"new")


def test_a_pipe_is_written_directly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_text(pipe, "through")
    reader.join(5)
    assert received == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_directly():
    write_text("/dev/null", "gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_dev_stdout_keeps_the_file_that_the_shell_holds(tmp_path):
    held = tmp_path / "held"
    with held.open("wb") as file:
        inode = os.fstat(file.fileno()).st_ino
        write_text(f"/dev/fd/{file.fileno()}", "text")
    assert held.stat().st_ino == inode
    only_file(tmp_path, "held", b"text")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/out", "its folder does not exist; create it first"),
        ("file/out", "its folder does not exist"),
        (".", "is a directory; name a file in it"),
        ("x" * 300, "cannot be written: File name too long"),
        ("nul\0l", "cannot be written: embedded null"),
        ("loop", "cannot be written: Too many levels of symbolic links"),
    ],
)
def test_targets_that_cannot_be(tmp_path, name, message):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(FileError, match=message):
        write_text(tmp_path / name, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


def test_standard_output():
    stream = io.BytesIO()
    with open_output("-", stdout=stream) as file:
        file.write(b"bytes")
    assert stream.getvalue() == b"bytes"


def test_standard_output_refuses_a_terminal():
    with pytest.raises(FileError, match="is a terminal; pipe it on"), open_output("-", stdout=FakeTerminal()):
        pass


def test_standard_output_closed(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(FileError, match="standard output is closed"), open_output("-"):
        pass


def test_a_closed_pipe_stays_one():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with pytest.raises(BrokenPipeError), os.fdopen(write_end, "wb", buffering=0) as stream:  # noqa: SIM117
        with open_output("-", stdout=stream) as file:
            file.write(b"x")


class TestRefuseOverwrite:
    @pytest.fixture
    def source(self, tmp_path):
        path = tmp_path / "in.png"
        path.write_bytes(b"input")
        return path

    def test_the_same_file_by_any_name_or_link(self, tmp_path, source, monkeypatch):
        (tmp_path / "soft").symlink_to(source)
        (tmp_path / "hard").hardlink_to(source)
        monkeypatch.chdir(tmp_path)
        for target in (source, "in.png", "./in.png", tmp_path / "soft", tmp_path / "hard"):
            with pytest.raises(FileError, match=r"is an input and would be overwritten; .* --force"):
                refuse_overwrite(target, ["-", None, "sobel", source])
            refuse_overwrite(target, [source], force=True)

    def test_other_files_are_free(self, tmp_path, source):
        (tmp_path / "other").write_bytes(b"input")
        for target in ("-", "/dev/null", tmp_path / "new", tmp_path / "other"):
            refuse_overwrite(target, [source, "/dev/null", "sample:camera", "1/9 * [1 1]", "x" * 5000])


def test_devices_may_take_two_outputs_and_files_only_one(tmp_path):
    check_targets("/dev/null", "/dev/null", None, None, "-", "-")
    with pytest.raises(FileError, match="two outputs cannot go to one file"):
        check_targets(tmp_path / "a", tmp_path / "." / "a")


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no /dev/shm here")
def test_a_file_in_shared_memory_is_no_device_and_stays_when_writing_fails():
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        Path(file.name).write_text("old")
        with suppress(RuntimeError), atomic_write(file.name) as opened:
            opened.write(b"new")
            raise RuntimeError
        assert Path(file.name).read_text() == "old"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd here")
def test_a_link_to_an_open_descriptor_is_written_in_place(tmp_path):
    with (tmp_path / "held").open("wb") as file:
        (tmp_path / "link").symlink_to(f"/dev/fd/{file.fileno()}")
        write_text(tmp_path / "link", "text")
    assert (tmp_path / "held").read_text() == "text"
    assert (tmp_path / "link").is_symlink()


def test_files_written_together_all_appear_or_none(tmp_path):
    (tmp_path / "first").write_text("old")
    with suppress(FileError), written_together():
        write_text(tmp_path / "first", "new")
        assert (tmp_path / "first").read_text() == "old"
        write_text(tmp_path / "missing" / "second", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
    assert (tmp_path / "first").read_text() == "old"
    with written_together():
        write_text(tmp_path / "first", "new")
        write_text(tmp_path / "second", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
    assert (tmp_path / "first").read_text() == "new"


def test_an_end_that_is_no_failure_keeps_what_was_written(tmp_path):
    with suppress(KeyError), written_together(KeyError):
        write_text(tmp_path / "first", "new")
        raise KeyError
    assert (tmp_path / "first").read_text() == "new"


def test_hard_links_are_one_file_for_two_outputs(tmp_path):
    (tmp_path / "first").write_text("old")
    (tmp_path / "second").hardlink_to(tmp_path / "first")
    with pytest.raises(FileError, match="two outputs cannot go to one file"):
        check_targets(tmp_path / "first", tmp_path / "second")


def test_a_shipped_sample_is_an_input_like_any_other():
    with pytest.raises(FileError, match="would be overwritten"):
        refuse_overwrite(sample_path("camera"), ["sample:camera"])


def test_what_a_killed_program_left_is_cleared_and_nothing_else(tmp_path):
    left, foreign = (tmp_path / f".corrconv-{host}-12345-00.tmp" for host in (outputs._host(), "0" * 8))
    for path in (left, foreign):
        path.touch()
    with outputs.atomic_write(tmp_path / "slow.txt") as file:
        (alive,) = set(tmp_path.iterdir()) - {left, foreign}
        outputs._clear_stale.cache_clear()
        outputs.write_text(tmp_path / "new.txt", "new")
        assert sorted(tmp_path.iterdir()) == sorted([alive, foreign, tmp_path / "new.txt"])
        file.write(b"slow")
    assert (tmp_path / "slow.txt").read_text() == "slow"


def test_files_that_wait_for_others_are_not_taken_for_left_ones(tmp_path):
    with outputs.written_together():
        outputs.write_text(tmp_path / "first.txt", "first")
        outputs._clear_stale.cache_clear()
        outputs.write_text(tmp_path / "second.txt", "second")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "first.txt", tmp_path / "second.txt"]


def test_a_file_that_was_cleared_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    locks = []

    def lock(descriptor, kind):
        if not locks:
            for path in tmp_path.iterdir():
                path.unlink()
        locks.append(kind)

    monkeypatch.setattr(outputs.fcntl, "flock", lock)
    outputs.write_text(tmp_path / "new.txt", "new")
    assert (tmp_path / "new.txt").read_text() == "new"
    assert len(locks) == 2


def test_where_nothing_can_be_locked_files_are_written_all_the_same(tmp_path, monkeypatch):
    def unable(*_):
        raise OSError(errno.ENOLCK, "unable")

    monkeypatch.setattr(outputs.fcntl, "flock", unable)
    left = tmp_path / f".corrconv-{outputs._host()}-12345-00.tmp"
    left.touch()
    outputs.write_text(tmp_path / "new.txt", "new")
    assert sorted(tmp_path.iterdir()) == sorted([left, tmp_path / "new.txt"])


def test_nothing_stays_open(tmp_path):
    descriptors = Path("/dev/fd")
    if not descriptors.exists():
        pytest.skip("no /dev/fd here")
    before = len(list(descriptors.iterdir()))
    outputs.write_text(tmp_path / "new.txt", "new")
    with suppress(RuntimeError), outputs.atomic_write(tmp_path / "new.txt"):
        raise RuntimeError
    with outputs.written_together():
        outputs.write_text(tmp_path / "new.txt", "newer")
    with suppress(RuntimeError), outputs.written_together():
        outputs.write_text(tmp_path / "new.txt", "newest")
        raise RuntimeError
    assert len(list(descriptors.iterdir())) == before
