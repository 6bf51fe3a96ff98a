"""What a picture file tells about its picture: kept where it stays true, told where it is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

XMP_KEY = "XML:com.adobe.xmp"
EXIF_FORMATS = ("PNG", "JPEG", "WEBP")
TEXT_FORMATS = ("PNG",)

# What filtering makes untrue: the picture is upright, and may have another size.
UNTRUE_TAGS = (ExifTags.Base.Orientation, ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)


@dataclass(frozen=True)
class Metadata:
    """EXIF without orientation, size and thumbnail; XMP; the texts of a PNG by their keywords."""

    exif: bytes = b""
    xmp: bytes = b""
    texts: tuple[tuple[str, str], ...] = ()

    def options(self, kind: str) -> dict[str, Any]:
        """What Pillow is to be told to write them in a format."""
        options: dict[str, Any] = {}
        if self.exif and kind in EXIF_FORMATS:
            options["exif"] = self.exif
        if self.xmp and kind in ("JPEG", "WEBP"):
            options["xmp"] = self.xmp
        if kind in TEXT_FORMATS and (self.texts or self.xmp):
            options["pnginfo"] = self._png_texts()
        return options

    def _png_texts(self) -> PngInfo:
        written = PngInfo()
        for keyword, text in self.texts:
            written.add_text(keyword, text)
        if self.xmp:
            written.add_itxt(XMP_KEY, self.xmp.decode("utf-8", "replace"))
        return written

    def lost_in(self, kind: str) -> str | None:
        """What a format has no place for, in words; None for nothing."""
        lost = []
        if kind not in EXIF_FORMATS:
            lost += [name for name, value in (("EXIF", self.exif), ("XMP", self.xmp)) if value]
        if kind not in TEXT_FORMATS and self.texts:
            lost.append("the texts " + ", ".join(keyword for keyword, _ in self.texts))
        return f"{' and '.join(lost)} left out: {kind} has no place for them; .png has" if lost else None


NO_METADATA = Metadata()


def read_metadata(image: Image.Image, notes: list[str]) -> Metadata:
    """What a loaded picture, already turned upright, tells; what is left out goes to the notes."""
    texts = {key: str(value) for key, value in getattr(image, "text", {}).items() if key != XMP_KEY}
    if "gamma" in image.info:
        notes.append(f"the gamma of {image.info['gamma']:g} is left out: values are filtered as they are")
    return Metadata(_exif(image), _xmp(image), tuple(sorted(texts.items())))


def _exif(image: Image.Image) -> bytes:
    # The tags of a TIFF describe its own bytes; those of the others, the picture.
    if image.format == "TIFF" or not image.info.get("exif"):
        return b""
    exif = image.getexif()
    for directory in (exif, exif.get_ifd(ExifTags.IFD.Exif)):
        for tag in UNTRUE_TAGS:
            directory.pop(tag, None)
    return exif.tobytes() if len(exif) else b""


def _xmp(image: Image.Image) -> bytes:
    xmp = image.info.get("xmp") or image.info.get(XMP_KEY) or b""
    return xmp.encode() if isinstance(xmp, str) else bytes(xmp)
