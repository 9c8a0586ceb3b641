"""Match for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui import paths
from lwtui.tui.match_services import DatasetView, Place
from lwtui.tui.recent import recent_folders, remember_folder

if TYPE_CHECKING:
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection
    from lwtui.match.result import MatchResult


class WorkflowMatch(ABC):
    """Implements :class:`lwtui.tui.match_services.MatchServices`."""

    @abstractmethod
    def _open(self) -> Collection: ...

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
