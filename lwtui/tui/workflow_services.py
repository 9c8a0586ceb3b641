"""The app's services, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui import paths
from lwtui.tui.recent import recent_folders, remember_folder
from lwtui.tui.services import ChatHandle, CollectionFacts, DatasetView, Facets, Place, Query
from lwtui.tui.workflow_evaluation import WorkflowEvaluation
from lwtui.tui.workflow_hub import WorkflowHub

if TYPE_CHECKING:
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware
    from lwtui.match.result import MatchResult
    from lwtui.workflow.chat import Chat

BASE = "starter/base"
"""What answers when the user has chosen nothing."""


class WorkflowServices(WorkflowEvaluation, WorkflowHub):
    """Implements :class:`lwtui.tui.services.Services`. Methods run in worker threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._collection: Collection | None = None
        self._loading = threading.Lock()
        self._chat: Chat | None = None

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

    def default_learnware(self) -> str:
        collection = self._open()
        if collection.find(BASE) is not None:
            return BASE
        first = collection.list(kind="base", limit=1) or collection.list(limit=1)
        return first[0].id if first else BASE

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

    def places(self) -> list[Place]:
        recent = [Place(path.name or str(path), path, "recent") for path in recent_folders()]
        known = {place.path for place in recent}
        root = paths.demo_root()
        folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        demos = [
            Place(path.name, path, "demo")
            for path in folders
            if path not in known and not path.name.startswith(("_", "."))
        ]
        return recent + demos

    def remember(self, path: Path) -> None:
        remember_folder(path)

    def preview(self, path: Path) -> DatasetView:
        from lwtui.workflow.preview import preview

        found = preview(path)
        roles = ("prompt", "input", "answer", "choices", "messages", "system")
        columns = ((role, getattr(found.fields, role)) for role in roles)
        return DatasetView(
            name=found.name,
            layout=found.fields.kind,
            fields=tuple((role, column) for role, column in columns if column),
            examples=found.examples,
            files=len(found.files),
            rows=found.rows_estimate,
            skipped=found.skipped,
            problems=found.problems,
        )

    def match(self, path: Path, *, verify: int, context: JobContext) -> MatchResult:
        from lwtui.workflow.match import match

        return match(path, verify=verify, collection=self._open(), context=context)

    def open_chat(self, learnware_id: str, context: JobContext) -> ChatHandle:
        from lwtui.workflow.chat import Chat

        with self._loading:
            context.check()  # another learnware may have been chosen while this one waited
            chat = self._chat
            if chat is None:
                chat = Chat.open(learnware_id, collection=self._open(), context=context)
                self._chat = chat
            else:
                # The same process goes on: on the same base only the adapter is swapped.
                chat.clear()
                chat.switch(learnware_id, context)
            return chat

    def stop(self) -> None:
        chat = self._chat
        if chat is not None:
            chat.stop()

    def close(self) -> None:
        chat, self._chat = self._chat, None
        if chat is not None:
            chat.close()
        with self._lock:
            collection, self._collection = self._collection, None
        if collection is not None:
            collection.close()
