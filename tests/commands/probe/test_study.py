"""Every fake must be told apart: by what is found, or by why it is not explained."""

from __future__ import annotations

from itertools import count

import fakes
import numpy as np
import pytest

from corrconv.commands.probe.kernels import corner_kernel, families, whole_kernel
from corrconv.commands.probe.study import probe
from corrconv.commands.probe.view import probe_document, probe_text, survey_rows
from corrconv.core.convention.geometry import AnchorBase, Pads, SameRule
from corrconv.core.convention.model import BorderRule, Orientation, Scale, ZeroSum
from corrconv.core.convention.numbers import Overflow, Rounding
from corrconv.core.terms import Operation, OutputSize
from corrconv.libraries.target import KERNEL_SHAPES, Target, TimeoutExceededError

# Enough to tell the fakes apart, and quick.
FEW_SHAPES = ((3, 3), (5, 5), (2, 2), (4, 4), (2, 3), (3, 2))


def probed(run, **known):
    return probe(Target(name="fake", run=run, **{"kernel_shapes": FEW_SHAPES, **known}))


def explained(run, **known):
    found = probed(run, **known)
    assert found.explained, found.problem
    assert found.linear
    assert len(found.findings) == 1
    return found.findings[0].convention


def unexplained(run, **known):
    found = probed(run, **known)
    assert not found.explained
    assert found.problem
    assert not found.known_as
    return found


@pytest.mark.parametrize("orientation", Orientation)
def test_orientation(orientation):
    found = explained(lambda image, kernel: fakes.correlation(image, orientation.of_weights(kernel)))
    assert found.orientation is orientation
    assert found.operation is {
        Orientation.AS_IS: Operation.CORRELATION,
        Orientation.HALF_TURN: Operation.CONVOLUTION,
    }.get(orientation)


def test_centre():
    found = explained(fakes.correlation)
    assert (str(found.odd_anchor), str(found.even_anchor)) == ("center", "center")
    assert str(found.borders) == "constant 0"


def test_turned_even_kernel_moves_its_anchor():
    found = explained(lambda image, kernel: fakes.correlation(image, kernel[::-1, ::-1]))
    assert (str(found.odd_anchor), str(found.even_anchor)) == ("center", "lower")


def test_shift_by_one():
    found = explained(fakes.shifted)
    assert found.odd_anchor.row.base is AnchorBase.CENTER
    assert (found.odd_anchor.row.shift, found.odd_anchor.column.shift) == (0, 1)
    assert found.anchor_cell((3, 3)) == (1, 2)
    assert found.anchor_cell((2, 2)) == (1, 2)


def test_shift_that_wraps_around_has_an_unknown_left_side():
    found = unexplained(lambda image, kernel: np.roll(fakes.correlation(image, kernel), 1, axis=1))
    assert "left" in found.problem
    assert found.convention.borders.left.rule is BorderRule.UNKNOWN
    assert found.convention.borders.right.rule is BorderRule.CONSTANT


def test_another_border_on_each_side():
    borders = explained(fakes.four_borders).borders
    assert [str(side) for side in borders.sides.values()] == ["edge", "reflect", "constant 7", "symmetric"]


@pytest.mark.parametrize("rule", ["edge", "reflect", "symmetric", "wrap"])
def test_border(rule):
    def run(image, kernel):
        (rows, columns), (height, width) = kernel.shape, image.shape
        padded = np.pad(image.astype(float), ((rows, rows), (columns, columns)), mode=rule)
        result = fakes.correlation(padded, kernel)
        return result[rows : rows + height, columns : columns + width]

    assert str(explained(run).borders) == rule


def test_unfiltered_and_blank_border():
    assert str(explained(fakes.unfiltered_border).borders) == "unfiltered"

    def blank(image, kernel):
        border = fakes.unfiltered_border(image * 0 + 1, np.zeros(kernel.shape)) == 1
        return np.where(border, 9.0, fakes.correlation(image, kernel))

    assert str(explained(blank).borders) == "blank 9"


@pytest.mark.parametrize(("output_size", "grown"), [("full", 1), ("valid", -1)])
def test_output_size(output_size, grown):
    def run(image, kernel):
        rows, columns = kernel.shape
        if grown > 0:
            image = np.pad(image, ((rows - 1, rows - 1), (columns - 1, columns - 1)))
        top, left = rows // 2, columns // 2
        return fakes.correlation(image, kernel)[
            top : top + image.shape[0] - rows + 1, left : left + image.shape[1] - columns + 1
        ]

    assert explained(run).output_size is OutputSize(output_size)


@pytest.mark.parametrize(
    ("scale", "divide"),
    [
        (Scale.SUM, lambda kernel: kernel.sum()),
        (Scale.SUM_MAGNITUDE, lambda kernel: abs(kernel.sum())),
        (Scale.ABSOLUTE_SUM, lambda kernel: np.abs(kernel).sum()),
    ],
)
def test_normalised(scale, divide):
    found = explained(lambda image, kernel: fakes.correlation(image, kernel) / divide(kernel))
    assert found.scale is scale
    assert found.zero_sum is (ZeroSum.RAW if scale is Scale.ABSOLUTE_SUM else ZeroSum.REFUSED)


def test_zero_sum_left_raw():
    found = explained(lambda image, kernel: fakes.correlation(image, kernel) / (kernel.sum() or 1))
    assert (found.scale, found.zero_sum) == (Scale.SUM, ZeroSum.RAW)


def test_gain_and_bias():
    found = explained(lambda image, kernel: fakes.correlation(image, kernel) / 3 + 10.25)
    assert (found.gain, found.bias) == (1 / 3, 10.25)


def test_rounding_and_saturation():
    found = probed(fakes.truncated)
    assert found.explained
    assert found.convention.numbers.rounding is Rounding.TRUNCATE
    assert found.convention.numbers.overflow is Overflow.SATURATE
    assert found.convention.numbers.dtype == "image"
    assert any("float64 pictures are not explained" in note for note in found.notes)


def test_wrap_around():
    found = probed(fakes.wrapped_around)
    assert found.explained
    assert found.convention.numbers.overflow is Overflow.WRAP


@pytest.mark.parametrize("rounding", [it for it in Rounding if it not in {Rounding.NONE, Rounding.HALF_AWAY}])
def test_rounding(rounding):
    def run(image, kernel):
        if image.dtype.kind == "f":
            return fakes.correlation(image, kernel)
        return np.clip(rounding.of(fakes.correlation(image, kernel)), -32768, 32767).astype(np.int16)

    assert explained(run).numbers.rounding is rounding


@pytest.mark.parametrize("dtypes", [("uint8",), ("uint16",), ("float32", "uint8")])
def test_targets_of_few_types(dtypes):
    def run(image, kernel):
        assert image.dtype.name in dtypes
        values = fakes.correlation(image, kernel)
        if image.dtype.kind == "f":
            return values.astype(np.float32)
        return np.clip(np.rint(values), 0, np.iinfo(image.dtype).max).astype(image.dtype)

    found = explained(run, image_dtypes=dtypes)
    assert found.orientation is Orientation.AS_IS
    assert found.numbers.rounding is Rounding.HALF_EVEN


def test_halves_that_fall_to_either_side_are_counted():
    """Seen with resvg: sums of single precision decide about halves; that is no matter of overflow."""

    def run(image, kernel):
        values = fakes.correlation(image, kernel)
        halves = np.ceil(values - 0.5) if (kernel < 0).any() else np.floor(values + 0.5)
        return np.clip(halves, 0, 255).astype(np.uint8)

    found = unexplained(run, image_dtypes=("uint8",))
    assert "rounding is half-up, but " in found.problem
    assert "of 1,755 larger sums are one unit off" in found.problem


def test_a_survey_says_why_and_what_was_not_tried():
    def fails_when_large(image, kernel):
        return fakes.correlation(image, kernel) + (1 if kernel.size == 25 and (kernel < 0).any() else 0)

    def narrow(image, kernel):
        values = fakes.correlation(image, kernel)
        return values * 2 if min(image.shape) < 3 else values

    rows = survey_rows([probed(fails_when_large), probed(narrow), probe(Target(name="hangs", run=hanging))])
    assert rows[0]["explained"].startswith("in part; 5x5 not explained (fresh")
    assert "some pictures smaller than the kernel not explained" in rows[1]["explained"]
    assert rows[2]["not tried"] == "colour, nan, anything else"


def hanging(image, kernel):
    raise TimeoutExceededError("it took longer than 20 seconds")


def test_types_of_pictures_that_are_refused_are_a_finding():
    """Many take real numbers only, and whole ones make TensorFlow print its whole signature."""

    def run(image, kernel):
        if image.dtype.kind != "f":
            raise TypeError("no\nwhole numbers, " + "please " * 99)
        return fakes.correlation(image, kernel)

    found = probed(run, image_dtypes=("float64", "uint8", "uint16"))
    assert found.explained
    assert [name for name, _ in found.refused_types] == ["uint8", "uint16"]
    assert all(len(message) < 300 and message.isprintable() for _, message in found.refused_types)
    assert found.taken_types == ("float64",)
    assert not found.known_as  # SciPy and the like, which take whole numbers
    shown = str(probe_text(found, verbose=False))
    assert "refused     uint8 pictures: TypeError: no whole numbers" in shown
    assert {row["8 bits"] for row in survey_rows([found])} == {"refused"}
    assert probe_document(found)["refused_types"][1]["dtype"] == "uint16"


def test_large_kernels_of_a_dilated_layer_are_given_pictures_that_they_fit_into():
    def run(image, kernel):
        rows, columns = (2 * side - 1 for side in kernel.shape)
        if rows > image.shape[0] or columns > image.shape[1]:
            raise ValueError("the output size would be negative")
        windows = np.lib.stride_tricks.sliding_window_view(image.astype(float), (rows, columns))
        return (windows[:, :, ::2, ::2] * kernel).sum(axis=(2, 3))

    assert explained(run, kernel_shapes=((3, 3), (11, 11))).dilation == (2, 2)


@pytest.mark.parametrize("dtypes", [("uint16", "uint8"), ("uint8", "uint16")])
def test_eight_and_sixteen_bits_are_told_apart_in_any_order(dtypes):
    def run(image, kernel):
        values = fakes.correlation(image, kernel)
        rounded = np.floor(values + 0.5) if image.dtype == np.uint16 else np.trunc(values)
        return np.clip(rounded, 0, np.iinfo(image.dtype).max).astype(image.dtype)

    found = explained(run, image_dtypes=dtypes)
    assert (found.numbers.rounding, found.eight_bit.rounding) == (Rounding.HALF_UP, Rounding.TRUNCATE)


def test_whole_number_division_shows_its_rounding():
    def run(image, kernel):
        assert (kernel == np.rint(kernel)).all()
        divided = fakes.correlation(image, kernel) / (kernel.sum() or 1)
        return np.clip(np.floor(divided + 0.5), 0, 255).astype(np.uint8)

    found = explained(run, image_dtypes=("uint8",), whole_kernels=True)
    assert (found.scale, found.numbers.rounding) == (Scale.SUM, Rounding.HALF_UP)


@pytest.mark.parametrize(
    ("fake", "reason"),
    [
        (fakes.median, "sum of pictures"),
        (lambda image, kernel: fakes.correlation(image, kernel) ** 2, "sum of pictures"),
        (lambda image, kernel: np.abs(fakes.correlation(image, kernel)), "negated picture"),
        (fakes.brighter_to_the_right, "position"),
        (fakes.half_and_half, "position"),
        (lambda image, kernel: fakes.correlation(image, kernel) + np.arange(len(image))[:, None], "black picture"),
    ],
)
def test_no_linear_filter_is_called_neither(fake, reason):
    found = unexplained(fake)
    assert found.linear is False
    assert reason in found.problem
    assert found.findings == ()


def test_random_results():
    numbers = count()
    found = unexplained(lambda image, kernel: fakes.correlation(image, kernel) + next(numbers))
    assert "different results" in found.problem


@pytest.mark.parametrize(
    ("fake", "reason"),
    [
        (lambda image, kernel: image, "none of the eight"),
        (lambda image, kernel: image * 0, "gives nothing"),
        (lambda image, kernel: fakes.correlation(image, kernel - kernel.mean()), "none of the eight"),
        (lambda image, kernel: fakes.correlation(image, kernel).sum(), "shape ()"),
        (lambda image, kernel: fakes.correlation(image, kernel)[:, :, None], "shape (41, 47, 1)"),
        (lambda image, kernel: fakes.correlation(image, kernel) * np.nan, "nan or inf"),
        (lambda image, kernel: None, "object"),
        (lambda image, kernel: fakes.correlation(image, kernel) + 1j, "complex128"),
        (fakes.raising, "ZeroDivisionError: no luck today"),
        (fakes.one_dead_pixel, "random picture"),
        (fakes.flipped_when_negative, "deviate from the findings"),
        (fakes.slightly_bent, "deviate from the findings"),
    ],
)
def test_unexplained(fake, reason):
    assert reason in unexplained(fake).problem


def test_changed_input_is_told():
    found = probed(fakes.changing_input)
    assert found.explained
    assert found.notes == ("it changes its input in place",)


def test_two_kinds_of_kernels():
    def run(image, kernel):
        return fakes.correlation(image, kernel if kernel.shape[0] % 2 else kernel.T)

    found = probed(run)
    assert found.explained
    assert [it.convention.orientation for it in found.findings] == [Orientation.AS_IS, Orientation.TRANSPOSED]
    assert set(found.findings[1].convention.kernel_shapes) == {(2, 2), (4, 4), (2, 3)}


def test_refused_kernels_are_listed():
    def run(image, kernel):
        if kernel.shape[0] % 2 == 0 or kernel.shape[1] % 2 == 0:
            raise ValueError("odd ones only")
        return fakes.correlation(image, kernel)

    found = probed(run)
    assert found.explained
    assert found.accepted == ((3, 3), (5, 5))
    assert dict(found.refused)[2, 2] == "ValueError: odd ones only"


def test_names_of_what_is_the_same():
    assert probed(fakes.correlation).known_as == ("scipy.signal.correlate",)


def test_other_seeds_find_the_same():
    target = Target(name="fake", run=fakes.four_borders, kernel_shapes=FEW_SHAPES)
    assert len({probe(target, seed=seed).findings[0].convention for seed in range(4)}) == 1


def test_kernels_of_one_column_are_told_apart():
    found = probed(fakes.zero_for_columns, kernel_shapes=KERNEL_SHAPES)
    assert not found.explained
    assert found.partly
    assert [shape for shape, _ in found.unexplained] == [shape for shape in KERNEL_SHAPES if shape[1] == 1]
    assert all("gives nothing" in problem for _, problem in found.unexplained)
    assert found.known_as == ()


def test_large_kernels_are_told_apart():
    found = probed(fakes.flipped_from_seven_rows, kernel_shapes=KERNEL_SHAPES)
    plain, flipped = found.findings
    assert (plain.convention.operation, flipped.convention.operation) == ("correlation", "convolution")
    assert set(flipped.shapes) == {shape for shape in KERNEL_SHAPES if shape[0] >= 7}


def test_low_pictures_are_told_apart():
    found = probed(fakes.flipped_for_low_pictures)
    assert not found.explained
    unexplained = {it.size for it in found.unexplained_sizes}
    assert (6, 6) in unexplained
    assert all(rows < 7 for rows, _ in unexplained)


def test_nothing_is_known_as_what_takes_other_kernels():
    assert probed(fakes.correlation, kernel_shapes=KERNEL_SHAPES).known_as == ("scipy.signal.correlate",)
    found = probed(fakes.odd_sides_only, kernel_shapes=KERNEL_SHAPES)
    assert found.explained
    assert "scipy.signal.correlate" not in found.known_as
    assert families(found.accepted, found.tried) == "odd sides up to 11, 1xN for odd N up to 11, Nx1 for odd N up to 11"


def test_borders_that_no_kernel_tells_apart_are_all_named():
    def run(image, kernel):
        return fakes.padded_correlation(image, kernel, *[("edge", 0)] * 4)

    small, large = (probed(run, kernel_shapes=shapes).findings[0] for shapes in (((3, 3),), ((3, 3), (5, 5))))
    assert small.other_borders == (BorderRule.SYMMETRIC,)
    assert large.other_borders == ()


def test_stride():
    found = explained(fakes.every_second)
    assert (found.stride, found.output_size, found.operation) == ((2, 2), "same", "correlation")


@pytest.mark.parametrize(("padding", "stride", "dilation"), [(1, 2, 1), (0, 3, 2), (2, 1, 2)])
def test_layers(padding, stride, dilation):
    """What frameworks call a convolution: pads, a stride and a dilation, here by plain loops."""

    def run(image, kernel):
        padded = np.pad(image.astype(np.float64), padding)
        rows, columns = (dilation * (side - 1) + 1 for side in kernel.shape)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (rows, columns))
        return (windows[::stride, ::stride, ::dilation, ::dilation] * kernel).sum(axis=(2, 3))

    found = explained(run)
    assert (found.stride, found.dilation) == ((stride, stride), (dilation, dilation))
    assert found.output_size is OutputSize.VALID
    assert found.pads == Pads(padding, padding, padding, padding)


@pytest.mark.parametrize(("cut", "more"), [(0, 0), (1, 0), (0, 1)])
def test_transposed(cut, more):
    def run(image, kernel):
        result = np.zeros([(side - 1) * 2 + cells for side, cells in zip(image.shape, kernel.shape, strict=True)])
        for row, column in np.ndindex(*image.shape):
            result[row * 2 : row * 2 + len(kernel), column * 2 : column * 2 + kernel.shape[1]] += (
                image[row, column] * kernel
            )
        return np.pad(result[cut : len(result) - cut, cut : result.shape[1] - cut], ((0, more), (0, more)))

    found = explained(run, proof_pictures=1, image_dtypes=("float64",))
    assert (found.spread, found.operation, found.output_size) == ((2, 2), "convolution", "full")
    assert found.pads == Pads(-cut, more - cut, -cut, more - cut)


@pytest.mark.parametrize("rule", [SameRule.AFTER, SameRule.BEFORE])
def test_halved_pixels_outside(rule):
    """TensorFlow's SAME, and SAME_LOWER: where the first output lies depends on the picture's size."""

    def run(image, kernel):
        pads = []
        for length, side in zip(image.shape, kernel.shape, strict=True):
            pixels = max(0, (-(-length // 2) - 1) * 2 + side - length)
            smaller = pixels // 2
            pads.append((smaller, pixels - smaller) if rule is SameRule.AFTER else (pixels - smaller, smaller))
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(image.astype(np.float64), pads), kernel.shape)
        return (windows[::2, ::2] * kernel).sum(axis=(2, 3))

    found = explained(run)
    assert (found.same_rule, found.output_size, found.stride) == (rule, "same", (2, 2))


def test_a_border_of_nan():
    found = explained(fakes.nan_border, image_dtypes=("float64",))
    assert str(found.borders) == "blank nan"


def test_views_of_one_array_are_copied():
    assert explained(fakes.returning_views).operation is Operation.CORRELATION


def test_a_row_less_is_cut_off():
    found = explained(lambda image, kernel: fakes.correlation(image, kernel)[:-1])
    assert (found.output_size, found.pads) == ("same", Pads(bottom=-1))


@pytest.mark.parametrize("shape", [shape for shape in KERNEL_SHAPES if min(shape) > 1])
def test_probing_kernels(shape):
    corner = corner_kernel(shape)
    assert np.linalg.matrix_rank(corner) == 1
    turned = [it for it in Orientation if np.array_equal(it.of_weights(corner), corner)]
    assert turned == [Orientation.AS_IS]
    for separable in (False, True):
        kernel = whole_kernel(shape, np.random.default_rng(1), 24, 8, separable=separable)
        assert (kernel[kernel > 0].sum(), kernel[kernel < 0].sum()) == (24, -8)
