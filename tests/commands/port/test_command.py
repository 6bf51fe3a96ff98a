"""What `port` says where the source itself refuses what it is given."""

from __future__ import annotations

import pytest
from shell import run, trouble


def test_settings_that_the_source_does_not_take_are_refused_in_its_words():
    pytest.importorskip("scipy")
    words = ["--from", "scipy.ndimage.convolve mode=mirror origin=1", "--to", "scipy.ndimage.convolve"]
    said = trouble(run("port", "roberts", *words))
    assert said.startswith("scipy.ndimage.convolve mode=mirror, origin=1 does not take this kernel: ValueError: ")
