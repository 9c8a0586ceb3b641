"""Take learnwares out of the collection, and put them back while the app is open."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

TRASH = ".trash"


@dataclass
class Removed:
    """What was taken out, the last first: (id, folder that keeps its files)."""

    kept: list[tuple[str, Path]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [identifier for identifier, _ in self.kept]


@dataclass(frozen=True)
class RemovalPlan:
    """``refused``: (id, why). ``stays``: those whose weights are used where they lie."""

    ids: tuple[str, ...]
    freed: int
    """Bytes."""
    stays: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def plan_removal(collection: Collection, ids: Sequence[str]) -> RemovalPlan:
    """What removing these would do. Adapters come before the bases they build on."""
    chosen = [collection.get(each) for each in ids]
    chosen.sort(key=lambda each: each.model.kind != "adapter")
    names = [each.id for each in chosen]
    taken: list[Learnware] = []
    refused = []
    for learnware in chosen:
        try:
            collection.check_removable(learnware, names)
            taken.append(learnware)
        except BadInput as error:
            refused.append((learnware.id, str(error)))
    stays = [each.id for each in taken if each.model.folder]
    freed = sum(
        file.size
        for each in taken
        for file in each.model.files
        if not each.model.folder or file.own
    )
    return RemovalPlan(tuple(each.id for each in taken), freed, tuple(stays), tuple(refused))


def remove(collection: Collection, ids: Sequence[str], context: JobContext, done: Removed) -> None:
    """Remove in the order given, and note each in ``done``: what was removed before a cancel or an
    error stays so, and can be put back."""
    for number, identifier in enumerate(ids):
        context.check()
        context.progress(number, len(ids), identifier)
        kept = collection.home / TRASH / uuid.uuid4().hex
        collection.remove(identifier, kept)
        done.kept.insert(0, (identifier, kept))
    context.progress(len(ids), len(ids))


def restore(collection: Collection, removed: Removed) -> list[str]:
    """Put back what was removed; returns the ids. Raises ``BadInput`` where an id was taken
    meanwhile."""
    back = []
    while removed.kept:
        identifier, kept = removed.kept[0]
        back.append(collection.restore(identifier, kept).id)
        removed.kept.pop(0)
        with contextlib.suppress(OSError):
            kept.rmdir()
    return back


def empty_trash(home: Path) -> None:
    """Delete what was removed for good."""
    shutil.rmtree(home / TRASH, ignore_errors=True)
