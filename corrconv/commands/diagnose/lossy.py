"""What a JPEG file made of the pixels that went into it: its own tables, applied again."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, JpegImagePlugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from corrconv.files.images import Picture


def recompression(picture: Picture) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """What the compression of this picture's file makes of pixels; None for a file that loses nothing."""
    if picture.format != "JPEG" or picture.path is None or picture.pixels.dtype != np.uint8:
        return None
    with Image.open(picture.path) as opened:
        if not isinstance(opened, JpegImagePlugin.JpegImageFile):
            return None
        tables, sampling = opened.quantization, JpegImagePlugin.get_sampling(opened)
    settings: dict[str, Any] = {"qtables": tables}
    if sampling >= 0:
        settings["subsampling"] = sampling

    def compress(pixels: NDArray[Any]) -> NDArray[Any]:
        content = BytesIO()
        Image.fromarray(np.squeeze(pixels)).save(content, "JPEG", **settings)
        with Image.open(content) as again:
            return np.asarray(again).reshape(pixels.shape)

    return compress
