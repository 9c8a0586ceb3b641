"""A match as it is remembered: what was ranked, when and how sure, without the learnwares."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lwtui.errors import BadInput
from lwtui.match.result import Match, MatchResult

KEPT = 100
"""Of a longer ranking the best this many are remembered."""


@dataclass(frozen=True)
class Ranked:
    """One place of it."""

    id: str
    similarity: float
    """Cosine, -1 to 1."""
    score: float = 0.0
    expected_gain: float | None = None
    """Nats/token."""
    measured_loss: float | None = None
    """Nats/token on rows held back, when it was verified."""


@dataclass(frozen=True)
class Ranking:
    """What one match found, best first."""

    dataset: str
    space: str
    recipe: str
    rows: int
    """Rows of the dataset that were specified."""
    confidence: str
    matches: tuple[Ranked, ...]
    selected: str = ""
    """Empty: nothing was to be recommended."""
    probability: float | None = None
    abstained: bool = False
    when: str = ""
    """ISO 8601 with time zone; empty: not known."""

    @classmethod
    def of(cls, result: MatchResult, when: str = "") -> Ranking:
        """What is remembered of a result, ``when`` being now unless given."""
        return cls(
            dataset=result.dataset,
            space=result.space,
            recipe=result.recipe,
            rows=result.rows,
            confidence=result.confidence,
            matches=tuple(_ranked(match) for match in result.matches[:KEPT]),
            selected=result.selected or "",
            probability=result.probability,
            abstained=result.abstained,
            when=when or now(),
        )

    @property
    def best(self) -> Ranked | None:
        return self.matches[0] if self.matches else None

    def to_facts(self) -> dict[str, Any]:
        """As JSON, named as ``lwtui match --json`` names it."""
        return {
            "when": self.when,
            "dataset": self.dataset,
            "space": self.space,
            "recipe": self.recipe,
            "rows": self.rows,
            "confidence": self.confidence,
            "probability": self.probability,
            "abstained": self.abstained,
            "selected": self.selected or None,
            "matches": [
                {
                    "id": each.id,
                    "similarity": each.similarity,
                    "score": each.score,
                    "expected_gain": each.expected_gain,
                    "measured_loss": each.measured_loss,
                }
                for each in self.matches
            ],
        }


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def _ranked(match: Match) -> Ranked:
    return Ranked(match.id, match.similarity, match.score, match.expected_gain, match.measured_loss)


def ranking_from(facts: object, where: Path | str | None = None) -> Ranking:
    """Read what :meth:`Ranking.to_facts` or ``lwtui match --json`` wrote. Raises ``BadInput`` that
    names the field; ``where`` is the file it stands in."""
    if not isinstance(facts, Mapping):
        raise BadInput("This is no match: an object was expected.", file=where)
    texts = {name: _text(facts, name, where) for name in ("dataset", "space", "recipe")}
    rows = facts.get("rows")
    listed = facts.get("matches")
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        raise BadInput("Not a number of rows.", file=where, field="rows")
    if not isinstance(listed, list):
        raise BadInput("Not a list.", file=where, field="matches")
    confidence = facts.get("confidence")
    selected = facts.get("selected")
    when = facts.get("when")
    return Ranking(
        **texts,
        rows=rows,
        confidence=confidence if isinstance(confidence, str) else "none",
        matches=tuple(_read(each, number, where) for number, each in enumerate(listed[:KEPT])),
        selected=selected if isinstance(selected, str) else "",
        probability=_number(facts.get("probability")),
        abstained=facts.get("abstained") is True,
        when=when if isinstance(when, str) else "",
    )


def _read(facts: object, number: int, where: Path | str | None) -> Ranked:
    name = facts.get("id") if isinstance(facts, Mapping) else None
    if not isinstance(facts, Mapping) or not isinstance(name, str) or not name:
        raise BadInput("A match without an id.", file=where, field=f"matches[{number}]")
    similarity = _number(facts.get("similarity"))
    if similarity is None:
        raise BadInput("Not a number.", file=where, field=f"matches[{number}].similarity")
    return Ranked(
        name,
        similarity,
        _number(facts.get("score")) or 0.0,
        _number(facts.get("expected_gain")),
        _number(facts.get("measured_loss")),
    )


def _text(facts: Mapping[str, Any], name: str, where: Path | str | None) -> str:
    value = facts.get(name)
    if not isinstance(value, str):
        raise BadInput("Not a text.", file=where, field=name)
    return value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
