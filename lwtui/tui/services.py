"""What the app needs from the workflow, as one small interface.

Everything here may block and is called in workers only. The real one is
``workflow_services.WorkflowServices``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lwtui.tui.evaluation_services import EvaluationServices
from lwtui.tui.hub_services import HubServices

if TYPE_CHECKING:
    from lwtui.backend.protocol import Chunk, Finished
    from lwtui.dataset.example import Example, Problem
    from lwtui.jobs import JobContext
    from lwtui.learnware.model import Learnware
    from lwtui.match.result import MatchResult


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


@dataclass(frozen=True)
class Place:
    """A folder offered to the user."""

    label: str
    path: Path
    kind: str
    """``recent`` or ``demo``."""


@dataclass(frozen=True)
class DatasetView:
    """The beginning of a dataset."""

    name: str
    layout: str
    """Kind of layout found: ``alpaca``, ``messages``…"""
    fields: tuple[tuple[str, str], ...]
    """What each column of the preview is called in the files: (role, column's name)."""
    examples: tuple[Example, ...]
    files: int = 0
    rows: int | None = None
    """Estimated number of rows; None when it cannot be told."""
    skipped: int = 0
    problems: tuple[Problem, ...] = ()


class ChatHandle(Protocol):
    """A chat with one learnware. ``stop`` and ``close`` may be called from any thread."""

    reason: str
    """Why this backend runs it."""

    @property
    def where(self) -> str:
        """Backend and device, ``llama_cpp/cpu``; empty before the model is loaded."""

    def ask(self, text: str) -> Iterator[Chunk | Finished]: ...

    def regenerate(self) -> Iterator[Chunk | Finished]: ...

    def clear(self) -> None:
        """Begin a new session with the same model."""

    def stop(self) -> None: ...

    def close(self) -> None: ...


class Services(EvaluationServices, HubServices, Protocol):
    """The workflow as the app sees it. Errors for the user are ``LwtuiError``."""

    def collection(self) -> CollectionFacts: ...

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        """Learnwares ``offset`` to ``offset + limit`` of a query, and how many match in all."""

    def learnware(self, learnware_id: str) -> Learnware: ...

    def default_learnware(self) -> str:
        """Id of the learnware a chat starts with when the user has chosen none; may be empty."""

    def machine(self) -> str:
        """Backend and device that would run a model here, in a few words."""

    def places(self) -> list[Place]: ...

    def remember(self, path: Path) -> None:
        """Offer this folder among the recent ones next time."""

    def preview(self, path: Path) -> DatasetView: ...

    def match(self, path: Path, *, verify: int, context: JobContext) -> MatchResult: ...

    def open_chat(self, learnware_id: str, context: JobContext) -> ChatHandle: ...

    def stop(self) -> None:
        """Stop whatever models are doing, at once and from any thread."""

    def close(self) -> None:
        """End every model's process. The app calls it last, whatever happened before."""
