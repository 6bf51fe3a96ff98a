"""Zarr arrays: folders of chunks, read and written block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corrconv.errors import FileError
from corrconv.files.outputs import is_folder, temporary_folder

SUFFIX = ".zarr"
# Two that wait for all others would wait for each other.
_settling = Lock()

_ARRAY_FILES = ("zarr.json", ".zarray", ".zgroup")


def is_zarr(path: str | Path) -> bool:
    """Whether a folder is a zarr array, or a group of them."""
    return is_folder(path) and any((Path(path) / name).is_file() for name in _ARRAY_FILES)


@dataclass(frozen=True)
class ZarrPicture:
    """What is known of a zarr array before its pixels are read.

    shape: rows, columns and channels. channels: their axis, if there is one. chunks: the rows and columns that are
    written at once.
    """

    path: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    channels: int | None
    chunks: tuple[int, int]

    def read(self, rows: tuple[slice, ...], columns: tuple[slice, ...]) -> NDArray[Any]:
        """The pixels (rows, columns, channels) of runs of rows and columns, one after the other.

        Raises FileError for a chunk that is damaged.
        """
        array = _open(self.path, "r")
        try:
            lines = [
                np.concatenate([self._last(array[self._place(down, right)]) for right in columns], axis=1)
                for down in rows
            ]
        except Exception as error:  # whatever the codecs raise
            _settle()
            words = " ".join(str(error).split())
            raise FileError(f"{self.path}: a chunk cannot be read ({words}); get or make the array again") from error
        return np.concatenate(lines)

    def write_to(self, target: str, outputs: tuple[slice, slice], pixels: NDArray[Any]) -> None:
        """Write a block of finished pixels (rows, columns, channels) into a target whose axes are those of this one."""
        placed = pixels[:, :, 0] if self.channels is None else np.moveaxis(pixels, -1, self.channels)
        _open(target, "r+")[self._place(*outputs)] = placed

    def _place(self, rows: slice, columns: slice) -> tuple[slice, ...]:
        place = [rows, columns]
        if self.channels is not None:
            place.insert(self.channels, slice(None))
        return tuple(place)

    def _last(self, block: Any) -> NDArray[Any]:
        pixels = np.asarray(block)
        return pixels[:, :, np.newaxis] if self.channels is None else np.moveaxis(pixels, self.channels, -1)


def look_at_zarr(path: str) -> ZarrPicture:
    """A zarr array as a picture: (H, W), or three axes with the channels last, or where its axes' names say.

    Raises FileError for what is no such array.
    """
    array = _open(path, "r")
    names = [str(name).lower() for name in getattr(array.metadata, "dimension_names", None) or ()]
    if array.ndim not in (2, 3):
        raise FileError(
            f"{path} has {array.ndim} axes; a picture has rows, columns, and perhaps channels: filter its planes from"
            " Python, with corrconv.correlate and dask.array.from_zarr"
        )
    channels = None
    if array.ndim == 3:
        channels = 2
        if {"y", "x"} <= set(names):
            channels = next(axis for axis, name in enumerate(names) if name not in ("y", "x"))
    rows, columns = (axis for axis in range(array.ndim) if axis != channels)
    if names and "y" in names and "x" in names and names.index("y") > names.index("x"):
        raise FileError(f"{path} holds columns of rows ({', '.join(names)}); transpose it first")
    written = array.shards or array.chunks
    shape = array.shape[rows], array.shape[columns], 1 if channels is None else array.shape[channels]
    return ZarrPicture(str(Path(path).absolute()), shape, array.dtype, channels, (written[rows], written[columns]))


@contextmanager
def new_zarr(target: str, source: ZarrPicture, shape: tuple[int, int, int], *, force: bool) -> Iterator[str]:
    """The path of an empty zarr array that takes the target's place when the block ends well; otherwise none is left.

    Chunks, compression, names of the axes and attributes are those of the source. Raises FileError for a target that
    is there, unless forced, and then too where it is no zarr array.
    """
    import zarr

    final = Path(target).absolute()
    if final.exists() and not (force and is_zarr(final)):
        remedy = "choose another output with -o, or add --force" if is_zarr(final) else "choose another output with -o"
        raise FileError(f"{target} is there already; {remedy}")
    if not is_folder(final.parent):
        raise FileError(f"{target}: its folder does not exist; create it first")
    like = _open(source.path, "r")
    lengths = list(shape[:2])
    if source.channels is not None:
        lengths.insert(source.channels, shape[2])
    try:
        with temporary_folder(final) as temporary:
            zarr.create_array(
                str(temporary),
                shape=tuple(lengths),
                dtype=source.dtype,
                chunks=like.chunks,
                shards=like.shards,
                filters=like.filters or None,
                compressors=like.compressors or None,
                zarr_format=like.metadata.zarr_format,
                dimension_names=getattr(like.metadata, "dimension_names", None),
                attributes=like.attrs.asdict(),
            )
            yield str(temporary)
            _take_place(temporary, final)
    except OSError as error:
        raise FileError(f"{target}: cannot be written: {error.strerror or error}") from error


def _take_place(temporary: Path, final: Path) -> None:
    if not final.exists():
        temporary.rename(final)
        return
    with temporary_folder(final) as aside:
        old = aside / "old"
        final.rename(old)
        try:
            temporary.rename(final)
        except OSError:
            old.rename(final)
            raise


def _settle() -> None:
    """Wait for what zarr still does after a failure: it reads several chunks at once, and would complain at the end."""
    import asyncio

    with suppress(ImportError):
        from zarr.core.sync import sync

        async def others_done() -> None:
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

        with _settling:
            sync(others_done())


def _open(path: str, access: Any) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise FileError(
            f"{path} is a zarr array, which needs two more packages: pip install 'corrconv[dask]'"
        ) from error
    try:
        return zarr.open_array(path, mode=access)
    except (OSError, ValueError, KeyError) as error:
        if is_zarr(path) and "group" in str(error):
            inside = sorted(child.name for child in Path(path).iterdir() if is_zarr(child))
            named = f", such as {path.rstrip('/')}/{inside[0]}" if inside else ""
            raise FileError(f"{path} is a group of zarr arrays; name one of them{named}") from error
        raise FileError(f"{path}: cannot be read as a zarr array: {' '.join(str(error).split())}") from error
