"""What workers tell the app and the screens. Workers post these and touch no widget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from lwtui.jobs import Progress
from lwtui.tui.running_job import JobState as JobState
from lwtui.tui.running_job import RunningJob as RunningJob

if TYPE_CHECKING:
    from lwtui.learnware.model import Learnware
    from lwtui.match.result import MatchResult
    from lwtui.tui.services import CollectionFacts, DatasetView


@dataclass
class JobProgressed(Message):
    """A job moved on. Only the newest one of a job in the queue counts."""

    job: RunningJob
    progress: Progress

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, JobProgressed) and message.job is self.job


@dataclass
class OpenChat(Message):
    """The user wants to talk with this learnware."""

    learnware: Learnware
    data: Path | None = None
    """The dataset it was chosen for."""
    prompt: str = ""
    """A row of it, offered as the first prompt."""


@dataclass
class OpenData(Message):
    """A folder or file was dropped on the app; ``paths`` are what that may mean."""

    paths: tuple[Path, ...]


@dataclass
class Page(Message):
    """Some rows of the collection. ``query`` numbers the search it answers."""

    query: int
    page: int
    rows: list[Learnware]
    total: int


@dataclass
class CollectionRead(Message):
    """The collection is open."""

    facts: CollectionFacts


@dataclass
class MachineKnown(Message):
    """Which backend and device this machine offers, in a few words."""

    summary: str


@dataclass
class PreviewReady(Message):
    path: Path
    view: DatasetView
    passing: bool = False
    """The user is on the way through the tree of folders: leave the focus there."""


@dataclass
class Matched(Message):
    path: Path
    result: MatchResult


@dataclass
class JobEnded(Message):
    """A job is over: done (no error), stopped (``Cancelled``) or failed."""

    job: RunningJob
    error: Exception | None


@dataclass
class Failed(Message):
    """A small task failed in a way the user can understand."""

    what: str
    error: Exception
