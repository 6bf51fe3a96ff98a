"""corrconv: correlation and convolution on images, side by side."""

__version__ = "0.1.0"
