"""What a probe found, as text, as a table of many targets, as Markdown and as a document."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.commands.probe.kernels import families, listed
from corrconv.drawing.console import plain_table
from corrconv.drawing.conventions import (
    anchor_words,
    border_words,
    convention_document,
    number_words,
    operation_words,
    output_words,
    scale_words,
)
from corrconv.drawing.documents import DOCUMENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

    from corrconv.commands.probe.grouping import Finding
    from corrconv.commands.probe.proof import SizeProof
    from corrconv.commands.probe.study import Probe
    from corrconv.core.convention.model import Convention
    from corrconv.core.convention.numbers import NumberRule

HEADINGS = ("target", "computes", "even cell", "border", "scale", "8 bits", "16 bits", "explained", "not tried")
# What a terminal has room for; the Markdown table has all.
SHOWN = ("target", "computes", "even cell", "border", "8 bits", "explained")
WIDTH = 80
LABEL = 14
USUAL_CALL = "f(image, kernel)"
NEVER_TRIED = ("colour", "nan")


def probe_text(probe: Probe, *, verbose: bool) -> Text:
    """The findings of one probe, line by line; with its experiments where asked for."""
    text = Text()
    text.append(f"{probe.target}\n", style="bold")
    if verbose:
        for experiment in probe.experiments:
            text.append(f"  {experiment.question} {experiment.answer}\n", style="dim")
    if probe.called not in {"", USUAL_CALL}:
        text.append(_line("called as", _called_words(probe)))
    verdict, style = verdict_words(probe)
    text.append(f"{verdict}: ", style=style)
    text.append(f"{_proof_words(probe) if probe.partly else probe.problem}\n")
    if probe.partly and len(probe.findings) == 1:
        text.append(_line("kernels", families(probe.findings[0].shapes, probe.tried)))
    for message, shapes in _by_message(probe.unexplained).items():
        text.append(_line("but not", f"{families(shapes, probe.tried)}: {message}"), style="red")
    for message, shapes in _by_message(probe.refused).items():
        text.append(_line("refused", f"{families(shapes, probe.tried)}: {message}"))
    for name, message in probe.refused_types:
        text.append(_line("refused", f"{name} pictures: {_brief(message)}"))
    if probe.sizes:
        text.append(_line("pictures", "; ".join(_size_words(probe))))
    for finding in probe.findings:
        text.append_text(_findings(probe, finding))
    for note in probe.notes:
        text.append(_line("note", note))
    if probe.known_as:
        text.append(_line("known as", ", ".join(probe.known_as)))
    if probe.accepted:
        text.append(_line("not tried", ", ".join(not_tried(probe))))
    text.rstrip()
    return text


def _called_words(probe: Probe) -> str:
    """How it is called, which was found by trying, and what of that is easily overlooked."""
    swapped = probe.called.startswith("f(kernel,")
    return f"{probe.called}{': it takes the kernel first' if swapped else ''}"


def verdict_words(probe: Probe) -> tuple[str, str]:
    """Whether the target is explained, and the style of that."""
    if probe.explained:
        return "explained", "green"
    return ("explained in part", "yellow") if probe.partly else ("not explained", "red")


def _line(label: str, words: str, *, whole: bool = False) -> str:
    """A line that begins with a label; long ones go on under their first word, unless they are to be copied."""
    lines = [words] if whole else wrap(words, WIDTH - LABEL, break_long_words=False, break_on_hyphens=False)
    return f"  {label:<{LABEL - 2}}" + f"\n{' ' * LABEL}".join(lines) + "\n"


def _by_message(pairs: Iterable[tuple[tuple[int, int], str]]) -> dict[str, list[tuple[int, int]]]:
    shapes: dict[str, list[tuple[int, int]]] = {}
    for shape, message in pairs:
        # The same failure of another kernel often names it.
        plain = message.replace(listed([shape]), "such")
        shapes.setdefault(_brief(plain if plain != message else message), []).append(shape)
    return shapes


def _brief(message: str) -> str:
    return message if len(message) <= 100 else f"{message[:97]}..."


def _proof_words(probe: Probe) -> str:
    pictures = sum(proof.pictures for proof in probe.proofs)
    types = " and ".join(proof.image_dtype for proof in probe.proofs)
    return f"{pictures} fresh {types} pictures predicted, largest deviation {probe.max_deviation:.3g}"


def _size_words(probe: Probe) -> list[str]:
    """Which sizes of pictures were predicted, refused, and not explained."""
    good = [it for it in probe.sizes if not it.problem and not it.refused]
    words = [f"{_span([it.size for it in good])} predicted"] if good else []
    refused = [it for it in probe.sizes if it.refused and it.refused != "the kernel does not fit"]
    words += [f"{text} refused" for text in _with_kernels(refused)]
    return words + [f"{text} not explained" for text in _with_kernels(probe.unexplained_sizes)]


def _with_kernels(proofs: Iterable[SizeProof]) -> list[str]:
    by_kernel: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for proof in proofs:
        by_kernel.setdefault(proof.kernel, []).append(proof.size)
    return [f"{listed(sizes)} with {listed([kernel])} kernels" for kernel, sizes in by_kernel.items()]


def _span(sizes: Sequence[tuple[int, int]]) -> str:
    smallest, largest = (choose(sizes, key=lambda size: size[0] * size[1]) for choose in (min, max))
    return f"{listed([smallest])} to {listed([largest])}"


def not_tried(probe: Probe) -> tuple[str, ...]:
    """What the target was not tried with."""
    sizes = [f"pictures over {listed([max(it.size for it in probe.sizes)])}"] if probe.sizes else []
    types = [f"types but {', '.join(probe.image_dtypes)}"] if probe.image_dtypes else ["anything else"]
    return (*probe.limits, *sizes, *NEVER_TRIED, *types)


def _findings(probe: Probe, finding: Finding) -> Text:
    text, convention = Text(), finding.convention
    if len(probe.findings) > 1:
        text.append(f"kernels of {families(finding.shapes, probe.tried)}\n")
    lines = {
        "computes": operation_words(convention),
        "anchor": _anchor_words(probe, finding),
        "border": _border_words(finding),
        "output": output_words(convention),
        "scale": scale_words(convention),
        "numbers": _number_words(finding, convention),
    }
    for label, words in lines.items():
        text.append(_line(label, words))
    if probe.partly:
        text.append_text(_equivalents(finding))
    return text


def _anchor_words(probe: Probe, finding: Finding) -> str:
    words = anchor_words(finding.convention)
    if words == ("-", "-"):
        return "-"
    return ", ".join(
        f"{name} sides {words[place] if _seen(finding.shapes, parity) else _absent(probe, parity)}"
        for place, (name, parity) in enumerate((("odd", 1), ("even", 0)))
    )


def _seen(shapes: Iterable[tuple[int, int]], parity: int) -> bool:
    return any(side % 2 == parity and side > 1 for shape in shapes for side in shape)


def _absent(probe: Probe, parity: int) -> str:
    return "not taken" if _seen([shape for shape, _ in probe.refused], parity) else "not tried"


def _border_words(finding: Finding) -> str:
    """The rule of the sides, with those that these kernels cannot tell from it."""
    words = border_words(finding.convention)
    if not finding.other_borders or words == "-":
        return words
    return f"{words} or {' or '.join(finding.other_borders)}: these kernels cannot tell"


def _equivalents(finding: Finding) -> Text:
    """The apply line and the Python call that gave the same when they were run; only the sums, where it says so."""
    text, found = Text(), finding.equivalents
    label = "the same" if found.as_pixels or found.command is None else "the sums"
    text.append(_line(label, found.command or "no single apply line", whole=True))
    call = found.python and found.python + ("" if found.python_exact else "  # the sums")
    text.append(_line("in Python", call or "no single call", whole=True))
    return text


def _number_words(finding: Finding, convention: Convention) -> str:
    """What whole-number pictures become, by their types, where the target was given any."""
    by_words: dict[str, list[str]] = {}
    for name, numbers in finding.numbers.items():
        by_words.setdefault(_words_of(numbers, convention), []).append(name)
    return "; ".join(f"{', '.join(names)}: {words}" for words, names in by_words.items()) or "-"


def _words_of(numbers: NumberRule, convention: Convention) -> str:
    return number_words(type(convention)(numbers=numbers))


def survey_rows(probes: Sequence[Probe]) -> list[dict[str, str]]:
    """One row a finding, by HEADINGS."""
    rows: list[dict[str, str]] = []
    for probe in probes:
        explained, rest = _verdict(probe), ", ".join(not_tried(probe))
        empty = dict.fromkeys(HEADINGS, "-") | {"target": probe.target, "explained": explained, "not tried": rest}
        if not probe.findings:
            rows.append(empty)
        for finding in probe.findings:
            convention = finding.convention
            output = output_words(convention)
            shapes = f" ({families(finding.shapes, probe.tried)})" if len(probe.findings) > 1 else ""
            rows.append(
                empty
                | {
                    "target": probe.target + shapes,
                    "computes": operation_words(convention) + ("" if output == "same" else f" ({output})"),
                    "even cell": anchor_words(convention)[1] if _seen(finding.shapes, 0) else _absent(probe, 0),
                    "border": _border_words(finding),
                    "scale": scale_words(convention),
                    "8 bits": _words_at(probe, finding, "uint8"),
                    "16 bits": _words_at(probe, finding, "uint16"),
                }
            )
    return rows


def _words_at(probe: Probe, finding: Finding, dtype: str) -> str:
    numbers = finding.numbers.get(dtype)
    if numbers is None:
        return "refused" if dtype in dict(probe.refused_types) else "not tried"
    return _words_of(numbers, finding.convention)


def _verdict(probe: Probe) -> str:
    """Whether a target is explained, and where not, in a few words."""
    if not probe.partly:
        return f"no: {_brief(probe.problem)}"
    refused = [shape for shape, _ in probe.refused]
    exceptions = [f"{families(refused, probe.tried)} refused"] if refused else []
    for message, shapes in _by_message(probe.unexplained).items():
        exceptions.append(f"{families(shapes, probe.tried)} not explained ({message})")
    smaller = [it for it in probe.unexplained_sizes if it.smaller]
    if smaller:
        exceptions.append("some pictures smaller than the kernel not explained")
    if others := [it for it in probe.unexplained_sizes if not it.smaller]:
        exceptions.append(f"pictures of {'; '.join(_with_kernels(others))} not explained")
    return "; ".join(["yes" if probe.explained else "in part", *exceptions])


def survey_table(probes: Sequence[Probe]) -> Table:
    """All targets in one table, of what a terminal has room for."""
    table = plain_table("what they compute, each probed just now; --markdown tells more")
    for heading in SHOWN:
        table.add_column(heading, overflow="fold", no_wrap=heading == "target")
    rows = iter(survey_rows(probes))
    for probe in probes:
        for _ in probe.findings or (None,):
            row = next(rows) | {"explained": _verdict(probe).partition(";")[0]}
            row["target"] = _broken_at_dots(row["target"], 24)
            table.add_row(*(row[heading] for heading in SHOWN))
    return table


def _broken_at_dots(name: str, width: int) -> str:
    """A long name on several lines, broken behind dots and blanks only."""
    lines = [""]
    for part in name.replace(".", ".\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def survey_markdown(probes: Sequence[Probe]) -> str:
    """All that was found, in Markdown."""
    rows = [tuple(row[heading] for heading in HEADINGS) for row in survey_rows(probes)]
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def probe_document(probe: Probe) -> dict[str, Any]:
    """A probe for scripts; findings are null where nothing is known."""
    found: dict[str, Any] = dict.fromkeys(
        ("operation", "orientation", "anchor", "boundary", "output_size", "scale", "bias", "rounding", "overflow")
    )
    if probe.findings:
        found = _finding_document(probe.findings[0])
    return {
        "version": DOCUMENT_VERSION,
        "target": probe.target,
        "called_as": probe.called or None,
        **found,
        "linear": probe.linear,
        "explained": probe.explained,
        "explained_in_part": probe.partly,
        "problem": probe.problem or None,
        "max_deviation": probe.max_deviation,
        "relative_error": probe.relative_error,
        "equivalent": {
            "command": probe.findings[0].equivalents.command if probe.partly else None,
            "python": probe.findings[0].equivalents.python if probe.partly else None,
        },
        "known_as": list(probe.known_as),
        "other_kernels": [_finding_document(other) for other in probe.findings[1:]],
        "refused": [{"shape": list(shape), "message": message} for shape, message in probe.refused],
        "refused_types": [{"dtype": name, "message": message} for name, message in probe.refused_types],
        "unexplained": [{"shape": list(shape), "problem": problem} for shape, problem in probe.unexplained],
        "pictures": [
            {
                "shape": list(it.size),
                "kernel": list(it.kernel),
                "predicted": not it.problem and not it.refused,
                "problem": it.problem or None,
                "refused": it.refused or None,
            }
            for it in probe.sizes
        ],
        "not_tried": list(not_tried(probe)),
        "notes": list(probe.notes),
        "experiments": [{"question": it.question, "answer": it.answer} for it in probe.experiments],
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    document = convention_document(finding.convention)
    if not _seen(finding.shapes, 0):
        document["anchor"]["even"] = None
    if not finding.numbers:
        document |= dict.fromkeys(("output_dtype", "rounding", "overflow"))
    return document | {
        "kernel_shapes": [list(shape) for shape in finding.shapes],
        "other_boundaries": [str(rule) for rule in finding.other_borders],
        "numbers": {
            name: {"dtype": numbers.dtype, "rounding": str(numbers.rounding), "overflow": str(numbers.overflow)}
            for name, numbers in finding.numbers.items()
        },
    }


def survey_document(probes: Sequence[Probe]) -> dict[str, Any]:
    """A survey for scripts."""
    return {"version": DOCUMENT_VERSION, "targets": [probe_document(probe) for probe in probes]}
