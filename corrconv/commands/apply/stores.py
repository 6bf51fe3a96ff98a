"""Zarr arrays filtered block by block, on threads or on a cluster's workers: what `apply in.zarr` does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from corrconv.commands.apply.files import FileFilter
from corrconv.core.arithmetic import integer_peak
from corrconv.core.decision import sufficient_peak
from corrconv.core.rendering import BY_RANGE, Rendered, decide_rendering, ends_of_parts, part_ranges, render_part
from corrconv.core.threads import available_cores, in_order
from corrconv.errors import CorrconvError
from corrconv.files.images import Picture, to_gray
from corrconv.files.outputs import refuse_overwrite
from corrconv.files.stores import look_at_zarr, new_zarr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from corrconv.commands.apply.cluster import Cluster
    from corrconv.commands.apply.files import Lines
    from corrconv.commands.apply.outcome import Leaving, Outcome
    from corrconv.core.decision import Decision
    from corrconv.core.engines.tiles import Tile
    from corrconv.core.rendering import Rendering
    from corrconv.files.stores import ZarrPicture

# What a block reads and writes, as far as chunks allow: much more than what its neighbours read too. Larger ones took
# more memory and no less time.
BLOCK_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class ZarrWork:
    """What every block of one array needs to be filtered, wherever that is done: it opens the arrays by their paths."""

    source: ZarrPicture
    gray: bool
    decision: Decision
    rendering: Rendering

    def pixels(self, outputs: Tile) -> NDArray[Any]:
        """The pixels that a block of outputs reads."""
        rows, columns = self.decision.reads(outputs)
        read = self.source.read(rows.runs, columns.runs)
        return to_gray(Picture(read, name=self.source.path)).planes if self.gray else read

    def ranges(self, outputs: Tile) -> tuple[tuple[float, float], tuple[float, float]]:
        """`part_ranges` of a block."""
        return part_ranges(self.decision, outputs, self.pixels(outputs), self.rendering)

    def fill(self, target: str, ends: tuple[float, float], outputs: Tile) -> Rendered:
        """Write a block; what is to be said of it, without the pixels. A second time it writes the same."""
        source = self.source
        rendered = render_part(self.decision, outputs, self.pixels(outputs), self.rendering, source.dtype, ends)
        source.write_to(target, outputs, rendered.pixels)
        return replace(rendered, pixels=rendered.pixels[:0, :0].copy())


@dataclass(frozen=True)
class _Fill:
    work: ZarrWork
    target: str
    ends: tuple[float, float]

    def __call__(self, outputs: Tile) -> Rendered:
        return self.work.fill(self.target, self.ends, outputs)


@dataclass(frozen=True)
class _Peak:
    source: ZarrPicture

    def __call__(self, block: Tile) -> int:
        return integer_peak(self.source.read((block[0],), (block[1],)))


@dataclass(frozen=True, kw_only=True)
class ZarrFilter(FileFilter):
    """`apply` for zarr arrays: as pictures of the same type, whatever their size. cluster: None for this machine."""

    cluster: Cluster | None = None

    def __call__(self, source: str, target: str) -> Lines:
        """Filter one array; returns what is to be said. Raises CorrconvError."""
        if not self.force:
            refuse_overwrite(target, self.inputs)
        picture = look_at_zarr(source)
        self._refuse_more_pixels(source, picture)
        gray = self.choices.gray and picture.shape[2] > 1
        options, rendering = replace(self.choices.options, threads=1), self.choices.rendering
        shape = (*picture.shape[:2], 1 if gray else picture.shape[2])

        def peak() -> int:
            known = sufficient_peak(picture.dtype, self.kernel, options)
            blocks = _blocks(picture.shape, picture.chunks, picture.dtype)
            return max(self._each(_Peak(picture), blocks)) if known is None else known

        decision = decide_rendering(
            shape, picture.dtype, self.kernel, self.operation, options, rendering, picture.dtype, peak=peak
        )
        work = ZarrWork(picture, gray, decision, rendering)
        blocks = _blocks(decision.output_shape, picture.chunks, picture.dtype)
        with new_zarr(target, picture, decision.output_shape, force=self.force) as temporary:
            ends = (0.0, 0.0)
            if rendering.display in BY_RANGE:
                ends = ends_of_parts(decision, self._each(work.ranges, blocks), rendering)
            done = self._each(_Fill(work, temporary, ends), blocks)
        whole = _united(done, decision)
        notes = self._notes(Picture(whole.pixels, name=source), whole, "zarr")
        return (*(f"{source}: {note}" for note in notes), f"{source} -> {target}: {self._summary(whole.pixels)}")

    def many(self, sources: Sequence[str], targets: Sequence[str], leaving: Sequence[Leaving]) -> Iterator[Outcome]:
        """Attempt all arrays one after the other, since the blocks of each are filtered several at a time."""
        return (self.attempt(source, target, leaving) for source, target in zip(sources, targets, strict=True))

    def _refuse_more_pixels(self, source: str, picture: ZarrPicture) -> None:
        if self.max_pixels is not None and picture.shape[0] * picture.shape[1] > self.max_pixels:
            raise CorrconvError(f"{source} has more than {self.max_pixels:,} pixels; raise --max-pixels")

    def _each(self, work: Callable[[Tile], Any], blocks: Sequence[Tile]) -> list[Any]:
        """The results of all blocks."""
        if self.cluster is not None:
            return self.cluster.all(work, blocks, self._progress)
        threads = self.choices.options.threads or available_cores()
        results: list[Any] = []
        for result in in_order(work, blocks, threads):
            results.append(result)
            self._progress(len(results), len(blocks))
        return results


def _blocks(shape: Sequence[int], chunks: tuple[int, int], dtype: np.dtype[Any]) -> list[Tile]:
    """Blocks of whole chunks, so that no two write to the same one: as wide as the picture if possible."""
    pixel = 2 * shape[2] * dtype.itemsize
    widest = max(1, BLOCK_BYTES // (chunks[0] * pixel) // chunks[1]) * chunks[1]
    width = min(widest, -(-shape[1] // chunks[1]) * chunks[1])
    height = max(1, BLOCK_BYTES // (width * pixel) // chunks[0]) * chunks[0]
    rows, columns = (
        [slice(start, min(start + step, length)) for start in range(0, length, step)]
        for length, step in ((shape[0], height), (shape[1], width))
    )
    return list(product(rows, columns))


def _united(parts: Sequence[Rendered], decision: Decision) -> Rendered:
    """What is to be said of the whole; its pixels are those of no memory, which have only a shape and a type."""
    import numpy as np

    first = parts[0]
    return replace(
        first,
        pixels=np.broadcast_to(np.zeros((), first.pixels.dtype), decision.output_shape),
        low=min(part.low for part in parts),
        high=max(part.high for part in parts),
        clipped=sum(part.clipped for part in parts),
        rounded=sum(part.rounded for part in parts),
    )
