"""What the app needs from the workflow, as one small interface.

Everything here may block and is called in workers only. The real one is
``workflow_services.WorkflowServices``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from lwtui.tui.chat_services import ChatHandle, ChatServices
from lwtui.tui.chat_tool_services import ChatToolServices
from lwtui.tui.evaluation_services import EvaluationServices
from lwtui.tui.hub_services import HubServices
from lwtui.tui.match_services import DatasetView, MatchServices, Place

if TYPE_CHECKING:
    from lwtui.jobs import JobContext
    from lwtui.learnware.model import Learnware

__all__ = [
    "About", "ChatHandle", "CollectionFacts", "DatasetView", "Facets", "Format", "Place", "Query",
    "Removal", "Services", "Sort",
]  # fmt: skip


Sort = Literal["", "name", "where", "domain", "task", "base", "licence", "size", "grade", "added"]
"""Empty: the best first when there is a text, else by name."""
Format = Literal["", "peft", "safetensors", "gguf"]


@dataclass(frozen=True)
class Query:
    """What the list of learnwares is narrowed to; empty means anything."""

    text: str = ""
    """Words; near misses come after what has them."""
    domain: str = ""
    base: str = ""
    known: bool = False
    """Also learnwares of the Hub of which only the specification is here."""
    licence: str = ""
    format: Format = ""
    max_bytes: int = 0
    fits: bool = False
    """Only what runs on this machine now, with its base."""
    specified: bool = False
    """Only what can be matched."""
    sort: Sort = ""
    descending: bool = False

    @property
    def empty(self) -> bool:
        return not (self.text or self.filters)

    @property
    def filters(self) -> dict[str, Query]:
        """For every filter that is set, the query without it."""
        anything = Query()
        names = ("domain", "base", "licence", "format", "max_bytes", "fits", "specified")
        return {
            name: replace(self, **{name: getattr(anything, name)})
            for name in names
            if getattr(self, name)
        }

    @property
    def unfiltered(self) -> Query:
        """The same list with nothing hidden."""
        return Query(known=self.known, sort=self.sort, descending=self.descending)


@dataclass(frozen=True)
class Facets:
    """The values the filters offer."""

    domains: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a learnware's manifest does not say."""

    card: str = ""
    """Markdown; a stranger's."""
    runs: tuple[str, ...] = ()
    """Evaluation runs it was measured in, the newest first, one line each."""
    chats: tuple[str, ...] = ()
    """Sessions it answered in, likewise."""


@dataclass(frozen=True)
class Removal:
    """What removing learnwares would do."""

    ids: tuple[str, ...]
    freed: int
    """Bytes."""
    stays: tuple[str, ...] = ()
    """Those of ``ids`` whose weights are used where they lie, as in the Hugging Face cache."""
    refused: tuple[tuple[str, str], ...] = ()
    """(id, why) of those that cannot be removed."""


@dataclass(frozen=True)
class CollectionFacts:
    size: int
    facets: Facets
    problems: tuple[str, ...] = ()
    """Manifests that could not be read, one message each."""


class Services(
    MatchServices, ChatServices, ChatToolServices, EvaluationServices, HubServices, Protocol
):
    """The workflow as the app sees it. Errors for the user are ``LwtuiError``."""

    def collection(self) -> CollectionFacts: ...

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        """Learnwares ``offset`` to ``offset + limit`` of a query, and how many match in all."""

    def prepare_search(self, query: Query) -> None:
        """Make ready for a text being typed: the first letter is quick then."""

    def hidden(self, query: Query) -> tuple[tuple[str, int], ...]:
        """How many more each filter alone hides, by its name."""

    def learnware(self, learnware_id: str) -> Learnware: ...

    def about(self, learnware: Learnware) -> About: ...

    def plan_removal(self, ids: Sequence[str]) -> Removal: ...

    def remove(self, ids: Sequence[str], context: JobContext) -> int:
        """Take learnwares out of the collection, with their files; returns how many."""

    def restore_removed(self) -> tuple[str, ...]:
        """Put back what was removed last, if anything can be; returns the ids."""

    def machine(self) -> str:
        """Backend and device that would run a model here, in a few words."""

    def stop(self) -> None:
        """Stop whatever models are doing, at once and from any thread."""

    def close(self) -> None:
        """End every model's process. The app calls it last, whatever happened before."""
