"""What theory says of the two operations, on whole numbers, so that equality is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import boundaries, cases, kernels, matrices, operations, output_sizes

from corrconv.core.filtering import convolve, correlate
from corrconv.core.kernel import Kernel
from corrconv.core.terms import Boundary, Operation, OutputSize, Symmetry

DOOR = {Operation.CORRELATION: correlate, Operation.CONVOLUTION: convolve}
REPEATING = [boundary for boundary in Boundary if boundary is not Boundary.CONSTANT]


def full(filter_, image, kernel):
    """The full result on a black surrounding: the whole plane, as theory has it."""
    return filter_(image, kernel, boundary="constant", output_size="full")


def half_turn(array):
    return array[::-1, ::-1]


def impulses(height, width):
    """Every image that is 0 but for a single 1."""
    return np.eye(height * width, dtype=np.int64).reshape(-1, height, width)


# Full convolution is a product; correlation is not


@given(image=matrices(), kernel=matrices())
def test_full_convolution_commutes(image, kernel):
    assert (full(convolve, image, kernel) == full(convolve, kernel, image)).all()


@given(image=matrices(), kernel=matrices())
def test_full_correlation_turned_is_correlation_the_other_way_round(image, kernel):
    assert (full(correlate, kernel, image) == half_turn(full(correlate, image, kernel))).all()


@given(f=matrices(), g=matrices(max_side=4), h=matrices(max_side=4))
def test_associativity_and_what_correlation_has_instead(f, g, h):
    assert (full(convolve, full(convolve, f, g), h) == full(convolve, f, full(convolve, g, h))).all()
    assert (full(correlate, full(correlate, f, g), h) == full(correlate, f, full(convolve, g, h))).all()
    assert (full(correlate, f, full(correlate, g, h)) == full(convolve, full(correlate, f, g), h)).all()


def test_correlation_neither_commutes_nor_associates():
    step, ramp = np.array([[1, 0]]), np.array([[1, 2]])
    assert full(correlate, step, ramp).tolist() == [[2, 1, 0]]
    assert full(correlate, ramp, step).tolist() == [[0, 1, 2]]
    assert full(correlate, full(correlate, step, ramp), step).tolist() == [[0, 2, 1, 0]]
    assert full(correlate, step, full(correlate, ramp, step)).tolist() == [[2, 1, 0, 0]]


@given(data=st.data(), shape=st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_wrapped_convolution_of_one_shape_commutes(data, shape):
    # With the cell (0, 0) as the anchor, wrap makes it the circular convolution of the Fourier transform.
    image, kernel = (
        np.array(data.draw(st.lists(st.integers(-9, 9), min_size=n, max_size=n))).reshape(shape)
        for n in [shape[0] * shape[1]] * 2
    )
    both_ways = [convolve(a, b, boundary="wrap", anchor=(0, 0)) for a, b in ((image, kernel), (kernel, image))]
    assert (both_ways[0] == both_ways[1]).all()
    circular = np.fft.ifft2(np.fft.fft2(image) * np.fft.fft2(kernel)).real
    assert (np.rint(circular) == both_ways[0]).all()


@given(image=matrices(max_side=6), g=matrices(max_side=3), h=matrices(max_side=3))
def test_valid_convolution_associates(image, g, h):
    room = np.pad(image, 2)  # both kernels fit, one after the other
    one_by_one = convolve(convolve(room, g, output_size="valid"), h, output_size="valid")
    assert (one_by_one == convolve(room, full(convolve, g, h), output_size="valid")).all()


def test_cropping_breaks_associativity_at_the_border_only():
    image, kernel = np.ones((7, 7)), np.ones((3, 3))
    twice = convolve(convolve(image, kernel, boundary="constant"), kernel, boundary="constant")
    at_once = convolve(image, full(convolve, kernel, kernel), boundary="constant")
    assert (twice[2:-2, 2:-2] == at_once[2:-2, 2:-2]).all()
    assert twice[0, 0] == 4 + 6 + 6 + 9  # the first pass lost what lies outside
    assert at_once[0, 0] == (3 + 2 + 1) ** 2


@pytest.mark.parametrize("boundary", [Boundary.REFLECT, Boundary.SYMMETRIC])
@given(image=matrices(), corner=matrices(max_side=2), second=kernels(max_side=3, anchored_anywhere=False))
def test_reflecting_boundaries_associate_if_the_first_kernel_is_its_own_mirror(boundary, image, corner, second):
    tall = np.vstack([corner, corner[-2::-1]])
    first = np.hstack([tall, tall[:, -2::-1]])
    one_by_one = convolve(convolve(image, first, boundary=boundary), second, boundary=boundary)
    combined = Kernel(
        full(convolve, first, second.weights),
        tuple(side // 2 + cell for side, cell in zip(first.shape, second.anchor, strict=True)),
    )
    assert (one_by_one == convolve(image, combined, boundary=boundary)).all()


# How the two belong together


@given(case=cases())
def test_convolution_is_correlation_with_kernel_and_anchor_turned(case):
    expected = convolve(case.image, case.kernel, **case.options)
    assert (correlate(case.image, case.kernel.turned(), **case.options) == expected).all()


@given(image=matrices(), kernel=kernels(), boundary=boundaries, output_size=output_sizes)
def test_convolution_turns_the_image_instead_of_the_kernel(image, kernel, boundary, output_size):
    options = {"boundary": boundary, "output_size": output_size, "fill": 3}
    room = np.pad(image, 4)  # so that every kernel fits
    turned = half_turn(correlate(half_turn(room), kernel, **options))
    assert (convolve(room, kernel, **options) == turned).all()


@given(image=matrices(), data=st.data(), kernel=kernels(), boundary=st.sampled_from(["constant", "wrap"]))
def test_convolution_is_the_adjoint_of_correlation(image, data, kernel, boundary):
    other = data.draw(matrices().map(lambda drawn: np.resize(drawn, image.shape)))
    forwards = (correlate(image, kernel, boundary=boundary) * other).sum()
    assert forwards == (image * convolve(other, kernel, boundary=boundary)).sum()


@given(image=matrices(), kernel=matrices())
def test_full_results_share_sum_and_energy(image, kernel):
    correlation, convolution = full(correlate, image, kernel), full(convolve, image, kernel)
    assert correlation.sum() == convolution.sum() == image.sum() * kernel.sum()
    assert (correlation**2).sum() == (convolution**2).sum()
    spectra = [np.abs(np.fft.fft2(result)) for result in (correlation, convolution)]
    np.testing.assert_allclose(*spectra, rtol=0, atol=1e-12 * (1 + np.abs(image).sum() * np.abs(kernel).sum()))


@given(image=matrices(), kernel=kernels(), boundary=boundaries)
def test_the_difference_is_twice_the_correlation_with_the_odd_part(image, kernel, boundary):
    difference = correlate(image, kernel, boundary=boundary) - convolve(image, kernel, boundary=boundary)
    odd = kernel.odd_part()
    assert (difference == 2 * correlate(image, odd, boundary=boundary)).all()
    if boundary is not Boundary.CONSTANT:
        assert np.abs(difference).max() <= odd.absolute_sum * (image.max() - image.min())


@given(image=matrices(), kernel=matrices(), output_size=st.sampled_from([OutputSize.FULL, OutputSize.VALID]))
def test_the_difference_of_full_and_valid_has_the_plain_odd_part(image, kernel, output_size):
    room = np.pad(image, 3)
    options = {"boundary": "wrap", "output_size": output_size}
    difference = correlate(room, kernel, **options) - convolve(room, kernel, **options)
    assert (difference == 2 * correlate(room, Kernel(kernel).odd_part(output_size), **options)).all()


@given(kernel_shape=st.tuples(st.integers(1, 4), st.integers(1, 4)), data=st.data(), operation=operations)
def test_a_single_one_moves_the_picture(kernel_shape, data, operation):
    cell, anchor = ([data.draw(st.integers(0, side - 1)) for side in kernel_shape] for _ in range(2))
    weights = np.zeros(kernel_shape)
    weights[tuple(cell)] = 1
    image = data.draw(matrices())
    moved = DOOR[operation](image, weights, anchor=tuple(anchor), boundary="wrap")
    sign = -1 if operation is Operation.CORRELATION else 1
    steps = [sign * (place - middle) for place, middle in zip(cell, anchor, strict=True)]
    assert (moved == np.roll(image, steps, axis=(0, 1))).all()


# When they coincide


def coincide_on_every_impulse(kernel, output_size):
    """Whether the two agree on all images: by linearity, on all that hold a single 1.

    The images are large enough for no boundary to hide a difference.
    """
    height, width = (2 * side + 1 for side in kernel.shape)
    options = {"boundary": "constant", "output_size": output_size, "channel_axis": 0}
    images = impulses(height, width)
    return (correlate(images, kernel, **options) == convolve(images, kernel, **options)).all()


SHAPES = [(1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (3, 3), (1, 4)]


@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize("shape", SHAPES)
def test_they_coincide_exactly_when_the_kernel_equals_its_half_turn(shape, output_size):
    # Every kernel of the cells 0 and 1, and every anchor, in both directions; no study is asked, only the rule:
    # K[i, j] = K[2a - i, 2b - j] under `same`, and K turned = K where there is no anchor.
    cells = shape[0] * shape[1]
    numbers = range(2**cells) if cells < 9 else range(1, 2**cells, 37)
    verdicts = set()
    for number in numbers:
        weights = np.array([number >> cell & 1 for cell in range(cells)]).reshape(shape)
        anchors = list(np.ndindex(*shape)) if output_size is OutputSize.SAME else [(0, 0)]
        for anchor in anchors:
            if output_size is OutputSize.SAME:
                expected = equals_half_turn_about(weights.tolist(), *anchor)
            else:
                expected = (weights == half_turn(weights)).all()
            kernel = Kernel(weights, anchor)
            assert coincide_on_every_impulse(kernel, output_size) == expected, (weights, anchor)
            assert (kernel.symmetry(output_size) is Symmetry.POINT_SYMMETRIC) == expected, (weights, anchor)
            verdicts.add(bool(expected))
    assert verdicts == ({True} if shape == (1, 1) else {True, False})


def equals_half_turn_about(weights, a, b):
    """K[i, j] = K[2a - i, 2b - j], with 0 outside the kernel."""

    def cell(i, j):
        return weights[i][j] if 0 <= i < len(weights) and 0 <= j < len(weights[0]) else 0

    return all(cell(i, j) == cell(2 * a - i, 2 * b - j) for i in range(len(weights)) for j in range(len(weights[0])))


@pytest.mark.parametrize("boundary", Boundary)
def test_an_even_box_coincides_in_full_and_valid_but_not_in_same(boundary):
    impulse = np.zeros((5, 5))
    impulse[2, 2] = 1
    for output_size, expected in ((OutputSize.FULL, True), (OutputSize.VALID, True), (OutputSize.SAME, False)):
        results = [
            filter_(impulse, np.ones((2, 2)), boundary=boundary, output_size=output_size)
            for filter_ in (correlate, convolve)
        ]
        assert (results[0] == results[1]).all() == expected


@given(kernel=kernels(), image=matrices(), boundary=boundaries)
def test_the_even_part_coincides_and_the_odd_part_differs_by_sign_on_any_image(kernel, image, boundary):
    even, odd = kernel.even_part(), kernel.odd_part()
    assert (correlate(image, even, boundary=boundary) == convolve(image, even, boundary=boundary)).all()
    assert (correlate(image, odd, boundary=boundary) == -convolve(image, odd, boundary=boundary)).all()


@pytest.mark.parametrize("boundary", REPEATING)
def test_a_constant_image_cannot_tell_them_apart(boundary):
    image, kernel = np.full((4, 5), 7), np.arange(12).reshape(3, 4)
    expected = np.full((4, 5), 7 * 66)
    assert (correlate(image, kernel, boundary=boundary) == expected).all()
    assert (convolve(image, kernel, boundary=boundary) == expected).all()


def test_other_images_that_cannot_tell_them_apart():
    ramp = np.arange(1, 10).reshape(3, 3)
    stripes = np.tile([[3, 8], [1, 5]], (3, 3))  # period 2 on both axes, wrapped
    assert (correlate(stripes, ramp, boundary="wrap") == convolve(stripes, ramp, boundary="wrap")).all()
    assert (correlate(stripes, ramp, boundary="edge") != convolve(stripes, ramp, boundary="edge")).any()
    columns = np.tile(np.arange(6) ** 2, (5, 1))  # varies along x only; column sums 3, 7, 3
    skew = [[1, 2, 0], [2, 5, 1], [0, 0, 2]]
    assert (correlate(columns, skew) == convolve(columns, skew)).all()
    assert (correlate(columns.T, skew) != convolve(columns.T, skew)).any()


# Linearity


@given(first=matrices(), factor=st.integers(-5, 5), kernel=kernels(), operation=operations, boundary=boundaries)
def test_linear_in_the_image(first, factor, kernel, operation, boundary):
    second = np.cumsum(first, axis=1) % 11

    def filtered(image):
        return DOOR[operation](image, kernel, boundary=boundary)

    assert (filtered(factor * first + second) == factor * filtered(first) + filtered(second)).all()


@given(image=matrices(), first=matrices(max_side=4), operation=operations, boundary=boundaries)
def test_distributive_over_kernels(image, first, operation, boundary):
    second = np.cumsum(first, axis=0) % 7

    def filtered(weights):
        return DOOR[operation](image, weights, boundary=boundary)

    assert (filtered(first + second) == filtered(first) + filtered(second)).all()


@given(image=matrices(), kernel=kernels(), operation=operations, step=st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
def test_a_moved_picture_gives_a_moved_result(image, kernel, operation, step):
    def filtered(picture):
        return DOOR[operation](picture, kernel, boundary="wrap")

    assert (filtered(np.roll(image, step, (0, 1))) == np.roll(filtered(image), step, (0, 1))).all()


# Layers of a network


@given(image=matrices(max_side=6), kernel=matrices(max_side=3), data=st.data())
def test_gradients_of_a_correlation_layer(image, kernel, data):
    # The loss is <upstream, layer(image, kernel)>: linear in both, so its gradient is read off impulses.
    room = np.pad(image, 1)
    layer = correlate(room, kernel, output_size="valid")
    upstream = data.draw(matrices().map(lambda drawn: np.resize(drawn, layer.shape)))
    along_image = correlate(impulses(*room.shape), kernel, output_size="valid", channel_axis=0)
    assert ((along_image * upstream).sum((1, 2)).reshape(room.shape) == full(convolve, upstream, kernel)).all()
    along_kernel = [(correlate(room, one, output_size="valid") * upstream).sum() for one in impulses(*kernel.shape)]
    expected = correlate(room, upstream, output_size="valid")
    assert (np.reshape(along_kernel, kernel.shape) == expected).all()
