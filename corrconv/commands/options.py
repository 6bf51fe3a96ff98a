"""Options that several commands share: each spelled once, stacked by decorators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from corrconv.commands.parameters import AnchorType, BoundaryType, ConventionType, EnumChoice, PairType
from corrconv.core.terms import Alpha, Boundary, Display, Engine, OutputSize, Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    from corrconv.core.kernel import Kernel
    from corrconv.core.options import Options
    from corrconv.core.rendering import Rendering
    from corrconv.files.images import Picture

    Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _layout_options(boundary: str, output_size: str) -> dict[str, Callable[[Decorated], Decorated]]:
    return {
        "boundary": click.option(
            "--boundary", type=BoundaryType(), default=boundary, help="What lies outside the image."
        ),
        "fill": click.option("--fill", type=float, default=0.0, help="Pixel value outside, for --boundary constant."),
        "output_size": click.option(
            "--output-size", type=EnumChoice(OutputSize), default=output_size, help="Which outputs to keep."
        ),
        "anchor": click.option("--anchor", type=AnchorType(), help="Kernel cell over the output pixel."),
        "dilation": click.option(
            "--dilation", type=PairType(), default="1", help="Spread the kernel's cells n pixels apart."
        ),
    }


FILTER_OPTIONS = {
    **_layout_options("reflect", "same"),
    "stride": click.option("--stride", type=PairType(), default="1", help="Keep every n-th output."),
    "scale": click.option("--scale", type=float, default=1.0, metavar="X", help="Multiply the kernel by X."),
    "normalize": click.option("--normalize", is_flag=True, help="Divide the kernel by its sum."),
    "gray": click.option("--gray", is_flag=True, help="Make the image gray first."),
    "bias": click.option("--bias", type=float, default=0.0, metavar="B", help="Add B to every result."),
    "display": click.option("--display", type=EnumChoice(Display), default="clip", help="How values become pixels."),
    "alpha": click.option("--alpha", type=EnumChoice(Alpha), default="keep", help="What happens to transparency."),
    "engine": click.option("--engine", type=EnumChoice(Engine), default="auto", help="How to compute the sums."),
    "precision": click.option("--precision", type=EnumChoice(Precision), default="auto", help="In which numbers."),
    "threads": click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="Threads to use."),
}

like_option = click.option("--like", type=ConventionType(), help="Filter as this library does; see 'conventions'.")
likes_option = click.option(
    "--like",
    "likes",
    type=ConventionType(),
    multiple=True,
    help="Twice: compare two libraries, and say why they differ.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Nothing on standard error but errors.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of the table.")
force_option = click.option("--force", is_flag=True, help="Overwrite even an input.")
exit_code_option = click.option("--exit-code", is_flag=True, help="Exit with 1 if the answer is no.")


@dataclass(frozen=True)
class FilterChoices:
    """What the shared options said."""

    options: Options
    rendering: Rendering
    scale: float
    normalize: bool
    gray: bool = False

    def kernel(self, kernel: Kernel) -> Kernel:
        """The kernel as it is applied: normalized, then scaled."""
        weighted = kernel.normalized() if self.normalize else kernel
        return weighted if self.scale == 1 else weighted.scaled(self.scale).summable()

    def picture(self, picture: Picture) -> Picture:
        """The picture as it is filtered: gray where that was asked for."""
        from corrconv.files.images import to_gray

        return to_gray(picture) if self.gray else picture


def without_effect(
    *names: str,
    unless: tuple[str, ...] = (),
    when: tuple[str, ...] = (),
    where: Callable[..., str] | None = None,
    why: str = "",
) -> Callable[[Decorated], Decorated]:
    """Refuse options that would be ignored: unless one of some others is given, when one of some is, or where it is so.

    All are named as the function receives them. where: from what the function receives, the words after "has no
    effect", and "" where the options act. why: what ends the message.
    """

    def decorate(function: Decorated) -> Decorated:
        @wraps(function)
        def command(*args: Any, **values: Any) -> Any:
            context = click.get_current_context()
            idle = [name for name in names if _is_given(context, name)]
            words = idle and (where(**values) if where else _idle_words(context, unless, when))
            if words:
                raise click.UsageError(f"{_spelled(context, idle[0])} has no effect {words}{why}", context)
            return function(*args, **values)

        return command  # type: ignore[return-value]

    return decorate


def _idle_words(context: click.Context, unless: tuple[str, ...], when: tuple[str, ...]) -> str:
    given = [name for name in (*unless, *when) if _is_given(context, name)]
    if set(given) & set(unless) or not (unless or given):
        return ""
    others = " or ".join(_spelled(context, name) for name in (unless or given))
    return f"{'without' if unless else 'beside'} {others}"


def all_or_none(function: Decorated) -> Decorated:
    """Let all files that a command writes appear together when it has come to its end, or none of them."""

    @wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        from corrconv.files.outputs import written_together

        # A status of its own is no failure, and neither is a reader of the table who has seen enough.
        with written_together(click.exceptions.Exit, BrokenPipeError):
            return function(*args, **values)

    return command  # type: ignore[return-value]


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _spelled(context: click.Context, name: str) -> str:
    parameter = next(parameter for parameter in context.command.params if parameter.name == name)
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name
    return "/".join([parameter.opts[0], *parameter.secondary_opts[:1]])


def _refuse_idle_layout(values: dict[str, Any]) -> None:
    """Raise click's UsageError for options of the layout that the others among them leave without effect."""
    context = click.get_current_context()
    output_size, boundary = values["output_size"], values["boundary"]
    if _is_given(context, "fill") and boundary != Boundary.CONSTANT:
        raise click.UsageError("--fill is the pixel value outside for --boundary constant; add that option")
    if output_size == OutputSize.VALID:
        for name in ("boundary", "fill"):
            if _is_given(context, name):
                raise click.UsageError(f"--{name} has no effect with --output-size valid, which reads nothing outside")
    if output_size != OutputSize.SAME and _is_given(context, "anchor"):
        raise click.UsageError(f"--anchor has no effect with output size {output_size}, which keeps every position")


def filter_options_but(*without: str) -> Callable[[Decorated], Decorated]:
    """Give a command all options of filtering, but those that it has no use for; it receives them as one `choices`."""

    def decorate(function: Decorated) -> Decorated:
        @wraps(function)
        def command(*args: Any, **values: Any) -> Any:
            from corrconv.core.options import Options
            from corrconv.core.rendering import Rendering

            def take(*names: str) -> dict[str, Any]:
                return {name: values.pop(name) for name in names if name in values}

            _refuse_idle_layout(values)
            layout = take("boundary", "fill", "output_size", "anchor", "stride", "dilation")
            computing = take("engine", "precision", "threads")
            choices = FilterChoices(
                options=Options(**layout, **computing),
                rendering=Rendering(**take("bias", "display", "alpha")),
                **take("scale", "normalize", "gray"),
            )
            return function(*args, choices=choices, **values)

        for name, option in reversed(FILTER_OPTIONS.items()):
            if name not in without:
                command = option(command)
        return command  # type: ignore[return-value]

    return decorate


filter_options = filter_options_but()


def plane_options(function: Decorated) -> Decorated:
    """Give a command the options of laying kernels, but stride, on the whole plane; it receives one `options`."""

    @wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        from corrconv.core.options import Options

        _refuse_idle_layout(values)
        names = ("boundary", "fill", "output_size", "anchor", "dilation", "engine", "threads")
        options = Options(**{name: values.pop(name) for name in names})
        return function(*args, options=options, **values)

    plane = _layout_options("constant", "full") | {name: FILTER_OPTIONS[name] for name in ("engine", "threads")}
    for option in reversed(plane.values()):
        command = option(command)
    return command  # type: ignore[return-value]
