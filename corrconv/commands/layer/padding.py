"""The words for padding, as each library means them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from corrconv.core.layer.shape import same_padding
from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from corrconv.core.layer.options import Sides


class PaddingRule(StrEnum):
    """Padding that depends on the kernel, and some on the picture too.

    same: only where all libraries agree. The others after the colon are each library's own.
    """

    VALID = "valid"
    FULL = "full"
    SAME = "same"
    TORCH = "same:torch"
    TENSORFLOW = "same:tensorflow"
    ONNX_UPPER = "same:onnx-upper"
    ONNX_LOWER = "same:onnx-lower"


def axis_padding(rule: PaddingRule, length: int, side: int, stride: int, dilation: int) -> Sides:
    """The zeros before and after one axis. Raises CorrconvError where a library refuses, or `same` is ambiguous."""
    extent = dilation * (side - 1) + 1
    match rule:
        case PaddingRule.VALID:
            return 0, 0
        case PaddingRule.FULL:
            return extent - 1, extent - 1
        case PaddingRule.TORCH if stride > 1:
            raise CorrconvError("torch has no padding 'same' with a stride; give the zeros as numbers")
        case PaddingRule.TORCH | PaddingRule.TENSORFLOW | PaddingRule.ONNX_UPPER:
            return same_padding(length, extent, stride)
        case PaddingRule.ONNX_LOWER:
            return same_padding(length, extent, stride, more_after=False)
        case PaddingRule.SAME:
            return _agreed(length, extent, stride)


def _agreed(length: int, extent: int, stride: int) -> Sides:
    upper = same_padding(length, extent, stride)
    lower = same_padding(length, extent, stride, more_after=False)
    if stride == 1 and upper == lower:
        return upper
    half = (extent - 1) // 2
    if stride > 1:
        raise CorrconvError(
            f"padding 'same' with stride {stride}: torch refuses it, same:tensorflow and same:onnx-upper pad"
            f" {upper[0]} before and {upper[1]} after, same:onnx-lower {lower[0]} and {lower[1]}, and people write"
            f" {half} for both; choose one of these"
        )
    raise CorrconvError(
        f"padding 'same' of a kernel that spans {extent}: same:torch, same:tensorflow and same:onnx-upper pad"
        f" {upper[0]} before and {upper[1]} after, same:onnx-lower {lower[0]} and {lower[1]}; choose one of these"
    )
