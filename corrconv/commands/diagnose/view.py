"""A diagnosis as text, and as a document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.text import Text

from corrconv.commands.diagnose.chance import MOST_RESULTS
from corrconv.commands.diagnose.way import Treatment
from corrconv.core.convention.geometry import NO_PADS
from corrconv.core.convention.model import Orientation
from corrconv.core.convention.numbers import REAL_NUMBERS, Rounding
from corrconv.core.terms import OutputSize
from corrconv.drawing.conventions import (
    border_words,
    convention_document,
    number_words,
    operation_words,
    scale_words,
)
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.folding import copied, hanging

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from corrconv.commands.diagnose.chance import Chance
    from corrconv.commands.diagnose.study import Diagnosis
    from corrconv.commands.diagnose.way import Deviation, Intended, Way
    from corrconv.core.convention.model import Convention
    from corrconv.core.kernel import Kernel

# The ways that are shown in full; more are summed up.
SHOWN = 3

# What is not explained at fewer pixels is said so.
NEARLY_ALL = 0.01

CUT_OFF = {Rounding.TRUNCATE, Rounding.FLOOR}

# A result that is so near everywhere may have lost the rest on its way: what is said then.
NEARLY = 8
NEARLY_SHARE = 1 / 16


def diagnosis_text(diagnosis: Diagnosis, lines: Mapping[int, str], intended: Intended | None = None) -> Text:
    """What explains the result, or what comes closest and where it still differs; then the verdict.

    lines: for a way, by its number, the command line that was run and gave the result.
    """
    text = Text()
    certain = diagnosis.explained and not diagnosis.proves_nothing
    text.append(_headline(diagnosis) + "\n", style="green" if certain else "red")
    several = SHOWN if len(diagnosis.ways) <= SHOWN and not diagnosis.proves_nothing else 1
    shown = () if diagnosis.unfiltered else diagnosis.ways[:several]
    for number, way in enumerate(shown):
        text.append_text(_way_text(diagnosis, way, lines.get(number)))
    if diagnosis.proves_nothing:
        few = "Give a result that varies" if diagnosis.spread == 0 else "Give more numbers"
        text.append(f"{few}: a larger picture and its result.\n")
    elif diagnosis.explained:
        text.append(_open_questions(diagnosis))
        if diagnosis.flat:
            text.append("IMAGE holds one value everywhere, so it can hardly tell filters apart; take another.\n")
    elif len(diagnosis.ways) > len(shown) and not diagnosis.unfiltered:
        text.append(f"Others come less close; --json lists {len(diagnosis.ways) - 1} of them.\n")
    if diagnosis.more and diagnosis.explained:
        text.append(f"{diagnosis.more:,} more places of the kernel fit a part of the result and were not followed.\n")
    if diagnosis.two_values and not diagnosis.explained:
        text.append("RESULT holds two values only: what a threshold or dithering took away cannot be found.\n")
    if diagnosis.untried:
        text.append(f"Not tried: {diagnosis.untried}.\n")
    if intended is not None:
        mistakes = diagnosis.mistakes(intended)
        verdict = f"not as expected: {'; '.join(mistakes)}" if mistakes else "as expected"
        text.append(f"{intended.operation}: {verdict}\n", style="red" if mistakes else "green")
    text.rstrip()
    return text


def _headline(diagnosis: Diagnosis) -> str:
    if diagnosis.unfiltered:
        return "RESULT is IMAGE itself: nothing was filtered"
    if not diagnosis.explained:
        nearest = diagnosis.ways[0].deviation if diagnosis.ways else None
        if nearest is not None and nearest.share <= NEARLY_ALL:
            return f"not explained: {nearest.differing:,} of {nearest.results:,} pixels; all others are:"
        if nearest is not None and nearest.results <= MOST_RESULTS and 2 * nearest.differing >= nearest.results:
            return "not explained, and nothing comes near; closest:"
        return "not explained; closest:"
    if diagnosis.proves_nothing:
        return _one_value(diagnosis) if diagnosis.spread == 0 else _accident(diagnosis.chance)
    first = diagnosis.explanations[0]
    assumed = f", with {diagnosis.assumed}" if diagnosis.assumed is not None else ""
    ways = len(diagnosis.explanations)
    counted = f", in {ways} ways" if ways > 1 else ""
    return hanging("", f"explained {_how_well(first)}{counted}{assumed}")


def _one_value(diagnosis: Diagnosis) -> str:
    """Why the explanation of a result without variation is none; and what makes all zeros of small weights."""
    weights = diagnosis.kernel.weights
    cast = diagnosis.value == 0 and not weights.astype(int).any()
    why = ". Weights that lose their fractions are all 0 here, as where they become whole numbers" if cast else ""
    return hanging("", f"RESULT is {diagnosis.value:g} everywhere, which proves nothing{why}. One way that fits:")


def _accident(chance: Chance) -> str:
    """Why the explanation of so few numbers is none."""
    numbers = f"{chance.numbers} numbers" if chance.numbers > 1 else "a number"
    if chance.step == chance.high - chance.low > 1:
        among = f"that are {chance.low:g} or {chance.high:g}"
    else:
        steps = "" if chance.step == 1 else f" in steps of {chance.step:g}"
        among = f"from {chance.low:g} to {chance.high:g}{steps}"
    return hanging(
        "",
        f"so few numbers prove nothing: of the {chance.possible:,} results of {numbers} {among}, the ways that were"
        f" tried give {chance.given:,}, so invented ones often fit too. One that fits:",
    )


def _how_well(way: Way) -> str:
    deviation = way.deviation
    if deviation.lost is not None:
        if deviation.differing == 0:
            return "to the last pixel, after the loss that the file's compression makes"
        return f"within {deviation.before:g}, as the file's compression loses (up to {deviation.lost:g} here)"
    if way.decimals is not None:
        return f"to the {way.decimals} decimal{'s' * (way.decimals > 1)} that RESULT has"
    if way.within:
        return f"within {way.within:g}"
    return "up to rounding edges" if deviation.edges else "to the last pixel"


def _way_text(diagnosis: Diagnosis, way: Way, line: str | None) -> Text:
    convention = way.convention
    text = Text()
    text.append(f"  {operation_words(convention)}\n", style="bold")
    for name, value in _way_lines(diagnosis, way).items():
        text.append(hanging(f"    {name:<10}", value) + "\n")
    if way.explains:
        text.append(copied(f"    {'the same':<10}", line or "no single apply line") + "\n")
    if way.also:
        text.append(hanging(f"    {'or':<10}", f"{_also_words(way)}: the same weights over the same pixels") + "\n")
    return text


def _also_words(way: Way) -> str:
    names = [operation_words(it).removeprefix("neither: kernel ") for it in way.also]
    if len(names) == len(Orientation) - 1:
        return "convolution, or any other turn or mirror of the kernel"
    return ", ".join(names)


def _way_lines(diagnosis: Diagnosis, way: Way) -> dict[str, str]:
    convention = way.convention
    lines = {"output": _output_words(convention, diagnosis), "border": border_words(convention)}
    if convention.output_size is OutputSize.SAME and convention.spread == (1, 1):
        lines["anchor"] = _anchor_words(convention, diagnosis.kernel) + _uneven_pads(convention, diagnosis)
    others = _other_borders(way)
    if others:
        lines["border"] += f" ({others} would do as well)"
    lines["scale"] = scale_words(convention) if way.treatment is Treatment.NONE else _treatment_words(way)
    lost = way.deviation.lost is not None and way.deviation.differing > 0
    if not lost and convention.numbers != REAL_NUMBERS and convention.numbers.rounding is not Rounding.NONE:
        lines["numbers"] = number_words(convention)
        if set(_roundings(way)) == set(Rounding) - {Rounding.NONE}:
            exact = replace(convention, numbers=replace(convention.numbers, rounding=Rounding.NONE))
            lines["numbers"] = f"{number_words(exact)}; no value had a fraction, so no rounding shows"
    if way.deviation.edges:
        lines["edges"] = (
            f"{way.deviation.edges:,} of {way.deviation.results:,} values lie on a rounding edge, where float sums"
            " fall to either side"
        )
    if not way.explains:
        lines["differs"] = _difference_words(way.deviation, diagnosis.spread)
    return lines


def _output_words(convention: Convention, diagnosis: Diagnosis) -> str:
    if convention.spread != (1, 1):
        return _transposed_words(convention, diagnosis)
    words = [str(convention.output_size)]
    if convention.stride != (1, 1):
        words.append(f"stride {convention.stride[0]}")
    if convention.dilation != (1, 1):
        words.append(f"dilation {convention.dilation[0]}")
    pads = convention.pads
    if max(pads.top, pads.left, pads.bottom, pads.right) <= 0 and pads != NO_PADS:
        words.append(
            f"of which top {-pads.top}, left {-pads.left}, bottom {-pads.bottom}, right {-pads.right} are cut off"
        )
    elif pads.by_axis != ((0, 0), (0, 0)):
        words.append(_pads_words(pads.top, pads.left, pads.bottom, pads.right))
    return ", ".join(words)


def _transposed_words(convention: Convention, diagnosis: Diagnosis) -> str:
    """Stride and padding as layers have them: padding takes results away, output padding adds some at the ends."""
    shape, size = diagnosis.kernel.shape, (diagnosis.image_shape[0], diagnosis.image_shape[1])
    words = [f"transposed, stride {convention.spread[0]}"]
    if convention.dilation != (1, 1):
        words.append(f"dilation {convention.dilation[0]}")
    extent, first, lengths = convention.extent(shape), convention.start(shape, size), convention.read_shape(size)
    before = [extent[axis] - 1 + first[axis] for axis in (0, 1)]
    after = [lengths[axis] + extent[axis] - 1 - before[axis] - diagnosis.result_shape[axis] for axis in (0, 1)]
    if before[0] == before[1] and after[0] == after[1] and before[0] >= after[0]:
        words += [f"padding {before[0]}"] if before[0] else []
        words += [f"output padding {before[0] - after[0]}"] if before[0] > after[0] else []
    else:
        words.append(f"cut off top {before[0]}, left {before[1]}, bottom {after[0]}, right {after[1]}")
    return ", ".join(words)


def _pads_words(top: int, left: int, bottom: int, right: int) -> str:
    return f"pads top {top}, left {left}, bottom {bottom}, right {right}"


def _uneven_pads(convention: Convention, diagnosis: Diagnosis) -> str:
    """The anchor as the pads of a layer, where those differ on opposite sides."""
    shape = diagnosis.kernel.shape
    anchor, extent = convention.laid_anchor(shape), convention.extent(shape)
    before, after = [], []
    for axis in (0, 1):
        before.append(anchor[axis] * convention.dilation[axis])
        reach = (diagnosis.result_shape[axis] - 1) * convention.stride[axis] + extent[axis]
        after.append(reach - diagnosis.image_shape[axis] - before[axis])
    return "" if before == after else f", as {_pads_words(*before, *after)} have it"


def _anchor_words(convention: Convention, kernel: Kernel) -> str:
    row, column = convention.anchor_cell(kernel.shape)
    return f"cell {row},{column} of {kernel.shape[0]}x{kernel.shape[1]}"


def _treatment_words(way: Way) -> str:
    """What was done to the sums; with the line from sums to values where it was drawn by their extremes."""
    convention = way.convention
    if way.treatment is Treatment.THRESHOLD:
        return f"{way.treatment}: above {convention.bias:g}"
    drawn = {
        Treatment.STRETCHED,
        Treatment.BY_LARGEST,
        Treatment.MAGNITUDE_STRETCHED,
        Treatment.MAGNITUDE_BY_LARGEST,
    }
    if way.treatment not in drawn:
        return str(way.treatment)
    return f"{way.treatment} (times {convention.gain:.6g}{f', plus {convention.bias:.6g}' if convention.bias else ''})"


def _difference_words(deviation: Deviation, spread: float) -> str:
    row, column = deviation.first or (0, 0)
    words = (
        f"{deviation.differing:,} of {deviation.results:,} pixels ({deviation.where}), by at most"
        f" {deviation.largest:.6g}, first at row {row}, column {column}"
    )
    if 0 < deviation.largest <= min(NEARLY, NEARLY_SHARE * spread) and deviation.lost is None:
        words += f"; --tolerance {deviation.largest:.4g} would take this"
    return words


def _roundings(way: Way) -> tuple[Rounding, ...]:
    numbers = (way.convention.numbers, *way.numbers)
    return tuple(dict.fromkeys(it.rounding for it in numbers))


def _open_questions(diagnosis: Diagnosis) -> str:
    """What these data leave open: each question with the answers that do as well."""
    found: dict[str, dict[str, None]] = {}

    def note(question: str, *answers: str) -> None:
        found.setdefault(question, {}).update(dict.fromkeys(answers))

    for way in diagnosis.explanations:
        for convention in way.conventions:
            note("operation", operation_words(convention).removeprefix("neither: "))
            note("output", _output_words(convention, diagnosis))
            if convention.output_size is OutputSize.SAME:
                note("anchor", _anchor_words(convention, diagnosis.kernel).partition(" of ")[0])
        note("scale", scale_words(way.convention) if way.treatment is Treatment.NONE else str(way.treatment))
        note("border", *_border_answers(way))
        if way.convention.numbers.rounding is not Rounding.NONE and len(_roundings(way)) < len(Rounding) - 1:
            # Half to even, up or away, and cut off downwards or towards 0, seldom part.
            note("rounding", *dict.fromkeys("cut off" if it in CUT_OFF else "rounded" for it in _roundings(way)))
    left = [f"{question} ({_listed(answers)})" for question, answers in found.items() if len(answers) > 1]
    if not left:
        return ""
    if len(found["operation"]) == len(Orientation):
        left = ["operation (correlation, convolution, any turn or mirror)", *left[1:]]
    many = len(diagnosis.explanations) > SHOWN
    shown = f"This is the plainest of them; --json lists {len(diagnosis.explanations)}.\n" if many else ""
    return shown + hanging("", f"These data leave open: {'; '.join(left)}.") + "\n"


def _listed(answers: Iterable[str]) -> str:
    names = list(answers)
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:6])} and {len(names) - 6} more"


def _border_answers(way: Way) -> tuple[str, ...]:
    shared = way.convention.borders.shared
    others = _other_borders(way)
    if way.convention.output_size is OutputSize.VALID and all(it is None for it in way.alternatives.values()):
        return ()
    own = str(shared) if shared is not None else border_words(way.convention)
    return (own, *others.split(", ")) if others else (own,)


def _other_borders(way: Way) -> str:
    shared = way.convention.borders.shared
    reached = [rules for rules in way.alternatives.values() if rules is not None]
    if shared is None or not reached:
        return ""
    common = [rule for rule in reached[0] if all(rule in rules for rules in reached) and rule != shared]
    return ", ".join(map(str, common))


def diagnosis_document(
    diagnosis: Diagnosis, lines: Mapping[int, str], intended: Intended | None = None
) -> dict[str, Any]:
    """A diagnosis for scripts; the findings of the first explanation stand at the top, or null."""
    first = diagnosis.explanations[0].convention if diagnosis.explained else None
    found = convention_document(first) if first is not None else {}
    mistakes = None if intended is None else list(diagnosis.mistakes(intended))
    return {
        "version": DOCUMENT_VERSION,
        "explained": diagnosis.explained,
        "unfiltered": diagnosis.unfiltered,
        "operations": [str(operation) if operation else "neither" for operation in diagnosis.operations],
        **found,
        "assumed": diagnosis.assumed,
        "proves_nothing": diagnosis.proves_nothing,
        "possible_results": diagnosis.chance.possible or None,
        "reached_results": diagnosis.chance.given if diagnosis.chance.possible else None,
        "as_expected": None if mistakes is None else not mistakes,
        "mistakes": mistakes,
        "further_ways": diagnosis.more,
        "untried": diagnosis.untried or None,
        "candidates": [
            {
                "explains": way.explains,
                **convention_document(way.convention),
                "anchor_cell": list(way.convention.anchor_cell(diagnosis.kernel.shape)),
                "also": [operation_words(it) for it in way.also],
                "treatment": str(way.treatment),
                "other_borders": _other_borders(way).split(", ") if _other_borders(way) else [],
                "roundings": list(map(str, _roundings(way))),
                "within": way.within,
                "differing_share": way.deviation.share,
                "max_difference": way.deviation.largest,
                "rmse": way.deviation.rmse,
                "where": way.deviation.where or None,
                "first_difference": list(way.deviation.first) if way.deviation.first else None,
                "on_a_rounding_edge": way.deviation.edges,
                "equivalent": lines.get(number),
            }
            for number, way in enumerate(diagnosis.ways)
        ],
    }
