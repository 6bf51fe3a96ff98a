"""What `learn` does around the study: the two pictures, the progress bar, the saved kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corrconv.commands.learn.size import size_advice
from corrconv.commands.learn.study import descend, learn_kernel
from corrconv.commands.parameters import inputs_of_command
from corrconv.core.filtering import filter_array
from corrconv.core.options import Options
from corrconv.core.terms import Operation
from corrconv.drawing.console import counting
from corrconv.errors import CorrconvError
from corrconv.files.images import Picture, read_image, to_gray
from corrconv.files.kernels import notation_of, read_kernel, write_kernel_file
from corrconv.files.outputs import refuse_overwrite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corrconv.commands.learn.size import SizeAdvice
    from corrconv.commands.learn.study import Descent, LearnedKernel
    from corrconv.core.kernel import Cell


@dataclass(frozen=True)
class LearningTask:
    """Two pictures (H, W, C), and the shape and anchor of the kernel that is sought between them."""

    before: NDArray[Any]
    after: NDArray[Any]
    shape: tuple[int, int]
    anchor: Cell | str
    title: str
    notes: tuple[str, ...]


def both_pictures(
    before: Picture,
    second: str,
    make: bool | None,
    size: tuple[int, int] | None,
    anchor: Cell | str,
    *,
    gray: bool,
) -> LearningTask:
    """The task that the arguments describe: AFTER is read, or made with a kernel where make says how."""
    if make is not None:
        return _made_task(to_gray(before) if gray else before, second, make, size, anchor)
    if size is None:
        raise CorrconvError("the size of the kernel is not known; say it, as in --size 5 or --size 3,7")
    after = _read_after(second)
    both_gray = gray or before.colour_channels != after.colour_channels
    notes = [f"{picture.name}: {note}" for picture in (before, after) for note in picture.notes]
    if both_gray and not gray:
        notes.append(f"{before.name} and {after.name}: made gray, as one of them is")
    pair = [(to_gray(picture) if both_gray else picture).colours for picture in (before, after)]
    title = f"the {size[0]}x{size[1]} kernel that makes {after.name} of {before.name}"
    return LearningTask(pair[0], pair[1], size, anchor, title, tuple(notes))


def _read_after(text: str) -> Picture:
    """The second picture. Raises CorrconvError with the remedy where a kernel was named instead."""
    try:
        return read_image(text)
    except CorrconvError:
        try:
            kernel = read_kernel(text)
        except CorrconvError:
            kernel = None
        if kernel is None:
            raise
    raise CorrconvError(f"{text} is a kernel, not a picture; to make AFTER with it, add --correlate or --convolve")


def _made_task(
    before: Picture, text: str, make: bool, size: tuple[int, int] | None, anchor: Cell | str
) -> LearningTask:
    operation = Operation.CORRELATION if make else Operation.CONVOLUTION
    kernel = read_kernel(text)
    pixels = before.colours
    after = filter_array(pixels, kernel, operation, Options(), channel_axis=-1)
    # The kernel that correlation would have to lay, and so the one that is sought.
    laid = kernel if operation is Operation.CORRELATION else kernel.turned()
    shape = size or laid.shape
    title = f"the {shape[0]}x{shape[1]} kernel behind the {operation} of {before.name} with {kernel.name}"
    notes = tuple(f"{before.name}: {note}" for note in before.notes)
    return LearningTask(
        pixels, after, shape, laid.anchor if shape == laid.shape and anchor == "center" else anchor, title, notes
    )


def learn(
    task: LearningTask, steps: int | None, seed: int, *, keep_clipped: bool, quiet: bool
) -> tuple[LearnedKernel, SizeAdvice | None, Descent | None]:
    """Recover the kernel, see about its size, and learn it in steps where that is asked for, with a bar."""
    given: dict[str, Any] = {"anchor": task.anchor, "keep_clipped": keep_clipped, "channel_axis": -1}
    with counting("fitting", quiet=quiet) as progress:
        learned = learn_kernel(task.before, task.after, task.shape, progress=progress, **given)
        # Another anchor than the middle is the middle of no other size.
        advice = size_advice(learned, task.before, task.after, **given) if task.anchor == "center" else None
    if steps is None:
        return learned, advice, None
    with counting("learning", quiet=quiet) as progress:
        descent = descend(task.before, task.after, task.shape, steps, seed=seed, progress=progress, **given)
    return learned, advice, descent


def save_kernel(target: str, learned: LearnedKernel, *, force: bool) -> str:
    """Write the kernel for correlation, in the notation of the target's suffix; gives what is to be said."""
    notation = notation_of(target)
    refuse_overwrite(target, inputs_of_command(), force=force)
    kernel = learned.correlation_kernel.named(Path(target).stem)
    write_kernel_file(target, replace(kernel, source="learned, for correlation"), notation)
    return f"{target}: the kernel for correlation; 'corrconv apply IMAGE {target}' applies it"
