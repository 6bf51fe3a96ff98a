"""Text becomes a value here: the parameter types of the command line."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from corrconv.errors import CorrconvError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel
    from corrconv.core.terms import Boundary
    from corrconv.files.images import Picture


# No picture has places of more than 18 digits, and longer words are not always read by int.
_WHOLE_NUMBER = re.compile(r"\s*[0-9]{1,18}\s*")

INPUTS = "corrconv.inputs"  # the key of a context's inputs
ARGUMENTS = "corrconv.arguments"  # and that of its arguments, as they were typed

# Numbers that begin with a minus, as a kernel may: -1,0,1.
_NEGATIVE_NUMBERS = re.compile(r"-\.?[0-9][0-9.,;/*+eE()\[\]\s-]*")
# What stands before them while click reads the line, for which they would be options.
_SHIELD = " "


class _Type(click.ParamType[Any]):
    """A type whose conversion may raise CorrconvError, which becomes click's error for the argument."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value of a text; values pass through."""
        if not isinstance(value, str):
            return value
        try:
            return self.parse(value)
        except CorrconvError as error:
            self.fail(str(error), param, ctx)

    def parse(self, text: str) -> Any:
        """The value of a text. Raises CorrconvError."""
        raise NotImplementedError


class EnumChoice(click.Choice[Any]):
    """A closed choice: click's own, by the members' values rather than by their names."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:
        """What is typed."""
        return str(choice)


class FiniteRange(click.FloatRange):
    """A number within a range; nan and infinity pass click's own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's error."""
        number: float = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


class _InputType(_Type):
    """A type that stands for something to read; all of a command's inputs are remembered."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value of a text, which is remembered as an input."""
        if isinstance(value, str) and value.startswith(f"{_SHIELD}-"):
            value = value.removeprefix(_SHIELD)
        if isinstance(value, str) and ctx is not None:
            inputs = ctx.meta.setdefault(INPUTS, [])
            if value == "-" and "-" in inputs:
                self.fail("standard input can be read only once, so only one argument can be '-'", param, ctx)
            inputs.append(value)
        return super().convert(value, param, ctx)


def places_of_arguments(command: click.Command, words: Sequence[str]) -> list[int]:
    """Which of the words that follow a command are arguments: neither options nor the values of options."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    known = {name for option in options for name in (*option.opts, *option.secondary_opts)}
    takes = {name for option in options if not (option.is_flag or option.count) for name in option.opts}
    places: list[int] = []
    is_value = False
    for place, word in enumerate(words):
        if is_value:
            is_value = False
        elif word == "--":
            return [*places, *range(place + 1, len(words))]
        elif word in known:
            is_value = word in takes
        elif word == "-" or not word.startswith("-") or _NEGATIVE_NUMBERS.fullmatch(word):
            places.append(place)
        else:  # -qo OUT is -q -o OUT, and -oOUT needs no further word
            letters = [] if word.startswith("--") else [f"-{letter}" for letter in word[1:]]
            is_value = next((name for name in letters if name in takes), None) == (letters or [""])[-1]
    return places


def shield_negative_numbers(command: click.Command, words: Sequence[str]) -> list[str]:
    """The words that follow a command, such that click takes a kernel or picture like -1,0,1 for an argument."""
    if isinstance(command, click.Group) and words and words[0] in command.commands:
        return [words[0], *shield_negative_numbers(command.commands[words[0]], words[1:])]
    shielded = list(words)
    if any(isinstance(each, click.Argument) and isinstance(each.type, _InputType) for each in command.params):
        for place in places_of_arguments(command, words):
            if _NEGATIVE_NUMBERS.fullmatch(words[place]):
                shielded[place] = _SHIELD + words[place]
    return shielded


def inputs_of_command() -> tuple[str, ...]:
    """The inputs that the running command was given, as they were typed."""
    return tuple(click.get_current_context().meta.get(INPUTS, ()))


class SourceType(_InputType):
    """A picture to be read later: a path, `-` or `sample:NAME`."""

    name = "image"

    def parse(self, text: str) -> Any:
        """The text as it is."""
        return text

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete samples and files."""
        from click.shell_completion import CompletionItem

        from corrconv.files.samples import sample_names

        samples = [f"sample:{name}" for name in sample_names()]
        found = [CompletionItem(sample) for sample in samples if sample.startswith(incomplete)]
        return [*found, *click.Path().shell_complete(ctx, param, incomplete)]


class KernelType(_InputType):
    """A kernel file, a zoo name, an inline literal, or `-`."""

    name = "kernel"

    def parse(self, text: str) -> Kernel:
        """Read the kernel."""
        from corrconv.files.kernels import read_kernel

        return read_kernel(text)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete zoo names and files."""
        from click.shell_completion import CompletionItem

        from corrconv.core.zoo import ZOO

        names = [CompletionItem(name) for name in ZOO if name.startswith(incomplete)]
        return [*names, *click.Path().shell_complete(ctx, param, incomplete)]


class ImageType(SourceType):
    """A picture, read at once."""

    def parse(self, text: str) -> Picture:
        """Read the picture."""
        from corrconv.files.images import read_image

        return read_image(text)


class LibraryFunctionType(_Type):
    """A function of a library, and settings of it behind its name."""

    name = "function"

    def parse(self, text: str) -> Any:
        """The function and the settings."""
        from corrconv.libraries.registry import parse_function

        return parse_function(text)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the names."""
        from click.shell_completion import CompletionItem

        from corrconv.libraries.registry import conventions

        return [CompletionItem(name) for name in conventions() if name.startswith(incomplete)]


class OwnFunctionType(_Type):
    """A function of a library, also one that makes its kernel by itself, and settings of it behind its name."""

    name = "function"

    def parse(self, text: str) -> Any:
        """The function and the settings."""
        from corrconv.libraries.registry import parse_function

        return parse_function(text, own=True)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the names."""
        from click.shell_completion import CompletionItem

        from corrconv.libraries.registry import conventions, own_kernel_functions

        known = (*conventions(), *own_kernel_functions())
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]


class ConventionType(LibraryFunctionType):
    """What a function of a library computes, with the settings behind its name."""

    def parse(self, text: str) -> Convention:
        """The convention."""
        from corrconv.libraries.registry import convention_named

        return convention_named(text)


class BoundaryType(_Type):
    """One of the five boundaries; foreign names are answered with patterns."""

    name = "boundary"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The choices, as click shows them for its own."""
        from corrconv.core.terms import Boundary

        return f"[{'|'.join(Boundary)}]"

    def parse(self, text: str) -> Boundary:
        """The boundary of this name."""
        from corrconv.core.boundary import boundary_named

        return boundary_named(text)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete the names."""
        from click.shell_completion import CompletionItem

        from corrconv.core.terms import Boundary

        return [CompletionItem(str(boundary)) for boundary in Boundary if boundary.startswith(incomplete)]


class AnchorType(_Type):
    """`center`, `lower` or a cell."""

    name = "center|lower|row,col"

    def parse(self, text: str) -> str | tuple[int, int]:
        """The word or the cell."""
        return text if text in {"center", "lower"} else _two_numbers(text, "center, lower or ROW,COL such as 0,2")


class CellType(_Type):
    """A row and a column."""

    name = "row,col"

    def parse(self, text: str) -> tuple[int, int]:
        """Both numbers."""
        return _two_numbers(text, "ROW,COL such as 100,200")


class PlaceType(_Type):
    """A row and a column, or one number for a signal."""

    name = "row,col"

    def parse(self, text: str) -> tuple[int, ...]:
        """One number or two."""
        words = "ROW,COL such as 100,200, or a number such as 7 for a signal"
        return tuple(_numbers(text, 2 if "," in text else 1, words))


class PairType(_Type):
    """One whole number, or two: for the rows and for the columns."""

    name = "n or rows,cols"

    def parse(self, text: str) -> tuple[int, int]:
        """Both numbers."""
        pair = text if "," in text else f"{text},{text}"
        return _two_numbers(pair, "a number such as 2, or ROWS,COLUMNS such as 2,1")


class RectangleType(_Type):
    """A part of a picture: its first row and column, and how many of each."""

    name = "row,col,rows,cols"

    def parse(self, text: str) -> tuple[slice, slice]:
        """The rows and the columns."""
        row, column, rows, columns = _numbers(text, 4, "ROW,COL,ROWS,COLS such as 100,200,40,50")
        return slice(row, row + rows), slice(column, column + columns)


class SecondsType(_Type):
    """A time to wait, from a tenth of a second to a day."""

    name = "seconds"

    def parse(self, text: str) -> float:
        """The number of seconds."""
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0.1 <= seconds <= 86400:
            raise CorrconvError(f"{text!r} is no number of seconds from 0.1 to 86400")
        return seconds


def _two_numbers(text: str, expected: str) -> tuple[int, int]:
    first, second = _numbers(text, 2, expected)
    return first, second


def _numbers(text: str, count: int, expected: str) -> list[int]:
    parts = text.split(",")
    if len(parts) != count or not all(_WHOLE_NUMBER.fullmatch(part) for part in parts):
        from corrconv.core.notation.numbers import quoted

        raise CorrconvError(f"{quoted(text)} is not {expected}")
    return [int(part) for part in parts]
