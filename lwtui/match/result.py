"""What a match is, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from lwtui.learnware.model import Learnware


@dataclass(frozen=True)
class Filters:
    """What a match must satisfy; empty means anything."""

    domain: str = ""
    base: str = ""
    licence: str = ""
    language: str = ""
    max_bytes: int = 0
    """Size of the model's files together with its base's."""


@dataclass(frozen=True)
class Match:
    """One ranked learnware."""

    learnware: Learnware
    similarity: float
    """Cosine of the centred specifications, -1 to 1."""
    score: float
    """softmax([similarity, 0] / 0.1)[0], 0 to 1, as the ``learnware`` package shows it."""
    parts: dict[str, float] = field(default_factory=dict)
    """Cosine of each part (``prompt``, ``answer``)."""
    measured_loss: float | None = None
    """Mean answer loss in nats/token on held-back rows of the user's own data, when verified."""

    @property
    def id(self) -> str:
        return self.learnware.id


@dataclass(frozen=True)
class Verification:
    """What ``--verify`` did."""

    rows: int
    learnwares: int
    base_loss: float | None
    """Mean answer loss of the bare base model on the same rows, nats/token."""
    seconds: float


@dataclass(frozen=True)
class MatchResult:
    """A requirement, ranked. ``matches`` is best first and may be empty."""

    dataset: str
    """Name of the folder or specification file (no path)."""
    space: str
    recipe: str
    rows: int
    matches: tuple[Match, ...]
    confidence: str
    """``clear``, ``close call`` or ``none`` (nothing to choose from)."""
    skipped: int = 0
    """Learnwares left out: no specification in this space and recipe, or filtered away."""
    verification: Verification | None = None
    rows_skipped: int = 0
    """Rows of the dataset that could not be read."""
    problems: tuple[str, ...] = ()
    """Why, for the first of them: ``file:line: message``."""
    seconds: float = 0.0
    """What the specification took."""

    @property
    def selected(self) -> str | None:
        """Id of the best match."""
        return self.matches[0].id if self.matches else None
