"""Overlap-save: tiles of the picture multiplied by the kernel's transform."""

from __future__ import annotations

from functools import cache

import numpy as np

from corrconv.core.engines.signature import Numbers, TileFilter, TileFilterMaker
from corrconv.core.engines.tiles import Scratch
from corrconv.core.layout import Layout


@cache
def fast_length(least: int) -> int:
    """The smallest even length 2^a 3^b 5^c, a > 0, that is not below least: quick to transform."""
    best = 1 << max(1, (least - 1).bit_length())
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = max(2, 1 << (-(-least // threes) - 1).bit_length())
            best = min(best, threes * twos)
            threes *= 3
        fives *= 5
    return best


def fft(weights: Numbers, layout: Layout, tile: tuple[int, int]) -> TileFilterMaker:
    """Transform a tile, multiply it by the conjugate transform of the kernel, transform back.

    The outputs that the cyclic transform wraps round are those that are not asked for, so nothing
    leaks from one border to the other. Works for float32 and float64. nan, inf or overflow
    anywhere spoil the whole tile.
    """
    rows, columns = layout.rows, layout.columns
    height = fast_length(rows.reach(tile[0]))
    width = fast_length(columns.reach(tile[1]))
    frequencies = width // 2 + 1
    spread = np.zeros((rows.extent, columns.extent))
    spread[:: rows.dilation, :: columns.dilation] = weights
    complex_dtype = np.result_type(weights.dtype, np.complex64)
    # Transforms scaled by 1/n (norm="forward") both ways, and n² made up for here: with NumPy's
    # default norm the forward transforms of float32 run at a quarter of the speed, since the
    # Python integer 1 that they are scaled by sends them through a wider type.
    transform = np.fft.rfft2(spread, (height, width))
    np.conj(transform, out=transform)
    transform *= height * width
    transform = transform.astype(complex_dtype, copy=False)
    del spread

    def make() -> TileFilter:
        scratch, other_scratch, line_scratch = Scratch(complex_dtype), Scratch(complex_dtype), Scratch(weights.dtype)

        def filter_tile(padded: Numbers, out: Numbers) -> None:
            spectrum = scratch.array((height, frequencies))
            other = other_scratch.array((height, frequencies))
            lines = line_scratch.array((height, width))
            read = padded.shape[1]
            for channel in range(out.shape[2]):
                pixels = padded[:, :, channel]
                if read < width:
                    # NumPy transforms several rows at once only where it need not lengthen them itself.
                    pixels, unread = lines[: len(padded)], pixels
                    pixels[:, :read] = unread
                    pixels[:, read:] = 0
                np.fft.rfft(pixels, axis=1, norm="forward", out=spectrum[: len(padded)])
                spectrum[len(padded) :] = 0
                np.fft.fft(spectrum, axis=0, norm="forward", out=other)
                np.multiply(other, transform, out=other)
                np.fft.ifft(other, axis=0, out=spectrum)
                kept = spectrum[: out.shape[0] * rows.stride : rows.stride]
                np.fft.irfft(kept, width, axis=1, out=lines[: len(kept)])
                out[:, :, channel] = lines[: len(kept), : out.shape[1] * columns.stride : columns.stride]

        return filter_tile

    return make
