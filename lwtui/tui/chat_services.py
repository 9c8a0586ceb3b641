"""What the app needs for Chat: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lwtui.backend.protocol import Chunk, Finished
    from lwtui.jobs import JobContext


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


class ChatServices(Protocol):
    """Everything may block and is called in workers only. Errors for users are ``LwtuiError``."""

    def default_learnware(self) -> str:
        """Id of the learnware a chat starts with when the user has chosen none; may be empty."""

    def open_chat(self, learnware_id: str, context: JobContext) -> ChatHandle: ...
