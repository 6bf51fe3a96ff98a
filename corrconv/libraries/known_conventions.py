"""The conventions of well-known libraries and tools: measured on them or, where said, documented by them."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from corrconv.core.convention.model import (
    CAST,
    LOWER,
    SATURATED,
    SATURATED_HALF_UP,
    BorderRule,
    Borders,
    Convention,
    Numbers,
    Orientation,
    Overflow,
    Rounding,
    Scale,
    Side,
    ZeroSum,
)
from corrconv.core.terms import OutputSize
from corrconv.errors import CorrconvError

MEASURED = "measured: corrconv probe {}"
DOCUMENTED = "documented, not measured: {}"

FLOAT32 = Numbers("float32")
SATURATED_HALF_AWAY = Numbers("image", Rounding.HALF_AWAY, Overflow.SATURATE)
SYMMETRIC = Borders.uniform(BorderRule.SYMMETRIC)
REFLECT = Borders.uniform(BorderRule.REFLECT)
EDGE = Borders.uniform(BorderRule.EDGE)
UNFILTERED = Borders.uniform(BorderRule.UNFILTERED)
# What ffmpeg does with 3x3 kernels only.
REFLECT_THEN_EDGE = Borders(
    top=Side(BorderRule.REFLECT),
    bottom=Side(BorderRule.EDGE),
    left=Side(BorderRule.REFLECT),
    right=Side(BorderRule.EDGE),
)

CORRELATION = Convention()
CONVOLUTION = Convention(orientation=Orientation.HALF_TURN)
LOWER_CORRELATION = Convention(even_anchor=LOWER)
LOWER_CONVOLUTION = Convention(orientation=Orientation.HALF_TURN, even_anchor=LOWER)


def _named(name: str, convention: Convention, probed: str = "", **changes: Any) -> Convention:
    return replace(convention, name=name, source=MEASURED.format(probed or name), **changes)


_MEASURED = (
    _named("scipy.ndimage.correlate", CORRELATION, borders=SYMMETRIC, numbers=CAST),
    _named("scipy.ndimage.convolve", CONVOLUTION, borders=SYMMETRIC, numbers=CAST),
    _named("scipy.signal.correlate2d", LOWER_CORRELATION),
    _named("scipy.signal.convolve2d", LOWER_CONVOLUTION),
    _named("scipy.signal.correlate", CORRELATION),
    _named("scipy.signal.convolve", LOWER_CONVOLUTION),
    _named("scipy.signal.fftconvolve", LOWER_CONVOLUTION),
    _named("scipy.signal.oaconvolve", LOWER_CONVOLUTION),
    _named("cv2.filter2D", CORRELATION, borders=REFLECT, numbers=SATURATED),
    _named(
        "pillow.kernel",
        CORRELATION,
        "PIL.ImageFilter.Kernel",
        orientation=Orientation.TOP_BOTTOM,
        borders=UNFILTERED,
        scale=Scale.SUM,
        zero_sum=ZeroSum.ZERO,
        numbers=SATURATED_HALF_UP,
        single_precision=True,
        kernel_shapes=((3, 3), (5, 5)),
    ),
    _named("torch.conv2d", LOWER_CORRELATION, "torch.nn.functional.conv2d", numbers=FLOAT32),
    _named(
        "torch.conv_transpose2d",
        CONVOLUTION,
        "torch.nn.functional.conv_transpose2d",
        output_size=OutputSize.FULL,
        numbers=FLOAT32,
    ),
    _named("jax.lax.conv", LOWER_CORRELATION, numbers=FLOAT32),
    _named("jax.scipy.signal.correlate2d", LOWER_CORRELATION, numbers=FLOAT32),
    _named("jax.scipy.signal.convolve2d", LOWER_CONVOLUTION, numbers=FLOAT32),
    _named("onnxruntime.conv", LOWER_CORRELATION, "onnxruntime.Conv", numbers=FLOAT32),
    _named(
        "skimage.correlate_sparse", CORRELATION, "skimage.filters.correlate_sparse", borders=SYMMETRIC, odd_sides=True
    ),
    _named("kornia.filter2d", LOWER_CORRELATION, "kornia.filters.filter2d", borders=REFLECT),
    _named(
        "astropy.convolve",
        CONVOLUTION,
        "astropy.convolution.convolve",
        scale=Scale.SUM,
        zero_sum=ZeroSum.REFUSED,
        odd_sides=True,
    ),
    _named("pyvips.conv", CORRELATION, "pyvips.Image.conv", borders=EDGE, numbers=FLOAT32),
    _named("vips.conv", CORRELATION, borders=EDGE, numbers=FLOAT32),
    _named("imagemagick.convolve", LOWER_CONVOLUTION, borders=EDGE, numbers=SATURATED_HALF_UP),
    _named("imagemagick.correlate", LOWER_CORRELATION, borders=EDGE, numbers=SATURATED_HALF_UP),
    _named(
        "imagemagick.-convolve",
        LOWER_CORRELATION,
        borders=EDGE,
        scale=Scale.SUM,
        numbers=SATURATED_HALF_UP,
        square=True,
    ),
    _named(
        "graphicsmagick.-convolve",
        CORRELATION,
        borders=EDGE,
        scale=Scale.SUM,
        numbers=SATURATED_HALF_UP,
        odd_sides=True,
        square=True,
    ),
    _named("gmic.correlate", LOWER_CORRELATION, borders=EDGE, numbers=FLOAT32),
    _named("gmic.convolve", LOWER_CONVOLUTION, borders=EDGE, numbers=FLOAT32),
    _named(
        "ffmpeg.convolution-3x3",
        CORRELATION,
        "ffmpeg.convolution",
        borders=REFLECT_THEN_EDGE,
        scale=Scale.SUM,
        numbers=SATURATED_HALF_UP,
        kernel_shapes=((3, 3),),
    ),
    _named(
        "ffmpeg.convolution-5x5",
        CORRELATION,
        "ffmpeg.convolution",
        borders=REFLECT,
        scale=Scale.SUM,
        numbers=SATURATED_HALF_UP,
        kernel_shapes=((5, 5),),
    ),
    _named("netpbm.pnmconvol", CORRELATION, borders=UNFILTERED, numbers=SATURATED_HALF_UP, odd_sides=True),
)
_DOCUMENTED = (
    replace(
        LOWER_CORRELATION, name="matlab.imfilter", numbers=SATURATED_HALF_AWAY, source=DOCUMENTED.format("imfilter")
    ),
    replace(LOWER_CORRELATION, name="matlab.filter2", source=DOCUMENTED.format("filter2, shape same")),
    replace(CONVOLUTION, name="matlab.conv2", source=DOCUMENTED.format("conv2, shape same")),
)

CONVENTIONS = {convention.name: convention for convention in (*_MEASURED, *_DOCUMENTED)}


def convention_named(name: str) -> Convention:
    """The known convention of this name. Raises CorrconvError with the names that come close."""
    if name in CONVENTIONS:
        return CONVENTIONS[name]
    near = [known for known in CONVENTIONS if name.lower() in known.lower()]
    near = near or get_close_matches(name, CONVENTIONS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`corrconv conventions` lists them all"
    raise CorrconvError(f"no convention is called {name!r}; {hint}")
