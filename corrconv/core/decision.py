"""Decide how an image is filtered, then do it: whole, or block by block with the same results."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corrconv.core.arithmetic import (
    EXACT_UP_TO,
    Arithmetic,
    check_values,
    choose_arithmetic,
    integer_peak,
    type_peak,
)
from corrconv.core.engines.planner import MEMORY_BYTES, Plan, plan
from corrconv.core.engines.ready import ReadyEngine
from corrconv.core.engines.signature import Numbers
from corrconv.core.engines.tiles import Scratch, Tile, TileLoader, split
from corrconv.core.kernel import Kernel
from corrconv.core.layout import AxisPart, Layout, lay
from corrconv.core.options import Options
from corrconv.core.terms import Boundary, Operation, Precision
from corrconv.core.threads import available_cores, share
from corrconv.errors import CorrconvError

# Takes the finished sums (rows, columns, channels) of one tile, and where in the output it lies. The
# array is used again for the next tile, so what is to stay must be copied.
Consumer: TypeAlias = "Callable[[Tile, Numbers], None]"

# Takes the finished sums of one tile of two filterings, likewise.
PairConsumer: TypeAlias = "Callable[[Tile, Numbers, Numbers], None]"

# Changes the pixels of a tile, in place, before they are filtered.
Preparation: TypeAlias = "Callable[[Numbers], None]"

# Decisions about larger kernels, or longer ones on larger pictures, are not kept for the next picture: their transforms
# take memory.
MOST_KEPT_CELLS = 4096
MOST_KEPT_PIXELS = 2**17
MOST_KEPT_SIDE = 31


@dataclass(frozen=True)
class Decision:
    """All that is decided about images of one shape and type before a pixel is looked at.

    dtype and channels: of the pixels.
    """

    dtype: np.dtype[Any]
    channels: int
    layout: Layout
    arithmetic: Arithmetic
    plan: Plan

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the result."""
        return (*self.layout.output_shape, self.channels)

    @property
    def step(self) -> tuple[int, int]:
        """Blocks of outputs that begin and end at multiples of these rows and columns are computed without waste."""
        return (1, 1) if self.arithmetic.exact else self.plan.tile

    def __getstate__(self) -> dict[str, Any]:
        # The engine is made anew where it is needed: on the workers of a cluster.
        return {name: value for name, value in vars(self).items() if name != "engine"}

    @cached_property
    def engine(self) -> ReadyEngine:
        """What computes the tiles of any image."""
        return ReadyEngine(self.plan, self.arithmetic, self.layout, self.dtype)

    def whole(self, image: NDArray[Any]) -> Filtering:
        """The filtering of an image (H, W, C). Raises CorrconvError for pixels that this arithmetic does not bear."""
        check_values(image, self.arithmetic.dtype)
        return Filtering(self, image)

    def reads(self, outputs: Tile) -> tuple[AxisPart, AxisPart]:
        """Which pixels `part` needs for a block of outputs, along the rows and along the columns."""
        rows, columns = self._computed(outputs)
        boundary = self.layout.boundary
        return (
            self.layout.rows.part(rows.start, rows.stop, boundary),
            self.layout.columns.part(columns.start, columns.stop, boundary),
        )

    def part(self, outputs: Tile, pixels: NDArray[Any]) -> Filtering:
        """The filtering of any block of the outputs, from the pixels (rows, columns, channels) that `reads` names.

        The same to the last bit as that block of the whole: exact sums do not depend on where they are cut, and
        others are computed in the tiles of the whole. Raises CorrconvError as `whole`.
        """
        rows, columns = self.reads(outputs)
        if rows.places is not None:
            pixels = pixels[rows.places]
        if columns.places is not None:
            pixels = np.take(pixels, columns.places, axis=1)
        check_values(pixels, self.arithmetic.dtype)
        computed = self._computed(outputs)
        wanted = (
            slice(outputs[0].start - computed[0].start, outputs[0].stop - computed[0].start),
            slice(outputs[1].start - computed[1].start, outputs[1].stop - computed[1].start),
        )
        own = replace(self, layout=replace(self.layout, rows=rows.layout, columns=columns.layout))
        return Filtering(own, pixels, wanted=None if computed == outputs else wanted)

    def _computed(self, outputs: Tile) -> Tile:
        """The outputs that are computed for the sake of a block of them."""
        rows, columns = (
            slice(part.start // step * step, min(-(-part.stop // step) * step, length))
            for part, step, length in zip(outputs, self.step, self.layout.output_shape, strict=True)
        )
        return rows, columns


@dataclass(frozen=True)
class Filtering:
    """One filtering of an image, decided but not yet computed.

    wanted: the outputs that are handed over, where others are computed only for the sake of whole tiles.
    divides: whether the sums are divided by the divisor of the arithmetic before they are handed over.
    """

    decision: Decision
    image: NDArray[Any]
    wanted: Tile | None = None
    divides: bool = True

    @property
    def layout(self) -> Layout:
        """Where the outputs and the pixels that they read lie."""
        return self.decision.layout

    @property
    def arithmetic(self) -> Arithmetic:
        """What the sums are computed in."""
        return self.decision.arithmetic

    @property
    def plan(self) -> Plan:
        """The engine and its tiles."""
        return self.decision.plan

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the result."""
        rows, columns = self.wanted or (slice(0, self.layout.rows.outputs), slice(0, self.layout.columns.outputs))
        return rows.stop - rows.start, columns.stop - columns.start, self.image.shape[2]

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return math.prod(-(-n // step) for n, step in zip(self.layout.output_shape, self.plan.tile, strict=True))

    def run(self, consume: Consumer, prepare: Preparation | None = None) -> None:
        """Compute all tiles, several at a time; each is handed to consume as soon as it is done."""
        make = self._tile_maker(prepare)

        def worker() -> Callable[[Tile], None]:
            compute = make()
            return lambda tile: consume(*compute(tile))

        self._share_tiles(worker)

    def run_beside(self, other: Filtering, consume: PairConsumer) -> None:
        """Compute all tiles of this filtering and of another one of the same output shape, each pair together."""
        same_tiles = replace(other.decision, plan=replace(other.plan, tile=self.plan.tile))
        beside = replace(other, decision=same_tiles)
        if min(self.plan.memory, beside.plan.memory) > MEMORY_BYTES:  # not of both at the same time
            held = np.empty(self.output_shape)
            self.run(held.__setitem__)
            beside.run(lambda tile, values: consume(tile, held[tile], values))
            return
        makers = self._tile_maker(), beside._tile_maker()

        def worker() -> Callable[[Tile], None]:
            first, second = (make() for make in makers)
            return lambda tile: consume(*first(tile), second(tile)[1])

        self._share_tiles(worker)

    def run_into(self, output: NDArray[Any]) -> None:
        """Compute all tiles into an output of the shape and the type of the sums."""
        self._share_tiles(self._tile_maker(output=output))

    def fills(self, dtype: np.dtype[Any]) -> bool:
        """Whether the sums are the results as they are, in this type."""
        return self.arithmetic.divisor == 1 and dtype == self.plan.precision and self.wanted is None

    def _tile_maker(
        self, prepare: Preparation | None = None, output: NDArray[Any] | None = None
    ) -> Callable[[], Callable[[Tile], tuple[Tile, Numbers]]]:
        """Gives each thread a function that computes a tile, into the output or memory that the next one uses too."""
        engine = self.decision.engine
        sources = self.layout.rows.sources(self.layout.boundary), self.layout.columns.sources(self.layout.boundary)

        def make() -> Callable[[Tile], tuple[Tile, Numbers]]:
            filter_tile = engine.tile_filter()
            loader = TileLoader(self.image, self.layout, engine.dtype, sources)
            scratch, quotient_scratch = Scratch(engine.dtype), Scratch(self.arithmetic.quotients)

            def compute(tile: Tile) -> tuple[Tile, Numbers]:
                padded = loader.load(tile, writable=prepare is not None)
                if prepare is not None:
                    prepare(padded)
                shape = tile[0].stop - tile[0].start, tile[1].stop - tile[1].start, padded.shape[2]
                sums = scratch.array(shape) if output is None else output[tile]
                filter_tile(padded, sums)
                if output is not None:
                    return tile, sums
                place, kept = self._kept(tile)
                return place, self._divided(sums[kept], quotient_scratch)

            return compute

        return make

    def _share_tiles(self, worker: Callable[[], Callable[[Tile], Any]]) -> None:
        """Let each thread take tiles until none is left; whoever takes one does not change what comes out."""
        tiles = deque(split(self.layout.output_shape, self.plan.tile))

        def work() -> None:
            take = worker()
            while True:
                try:
                    tile = tiles.popleft()
                except IndexError:
                    return
                try:
                    take(tile)
                except BaseException:
                    tiles.clear()
                    raise

        share(work, self.plan.threads)

    def _kept(self, tile: Tile) -> tuple[Tile, Tile]:
        """The place of a tile in the result, and which of its outputs are wanted."""
        if self.wanted is None:
            return tile, (slice(None), slice(None))
        rows, columns = (_overlap(own, wanted) for own, wanted in zip(tile, self.wanted, strict=True))
        return (rows[0], columns[0]), (rows[1], columns[1])

    def _divided(self, sums: Numbers, scratch: Scratch) -> Numbers:
        # float32 holds the whole sums, but their quotients deserve the precision of the result.
        divisor, dtype = self.arithmetic.divisor, self.arithmetic.quotients
        if divisor == 1 or not self.divides:
            return sums
        return np.divide(sums, divisor, dtype=dtype, out=scratch.array(sums.shape))


def decide(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    *,
    real_dtype: np.dtype[Any] | None = None,
    peak: Callable[[], int],
) -> Decision:
    """Decide everything about filtering images of this shape (H, W, C) and type: layout, arithmetic, plan.

    peak: gives the largest absolute pixel, or more; only asked where that matters. real_dtype: as
    `choose_arithmetic` takes it. Raises CorrconvError for images or options that cannot be filtered.
    """
    if shape[2] == 0:
        raise CorrconvError("the image has no channels; it needs at least one")
    layout = lay((shape[0], shape[1]), kernel, operation, options)
    # A fill value that no output reads must not decide the arithmetic.
    fill = options.fill if options.boundary is Boundary.CONSTANT else 0.0
    arithmetic = choose_arithmetic(
        dtype, layout.kernel, peak=peak, fill=fill, precision=options.precision, real_dtype=real_dtype
    )
    return Decision(dtype, shape[2], layout, arithmetic, plan(layout, shape[2], arithmetic, options))


def sufficient_peak(dtype: np.dtype[Any], kernel: Kernel, options: Options) -> int | None:
    """The largest absolute value of a type of whole numbers, unless the pixels must be looked at for their own."""
    largest = type_peak(dtype)
    form = kernel.integer_form
    precision = "float64" if options.precision is Precision.AUTO else options.precision.value
    whole_fill = options.boundary is not Boundary.CONSTANT or float(options.fill).is_integer()
    if form is None or not whole_fill or largest * int(np.abs(form[0]).sum()) <= EXACT_UP_TO[precision]:
        return largest
    return None


def prepare_filtering(
    image: NDArray[Any],
    kernel: Kernel,
    operation: Operation,
    options: Options,
    *,
    real_dtype: np.dtype[Any] | None = None,
) -> Filtering:
    """Decide everything about filtering an image (H, W, C): layout, arithmetic, plan.

    Raises CorrconvError for an image or options that cannot be filtered.
    """
    make = partial(decide, image.shape, image.dtype, kernel, operation, options, real_dtype=real_dtype)
    of_many_bits = image.dtype.kind != "f" and image.dtype.itemsize > 2
    takes_memory = kernel.weights.size > MOST_KEPT_CELLS or (
        image.size > MOST_KEPT_PIXELS and max(kernel.shape) > MOST_KEPT_SIDE
    )
    if of_many_bits or takes_memory:
        return make(peak=lambda: integer_peak(image)).whole(image)
    kernel = options.anchored(kernel)
    weights, fill = kernel.weights.tobytes(), str(options.fill)  # which tell -0 from 0
    settings = options.boundary, options.output_size, options.stride, options.dilation, options.engine
    width = options.precision, options.threads, available_cores(), image.dtype, real_dtype
    key = (
        image.shape,
        kernel.shape,
        weights,
        kernel.anchor,
        kernel.name,
        kernel.source,
        operation,
        fill,
        settings,
        width,
    )
    return _decide_once(_Question(key, partial(make, peak=partial(type_peak, image.dtype)))).whole(image)


@dataclass(frozen=True)
class _Question:
    """What is to be decided, and all that the answer depends on."""

    key: Hashable
    decide: Callable[[], Decision] = field(compare=False)


@lru_cache(maxsize=16)
def _decide_once(question: _Question) -> Decision:
    """The decision, and its engines, are kept: small pictures are filtered in less time than they take."""
    return question.decide()


def _overlap(own: slice, wanted: slice) -> tuple[slice, slice]:
    """What two ranges share: counted from the start of wanted, and from that of own."""
    start, stop = max(own.start, wanted.start), min(own.stop, wanted.stop)
    return slice(start - wanted.start, stop - wanted.start), slice(start - own.start, stop - own.start)
