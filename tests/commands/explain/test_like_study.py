"""A library's pixel, explained: what is read follows its border rules, and its steps lead to what it computes."""

from __future__ import annotations

import re

import numpy as np
import oracle
import pytest

from corrconv.commands.explain.like_study import explain_like
from corrconv.commands.explain.like_view import library_steps
from corrconv.commands.explain.reading import read_pixel
from corrconv.core.convention.filtering import apply_convention, border_strips, raw_sums
from corrconv.core.convention.model import BorderRule, Borders, Convention, Orientation
from corrconv.core.kernel import Kernel
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError
from corrconv.libraries.registry import convention_named, conventions

IMAGE = np.random.default_rng(5).integers(0, 256, (5, 6, 1), dtype=np.uint8)
KERNELS = (
    Kernel([[1, 2, 3], [4, 5, 6], [7, 8, -9]]),
    Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
    Kernel([[1, 2], [3, 5]]),
    Kernel([[0.5, 2, 3, 4], [5, 6, 7, -8]]),
    Kernel([[1, 2, 3]]),
)
SETTINGS = (
    "cv2.filter2D anchor=(0,1) delta=3",
    "scipy.ndimage.convolve mode=mirror origin=-1",
    "scipy.signal.convolve2d mode=full boundary=symm",
    "scipy.signal.correlate mode=valid",
    "torch.nn.functional.conv2d padding=3",
    "torch.nn.functional.conv2d padding=1 stride=2 dilation=2",
    "torch.nn.functional.conv2d padding=(2,1) stride=(1,3)",
    "torch.nn.functional.conv2d padding=0 stride=2",
    "torch.nn.functional.conv_transpose2d stride=2 padding=1 output_padding=1",
    "torch.nn.functional.conv_transpose2d stride=(1,3) dilation=2",
    "onnxruntime.Conv pads=(1,0,2,1) strides=2 dilations=2",
    "onnxruntime.Conv strides=2 auto_pad=SAME_LOWER",
    "onnxruntime.ConvTranspose strides=2 pads=(1,0,0,1) output_padding=1",
    "jax.lax.conv window_strides=(2,3) padding=SAME_LOWER",
)
MADE_UP = (
    Convention(name="dilated", dilation=(2, 1), borders=Borders.uniform("reflect"), stride=(1, 2)),
    Convention(name="far", dilation=(3, 4), borders=Borders.uniform("wrap"), output_size=OutputSize.FULL),
    Convention(name="turned", orientation=Orientation.QUARTER_LEFT, dilation=(1, 2), borders=Borders.uniform("edge")),
    Convention(name="spread", spread=(2, 3), stride=(3, 2), borders=Borders.uniform("constant", 7)),
    Convention(name="kept", stride=(2, 3), borders=Borders.uniform("unfiltered")),
)
ALL = {**conventions(), **{text: convention_named(text) for text in SETTINGS}, **{one.name: one for one in MADE_UP}}


def cases(name):
    """The kernels that a convention takes, with what holds for them."""
    for kernel in KERNELS:
        if ALL[name].accepts(kernel.shape):
            convention = ALL[name].for_shape(kernel.shape)
            anchor = zip(convention.anchor_cell(kernel.shape), kernel.shape, strict=True)
            anchored = not convention.anchor_inside or all(0 <= cell < side for cell, side in anchor)
            if anchored and (convention.zero_sum != "refused" or kernel.sum != 0):
                yield kernel, convention


def corners_and_middle(shape):
    rows, columns = ({0, side // 2, side - 1} for side in shape)
    return [(row, column) for row in rows for column in columns]


def source_of(place: int, length: int, spread: int, before, after) -> int | None:
    """The pixel that stands at a place, None for the fill and for a zero between pixels."""
    if not 0 <= place < length:
        place = oracle.outside(place, length, str((before if place < 0 else after).rule.boundary))
    return None if place is None or place % spread else place // spread


@pytest.mark.parametrize("name", ALL)
def test_the_sum_at_every_place_is_the_convention_s(name):
    plane = IMAGE[:, :, 0]
    for kernel, convention in cases(name):
        sums = raw_sums(plane, kernel, convention)
        for at in np.ndindex(sums.shape):
            assert read_pixel(plane, kernel, convention, at).sum == sums[at], at


@pytest.mark.parametrize("name", ALL)
def test_every_pixel_that_is_read_stands_where_the_border_rules_say(name):
    plane = IMAGE[:, :, 0]
    for kernel, convention in cases(name):
        starts, borders = convention.start(kernel.shape, plane.shape), convention.borders
        size = convention.read_shape(plane.shape)
        for at in corners_and_middle(convention.output_shape(plane.shape, kernel.shape)):
            reading = read_pixel(plane, kernel, convention, at)
            for one in reading.contributions:
                for axis in (0, 1):
                    place = (
                        at[axis] * convention.stride[axis] + starts[axis] + one.cell[axis] * convention.dilation[axis]
                    )
                    assert one.place[axis] == place
                source = (
                    source_of(one.place[0], size[0], convention.spread[0], borders.top, borders.bottom),
                    source_of(one.place[1], size[1], convention.spread[1], borders.left, borders.right),
                )
                assert one.source == (None if None in source else source)
                filled = one.source is None and not one.between
                assert one.value == (borders.top.fill if filled else 0 if one.between else plane[one.source])
                assert one.outside == (not (0 <= one.place[0] < size[0] and 0 <= one.place[1] < size[1]))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
@pytest.mark.parametrize("name", ALL)
def test_the_steps_that_are_shown_lead_to_what_the_library_computes(name, dtype):
    image = IMAGE.astype(dtype)
    for kernel, convention in cases(name):
        if image.dtype.kind == "u" and not convention.takes(image.dtype):
            continue  # refused
        made = apply_convention(image[:, :, 0], kernel, convention)
        for at in corners_and_middle(made.shape):
            explanation = explain_like(image, kernel, convention, at=at)
            assert explanation.pixel == explanation.result == made[at]
            (first, (value,)), *steps = library_steps(explanation)
            if explanation.left_out is not None:
                assert (first, value) == ("in place of a sum", made[at])
                copied = image[at[0] * convention.stride[0], at[1] * convention.stride[1], 0]
                side = explanation.left_out
                assert value == (copied if side.rule is BorderRule.UNFILTERED else side.fill)
                continue
            assert (first, value) == ("sum of the products", explanation.reading.sum)
            for words, (shown,) in steps:
                # A difference is written in two figures.
                reach = 0.05 * float(words.split()[0]) if ", as it adds in " in words else 1e-9
                assert shown == pytest.approx(follow(words, value, explanation), rel=1e-12, abs=reach), words
                value = shown
            assert value == made[at]


def follow(words: str, value: float, explanation) -> float:
    """What a step makes of the value before it, by its words."""
    image_dtype, numbers = explanation.image_dtype, explanation.convention.numbers_of(explanation.image_dtype)
    if words.startswith("divided by"):
        return value / float(words.rpartition(", ")[2])
    if words.startswith("not divided"):
        return value
    if words.startswith("0 instead"):
        return 0.0
    if words.startswith("times"):
        gain, bias = (float(number) for number in re.fullmatch(r"times (\S+), plus (\S+)", words).groups())
        return value * gain + bias
    if ", as it adds in " in words:
        size, more = words.partition(",")[0].split()
        assert numbers.summing is not None
        assert float(size) < 1e-3 * max(1, abs(value))
        return value + float(size) * (1 if more == "more" else -1)
    if words.startswith("pixel"):
        return value
    assert image_dtype.kind != "f"
    return float(numbers.fit(np.array(value), image_dtype))


def test_only_windows_over_the_border_are_left_out():
    convention, kernel = conventions()["PIL.ImageFilter.Kernel"], KERNELS[0]
    assert set(border_strips((5, 6), convention, (3, 3))) == {"top", "bottom", "left", "right"}
    for at in np.ndindex(5, 6):
        explanation = explain_like(IMAGE, kernel, convention, at=at)
        assert (explanation.left_out is not None) == (at[0] in {0, 4} or at[1] in {0, 5})
    assert explain_like(IMAGE, kernel, convention, at=(0, 4)).left_out.rule is BorderRule.UNFILTERED


def test_pillow_lays_the_kernel_flipped_and_reads_as_worked_by_hand():
    ramp = np.arange(25, dtype=np.uint8).reshape(5, 5, 1)
    explanation = explain_like(
        ramp, Kernel([[1, 0, 0], [0, 0, 0], [0, 0, 1]]), conventions()["PIL.ImageFilter.Kernel"], at=(2, 2)
    )
    # flipped top to bottom, the ones lie over 3,1 and 1,3
    assert explanation.reading.sum == 16 + 8
    assert explanation.divisor == 2
    assert explanation.pixel == 12


def test_a_grown_result_counts_its_own_rows():
    convention = conventions()["torch.nn.functional.conv_transpose2d"]
    assert convention.output_size is OutputSize.FULL
    explanation = explain_like(IMAGE, Kernel([[1, 2, 3]]), convention, at=(0, 7))
    assert explanation.reading.columns == (5, 6, 7)
    assert explanation.reading.sum == 3 * int(IMAGE[0, 5, 0])


@pytest.mark.parametrize(
    ("at", "channel", "message"),
    [((5, 0), 0, "lies outside the 5 rows and 6 columns"), ((0, 0), 1, "only channel 0")],
)
def test_what_does_not_exist_is_refused(at, channel, message):
    with pytest.raises(CorrconvError, match=message):
        explain_like(IMAGE, KERNELS[0], conventions()["cv2.filter2D"], at=at, channel=channel)


def test_a_transposed_convolution_reads_the_pixels_that_write_there():
    convention = convention_named("torch.nn.functional.conv_transpose2d stride=2")
    image = np.array([[1.0, 2, 3]])[:, :, np.newaxis]
    explanation = explain_like(image, Kernel([[10, 20, 30]]), convention, at=(0, 2))
    # pixel 0 writes its third weight there, pixel 1 its first
    assert explanation.result == explanation.reading.sum == 1 * 30 + 2 * 10
    one, gap, other = explanation.reading.contributions
    assert (one.source, one.weight, one.place) == ((0, 0), 30, (0, 0))
    assert (gap.source, gap.between, gap.value, gap.outside) == (None, True, 0, False)
    assert (other.source, other.weight, other.place) == ((0, 1), 10, (0, 2))


@pytest.mark.parametrize(
    ("settings", "anchor"),
    [
        ("padding=1", (1, 1)),
        ("padding=1 stride=2", (1, 1)),
        ("padding=2 dilation=2", (1, 1)),
        ("padding=0", None),
        ("padding=3", None),
    ],
)
def test_an_anchor_is_named_where_the_result_has_the_size_of_the_picture(settings, anchor):
    convention = convention_named(f"torch.nn.functional.conv2d {settings}")
    reading = read_pixel(IMAGE[:, :, 0], KERNELS[0], convention, (0, 0))
    assert (reading.kernel.anchor if reading.anchored else None) == anchor
    if anchor is not None:
        assert (reading.rows[1], reading.columns[1]) == (0, 0)


@pytest.mark.parametrize("settings", ["", " padding=1", " padding=0"])
def test_pads_are_followed(settings):
    convention = convention_named(f"torch.nn.functional.conv2d{settings}")
    image = np.arange(1.0, 26).reshape(5, 5, 1)
    explained = explain_like(image, Kernel([[1, 2], [3, 5]]), convention, at=(1, 1))
    assert explained.reading.sum == apply_convention(image[:, :, 0], Kernel([[1, 2], [3, 5]]), convention)[1, 1]
