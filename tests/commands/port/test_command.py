"""What `port` says where the source refuses what it is given."""

from __future__ import annotations

from shell import run, trouble


def test_settings_that_the_source_does_not_take_are_refused() -> None:
    words = ["--from", "scipy.ndimage.convolve mode=mirror origin=1", "--to", "scipy.ndimage.convolve"]
    said = trouble(run("port", "roberts", *words))
    where = "refuses anchors outside the kernel, and cell 2,2 is not one of roberts, which is 2x2"
    assert said == f"scipy.ndimage.convolve mode=mirror origin=1 {where}"
