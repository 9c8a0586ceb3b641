"""What the app needs for Chat: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lwtui.backend.protocol import Chunk, Finished, GenerationSettings, ModelReady
    from lwtui.chat.find import Found
    from lwtui.chat.session import ChatSession
    from lwtui.chat.store import SessionSummary
    from lwtui.jobs import JobContext
    from lwtui.learnware.model import Learnware
    from lwtui.workflow.chat_context import ContextUsage


class ChatHandle(Protocol):
    """A conversation with a loaded model. ``stop`` and ``close`` may be called from any thread."""

    session: ChatSession
    """Another one may be put here while no answer streams: the same model goes on with it."""
    ready: ModelReady | None
    """What was loaded."""
    suggested: GenerationSettings
    """As the learnware's task suggests."""
    reason: str
    """Why this backend runs it."""

    @property
    def where(self) -> str:
        """Backend and device, ``llama_cpp/cpu``; empty before the model is loaded."""

    @property
    def usage(self) -> ContextUsage:
        """How full the context is; asks no model."""

    def ask(self, text: str) -> Iterator[Chunk | Finished]: ...

    def regenerate(self) -> Iterator[Chunk | Finished]: ...

    def go_on(self) -> Iterator[Chunk | Finished]:
        """What follows in the last answer, which was stopped or cut."""

    def edit(self, position: int, text: str) -> Iterator[Chunk | Finished]:
        """Ask the question at ``position`` in other words; it and all that came after it go."""

    def clear(self) -> None:
        """Begin a new session with the same model."""

    def configure(self, settings: GenerationSettings | None = None, **changes: object) -> None: ...

    def set_system(self, text: str) -> None: ...

    def remark(self, text: str) -> None:
        """Note something about the last answer."""

    def stop(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class SessionView:
    """A conversation as it is on disk."""

    session: ChatSession
    learnware: Learnware | None
    """Who would answer; None: it is gone, or a model of a server."""
    gone: str = ""
    """Why nobody can answer, in a sentence; empty: somebody can."""


class ChatServices(Protocol):
    """Everything may block and is called in workers only. Errors for users are ``LwtuiError``."""

    def default_learnware(self) -> str:
        """Id of the learnware a chat starts with when the user has chosen none; may be empty."""

    def open_chat(
        self, learnware_id: str, context: JobContext, session: ChatSession | None = None
    ) -> ChatHandle:
        """Load a model, for a new conversation or to go on with ``session``."""

    def sessions(self, offset: int, limit: int) -> list[SessionSummary]:
        """Conversations, the last used first."""

    def find_messages(self, text: str) -> list[Found]:
        """Messages of all conversations that hold every word of ``text``, best first."""

    def open_session(self, session_id: str) -> SessionView: ...

    def save_session(self, session: ChatSession) -> None:
        """Write it as it is now, such as one that begins as a part of another."""

    def rename_session(self, session_id: str, title: str) -> None: ...

    def delete_session(self, session_id: str) -> None:
        """Move it to the trash."""

    def restore_session(self, session_id: str) -> None: ...
