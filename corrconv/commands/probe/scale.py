"""What the sums are divided by, and what is added to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.probe.examination import Examination, Refused, Unexplained
from corrconv.commands.probe.kernels import whole_kernel
from corrconv.commands.probe.linearity import headroom, level, middle
from corrconv.core.convention.filtering import exact_values, interior, raw_sums
from corrconv.core.convention.fitting import Line, fit_line, plain_fraction
from corrconv.core.convention.model import Convention, Scale, ZeroSum
from corrconv.core.kernel import Kernel

if TYPE_CHECKING:
    from corrconv.libraries.target import Shape


def with_scale(examination: Examination, convention: Convention, shape: Shape) -> Convention:
    """Kernels whose sum is positive, mixed, negative and zero show what the sums are divided by.

    The factor between sums and results is read from a random picture for each kernel; a rule of
    `Scale` must explain all of them with one gain.
    """
    separable = examination.target.separable
    kernels = {
        name: Kernel(whole_kernel(shape, examination.random, *sums, separable=separable))
        for name, sums in {"positive": (16, 0), "mixed": (16, 8), "negative": (8, 16)}.items()
    }
    bias, response = level(examination, kernels["positive"].weights)
    peak = headroom(examination, bias, response)
    fitted = {name: _scale_line(examination, kernel, convention, peak) for name, kernel in kernels.items()}
    lines = {name: (kernels[name], line) for name, line in fitted.items() if line is not None}
    if "positive" not in lines:
        raise Unexplained("no picture shows what the sums are divided by")
    real = examination.dtype.kind == "f"
    for scale in Scale:
        gains = [line.gain * scale.divisor(kernel) for kernel, line in lines.values()]
        if max(abs(gain / gains[0] - 1) for gain in gains) <= (1e-4 if real else 0.03):
            break
    else:
        factors = ", ".join(f"{name} {line.gain:.4g}" for name, (_, line) in lines.items())
        raise Unexplained(f"the scale follows no known rule: factors for kernel sums that are {factors}")
    reach = max(1e-9, 8 * float(np.finfo(examination.dtype).eps)) if real else 5e-3
    scaled = replace(convention, scale=scale, gain=plain_fraction(gains[0], reach), bias=plain_fraction(bias, reach))
    scaled = replace(scaled, zero_sum=_zero_sum(examination, scaled, shape))
    seen = "; ".join(f"{name} sum: times {line.gain:.4g}" for name, (_, line) in lines.items())
    examination.log("What are the sums divided by?", f"{seen}; bias {scaled.bias:g}: {scale}")
    return scaled


def _scale_line(examination: Examination, kernel: Kernel, convention: Convention, peak: float) -> Line | None:
    picture = examination.picture((40, 50), peak)
    try:
        result = examination.call(picture, kernel.weights).astype(np.float64)
    except Refused:
        return None
    inside = interior(picture.shape, convention, kernel.shape)
    line = fit_line(raw_sums(picture, kernel, convention)[inside], result[inside], examination.limits)
    return line if line is not None and line.deviation <= 2 * examination.tolerance and line.pixels >= 8 else None


def _zero_sum(examination: Examination, convention: Convention, shape: Shape) -> ZeroSum:
    """What a kernel with the sum 0 gives: its raw sums, nothing, or an error."""
    kernel = Kernel(whole_kernel(shape, examination.random, 8, 8, separable=examination.target.separable))
    if convention.scale.divisor(kernel) != 0:
        return ZeroSum.RAW
    picture = examination.picture(
        (40, 50), examination.white if examination.dtype.kind == "f" else examination.white / 16
    )
    try:
        result = middle(examination.call(picture, kernel.weights))
    except Refused:
        return ZeroSum.REFUSED
    if np.abs(result - convention.bias).max() <= examination.tolerance:
        return ZeroSum.ZERO
    expected = np.clip(middle(exact_values(picture, kernel, convention)), *examination.limits)
    if not np.abs(expected - result).max() <= 1.5 * examination.tolerance:
        raise Unexplained("a kernel with the sum 0 gives neither its raw sums nor nothing")
    return ZeroSum.RAW
