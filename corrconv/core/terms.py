"""The closed choices of design and command line, spelled once."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """Which of the two: they differ only in how the kernel is laid over the image."""

    CORRELATION = "correlation"
    CONVOLUTION = "convolution"


class Boundary(StrEnum):
    """What lies outside the image, by numpy.pad's names."""

    CONSTANT = "constant"
    EDGE = "edge"
    REFLECT = "reflect"
    SYMMETRIC = "symmetric"
    WRAP = "wrap"


class OutputSize(StrEnum):
    """Which output positions are kept."""

    SAME = "same"
    FULL = "full"
    VALID = "valid"


class Engine(StrEnum):
    """How the sums are computed; all give the same answer."""

    AUTO = "auto"
    DIRECT = "direct"
    SEPARABLE = "separable"
    MATMUL = "matmul"
    FFT = "fft"


class Precision(StrEnum):
    """The floating-point type that the sums are computed in."""

    AUTO = "auto"
    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Display(StrEnum):
    """How signed real values become pixels."""

    CLIP = "clip"
    RESCALE = "rescale"
    SIGNED = "signed"
    ABSOLUTE = "absolute"


class Alpha(StrEnum):
    """What happens to transparency."""

    KEEP = "keep"
    WEIGHTED = "weighted"
    STRAIGHT = "straight"


class Symmetry(StrEnum):
    """What a half-turn about the anchor does to a kernel: nothing, a change of sign, or more."""

    POINT_SYMMETRIC = "point-symmetric"
    ANTISYMMETRIC = "antisymmetric"
    NEITHER = "neither"


class Notation(StrEnum):
    """The ways to write a kernel down, each by the tool that it comes from."""

    IMAGEMAGICK = "imagemagick"
    VIPS = "vips"
    GMIC = "gmic"
    MATLAB = "matlab"
    NUMPY = "numpy"
    JSON = "json"
    CSV = "csv"
    NPY = "npy"
    FFMPEG = "ffmpeg"
    C = "c"
    OPENCV = "opencv"
    TORCH = "torch"
    JAVA = "java"
    SVG = "svg"
    GIMP = "gimp"
