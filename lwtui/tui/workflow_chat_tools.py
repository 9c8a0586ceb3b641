"""The tools of Chat for the app, done by the workflow. Every import of it waits until needed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.tui.chat_tool_services import CompareHandle, DatasetRows

if TYPE_CHECKING:
    from lwtui.chat.session import ChatSession
    from lwtui.learnware.collection import Collection
    from lwtui.workflow.compare_chat import Comparison


class WorkflowChatTools(ABC):
    """Implements :class:`lwtui.tui.chat_tool_services.ChatToolServices`."""

    def __init__(self) -> None:
        self._comparing = threading.Lock()
        self._comparisons: list[Comparison] = []

    @abstractmethod
    def _open(self) -> Collection: ...

    @abstractmethod
    def rest_chat(self) -> None:
        """Free the memory of the chat's model, if it is not answering."""

    def open_comparison(
        self, learnware_ids: Sequence[str], system: str, changes: Mapping[str, object]
    ) -> CompareHandle:
        from lwtui.workflow.compare_chat import Comparison, participants_of

        collection = self._open()
        comparison = Comparison.open(
            participants_of(collection, learnware_ids),
            system=system,
            changes=changes,
            collection=collection,
            make_room=self.rest_chat,
        )
        with self._comparing:
            self._comparisons = [each for each in self._comparisons if not each.closed]
            self._comparisons.append(comparison)
        return comparison

    def stop_comparisons(self) -> None:
        """Stop what they write, at once and from any thread."""
        for comparison in list(self._comparisons):
            comparison.stop()

    def close_comparisons(self) -> None:
        """End every model's process."""
        with self._comparing:
            comparisons, self._comparisons = self._comparisons, []
        for comparison in comparisons:
            comparison.close()

    def dataset_rows(self, path: Path, count: int) -> DatasetRows:
        from lwtui.workflow.dataset_rows import first_rows

        rows = first_rows(path, count)
        return DatasetRows(rows.name, rows.examples, rows.more, rows.offered)

    def export_chat(self, session: ChatSession, target: Path, replace: bool) -> Path:
        from lwtui.workflow.export_chat import export_chat

        return export_chat(session, target, replace=replace)
