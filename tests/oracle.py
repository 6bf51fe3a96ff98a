"""The definitions of correlation and convolution as plain loops: slow, and obviously right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Pixels = Sequence[Sequence[float]]


def outside(index: int, length: int, boundary: str) -> int | None:
    """The pixel that stands in for an index anywhere on the axis; None means the fill value."""
    if 0 <= index < length:
        return index
    if boundary == "constant":
        return None
    if boundary == "edge":
        return 0 if index < 0 else length - 1
    if boundary == "wrap":
        return index % length
    if boundary == "symmetric":  # a b c d | d c b a: a period of 2 n
        index %= 2 * length
        return index if index < length else 2 * length - 1 - index
    if boundary == "reflect":  # a b c d | c b: a period of 2 n - 2
        if length == 1:
            return 0
        index %= 2 * length - 2
        return index if index < length else 2 * length - 2 - index
    raise AssertionError(boundary)


def pixel_reader(image: Pixels, boundary: str, fill: float) -> Callable[[int, int], float]:
    """A function that gives the pixel at any row and column, inside or outside the image."""
    height, width = len(image), len(image[0])

    def pixel(row: int, column: int) -> float:
        y, x = outside(row, height, boundary), outside(column, width, boundary)
        return fill if y is None or x is None else image[y][x]

    return pixel


def positions(length: int, side: int, anchor: int, output_size: str, stride: int, dilation: int) -> list[int]:
    """The image places that the anchor visits along one axis, for correlation."""
    reach = dilation * (side - 1)
    first_touch, last_touch = -reach, length - 1  # of the kernel's first cell
    if output_size == "same":
        return list(range(0, length, stride))
    if output_size == "full":
        return [start + dilation * anchor for start in range(first_touch, last_touch + 1, stride)]
    return [start + dilation * anchor for start in range(0, length - reach, stride)]


def correlate(
    image: Pixels,
    kernel: Pixels,
    *,
    boundary: str = "reflect",
    fill: float = 0,
    output_size: str = "same",
    anchor: tuple[int, int] | None = None,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    sign: int = 1,
) -> list[list[float]]:
    """Σ_ij K[i][j] · I[y + sign·(i - a)][x + sign·(j - b)], dilated, over every output position."""
    rows, columns = len(kernel), len(kernel[0])
    a, b = (rows // 2, columns // 2) if anchor is None else anchor
    # Where the signs are turned round, so is the cell that touches the image first.
    first = (a, b) if sign == 1 else (rows - 1 - a, columns - 1 - b)
    pixel = pixel_reader(image, boundary, fill)
    ys = positions(len(image), rows, first[0], output_size, stride[0], dilation[0])
    xs = positions(len(image[0]), columns, first[1], output_size, stride[1], dilation[1])
    return [
        [
            sum(
                kernel[i][j] * pixel(y + sign * dilation[0] * (i - a), x + sign * dilation[1] * (j - b))
                for i in range(rows)
                for j in range(columns)
            )
            for x in xs
        ]
        for y in ys
    ]


def convolve(image: Pixels, kernel: Pixels, **options: object) -> list[list[float]]:
    """The same with the signs of i - a and j - b turned round: I[y - (i - a), x - (j - b)]."""
    return correlate(image, kernel, sign=-1, **options)  # type: ignore[arg-type]


Volume = Sequence[Sequence[Pixels]]  # pictures or filters, channels, rows, columns


def layer(
    images: Volume,
    weights: Volume,
    *,
    bias: Sequence[float],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0)),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    turned: bool = False,
) -> list[list[list[list[float]]]]:
    """bias[o] + Σ_c Σ_ij W[o][c][i][j] · I[n][c][y·s + i·d - p][x·t + j·e - q]; turned: of the half-turned kernels."""
    (top, bottom), (left, right) = padding
    height, width = len(images[0][0]), len(images[0][0][0])
    kernel_rows, kernel_columns = len(weights[0][0]), len(weights[0][0][0])
    per_group, filters_per_group = len(weights[0]), len(weights) // groups
    rows = (height + top + bottom - dilation[0] * (kernel_rows - 1) - 1) // stride[0] + 1
    columns = (width + left + right - dilation[1] * (kernel_columns - 1) - 1) // stride[1] + 1

    def output(picture: Sequence[Pixels], o: int, y: int, x: int) -> float:
        total = bias[o]
        for c in range(per_group):
            channel = picture[o // filters_per_group * per_group + c]
            for i in range(kernel_rows):
                for j in range(kernel_columns):
                    row = y * stride[0] + i * dilation[0] - top
                    column = x * stride[1] + j * dilation[1] - left
                    if 0 <= row < height and 0 <= column < width:
                        cell = (kernel_rows - 1 - i, kernel_columns - 1 - j) if turned else (i, j)
                        total += weights[o][c][cell[0]][cell[1]] * channel[row][column]
        return total

    return [
        [[[output(picture, o, y, x) for x in range(columns)] for y in range(rows)] for o in range(len(weights))]
        for picture in images
    ]


def transposed_layer(
    images: Volume,
    weights: Volume,
    *,
    bias: Sequence[float],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0)),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    output_padding: tuple[int, int] = (0, 0),
    turned: bool = False,
) -> list[list[list[list[float]]]]:
    """Each pixel writes the kernel, a stride apart: out[n][o][y·s + i·d - p][...] += I[n][c][y][x] · W[c][o][i][j]."""
    (top, bottom), (left, right) = padding
    height, width = len(images[0][0]), len(images[0][0][0])
    kernel_rows, kernel_columns = len(weights[0][0]), len(weights[0][0][0])
    per_group, channels_per_group = len(weights[0]), len(weights) // groups
    rows = (height - 1) * stride[0] + dilation[0] * (kernel_rows - 1) + 1 + output_padding[0] - top - bottom
    columns = (width - 1) * stride[1] + dilation[1] * (kernel_columns - 1) + 1 + output_padding[1] - left - right
    results = [[[[offset] * columns for _ in range(rows)] for offset in bias] for _ in images]
    for picture, result in zip(images, results, strict=True):
        for c, channel in enumerate(picture):
            for o in range(per_group):
                for y in range(height):
                    for x in range(width):
                        for i in range(kernel_rows):
                            for j in range(kernel_columns):
                                row = y * stride[0] + i * dilation[0] - top
                                column = x * stride[1] + j * dilation[1] - left
                                if 0 <= row < rows and 0 <= column < columns:
                                    cell = (kernel_rows - 1 - i, kernel_columns - 1 - j) if turned else (i, j)
                                    written = channel[y][x] * weights[c][o][cell[0]][cell[1]]
                                    result[c // channels_per_group * per_group + o][row][column] += written
    return results
