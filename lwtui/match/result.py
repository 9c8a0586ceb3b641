"""What a match is, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lwtui.learnware.model import Learnware

if TYPE_CHECKING:
    from lwtui.spec.specification import Specification


def percent(probability: float) -> str:
    """A probability for people; never the certainty that nothing here gives."""
    whole = round(100 * probability)
    return "over 99 %" if whole > 99 else "under 1 %" if whole < 1 else f"{whole} %"


@dataclass(frozen=True)
class Filters:
    """What a match must satisfy; empty means anything."""

    domain: str = ""
    base: str = ""
    licence: str = ""
    language: str = ""
    max_bytes: int = 0
    """Size of the model's files together with its base's."""
    here: bool = False
    """Only what can run now: nothing that is only known."""


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
    interval: tuple[float, float] | None = None
    """Holds the similarity of 90 % of the redrawn requirements; None when rows are not known."""
    measured_loss: float | None = None
    """Mean answer loss in nats/token on held-back rows of the user's own data, when verified."""
    measured_rows: int = 0
    """How many rows that were: a learnware that fell behind early has seen fewer."""
    expected_gain: float | None = None
    """How much lower than its base's its mean answer loss is expected to be on this data,
    nats/token; None when no learnware here was measured on the space's anchors."""
    assumed: bool = False
    """It was not measured itself: its gain to expect follows from its similarity and from what
    others gained."""
    cost: int | None = 0
    """Bytes to fetch before it runs here, with its base: 0 when it is here, None when not known."""
    fits: bool | None = None
    """Its weights and its base's go into this machine's memory; None when not known."""

    @property
    def id(self) -> str:
        return self.learnware.id

    @property
    def value(self) -> float:
        """What matches are ordered by."""
        return self.similarity if self.expected_gain is None else self.expected_gain


@dataclass(frozen=True)
class DomainShare:
    """A domain's ``share`` of the similarity of the nearest learnwares, 0 to 1, and how many of
    them have it; see :func:`lwtui.match.why.domain_shares`."""

    domain: str
    """Empty: the learnware does not say."""
    share: float
    learnwares: int


@dataclass(frozen=True)
class Verification:
    """What ``--verify`` did."""

    rows: int
    """Rows with an answer that were held back."""
    learnwares: int
    """Learnwares that were run, the base not counted."""
    base_loss: float | None
    """Mean answer loss of the bare base model on the same rows, nats/token."""
    seconds: float
    winner_only: bool = False
    """A clear match: only the winner and its twins were run, and the base."""
    evaluations: int = 0
    """Rows run, summed over the learnwares and the base."""
    left_out: tuple[str, ...] = ()
    """Ids of those among the best that cannot be run on this machine."""
    not_here: tuple[str, ...] = ()
    """Ids of those among the best whose weights are not on this machine."""


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

    probability: float | None = None
    """That what is selected is right: calibrated from redrawn rows; after a verification, that its
    loss is the lowest measured. None when it cannot be told."""
    abstained: bool = False
    """Nothing in the collection fits: the bare base is selected and not the first match."""
    reason: str = ""
    """Why it abstained, in a clause without a full stop."""
    base: Learnware | None = None
    """What the first match that is here builds on, if that is here; the safer choice when nothing
    fits."""
    best_here: Match | None = None
    """The best that can run now, where it may not be among ``matches``."""
    domains: tuple[DomainShare, ...] = ()
    """What the data is like, of the nearest of all that were ranked."""
    rows_seen: int | None = None
    """Usable rows of the dataset, of which ``rows`` were drawn; None when not known."""
    specification: Specification | None = field(default=None, compare=False, repr=False)
    """The requirement itself, to be saved and matched again."""

    @property
    def selected(self) -> str | None:
        """Id of the best match, which may have to be fetched first; of the bare base when nothing
        fits."""
        if self.abstained:
            return self.base.id if self.base is not None else None
        return self.matches[0].id if self.matches else None

    @property
    def runnable(self) -> str | None:
        """Id of what to use now, without fetching anything: :attr:`selected` if that is here, else
        the best match that is."""
        if self.abstained or not self.matches or self.matches[0].learnware.pulled:
            return self.selected
        return self.first_here.id if self.first_here is not None else None

    @property
    def first_here(self) -> Match | None:
        """The best match that can run now."""
        here = (match for match in self.matches if match.learnware.pulled)
        return self.best_here or next(here, None)

    @property
    def to_fetch(self) -> Match | None:
        """The first match, when it is not on this machine and something fits."""
        if self.abstained or not self.matches or self.matches[0].learnware.pulled:
            return None
        return self.matches[0]

    @property
    def advice(self) -> str:
        """Why nothing fits and what to do instead, in two sentences; empty when something does."""
        if not self.abstained:
            return ""
        if self.base is None:
            return f"{self.reason}. Its base is not in the collection: look for another model."
        return f"{self.reason}. The bare base {self.base.id} is the safer choice."
