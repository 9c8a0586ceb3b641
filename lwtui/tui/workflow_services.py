"""The app's services, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from lwtui.tui.services import CollectionFacts, Facets, Query
from lwtui.tui.workflow_chat import WorkflowChat
from lwtui.tui.workflow_chat_tools import WorkflowChatTools
from lwtui.tui.workflow_evaluation import WorkflowEvaluation
from lwtui.tui.workflow_hub import WorkflowHub
from lwtui.tui.workflow_match import WorkflowMatch

if TYPE_CHECKING:
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware


class WorkflowServices(
    WorkflowMatch, WorkflowChat, WorkflowChatTools, WorkflowEvaluation, WorkflowHub
):
    """Implements :class:`lwtui.tui.services.Services`. Methods run in worker threads."""

    def __init__(self) -> None:
        WorkflowChat.__init__(self)
        WorkflowChatTools.__init__(self)
        self._lock = threading.Lock()
        self._collection: Collection | None = None

    def _open(self) -> Collection:
        from lwtui.workflow.browse import open_collection

        with self._lock:
            if self._collection is None:
                self._collection = open_collection()
            return self._collection

    def collection(self) -> CollectionFacts:
        collection = self._open()
        collection.refresh()
        facets = collection.facets()
        return CollectionFacts(
            collection.count(),
            Facets(tuple(facets.get("domain", ())), tuple(facets.get("base", ()))),
            tuple(collection.problems),
        )

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        collection = self._open()
        narrowed: dict[str, Any] = {"domain": query.domain, "base": query.base}
        narrowed["where"] = "all" if query.known else "here"
        rows = collection.list(query.text, limit=limit, offset=offset, **narrowed)
        return rows, collection.count(query.text, **narrowed)

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
            collection.close()
