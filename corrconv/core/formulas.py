"""The formulas of the zoo: each function gives the weights (rows, columns) of one kind of kernel.

Rows count downwards and columns to the right; angles count counterclockwise from the right, in
degrees. Weights depend on the offset from the middle through squares and absolute values, so that
a symmetric kernel is symmetric to the last bit.
"""

from __future__ import annotations

from math import ceil, comb, cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from corrconv.errors import KernelError

Weights = NDArray[np.float64]

# A typing slip such as size=99999 must not fill the memory.
LARGEST_SIDE = 1001

COMPASS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")

# The outer cells of a 3x3 kernel, clockwise from the north, in the order of COMPASS.
RING = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))

# Rows of five cells, # for 1.
LETTERS = {
    "A": ".###. #...# ##### #...# #...#",
    "F": "##### #.... ####. #.... #....",
    "G": ".#### #.... #..## #...# .####",
    "H": "#...# #...# ##### #...# #...#",
    "J": "..### ...#. ...#. #..#. .##..",
    "L": "#.... #.... #.... #.... #####",
    "N": "#...# ##..# #.#.# #..## #...#",
    "P": "####. #...# ####. #.... #....",
    "R": "####. #...# ####. #..#. #...#",
    "S": ".#### #.... .###. ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#..",
    "X": "#...# .#.#. ..#.. .#.#. #...#",
    "Z": "##### ...#. ..#.. .#... #####",
}


def identity(size: int) -> Weights:
    """One 1 in the middle of zeros."""
    weights = np.zeros((size, size))
    weights[size // 2, size // 2] = 1
    return weights


def shift(dy: int, dx: int) -> Weights:
    """One 1, dy rows below and dx columns to the right of the middle."""
    weights = np.zeros((2 * abs(dy) + 1, 2 * abs(dx) + 1))
    weights[abs(dy) + dy, abs(dx) + dx] = 1
    return weights


def box(size: int) -> Weights:
    """The same weight everywhere, with sum 1."""
    return np.full((size, size), 1 / size**2)


def gaussian(sigma: float, size: int | None) -> Weights:
    """A sampled Gaussian of standard deviation sigma (pixels), with sum 1."""
    squares = squared_distances(size or side_that_reaches(3 * sigma))
    # Only the shape counts, so the nearest cell is given 1: a tiny sigma then leaves no sum of 0.
    bell = np.exp((squares.min() - squares) / (2 * sigma**2))
    return _with_sum_one(bell)


def binomial(size: int) -> Weights:
    """A row of Pascal's triangle times itself, with sum 1."""
    row = np.array([comb(size - 1, k) / 2 ** (size - 1) for k in range(size)])
    return np.outer(row, row)


def laplacian(neighbours: int) -> Weights:
    """The sum of the neighbours minus as many times the middle."""
    weights = np.ones((3, 3)) if neighbours == 8 else np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    weights[1, 1] = -neighbours
    return weights


def sharpen(amount: float, neighbours: int) -> Weights:
    """The picture minus amount times its Laplacian."""
    return identity(3) - amount * laplacian(neighbours)


def unsharp(sigma: float, amount: float, size: int | None) -> Weights:
    """The picture plus amount times what a Gaussian blur takes away."""
    blur = gaussian(sigma, size)
    return (1 + amount) * identity(len(blur)) - amount * blur


def laplacian_of_gaussian(sigma: float, size: int | None) -> Weights:
    """The Laplacian of a Gaussian, lowered by its mean so that the sum is 0; negative in the middle."""
    side = size or side_that_reaches(4 * sigma)
    weights = gaussian(sigma, side) * (squared_distances(side) - 2 * sigma**2) / sigma**4
    return weights - float(weights.mean())


def difference_of_gaussians(sigma: float, ratio: float, size: int | None) -> Weights:
    """A Gaussian minus one that is ratio times as wide; positive in the middle, with sum 0."""
    side = size or side_that_reaches(3 * ratio * sigma)
    return gaussian(sigma, side) - gaussian(ratio * sigma, side)


def sobel(axis: str, size: int) -> Weights:
    """Whole-number derivative along one axis, smoothed by binomial weights along the other."""
    smoothing = [comb(size - 1, k) for k in range(size)]
    derivative = np.convolve([comb(size - 3, k) for k in range(size - 2)], [-1, 0, 1])
    return _derivative(axis, derivative, smoothing)


def prewitt(axis: str) -> Weights:
    """Difference of the outer columns (or rows), evenly weighted."""
    return _derivative(axis, [-1, 0, 1], [1, 1, 1])


def scharr(axis: str) -> Weights:
    """Difference of the outer columns (or rows), weighted for equal answers in all directions."""
    return _derivative(axis, [-1, 0, 1], [3, 10, 3])


def roberts(diagonal: str) -> Weights:
    """Difference of two diagonal neighbours: the upper cell minus the lower one."""
    falling = np.array([[1.0, 0.0], [0.0, -1.0]])
    return falling if diagonal == "falling" else np.fliplr(falling)


def kirsch(direction: str) -> Weights:
    """Three cells of 5 towards the direction, the other five -3."""
    return _compass((5, 5, -3, -3, -3, -3, -3, 5), direction)


def robinson(direction: str) -> Weights:
    """The Sobel weights, turned towards the direction."""
    return _compass((2, 1, 0, -1, -2, -1, 0, 1), direction)


def emboss(direction: str) -> Weights:
    """The picture plus its slope towards the direction."""
    return identity(3) + robinson(direction)


def motion(length: float, angle: float) -> Weights:
    """A line of this length through the middle, anti-aliased, with sum 1."""
    along_x, along_y = _unit_vector(angle)
    half = (length - 1) / 2
    rows, columns = 2 * ceil(half * abs(along_y)) + 1, 2 * ceil(half * abs(along_x)) + 1
    y, x = _offsets(rows, columns)
    beyond_end = np.maximum(np.abs(x * along_x - y * along_y) - half, 0)
    beside_line = np.abs(x * along_y + y * along_x)
    weights = np.maximum(1 - np.hypot(beyond_end, beside_line), 0)
    # The grid has room for the line's rounded ends; rows and columns that it does not touch are left out.
    return _with_sum_one(weights[np.ix_(weights.any(axis=1), weights.any(axis=0))])


def gabor(sigma: float, wavelength: float, angle: float, phase: float, aspect: float, size: int | None) -> Weights:
    """A cosine wave that travels along the angle under a Gaussian of height 1."""
    along_x, along_y = _unit_vector(angle)
    cosine, sine = _unit_vector(phase)
    side = size or side_that_reaches(3 * sigma / min(1, aspect))
    y, x = _offsets(side, side)
    along, across = x * along_x - y * along_y, x * along_y + y * along_x
    wave = 2 * np.pi * along / wavelength
    # cos(wave + phase), taken apart so that a phase of 90 is odd to the last bit.
    return np.exp(-(along**2 + (aspect * across) ** 2) / (2 * sigma**2)) * (cosine * np.cos(wave) - sine * np.sin(wave))


def letter(letter: str) -> Weights:
    """Ones in the shape of a letter, zeros around them."""
    return np.array([[float(cell == "#") for cell in row] for row in LETTERS[letter].split()])


def side_that_reaches(distance: float) -> int:
    """The odd side whose middle has at least that many pixels around it. Raises KernelError above the cap."""
    side = 2 * ceil(distance) + 1
    if side > LARGEST_SIDE:
        raise KernelError(
            f"this needs a {side}x{side} kernel and the largest side is {LARGEST_SIDE}; give a smaller sigma, or a size"
        )
    return side


def squared_distances(size: int) -> Weights:
    """The squared distance of every cell from the middle."""
    y, x = _offsets(size, size)
    return y**2 + x**2


def _offsets(rows: int, columns: int) -> tuple[Weights, Weights]:
    y = np.arange(rows, dtype=np.float64) - (rows - 1) / 2
    x = np.arange(columns, dtype=np.float64) - (columns - 1) / 2
    return y[:, np.newaxis], x[np.newaxis, :]


def _with_sum_one(weights: Weights) -> Weights:
    return weights / float(weights.sum())


def _unit_vector(angle: float) -> tuple[float, float]:
    # Rounded so that the cosine of a right angle is 0 and that of 60 degrees 0.5.
    return round(cos(radians(angle)), 15), round(sin(radians(angle)), 15)


def _derivative(axis: str, derivative: list[int] | NDArray[np.int64], smoothing: list[int]) -> Weights:
    along_x = np.outer(smoothing, derivative).astype(np.float64)
    return along_x if axis == "x" else along_x.T


def _compass(north: tuple[int, ...], direction: str) -> Weights:
    weights = np.zeros((3, 3))
    for cell, value in zip(RING, np.roll(north, COMPASS.index(direction)), strict=True):
        weights[cell] = value
    return weights
