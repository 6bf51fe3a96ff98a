"""What an animation shows are the core's numbers, with what the boundary puts around the picture."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from corrconv import Kernel, convolve, correlate
from corrconv.commands.animate.study import animate, letter, structured_part
from corrconv.commands.explain.study import explain_pixel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, OutputSize
from corrconv.errors import KernelError

IMAGE = np.random.default_rng(8).integers(0, 256, (7, 9), dtype=np.uint8)
KERNELS = (Kernel([[1, -2, 3], [4, 5, -6]], anchor=(0, 2)), Kernel([[1, 2], [3, 4]]), Kernel([[7]]))
STEPS = (((1, 1), (1, 1)), ((2, 3), (1, 2)))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: str(kernel.shape))
@pytest.mark.parametrize("output_size", OutputSize)
@pytest.mark.parametrize("boundary", Boundary)
def test_products_and_sums_are_those_of_explain(boundary: Boundary, output_size: OutputSize, kernel: Kernel) -> None:
    for stride, dilation in STEPS:
        options = Options(boundary=boundary, fill=3.0, output_size=output_size, stride=stride, dilation=dilation)
        animation = animate(IMAGE, kernel, options)
        for at in np.ndindex(animation.correlation.results.shape):
            explained = explain_pixel(IMAGE[:, :, np.newaxis], kernel, options, at=at)
            for lain, account in zip(animation.both, explained.accounts, strict=True):
                assert_array_equal(animation.products(lain, at), account.reading.products)
                assert lain.results[at] == account.reading.sum
                rows, columns = lain.places(at)
                assert (tuple(rows), tuple(columns)) == (account.reading.rows, account.reading.columns)


def test_results_are_the_core_s() -> None:
    animation = animate(IMAGE, KERNELS[0], Options(boundary=Boundary.WRAP))
    assert_array_equal(animation.correlation.results, correlate(IMAGE, KERNELS[0], boundary="wrap"))
    assert_array_equal(animation.convolution.results, convolve(IMAGE, KERNELS[0], boundary="wrap"))


def test_the_part_that_varies_most_is_taken() -> None:
    image = np.full((30, 40), 7, np.uint8)
    image[12:16, 25:31] = 200
    rows, columns = structured_part(image, 8)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (8, 8)
    assert image[rows, columns].std() == max(
        image[row : row + 8, column : column + 8].std() for row in range(23) for column in range(33)
    )
    assert structured_part(image[:3], 8)[0] == slice(0, 3)


def test_the_letter_has_no_symmetry() -> None:
    assert not any(
        np.array_equal(letter(), other)
        for other in (letter()[::-1], letter()[:, ::-1], letter()[::-1, ::-1], letter().T)
    )


def test_products_too_large_for_float64_are_infinite_in_silence() -> None:
    animation = animate(np.array([[1e308, 1.0]]), Kernel([[3.0]]), Options())
    assert animation.products(animation.correlation, (0, 0)).tolist() == [[np.inf]]


def test_the_largest_kernel_is_drawn_and_the_next_one_refused():
    assert animate(letter(), Kernel(np.ones((31, 3))), Options()).image.shape == letter().shape
    with pytest.raises(KernelError, match="has 3x32 cells"):
        animate(letter(), Kernel(np.ones((3, 32))), Options())
