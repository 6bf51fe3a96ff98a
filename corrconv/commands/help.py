"""Help and wrong options: names stay whole at the end of a line, and words from elsewhere get a hint."""

from __future__ import annotations

import click

# Broken at its hyphens, `--output-size` could not be found in help, nor copied from it.
UNBROKEN_HYPHEN = "\N{NON-BREAKING HYPHEN}"

# What people look for under another name, and where it is here; a hint is given where the command has the option.
ELSEWHERE = {
    "--mode": ("--boundary for what lies outside the image, --output-size for same, full or valid", "boundary"),
    "--border": ("--boundary", "boundary"),
    "--padding": ("--boundary for what lies outside, --output-size for how many results", "boundary"),
    "--pad": ("--boundary for what lies outside, --output-size for how many results", "boundary"),
    "--cval": ("--fill, with --boundary constant", "boundary"),
    "--convolution": ("--convolve", "correlation"),
    "--correlation": ("--correlate", "correlation"),
    "--flip": ("--convolve, which turns the kernel by 180 degrees", "correlation"),
    "--offset": ("--bias", "bias"),
    "--delta": ("--bias", "bias"),
    "--origin": ("--anchor", "anchor"),
}


class WholeWords(click.HelpFormatter):
    """Help whose lines break between words only."""

    def write(self, string: str) -> None:
        """Write a text that is already wrapped."""
        super().write(string.replace(UNBROKEN_HYPHEN, "-"))

    def write_text(self, text: str) -> None:
        """Wrap and write a paragraph."""
        super().write_text(text.replace("-", UNBROKEN_HYPHEN))

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:  # type: ignore[override]
        """Wrap and write a list of names and their explanations."""
        super().write_dl([(name, text.replace("-", UNBROKEN_HYPHEN)) for name, text in rows], col_max, col_spacing)


class HelpContext(click.Context):
    """A context whose help is written in whole words."""

    formatter_class = WholeWords


def with_whole_words(command: click.Command) -> click.Command:
    """The command, it and those below it with help in whole words."""
    command.context_class = HelpContext
    for inner in getattr(command, "commands", {}).values():
        with_whole_words(inner)
    return command


def hint_at_option(error: click.NoSuchOption) -> str | None:
    """Where an option is that goes by another name elsewhere; None for others."""
    hint, needed = ELSEWHERE.get(error.option_name, ("", ""))
    known = {parameter.name for parameter in error.ctx.command.params} if error.ctx else set()
    return f"No such option {error.option_name!r}; here it is {hint}" if needed in known else None
