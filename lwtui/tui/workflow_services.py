"""The app's services, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lwtui.tui.workflow_browse import WorkflowBrowse
from lwtui.tui.workflow_chat import WorkflowChat
from lwtui.tui.workflow_chat_tools import WorkflowChatTools
from lwtui.tui.workflow_evaluation import WorkflowEvaluation
from lwtui.tui.workflow_hub import WorkflowHub
from lwtui.tui.workflow_match import WorkflowMatch

if TYPE_CHECKING:
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware


class WorkflowServices(
    WorkflowBrowse, WorkflowMatch, WorkflowChat, WorkflowChatTools, WorkflowEvaluation, WorkflowHub
):
    """Implements :class:`lwtui.tui.services.Services`. Methods run in worker threads."""

    def __init__(self) -> None:
        WorkflowBrowse.__init__(self)
        WorkflowChat.__init__(self)
        WorkflowChatTools.__init__(self)
        self._lock = threading.Lock()
        self._collection: Collection | None = None

    def _open(self) -> Collection:
        from lwtui.workflow.browse import open_collection

        with self._lock:
            if self._collection is None:
                # Shown as the index has it; ``collection`` looks whether it is still so.
                self._collection = open_collection(look=False)
            return self._collection

    def learnware(self, learnware_id: str) -> Learnware:
        return self._open().get(learnware_id)

    def machine(self) -> str:
        from lwtui.backend.machine import statuses

        usable = {status.name: status.devices for status in statuses() if status.available}
        torch = usable.get("transformers", ())
        if torch and torch[0] != "cpu":
            return f"transformers/{torch[0]}"
        for name in ("llama_cpp", "transformers"):
            if usable.get(name):
                return f"{name}/{usable[name][0]}"
        return "no backend: see lwtui doctor"

    def rest_chat(self) -> None:
        if not self._loading.acquire(blocking=False):
            return  # a model is being loaded for it
        try:
            if self._chat is not None:
                self._chat.rest()
        finally:
            self._loading.release()

    def stop(self) -> None:
        self.stop_chats()
        self.stop_comparisons()

    def close(self) -> None:
        self.close_chats()
        self.close_comparisons()
        with self._lock:
            collection, self._collection = self._collection, None
        if collection is not None:
            self.empty_trash(collection)
            collection.close()
