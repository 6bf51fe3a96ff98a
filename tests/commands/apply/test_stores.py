"""corrconv apply on zarr arrays: block by block what the whole picture gives, and whole or not at all."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from blocks import same_bits
from shell import program, run

from corrconv.commands.apply import stores
from corrconv.core.options import Options
from corrconv.core.rendering import Rendering, render
from corrconv.core.terms import Operation
from corrconv.core.zoo import zoo_kernel

zarr = pytest.importorskip("zarr")

RANDOM = np.random.default_rng(5)
PIXELS = {
    "uint8": RANDOM.integers(0, 256, (90, 130), dtype=np.uint8),
    "uint16": RANDOM.integers(0, 65536, (90, 130, 3), dtype=np.uint16),
    "float32": RANDOM.normal(0, 1, (90, 130)).astype(np.float32),
    "int64": RANDOM.integers(-(2**40), 2**40, (90, 130)),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, tmp_path):
    monkeypatch.setattr(stores, "BLOCK_BYTES", 5000)
    monkeypatch.chdir(tmp_path)


def write(path, pixels, chunks=(20, 30), **settings):
    chunks = (*chunks, *pixels.shape[2:])
    array = zarr.create_array(str(path), shape=pixels.shape, chunks=chunks, dtype=pixels.dtype, **settings)
    array[...] = pixels
    return array


def read(path):
    return zarr.open_array(str(path), mode="r")[...]


@pytest.mark.parametrize("dtype", PIXELS)
@pytest.mark.parametrize("kernel", ["emboss", "gaussian:sigma=1.5", "box"])
@pytest.mark.parametrize("display", ["clip", "rescale", "signed"])
def test_blocks_are_those_of_the_whole(dtype, kernel, display):
    pixels = PIXELS[dtype]
    write("in.zarr", pixels)
    result = run("apply", "in.zarr", kernel, "-o", "out.zarr", "--display", display, "--boundary", "wrap")
    assert result.exit_code == 0, result.stderr
    planes = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
    whole = render(
        planes, zoo_kernel(kernel), Operation.CORRELATION, Options(boundary="wrap"), Rendering(display=display)
    )
    assert same_bits(read("out.zarr").reshape(whole.pixels.shape), whole.pixels)
    clipped = f"{whole.clipped / planes[:, :, 0].size:.2%} of the pixels clipped"
    assert (clipped in result.stderr) == bool(whole.clipped)


def test_the_result_has_the_chunks_and_the_attributes_of_the_input():
    settings = {"dimension_names": ["c", "y", "x"], "attributes": {"unit": "nm"}, "shards": (3, 40, 60)}
    pixels = np.moveaxis(PIXELS["uint16"], -1, 0)
    array = zarr.create_array("in.zarr", shape=pixels.shape, chunks=(3, 20, 30), dtype="uint16", **settings)
    array[...] = pixels
    result = run("apply", "in.zarr", "[1 2; 3 4]", "--stride", "2", "--convolve", "--scale", "0.05")
    assert result.exit_code == 0, result.stderr
    made = zarr.open_array("in-convolution.zarr", mode="r")
    assert (made.shape, made.chunks, made.shards) == ((3, 45, 65), (3, 20, 30), (3, 40, 60))
    assert made.attrs.asdict() == {"unit": "nm"}
    assert made.metadata.dimension_names == ("c", "y", "x")
    result = run("apply", "in.zarr", "box", "--gray", "-o", "gray.zarr")
    assert zarr.open_array("gray.zarr").shape == (1, 90, 130)


def test_an_older_format_stays_what_it_is():
    write("in.zarr", PIXELS["uint8"], zarr_format=2)
    assert run("apply", "in.zarr", "box", "-o", "out.zarr").exit_code == 0
    assert zarr.open_array("out.zarr", mode="r").metadata.zarr_format == 2


def test_what_is_there_is_replaced_only_when_forced(tmp_path):
    write("in.zarr", PIXELS["uint8"])
    write("out.zarr", PIXELS["uint8"])
    before = read("out.zarr")
    result = run("apply", "in.zarr", "box", "-o", "out.zarr")
    assert (
        result.exit_code,
        "out.zarr is there already; choose another output with -o, or add --force" in result.stderr,
    ) == (2, True)
    assert same_bits(read("out.zarr"), before)
    assert run("apply", "in.zarr", "box", "-o", "out.zarr", "--force").exit_code == 0
    assert not same_bits(read("out.zarr"), before)
    (tmp_path / "folder.zarr").mkdir()
    result = run("apply", "in.zarr", "box", "-o", "folder.zarr", "--force")
    assert "is there already; choose another output with -o\n" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.zarr", "in.zarr", "out.zarr"]


def test_a_failure_leaves_nothing(tmp_path, monkeypatch):
    write("in.zarr", PIXELS["uint8"])
    writes = []

    def fail(self, target, outputs, pixels):
        writes.append(target)
        if len(writes) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("corrconv.files.stores.ZarrPicture.write_to", fail)
    result = run("apply", "in.zarr", "box", "-o", "out.zarr", "--threads", "1")
    assert (result.exit_code, "No space left" in result.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.zarr"]


@pytest.mark.parametrize("settings", [{}, {"compressors": None}], ids=["compressed", "plain"])
def test_a_damaged_chunk_is_named_in_one_line(tmp_path, settings):
    """As a program, since zarr complains when it ends of what it had begun to read."""
    write("in.zarr", PIXELS["uint16"], **settings)
    (tmp_path / "in.zarr" / "c" / "2" / "2" / "0").write_bytes(b"rubbish")
    done = program("apply", "in.zarr", "box", "-o", "out.zarr")
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, line[:7]) == (2, "Error: ")
    assert "in.zarr: a chunk cannot be read (" in line
    assert [path.name for path in tmp_path.iterdir()] == ["in.zarr"]


def test_several_arrays_go_to_a_folder():
    write("a.zarr", PIXELS["uint8"])
    write("b.zarr", PIXELS["float32"])
    assert run("apply", "a.zarr", "b.zarr", "box", "-o", "out/").exit_code == 0
    assert read("out/a-correlation.zarr").dtype == np.uint8
    assert read("out/b-correlation.zarr").dtype == np.float32


def test_what_cannot_be_filtered_is_refused(tmp_path):
    group = zarr.create_group("group.zarr")
    group.create_array("0", shape=(3, 3), dtype="uint8")
    zarr.create_array("deep.zarr", shape=(2, 2, 3, 3), dtype="uint8")
    zarr.create_array("turned.zarr", shape=(3, 3), dtype="uint8", dimension_names=["x", "y"])
    write("in.zarr", PIXELS["uint8"])
    shutil.copytree("in.zarr", "broken.zarr")
    (tmp_path / "broken.zarr" / "zarr.json").write_text("{")
    for arguments, said in [
        (["group.zarr", "box"], "is a group of zarr arrays; name one of them, such as group.zarr/0"),
        (["deep.zarr", "box"], "has 4 axes"),
        (["turned.zarr", "box"], "transpose it first"),
        (["broken.zarr", "box"], "cannot be read as a zarr array"),
        (["in.zarr", "sample:coins", "box"], "a command each"),
        (["in.zarr", "box", "--magnitude"], "--magnitude does not go with zarr arrays"),
        (["in.zarr", "box", "--format", "png"], "--format does not go with zarr arrays"),
        (["in.zarr", "box", "-o", "none/out.zarr"], "its folder does not exist"),
        (["in.zarr", "box", "--max-pixels", "9"], "more than 9 pixels"),
    ]:
        result = run("apply", *arguments)
        assert (result.exit_code, said in result.stderr) == (2, True), (arguments, result.stderr)
