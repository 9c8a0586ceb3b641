"""From what a bootstrap says to how often such a match was right, as an experiment measured it.

Redrawing rows tells how much the choice depends on the rows drawn. It does not tell whether the
most similar learnware is the best one: a new task may look like an old one and be another. So the
bootstrap's share is corrected by a logistic curve (Platt's scaling, with the winner's similarity
beside the share) whose constants come from ``calibration.toml``.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import tomli

_FILE = Path(__file__).with_name("calibration.toml")
EDGE = 0.001
"""How near to 0 and 1 a bootstrap's share is believed: 500 draws tell no more."""


@dataclass(frozen=True)
class Calibration:
    """Constants of one kind of requirement. Slopes are at least 0, so that more is never worse."""

    intercept: float = 0.0
    bootstrap: float = 1.0
    """Slope of the log-odds of the bootstrap's share."""
    similarity: float = 0.0
    """Slope of the winner's similarity."""
    threshold: float = -1.0
    """When the highest similarity of all is below this, nothing fits; −1: always does."""

    def __post_init__(self) -> None:
        if min(self.bootstrap, self.similarity) < 0:
            raise ValueError("The slopes of a calibration may not be negative.")

    def probability(self, share: float, similarity: float = 0.0) -> float:
        """How likely the winner is right, 0 to 1; rises with each argument.

        ``share`` of the draws that it wins, 0 to 1; its similarity, −1 to 1.
        """
        kept = min(1 - EDGE, max(EDGE, share))
        odds = (
            self.intercept
            + self.bootstrap * math.log(kept / (1 - kept))
            + self.similarity * similarity
        )
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))


IDENTITY = Calibration()


@functools.cache
def _table() -> dict[tuple[str, str, bool], Calibration]:
    entries = tomli.loads(_FILE.read_text(encoding="utf-8"))["calibration"]
    return {
        (entry.pop("space"), entry.pop("recipe"), entry.pop("answers")): Calibration(**entry)
        for entry in entries
    }


def find_calibration(space: str, recipe: str, answers: bool) -> Calibration:
    """By the space's id and whether the requirement has answers; the identity without a threshold
    where none was measured."""
    return _table().get((space, recipe, answers), IDENTITY)
