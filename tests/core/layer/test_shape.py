"""Sizes before any pixel: what is read, what `same` pads, and how far an output reaches back."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from corrconv.core.layer.forward import layer
from corrconv.core.layer.options import LayerOptions
from corrconv.core.layer.shape import lay_layer, receptive_field, same_padding
from corrconv.errors import CorrconvError


def test_the_sizes_are_those_of_the_result():
    for stride, padding, dilation, transposed in product(((1, 1), (2, 3)), (0, (1, 2)), (1, (2, 1)), (False, True)):
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 2, "transposed": transposed}
        shape = lay_layer((4, 8, 9), (4, 2, 3, 2), LayerOptions(**options))
        result = layer(np.ones((1, 4, 8, 9)), np.ones((4, 2, 3, 2)), **options)
        assert shape.output == result.shape[1:]
        assert shape.weights == (4, 2, 3, 2)
        assert shape.parameters == 4 * 2 * 3 * 2


def test_multiplications_are_counted():
    shape = lay_layer((3, 8, 8), (16, 3, 3, 3), LayerOptions(padding=1))
    assert shape.multiplications == 8 * 8 * 16 * 3 * 9
    # Transposed, every pixel is multiplied with every weight of its channel.
    shape = lay_layer((3, 8, 8), (3, 16, 3, 3), LayerOptions(transposed=True))
    assert shape.multiplications == 8 * 8 * 3 * 16 * 9


def test_pixels_that_are_never_read_change_nothing():
    for stride, padding, dilation in product((1, 2, 3, 4), (0, 1), (1, 2, 3)):
        options = LayerOptions(stride=stride, padding=padding, dilation=dilation)
        read = lay_layer((1, 8, 9), (1, 1, 2, 3), options).pixels_read()
        for place in np.ndindex(8, 9):
            picture = np.zeros((1, 1, 8, 9))
            picture[0, 0][place] = 1
            found = layer(picture, np.ones((1, 1, 2, 3)), stride=stride, padding=padding, dilation=dilation)
            assert found.any() == read[place], (stride, padding, dilation, place)


@pytest.mark.parametrize("more_after", [True, False])
def test_same_as_jax_pads_it(more_after):
    lax = pytest.importorskip("jax.lax")
    for length, side, stride, dilation in product(range(1, 9), range(1, 5), range(1, 4), (1, 2)):
        extent = dilation * (side - 1) + 1
        name = "SAME" if more_after else "SAME_LOWER"
        (theirs,) = lax.padtype_to_pads((length,), (extent,), (stride,), name)
        assert same_padding(length, extent, stride, more_after=more_after) == tuple(theirs)


def test_the_receptive_field_is_what_a_pixel_can_change():
    """Measured: every input place in turn is changed, and the outputs that notice are counted."""
    stacks = [
        [(3, LayerOptions())],
        [(3, LayerOptions(stride=2)), (3, LayerOptions())],
        [(3, LayerOptions(dilation=2)), (2, LayerOptions(stride=2)), (3, LayerOptions())],
        [(3, LayerOptions(transposed=True, stride=2)), (3, LayerOptions())],
        [(2, LayerOptions(transposed=True, stride=2))],
        [(4, LayerOptions(transposed=True, stride=2)), (3, LayerOptions(stride=2))],
    ]
    for stack in stacks:
        length, axes = 24, []
        for side, options in stack:
            axis = lay_layer((1, 1, length), (1, 1, 1, side), options).columns
            axes.append((axis, options.transposed))
            length = axis.length if options.transposed else axis.outputs
        rows = []
        for place in range(24):
            values = np.zeros((1, 1, 1, 24))
            values[0, 0, 0, place] = 1
            for side, options in stack:
                given = {"stride": (1, options.stride[1]), "dilation": (1, options.dilation[1])}
                values = layer(values, np.ones((1, 1, 1, side)), transposed=options.transposed, **given)
            rows.append(values[0, 0, 0])
        seen = np.array(rows) != 0  # (input, output)
        spans = [np.flatnonzero(column)[[0, -1]] for column in seen.T]
        assert receptive_field(axes) == max(last - first + 1 for first, last in spans)


def test_kernels_beyond_all_reason_are_refused():
    with pytest.raises(CorrconvError, match="dilate it less"):
        lay_layer((1, 8, 8), (1, 1, 3, 3), LayerOptions(dilation=10**9))


@pytest.mark.parametrize("options", [{}, {"transposed": True, "stride": 2**22}])
def test_axes_beyond_all_memory_are_refused(options):
    with pytest.raises(CorrconvError, match="is more than the 16777216"):
        lay_layer((1, 8, 10**9 if not options else 8), (1, 1, 1, 1), LayerOptions(**options))
