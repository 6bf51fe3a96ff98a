"""From picture files to filtered picture files: what `apply` does with each of its images."""

from __future__ import annotations

import sys
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import inf
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corrconv import __version__
from corrconv.commands.apply.outcome import Outcome, Status, file_state
from corrconv.core.arrays import size_words
from corrconv.core.memory import require_memory
from corrconv.core.notation.numbers import counted
from corrconv.core.pixels import pixel_limits
from corrconv.core.progress import Progress, ignore_progress
from corrconv.core.rendering import Rendered, render
from corrconv.core.terms import Display, Operation
from corrconv.core.threads import available_cores, in_order
from corrconv.drawing.words import kernel_words
from corrconv.errors import CorrconvError
from corrconv.files.formats import FORMATS, NUMBERS, format_of
from corrconv.files.images import Picture, image_writer, pixel_dtype, read_image
from corrconv.files.inputs import is_file
from corrconv.files.outputs import InputFiles, refuse_overwrite
from corrconv.files.raw import watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from corrconv.commands.apply.outcome import Leaving
    from corrconv.commands.options import FilterChoices
    from corrconv.core.engines.planner import Plan
    from corrconv.core.kernel import Kernel
    from corrconv.core.rendering import Allocate

Lines = tuple[str, ...]


@dataclass(frozen=True)
class FileFilter:
    """Everything that is the same for each picture of one `apply`."""

    # How much memory a filter that makes its result as a whole takes at least, measured.
    bytes_a_value: ClassVar[int] = 0

    kernel: Kernel
    operation: Operation
    choices: FilterChoices
    inputs: InputFiles
    format_name: str | None
    png_level: int | None
    max_pixels: int | None
    force: bool
    verbose: bool
    kernel_is_picture: bool = False
    progress: Progress = ignore_progress
    stop: Event = field(default_factory=Event)

    def __call__(self, source: str, target: str) -> Lines:
        """Filter one picture file; returns what is to be said. Raises CorrconvError."""
        refuse_overwrite(target, self.inputs, force=self.force)
        picture = self.choices.picture(read_image(source, max_pixels=self.max_pixels))
        if self.kernel_is_picture and self.kernel.shape == picture.pixels.shape[:2]:
            raise CorrconvError(
                f"{source}: the kernel, {self.kernel.name}, is a picture of the same size;"
                " name the kernel behind the pictures, such as sharpen"
            )
        kind = self._format(picture, target)
        with image_writer(target, kind, png_level=self.png_level) as writer:

            def allocate(shape: tuple[int, int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
                return writer.allocate(_blank(picture, shape, dtype)).reshape(shape)

            if (shape := self._whole_shape(picture, kind)) is not None:
                writer.check(_blank(picture, shape, np.dtype(np.uint8)))
                require_memory(
                    self.bytes_a_value * picture.pixels.size,
                    f"{source}: {self._what}",
                    "cut or shrink the picture first",
                    most=inf,
                )
            pixels, notes = self._watching(picture)._make(picture, kind, allocate)
            if target == "-" and _reads_numbers(picture, pixels):
                self._show(picture, pixels)
                return tuple(f"{source}: {note}" for note in (*picture.notes, *notes))
            finished = pixels[:, :, 0] if _is_flat(picture, pixels.shape) else pixels
            replaced = "; it replaces an older file" if target != "-" and is_file(target) else ""
            written = writer.write(replace(picture, pixels=finished, notes=()))
        said = (f"{source}: {note}" for note in (*picture.notes, *notes, *written))
        shown_target = "standard output" if target == "-" else target
        return (*said, f"{source} -> {shown_target}: {self._summary(pixels)}{replaced}")

    def _show(self, picture: Picture, pixels: NDArray[Any]) -> None:
        """Print the numbers themselves: what a person at a terminal wants of a small picture."""
        from corrconv.drawing.console import show
        from corrconv.drawing.matrices import matrices_view, matrix_text, numbers_text

        laid = self.choices.options.anchored(self.kernel)
        if self.operation is Operation.CONVOLUTION:
            laid = laid.turned()
        show(
            matrices_view(
                (picture.name, numbers_text(picture.planes[:, :, 0])),
                (f"{self.kernel.name}, as laid", matrix_text(laid)),
                (self._what, numbers_text(pixels[:, :, 0])),
            )
        )

    def attempt(self, source: str, target: str, leaving: Sequence[Leaving] = ()) -> Outcome:
        """Filter one picture file, unless one of leaving says to leave it alone; what became of it."""
        state = file_state(source)
        for leave in leaving:
            if (left := leave(source, target)) is not None:
                return left
        try:
            return Outcome(source, target, Status.WRITTEN, self(source, target), source_state=state)
        except CorrconvError as error:
            failure = error
        except MemoryError:
            failure = CorrconvError(f"{source}: there is not enough memory for a picture of this size")
        return Outcome(source, target, Status.FAILED, error=failure, source_state=state)

    def attempt_all(self, pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
        """Attempt several pictures one after the other, each on one thread."""
        options = replace(self.choices.options, threads=1)
        one = replace(self, choices=replace(self.choices, options=options))
        return [one.attempt(source, target) for source, target in pairs]

    def __getstate__(self) -> dict[str, Any]:
        """What travels to another process: neither an event nor a progress bar does."""
        return {**self.__dict__, "progress": ignore_progress, "stop": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"stop": Event()})

    def many(self, sources: Sequence[str], targets: Sequence[str], leaving: Sequence[Leaving]) -> Iterator[Outcome]:
        """Attempt all pictures, several at a time; yields in order."""
        workers = self.choices.options.threads or available_cores()
        # A whole picture for each thread: reading, filtering and writing then overlap by themselves.
        options = replace(self.choices.options, threads=1)
        one = replace(self, choices=replace(self.choices, options=options))
        pairs = list(zip(sources, targets, strict=True))
        # After Ctrl-C the threads would finish their pictures first; stop ends them at the next tile.
        return in_order(lambda pair: one.attempt(*pair, leaving), pairs, workers, stop=self.stop)

    def digest(self) -> str:
        """A text that differs for two runs that could make different files of one picture."""
        options = replace(self.choices.options, threads=None)
        said = repr(
            (
                __version__,
                type(self).__name__,
                self._what,
                self.kernel.shape,
                self.kernel.anchor,
                options,
                self.choices.rendering,
            )
        )
        written = repr((self.choices.gray, self.format_name, self.png_level))
        return sha256(said.encode() + written.encode() + self.kernel.weights.tobytes()).hexdigest()

    def _whole_shape(self, _picture: Picture, _kind: str) -> tuple[int, int, int] | None:
        """The shape (H, W, C) of the result of a filter that makes it as a whole; None for one that goes by tiles."""
        return None

    def _watching(self, picture: Picture) -> FileFilter:
        """This, but it stops as soon as the file changes that it still reads."""
        check = watch(picture.pixels, picture.path)

        def progress(done: int, tiles: int) -> None:
            check()
            self.progress(done, tiles)

        return replace(self, progress=progress)

    def _progress(self, done: int, tiles: int) -> None:
        if self.stop.is_set():
            raise CancelledError
        self.progress(done, tiles)

    def _format(self, picture: Picture, target: str) -> str:
        if self.format_name is None and target == "-" and picture.format in FORMATS:
            return picture.format
        return format_of(target, self.format_name)

    @property
    def _displays(self) -> tuple[Display, ...]:
        """The display rules that may keep what would be clipped."""
        return Display.RESCALE, Display.SIGNED, Display.ABSOLUTE

    @property
    def _what(self) -> str:
        """What is done to each picture, for the summary."""
        return str(self.operation)

    def _make(self, picture: Picture, kind: str, allocate: Allocate) -> tuple[NDArray[Any], tuple[str, ...]]:
        """The filtered pixels (H, W, C) as the format holds them, and what is to be said of them.

        allocate: where they may be filled in, as `render` has it.
        """
        dtype = pixel_dtype(picture, kind)
        rendered = render(
            picture.planes,
            self.kernel,
            self.operation,
            self.choices.options,
            self.choices.rendering,
            dtype=dtype,
            has_alpha=picture.has_alpha,
            allocate=allocate,
            progress=self._progress,
        )
        return rendered.pixels, tuple(self._notes(picture, rendered, kind))

    def _notes(self, picture: Picture, rendered: Rendered, kind: str) -> Iterator[str]:
        source, target = picture.pixels.dtype, rendered.pixels.dtype
        if source != target and kind not in NUMBERS:
            pixels = "pixels" if source.kind == "u" else "pixels, their values as they are (see --display rescale),"
            yield f"{source} {pixels} become {target}, which is what {kind} holds; .npy would keep the exact numbers"
        if rendered.clipped:
            rows, columns, _ = rendered.pixels.shape
            low, high = pixel_limits(target)
            other = [str(rule) for rule in self._displays if rule is not self.choices.rendering.display]
            share = f"{rendered.clipped / (rows * columns):.2%} of the pixels"
            if source.kind == "f" and low <= rendered.low and rendered.high <= high:
                yield f"{share} are nan or infinite, which {kind} cannot hold; .npy would keep them"
            else:
                limits = f"{low:g}..{high:g} ({_said_range(rendered)})"
                yield f"{share} clipped to {limits}; see --display {' or '.join(other)}"
        if rendered.rounded:
            yield (
                f"{rendered.rounded:,} of the whole numbers lie beyond 2^53 and lost their last digits, since"
                f" {target} is what {kind} gets here"
            )
        yield from self._plan_notes(rendered.plan)

    def _plan_notes(self, plan: Plan) -> Iterator[str]:
        if self.verbose:
            yield (
                f"engine {plan.engine} in {plan.precision}, {plan.threads} thread{'s' * (plan.threads > 1)},"
                f" {plan.multiplications:,} multiplications: {plan.reason}"
            )

    def _summary(self, pixels: NDArray[Any]) -> str:
        return (
            f"{self._what} with {kernel_words(self.kernel)},"
            f" {size_words(pixels.shape)}, {counted(pixels.shape[2], 'channel')}, {pixels.dtype}"
        )


def _blank(picture: Picture, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Picture:
    """A picture of this shape and type, in no memory; white and opaque, so that it is not refused for its values."""
    white = np.array(pixel_limits(dtype)[1], dtype)
    return replace(picture, pixels=np.broadcast_to(white, shape[:2] if _is_flat(picture, shape) else shape))


def _is_flat(picture: Picture, shape: tuple[int, ...]) -> bool:
    """Whether pixels (H, W, C) of this shape are written as (H, W): what has rows and columns alone keeps them alone.

    A single channel of a colour picture becomes such a picture too.
    """
    return shape[2] == 1 and picture.pixels.shape[2:] != (1,)


def _reads_numbers(picture: Picture, pixels: NDArray[Any]) -> bool:
    """Whether somebody at a terminal can read the picture and its result as numbers."""
    from corrconv.drawing.matrices import fits

    at_terminal = sys.stdout is not None and sys.stdout.isatty()
    one_channel = picture.channels == pixels.shape[2] == 1
    return at_terminal and one_channel and fits(picture.planes[:, :, 0]) and fits(pixels[:, :, 0])


def _said_range(rendered: Rendered) -> str:
    if rendered.low > rendered.high:
        return "no value is finite"
    return f"the values run from {rendered.low:.6g} to {rendered.high:.6g}"
