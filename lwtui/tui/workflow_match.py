"""Match for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui import paths
from lwtui.tui.match_services import DataChoice, DatasetView, Place
from lwtui.tui.recent import (
    choice_of,
    forget_folder,
    keep_choice,
    known_folders,
    remember_folder,
    there,
)

if TYPE_CHECKING:
    from lwtui.dataset import FieldMap
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection
    from lwtui.match.ranking import Ranking
    from lwtui.match.result import MatchResult
    from lwtui.workflow.requirements import Rerun

RANKED = 100
"""How many of the best are shown; as many as a saved requirement remembers, so that what is new
can be told."""


class WorkflowMatch(ABC):
    """Implements :class:`lwtui.tui.match_services.MatchServices`."""

    @abstractmethod
    def _open(self) -> Collection: ...

    def places(self) -> list[Place]:
        recent = [
            Place(path.name or str(path), path, "recent", not there(path))
            for path in known_folders()
        ]
        known = {place.path for place in recent}
        root = paths.demo_root()
        folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        demos = [
            Place(path.name, path, "demo")
            for path in folders
            if path not in known and not path.name.startswith(("_", "."))
        ]
        return recent + self._saved() + demos

    def _saved(self) -> list[Place]:
        from lwtui.match.requirements import Requirements

        made = []
        for each in Requirements().list()[0]:
            latest = each.latest
            best = latest.selected.rpartition("/")[2] if latest is not None else ""
            when = (latest.when if latest is not None else each.saved)[:10]
            note = " · ".join(filter(None, (when, best)))
            made.append(Place(each.name, Path(each.data), "saved", note=note))
        return made

    def remember(self, path: Path) -> None:
        remember_folder(path)

    def forget(self, path: Path) -> None:
        forget_folder(path)

    def first_there(self, paths: Sequence[Path]) -> Path:
        return next((path for path in paths if there(path)), paths[0])

    def preview(self, path: Path, choice: DataChoice | None = None) -> DatasetView:
        from lwtui.dataset.fields import ROLES
        from lwtui.workflow.preview import preview

        choice = choice or choice_of(path)
        found = preview(path, _fields(choice))
        columns = ((role, getattr(found.fields, role)) for role in ROLES)
        return DatasetView(
            name=found.name,
            layout=found.fields.kind,
            fields=tuple((role, column) for role, column in columns if column),
            examples=found.examples,
            files=len(found.files),
            rows=found.rows_estimate,
            skipped=found.skipped,
            problems=found.problems,
            columns=found.columns,
            choice=choice,
        )

    def columns(self, path: Path) -> tuple[str, ...]:
        from lwtui.workflow.preview import columns

        return columns(path)

    def keep_choice(self, path: Path, choice: DataChoice) -> None:
        keep_choice(path, choice)

    def match(
        self,
        path: Path,
        *,
        verify: int,
        context: JobContext,
        choice: DataChoice | None = None,
    ) -> MatchResult:
        from lwtui.workflow.match import match

        choice = choice or choice_of(path)
        return match(
            path,
            top=RANKED,
            verify=verify,
            rows=choice.rows,
            fields=_fields(choice),
            collection=self._open(),
            context=context,
        )

    def save_requirement(
        self, name: str, result: MatchResult, path: Path | None, choice: DataChoice
    ) -> None:
        from lwtui.workflow.requirements import save_requirement

        save_requirement(name, result, path, _fields(choice))

    def match_again(self, name: str, context: JobContext) -> Rerun:
        from lwtui.workflow.requirements import match_again

        return match_again(name, top=RANKED, collection=self._open(), context=context)

    def rename_requirement(self, name: str, new: str) -> None:
        from lwtui.match.requirements import Requirements

        Requirements().rename(name, new)

    def delete_requirement(self, name: str) -> None:
        from lwtui.match.requirements import Requirements

        Requirements().delete(name)

    def saved_rankings(self) -> list[tuple[str, Ranking]]:
        from lwtui.match.requirements import Requirements

        made = [
            (each.name, ranking) for each in Requirements().list()[0] for ranking in each.rankings
        ]
        return sorted(made, key=lambda pair: pair[1].when, reverse=True)


def _fields(choice: DataChoice) -> FieldMap | None:
    from lwtui.dataset import FieldMap

    return FieldMap.from_named(choice.fields) if choice.fields else None
