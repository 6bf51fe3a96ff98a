"""Boundaries: the pixel that each padded place repeats, and names from elsewhere."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from corrconv.core.boundary import FOREIGN_NAMES, OUTSIDE, PATTERNS, boundary_named, source_indices
from corrconv.core.terms import Boundary
from corrconv.errors import CorrconvError


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_sources_follow_the_definition_however_far_out(boundary, length):
    for before in range(20):
        after = 19 - before
        places = range(-before, length + after)
        expected = [oracle.outside(place, length, boundary) for place in places]
        found = source_indices(length, before, after, boundary)
        assert [None if source == OUTSIDE else source for source in found.tolist()] == expected


@pytest.mark.parametrize("boundary", Boundary)
def test_the_patterns_shown_are_the_patterns_used(boundary):
    padded = ["k" if source == OUTSIDE else "abcd"[source] for source in source_indices(4, 3, 3, boundary)]
    shown = [*padded[:3], "|", *padded[3:7], "|", *padded[7:]]
    assert PATTERNS[boundary] == " ".join(shown)


@pytest.mark.parametrize("boundary", Boundary)
def test_sources_can_index_an_array(boundary):
    assert np.issubdtype(source_indices(3, 2, 2, boundary).dtype, np.intp)
    assert source_indices(3, 0, 0, boundary).tolist() == [0, 1, 2]


@pytest.mark.parametrize("boundary", Boundary)
def test_own_names(boundary):
    assert boundary_named(boundary) is boundary
    assert boundary_named(boundary.value) is boundary


@pytest.mark.parametrize("name", FOREIGN_NAMES)
def test_foreign_names_are_refused_with_the_patterns_they_can_mean(name):
    for spelling in (name, name.upper()):
        with pytest.raises(CorrconvError) as caught:
            boundary_named(spelling)
        message = str(caught.value)
        assert repr(spelling) in message
        for boundary in Boundary:
            assert (f"{boundary} = {PATTERNS[boundary]}" in message) == (boundary in FOREIGN_NAMES[name])


@pytest.mark.parametrize("name", ["", "Reflect ", "nonsense", None, 3, ["reflect"]])
def test_unknown_names_are_refused_with_every_pattern(name):
    with pytest.raises(CorrconvError) as caught:
        boundary_named(name)
    assert all(pattern in str(caught.value) for pattern in PATTERNS.values())


def test_mirror_shows_both_candidates():
    with pytest.raises(CorrconvError, match=r"reflect = d c b \| a b c d \| c b a; symmetric = c b a \| a b c d"):
        boundary_named("mirror")
