"""The laws: measured against the definitions, expected as theory has it, and able to fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import boundaries, kernels, output_sizes

from corrconv.commands.laws import setting
from corrconv.commands.laws.study import Place, check_laws
from corrconv.core.kernel import Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Engine, OutputSize
from corrconv.errors import CorrconvError

FULL = Options(boundary=Boundary.CONSTANT, output_size=OutputSize.FULL)
SAME = Options(boundary=Boundary.CONSTANT)
SKEW = Kernel([[1, 2, 0], [0, 3, -1], [2, 0, 1]])
WEDGE = Kernel([[1, 2], [3, 5]])
BOX = Kernel(np.ones((3, 3)))
SOBEL = Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]])

# The laws that no option and no kernel can break.
ALWAYS = {"distributivity", "identity", "flip", "difference"}
FAIL_IN_FULL = {"commutativity of correlation", "associativity of correlation"}


def noise(rows=24, columns=27):
    return np.random.default_rng(3).integers(0, 256, (rows, columns))


def by_name(laws):
    return {law.name: law for law in laws.laws}


def failing(laws):
    return {law.name for law in laws.laws if not law.holds}


# What theory says comes out


@settings(max_examples=80)
@given(
    first=kernels(st.integers(-2, 2), max_side=3),
    second=kernels(st.integers(-2, 2), max_side=3),
    boundary=boundaries,
    output_size=output_sizes,
    fill=st.sampled_from([0, 7]),
)
def test_on_noise_a_law_holds_exactly_when_theory_says_so(first, second, boundary, output_size, fill):
    # Noise has no symmetry that could save a law, so theory must be right for special kernels too.
    # The direct engine adds whole numbers without rounding; transforms do not.
    options = Options(boundary=boundary, output_size=output_size, fill=fill, threads=1, engine=Engine.DIRECT)
    for law in check_laws(noise(15, 17), first, second, options).laws:
        assert law.holds == law.expected, law
        assert law.agrees
        assert not law.accident
        if law.expected and law.name not in {"Fourier theorem", "energy"}:
            assert law.max_relative_deviation == 0, law  # whole numbers


SPECIAL = {
    "its own mirror, one pixel out": Kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
    "its own mirror, two pixels out": Kernel([[1, -3, 5, -3, 1]]),
    "a scaled identity": Kernel([[0, 0, 0], [0, 3, 0], [0, 0, 0]]),
    "a step back": Kernel([[-1, 1]]),
    "a step on": Kernel([[-1], [1]], (0, 0)),
    "an identity and a slope": Kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    "a column beside a row": Kernel([[0, 1, 0], [2, 0, -2], [0, 1, 0]]),
    "a corner cell": Kernel([[7, 0], [0, 0]]),
    "sums of 0": Kernel([[0, 1, -1], [-1, 0, 1], [1, -1, 0]]),
    "zeros": Kernel([[0, 0]]),
}
SETTINGS = [
    *(
        Options(boundary=boundary, output_size=output_size, fill=fill, threads=1)
        for output_size in (OutputSize.SAME, OutputSize.FULL)
        for boundary in Boundary
        for fill in ((0, 7) if boundary is Boundary.CONSTANT else (0,))
    ),
    Options(output_size=OutputSize.VALID, threads=1),
]


@pytest.mark.parametrize("name", SPECIAL)
def test_theory_knows_the_kernels_that_are_spared(name):
    for options in SETTINGS:
        for law in check_laws(noise(13, 12), SPECIAL[name], BOX, options).laws:
            assert law.holds == law.expected, (options, law)


@pytest.mark.parametrize("kernel", [SKEW, BOX, SOBEL, WEDGE, Kernel([[0.1, -0.7, 0.2]]), Kernel(np.zeros((2, 3)))])
def test_in_full_only_correlation_breaks_laws(kernel):
    laws = check_laws(noise(), kernel, SKEW, FULL)
    assert failing(laws) == (FAIL_IN_FULL if kernel.weights.any() else set())
    assert laws.agree


def test_correlation_associates_when_the_last_kernel_is_its_own_half_turn():
    assert failing(check_laws(noise(), SKEW, BOX, FULL)) == {"commutativity of correlation"}
    assert failing(check_laws(noise(), BOX, SKEW, FULL)) == FAIL_IN_FULL
    assert failing(check_laws(noise(), BOX, SOBEL, FULL)) == FAIL_IN_FULL  # turned, it changes its sign


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("output_size", OutputSize)
def test_some_laws_hold_everywhere(boundary, output_size):
    assert not ALWAYS & failing(
        check_laws(noise(), SKEW, WEDGE, Options(boundary=boundary, output_size=output_size, fill=3))
    )


def test_cropping_breaks_associativity_at_the_border_only():
    law = by_name(check_laws(noise(), SKEW, BOX, SAME))["associativity of convolution"]
    assert not law.holds
    assert not law.expected
    assert law.where is Place.BORDER
    assert law.deviation.shape == (24, 27)
    assert (law.deviation[2:-2, 2:-2] == 0).all()
    assert law.deviation[0].max() > 0


def test_correlation_fails_to_associate_inside_the_picture_too():
    law = by_name(check_laws(noise(), BOX, SKEW, SAME))["associativity of correlation"]
    assert law.where is Place.INTERIOR
    assert (law.deviation[4:-4, 4:-4] > law.tolerance).mean() > 0.9


def test_kernels_that_never_need_what_was_cropped_associate_under_same():
    # Both move the picture's content down and to the right only.
    one_way = Kernel([[1, 2], [3, 4]], (0, 0))
    other_way = Kernel([[1, 2], [3, 4]], (1, 1))
    assert by_name(check_laws(noise(), one_way, one_way, SAME))["associativity of convolution"].holds
    assert not by_name(check_laws(noise(), one_way, other_way, SAME))["associativity of convolution"].holds


def test_a_wrapped_picture_keeps_all_laws_but_those_that_correlation_breaks():
    assert failing(check_laws(noise(), SKEW, WEDGE, Options(boundary=Boundary.WRAP))) == FAIL_IN_FULL


def test_valid_keeps_associativity_and_loses_sums():
    laws = by_name(check_laws(noise(), SKEW, WEDGE, Options(output_size=OutputSize.VALID)))
    assert laws["associativity of convolution"].holds
    assert laws["Fourier theorem"].holds
    assert not laws["sum"].holds
    assert laws["sum"].where is Place.TOTAL


def test_a_fill_value_breaks_linearity_at_the_border():
    laws = by_name(check_laws(noise(), SKEW, BOX, replace(SAME, fill=5)))
    assert laws["linearity"].where is Place.BORDER
    assert by_name(check_laws(noise(), SKEW, BOX, SAME))["linearity"].holds


def test_the_sum_of_a_full_result_cannot_tell_the_operations_apart():
    laws = by_name(check_laws(noise(), SKEW, BOX, FULL))
    assert laws["equal sums"].expected
    assert laws["equal sums"].holds
    assert laws["equal sums"].max_relative_deviation == 0
    cropped = by_name(check_laws(noise(), SKEW, BOX, SAME))["equal sums"]
    assert not cropped.expected
    assert not cropped.holds


def test_dilation_and_anchor_are_worked_into_the_kernels():
    laws = check_laws(noise(), SKEW, WEDGE, replace(FULL, dilation=(2, 3)))
    assert laws.first.shape == (5, 7)
    assert failing(laws) == FAIL_IN_FULL
    anchored = check_laws(noise(), WEDGE, WEDGE, replace(SAME, anchor=(0, 0)))
    assert anchored.first.anchor == (0, 0)
    assert by_name(anchored)["associativity of convolution"].holds


# What is measured is what the definitions give


def defined(operation, image, kernel):
    result = operation(image.tolist(), kernel.tolist(), boundary="constant", output_size="full")
    return np.array(result)


def test_the_deviations_are_those_of_the_definitions():
    picture, g, h = noise(7, 6), SKEW.weights, WEDGE.weights
    laws = by_name(check_laws(picture, SKEW, WEDGE, FULL))
    left = defined(oracle.correlate, defined(oracle.correlate, picture, g), h)
    right = defined(oracle.correlate, picture, defined(oracle.correlate, g, h))
    bound = picture.max() * np.abs(g).sum() * np.abs(h).sum()
    law = laws["associativity of correlation"]
    np.testing.assert_allclose(law.deviation, np.abs(left - right) / bound, rtol=1e-12)
    assert law.max_relative_deviation == pytest.approx(np.abs(left - right).max() / bound, rel=1e-12)
    # and the law that must hold does so by the definitions as well
    assert (left == defined(oracle.correlate, picture, defined(oracle.convolve, g, h))).all()


def test_the_deviations_are_those_of_scipy():
    signal = pytest.importorskip("scipy.signal")
    picture, g, h = noise().astype(float), SKEW.weights, BOX.weights
    one_by_one = signal.convolve2d(signal.convolve2d(picture, g, "same"), h, "same")
    at_once = signal.convolve2d(picture, signal.convolve2d(g, h), "same")
    bound = picture.max() * np.abs(g).sum() * np.abs(h).sum()
    law = by_name(check_laws(picture, SKEW, BOX, SAME))["associativity of convolution"]
    np.testing.assert_allclose(law.deviation, np.abs(one_by_one - at_once) / bound, rtol=1e-12, atol=1e-15)


def test_large_results_are_mapped_by_the_largest_of_each_block():
    picture = np.zeros((401, 1000))
    picture[400, 999] = 1
    law = by_name(check_laws(picture, SKEW, WEDGE, FULL))["associativity of correlation"]
    assert law.deviation.shape == (135, 335)  # (401 + 3, 1000 + 3) by blocks of 3
    assert law.deviation.max() == law.max_relative_deviation
    assert law.deviation[-2:, -2:].max() == law.max_relative_deviation


# Accidents, findings, refusals


def test_a_black_picture_breaks_no_law_and_speaks_against_none():
    laws = check_laws(np.zeros((9, 9)), SKEW, WEDGE, Options())
    assert not failing(laws)
    assert laws.agree
    assert by_name(laws)["associativity of correlation"].accident
    assert not by_name(laws)["flip"].accident


def test_a_picture_that_is_its_own_half_turn_commutes_by_accident():
    picture = noise(25, 25)
    law = by_name(check_laws(picture + picture[::-1, ::-1], BOX, SKEW, FULL))["commutativity of correlation"]
    assert law.holds
    assert law.accident
    assert not law.expected


def test_one_operation_in_place_of_the_other_would_be_found_out(monkeypatch):
    monkeypatch.setattr(setting.Setting, "convolve", setting.Setting.correlate)
    laws = check_laws(noise(), SKEW, WEDGE, FULL)
    assert not laws.agree
    assert {"flip", "difference", "commutativity of convolution"} <= {law.name for law in laws.laws if not law.agrees}


def test_a_law_that_holds_against_theory_would_be_found_out(monkeypatch):
    monkeypatch.setattr(setting.Setting, "correlate", setting.Setting.convolve)
    laws = by_name(check_laws(noise(), SKEW, WEDGE, FULL))
    law = laws["commutativity of correlation"]
    assert law.holds
    assert not law.expected
    assert not law.agrees


def test_deviations_of_floats_stay_within_the_stated_rounding():
    random = np.random.default_rng(4)
    laws = check_laws(
        random.normal(size=(40, 50)), Kernel(random.normal(size=(7, 6))), Kernel(random.normal(size=(4, 5))), FULL
    )
    assert failing(laws) == FAIL_IN_FULL
    assert all(law.tolerance < 1e-12 for law in laws.laws)
    assert any(law.max_relative_deviation > 0 for law in laws.laws if law.holds)


@pytest.mark.parametrize("engine", Engine)
def test_every_engine_obeys_the_laws(engine):
    laws = check_laws(noise(40, 50), Kernel(np.outer([1, 2, 4], [1, 3, 0, 5, 1])), BOX, replace(FULL, engine=engine))
    assert failing(laws) == {"commutativity of correlation"}
    assert laws.agree


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3)])
def test_tiny_pictures_are_checked_too(shape):
    assert check_laws(noise(*shape), SKEW, Kernel(np.arange(20).reshape(4, 5)), FULL).agree
    assert check_laws(noise(*shape), SKEW, WEDGE, Options()).agree


def test_progress_is_told_law_by_law():
    told = []
    laws = check_laws(noise(), BOX, BOX, FULL, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, len(laws.laws)) for done in range(1, len(laws.laws) + 1)]


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (noise(), Options(stride=(2, 1)), "stride 1"),
        (np.full((5, 5), np.nan), Options(), "nan or inf"),
        (np.zeros((5, 5, 3)), Options(), "gray picture"),
        (noise(5, 5), Options(output_size=OutputSize.VALID), "at least 6 rows and 6 columns"),
    ],
)
def test_what_cannot_be_checked_is_refused(image, options, message):
    with pytest.raises(CorrconvError, match=message):
        check_laws(image, SKEW, WEDGE, options)


def test_numbers_too_large_to_compare_are_refused():
    with pytest.raises(CorrconvError, match="too large to compare"):
        check_laws(np.full((4, 4), 1.7e308), Kernel([[1]]), Kernel([[1]]), Options())
    with pytest.raises(CorrconvError, match="too large to compare"):
        check_laws(np.eye(4), Kernel([[1e300]]), Kernel([[1]]), Options())
