"""What the app needs of the Hub: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from lwtui.dock.record import HubModel, HubPage, HubQuery, PullPlan, UnfinishedPull
    from lwtui.jobs import JobContext
    from lwtui.learnware.model import Learnware

Method = Literal["auto", "published", "datasets", "answers"]
"""Where the specification of a model that has none is taken from."""


@dataclass(frozen=True)
class Choice:
    """One quantisation of a GGUF repository."""

    name: str
    size: int
    """Bytes."""
    fits: bool
    """In the memory that is free now."""
    advised: bool = False


@dataclass(frozen=True)
class PullOffer:
    """What a pull would do, and what else could be pulled from the same repository."""

    plan: PullPlan
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class UpdateView:
    """A pulled learnware of which the Hub has a newer revision."""

    id: str
    here: str
    there: str
    """Commits; ``there`` is empty when the Hub no longer has it."""
    changed: tuple[tuple[str, str, int], ...]
    """(``added``, ``changed`` or ``removed``; path; bytes) of each file."""
    note: str = ""


@dataclass(frozen=True)
class PublishRequest:
    """What the form says."""

    learnware: str
    to: str
    private: bool = False
    base: str = ""
    """Repository of its base on the Hub, if it has another name there."""
    as_base: bool = False
    """A whole model for adapters to build on, without a specification."""


@dataclass(frozen=True)
class PublishFile:
    """One file that would be sent."""

    path: str
    size: int
    """Bytes."""
    sha256: str
    status: str = "new"
    """``new``, ``replaces`` or ``same`` as what the repository has."""
    origin: str = ""
    """Where it comes from, in words."""


@dataclass(frozen=True)
class PublishView:
    """Exactly what would leave this machine."""

    to: str
    private: bool
    files: tuple[PublishFile, ...]
    warnings: tuple[str, ...] = ()
    new: bool = True
    """The repository does not exist yet and is made."""
    user: str = ""
    """Whom the token belongs to."""
    to_send: int = 0
    """Bytes that are not there yet."""
    plan: Any = None
    """The workflow's own; handed back to :meth:`HubServices.publish` as it is."""


@dataclass(frozen=True)
class SubscriptionView:
    """An index that is subscribed to."""

    repo: str
    learnwares: int = 0
    revision: str = ""
    updated: str = ""
    """When it was read last, ISO 8601."""


@dataclass(frozen=True)
class KnownReport:
    """What reading indexes has done."""

    learnwares: int
    """Known from them now."""
    problems: tuple[str, ...] = ()
    """Why some were left out, or could not be read."""


class HubServices(Protocol):
    """Everything may block, on a network too, and is called in threads only. Errors for the user
    are ``LwtuiError``."""

    def search_hub(self, query: HubQuery, cursor: str, fresh: bool) -> HubPage:
        """A page of models; of an empty query the catalogue."""

    def hub_model(self, repo: str) -> HubModel:
        """All about one model, with its files."""

    def hub_card(self, repo: str, revision: str) -> str:
        """The text of its card, in Markdown; a stranger's."""

    def here(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these whose weights are on this machine."""

    def free_memory(self) -> int:
        """Bytes for a model that is to run here."""

    def plan_pull(
        self, repo: str, revision: str, quantisation: str, context: JobContext
    ) -> PullOffer: ...

    def pull(self, repo: str, revision: str, quantisation: str, context: JobContext) -> Learnware:
        """Fetch and register; a cancel leaves what was fetched, and the same call goes on."""

    def unfinished_pulls(self) -> list[UnfinishedPull]: ...

    def discard_pull(self, repo: str) -> int:
        """Remove what an unfinished pull has fetched; returns the bytes freed."""

    def adoptable(self) -> list[HubModel]:
        """Models in the Hugging Face cache that are no learnwares here yet."""

    def adopt(self, repos: Sequence[str], context: JobContext) -> list[Learnware]: ...

    def updates(self, context: JobContext) -> list[UpdateView]: ...

    def specify_learnware(
        self, learnware_id: str, method: Method, context: JobContext
    ) -> Learnware: ...

    def convert(self, learnware_id: str, context: JobContext) -> Learnware: ...

    def plan_publish(self, request: PublishRequest, context: JobContext) -> PublishView: ...

    def publish(self, view: PublishView, context: JobContext) -> str:
        """Send what is on the view and nothing else; returns the address."""

    def subscriptions(self) -> list[SubscriptionView]: ...

    def subscribe(self, repo: str, context: JobContext) -> KnownReport: ...

    def unsubscribe(self, repo: str) -> int:
        """Returns how many learnwares were forgotten."""

    def refresh_indexes(self, context: JobContext) -> KnownReport:
        """Read every index anew, and what the Hub tags as learnwares."""
