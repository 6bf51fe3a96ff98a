"""Arrays as kernels: the content of .npy files and gray pictures."""

from __future__ import annotations

from numpy.typing import ArrayLike

from corrconv.core.kernel import Kernel
from corrconv.errors import InputTypeError, KernelError, NotationError


def kernel_from_array(array: ArrayLike, *, where: str) -> Kernel:
    """The kernel of a 2-D array of finite real numbers, kept as float64.

    Raises NotationError that opens with `where` for anything else.
    """
    try:
        return Kernel(array)
    except (KernelError, InputTypeError) as error:
        raise NotationError(where, str(error)) from None
