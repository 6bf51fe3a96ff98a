"""The ways in which strangers' callables take an image and a kernel: as arrays, tensors or weights, in any order."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.errors import CorrconvError

IMAGE, KERNEL = "image", "kernel"

# Names that people give to an argument that is a kernel.
KERNEL_NAMES = {
    *("kernel", "kern", "ker", "krnl", "k", "weights", "weight", "w", "filter", "filt", "flt", "fltr", "filters"),
    *("mask", "taps", "psf", "template", "stencil", "h", "coefficients", "coeffs"),
}


@dataclass(frozen=True)
class Argument:
    """One of the two arguments: its role, and the keyword that it is passed by, or an empty text."""

    role: str
    keyword: str = ""

    def __str__(self) -> str:
        return f"{self.keyword}={self.role}" if self.keyword else self.role


Order = tuple[Argument, Argument]
USUAL: Order = (Argument(IMAGE), Argument(KERNEL))


def parse_arguments(text: str) -> Order:
    """`kernel,image`, or `src=image,weights=kernel`. Raises CorrconvError for anything else."""
    found = []
    for word in text.replace(" ", "").split(","):
        keyword, equals, role = word.rpartition("=")
        if role not in {IMAGE, KERNEL} or (equals and not keyword.isidentifier()):
            raise CorrconvError(f"{word!r} is no argument here; write kernel,image or NAME=image,NAME=kernel")
        found.append(Argument(role, keyword))
    if sorted(argument.role for argument in found) != [IMAGE, KERNEL]:
        raise CorrconvError(f"{text!r} does not name image and kernel once each; write kernel,image")
    if found[0].keyword and not found[1].keyword:
        found.reverse()  # as Python wants it, and means the same
    return found[0], found[1]


@dataclass(frozen=True)
class AddedAxes:
    """Where the rows and columns of images and kernels lie among their axes; None for one that is added."""

    words: str
    image: tuple[slice | None, ...]
    kernel: tuple[slice | None, ...]


ALL = slice(None)
FLAT = (ALL, ALL)
LAYOUTS = (
    AddedAxes("", FLAT, FLAT),
    AddedAxes("images (1, 1, H, W), kernels (1, 1, h, w)", (None, None, ALL, ALL), (None, None, ALL, ALL)),
    AddedAxes("images (1, H, W, 1), kernels (h, w, 1, 1)", (None, ALL, ALL, None), (ALL, ALL, None, None)),
    AddedAxes("images (1, 1, H, W), kernels (1, h, w)", (None, None, ALL, ALL), (None, ALL, ALL)),
    AddedAxes("images (1, 1, H, W), kernels (h, w)", (None, None, ALL, ALL), FLAT),
    AddedAxes("images (1, H, W, 1), kernels (h, w)", (None, ALL, ALL, None), FLAT),
    AddedAxes("images (H, W, 1), kernels (h, w)", (ALL, ALL, None), FLAT),
    AddedAxes("images (1, H, W), kernels (h, w)", (None, ALL, ALL), FLAT),
)


@dataclass(frozen=True)
class Form:
    """One way to call something: in words, and how; given and returned are arrays of two dimensions."""

    words: str
    call: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def forms_of(found: Any, settings: Mapping[str, Any], order: Order | None = None) -> list[Form]:
    """Every way in which a callable may want an image and a kernel, the likeliest first. Raises CorrconvError."""
    torch = sys.modules.get("torch")
    keras = sys.modules.get("keras")
    kinds = [
        *([(torch.nn.Module, "module", _call_module, _of_torch)] if torch is not None else []),
        *([(keras.layers.Layer, "layer", _call_layer, _of_keras)] if keras is not None else []),
    ]
    for kind, words, call, _ in kinds:
        if isinstance(found, kind):
            if settings:
                raise CorrconvError(f"it is a {words} that is made already and takes no settings; name its class")
            return [Form(f"a {words}, its weights set, its bias 0", partial(call, lambda _: found))]

    def apart(image: Any, kernel: Any) -> Any:
        return found(kernel, **settings)(image)

    plain = [order] if order else _orders(found, settings)
    forms = [
        *_laid_out(partial(found, **settings), plain),
        *([] if order else _laid_out(apart, [USUAL], "f(kernel)(image)")),
    ]
    if not inspect.isclass(found):
        return forms
    forms.sort(key=lambda form: not form.words.startswith("f(kernel)"))
    for kind, words, call, ways in kinds:
        if issubclass(found, kind):
            made = partial(_made, found, settings, ways)
            forms.insert(0, Form(f"a class of {words}s, weights set, bias 0", partial(call, made)))
    return forms


def _laid_out(found: Callable[..., Any], orders: list[Order], words: str = "") -> list[Form]:
    """Calls with every layout of arrays and, where somebody has imported them, tensors."""
    types = ["", "float64", "float32"] if "torch" in sys.modules else [""]
    forms = []
    for layout in LAYOUTS:
        for tensors in types:
            details = ", ".join(filter(None, (tensors and f"tensors of {tensors}", layout.words)))
            for order in orders:
                called = words or f"f({order[0]}, {order[1]})"
                forms.append(
                    Form(
                        f"{called} with {details}" if details else called, partial(_call, found, order, layout, tensors)
                    )
                )
    return forms


def _orders(found: Any, settings: Mapping[str, Any]) -> list[Order]:
    """Image and kernel in both orders, by keyword where the signature wants that; by their names if those tell."""
    try:
        everything = [
            it
            for it in inspect.signature(found).parameters.values()
            if it.kind not in (it.VAR_POSITIONAL, it.VAR_KEYWORD)
        ]
    except (TypeError, ValueError):
        everything = []
    free = [it for it in everything if it.name not in settings]
    required = [it for it in free if it.default is it.empty]
    named = [it for it in free if it not in required and _is_kernel(it)]
    pair = [*required, *named, *(it for it in free if it not in required and it not in named)][:2]
    if len(pair) < 2:
        return [USUAL, (USUAL[1], USUAL[0])]
    pair.sort(key=everything.index)
    # Where others stand before them, or between, their places alone would not name them.
    leading = pair == everything[:2]
    first, second = ("" if leading and it.kind is not it.KEYWORD_ONLY else it.name for it in pair)
    roles = [(IMAGE, KERNEL), (KERNEL, IMAGE)]
    if _is_kernel(pair[0]) and not _is_kernel(pair[1]):
        roles.reverse()
    return [(Argument(one, first), Argument(two, second)) for one, two in roles]


def _is_kernel(parameter: inspect.Parameter) -> bool:
    return parameter.name.lower() in KERNEL_NAMES


def _call(
    found: Callable[..., Any],
    order: Order,
    layout: AddedAxes,
    tensors: str,
    image: NDArray[Any],
    kernel: NDArray[Any],
) -> NDArray[Any]:
    laid = {IMAGE: image[layout.image], KERNEL: kernel[layout.kernel]}
    given: dict[str, Any] = {role: _tensor(values, tensors) if tensors else values for role, values in laid.items()}
    by_place = [given[argument.role] for argument in order if not argument.keyword]
    by_name = {argument.keyword: given[argument.role] for argument in order if argument.keyword}
    # Standard output is closed by some, and the next call prints again.
    with redirect_stdout(StringIO()):
        result = _as_array(found(*by_place, **by_name))
    return _flat(result, layout)


def _tensor(values: NDArray[Any], dtype: str) -> Any:
    """A tensor of real numbers, as pictures are there: whole ones and real weights do not mix."""
    return sys.modules["torch"].from_numpy(values.astype(dtype, copy=False))


def _as_array(result: Any) -> NDArray[Any]:
    if hasattr(result, "detach"):
        result = result.detach().cpu()
    return np.asarray(result)


def _flat(result: NDArray[Any], layout: AddedAxes) -> NDArray[Any]:
    """The rows and columns of a result that is laid out like the images; any other as it is."""
    if layout.image == FLAT or result.ndim != len(layout.image):
        return result
    added = tuple(axis for axis, place in enumerate(layout.image) if place is None)
    if any(result.shape[axis] != 1 for axis in added):
        return result
    return result.squeeze(added)


def _of_torch(found: Any, shape: tuple[int, int]) -> list[Callable[..., Any]]:
    return [partial(found, 1, 1, shape), found]


def _of_keras(found: Any, shape: tuple[int, int]) -> list[Callable[..., Any]]:
    """Layers with filters, those that have one for each channel, and those with a size of their own."""
    return [partial(found, filters=1, kernel_size=shape), partial(found, kernel_size=shape), found]


def _made(
    found: Any,
    settings: Mapping[str, Any],
    ways: Callable[[Any, tuple[int, int]], list[Callable[..., Any]]],
    shape: tuple[int, int],
) -> Any:
    """A module of a class for kernels of a shape, made in the first way that it takes."""
    *some, last = ways(found, shape)
    for make in some:
        with suppress(TypeError, ValueError):
            return make(**settings)
    return last(**settings)


def _call_module(make: Callable[[tuple[int, int]], Any], image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
    """The first channel that a module makes of an image in its first channel, its other weights being 0."""
    torch = sys.modules["torch"]
    with redirect_stdout(StringIO()), torch.no_grad():
        module = make((kernel.shape[0], kernel.shape[1])).double().eval()
        layers = [it for it in module.modules() if getattr(getattr(it, "weight", None), "ndim", 0) == 4]
        if len(layers) != 1:
            raise CorrconvError(f"it has {len(layers)} layers with kernels of two dimensions; one can be probed")
        layer = layers[0]
        if tuple(layer.weight.shape[2:]) != kernel.shape:
            rows, columns = layer.weight.shape[2:]
            raise CorrconvError(f"its kernel is {rows}x{columns}")
        layer.weight.zero_()
        layer.weight[0, 0] = torch.from_numpy(kernel)
        if layer.bias is not None:
            layer.bias.zero_()
        channels = torch.zeros((1, layer.in_channels, *image.shape), dtype=torch.float64)
        channels[0, 0] = torch.from_numpy(image.astype(np.float64))
        return np.asarray(module(channels)[0, 0])


def _call_layer(make: Callable[[tuple[int, int]], Any], image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
    """The first channel that a layer of Keras makes of an image in its first channel, its other weights being 0."""
    with redirect_stdout(StringIO()):
        layer = make((kernel.shape[0], kernel.shape[1]))
        first = getattr(layer, "data_format", "channels_last") == "channels_first"
        sides = (1, *image.shape) if first else (*image.shape, 1)
        if not layer.built:
            layer.build((None, *sides))
        kernels = [it for it in layer.weights if len(it.shape) == 4]
        if len(kernels) != 1:
            raise CorrconvError(f"it has {len(kernels)} kernels of two dimensions; one can be probed")
        if tuple(kernels[0].shape[:2]) != kernel.shape:
            raise CorrconvError(f"its kernel is {kernels[0].shape[0]}x{kernels[0].shape[1]}")
        for weights in layer.weights:
            values = np.zeros(weights.shape, dtype=np.float64)
            if weights is kernels[0]:
                values[:, :, 0, 0] = kernel
            weights.assign(values)
        channels = np.zeros((1, *sides[: 0 if first else 2], kernels[0].shape[2], *sides[1 if first else 3 :]))
        place = (0, 0) if first else (0, ALL, ALL, 0)
        channels[place] = image
        return np.asarray(layer(channels))[place]
