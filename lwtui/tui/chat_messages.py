"""What the workers of Chat tell its screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lwtui.backend.protocol import Finished
    from lwtui.chat.find import Found
    from lwtui.chat.store import SessionSummary
    from lwtui.learnware.model import Learnware
    from lwtui.tui.chat_services import ChatHandle
    from lwtui.tui.running_job import RunningJob


@dataclass
class ModelLoaded(Message):
    job: RunningJob
    chat: ChatHandle


@dataclass
class DefaultFound(Message):
    """Who answers a prompt when nobody was chosen."""

    learnware: Learnware
    prompt: str


@dataclass
class Written(Message):
    """There are new pieces of the answer number ``turn``."""

    turn: int


@dataclass
class AnswerEnded(Message):
    """The answer is over: ``finished`` when the stream ended, ``error`` when it broke."""

    turn: int
    finished: Finished | None
    error: Exception | None = None


@dataclass
class SessionsRead(Message):
    """Conversations from ``offset`` on, or what a search found; ``question`` numbers it."""

    question: int
    offset: int
    sessions: list[SessionSummary]
    found: list[Found] | None = None


@dataclass
class SessionsChanged(Message):
    """One was renamed, deleted or brought back."""
