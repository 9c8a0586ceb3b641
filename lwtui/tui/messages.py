"""What workers tell the app and the screens. Workers post these and touch no widget."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual.message import Message

from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, Progress

if TYPE_CHECKING:
    from lwtui.backend.protocol import Finished
    from lwtui.learnware.model import Learnware
    from lwtui.match.result import MatchResult
    from lwtui.tui.services import ChatHandle, CollectionFacts, DatasetView


JobState = Literal["running", "paused", "done", "stopped", "failed"]


class RunningJob:
    """A long job of the app: what the header and the list of jobs show, and what quitting stops."""

    def __init__(self, title: str, mode: str = "match", unit: str = "rows") -> None:
        """``mode``: the screen it belongs to; ``unit``: what its progress counts."""
        self.title = title
        self.mode = mode
        self.unit = unit
        self.cancel = CancelToken()
        self.progress: Progress | None = None
        self.state: JobState = "running"
        self.message = ""
        """Why it failed."""
        self._started = time.monotonic()
        self._seconds: float | None = None

    @property
    def percent(self) -> str:
        """``43%``, or empty while the total is unknown."""
        fraction = self.progress.fraction if self.progress else None
        return f"{fraction:.0%}" if fraction is not None else ""

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    def advance(self, progress: Progress) -> None:
        """Take a report."""
        self.progress = progress

    @property
    def speed(self) -> float | None:
        """Units a second, as far as it can be told."""
        progress = self.progress
        if progress is None or not progress.total or progress.elapsed < 0.5 or not progress.done:
            return None
        return progress.done / progress.elapsed

    @property
    def remaining(self) -> float | None:
        """Seconds left, estimated."""
        return self.progress.remaining if self.progress is not None else None

    def restart(self) -> None:
        """It runs once more."""
        self.state = "running"
        self.message = ""
        self._started = time.monotonic()
        self._seconds = None

    def end(self, error: Exception | None) -> None:
        self._seconds = self.seconds
        stopped = isinstance(error, Cancelled)
        self.state = "done" if error is None else "stopped" if stopped else "failed"
        self.message = "" if error is None or stopped else str(error)


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


@dataclass
class ChatOpened(Message):
    learnware: Learnware
    chat: ChatHandle


@dataclass
class Streamed(Message):
    """A piece of the answer number ``turn``; ``tokens`` were generated so far."""

    turn: int
    text: str
    tokens: int


@dataclass
class AnswerEnded(Message):
    """The answer is over: ``finished`` when the stream ended, ``error`` when it broke."""

    turn: int
    finished: Finished | None
    error: Exception | None = None
