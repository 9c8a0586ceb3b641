"""How full a model's context is with a conversation: counted where the model has read it, else
estimated. Nothing here asks the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lwtui.backend.protocol import Finished
from lwtui.chat.session import ChatSession, Turn

BYTES_PER_TOKEN = 4.0
"""Of ordinary text, until the conversation has shown its own measure."""
A_MESSAGE = 5
"""Tokens that a chat template spends on the frame of a message, about."""
MEASURED = 20
"""Tokens of answers from which on a conversation has a measure of its own."""


@dataclass(frozen=True)
class ContextUsage:
    """Tokens of a conversation, and how many the model can hold."""

    tokens: int
    """May be more than ``length``."""
    length: int
    """0: not known."""
    exact: bool
    """Counted by the model; else a part of it, or all, is estimated."""
    room: int = 0
    """Tokens that are kept free for an answer."""
    left_out: int = 0
    """Oldest messages that the last answer was given without."""
    measure: float = BYTES_PER_TOKEN
    """Bytes of text that make a token, about."""

    def with_draft(self, draft: str) -> ContextUsage:
        """The same with the next message, as it is being typed."""
        if not draft.strip():
            return self
        return replace(self, tokens=self.tokens + _estimate(draft, self.measure), exact=False)

    @property
    def fraction(self) -> float:
        """Share of the context in use, 0 to 1."""
        return min(1.0, self.tokens / self.length) if self.length else 0.0

    @property
    def full(self) -> bool:
        """The next answer is given without the oldest messages."""
        return bool(self.length) and self.tokens > self.length - self.room


@dataclass(frozen=True)
class Counted:
    """What the model has counted at the end of an answer."""

    session: str
    system: str
    turns: int
    """Turns of the conversation that ``tokens`` covers."""
    last: str
    """The last of them, as it was."""
    tokens: int
    left_out: int

    @classmethod
    def at_end(cls, session: ChatSession, end: Finished) -> Counted:
        return cls(
            session.id,
            session.system,
            len(session.turns),
            session.turns[-1].content if session.turns else "",
            end.prompt_tokens + end.tokens,
            end.dropped_messages,
        )

    def covers(self, session: ChatSession) -> bool:
        """Whether the conversation still begins with what was counted."""
        return (
            self.session == session.id
            and self.system == session.system
            and 0 < self.turns <= len(session.turns)
            and session.turns[self.turns - 1].content == self.last
        )


def usage_of(session: ChatSession, length: int, counted: Counted | None = None) -> ContextUsage:
    """How much of ``length`` tokens the conversation takes. Costs time in proportion to what was
    not counted."""
    room = max(1, min(session.settings.max_tokens, length // 4)) if length else 0
    if counted is not None and counted.covers(session):
        rest = session.turns[counted.turns :]
        tokens, left_out = counted.tokens, counted.left_out
        exact = not rest
        measure = bytes_per_token(session.turns[-8:])
    else:
        rest, left_out = session.turns, 0
        measure = bytes_per_token(rest[-8:])
        tokens = _estimate(session.system, measure) if session.system.strip() else 0
        exact = not rest and not tokens
    tokens += sum(_estimate(turn.content, measure) for turn in rest if turn.content)
    return ContextUsage(tokens, length, exact, room, left_out, measure)


def bytes_per_token(turns: Sequence[Turn]) -> float:
    """The measure of this conversation, from answers whose tokens are known."""
    known = [turn for turn in turns if turn.role == "assistant" and turn.tokens and turn.content]
    tokens = sum(turn.tokens for turn in known)
    if tokens < MEASURED:
        return BYTES_PER_TOKEN
    size = sum(len(turn.content.encode("utf-8", "replace")) for turn in known)
    return min(16.0, max(0.5, size / tokens))


def _estimate(text: str, measure: float) -> int:
    return round(len(text.encode("utf-8", "replace")) / measure) + A_MESSAGE
