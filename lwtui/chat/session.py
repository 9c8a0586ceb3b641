"""A conversation, as plain data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from lwtui.backend.protocol import GenerationSettings, Message

TurnStatus = Literal["complete", "running", "stopped", "failed"]
"""``running``: being written; ``stopped`` and ``failed`` turns keep the text they have."""

TITLE_LENGTH = 60


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
            line = " ".join(text.split())
            self.title = line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"
        return turn

    def begin_answer(self) -> Turn:
        turn = Turn("assistant", "", self.learnware, "running")
        self.turns.append(turn)
        return turn
