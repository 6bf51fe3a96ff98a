"""corrconv: correlation and convolution on images, side by side.

The names of `__all__` are the public Python API; they are imported when they are first used, so
that `import corrconv` costs nothing.
"""

from __future__ import annotations

# Until the command line is there to answer Ctrl-C, each import is time in which Python answers with a traceback.
TYPE_CHECKING = False

__version__ = "0.1.0"
__all__ = [
    "CorrconvError",
    "Kernel",
    "compare",
    "convolve",
    "correlate",
    "layer",
    "layer_gradients",
    "load_kernel",
]

if TYPE_CHECKING:
    from typing import Any

    from corrconv.commands.compare.study import compare
    from corrconv.core.filtering import convolve, correlate
    from corrconv.core.kernel import Kernel
    from corrconv.core.layer.forward import layer
    from corrconv.core.layer.gradients import layer_gradients
    from corrconv.errors import CorrconvError
    from corrconv.files.kernels import read_kernel as load_kernel

_HOMES = {
    "CorrconvError": ("corrconv.errors", "CorrconvError"),
    "Kernel": ("corrconv.core.kernel", "Kernel"),
    "compare": ("corrconv.commands.compare.study", "compare"),
    "convolve": ("corrconv.core.filtering", "convolve"),
    "correlate": ("corrconv.core.filtering", "correlate"),
    "layer": ("corrconv.core.layer.forward", "layer"),
    "layer_gradients": ("corrconv.core.layer.gradients", "layer_gradients"),
    "load_kernel": ("corrconv.files.kernels", "read_kernel"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  (see above)

    module, attribute = _HOMES[name]
    found = globals()[name] = getattr(import_module(module), attribute)
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
