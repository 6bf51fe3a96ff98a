"""The blur that was found, as text and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text

from corrconv.commands.diagnose.way import Treatment
from corrconv.core.convention.gaussian import EIGHT_BIT_UNIT
from corrconv.core.convention.numbers import Rounding
from corrconv.drawing.conventions import number_words, scale_words
from corrconv.drawing.documents import DOCUMENT_VERSION
from corrconv.drawing.folding import copied, hanging

if TYPE_CHECKING:
    from corrconv.commands.diagnose.gaussian_study import Blur, BlurDiagnosis


def blur_text(diagnosis: BlurDiagnosis, line: str | None) -> Text:
    """The blur that gives the result, or the sigma that comes nearest. line: the command that was run and gave it."""
    text = Text()
    if not diagnosis.blurs:
        text.append("not explained as a Gaussian blur; closest:\n", style="red")
        text.append(
            f"  sigma {diagnosis.nearest_sigma:.4g}, size {diagnosis.nearest_size}: off by {diagnosis.off:.3g} on the"
            " average (root mean square), inside"
        )
        return text
    blur = diagnosis.blurs[0]
    text.append("explained to the last pixel\n" if not blur.way.deviation.edges else "explained up to rounding edges\n")
    text.stylize("green")
    text.append("  Gaussian blur\n", style="bold")
    for name, value in _lines(diagnosis, blur).items():
        text.append(hanging(f"    {name:<10}", value) + "\n")
    text.append(copied(f"    {'the same':<10}", line or "no single apply line"))
    return text


def _lines(diagnosis: BlurDiagnosis, blur: Blur) -> dict[str, str]:
    sizes = [str(other.size) for other in diagnosis.blurs[1:]]
    lines = {
        "sigma": _table_words(blur) if blur.sigma is None else f"{blur.sigma:g}",
        "size": f"{blur.size}x{blur.size}" + (f" ({', '.join(sizes)} would do as well)" if sizes else ""),
        "border": " or ".join(_borders(blur)),
    }
    if blur.way.convention.gain != 1:
        lines["scale"] = scale_words(blur.way.convention)
    if blur.way.convention.numbers.rounding is not Rounding.NONE:
        lines["numbers"] = number_words(blur.way.convention)
    if blur.way.treatment is not Treatment.NONE:
        lines["sums"] = str(blur.way.treatment)
    if blur.way.deviation.edges:
        lines["edges"] = f"{blur.way.deviation.edges:,} of {blur.way.deviation.results:,} values lie on a rounding edge"
    for other in diagnosis.blurs:
        if other.rules:
            lines.setdefault("size as", f"{other.size}: {'; '.join(other.rules)}")
    return lines


def _table_words(blur: Blur) -> str:
    """The weights along an axis that OpenCV takes for a size, in whole numbers."""
    table = np.rint(blur.kernel.weights.sum(axis=1) * EIGHT_BIT_UNIT).astype(int)
    return f"none: the weights {' '.join(map(str, table // np.gcd.reduce(table)))} along each axis, OpenCV's own"


def _borders(blur: Blur) -> tuple[str, ...]:
    rules = blur.way.alternatives["top"] or ()
    return tuple(dict.fromkeys(map(str, rules)))


def blur_document(diagnosis: BlurDiagnosis, line: str | None) -> dict[str, Any]:
    """The blur for scripts."""
    return {
        "version": DOCUMENT_VERSION,
        "explained": diagnosis.explained,
        "nearest": {"sigma": diagnosis.nearest_sigma, "size": diagnosis.nearest_size, "rmse": diagnosis.off},
        "blurs": [
            {
                "sigma": blur.sigma,
                "size": blur.size,
                "boundaries": list(_borders(blur)),
                "rounding": str(blur.way.convention.numbers.rounding),
                "treatment": str(blur.way.treatment),
                "on_a_rounding_edge": blur.way.deviation.edges,
                "rules": list(blur.rules),
            }
            for blur in diagnosis.blurs
        ],
        "equivalent": line,
    }
