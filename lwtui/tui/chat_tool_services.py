"""What the app needs for the tools of Chat: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lwtui.chat.session import ChatSession
    from lwtui.dataset.example import Example
    from lwtui.workflow.compare_chat import Step


@dataclass(frozen=True)
class DatasetRows:
    """The first rows of a dataset."""

    name: str
    examples: tuple[Example, ...]
    more: bool
    """There are rows after them."""
    offered: bool = False
    """Each row has options of its own to choose from, which belong into its prompt."""


class CompareHandle(Protocol):
    """Learnwares that answer the same prompts. ``stop`` and ``close`` may be called from any
    thread."""

    @property
    def sessions(self) -> Sequence[ChatSession]:
        """The conversation with each."""

    def ask(self, text: str) -> Iterator[tuple[int, Step]]:
        """Ask all, one after the other: (place, step)."""

    def again(self, place: int | None = None) -> Iterator[tuple[int, Step]]:
        """Have the last prompt answered once more, by one or by all."""

    def add(self, learnware_id: str) -> int:
        """One more; returns its place. It has heard nothing yet but the last prompt."""

    def remove(self, place: int) -> None: ...

    def keep(self, place: int) -> ChatSession:
        """Write one conversation among the chats."""

    def stop(self, place: int | None = None) -> None: ...

    def close(self) -> None: ...


class ChatToolServices(Protocol):
    """Everything may block and is called in workers only. Errors for users are ``LwtuiError``."""

    def open_comparison(
        self, learnware_ids: Sequence[str], system: str, changes: Mapping[str, object]
    ) -> CompareHandle:
        """Learnwares to compare; one alone is compared with its base. Loads nothing yet."""

    def dataset_rows(self, path: Path, count: int) -> DatasetRows:
        """The first ``count`` rows, read without reading the rest."""

    def export_chat(self, session: ChatSession, target: Path, replace: bool) -> Path:
        """Write a conversation; ``FileExistsError`` for a file that is not to be replaced."""
