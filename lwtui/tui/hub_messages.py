"""What threads that ask the Hub tell the app and its screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

from lwtui.tui.messages import RunningJob

if TYPE_CHECKING:
    from lwtui.dock.record import HubModel, HubPage, UnfinishedPull
    from lwtui.tui.hub_services import PublishView, PullOffer, SubscriptionView
    from lwtui.tui.unfinished import LeftBehind


@dataclass
class JobFinished(Message):
    """A job of the app is over. ``then`` is called with what it gave."""

    job: RunningJob
    error: Exception | None
    value: Any = None
    then: Callable[[Any], None] | None = None


@dataclass
class HubAnswered(Message):
    """A page of the search with this number, or why there is none."""

    number: int
    first: bool
    page: HubPage | None
    error: Exception | None = None


@dataclass
class ModelRead(Message):
    """What the Hub's page of a model says. ``card`` is None while it is being asked for."""

    repo: str
    model: HubModel | None
    card: str | None = None
    error: Exception | None = None


@dataclass
class PullPlanned(Message):
    """What a pull would do; ``number`` counts the questions of the dialogue."""

    number: int
    offer: PullOffer | None
    error: Exception | None = None


@dataclass
class UnfinishedFound(Message):
    """Pulls of earlier sessions, what ran when they ended, and which evaluations can go on."""

    pulls: list[UnfinishedPull]
    left: LeftBehind
    runs: frozenset[str] = frozenset()


@dataclass
class Discarded(Message):
    """What an unfinished pull had fetched is gone; ``freed`` bytes."""

    job: RunningJob
    freed: int


@dataclass
class AdoptableFound(Message):
    """Models in the cache that are not in the collection; ``asked``: the user wants to know even
    if there are none."""

    models: list[HubModel]
    asked: bool = False


@dataclass
class PublishPlanned(Message):
    view: PublishView | None
    error: Exception | None = None


@dataclass
class SubscriptionsRead(Message):
    subscriptions: list[SubscriptionView]
    error: Exception | None = None
