"""A library's pixel, explained: what is read follows its border rules, and its steps lead to what it computes."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from corrconv.commands.explain.like_study import explain_like
from corrconv.core.convention.filtering import apply_convention, border_strips
from corrconv.core.convention.model import BorderRule, Convention
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import convention_named, conventions

IMAGE = np.random.default_rng(5).integers(0, 256, (8, 9, 1), dtype=np.uint8)
KERNELS = (
    Kernel([[1, 2, 3], [4, 5, 6], [7, 8, -9]]),
    Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
    Kernel([[1, 2], [3, 5]]),
    Kernel([[0.5, 2, 3, 4], [5, 6, 7, -8]]),
    Kernel(np.arange(1, 26).reshape(5, 5)),
)


def places(shape):
    rows, columns = ((0, 1, 4, side - 2, side - 1) for side in shape)
    return [(row, column) for row in rows for column in columns]


def scaled(total: float, kernel: Kernel, convention: Convention) -> float:
    divisor = convention.scale.divisor(kernel)
    if divisor == 0:
        return {"raw": total, "zero": 0.0}[convention.zero_sum]
    return total / divisor


def source_of(place: int, length: int, before, after) -> int | None:
    if 0 <= place < length:
        return place
    return oracle.outside(place, length, str((before if place < 0 else after).rule))


@pytest.mark.parametrize("name", conventions())
def test_the_steps_lead_to_what_the_library_computes(name):
    for kernel in KERNELS:
        if not conventions()[name].accepts(kernel.shape):
            continue
        convention = conventions()[name].for_shape(kernel.shape)
        if convention.zero_sum == "refused" and kernel.sum == 0:
            continue
        made = apply_convention(IMAGE[:, :, 0], kernel, convention)
        for at in places(made.shape):
            explanation = explain_like(IMAGE, kernel, convention, at=at)
            assert explanation.pixel == explanation.result == made[at]
            if explanation.left_out is not None:
                assert explanation.pixel == IMAGE[at][0]
                continue
            value = scaled(explanation.sum, kernel, convention)
            fitted = convention.numbers_of(np.dtype(np.uint8)).fit(np.array(value), np.dtype(np.uint8))
            assert fitted == pytest.approx(made[at], rel=1e-6)
            borders = convention.borders
            for one in explanation.contributions:
                source = (
                    source_of(one.place[0], 8, borders.top, borders.bottom),
                    source_of(one.place[1], 9, borders.left, borders.right),
                )
                assert one.source == (None if None in source else source)
                assert one.value == (0 if one.source is None else IMAGE[one.source][0])


def test_only_windows_over_the_border_are_left_out():
    convention, kernel = conventions()["PIL.ImageFilter.Kernel"], KERNELS[0]
    assert set(border_strips((8, 9), convention, (3, 3))) == {"top", "bottom", "left", "right"}
    for at in np.ndindex(8, 9):
        explanation = explain_like(IMAGE, kernel, convention, at=at)
        assert (explanation.left_out is not None) == (at[0] in {0, 7} or at[1] in {0, 8})
    assert explain_like(IMAGE, kernel, convention, at=(0, 4)).left_out.rule is BorderRule.UNFILTERED


def test_pillow_lays_the_kernel_flipped_and_reads_as_worked_by_hand():
    ramp = np.arange(25, dtype=np.uint8).reshape(5, 5, 1)
    explanation = explain_like(
        ramp, Kernel([[1, 0, 0], [0, 0, 0], [0, 0, 1]]), conventions()["PIL.ImageFilter.Kernel"], at=(2, 2)
    )
    # flipped top to bottom, the ones lie over 3,1 and 1,3
    assert explanation.sum == 16 + 8
    assert explanation.divisor == 2
    assert explanation.pixel == 12


def test_a_grown_result_counts_its_own_rows():
    convention = conventions()["torch.nn.functional.conv_transpose2d"]
    assert convention.output_size is OutputSize.FULL
    explanation = explain_like(IMAGE, Kernel([[1, 2, 3]]), convention, at=(0, 10))
    assert explanation.columns == (8, 9, 10)
    assert explanation.sum == 3 * int(IMAGE[0, 8, 0])


@pytest.mark.parametrize(
    ("at", "channel", "message"),
    [((8, 0), 0, "lies outside the 8 rows and 9 columns"), ((0, 0), 1, "only channel 0")],
)
def test_what_does_not_exist_is_refused(at, channel, message):
    with pytest.raises(CorrconvError, match=message):
        explain_like(IMAGE, KERNELS[0], conventions()["cv2.filter2D"], at=at, channel=channel)


@pytest.mark.parametrize("settings", ["dilation=2", "stride=2 padding=1", "stride=2 padding=0"])
def test_places_that_are_not_followed_are_refused(settings):
    convention = convention_named(f"torch.nn.functional.conv2d {settings}")
    image = np.arange(1.0, 26).reshape(5, 5, 1)
    with pytest.raises(CorrconvError, match="not followed pixel by pixel"):
        explain_like(image, Kernel([[1, 2], [3, 5]]), convention, at=(1, 1))


@pytest.mark.parametrize("settings", ["", " padding=1", " padding=0"])
def test_pads_are_followed(settings):
    convention = convention_named(f"torch.nn.functional.conv2d{settings}")
    image = np.arange(1.0, 26).reshape(5, 5, 1)
    explained = explain_like(image, Kernel([[1, 2], [3, 5]]), convention, at=(1, 1))
    assert explained.sum == apply_convention(image[:, :, 0], Kernel([[1, 2], [3, 5]]), convention)[1, 1]
