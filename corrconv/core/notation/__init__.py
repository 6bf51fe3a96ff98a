"""Kernels as text, in the notations of many tools: strict readers and exact writers."""

from corrconv.core.notation.arrays import kernel_from_array
from corrconv.core.notation.json_reader import parse_json
from corrconv.core.notation.readers import parse_kernel, parse_vips
from corrconv.core.notation.writers import check_writable, write_kernel

__all__ = ["check_writable", "kernel_from_array", "parse_json", "parse_kernel", "parse_vips", "write_kernel"]
