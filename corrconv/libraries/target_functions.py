"""Library functions that can be probed: how each is called with a gray image and a kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from corrconv.errors import CorrconvError
from corrconv.libraries.target import KERNEL_SHAPES, ROW_SHAPES, Shape, Target

Array = NDArray[Any]
Call = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class KnownFunction:
    """A function of a library, with what stands between it and (image, kernel) -> image.

    call: takes image, kernel and the settings by name. settings: those that the survey uses, where the
    library's own defaults would not give one result a pixel. module: must be installed. proof_pictures:
    fewer where every new size of picture is compiled anew.
    """

    name: str
    module: str
    call: Call
    settings: dict[str, Any] = field(default_factory=dict)
    image_dtypes: tuple[str, ...] = ("float64", "uint8")
    kernel_shapes: tuple[Shape, ...] = KERNEL_SHAPES
    separable: bool = False
    proof_pictures: int = 3

    @property
    def installed(self) -> bool:
        """Whether the library is here; nothing is imported."""
        return find_spec(self.module) is not None

    def target(self, settings: dict[str, Any]) -> Target:
        """The function with settings, which win over its usual ones. Raises CorrconvError if it is not installed."""
        if not self.installed:
            raise CorrconvError(f"{self.name} needs {self.module}, which is not installed here")
        chosen = {**self.settings, **settings}
        return Target(
            name=titled(self.name, chosen),
            run=partial(self.call, **chosen),
            image_dtypes=self.image_dtypes,
            kernel_shapes=self.kernel_shapes,
            separable=self.separable,
            proof_pictures=self.proof_pictures,
        )


def titled(name: str, settings: dict[str, Any]) -> str:
    """The name with its settings behind it."""
    shown = ", ".join(f"{key}={value}" for key, value in settings.items())
    return f"{name} {shown}" if shown else name


def plain_call(path: str) -> Call:
    """A function that takes (image, kernel) as they are."""

    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        return attribute(path)(image, kernel, **settings)

    return call


def attribute(path: str) -> Any:
    """The object at a dotted path `package.module.name` that is known to exist."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _by_rows(path: str) -> Call:
    """A function of two vectors, given every row with the kernel's only row."""

    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        function = attribute(path)
        return np.array([function(row, kernel[0], **settings) for row in image])

    return call


def _cv2_filter2d(image: Array, kernel: Array, ddepth: int = -1, **settings: Any) -> Any:
    cv2 = import_module("cv2")
    return cv2.filter2D(image, ddepth, kernel, **_cv2_constants(settings))


def _cv2_sep_filter2d(image: Array, kernel: Array, ddepth: int = -1, **settings: Any) -> Any:
    cv2 = import_module("cv2")
    row, column = (int(place) for place in np.argwhere(kernel)[0])
    factors = kernel[row], kernel[:, column] / kernel[row, column]
    return cv2.sepFilter2D(image, ddepth, *factors, **_cv2_constants(settings))


def _cv2_constants(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings such as borderType=BORDER_REPLICATE, by OpenCV's own names."""
    cv2 = import_module("cv2")
    return {
        name: getattr(cv2, value) if isinstance(value, str) and hasattr(cv2, value) else value
        for name, value in settings.items()
    }


def _pillow_kernel(image: Array, kernel: Array, **settings: Any) -> Array:
    rows, columns = kernel.shape
    pillow_filter = ImageFilter.Kernel((columns, rows), kernel.ravel().tolist(), **settings)
    return np.asarray(Image.fromarray(image).filter(pillow_filter))


def _torch(path: str) -> Call:
    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        torch = import_module("torch")
        pixels, weights = (torch.from_numpy(values.astype(np.float32))[None, None] for values in (image, kernel))
        return attribute(path)(pixels, weights, **settings)[0, 0].numpy()

    return call


def _jax_conv(image: Array, kernel: Array, padding: str = "SAME") -> Array:
    lax = import_module("jax.lax")
    pixels, weights = (values.astype(np.float32)[None, None] for values in (image, kernel))
    result: Array = np.asarray(lax.conv(pixels, weights, (1, 1), padding, precision="highest"))[0, 0]
    return result


def _jax_scipy(path: str) -> Call:
    def call(image: Array, kernel: Array, **settings: Any) -> Array:
        pixels, weights = (values.astype(np.float32) for values in (image, kernel))
        result: Array = np.asarray(attribute(path)(pixels, weights, precision="highest", **settings))
        return result

    return call


def _onnx_conv(image: Array, kernel: Array, auto_pad: str = "SAME_UPPER") -> Array:
    runtime = import_module("onnxruntime")
    session = runtime.InferenceSession(onnx_conv_model(auto_pad), providers=["CPUExecutionProvider"])
    pixels, weights = (values.astype(np.float32)[None, None] for values in (image, kernel))
    result: Array = session.run(None, {"image": pixels, "kernel": weights})[0][0, 0]
    return result


def onnx_conv_model(auto_pad: str) -> bytes:
    """An ONNX model of one Conv node in protocol buffers' wire format, so that no ONNX package is needed.

    Source: onnx/onnx.proto of ONNX, whose field numbers these are.
    """

    def message(*fields: tuple[int, int | str | bytes]) -> bytes:
        return b"".join(_onnx_field(number, value) for number, value in fields)

    def tensor(name: str) -> bytes:
        sides = message(*((1, message((2, f"{name}{axis}"))) for axis in range(4)))
        return message((1, name), (2, message((1, message((1, 1), (2, sides))))))

    padding = message((1, "auto_pad"), (4, auto_pad), (20, 3))
    node = message((1, "image"), (1, "kernel"), (2, "result"), (4, "Conv"), (5, padding))
    graph = message((1, node), (2, "conv"), (11, tensor("image")), (11, tensor("kernel")), (12, tensor("result")))
    return message((1, 8), (7, graph), (8, message((1, ""), (2, 13))))


def _onnx_field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _variable_length(number << 3) + _variable_length(value)
    data = value.encode() if isinstance(value, str) else value
    return _variable_length(number << 3 | 2) + _variable_length(len(data)) + data


def _variable_length(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _pyvips(method: str) -> Call:
    def call(image: Array, kernel: Array, **settings: Any) -> Any:
        pyvips = import_module("pyvips")
        mask = pyvips.Image.new_from_array(kernel.tolist())
        return getattr(pyvips.Image.new_from_array(image), method)(mask, **settings).numpy()

    return call


def _kornia_filter2d(image: Array, kernel: Array, **settings: Any) -> Any:
    torch = import_module("torch")
    pixels, weights = torch.from_numpy(image)[None, None].double(), torch.from_numpy(kernel)[None]
    return attribute("kornia.filters.filter2d")(pixels, weights, **settings)[0, 0].numpy()


def _scipy_signal(name: str, **settings: Any) -> KnownFunction:
    path = f"scipy.signal.{name}"
    return KnownFunction(name=path, module="scipy", call=plain_call(path), settings=settings or {"mode": "same"})


FUNCTIONS = {
    function.name: function
    for function in (
        *(
            KnownFunction(name=path, module="scipy", call=plain_call(path))
            for path in ("scipy.ndimage.correlate", "scipy.ndimage.convolve")
        ),
        *(
            _scipy_signal(name)
            for name in ("correlate2d", "convolve2d", "correlate", "convolve", "fftconvolve", "oaconvolve")
        ),
        KnownFunction(name="cv2.filter2D", module="cv2", call=_cv2_filter2d),
        KnownFunction(
            name="cv2.sepFilter2D", module="cv2", call=_cv2_sep_filter2d, image_dtypes=("float64",), separable=True
        ),
        KnownFunction(name="PIL.ImageFilter.Kernel", module="PIL", call=_pillow_kernel, image_dtypes=("uint8",)),
        KnownFunction(
            name="torch.nn.functional.conv2d",
            module="torch",
            call=_torch("torch.nn.functional.conv2d"),
            settings={"padding": "same"},
        ),
        KnownFunction(
            name="torch.nn.functional.conv_transpose2d",
            module="torch",
            call=_torch("torch.nn.functional.conv_transpose2d"),
        ),
        KnownFunction(
            name="jax.lax.conv", module="jax", call=_jax_conv, settings={"padding": "SAME"}, proof_pictures=1
        ),
        *(
            KnownFunction(name=path, module="jax", call=_jax_scipy(path), settings={"mode": "same"}, proof_pictures=1)
            for path in ("jax.scipy.signal.correlate2d", "jax.scipy.signal.convolve2d")
        ),
        KnownFunction(
            name="onnxruntime.Conv", module="onnxruntime", call=_onnx_conv, settings={"auto_pad": "SAME_UPPER"}
        ),
        KnownFunction(
            name="skimage.filters.correlate_sparse",
            module="skimage",
            call=plain_call("skimage.filters.correlate_sparse"),
        ),
        KnownFunction(name="pyvips.Image.conv", module="pyvips", call=_pyvips("conv")),
        *(
            KnownFunction(
                name=path, module="numpy", call=_by_rows(path), settings={"mode": "same"}, kernel_shapes=ROW_SHAPES
            )
            for path in ("numpy.correlate", "numpy.convolve")
        ),
        KnownFunction(name="mahotas.convolve", module="mahotas", call=plain_call("mahotas.convolve")),
        KnownFunction(
            name="astropy.convolution.convolve",
            module="astropy",
            call=plain_call("astropy.convolution.convolve"),
        ),
        KnownFunction(name="kornia.filters.filter2d", module="kornia", call=_kornia_filter2d),
    )
}
