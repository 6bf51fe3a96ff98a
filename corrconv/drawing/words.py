"""Options and kernels in words, the same in every table and picture."""

from __future__ import annotations

from corrconv.core.kernel import ROUNDING, Kernel
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, OutputSize, Symmetry


def boundary_words(options: Options) -> str:
    """The boundary, with the fill value where it has one."""
    filled = options.boundary is Boundary.CONSTANT
    return f"boundary {options.boundary}{f' {options.fill:g}' if filled else ''}"


def options_words(options: Options) -> str:
    """The boundary, where anything outside is read, and what else of the layout is not the default."""
    facts = [] if options.output_size is OutputSize.VALID else [boundary_words(options)]
    if options.output_size is not OutputSize.SAME:
        facts.append(f"output size {options.output_size}")
    for name, pair in (("stride", options.stride), ("dilation", options.dilation)):
        if pair != (1, 1):
            facts.append(f"{name} {pair[0]},{pair[1]}")
    return ", ".join(facts)


def kernel_words(kernel: Kernel) -> str:
    """The kernel's name and size in rows and columns."""
    rows, columns = kernel.shape
    return f"{kernel.name} ({rows}x{columns})"


def symmetry_words(kernel: Kernel, output_size: OutputSize = OutputSize.SAME) -> str:
    """What a half-turn does to the kernel, about the anchor and, where that differs, about its middle."""
    symmetry, about_middle = kernel.symmetry(output_size), kernel.symmetry(OutputSize.FULL)
    if symmetry is not Symmetry.NEITHER:
        return str(symmetry)
    if about_middle is not Symmetry.NEITHER:
        return f"{about_middle} about its middle, but that is not its anchor"
    return "neither point-symmetric nor antisymmetric"


def weight_sum(kernel: Kernel) -> float:
    """The sum of the weights; 0 where what is left is only their rounding."""
    return 0.0 if abs(kernel.sum) <= ROUNDING * kernel.absolute_sum else kernel.sum
