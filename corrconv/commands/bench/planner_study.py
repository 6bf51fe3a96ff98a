"""Is the planner's engine the quickest? Every engine on a grid of works, in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corrconv.commands.bench.study import engine_runs, time_in_turns
from corrconv.core.decision import prepare_filtering
from corrconv.core.terms import Engine, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corrconv.commands.bench.study import Work
    from corrconv.core.options import Options

# A choice that takes no more than this share longer than the quickest engine counts as right.
TOLERANCE = 0.15


@dataclass(frozen=True)
class EngineChoice:
    """The engine that the planner chose for one work, and the least seconds of all that were timed."""

    work: Work
    chosen: Engine
    seconds: dict[Engine, float]

    @property
    def quickest(self) -> Engine:
        """The engine with the least time."""
        return min(self.seconds, key=lambda engine: self.seconds[engine])

    @property
    def excess(self) -> float:
        """How much longer the chosen engine took than the quickest, as a share of the latter."""
        return self.seconds[self.chosen] / self.seconds[self.quickest] - 1

    @property
    def right(self) -> bool:
        """Whether the choice is within the tolerance."""
        return self.excess <= TOLERANCE


def engine_choices(works: Iterable[Work], options: Options, *, repeats: int) -> Iterator[EngineChoice]:
    """Time every engine that can do a work, and look which one is chosen."""
    for work in works:
        pixels = work.image[:, :, np.newaxis]
        chosen = prepare_filtering(pixels, work.kernel, Operation.CORRELATION, options).plan.engine
        runs = engine_runs(work, options)
        for run in runs.values():
            run()
        # The least, since few repeats of many works meet whatever else the machine does.
        yield EngineChoice(work, chosen, time_in_turns(runs, repeats, min))
