"""Other libraries as contestants of `bench`: each computes correlation with our boundary `reflect`.

What a library needs once (sessions, tensors' memory layout, numbers of threads) is prepared outside
the timed call; what it needs for each picture (padding, where it cannot pad by itself) is inside.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

from corrconv.libraries.target_functions import onnx_conv_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Run = Callable[[], Array]


def installed_peers(threads: int) -> dict[str, Callable[[Array, Array], Run | None]]:
    """The contestants whose libraries are installed here, told to use this many threads."""
    found = {}
    for name, (module, prepare) in _PEERS.items():
        if find_spec(module) is not None:
            _set_threads(module, threads)
            found[name] = prepare
    return found


def peer_names() -> tuple[str, ...]:
    """All contestants that are known, installed or not."""
    return tuple(_PEERS)


def peer_versions() -> dict[str, str]:
    """The versions of the installed libraries, by distribution."""
    distributions = {
        "numpy": "numpy",
        "scipy": "scipy",
        "cv2": "opencv-python-headless",
        "skimage": "scikit-image",
        "torch": "torch",
        "jax": "jax",
        "onnxruntime": "onnxruntime",
        "pyvips": "pyvips",
        "PIL": "pillow",
    }
    return {name: version(name) for module, name in distributions.items() if find_spec(module) is not None}


def _set_threads(module: str, threads: int) -> None:
    if module == "cv2":
        import_module("cv2").setNumThreads(threads)
    elif module == "torch":
        import_module("torch").set_num_threads(threads)


def _inside(padded: Array, image: Array, weights: Array) -> Array:
    """The part of a filtered padded image that lies over the image itself."""
    top, left = (side // 2 for side in weights.shape)
    return padded[top : top + image.shape[0], left : left + image.shape[1]]


def _padded(image: Array, weights: Array) -> Array:
    sides = [(side // 2, side - 1 - side // 2) for side in weights.shape]
    return np.pad(image, sides, mode="reflect")


def _like(image: Array, weights: Array) -> Array:
    return weights.astype(image.dtype if image.dtype.kind == "f" else np.float32)


def _cv2(image: Array, weights: Array) -> Run:
    cv2, taps = import_module("cv2"), _like(image, weights)
    return lambda: cv2.filter2D(image, -1, taps, borderType=cv2.BORDER_REFLECT_101)


def _ndimage(image: Array, weights: Array) -> Run | None:
    ndimage = import_module("scipy.ndimage")
    if weights.size > 1000:  # half a minute and more
        return None
    pixels = image if image.dtype.kind == "f" else image.astype(np.float32)
    return lambda: ndimage.correlate(pixels, weights, mode="mirror")


def _signal(name: str) -> Callable[[Array, Array], Run]:
    def prepare(image: Array, weights: Array) -> Run:
        convolve, taps = getattr(import_module("scipy.signal"), name), _like(image, weights)[::-1, ::-1]
        return lambda: convolve(_padded(image, taps).astype(taps.dtype, copy=False), taps, mode="valid")

    return prepare


def _skimage(image: Array, weights: Array) -> Run | None:
    filters = import_module("skimage.filters")
    if weights.size > 1000:
        return None
    taps = _like(image, weights)
    return lambda: filters.correlate_sparse(image.astype(taps.dtype, copy=False), taps, mode="mirror")


def _torch(image: Array, weights: Array) -> Run | None:
    torch = import_module("torch")
    if weights.size > 200:  # a second and more
        return None
    functional, taps = torch.nn.functional, torch.from_numpy(_like(image, weights))[None, None]

    def run() -> Array:
        with torch.no_grad():
            pixels = torch.from_numpy(_padded(image, weights).astype(_like(image, weights).dtype, copy=False))
            result: Array = functional.conv2d(pixels[None, None], taps)[0, 0].numpy()
        return result

    return run


def _jax(image: Array, weights: Array) -> Run | None:
    jax = import_module("jax")
    if weights.size > 200 or image.dtype == np.float64:
        return None
    taps = _like(image, weights)[None, None]
    convolve = jax.jit(lambda pixels: jax.lax.conv(pixels, taps, (1, 1), "VALID", precision="highest"))
    return lambda: np.asarray(convolve(_padded(image, weights).astype(np.float32)[None, None]))[0, 0]


def _onnxruntime(image: Array, weights: Array) -> Run | None:
    runtime = import_module("onnxruntime")
    if weights.size > 1000 or image.dtype == np.float64:
        return None
    session = runtime.InferenceSession(onnx_conv_model("VALID"), providers=["CPUExecutionProvider"])
    taps = _like(image, weights)[None, None]

    def run() -> Array:
        pixels = _padded(image, weights).astype(np.float32, copy=False)[None, None]
        result: Array = session.run(None, {"image": pixels, "kernel": taps})[0][0, 0]
        return result

    return run


def _pyvips(image: Array, weights: Array) -> Run:
    pyvips = import_module("pyvips")
    mask = pyvips.Image.new_from_array(weights.tolist())

    def run() -> Array:
        filtered = pyvips.Image.new_from_array(_padded(image, weights)).conv(mask, precision="float")
        return _inside(filtered.numpy(), image, weights)

    return run


def _pillow(image: Array, weights: Array) -> Run | None:
    if image.dtype != np.uint8 or weights.shape not in {(3, 3), (5, 5)}:
        return None
    rows, columns = weights.shape
    # Pillow lays the kernel upside down.
    upside_down = ImageFilter.Kernel((columns, rows), weights[::-1].ravel().tolist(), scale=1)

    def run() -> Array:
        filtered = Image.fromarray(_padded(image, weights)).filter(upside_down)
        return _inside(np.asarray(filtered), image, weights)

    return run


_PEERS: dict[str, tuple[str, Callable[[Array, Array], Run | None]]] = {
    "cv2.filter2D": ("cv2", _cv2),
    "scipy.ndimage": ("scipy", _ndimage),
    "scipy.oaconvolve": ("scipy", _signal("oaconvolve")),
    "scipy.fftconvolve": ("scipy", _signal("fftconvolve")),
    "skimage": ("skimage", _skimage),
    "torch": ("torch", _torch),
    "jax": ("jax", _jax),
    "onnxruntime": ("onnxruntime", _onnxruntime),
    "pyvips": ("pyvips", _pyvips),
    "Pillow": ("PIL", _pillow),
}
