"""A conversation, as plain data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Literal

from lwtui.backend.protocol import GenerationSettings, Message

TurnStatus = Literal["complete", "running", "stopped", "failed"]
"""``running``: being written; ``stopped`` and ``failed`` turns keep the text they have."""

TITLE_LENGTH = 60


def title_of(text: str) -> str:
    """A text as a title: one line of at most ``TITLE_LENGTH`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def now() -> str:
    """ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


@dataclass
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str
    learnware: str = ""
    """Who answered."""
    status: TurnStatus = "complete"
    note: str = ""
    """What the user should know: turns left out, why it failed."""
    tokens: int = 0
    seconds: float = 0.0
    created: str = field(default_factory=now)
    first: float = 0.0
    """Seconds until its first word came; 0: not known."""


@dataclass
class ChatSession:
    """A conversation with one learnware after another. ``turns`` is oldest first."""

    learnware: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    title: str = ""
    system: str = ""
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    turns: list[Turn] = field(default_factory=list)
    created: str = field(default_factory=now)
    updated: str = field(default_factory=now)
    forked_from: str = ""
    """Id of the conversation it began as a part of."""

    def messages(self) -> list[Message]:
        """What the model gets to read. Questions and answers alternate, as chat templates want it:
        a question without an answer (it failed before its first word) is left out, but for the
        last."""
        messages: list[Message] = []
        for turn in self.turns:
            if turn.role == "assistant" and not turn.content:
                continue
            if messages and messages[-1].role == turn.role == "user":
                messages.pop()
            messages.append(Message(turn.role, turn.content))
        system = [Message("system", self.system)] if self.system.strip() else []
        return [*system, *messages]

    def ask(self, text: str) -> Turn:
        """Add a question; the first names the conversation."""
        turn = Turn("user", text)
        self.turns.append(turn)
        if not self.title:
            self.title = title_of(text)
        return turn

    def take_back(self, position: int) -> str:
        """Drop the question at ``position`` and all after it; return its text, to be edited and
        asked again. Raises ``IndexError`` or ``ValueError`` if there is no question there."""
        turn = self.turns[position]
        if turn.role != "user":
            raise ValueError(f"turn {position} is an answer")
        del self.turns[position:]
        return turn.content

    def fork(self, position: int) -> ChatSession:
        """A new conversation that goes on from the turn at ``position``; this one stays as it is.

        Raises ``IndexError`` if there is no such turn.
        """
        if not 0 <= position < len(self.turns):
            raise IndexError(position)
        return ChatSession(
            self.learnware,
            title=title_of(f"{self.title} (fork)"),
            system=self.system,
            settings=self.settings,
            turns=[replace(turn) for turn in self.turns[: position + 1]],
            forked_from=self.id,
        )

    def begin_answer(self) -> Turn:
        turn = Turn("assistant", "", self.learnware, "running")
        self.turns.append(turn)
        return turn
