"""A library's own words for what lies outside the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corrconv.core.convention.model import BorderRule, Borders
from corrconv.errors import CorrconvError


@dataclass(frozen=True)
class BorderWords:
    """The words of one library, by which one of its settings chooses a border rule.

    option: the setting. words: what each means; of two for one rule the first is written. fill: the setting for the
    constant outside, or empty where it is always 0.
    """

    option: str
    words: Mapping[Any, BorderRule]
    fill: str = ""

    def borders(self, word: Any, fill: float = 0.0) -> Borders:
        """What a word means on all four sides. Raises CorrconvError with the words that there are."""
        if word not in self.words:
            known = ", ".join(map(str, self.words))
            raise CorrconvError(f"{self.option}={word} is no border there; it has {known}")
        return Borders.uniform(self.words[word], float(fill))

    def settings(self, borders: Borders | None) -> dict[str, Any]:
        """The settings that give these borders; none where it has no word for them, or where they do not matter."""
        side = borders.shared if borders else None
        if side is None:
            return {}
        word = next((word for word, rule in self.words.items() if rule is side.rule), None)
        if word is None or (side.fill != 0 and not self.fill):
            return {}
        return {self.option: word, **({self.fill: side.fill} if side.fill else {})}
