"""Pictures larger than memory: what is filled into the file differs in nothing from what is computed whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrconv.commands.group import corrconv as main
from corrconv.core.decision import Filtering
from corrconv.files import raw
from corrconv.files.raw import header_of
from tests.shell import PROGRAM, run, trouble
from tests.strategies import cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.strategies import Case

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files are mapped only where they can be replaced meanwhile")

DTYPES = ["uint8", "uint16", "int32", "float32", "float64", "int64", "bool"]


def _both_ways(*arguments: str) -> list[tuple[str, bytes | None]]:
    """What is said and written with files mapped, and without."""
    results = []
    for smallest in (1, 2**62):
        Path(arguments[-1]).unlink(missing_ok=True)
        with patch.object(raw, "SMALLEST_MAPPED", smallest):
            said = run("apply", *arguments).stderr
        results.append((said, Path(arguments[-1]).read_bytes() if Path(arguments[-1]).exists() else None))
    return results


@settings(max_examples=60)
@given(
    case=cases(),
    dtype=st.sampled_from(DTYPES),
    channels=st.sampled_from([(), (1,), (2,), (3,), (4,)]),
    target=st.sampled_from(["out.npy", "out.tif"]),
    display=st.sampled_from(["clip", "rescale", "signed", "absolute"]),
    convolve=st.booleans(),
)
def test_every_option_gives_the_same_file(
    case: Case,
    dtype: str,
    channels: tuple[int, ...],
    target: str,
    display: str,
    convolve: bool,
) -> None:
    grid = np.abs(case.image) if dtype.startswith("u") else case.image
    planes = np.stack([grid + channel for channel in range(*channels)], axis=-1) if channels else grid
    np.save("in.npy", planes.astype(dtype))
    np.save("kernel.npy", case.kernel.weights)
    options: dict[str, Any] = case.options
    words = [
        *("--anchor", ",".join(map(str, case.kernel.anchor))) * (options["output_size"] == "same"),
        *("--output-size", options["output_size"]),
        *("--boundary", options["boundary"]) * (options["output_size"] != "valid"),
        *("--fill", str(options["fill"])) * ((options["output_size"], options["boundary"]) == ("same", "constant")),
        *("--stride", ",".join(map(str, options["stride"]))),
        *("--dilation", ",".join(map(str, options["dilation"]))),
        *("--display", display),
        *["--convolve"] * convolve,
    ]
    mapped, whole = _both_ways("in.npy", "kernel.npy", *words, "-o", target)
    assert mapped == whole


@pytest.mark.parametrize("kernel", ["sharpen", "gaussian:sigma=3", "unsharp:sigma=4", "[1 2; 3 4]"])
@pytest.mark.parametrize("suffix", ["npy", "tif"])
@pytest.mark.parametrize("channels", [1, 4])
def test_many_tiles_give_the_same_file(kernel: str, suffix: str, channels: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (150, 9000, channels), dtype=np.uint8)
    header = header_of("TIFF", pixels.shape[: 2 + (channels > 1)], pixels.dtype, {})
    Path("in.tif").write_bytes(header + pixels.tobytes())
    mapped, whole = _both_ways("in.tif", kernel, "-o", f"out.{suffix}")
    assert mapped[1] is not None
    assert mapped == whole


def test_a_picture_that_does_not_fit_into_memory_is_filtered() -> None:
    """40 megapixels, of which the results take 320 MB, where no more than 250 MB may be taken with all that runs."""
    resource = pytest.importorskip("resource")
    if sys.platform != "linux":
        pytest.skip("elsewhere the limit counts other things")
    shape = (40_000, 1_000)
    header = header_of("TIFF", shape, np.dtype("uint8"), {})
    with Path("in.tif").open("wb") as file:  # a hole: it takes no place on the disk
        file.write(header)
        file.truncate(len(header) + shape[0] * shape[1])
    done = subprocess.run(
        [PROGRAM, "apply", "in.tif", "sharpen", "--threads", "1", "-o", "out.npy"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (250 << 20, 250 << 20)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr[:8]) == (0, "in.tif -"), done.stderr
    assert np.load("out.npy", mmap_mode="r").shape == shape


def test_impossible_targets_are_refused_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("in.npy", np.zeros((2, 16384), np.uint8))
    monkeypatch.setattr(Filtering, "run", None)
    assert "16384 x 2 pixels are more than WEBP holds" in trouble(run("apply", "in.npy", "box", "-o", "out.webp"))
    assert not Path("out.webp").exists()


WHOLE = [["--magnitude"], ["--direction"], ["--like", "scipy.ndimage.correlate"]]


@pytest.mark.parametrize("options", WHOLE, ids=lambda options: options[0])
def test_what_is_made_as_a_whole_is_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    np.save("in.npy", np.zeros((4, 16384), np.uint8))
    monkeypatch.setattr("corrconv.commands.apply.gradient.gradient", None)
    monkeypatch.setattr("corrconv.commands.apply.like.exact_values", None)
    words = ["apply", "in.npy", "sobel", *options]
    assert "16384 x 4 pixels are more than WEBP holds" in trouble(run(*words, "-o", "out.webp"))
    monkeypatch.setattr("corrconv.core.memory.machine_memory", lambda: 1e6)
    said = trouble(run(*words, "-o", "out.npy"))
    assert "GB of memory, and may take 0.001 GB; cut or shrink the picture first" in said
    assert [path.name for path in Path().iterdir()] == ["in.npy"]


@pytest.mark.parametrize("options", WHOLE, ids=lambda options: options[0])
@pytest.mark.parametrize("target", ["out.tif", "out.png", "out.npy"])
def test_what_fits_is_refused_nowhere(options: list[str], target: str) -> None:
    np.save("in.npy", np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    assert run("apply", "in.npy", "sobel", *options, "-o", target).exit_code == 0


def test_max_pixels_refuses_and_admits(monkeypatch: pytest.MonkeyPatch) -> None:
    run("apply", "sample:coins", "identity", "-o", "in.png")
    said = trouble(run("apply", "in.png", "box", "--max-pixels", "1000", "-o", "out.png"))
    assert "more than the 1,000 that are read at once" in said
    monkeypatch.setattr("corrconv.files.limits.MAX_PIXELS", 1000)
    assert "more than the 1,000" in trouble(run("apply", "in.png", "box", "-o", "out.png"))
    assert run("apply", "in.png", "box", "--max-pixels", "1000000", "-o", "out.png").exit_code == 0


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("moment", "options", "shows"), [(0, [], True), (0, ["-q"], False), (60, [], False)], ids=["slow", "quiet", "quick"]
)
def test_a_picture_that_takes_long_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, moment: float, options: list[str], shows: bool
) -> None:
    np.save("in.npy", np.zeros((2000, 300), np.uint8))
    monkeypatch.setattr("corrconv.commands.apply.command.MOMENT", moment)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", _Terminal())
    main(["apply", "in.npy", "box", "-o", "out.npy", *options], standalone_mode=False)
    assert ("filtering" in sys.stderr.getvalue()) == shows
    assert bool(re.search(r"m(\d+)/\1\x1b", sys.stderr.getvalue())) == shows


@pytest.mark.parametrize("suffix", ["npy", "tif"])
def test_a_file_that_is_cut_off_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(raw, "SMALLEST_MAPPED", 1)
    monkeypatch.setattr("corrconv.files.limits.MAX_PIXELS", 1000)  # which plays no part in it
    pixels = np.zeros((300, 400), np.uint8)
    kind = {"npy": "NPY", "tif": "TIFF"}[suffix]
    content = header_of(kind, pixels.shape, pixels.dtype, {}) + pixels.tobytes()
    Path(f"in.{suffix}").write_bytes(content[:-1])
    said = trouble(run("apply", f"in.{suffix}", "box", "-o", "out.npy"))
    assert f"{len(content) - 1:,} of the {len(content):,} bytes that its header promises" in said
    assert not Path("out.npy").exists()


@pytest.mark.parametrize(("change", "ends"), [("cut", True), ("touch", True), ("replace", False), ("remove", False)])
def test_a_file_that_changes_while_it_is_read(monkeypatch: pytest.MonkeyPatch, change: str, ends: bool) -> None:
    monkeypatch.setattr(raw, "SMALLEST_MAPPED", 1)
    np.save("in.npy", np.random.default_rng(4).integers(0, 256, (900, 500, 4), dtype=np.uint8))
    expected = run("apply", "in.npy", "box", "-o", "expected.npy").stderr
    file = Path("in.npy")

    def act() -> None:
        if change == "cut":  # far behind what the next tiles read
            os.truncate(file, file.stat().st_size - 8192)
        elif change == "touch":
            os.utime(file)
        else:
            file.unlink()
        if change == "replace":
            file.write_bytes(b"another")

    @contextmanager
    def acting(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
        yield lambda done, tiles: act() if done == 1 else None

    with patch("corrconv.commands.apply.command._bar", acting):
        done = run("apply", "in.npy", "box", "-o", "out.npy", "--threads", "1")
    if ends:
        assert trouble(done) == "in.npy: was changed while it was read; filter it again when it is whole"
        assert not Path("out.npy").exists()
    else:
        assert done.stderr == expected.replace("expected.npy", "out.npy")
        assert Path("out.npy").read_bytes() == Path("expected.npy").read_bytes()


@pytest.mark.parametrize("options", [[], ["--display", "rescale"], ["--magnitude"]])
def test_progress_counts_every_tile_once(options: list[str]) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (900, 500, 4), dtype=np.uint8)
    Path("in.tif").write_bytes(header_of("TIFF", pixels.shape, pixels.dtype, {}) + pixels.tobytes())
    heard: list[tuple[int, int]] = []

    @contextmanager
    def listening(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
        yield lambda done, tiles: heard.append((done, tiles))

    with patch("corrconv.commands.apply.command._bar", listening):
        assert run("apply", "in.tif", "sobel", "-o", "out.tif", *options).exit_code == 0
    assert len(heard) > 1
    assert sorted(heard) == [(number, len(heard)) for number in range(1, len(heard) + 1)]
