"""What the app needs from the workflow, as one small interface.

Everything here may block and is called in workers only. The real one is
``workflow_services.WorkflowServices``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lwtui.tui.chat_services import ChatHandle, ChatServices
from lwtui.tui.evaluation_services import EvaluationServices
from lwtui.tui.hub_services import HubServices
from lwtui.tui.match_services import DatasetView, MatchServices, Place

if TYPE_CHECKING:
    from lwtui.learnware.model import Learnware

__all__ = [
    "ChatHandle", "CollectionFacts", "DatasetView", "Facets", "Place", "Query", "Services",
]  # fmt: skip


@dataclass(frozen=True)
class Query:
    """What the list of learnwares is narrowed to; empty means anything."""

    text: str = ""
    domain: str = ""
    base: str = ""
    known: bool = False
    """Also learnwares of the Hub of which only the specification is here."""

    @property
    def empty(self) -> bool:
        return not (self.text or self.domain or self.base)


@dataclass(frozen=True)
class Facets:
    """The values the filters offer."""

    domains: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()


@dataclass(frozen=True)
class CollectionFacts:
    size: int
    facets: Facets
    problems: tuple[str, ...] = ()
    """Manifests that could not be read, one message each."""


class Services(MatchServices, ChatServices, EvaluationServices, HubServices, Protocol):
    """The workflow as the app sees it. Errors for the user are ``LwtuiError``."""

    def collection(self) -> CollectionFacts: ...

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        """Learnwares ``offset`` to ``offset + limit`` of a query, and how many match in all."""

    def learnware(self, learnware_id: str) -> Learnware: ...

    def machine(self) -> str:
        """Backend and device that would run a model here, in a few words."""

    def stop(self) -> None:
        """Stop whatever models are doing, at once and from any thread."""

    def close(self) -> None:
        """End every model's process. The app calls it last, whatever happened before."""
